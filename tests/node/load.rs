//! SCIM writes without a pause while the release changes, as Entra sends them: what may heal by itself is sent again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::wait::within;

const WRITERS: usize = 3;
/// After a person is created, so many changes.
const CHANGES: usize = 15;
/// Entra tries for weeks; a rollout takes seconds.
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);

/// Writers at work.
pub(crate) struct Load {
    client: Client,
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Counts>>,
}

/// What the writers did.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: usize,
    /// Why requests were sent again, and how often.
    pub(crate) retried: BTreeMap<String, usize>,
    /// Requests that no retry helped.
    pub(crate) failed: Vec<String>,
    /// The last title of each person that the server has confirmed, by id.
    pub(crate) acknowledged: BTreeMap<String, String>,
}

impl Load {
    /// Begins to write; `round` keeps the names of two loads apart. A thread that is started here is in the network of its parent.
    pub(crate) fn start(client: &Client, secret: &'static str, round: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |writer| {
            let (base, stop) = (client.base.clone(), Arc::clone(&stop));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(write(Client::new(base, secret), &stop, &format!("{round}-{writer}")))
            })
        };
        Self { client: client.clone(), writers: (0..WRITERS).map(start).collect(), stop }
    }

    /// Ends the writers and reads back everything that was confirmed: nothing may be lost, and nothing may have failed.
    pub(crate) async fn finish(self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Counts::default();
        for writer in self.writers {
            let counts = writer.join().expect("a writer does not panic");
            let Counts { requests, retried, failed, acknowledged } = counts;
            sum.requests += requests;
            for (reason, times) in retried {
                *sum.retried.entry(reason).or_default() += times;
            }
            sum.failed.extend(failed);
            sum.acknowledged.extend(acknowledged);
        }
        let mut lost = Vec::new();
        for (id, title) in &sum.acknowledged {
            let found = self.client.get(&format!("/Users/{id}")).await;
            if found.status != 200 || found.json()["title"] != title.as_str() {
                lost.push(format!("{id}: {title} was confirmed; now {}: {}", found.status, found.text));
            }
        }
        println!(
            "   load: {} requests, {} people written {} times each, sent again: {:?}, failed: {}, lost: {}",
            sum.requests,
            sum.acknowledged.len(),
            CHANGES + 1,
            sum.retried,
            sum.failed.len(),
            lost.len()
        );
        assert!(sum.failed.is_empty(), "no retry helped: {:#?}", sum.failed);
        assert!(lost.is_empty(), "confirmed and lost: {lost:#?}");
        assert!(sum.acknowledged.len() > WRITERS, "a load that writes nothing proves nothing");
        sum
    }
}

async fn write(client: Client, stop: &AtomicBool, prefix: &str) -> Counts {
    let mut counts = Counts::default();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let user_name = format!("{prefix}-{number}@contoso.example");
        let Some(id) = create(&client, &user_name, &mut counts).await else { continue };
        for change in 0..CHANGES {
            let title = format!("Title {change}");
            let operation = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "Replace", "path": "title", "value": title }],
            });
            let path = format!("/Users/{id}");
            if send(&client, "PATCH", &path, &operation, &[200, 204], &mut counts).await.is_some() {
                counts.acknowledged.insert(id.clone(), title);
            }
        }
    }
    counts
}

/// Creates a person. As Entra does it, each attempt begins with the question whether the person is there: an answer may have
/// been lost after the person was made.
async fn create(client: &Client, user_name: &str, counts: &mut Counts) -> Option<String> {
    let query = format!("/Users?filter=userName%20eq%20%22{user_name}%22");
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name, "active": true, "title": "New",
    });
    let id = |user: &Value| user["id"].as_str().map(str::to_owned);
    let made = within(LONGEST_OUTAGE, async || {
        let found = attempt(client, "GET", &query, None, &[200], counts).await?;
        match found {
            Err(()) => Some(None),
            Ok(list) if list.json()["totalResults"] != 0 => Some(id(&list.json()["Resources"][0])),
            Ok(_) => match attempt(client, "POST", "/Users", Some(&body), &[201], counts).await? {
                Err(()) => Some(None),
                Ok(created) => Some(id(&created.json())),
            },
        }
    })
    .await;
    let id = made.unwrap_or_else(|| {
        counts.failed.push(format!("POST of {user_name}: nothing answers for {LONGEST_OUTAGE:?}"));
        None
    })?;
    counts.acknowledged.insert(id.clone(), "New".to_owned());
    Some(id)
}

async fn send(
    client: &Client,
    method: &str,
    path: &str,
    body: &Value,
    expected: &[u16],
    counts: &mut Counts,
) -> Option<Answer> {
    let sent = within(LONGEST_OUTAGE, async || attempt(client, method, path, Some(body), expected, counts).await).await;
    match sent {
        Some(answer) => answer.ok(),
        None => {
            counts.failed.push(format!("{method} {path}: nothing answers for {LONGEST_OUTAGE:?}"));
            None
        }
    }
}

/// One request. Nothing where Entra would send it again; an error where it would give up on the object.
async fn attempt(
    client: &Client,
    method: &str,
    path: &str,
    body: Option<&Value>,
    expected: &[u16],
    counts: &mut Counts,
) -> Option<Result<Answer, ()>> {
    counts.requests += 1;
    let again = |counts: &mut Counts, reason: String| *counts.retried.entry(reason).or_default() += 1;
    match client.try_send(method, path, &[], body.map(Value::to_string)).await {
        Ok(answer) if expected.contains(&answer.status) => Some(Ok(answer)),
        Ok(answer) if answer.status == 429 || answer.status >= 500 => {
            again(counts, answer.status.to_string());
            None
        }
        Ok(answer) => {
            counts.failed.push(format!("{method} {path}: {} {}", answer.status, answer.text));
            Some(Err(()))
        }
        Err(error) => {
            let reason = if error.is_connect() { "no connection" } else { "no answer" };
            again(counts, reason.to_owned());
            None
        }
    }
}
