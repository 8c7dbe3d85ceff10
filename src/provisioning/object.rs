//! Reading, making, changing and deleting one object, a user's or a group's alike: whether the client may see it, whether it is the
//! version that was asked for, and whether it can be claimed. What the change itself is, the caller says.

use std::sync::OnceLock;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::checks::{naming_the_holder, require_claimable, require_present};
use super::mentions::Unknown;
use super::note::ChangedNames;
use super::representation::edges;
use super::requested_change::RequestedChange;
use super::{Context, Error};
use crate::api::Object;
use crate::rules::mapping::to_attributes;
use crate::rules::resource::Resource;
use crate::rules::traffic::Effect;
use crate::scim::resource::Parsed;
use crate::scim::{self, Attributes};
use crate::store::claims;
use crate::store::kind::Kind;

/// The object of this id, linearizably.
pub(super) async fn get(context: &Context, kind: Resource, id: &str) -> Result<Object, Error> {
    let object = context.store.objects().get(Kind::of(kind), &context.directory.namespace, id).await?;
    require_present(context, kind, &object)?;
    Ok(object)
}

/// Stores a new object, under a name that `new_name` draws, and claims what it names.
pub(super) async fn create(
    context: &Context,
    kind: Resource,
    object: Object,
    new_name: impl Fn() -> String + Send,
) -> Result<Object, Error> {
    context.note.subject(kind, |name| object.scim().get(name));
    require_claimable(context, kind, None, &object)?;
    match claims::create(&context.store, &context.client, object, new_name).await {
        Ok(object) => {
            context.note.effect(Effect::Created);
            context.note.changed(ChangedNames::between(&Attributes::default(), &to_attributes(object.scim())));
            Ok(object)
        }
        Err(refusal) => Err(naming_the_holder(context, kind, refusal.into()).await),
    }
}

/// Stores what `edit` makes of the attributes, on the newest version of the object, as often as it takes. `place` puts the
/// attributes into the object, returns nothing where nothing changes, and refuses what may not be.
pub(super) async fn change(
    context: &Context,
    requested: &RequestedChange<'_>,
    edit: impl Fn(&Attributes) -> Result<Parsed, scim::Error> + Send + Sync,
    place: impl Fn(&Object, &Attributes, Attributes) -> Result<Option<Object>, Error> + Send + Sync,
) -> Result<Object, Error> {
    requested.await_index(context).await?;
    let (kind, id) = (requested.kind, requested.id);
    // The edit runs again after a lost race; what no schema has is the same each time.
    let unknown = OnceLock::new();
    let done = Mutex::new(None);
    let edit_object = |object: &Object| {
        require_present(context, kind, object)?;
        context.note.subject(kind, |name| object.scim().get(name));
        requested.require_match(context, object)?;
        let before = to_attributes(object.scim());
        let parsed = edit(&before)?;
        unknown.get_or_init(|| Unknown::of(&parsed));
        let changed = place(object, &before, parsed.attributes)?;
        if let Some(changed) = &changed {
            require_claimable(context, kind, Some(object), changed)?;
        }
        *done.lock() = changed.as_ref().map(|changed| {
            let names = ChangedNames::between(&before, &to_attributes(changed.scim()));
            (effect_of(kind, object, changed), names)
        });
        Ok::<_, Error>(changed)
    };
    let namespace = &context.directory.namespace;
    let changed = claims::change(&context.store, &context.client, Kind::of(kind), namespace, id, edit_object).await;
    let object = match changed {
        Ok(object) => object,
        Err(refusal) => return Err(naming_the_holder(context, kind, refusal).await),
    };
    if let Some((effect, names)) = done.into_inner() {
        context.note.effect(effect);
        context.note.changed(names);
    }
    if let Some(unknown) = unknown.get() {
        context.report_unknown(unknown, kind, &object);
    }
    Ok(object)
}

/// What a change does. A person who is deactivated may be changed otherwise as well.
fn effect_of(kind: Resource, before: &Object, after: &Object) -> Effect {
    let is_deactivated = kind == Resource::User && before.active() != Some(false) && after.active() == Some(false);
    if is_deactivated { Effect::Deactivated } else { Effect::Updated }
}

/// Stores the tombstone that `bury` makes of the object, and frees its values. The groups that it was a member of have changed
/// with it.
pub(super) async fn delete(
    context: &Context,
    requested: &RequestedChange<'_>,
    bury: impl Fn(&Object) -> Result<Object, Error> + Send + Sync,
) -> Result<(), Error> {
    requested.await_index(context).await?;
    let (kind, id) = (requested.kind, requested.id);
    let left_groups = Mutex::new(Vec::new());
    let tombstone = |object: &Object| {
        require_present(context, kind, object)?;
        requested.require_match(context, object)?;
        context.note.subject(kind, |name| object.scim().get(name));
        *left_groups.lock() = object.member_of().into_iter().map(str::to_owned).collect();
        bury(object)
    };
    claims::delete(&context.store, &context.client, Kind::of(kind), &context.directory.namespace, id, tombstone)
        .await?;
    context.note.effect(Effect::Deleted);
    if let Some(index) = edges(context) {
        let now = Timestamp::now();
        left_groups.into_inner().iter().for_each(|group| index.note_members_changed(group, now));
    }
    Ok(())
}
