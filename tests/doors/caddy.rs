//! Caddy, with `examples/proxies/caddy/Caddyfile`.

use std::path::PathBuf;

use crate::places::{HOST, Places};

pub(crate) fn configure(places: &Places) -> PathBuf {
    let mut replaced = places.servers().to_vec();
    replaced.push(("/etc/caddy/tls/tls.crt", places.file("tls.crt")));
    replaced.push(("/etc/caddy/tls/tls.key", places.file("tls.key")));
    let site = format!("\n{HOST} {{\n");
    // The port of the address, and no listener at port 80 for redirects.
    let ours =
        format!("\n{{\n\tauto_https disable_redirects\n}}\n{HOST}:{} {{\n\tbind 127.0.0.1\n", places.proxy.port());
    replaced.push((&site, ours));
    places.copy("caddy/Caddyfile", &replaced)
}
