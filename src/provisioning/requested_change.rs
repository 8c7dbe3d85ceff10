//! The resource that a change is asked for, and the version of it that the client means (`If-Match`, RFC 7232 section 3.1).

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::object::get;
use super::representation::etag_of;
use super::{Context, Error, EtagCondition};
use crate::api::Object;
use crate::rules::resource::Resource;

/// How long a conditional write waits for the index before its condition counts as not met.
const MATCH_PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at the index meanwhile.
const MATCH_PAUSE: Duration = Duration::from_millis(25);

/// What a change is asked for.
pub(super) struct RequestedChange<'a> {
    /// Whether it is a user or a group.
    pub(super) kind: Resource,
    /// The SCIM id.
    pub(super) id: &'a str,
    /// The client's condition.
    if_match: Option<&'a EtagCondition>,
    /// The object for which the condition held first, before anything of the change was written.
    matched: OnceLock<Object>,
}

impl<'a> RequestedChange<'a> {
    pub(super) fn new(kind: Resource, id: &'a str, if_match: Option<&'a EtagCondition>) -> Self {
        Self { kind, id, if_match, matched: OnceLock::new() }
    }

    /// That the object is the version that the client means, with what is shown beside it. A change may leave a mark on the
    /// object and lose its commit to a status that somebody writes: the mark raises the generation and with it the entity
    /// tag, and the version is the same.
    pub(super) fn require_match(&self, context: &Context, object: &Object) -> Result<(), Error> {
        let Some(condition) = self.if_match else { return Ok(()) };
        if condition.matches(&etag_of(context, self.kind, object)) {
            self.matched.get_or_init(|| object.clone());
            return Ok(());
        }
        match self.matched.get() {
            Some(matched)
                if is_same_version(matched, object) && condition.matches(&etag_of(context, self.kind, matched)) =>
            {
                Ok(())
            }
            _ => Err(Error::PreconditionFailed),
        }
    }

    /// Waits until the index knows what the client of a conditional write knows: a client that has just added a member at
    /// another replica comes with a tag that this one cannot make before its watch has told. Where the object itself has
    /// another version there is nothing to wait for.
    pub(super) async fn await_index(&self, context: &Context) -> Result<(), Error> {
        let Some(condition @ EtagCondition::OneOf(_)) = self.if_match else { return Ok(()) };
        if self.matched.get().is_some() {
            return Ok(());
        }
        let object = get(context, self.kind, self.id).await?;
        let deadline = Instant::now() + MATCH_PATIENCE;
        loop {
            let etag = etag_of(context, self.kind, &object);
            if condition.matches(&etag) || !condition.matches_object(&etag) || Instant::now() > deadline {
                return Ok(());
            }
            tokio::time::sleep(MATCH_PAUSE).await;
        }
    }
}

/// Whether two states of an object differ in marks of the claim protocol alone.
fn is_same_version(a: &Object, b: &Object) -> bool {
    let spec = |object: &Object| {
        let mut spec = object.spec().as_object().cloned().unwrap_or_default();
        spec.remove("pending");
        spec
    };
    a.uid() == b.uid() && spec(a) == spec(b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mark_of_the_claim_protocol_makes_no_other_version() {
        let object = |uid: &str, name: &str, generation: i64, is_pending: bool| {
            let mut object = json!({
                "metadata": { "name": "ada", "uid": uid, "generation": generation },
                "spec": { "scim": { "userName": name } },
            });
            if is_pending {
                object["spec"]["pending"] = json!({ "id": "x" });
            }
            Object::from(object)
        };
        let read = object("u", "ada", 1, false);
        for (name, other, expected) in [
            ("the same", object("u", "ada", 1, false), true),
            ("marked", object("u", "ada", 2, true), true),
            ("marked and cleared", object("u", "ada", 3, false), true),
            ("changed by somebody else", object("u", "eve", 3, false), false),
            ("made anew", object("v", "ada", 1, false), false),
        ] {
            assert_eq!(is_same_version(&read, &other), expected, "{name}");
        }
    }
}
