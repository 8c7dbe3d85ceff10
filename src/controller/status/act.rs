//! Writes the statuses.

use serde_json::{Map, Value, json};

use crate::controller::events::{News, tell};
use crate::controller::told::Told;
use crate::controller::tools::Tools;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::events::Happening;
use crate::store::index::dirty::{DirtyName, DirtySubject};
use crate::store::kind::Kind;

/// What is to be written into one status.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusWrite {
    /// The object.
    pub name: DirtyName,
    /// The state that the decision is about: it is void where the object has moved on. None: the decision is about other
    /// objects, and is made again when they move.
    pub version: Option<String>,
    /// A merge patch (RFC 7396) of the status.
    pub changes: Map<String, Value>,
    /// What Events are to tell once it is written.
    pub news: Vec<News>,
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was written, to the object with this uid.
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
    let (namespace, directory) = (name.directory.namespace(), name.directory.name());
    let (kind, object) = match &name.subject {
        DirtySubject::Directory => (Kind::DIRECTORY, directory),
        DirtySubject::Group(object) => (Kind::GROUP, &**object),
        DirtySubject::User(object) => (Kind::USER, &**object),
        DirtySubject::Application(object) => (Kind::APPLICATION, &**object),
        DirtySubject::Key(object) => (Kind::KEY, &**object),
        DirtySubject::Claim(_) => return Ok(Written::Gone),
    };
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

/// Tells the news of a user or a group.
pub async fn tell_news(tools: &Tools, told: &mut Told, name: &DirtyName, news: Vec<News>, uid: &str) {
    let (kind, object) = match &name.subject {
        DirtySubject::User(object) => (Kind::USER, object),
        DirtySubject::Group(object) => (Kind::GROUP, object),
        DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Claim(_) | DirtySubject::Key(_) => {
            return;
        }
    };
    let namespace = name.directory.namespace();
    for News { reason, at, note } in news {
        tell(tools, told, &Happening { kind, namespace, name: object, uid, reason, at, note }).await;
    }
}
