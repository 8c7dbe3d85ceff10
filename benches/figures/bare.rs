//! The process that the check door is measured against: an axum handler that answers 200 with the same headers, and does nothing
//! else.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use axum::Router;
use control_plane::Process;
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::until;

const HEADERS: &str = "headers.json";
const ADDRESS: &str = "address";

/// The running process. It ends with this value.
pub(crate) struct BareHandler {
    _process: Process,
    pub(crate) url: String,
    _folder: TempDir,
}

impl BareHandler {
    /// Starts this program once more as the handler, with these headers.
    pub(crate) async fn start(headers: &HeaderMap) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let texts = headers.iter().map(|(name, value)| Ok((name.as_str(), value.to_str()?)));
        let texts: Vec<_> = texts.collect::<Result<_>>()?;
        std::fs::write(folder.path().join(HEADERS), serde_json::to_vec(&texts)?)?;
        let program = std::env::current_exe()?.into_os_string();
        let command = vec![program, "--bare-handler".into(), folder.path().as_os_str().to_owned()];
        let process = Process::start("bare handler", &command, folder.path())?;
        let address: PathBuf = folder.path().join(ADDRESS);
        let url = until("the bare handler to listen", async || std::fs::read_to_string(&address).ok()).await;
        Ok(Self { _process: process, url, _folder: folder })
    }
}

/// Serves for ever.
pub(crate) async fn serve(folder: &Path) -> Result<()> {
    let headers: Vec<(String, String)> = serde_json::from_slice(&std::fs::read(folder.join(HEADERS))?)?;
    let header = |(name, value): &(String, String)| -> Result<_> {
        Ok((name.parse::<HeaderName>()?, HeaderValue::from_str(value)?))
    };
    let headers: HeaderMap = headers.iter().map(header).collect::<Result<_>>()?;
    let doors = Router::new().fallback(move || {
        let headers = headers.clone();
        async move { headers }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a port")?;
    let beside = folder.join("address.new");
    std::fs::write(&beside, format!("http://{}", listener.local_addr()?))?;
    std::fs::rename(&beside, folder.join(ADDRESS))?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = TowerToHyperService::new(doors.clone());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}
