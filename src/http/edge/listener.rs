//! The accept loop: a bounded number of connections, each in a task of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Answer;
use super::address::Ends;
use super::connection;
use super::limits::{ACCEPT_PAUSE, HANDSHAKE, KEEP_ALIVE_CONNECTIONS, MAX_CONNECTIONS};
use super::tls::{Tls, TlsError};
use crate::metrics::Metrics;

/// A bound listener.
pub struct Listener {
    name: &'static str,
    socket: TcpListener,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    metrics: Metrics,
    bounds: Bounds,
}

/// The bounds of a listener.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    connections: usize,
    keep_alive: usize,
    handshake: Duration,
    connection: connection::Bounds,
}

impl Default for Bounds {
    fn default() -> Self {
        let connection = connection::Bounds::default();
        Self { connections: MAX_CONNECTIONS, keep_alive: KEEP_ALIVE_CONNECTIONS, handshake: HANDSHAKE, connection }
    }
}

impl Listener {
    /// Listens on `address`. `name` is the label of its metrics.
    pub async fn bind(name: &'static str, address: SocketAddr, metrics: Metrics) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { name, socket, address, acceptor: None, metrics, bounds: Bounds::default() })
    }

    /// The same over TLS.
    pub fn with_tls(self, tls: &Tls) -> Result<Self, TlsError> {
        Ok(Self { acceptor: Some(tls.acceptor()?), ..self })
    }

    /// Where it listens: the port is known when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections until `stop`, and returns when the last of them has ended.
    pub(super) async fn serve<H, F>(self, handler: H, stop: CancellationToken)
    where
        H: Fn(Ends, Request<Incoming>) -> F + Clone + Send + Sync + Unpin + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Self { name, socket, address: _, acceptor, metrics, bounds } = self;
        let slots = Arc::new(Semaphore::new(bounds.connections));
        let open = Arc::new(AtomicUsize::new(0));
        let connections = TaskTracker::new();
        loop {
            // The slot comes first: with none left nothing is accepted, and new clients wait in the kernel's queue.
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((slot, socket.accept().await?))
            };
            let (slot, (stream, peer)) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accepted => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(listener = name, %error, "no connection could be accepted");
                        sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            let (handler, acceptor, stop) = (handler.clone(), acceptor.clone(), stop.clone());
            let open = Open::new(name, &metrics, &open);
            connections.spawn(async move {
                // A client that is gone already has no address on its other end; nobody is waiting.
                if let Ok(ends) = ends(&stream, peer, acceptor.is_some()) {
                    let handler = |request| handler(ends, request);
                    let is_crowded = || open.number() > bounds.keep_alive;
                    let bounds_of_one = bounds.connection;
                    match acceptor {
                        None => connection::serve(stream, handler, is_crowded, &stop, bounds_of_one).await,
                        Some(acceptor) => {
                            if let Some(stream) = handshake(&acceptor, stream, peer, bounds.handshake).await {
                                connection::serve(stream, handler, is_crowded, &stop, bounds_of_one).await;
                            }
                        }
                    }
                }
                drop((open, slot));
            });
        }
        drop(socket);
        connections.close();
        connections.wait().await;
    }
}

/// One of the open connections of a listener, counted as long as it lives.
struct Open {
    name: &'static str,
    metrics: Metrics,
    open: Arc<AtomicUsize>,
}

impl Open {
    fn new(name: &'static str, metrics: &Metrics, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        metrics.connection_opened(name);
        Self { name, metrics: metrics.clone(), open: Arc::clone(open) }
    }

    /// How many there are.
    fn number(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.metrics.connection_ended(self.name);
    }
}

fn ends(stream: &TcpStream, peer: SocketAddr, tls: bool) -> io::Result<Ends> {
    stream.set_nodelay(true)?;
    Ok(Ends { peer, local: stream.local_addr()?, tls })
}

async fn handshake<S>(acceptor: &TlsAcceptor, stream: S, peer: SocketAddr, time: Duration) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Port scanners and health checks of load balancers do this all day.
    match timeout(time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
        Err(_) => tracing::debug!(%peer, "no TLS handshake in time"),
    }
    None
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    async fn ok(_: Ends, _: Request<Incoming>) -> Answer {
        axum::response::IntoResponse::into_response(StatusCode::NO_CONTENT)
    }

    /// Sends a request and returns its answer.
    async fn ask(client: &mut TcpStream) -> String {
        client.write_all(REQUEST).await.expect("sent");
        let mut bytes = vec![0; 1024];
        let length =
            timeout(Duration::from_secs(5), client.read(&mut bytes)).await.expect("in time").expect("an answer");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[tokio::test]
    async fn connections_are_bounded_and_end_after_an_answer_when_they_are_scarce() {
        let metrics = Metrics::default();
        let address = "127.0.0.1:0".parse().expect("an address");
        let mut listener = Listener::bind("public", address, metrics.clone()).await.expect("bound");
        listener.bounds = Bounds { connections: 3, keep_alive: 2, ..Bounds::default() };
        let (address, stop) = (listener.address(), CancellationToken::new());
        let serving = tokio::spawn(listener.serve(ok, stop.clone()));
        let connect = || TcpStream::connect(address);

        let (mut first, mut second) = (connect().await.expect("connected"), connect().await.expect("connected"));
        for client in [&mut first, &mut second] {
            assert!(!ask(client).await.contains("close"), "two may stay");
        }
        let mut third = connect().await.expect("connected");
        let mut fourth = connect().await.expect("the kernel takes it");
        fourth.write_all(REQUEST).await.expect("the kernel takes it");
        assert!(ask(&mut third).await.contains("connection: close"), "three are too many to stay");
        // Two answered connections stay, one lingers, and the fourth waits until that has ended.
        assert!(metrics.text().contains("rollcall_connections{listener=\"public\"} 3"), "{}", metrics.text());
        drop(third);
        let mut bytes = vec![0; 1024];
        let length = fourth.read(&mut bytes).await.expect("an answer");
        assert!(bytes[..length].starts_with(b"HTTP/1.1 204"));
        drop((first, second, fourth));
        stop.cancel();
        serving.await.expect("it ended");
        assert!(metrics.text().contains("rollcall_connections{listener=\"public\"} 0"), "{}", metrics.text());
    }

    #[tokio::test]
    async fn a_silent_handshake_is_given_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cert, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(&cert, pair.cert.pem()).expect("a file");
        std::fs::write(&key, pair.signing_key.serialize_pem()).expect("a file");
        let acceptor =
            Tls::open(cert, key, Metrics::default()).await.expect("a good pair").acceptor().expect("an acceptor");
        let (_client, server) = tokio::io::duplex(1024);
        let peer = "192.0.2.1:443".parse().expect("an address");
        let (time, begun) = (Duration::from_millis(20), tokio::time::Instant::now());
        let giving_up = handshake(&acceptor, server, peer, time);
        assert!(timeout(Duration::from_secs(5), giving_up).await.expect("in time").is_none());
        assert!(begun.elapsed() >= time, "not before its time: {:?}", begun.elapsed());
    }
}
