//! What must hold of an object before it is shown or written: that the client may see it, and that what it names can be
//! claimed.

use serde_json::Value;

use super::error::TakenBy;
use super::{Context, Error};
use crate::api::Object;
use crate::api::event::EventReason;
use crate::rules::naming::{UniqueRules, ambiguous, too_long};
use crate::rules::resource::Resource;
use crate::rules::standing::{Standing, group_standing, is_built_in, standing};
use crate::scim;
use crate::store::kind::Kind;

/// Where an object of this kind stands for the Directory's client.
pub(super) fn standing_of(context: &Context, kind: Resource, object: &Object) -> Standing {
    let directory = &context.directory;
    match kind {
        Resource::User => standing(object, &directory.name, directory.spec.provisioning.built_in_users),
        Resource::Group => group_standing(object, &directory.name),
    }
}

/// That the object is a resource of this kind of the Directory.
pub(super) fn require_present(context: &Context, kind: Resource, object: &Object) -> Result<(), Error> {
    match standing_of(context, kind, object) {
        Standing::Present => Ok(()),
        Standing::Absent => Err(Error::NotFound),
        Standing::Unsettled => {
            Err(Error::Unavailable { reason: "the janitor has yet to settle this resource".to_owned() })
        }
    }
}

/// A refusal that says who has the value, as far as the client may know, and an Event on the object that has it. This is read
/// live: it is what an administrator looks for next.
pub(super) async fn naming_the_holder(context: &Context, kind: Resource, refusal: Error) -> Error {
    let Error::Taken { attribute, holder: TakenBy::Unknown(name) } = refusal else { return refusal };
    let read = context.store.objects().get(Kind::of(kind), &context.directory.namespace, &name).await;
    if let Ok(object) = &read {
        let sentence = format!(
            "a request was refused because {attribute} belongs to this object: give one of the two another value"
        );
        context.tell(kind, object, EventReason::ValueWanted, &sentence);
    }
    let holder = match read {
        Ok(object) if standing_of(context, kind, &object) == Standing::Present => TakenBy::Resource(name),
        Ok(object) if is_built_in(&object) => TakenBy::BuiltIn,
        _ => TakenBy::Unknown(name),
    };
    Error::Taken { attribute, holder }
}

/// That every unique value of an object that is about to be written can be claimed. Found only by the API server, the
/// object would have been written already. What `before` could not claim either stands in nobody's way: a rule that was
/// turned on later must not keep a person in. Nor must a second value that comes with `active: false`: nobody can claim
/// several, so nobody loses any, and it is asked about when the person becomes active.
pub(super) fn require_claimable(
    context: &Context,
    kind: Resource,
    before: Option<&Object>,
    after: &Object,
) -> Result<(), Error> {
    let rules = context.store.unique_rules(&context.directory.namespace, &context.directory.name);
    let unclaimable = |object: &Object| unclaimable(kind, object.spec(), &rules);
    match unclaimable(after) {
        Some(sentence) if before.and_then(unclaimable).as_ref() != Some(&sentence) => {
            Err(scim::Error::InvalidValue(sentence).into())
        }
        _ => Ok(()),
    }
}

/// Why a unique value cannot be claimed: there are several of it, or it is longer than a claim holds.
fn unclaimable(resource: Resource, spec: &Value, rules: &UniqueRules) -> Option<String> {
    let is_asked = spec["scim"]["active"] != false;
    let several = is_asked.then(|| ambiguous(resource, spec, rules)).flatten().map(|attribute| {
        format!("{attribute} is unique in this directory and has more than one value; map one value to it.")
    });
    several.or_else(|| {
        let attribute = too_long(resource, spec, rules)?;
        Some(format!("{attribute} is unique in this directory and too long for that; map a shorter value to it."))
    })
}
