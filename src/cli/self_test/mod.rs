//! `rollcall self-test`: what `helm test` runs in a pod of the same image.
//!
//! It goes the way of a provisioning service, through the Service: it makes a Directory, a key and a person, reads the person
//! over SCIM and in the API server, and deletes the person. Whatever happens, it removes what it made, the tombstone
//! included, or says what is left.

mod pin;
mod steps;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use super::Error;
use crate::config::{SelfTestArgs, dns_label};
use crate::rules::key::secret::KeySecret;
use crate::rules::naming::random;
use crate::simulator::client::{Client, Endpoint, Token};
use crate::store::{Settings, Store};
use steps::{Limits, Test, TestPerson};

/// How long one request may take.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// Between two questions whose answer is awaited.
const POLL: Duration = Duration::from_millis(250);
/// Letters at the end of the Directory's name: two tests at once do not meet.
const SUFFIX_LENGTH: usize = 10;

/// Runs the test; a line for each step goes to `out`.
pub async fn self_test(arguments: &SelfTestArgs, out: &mut impl Write) -> Result<(), Error> {
    let SelfTestArgs { service_url, admin_url, namespace, tls_cert, wait_seconds, kubeconfig, context } = arguments;
    let wait = Duration::from_secs(*wait_seconds);
    let namespace = dns_label("namespace", namespace)?;
    let settings =
        Settings { kubeconfig: kubeconfig.clone(), context: context.clone(), namespaces: vec![namespace.clone()] };
    let store = Store::connect(settings).await.map_err(failed("connect to the cluster"))?;
    let directory = format!("helm-test-{}", random(rand::random(), SUFFIX_LENGTH));
    let secret = KeySecret::from_bytes(rand::random());
    let tenant = format!("{}/scim/v2/{namespace}/{directory}", service_url.trim_end_matches('/'));
    let scim = match tls_cert {
        Some(path) => {
            let tls = pin::trusting(path).map_err(failed("trust the Service"))?;
            let token = Token::new(secret.expose()).map_err(failed("make a client"))?;
            let endpoint = Endpoint::parse(&tenant).map_err(failed("use --service-url"))?;
            Client::with_tls(endpoint, token, REQUEST_DEADLINE, rand::random(), tls)
        }
        None => client(&tenant, secret.expose()).map_err(failed("use --service-url"))?,
    };
    // The admin listener asks for no credentials, and is not told the secret.
    let admin = client(admin_url, "none").map_err(failed("use --admin-url"))?;
    let sha256 = secret.sha256();
    let (person, limits) = (TestPerson::Nobody, Limits::default());
    let mut test = Test { store, scim, admin, namespace, directory, sha256, wait, person, limits };
    let done = tokio::select! {
        done = test.run(out) => done,
        () = asked_to_end() => Err(step_failed("finish", "the test was asked to end")),
    };
    let cleaned = test.clean_up().await;
    match (&done, &cleaned) {
        (_, Ok(())) => say(out, "ok: removed the person, the key and the Directory")?,
        // What failed first is the cause, and the process ends with it.
        (Err(_), Err(error)) => say(out, &format!("not all is removed: {error}"))?,
        (Ok(()), Err(_)) => {}
    }
    done.and(cleaned)
}

fn client(url: &str, token: &str) -> Result<Client, crate::simulator::client::SetUpError> {
    Client::new(Endpoint::parse(url)?, Token::new(token)?, REQUEST_DEADLINE, rand::random(), None)
}

/// Ends when Kubernetes asks the process to end. Without the signals it never does.
async fn asked_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn step_failed(step: &'static str, reason: &str) -> Error {
    Error::SelfTest { step, reason: reason.to_owned() }
}

fn failed<E: ToString>(step: &'static str) -> impl FnOnce(E) -> Error {
    move |error| step_failed(step, &error.to_string())
}

fn say(out: &mut impl Write, line: &str) -> Result<(), Error> {
    super::print(out, &format!("{line}\n"))
}

/// Why something that was asked for did not happen.
struct Failure {
    reason: String,
    /// Whether it may happen by itself later.
    may_heal: bool,
}

impl Failure {
    fn lasting(reason: &impl ToString) -> Self {
        Self { reason: reason.to_string(), may_heal: false }
    }

    fn passing(reason: &impl ToString) -> Self {
        Self { reason: reason.to_string(), may_heal: true }
    }
}

/// Asks until the answer is there, or until it is one that waiting does not change; the error is the last answer.
async fn until<T>(wait: Duration, mut ask: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, String> {
    let end = Instant::now() + wait;
    loop {
        match ask().await {
            Err(failure) if failure.may_heal && Instant::now() < end => sleep(POLL).await,
            answer => return answer.map_err(|failure| failure.reason),
        }
    }
}
