//! nginx, with `examples/proxies/nginx/wiki.conf` inside a small main configuration.

use std::fs;
use std::path::PathBuf;

use crate::places::Places;

pub(crate) fn configure(places: &Places) -> PathBuf {
    let mut replaced = places.servers().to_vec();
    replaced.push(("listen 443 ssl", format!("listen {} ssl", places.proxy)));
    replaced.push(("/etc/nginx/tls/tls.crt", places.file("tls.crt")));
    replaced.push(("/etc/nginx/tls/tls.key", places.file("tls.key")));
    let example = places.copy("nginx/wiki.conf", &replaced);
    let folder = places.folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let text = format!(
        "pid {folder}/nginx.pid;\nworker_processes 1;\nevents {{}}\nhttp {{\n    access_log off;\n{temporary}    include {};\n}}\n",
        example.display()
    );
    // As root nginx would give its processes to a user that not every machine has.
    let user = if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        "user root;\n"
    } else {
        ""
    };
    let path = places.folder.join("nginx.conf");
    fs::write(&path, format!("{user}{text}")).expect("a file");
    path
}
