//! Reading, changing and deleting one object, a user's or a group's alike: whether the client may see it, whether it is the
//! version that was asked for, and whether it can be claimed. What the change itself is, the caller says.

use std::sync::OnceLock;

use serde_json::Value;

use super::mentions::Unknown;
use super::stored::{require_claimable, require_match, require_present};
use super::{Context, Error, EtagCondition};
use crate::rules::mapping::to_attributes;
use crate::scim::resource::Parsed;
use crate::scim::{self, Attributes};
use crate::store::claims;
use crate::store::objects::Kind;

/// The object of this id, linearizably.
pub(super) async fn get(context: &Context, kind: Kind, id: &str) -> Result<Value, Error> {
    let object = context.store.objects().get(kind, &context.directory.namespace, id).await?;
    require_present(context, kind, &object)?;
    Ok(object)
}

/// Stores what `edit` makes of the attributes, on the newest version of the object, as often as it takes. `place` puts the
/// attributes into the object, returns nothing where nothing changes, and refuses what may not be.
pub(super) async fn change(
    context: &Context,
    kind: Kind,
    id: &str,
    if_match: Option<&EtagCondition>,
    edit: impl Fn(&Attributes) -> Result<Parsed, scim::Error> + Send + Sync,
    place: impl Fn(&Value, &Attributes, Attributes) -> Result<Option<Value>, Error> + Send + Sync,
) -> Result<Value, Error> {
    // The edit runs again after a lost race; what no schema has is the same each time.
    let unknown = OnceLock::new();
    let edit_object = |object: &Value| {
        require_present(context, kind, object)?;
        require_match(if_match, object)?;
        let before = to_attributes(&object["spec"]["scim"]);
        let parsed = edit(&before)?;
        unknown.get_or_init(|| Unknown::of(&parsed));
        let changed = place(object, &before, parsed.attributes)?;
        if let Some(changed) = &changed {
            require_claimable(context, kind, Some(object), changed)?;
        }
        Ok::<_, Error>(changed)
    };
    let object = claims::change(&context.store, kind, &context.directory.namespace, id, edit_object).await?;
    if let Some(unknown) = unknown.get() {
        context.report_unknown(unknown);
    }
    Ok(object)
}

/// Stores the tombstone that `bury` makes of the object, and frees its values.
pub(super) async fn delete(
    context: &Context,
    kind: Kind,
    id: &str,
    if_match: Option<&EtagCondition>,
    bury: impl Fn(&Value) -> Result<Value, Error> + Send + Sync,
) -> Result<(), Error> {
    let tombstone = |object: &Value| {
        require_present(context, kind, object)?;
        require_match(if_match, object)?;
        bury(object)
    };
    claims::delete(&context.store, kind, &context.directory.namespace, id, tombstone).await
}
