//! Free ports on loopback.

use std::io;
use std::net::TcpListener;

/// One port for each listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) etcd: u16,
    pub(crate) etcd_peers: u16,
    pub(crate) api_server: u16,
    pub(crate) controller_manager: u16,
}

/// Ports that nobody uses at this moment. All are held until the last is known, so that they differ.
pub(crate) fn free() -> io::Result<Ports> {
    let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 4];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port =
            listener.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?.local_addr()?.port();
    }
    let [etcd, etcd_peers, api_server, controller_manager] = ports;
    Ok(Ports { etcd, etcd_peers, api_server, controller_manager })
}
