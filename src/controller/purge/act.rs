//! Purges one tombstone: the only writer of the purge.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Retention, report};
use crate::api::Object;
use crate::controller::tools::Tools;
use crate::rules::membership::left;
use crate::rules::resource::Resource;
use crate::rules::retention::{Fate, Tombstone, fate};
use crate::store::Error;
use crate::store::index::Member;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// Most members that come off a group before its Directory is looked at again: about a second's worth of writes. Other
/// Directories have their turn meanwhile.
const MEMBERS_AT_ONCE: usize = 50;

/// Where the API server does not say what time it is, until it is asked again.
const NO_TIME_PAUSE: Duration = Duration::from_secs(3600);

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// There is no such object any more.
    Gone,
    /// It is a group, and members are being taken off: it is looked at again soon.
    Underway,
    /// Somebody was quicker: it is looked at again.
    Moved,
    /// Read live, it is not to be purged, or not before this time has passed.
    Spared(Option<Duration>),
}

/// Purges an object, if it is still a tombstone whose time has come: the index may be behind, so the object is read live.
/// Both clocks must agree that the time has come, that of this replica and that of the API server: one clock that jumps
/// ahead must not end the retention of everybody.
pub async fn purge(
    tools: &Tools,
    directory: &DirectoryName,
    (resource, name): (Resource, &str),
    retention: Retention,
    now: Timestamp,
) -> Result<Purged, Error> {
    let (kind, namespace) = (Kind::of(resource), directory.namespace());
    let (object, time) = match tools.store.objects().get_with_time(kind, namespace, name).await {
        Err(Error::NotFound) => return Ok(Purged::Gone),
        read => read?,
    };
    let Some(time) = time else { return Ok(Purged::Spared(Some(NO_TIME_PAUSE))) };
    let now = now.min(time);
    let tombstone = Tombstone::of(&object).filter(|_| object.directory() == directory.name());
    let Some(tombstone) = tombstone else { return Ok(Purged::Spared(None)) };
    let fate = fate(&tombstone, retention, now);
    if fate != Fate::Ends {
        return Ok(Purged::Spared(wait(fate, now)));
    }
    if resource == Resource::Group {
        if !tombstone.purging {
            return begin(tools, directory, name, retention, now).await;
        }
        let members = tools.store.index(namespace, directory.name()).naming_group(name);
        if !members.is_empty() {
            take_off(tools, namespace, name, &members).await?;
            return Ok(Purged::Underway);
        }
    }
    tools.write_rate.turn().await;
    match tools.store.objects().delete(kind, namespace, &object).await {
        Ok(()) => {
            report::purged(&tools.metrics, directory, kind, name);
            Ok(Purged::Gone)
        }
        Err(Error::NotFound) => Ok(Purged::Gone),
        Err(Error::Conflict) => Ok(Purged::Moved),
        Err(error) => Err(error),
    }
}

/// How long a tombstone waits, if its time is still to come at `now`.
pub fn wait(fate: Fate, now: Timestamp) -> Option<Duration> {
    let Fate::Waits(until) = fate else { return None };
    Some(until.duration_since(now).max(SignedDuration::ZERO).unsigned_abs())
}

/// Marks a group, so that nobody brings it back from here on.
async fn begin(
    tools: &Tools,
    directory: &DirectoryName,
    name: &str,
    retention: Retention,
    now: Timestamp,
) -> Result<Purged, Error> {
    let mark = |object: &Object| {
        let tombstone = Tombstone::of(object)?;
        (fate(&tombstone, retention, now) == Fate::Ends).then(|| {
            let mut marked = object.clone();
            marked.set_purging(true);
            marked
        })
    };
    tools.write_rate.turn().await;
    let marked = tools.store.edit(Kind::GROUP, directory.namespace(), name, mark).await?;
    if marked {
        report::begun(directory, name);
    }
    Ok(if marked { Purged::Underway } else { Purged::Moved })
}

/// Takes some members off a group. One that somebody writes at the same moment is met again at the next look. One that
/// cannot be written does not keep the others on; it is an error once no other came off.
async fn take_off(tools: &Tools, namespace: &str, group: &str, members: &[Member]) -> Result<(), Error> {
    let (mut first_error, mut failures, mut successes) = (None, 0, 0);
    for Member { kind, name } in members {
        if failures == MEMBERS_AT_ONCE || successes == MEMBERS_AT_ONCE {
            break;
        }
        tools.write_rate.turn().await;
        match tools.store.edit(Kind::of(*kind), namespace, name, |member| left(member, group)).await {
            Ok(_) => successes += 1,
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => {
                failures += 1;
                first_error.get_or_insert(error);
            }
        }
    }
    first_error.filter(|_| successes == 0).map_or(Ok(()), Err)
}
