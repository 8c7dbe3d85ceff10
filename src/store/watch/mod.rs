//! The watches that feed the index and the registry: one for each kind and namespace.
//!
//! Each reads the whole state once, then follows the changes, and starts over only when the server cannot tell the
//! changes any more. kube's own watcher shows neither bookmarks nor versions, on which freshness rests, and keeps asking
//! a server without streamed lists for one.
//!
//! The whole state is read *into* what is there, and then what it did not show is swept out, in place of filling a second
//! index and changing over. Each object so moves forward only, an own write that is newer than the list cannot get lost
//! between the two, and a cluster of 100,000 people does not need twice the memory at the moment when it has trouble
//! already. Where the versions themselves have gone backwards (etcd was set back to a backup), everything is forgotten
//! first, and nothing is served meanwhile.

mod events;
mod outage;
mod requests;
mod status;
mod step;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use kube::Client;
use kube::core::WatchEvent;
use tokio::sync::Semaphore;

use super::Error;
use super::cache::Cache;
use super::error::classify;
use super::version::{Origin, parse};
use events::Event;
use outage::Outage;
pub(super) use requests::ListPage;
use requests::{LIST_END_ANNOTATION, changes, latest_version, page, streamed_list};
pub(super) use status::Watch;
use step::{Listing, Phase, WatchStep, next};

/// How long a watch may be silent before nothing is answered from it. A live one is silent for 20 s at most.
pub const FRESHNESS_LIMIT: Duration = Duration::from_secs(30);
/// A watch that ends sooner, and without a word, counts as failed.
const SHORTEST_WATCH: Duration = Duration::from_secs(3);
/// Most whole states that are read at the same time: each costs the API server up to ten of its seats.
pub(super) const MAX_LISTS: usize = 2;

/// What a watch works with.
pub(super) struct Feed<'a> {
    pub(super) client: &'a Client,
    pub(super) cache: &'a Cache,
    pub(super) watch: &'a Watch,
    /// Turns of those who read a whole state.
    pub(super) lists: &'a Semaphore,
}

/// Where a watch stands between two requests.
struct Position {
    listing: Listing,
    /// After what version the changes are followed; none: the whole state is to be read.
    version: Option<String>,
    /// Whether the version is to be compared with the server's first.
    suspect: bool,
    outage: Outage,
}

/// Watches for ever; who calls it stops it by dropping it.
pub(super) async fn run(feed: Feed<'_>) -> Infallible {
    let mut position =
        Position { listing: Listing::Streamed, version: None, suspect: false, outage: Outage::default() };
    let (kind, namespace) = (feed.watch.kind.plural, feed.watch.scope());
    loop {
        let (phase, ended) = match position.version.clone() {
            None => (Phase::Listing(position.listing), list(&feed, &mut position).await),
            Some(version) => (Phase::Following, follow(&feed, &mut position, &version).await),
        };
        let Err(error) = ended else { continue };
        match next(phase, &error) {
            WatchStep::Repeat => {
                position.suspect = true;
                position.outage.wait(feed.watch, &error).await;
            }
            WatchStep::List => {
                tracing::info!(kind, namespace, %error, "a watch has lost its place and reads everything anew");
                position.version = None;
            }
            WatchStep::ListInPages => {
                tracing::info!(kind, namespace, "the API server has no streamed lists: lists are read in pages");
                position.listing = Listing::Paged;
            }
        }
    }
}

/// Reads the whole state.
async fn list(feed: &Feed<'_>, position: &mut Position) -> Result<(), Error> {
    let _turn = feed.lists.acquire().await.map_err(|error| Error::Other(error.to_string()))?;
    // What is in the list has at least the state of this moment.
    let asked = Instant::now();
    let epoch = feed.watch.next_epoch();
    let version = match position.listing {
        Listing::Streamed => list_streamed(feed, epoch).await?,
        Listing::Paged => list_in_pages(feed, epoch).await?,
    };
    position.outage.end(feed.watch);
    let listed = parse(&version);
    let watch = feed.watch;
    if listed < watch.told() {
        tracing::warn!(
            kind = watch.kind.plural,
            namespace = watch.scope(),
            "the API server has gone back in time, as after a restore of etcd: everything is read anew"
        );
        watch.forget();
        feed.cache.forget(watch.kind, watch.namespace.as_deref());
        return Ok(());
    }
    // In this order, or an own write to an object that is gone could slip in between.
    watch.list(listed);
    feed.cache.sweep(watch.kind, watch.namespace.as_deref(), listed, epoch);
    watch.sync(asked);
    position.version = Some(version);
    position.suspect = false;
    Ok(())
}

/// Reads the whole state as a stream; returns the version of the list.
async fn list_streamed(feed: &Feed<'_>, epoch: u32) -> Result<String, Error> {
    let mut events = streamed_list(feed.client, feed.watch).await?;
    while let Some(event) = events.next().await? {
        match event {
            WatchEvent::Bookmark(bookmark) => {
                let metadata = bookmark.metadata;
                if metadata.annotations.get(LIST_END_ANNOTATION).is_some_and(|end| end == "true") {
                    return Ok(metadata.resource_version);
                }
            }
            event => {
                take_in(feed, event, epoch)?;
            }
        }
    }
    Err(Error::Unavailable { reason: "a streamed list ended before it was whole".to_owned() })
}

/// Reads the whole state in pages, which all show the same moment; returns the version of the list.
async fn list_in_pages(feed: &Feed<'_>, epoch: u32) -> Result<String, Error> {
    let mut token = None;
    loop {
        let page = page(feed.client, feed.watch, token.as_deref()).await?;
        for object in &page.items {
            feed.cache.put(feed.watch.kind, object, Origin::Watch(epoch));
        }
        match page.metadata.next {
            Some(next) if !next.is_empty() => token = Some(next),
            _ => return Ok(page.metadata.resource_version),
        }
    }
}

/// Follows the changes after `version` until the server ends the stream.
async fn follow(feed: &Feed<'_>, position: &mut Position, version: &str) -> Result<(), Error> {
    if position.suspect {
        check_history(feed).await?;
        position.suspect = false;
    }
    let opened = Instant::now();
    let mut events = changes(feed.client, feed.watch, version).await?;
    let mut silent = true;
    while let Some(event) = events.next().await? {
        let version = match event {
            WatchEvent::Bookmark(bookmark) => bookmark.metadata.resource_version,
            event => take_in(feed, event, feed.watch.epoch())?,
        };
        feed.watch.hear(parse(&version), Instant::now());
        position.version = Some(version);
        position.outage.end(feed.watch);
        silent = false;
    }
    if silent {
        worth(opened.elapsed())?;
        feed.watch.hear(feed.watch.told(), Instant::now());
        position.outage.end(feed.watch);
    }
    Ok(())
}

/// After an outage the server may be one whose etcd was set back to a backup. It takes a watch of a version that it has
/// not reached yet without a word of complaint, and then tells nothing until it has (measured on 1.36).
async fn check_history(feed: &Feed<'_>) -> Result<(), Error> {
    if latest_version(feed.client, feed.watch).await? < feed.watch.told() { Err(Error::Gone) } else { Ok(()) }
}

/// What a watch is worth that ended without a word after this time. As long as nothing has happened to a kind since the
/// API server started, it sends no bookmarks for that kind unless etcd reports progress often (kubeadm sets that up, the
/// default is 10 minutes), and Directories rest for weeks. That it held the stream open and then ended it says as much as
/// a bookmark: nothing has happened until now. A server that ends every watch at once says nothing, and must not be
/// asked again at once for ever.
fn worth(lasted: Duration) -> Result<(), Error> {
    if lasted < SHORTEST_WATCH {
        return Err(Error::Unavailable { reason: "a watch ended as soon as it began".to_owned() });
    }
    Ok(())
}

/// Takes in a change; returns its version.
fn take_in(feed: &Feed<'_>, event: Event, epoch: u32) -> Result<String, Error> {
    let kind = feed.watch.kind;
    let object = match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => {
            feed.cache.put(kind, &object, Origin::Watch(epoch));
            object
        }
        WatchEvent::Deleted(object) => {
            feed.cache.remove(kind, &object);
            object
        }
        WatchEvent::Bookmark(bookmark) => return Ok(bookmark.metadata.resource_version),
        WatchEvent::Error(status) => return Err(classify(&status)),
    };
    Ok(object.resource_version().to_owned())
}
