//! Traefik, with the two files of `examples/proxies/traefik`.

use std::path::PathBuf;

use crate::places::Places;

pub(crate) fn configure(places: &Places) -> PathBuf {
    let mut replaced = places.servers().to_vec();
    replaced.push(("/etc/traefik/tls/tls.crt", places.file("tls.crt")));
    replaced.push(("/etc/traefik/tls/tls.key", places.file("tls.key")));
    let routes = places.copy("traefik/wiki.yaml", &replaced);
    let listen = format!("\"{}\"", places.proxy);
    places
        .copy("traefik/traefik.yaml", &[("\":443\"", listen), ("/etc/traefik/wiki.yaml", routes.display().to_string())])
}
