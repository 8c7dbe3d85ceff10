//! What a filter asks about the members of groups, gathered before anything is tested.
//!
//! Whether a filter such as `members eq "u" or not (members eq "v")` selects a group depends on those whom it names alone.
//! They are few, and they say themselves where they belong: each is read live once, and no list of members is made. Any
//! other question (`members pr`, `members.type eq "User"`) needs the members of the group that is looked at.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::provisioning::checks::standing_of;
use crate::provisioning::representation::edges;
use crate::provisioning::{Context, Error, member_element};
use crate::rules::resource::Resource;
use crate::rules::standing::Standing;
use crate::scim::Attributes;
use crate::scim::filter::{Filter, Operator};
use crate::scim::path::AttributePath;
use crate::store::index::{Index, Member};
use crate::store::kind::Kind;
use crate::store::{self};

/// Most named members that are read at one time.
const MAX_READS_AHEAD: usize = 16;

/// What a filter looks at of the members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComparedMembers {
    /// Whether these belong to it.
    Named(BTreeSet<String>),
    /// All of them.
    All,
}

/// What a filter on groups asks about members; nothing where it does not ask.
pub fn asked(filter: &Filter) -> Option<ComparedMembers> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().filter_map(asked).reduce(ComparedMembers::and),
        Filter::Not(inner) => asked(inner),
        Filter::Present(path) => is_members(path).then_some(ComparedMembers::All),
        Filter::Compare(path, operator, value) => is_members(path).then(|| compared(path, *operator, value)),
        Filter::Element(path, selector) => {
            is_members(path).then(|| named(selector).map_or(ComparedMembers::All, ComparedMembers::Named))
        }
    }
}

impl ComparedMembers {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Named(mut ids), Self::Named(others)) => {
                ids.extend(others);
                Self::Named(ids)
            }
            _ => Self::All,
        }
    }
}

fn is_members(path: &AttributePath) -> bool {
    path.is_core("members")
}

fn compared(path: &AttributePath, operator: Operator, value: &Value) -> ComparedMembers {
    let of_value = path.sub_attribute.as_deref().is_none_or(|sub| sub == "value");
    match (operator, value) {
        (Operator::Eq, Value::String(id)) if of_value => ComparedMembers::Named(BTreeSet::from([id.clone()])),
        _ => ComparedMembers::All,
    }
}

/// The ids of which a member that a selector selects must have one.
fn named(selector: &Filter) -> Option<BTreeSet<String>> {
    match selector {
        Filter::Compare(path, Operator::Eq, Value::String(id)) if path.is_plain("value") => {
            Some(BTreeSet::from([id.clone()]))
        }
        Filter::And(parts) => parts.iter().find_map(named),
        Filter::Or(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(named).collect();
            parts.map(|ids| ids.into_iter().flatten().collect())
        }
        _ => None,
    }
}

/// What a list needs to know of members.
#[derive(Clone, Default)]
pub enum Edges {
    /// Nothing: nobody asks, or the Directory ignores groups.
    #[default]
    None,
    /// Those who are named, and the groups to which they say that they belong.
    Named(Arc<HashMap<String, (Resource, HashSet<String>)>>),
    /// Whatever the index has.
    All(Arc<Index>),
}

impl Edges {
    /// Reads what a filter on resources of this kind asks for.
    pub async fn gather(context: &Context, kind: Resource, filter: Option<&Filter>) -> Result<Self, Error> {
        let (Resource::Group, Some(index), Some(filter)) = (kind, edges(context), filter) else {
            return Ok(Self::None);
        };
        match asked(filter) {
            None => Ok(Self::None),
            Some(ComparedMembers::All) => Ok(Self::All(index)),
            Some(ComparedMembers::Named(ids)) => {
                let context = context.clone();
                let reads = stream::iter(ids).map(move |id| {
                    let context = context.clone();
                    async move { groups_named_by(&context, id).await }
                });
                let found: Vec<_> = reads.buffer_unordered(MAX_READS_AHEAD).try_collect().await?;
                Ok(Self::Named(Arc::new(found.into_iter().flatten().collect())))
            }
        }
    }

    /// The groups to which somebody who is named belongs, sorted.
    pub fn groups_of(&self, id: &str) -> Vec<String> {
        let Self::Named(named) = self else { return Vec::new() };
        let groups = named.get(id).map(|(_, groups)| groups.iter().cloned().collect::<BTreeSet<_>>());
        groups.unwrap_or_default().into_iter().collect()
    }

    /// A group with those of its members that the filter asks for, and their addresses.
    pub fn with_members(&self, mut group: Attributes, base: &str) -> Attributes {
        let id = group.get("id").and_then(Value::as_str).unwrap_or_default();
        let members: Vec<Value> = match self {
            Self::None => Vec::new(),
            Self::Named(named) => {
                let of_group = named.iter().filter(|(_, (_, groups))| groups.contains(id));
                of_group.map(|(member, (kind, _))| member_element(base, *kind, member)).collect()
            }
            Self::All(index) => all(index, id).map(|member| member_element(base, member.kind, &member.name)).collect(),
        };
        if !members.is_empty() {
            group.insert("members".to_owned(), members.into());
        }
        group
    }
}

/// Every member of a group, a batch at a time.
fn all<'a>(index: &'a Index, group: &'a str) -> impl Iterator<Item = Member> + 'a {
    let mut after: Option<Arc<str>> = None;
    let batches = std::iter::from_fn(move || {
        let batch = index.members(group, after.as_deref());
        after = Some(Arc::clone(&batch.last()?.name));
        Some(batch)
    });
    batches.flatten()
}

type Named = (String, (Resource, HashSet<String>));

/// The groups that a user, or else a group, of this id names; nothing where it is neither.
async fn groups_named_by(context: &Context, id: String) -> Result<Option<Named>, Error> {
    for kind in Resource::ALL {
        match context.store.objects().get(Kind::of(kind), &context.directory.namespace, &id).await {
            Ok(object) if standing_of(context, kind, &object) == Standing::Present => {
                let groups = object.member_of().into_iter().map(str::to_owned).collect();
                return Ok(Some((id, (kind, groups))));
            }
            Ok(_) | Err(store::Error::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter;
    use crate::scim::schema::GROUP;

    #[test]
    fn a_filter_names_members_or_asks_for_all() {
        let named = |ids: &[&str]| Some(ComparedMembers::Named(ids.iter().map(ToString::to_string).collect()));
        for (text, expected) in [
            ("displayName eq \"Blue\"", None),
            ("members eq \"u\"", named(&["u"])),
            ("members.value eq \"u\" and id eq \"g\"", named(&["u"])),
            ("not (members eq \"u\") or members[value eq \"v\"]", named(&["u", "v"])),
            ("members[value eq \"u\" or value eq \"v\"]", named(&["u", "v"])),
            ("members[type eq \"User\" and value eq \"u\"]", named(&["u"])),
            ("members[value eq \"u\" or type eq \"User\"]", Some(ComparedMembers::All)),
            ("members[not (value eq \"u\")]", Some(ComparedMembers::All)),
            ("members ne \"u\"", Some(ComparedMembers::All)),
            ("members co \"u\"", Some(ComparedMembers::All)),
            ("members pr", Some(ComparedMembers::All)),
            ("not (members pr) and members eq \"u\"", Some(ComparedMembers::All)),
            ("members eq \"u\" and not (members pr)", Some(ComparedMembers::All)),
            ("members.type eq \"User\"", Some(ComparedMembers::All)),
            ("members eq null", Some(ComparedMembers::All)),
        ] {
            assert_eq!(asked(&filter::parse(text, &GROUP).expect("a filter")), expected, "{text}");
        }
    }

    #[test]
    fn a_group_shows_those_who_are_named_and_belong_to_it() {
        let groups = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<HashSet<_>>();
        let named = HashMap::from([
            ("u".to_owned(), (Resource::User, groups(&["g", "h"]))),
            ("n".to_owned(), (Resource::Group, groups(&["g"]))),
            ("v".to_owned(), (Resource::User, groups(&["h"]))),
        ]);
        let edges = Edges::Named(Arc::new(named));
        let group = edges.with_members(Attributes::from_iter([("id".to_owned(), "g".into())]), "https://x");
        for (text, expected) in [
            ("members eq \"u\"", true),
            ("members eq \"v\"", false),
            ("not (members eq \"v\")", true),
            ("members[value eq \"n\" and type eq \"Group\"]", true),
            ("members[value eq \"u\" and type eq \"Group\"]", false),
            ("members eq \"U\"", false),
            ("members eq \"u\" and members.$ref eq \"https://x/Users/u\"", true),
            ("members eq \"n\" and members.$ref eq \"https://x/Users/n\"", false),
            ("members[value eq \"n\" and $ref eq \"https://x/Groups/n\"]", true),
        ] {
            let filter = filter::parse(text, &GROUP).expect("a filter");
            assert_eq!(filter::matches(&filter, &group, &GROUP), expected, "{text}");
        }
        assert_eq!(edges.groups_of("u"), ["g", "h"]);
        assert_eq!(edges.groups_of("x"), [""; 0]);
    }
}
