//! Writes the statuses.

use serde_json::{Map, Value, json};

use crate::controller::events::{News, tell};
use crate::controller::told::Told;
use crate::controller::tools::Tools;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::events::Happening;
use crate::store::index::dirty::DirtyName;
use crate::store::kind::Kind;

/// What is to be written into one status.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusWrite {
    /// The object.
    pub name: DirtyName,
    /// The state that the decision is about: it is void where the object has moved on. None: the decision is about other
    /// objects, and is made again when they move.
    pub version: Option<String>,
    /// A merge patch (RFC 7396) of the status; empty where it stands as it should, and only news are to be told.
    pub changes: Map<String, Value>,
    /// What Events are to tell once it stands.
    pub news: Vec<News>,
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The status of the object with this uid stands as it should.
    Done(String),
    /// The object has moved on: the decision is to be made anew.
    Moved,
    /// There is no such object.
    Gone,
    /// The API server does not take such a status.
    Refused,
}

/// Writes, as soon as it is its turn.
pub async fn write(tools: &Tools, write: &StatusWrite) -> Result<Written, Error> {
    let StatusWrite { name, version, changes, .. } = write;
    let (namespace, (kind, object)) = (name.directory.namespace(), name.object());
    if kind == Kind::CLAIM {
        return Ok(Written::Gone);
    }
    if changes.is_empty() {
        // The index keeps no uid, and an Event needs it.
        return match tools.store.objects().get(kind, namespace, object).await {
            Ok(found) => Ok(Written::Done(found.uid().to_owned())),
            Err(Error::NotFound) => Ok(Written::Gone),
            Err(error) => Err(error),
        };
    }
    let patch = match version {
        Some(version) => json!({ "metadata": { "resourceVersion": version }, "status": changes }),
        None => json!({ "status": changes }),
    };
    tools.write_rate.turn().await;
    match tools.store.write_status(kind, namespace, object, &patch).await {
        Ok(uid) => {
            tools.metrics.status_written(kind.plural);
            Ok(Written::Done(uid))
        }
        Err(Error::Conflict) => Ok(Written::Moved),
        Err(Error::NotFound) => Ok(Written::Gone),
        // The others are written all the same, and this one again when something about it changes.
        Err(error @ (Error::Invalid(_) | Error::TooLarge)) => {
            let error = without_values(&error.to_string());
            tracing::warn!(
                kind = kind.plural,
                namespace,
                name = object,
                error,
                "the API server does not take a status"
            );
            Ok(Written::Refused)
        }
        Err(error) => Err(error),
    }
}

/// Tells the news of what was written.
pub async fn tell_news(tools: &Tools, told: &mut Told, write: &StatusWrite, uid: &str) {
    let (namespace, (kind, name)) = (write.name.directory.namespace(), write.name.object());
    for News { reason, at, note } in write.news.clone() {
        tell(tools, told, &Happening { kind, namespace, name, uid, reason, at, note }).await;
    }
}
