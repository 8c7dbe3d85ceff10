//! HAProxy, with `examples/proxies/haproxy/haproxy.cfg` and the script beside it.

use std::path::PathBuf;

use crate::places::Places;

pub(crate) fn configure(places: &Places) -> PathBuf {
    places.copy("haproxy/rollcall.lua", &[]);
    let mut replaced = places.servers().to_vec();
    replaced.push(("/etc/haproxy/rollcall.lua", places.file("rollcall.lua")));
    replaced.push(("/etc/haproxy/tls/tls.pem", places.file("tls.pem")));
    replaced.push(("bind :443 ssl", format!("bind {} ssl", places.proxy)));
    places.copy("haproxy/haproxy.cfg", &replaced)
}
