//! Attacks of an outsider on the doors that people and proxies use. `docs/threats.md` names the test of each threat.

mod directories;
mod doors;
mod hand_over;
mod passwords;
mod secrets;
mod tampering;

use control_plane::entra::Visit;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::Operator;
use crate::support::login::{Browser, Company};
use crate::support::wait::DEADLINE;

const OUR_HOST: &str = "login.contoso.example";
const WIKI: &str = "wiki.contoso.example";
const DEEP_LINK: &str = "https://wiki.contoso.example/page?q=a%20b";

/// Begins a login for the wiki in this browser and signs in at the provider; returns the callback with its code and state.
async fn callback(company: &Company, browser: &mut Browser<'_>, account: &str) -> String {
    let answer = browser.open(&company.start_at("wiki", Some(DEEP_LINK))).await;
    // A name that no other test has: the provider keeps somebody signed in under it.
    let name = format!("callback-{}", company.directory.namespace);
    let visit = company.site.provider.visit(answer.header("location"), Some(account), &name).await;
    match visit {
        Ok(Visit::Left(callback)) => callback,
        other => panic!("{other:?}"),
    }
}

/// What a parameter of an address holds, decoded.
fn parameter(url: &str, name: &str) -> String {
    let url: url::Url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    let found = url.query_pairs().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// Every text that differs from a sealed one in one letter.
fn changed(sealed: &str) -> impl Iterator<Item = String> {
    (0..sealed.len()).map(move |place| {
        let letter = if sealed.as_bytes()[place] == b'A' { "B" } else { "A" };
        let mut changed = sealed.to_owned();
        changed.replace_range(place..=place, letter);
        changed
    })
}

/// Sends bytes as they are, which no well-behaved client does, and reads until the operator ends the connection. Returns the
/// status, 0 where there was no answer, and all that was read.
async fn send(operator: &Operator, bytes: &[u8]) -> (u16, String) {
    let address = operator.public_url.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    // The operator may refuse a head before it has read all of it, and end the connection.
    drop(socket.write_all(bytes).await);
    let mut read = Vec::new();
    let ended = tokio::time::timeout(DEADLINE, socket.read_to_end(&mut read)).await;
    assert!(ended.is_ok(), "the connection stays open after {}", String::from_utf8_lossy(&read));
    let text = String::from_utf8_lossy(&read).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, text)
}

/// A request without a body in the bytes of HTTP/1.1, after which the connection ends.
fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: {OUR_HOST}\r\nConnection: close\r\n{lines}\r\n").into_bytes()
}
