//! A browser that keeps cookies by host and follows redirects: through a proxy to the application, to the operator, and to the
//! provider, where it signs in.

use std::collections::BTreeMap;

use control_plane::entra::Visit;
use reqwest::redirect::Policy;

use crate::client::{Answer, Message};
use crate::company::PUBLIC_URL;
use crate::places::HOST;
use crate::scene::Scene;

/// More redirects in a row are a loop.
const MAX_REDIRECTS: usize = 12;

pub(crate) struct Browser<'a> {
    scene: &'a Scene,
    /// Under this name it keeps its cookies at the provider.
    name: String,
    /// By origin, then by name.
    cookies: BTreeMap<&'static str, BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        let name = format!("browser-{:x}", rand::random::<u64>());
        Self { scene, name, cookies: BTreeMap::new() }
    }

    /// What it sends to the application as `Cookie`.
    pub(crate) fn cookie(&self) -> String {
        self.line(HOST)
    }

    fn line(&self, host: &str) -> String {
        let cookies = self.cookies.get(host).into_iter().flatten();
        cookies.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, host: &'static str, headers: &http::HeaderMap) {
        for line in headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            let of_host = self.cookies.entry(host).or_default();
            if line.contains("Max-Age=0") {
                of_host.remove(name);
            } else {
                of_host.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a page of the application and follows where that leads, through the login if it leads there, as the scene's person.
    /// Returns what it asked the application for at the end, and the answer.
    pub(crate) async fn open(&mut self, target: &str) -> Result<(String, Answer), String> {
        let mut url = format!("https://{HOST}{target}");
        for _ in 0..MAX_REDIRECTS {
            let answer = if let Some(target) = url.strip_prefix(&format!("https://{HOST}")) {
                let cookie = self.cookie();
                let headers = [("sec-fetch-mode", "navigate"), ("accept", "text/html"), ("cookie", &cookie)];
                let message = Message { method: "GET", target, headers: &headers, body: "" };
                let answer = self.scene.send(&message).await;
                self.keep(HOST, &answer.headers);
                if !(300..400).contains(&answer.status) {
                    return Ok((target.to_owned(), answer));
                }
                answer
            } else if let Some(target) = url.strip_prefix(PUBLIC_URL) {
                self.ask_operator(target).await
            } else {
                let visit =
                    self.scene.company.provider.visit(&url, Some(&self.scene.person.user_name), &self.name).await;
                match visit.map_err(|error| error.to_string())? {
                    Visit::Left(location) => url = location,
                    Visit::Page { status, body } => return Err(format!("the provider says {status}: {body}")),
                }
                continue;
            };
            let location = answer.header("location").map(str::to_owned);
            let text = || String::from_utf8_lossy(&answer.body).into_owned();
            url = location.ok_or_else(|| format!("{url} leads nowhere: {} {}", answer.status, text()))?;
        }
        Err(format!("a loop of redirects ends at {url}"))
    }

    async fn ask_operator(&mut self, target: &str) -> Answer {
        let host = PUBLIC_URL.trim_start_matches("https://");
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let request = client.get(format!("{}{target}", self.scene.company.operator.public_url)).header("host", host);
        let answer = request.header("cookie", self.line(PUBLIC_URL)).send().await.expect("an answer");
        self.keep(PUBLIC_URL, answer.headers());
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: answer.bytes().await.expect("a body").to_vec() }
    }
}
