//! A proxy with an example's configuration, the door that it asks, and the application behind it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use control_plane::{Proxy, RunningProxy};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::application::Application;
use crate::client::{Answer, Client, Message};
use crate::door::Door;
use crate::{caddy, envoy, haproxy, nginx, traefik};

/// The application's host in the examples.
pub(crate) const HOST: &str = "wiki.contoso.example";

/// Where everything is that an example names.
pub(crate) struct Places {
    pub(crate) folder: PathBuf,
    pub(crate) proxy: SocketAddr,
    pub(crate) door: SocketAddr,
    pub(crate) application: SocketAddr,
}

pub(crate) struct Scene {
    // The proxy goes first, then those whom it asks.
    running: RunningProxy,
    pub(crate) door: Door,
    pub(crate) application: Application,
    client: Client,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn start(proxy: Proxy) -> Self {
        let folder = tempfile::Builder::new().prefix("rollcall-doors-").tempdir().expect("a folder");
        let (door, application) = (Door::start().await, Application::start().await);
        let certificate = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("a certificate");
        let (chain, key) = (certificate.cert.pem(), certificate.signing_key.serialize_pem());
        for (name, text) in [("tls.crt", &chain), ("tls.key", &key), ("tls.pem", &format!("{chain}{key}"))] {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let places = Places {
            folder: folder.path().to_owned(),
            proxy: free_address().await,
            door: door.server.address,
            application: application.server.address,
        };
        let configuration = match proxy {
            Proxy::Nginx => nginx::configure(&places),
            Proxy::Caddy => caddy::configure(&places),
            Proxy::HAProxy => haproxy::configure(&places),
            Proxy::Traefik => traefik::configure(&places),
            Proxy::Envoy => envoy::configure(&places),
        };
        let (path, address) = (configuration.clone(), places.proxy);
        let check = tokio::task::spawn_blocking(move || proxy.check(&path)).await.expect("no panic");
        check.unwrap_or_else(|error| panic!("{error}"));
        let running = proxy.start(&configuration, address).await.unwrap_or_else(|error| panic!("{error}"));
        let client = Client::new(certificate.cert.der().clone(), address);
        let scene = Self { running, door, application, client, folder };
        scene.wait_for_routes().await;
        scene
    }

    /// Some proxies listen before they know what to do with a request.
    async fn wait_for_routes(&self) {
        let message = Message { method: "GET", target: "/.rollcall/ready", headers: &[], body: "" };
        let answer = async || self.client.send(&message, b"").await.ok().filter(|answer| answer.status == 200);
        crate::wait::until("the proxy to know its routes", answer).await;
        self.door.take_questions();
    }

    pub(crate) async fn send(&self, message: &Message<'_>) -> Answer {
        let answer = self.client.send(message, b"echo").await;
        answer.unwrap_or_else(|error| panic!("{} {}: {error}\n{}", message.method, message.target, self.log()))
    }

    pub(crate) async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&Message { method: "GET", target, headers, body: "" }).await
    }

    pub(crate) fn close_door(&self) {
        self.door.server.stop();
    }

    /// What the proxy has printed.
    pub(crate) fn log(&self) -> String {
        format!("{}:\n{}", self.folder.path().display(), self.running.log())
    }
}

/// An address that nobody uses at this moment.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address")
}

impl Places {
    /// Copies a file of `examples/proxies` to the folder with what stands for a cluster's addresses replaced by ours. Each of the
    /// texts has to be there, so that an example cannot change without its test.
    pub(crate) fn copy(&self, example: &str, replaced: &[(&str, String)]) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proxies").join(example);
        let mut text = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        for (from, to) in replaced {
            assert!(text.contains(from), "{example} does not contain {from}");
            text = text.replace(from, to);
        }
        let target = self.folder.join(source.file_name().expect("a file has a name"));
        fs::write(&target, text).expect("a file");
        target
    }

    /// Rollcall and the application, as the examples name them.
    pub(crate) fn servers(&self) -> [(&'static str, String); 2] {
        [
            ("rollcall.rollcall-system.svc.cluster.local:80", self.door.to_string()),
            ("wiki.acme.svc.cluster.local:3000", self.application.to_string()),
        ]
    }

    /// A file of the folder, as a configuration names it.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}
