//! The application behind the proxy: a page that says who its proxy says is there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running application. It ends with this value.
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Application {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let page = service_fn(async |request| Ok::<_, Infallible>(page(&request)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), page));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn page(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (user, groups) = (header("x-auth-request-user"), header("x-auth-request-groups"));
    Response::new(Full::from(format!("The wiki says hello to {user}, who is in {groups}.\n")))
}
