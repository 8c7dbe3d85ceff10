//! A proxy with an example's configuration, the wire to the operator that it asks, the application behind it, and somebody who has
//! signed in through it.

use std::sync::Arc;

use control_plane::{Proxy, RunningProxy};
use tempfile::TempDir;

use crate::application::Application;
use crate::browser::Browser;
use crate::client::{Answer, Client, Message};
use crate::company::{Company, LOGIN, Person};
use crate::places::Places;
use crate::support::until;
use crate::wire::Wire;
use crate::{caddy, envoy, haproxy, nginx, traefik};

pub(crate) struct Scene {
    // The proxy goes first, then those whom it asks.
    running: RunningProxy,
    pub(crate) wire: Wire,
    pub(crate) application: Application,
    pub(crate) company: Arc<Company>,
    /// Who has signed in.
    pub(crate) person: Person,
    /// What that person's browser sends as `Cookie`.
    pub(crate) live: String,
    client: Client,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn start(proxy: Proxy, company: Arc<Company>) -> Self {
        let folder = tempfile::Builder::new().prefix("rollcall-doors-").tempdir().expect("a folder");
        let (wire, application) = (Wire::lay(company.address()).await, Application::start().await);
        let places = Places::lay_out(folder.path(), wire.address, application.server.address).await;
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
        let client = Client::new(places.certificate, address);
        let person = company.join(&proxy.name().to_lowercase()).await;
        let mut scene = Self { running, wire, application, company, person, live: String::new(), client, folder };
        scene.wait_for_routes().await;
        scene.live = scene.sign_in("/").await.unwrap_or_else(|error| panic!("{}: {error}", proxy.name()));
        scene
    }

    /// Some proxies listen before they know what to do with a request.
    async fn wait_for_routes(&self) {
        let message = Message { method: "GET", target: "/", headers: &[("sec-fetch-mode", "navigate")], body: "" };
        until("the proxy to lead to the login", async || {
            let answer = self.client.send(&message, b"").await.ok()?;
            answer.header("location").is_some_and(|location| location.starts_with(LOGIN)).then_some(())
        })
        .await;
    }

    /// Opens a page in a new browser, which signs in on the way, and returns what that browser then sends as `Cookie`. The page
    /// is the one that was asked for, in its every byte.
    pub(crate) async fn sign_in(&self, target: &str) -> Result<String, String> {
        let mut browser = Browser::new(self);
        let (end, answer) = browser.open(target).await?;
        let sent = answer.sent().ok_or_else(|| format!("{end} is not the application's: {}", answer.status))?;
        if end != target || sent["target"] != target {
            return Err(format!("the browser is at {end} and the application was asked for {}", sent["target"]));
        }
        Ok(browser.cookie())
    }

    pub(crate) async fn send(&self, message: &Message<'_>) -> Answer {
        let answer = self.client.send(message, b"echo").await;
        answer.unwrap_or_else(|error| panic!("{} {}: {error}\n{}", message.method, message.target, self.log()))
    }

    pub(crate) async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&Message { method: "GET", target, headers, body: "" }).await
    }

    /// The same as the person who has signed in.
    pub(crate) async fn get_live(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        self.get(target, &[headers, &[("cookie", &self.live)]].concat()).await
    }

    /// Sends a request letter by letter, names of headers as they are spelled, and returns all that comes back.
    pub(crate) async fn send_text(&self, text: &str) -> String {
        self.client.send_text(text).await.unwrap_or_else(|error| panic!("{text}: {error}\n{}", self.log()))
    }

    /// What the proxy has printed.
    pub(crate) fn log(&self) -> String {
        format!("{}:\n{}", self.folder.path().display(), self.running.log())
    }
}
