//! The edges of a group: each member names the group, so each change of a member is a read and a write of that member.
//!
//! Everything here may be repeated: who is a member already, or is none, is read and not written.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::{Stream, StreamExt as _, stream};
use jiff::Timestamp;

use super::checks::require_present;
use super::representation::edges;
use super::{Context, Error, member_element};
use crate::api::Object;
use crate::api::event::EventReason;
use crate::rules::membership::{Full, MAX_GROUPS, joined, left};
use crate::rules::resource::Resource;
use crate::rules::traffic::Effect;
use crate::scim;
use crate::scim::members::{Edit, Members};
use crate::store::claims;
use crate::store::index::Index;
use crate::store::kind::Kind;

/// Most members of one request that are written at one time.
const MAX_AT_ONCE: usize = 16;
/// Most unknown ids of one request that the log names.
const MAX_LOGGED: usize = 5;
/// Longest id that the log shows whole. Ours are shorter.
const MAX_LOGGED_LENGTH: usize = 64;

/// The kinds that can be members, the likely one first: who is found is not looked for again.
const MEMBER_KINDS: [Resource; 2] = Resource::ALL;

/// Carries out what a body says about the members of a group, which is there. Ids that name nobody of the Directory are
/// passed over: ids are ours and never used again, so such a member is gone for good, and a refusal would stand in the way
/// of the others. A Directory that ignores groups takes nobody in; but who leaves a group leaves it there as well, or a
/// right that was taken away would be back with the groups.
pub(super) async fn write(context: &Context, object: &Object, members: &Members) -> Result<(), Error> {
    let ignores = edges(context).is_none();
    let index = context.store.index(&context.directory.namespace, &context.directory.name);
    let group: Arc<str> = object.name().into();
    let mut outcome = Outcome::default();
    let is_carried_out = |edit: Edit| !ignores || edit == Edit::Remove;
    let done = write_all(context, &index, &group, members, is_carried_out, &mut outcome).await;
    if outcome.changed {
        index.note_members_changed(&group, Timestamp::now());
        context.note.effect(Effect::Updated);
    }
    outcome.report(context, object);
    done?;
    outcome.refused.map_or(Ok(()), Err)
}

async fn write_all(
    context: &Context,
    index: &Index,
    group: &Arc<str>,
    members: &Members,
    is_carried_out: impl Fn(Edit) -> bool,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let edits = |id: &str, kinds: &[Resource]| -> Vec<(Resource, Edit)> {
        let edit =
            |kind: Resource| members.becomes(id, &member_element(&context.base, kind, id)).map(|edit| (kind, edit));
        kinds.iter().filter_map(|kind| edit(*kind)).filter(|(_, edit)| is_carried_out(*edit)).collect()
    };
    let named = members.named().filter_map(|id| MemberChange::of(id, edits(id, &MEMBER_KINDS))).collect();
    outcome.take(changes(context, group, named)).await?;
    if members.reaches_others() {
        remove_others(context, index, group, members, edits, outcome).await?;
    }
    Ok(())
}

/// Removes those whom the body does not name and yet removes: all of them where it is the whole list, and those whom its
/// selectors select. They are the members that the index shows, each read live before it is written. One that another
/// replica adds at this moment counts as added after.
async fn remove_others(
    context: &Context,
    index: &Index,
    group: &Arc<str>,
    members: &Members,
    edits: impl Fn(&str, &[Resource]) -> Vec<(Resource, Edit)>,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut after: Option<Arc<str>> = None;
    loop {
        context.store.fresh(Instant::now())?;
        let batch = index.members(group, after.as_deref());
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(Arc::clone(&last.name));
        let others = batch.into_iter().filter(|member| !members.names(&member.name));
        let others =
            others.filter_map(|member| MemberChange::of(&member.name, edits(&member.name, &[member.kind]))).collect();
        outcome.take(changes(context, group, others)).await?;
        // A selector that selects nobody waits for nothing, and a group has a hundred thousand members.
        tokio::task::yield_now().await;
    }
}

/// What becomes of one member: as each kind that it may be, the likely one first.
struct MemberChange {
    id: String,
    edits: Vec<(Resource, Edit)>,
}

impl MemberChange {
    fn of(id: &str, edits: Vec<(Resource, Edit)>) -> Option<Self> {
        (!edits.is_empty()).then(|| Self { id: id.to_owned(), edits })
    }

    fn adds(&self) -> bool {
        self.edits.iter().any(|(_, edit)| *edit == Edit::Add)
    }
}

/// The changes, some at a time; each yields itself and what came of it.
fn changes(
    context: &Context,
    group: &Arc<str>,
    changes: Vec<MemberChange>,
) -> impl Stream<Item = (MemberChange, Result<Edge, Error>)> + use<> {
    let (context, group) = (context.clone(), Arc::clone(group));
    let futures = stream::iter(changes).map(move |change| {
        let (context, group) = (context.clone(), Arc::clone(&group));
        async move {
            let found = carry_out(&context, &group, &change).await;
            (change, found)
        }
    });
    futures.buffer_unordered(MAX_AT_ONCE)
}

/// What came of the change of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// Nobody of this id is there.
    Nobody,
    /// It was as it should be already.
    Unchanged,
    /// It was written.
    Written,
}

async fn carry_out(context: &Context, group: &str, change: &MemberChange) -> Result<Edge, Error> {
    for (kind, edit) in &change.edits {
        match write_edge(context, *kind, group, &change.id, *edit).await {
            Err(Error::NotFound) => {}
            known => return known,
        }
    }
    Ok(Edge::Nobody)
}

/// One read, and one write where something changes.
async fn write_edge(context: &Context, kind: Resource, group: &str, id: &str, edit: Edit) -> Result<Edge, Error> {
    let is_written = AtomicBool::new(false);
    let write = |object: &Object| {
        require_present(context, kind, object)?;
        let edited = match edit {
            Edit::Add => joined(object, group).map_err(|Full| full(id))?,
            Edit::Remove => left(object, group),
        };
        // A later try may find it done: what the first one did counts.
        is_written.fetch_or(edited.is_some(), Ordering::Relaxed);
        Ok::<_, Error>(edited)
    };
    claims::change(&context.store, &context.client, Kind::of(kind), &context.directory.namespace, id, write).await?;
    if !is_written.into_inner() {
        return Ok(Edge::Unchanged);
    }
    if let Some(observation) = context.store.observation() {
        observation.membership(group, id, edit == Edit::Add);
    }
    Ok(Edge::Written)
}

fn full(id: &str) -> Error {
    Error::Scim(scim::Error::InvalidValue(format!(
        "{id} belongs to {MAX_GROUPS} groups, and nobody can belong to more; assign fewer groups. Other members of the \
         request were written."
    )))
}

/// Whether a text may be an id of ours. Any other, such as an address, may say who somebody is, and is not logged.
fn may_be_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What came of the changes.
#[derive(Default)]
struct Outcome {
    /// Whether anybody joined or left.
    changed: bool,
    unknown: usize,
    first_unknown: Vec<String>,
    /// The first refusal that a repetition does not heal. The others were carried out all the same.
    refused: Option<Error>,
}

impl Outcome {
    async fn take(&mut self, changes: impl Stream<Item = (MemberChange, Result<Edge, Error>)>) -> Result<(), Error> {
        let mut changes = std::pin::pin!(changes);
        while let Some((change, found)) = changes.next().await {
            match found {
                Ok(Edge::Nobody) if change.adds() => {
                    self.unknown += 1;
                    if self.first_unknown.len() < MAX_LOGGED && may_be_id(&change.id) {
                        self.first_unknown.push(change.id.chars().take(MAX_LOGGED_LENGTH).collect());
                    }
                }
                Ok(edge) => self.changed |= edge == Edge::Written,
                Err(error @ (Error::Scim(_) | Error::Refused(_))) => self.refused = self.refused.take().or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tells of ids that name nobody: an administrator whose people lack a group looks for them.
    fn report(&self, context: &Context, group: &Object) {
        if self.unknown > 0 {
            let (namespace, directory) = (&context.directory.namespace, &context.directory.name);
            let (unknown, first_ids) = (self.unknown, self.first_unknown.join(" "));
            let first = if first_ids.is_empty() { String::new() } else { format!(", such as {first_ids}") };
            let sentence = format!(
                "{unknown} of the members that were sent are nobody of the Directory and were ignored{first}: provision these people, \
                 or take them off the group"
            );
            context.tell(Resource::Group, group, EventReason::MembersIgnored, &sentence);
            tracing::info!(
                namespace,
                directory,
                group = group.name(),
                unknown,
                first_ids,
                "members that name nobody of the directory were ignored"
            );
            context.metrics.unknown_members(namespace, directory, unknown);
        }
    }
}
