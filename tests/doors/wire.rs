//! The wire between a proxy and the operator: it changes nothing, and remembers what was said in both directions.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// What a proxy asked, as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    /// Bytes of a body that the head announces, whether or not they came.
    pub(crate) body: usize,
}

/// What was said on one connection since the last look.
#[derive(Default)]
struct Said {
    asked: Vec<u8>,
    told: Vec<u8>,
}

type Connections = Arc<Mutex<Vec<Arc<Mutex<Said>>>>>;

/// A wire that ends with the value.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    connections: Connections,
    task: JoinHandle<()>,
}

impl Wire {
    /// A wire to the operator that listens at `to`.
    pub(crate) async fn lay(to: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let connections = Connections::default();
        let all = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((from, _)) = listener.accept().await {
                let said = Arc::new(Mutex::new(Said::default()));
                all.lock().expect("no panic").push(Arc::clone(&said));
                running.spawn(carry(from, to, said));
            }
        });
        Self { address, connections, task }
    }

    /// The questions since the last look. The last answer to each has been read, so each of them is whole.
    pub(crate) fn take_questions(&self) -> Vec<Question> {
        self.take().iter().flat_map(|said| questions(&said.asked)).collect()
    }

    /// The size in bytes of the head of each answer since the last look; answers to `/check` have no body where they let in.
    pub(crate) fn take_heads(&self) -> Vec<usize> {
        self.take().iter().flat_map(|said| heads(&said.told)).collect()
    }

    fn take(&self) -> Vec<Said> {
        let connections = self.connections.lock().expect("no panic");
        connections.iter().map(|said| std::mem::take(&mut *said.lock().expect("no panic"))).collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection; where nobody listens at the other end it is closed without an answer.
async fn carry(from: TcpStream, to: SocketAddr, said: Arc<Mutex<Said>>) {
    let Ok(to) = TcpStream::connect(to).await else { return };
    let ((mut client, mut client_end), (mut server, mut server_end)) = (from.into_split(), to.into_split());
    let asked = copy(&mut client, &mut server_end, |bytes| said.lock().expect("no panic").asked.extend(bytes));
    let told = copy(&mut server, &mut client_end, |bytes| said.lock().expect("no panic").told.extend(bytes));
    // An end of either direction ends both: each side of HTTP/1.1 closes when it will say and hear no more.
    tokio::select! { () = asked => (), () = told => () }
}

async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), remember: impl Fn(&[u8])) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        remember(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Reads requests off a connection: heads, and bodies by their length.
fn questions(mut asked: &[u8]) -> Vec<Question> {
    let mut questions = Vec::new();
    while let Some(end) = find(asked, END_OF_HEAD) {
        let head = String::from_utf8_lossy(&asked[..end]).into_owned();
        asked = &asked[end + END_OF_HEAD.len()..];
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_str(value.trim()).expect("a value"));
        }
        let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        // Pieces without a length: all the rest of the connection counts, and at least one.
        let body = if headers.contains_key("transfer-encoding") { asked.len().max(1) } else { length.unwrap_or(0) };
        asked = &asked[body.min(asked.len())..];
        questions.push(Question { method, target, headers, body });
    }
    questions
}

/// The sizes of the heads of answers that have no bodies.
fn heads(mut told: &[u8]) -> Vec<usize> {
    let mut sizes = Vec::new();
    while let Some(end) = find(told, END_OF_HEAD) {
        sizes.push(end + END_OF_HEAD.len());
        told = &told[end + END_OF_HEAD.len()..];
    }
    sizes
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

impl Question {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
