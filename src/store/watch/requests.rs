//! The requests of a watch and how their answers are read.

use std::time::{Duration, Instant};

use http::Method;
use kube::Client;
use serde::Deserialize;
use tokio::time::timeout;

use super::events::Events;
use super::status::Watch;
use crate::api::Object;
use crate::store::Error;
use crate::store::objects::{request, send, timed_out};
use crate::store::version::parse;

/// How long the server keeps a watch open. It then ends it, and usually sends a bookmark two seconds before, so a live
/// watch is never silent for longer.
const WATCH_SECONDS: u32 = 20;
/// The same for a watch that has been silent for a while, as after an outage: it is believed again 13 s sooner.
const URGENT_WATCH_SECONDS: u32 = 5;
/// A silence that cannot be waited out for a whole watch: it would exceed the limit of freshness.
const URGENT_SILENCE: Duration = Duration::from_secs(8);
/// How long a watch may be silent before it is given up and opened anew.
pub(super) const WATCH_SILENCE: Duration = Duration::from_secs(25);
/// How long a list may take as a stream: 100,000 objects took 11 s from a warm server and 77 s from a cold one.
const LIST_SECONDS: u32 = 300;
/// How long a list may be silent: a server that has just started reads all objects first.
pub(super) const LIST_SILENCE: Duration = Duration::from_secs(120);
/// Objects in a page of a list.
const PAGE: u32 = 500;
/// Marks the bookmark after which a streamed list is whole.
pub(super) const LIST_END_ANNOTATION: &str = "k8s.io/initial-events-end";

/// A part of a list.
#[derive(Deserialize)]
pub(in crate::store) struct ListPage {
    #[serde(default)]
    pub(in crate::store) metadata: PageMetadata,
    #[serde(default)]
    pub(in crate::store) items: Vec<Object>,
}

/// What a list says of itself.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct PageMetadata {
    #[serde(default)]
    pub(super) resource_version: String,
    /// What leads to the next part.
    #[serde(default, rename = "continue")]
    pub(in crate::store) next: Option<String>,
}

/// Opens a streamed list.
pub(super) async fn streamed_list(client: &Client, watch: &Watch) -> Result<Events, Error> {
    let query = format!(
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds={LIST_SECONDS}"
    );
    Events::open(client, &path(watch, &query)?, LIST_SILENCE).await
}

/// Opens a watch of what comes after `version`.
pub(super) async fn changes(client: &Client, watch: &Watch, version: &str) -> Result<Events, Error> {
    let seconds = if watch.silence(Instant::now()) < URGENT_SILENCE { WATCH_SECONDS } else { URGENT_WATCH_SECONDS };
    let query = format!("watch=true&resourceVersion={version}&allowWatchBookmarks=true&timeoutSeconds={seconds}");
    Events::open(client, &path(watch, &query)?, WATCH_SILENCE).await
}

/// Reads a page of a list: the first one, or the one that `token` leads to.
pub(super) async fn page(client: &Client, watch: &Watch, token: Option<&str>) -> Result<ListPage, Error> {
    let mut query = format!("limit={PAGE}");
    if let Some(token) = token {
        let token = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
        query = format!("{query}&continue={token}");
    }
    read(client, &path(watch, &query)?).await
}

/// Reads the list's resourceVersion of this moment, and as little else as the server allows.
pub(super) async fn latest_version(client: &Client, watch: &Watch) -> Result<u128, Error> {
    Ok(parse(&read(client, &path(watch, "limit=1")?).await?.metadata.resource_version))
}

async fn read(client: &Client, path: &str) -> Result<ListPage, Error> {
    let answer = timeout(LIST_SILENCE, send(client, request(Method::GET, path, Vec::new())?)).await;
    let answer = answer.unwrap_or_else(|_| Err(timed_out(LIST_SILENCE)))?;
    ListPage::deserialize(answer)
        .map_err(|error| Error::Unavailable { reason: format!("a list cannot be read: {error}") })
}

fn path(watch: &Watch, query: &str) -> Result<String, Error> {
    let path = watch.kind.collection_path(watch.namespace.as_deref());
    let path = path.ok_or_else(|| Error::Other(format!("{} is no name of a namespace", watch.scope())))?;
    Ok(format!("{path}?{query}"))
}
