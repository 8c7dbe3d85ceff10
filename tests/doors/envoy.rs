//! Envoy, with `examples/proxies/envoy/envoy.yaml`.

use std::path::PathBuf;

use crate::places::Places;

pub(crate) fn configure(places: &Places) -> PathBuf {
    let socket = |address: std::net::SocketAddr| format!("address: {}, port_value: {}", address.ip(), address.port());
    places.copy(
        "envoy/envoy.yaml",
        &[
            ("/etc/envoy/tls/tls.crt", places.file("tls.crt")),
            ("/etc/envoy/tls/tls.key", places.file("tls.key")),
            ("address: 0.0.0.0, port_value: 443", socket(places.proxy)),
            ("address: wiki.acme.svc.cluster.local, port_value: 3000", socket(places.application)),
            ("address: rollcall.rollcall-system.svc.cluster.local, port_value: 80", socket(places.door)),
        ],
    )
}
