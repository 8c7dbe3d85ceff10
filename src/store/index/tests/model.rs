//! A model that keeps whole objects and looks through all of them at each question.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;
use crate::rules::access::{Person, person};
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::rules::naming::{
    ClaimedValue, Force, GROUP_NAME, IndexKeys, LINK, USER_NAME, claim_name, claimed_values, index_keys,
};

/// When the objects of a restore were stored; they were created in [`CREATED`].
pub(super) const RESTORED_LATER: &str = "2026-01-01T00:05:00Z";
pub(super) const CREATED: &str = "2026-01-01T00:00:00Z";

pub(super) type Objects = BTreeMap<String, Object>;

/// The last known state of each object, by name.
#[derive(Default)]
pub(super) struct Model {
    pub(super) users: Objects,
    pub(super) groups: Objects,
    pub(super) claims: Objects,
    pub(super) rules: IndexRules,
    /// Who was visible at some time since the object came.
    pub(super) was_shown: BTreeSet<(&'static str, String)>,
}

impl Model {
    pub(super) fn objects(&mut self, kind: Kind) -> &mut Objects {
        match kind {
            Kind::USER => &mut self.users,
            Kind::GROUP => &mut self.groups,
            _ => &mut self.claims,
        }
    }

    fn of(&self, kind: Resource) -> &Objects {
        if kind == Resource::User { &self.users } else { &self.groups }
    }

    /// Whether it was news.
    pub(super) fn put(&mut self, kind: Kind, object: &Object) -> bool {
        let (name, objects) = (name_of(object), self.objects(kind));
        let news = objects.get(&name).is_none_or(|known| version_of(known) < version_of(object));
        if news {
            objects.insert(name, object.clone());
        }
        news
    }

    /// Whether it was news.
    pub(super) fn remove(&mut self, kind: Kind, object: &Object) -> bool {
        let (name, objects) = (name_of(object), self.objects(kind));
        let news = objects.get(&name).is_some_and(|known| version_of(known) <= version_of(object));
        if news {
            objects.remove(&name);
            self.was_shown.remove(&(kind.plural, name));
        }
        news
    }

    /// Notes who is visible now.
    pub(super) fn note_shown(&mut self) {
        for kind in Resource::ALL {
            let shown: Vec<_> = self.visible(kind).into_iter().map(|(name, _)| name.to_owned()).collect();
            self.was_shown.extend(shown.into_iter().map(|name| (Kind::of(kind).plural, name)));
        }
    }

    /// Whether somebody may rely on an object without its claims.
    fn is_relied_on(&self, kind: Resource, name: &str, object: &Object) -> bool {
        let is_restored = object["metadata"]["creationTimestamp"] == RESTORED_LATER;
        object["spec"]["managedBy"] == "People"
            || !object.member_of().is_empty()
            || is_restored
            || self.was_shown.contains(&(Kind::of(kind).plural, name.to_owned()))
    }

    /// The living objects that name a value as committed, with the claim on it or without.
    pub(super) fn naming(&self, kind: Resource, claim: &str) -> BTreeSet<&str> {
        let unowned = self.of(kind).iter().filter(|(name, object)| {
            let spec = &object["spec"];
            let names = |value: &ClaimedValue| {
                claim_name(DIRECTORY, &value.attribute, &value.value) == claim && !self.owns(kind, name, value)
            };
            let is_living = spec["deletedAt"].is_null() && spec["rejected"] != true;
            is_living && self.values(kind, object).iter().any(names)
        });
        let holder = self.live_holder(claim).filter(|_| self.claims.get(claim).is_some_and(|it| kind_of(it) == kind));
        holder.into_iter().chain(unowned.map(|(name, _)| name.as_str())).collect()
    }

    fn values(&self, kind: Resource, object: &Object) -> Vec<ClaimedValue> {
        claimed_values(kind, &object["spec"], &self.rules.unique)
    }

    fn owns(&self, kind: Resource, name: &str, value: &ClaimedValue) -> bool {
        let claim = self.claims.get(&claim_name(DIRECTORY, &value.attribute, &value.value));
        claim.is_some_and(|claim| claim["spec"]["holder"] == name && kind_of(claim) == kind)
    }

    /// The visible objects of a kind.
    pub(super) fn visible(&self, kind: Resource) -> Vec<(&str, &Object)> {
        let visible = self.of(kind).iter().filter(|(name, object)| {
            let spec = &object["spec"];
            let values = self.values(kind, object);
            let name_value = values.iter().find(|value| value.attribute == kind.name_attribute());
            let listed = kind == Resource::Group
                || spec["managedBy"] == "Provisioning"
                || (spec["managedBy"] == "People" && self.rules.built_in_users_listed);
            let is_free = |value: &ClaimedValue| {
                self.live_holder(&claim_name(DIRECTORY, &value.attribute, &value.value)).is_none()
            };
            let is_seen = |value: &ClaimedValue| {
                self.owns(kind, name, value) || self.is_relied_on(kind, name, object) && is_free(value)
            };
            name_value.is_some_and(is_seen) && spec["deletedAt"].is_null() && spec["rejected"] != true && listed
        });
        visible.map(|(name, object)| (name.as_str(), object)).collect()
    }

    pub(super) fn unsettled(&self, kind: Resource) -> Vec<&str> {
        let unsettled = self.of(kind).iter().filter(|(name, object)| {
            let spec = &object["spec"];
            let lacks = self.values(kind, object).iter().any(|value| !self.owns(kind, name, value));
            let deleted = !spec["deletedAt"].is_null();
            let asked_back = !object["metadata"]["annotations"][UNDELETE_ANNOTATION].is_null();
            spec["rejected"] == true
                || spec["pending"].as_object().is_some_and(|pending| !pending.is_empty())
                || (deleted && asked_back && spec["purging"] != true)
                || (!deleted && lacks)
        });
        unsettled.map(|(name, _)| name.as_str()).collect()
    }

    /// Name, claim and holder.
    pub(super) fn conflicts(&self, kind: Resource) -> Vec<(String, String, Option<String>)> {
        let mut conflicts = Vec::new();
        for (name, object) in self.of(kind) {
            let spec = &object["spec"];
            let pending = spec["pending"].as_object().is_some_and(|pending| !pending.is_empty());
            let deleted = !spec["deletedAt"].is_null();
            let asked_back =
                deleted && spec["purging"] != true && !object["metadata"]["annotations"][UNDELETE_ANNOTATION].is_null();
            if pending || deleted && !asked_back || spec["rejected"] == true {
                continue;
            }
            let is_always_claimed = |attribute: &str| attribute == LINK || attribute == kind.name_attribute();
            for value in self.values(kind, object).iter().filter(|value| !self.owns(kind, name, value)) {
                let claim = claim_name(DIRECTORY, &value.attribute, &value.value);
                let holder = self.live_holder(&claim).map(str::to_owned);
                let force = self.rules.unique.force(&value.attribute);
                // A tombstone comes back without what a rule on its way asks for, and takes what nobody has.
                if asked_back
                    && (holder.is_none() || !is_always_claimed(&value.attribute) && force != Some(Force::InForce))
                {
                    continue;
                }
                conflicts.push((name.clone(), claim, holder));
            }
        }
        conflicts.sort();
        conflicts
    }

    /// `live` of the claim protocol, word for word, and the holder; of attributes that no rule is about, what is pending.
    pub(super) fn live_holder(&self, claim: &str) -> Option<&str> {
        let claim = self.claims.get(claim)?;
        let kind = kind_of(claim);
        let claim = &claim["spec"];
        let (holder, object) = self.of(kind).get_key_value(claim["holder"].as_str()?)?;
        let (attribute, value) = (claim["attribute"].as_str()?, claim["value"].as_str()?);
        let pending = object["spec"]["pending"][attribute] == value;
        let committed = object["spec"]["deletedAt"].is_null()
            && self.values(kind, object).iter().any(|it| it.attribute == attribute && it.value == value);
        (pending || committed).then_some(holder)
    }

    pub(super) fn dead_claims(&self) -> Vec<&str> {
        let judged = |claim: &Object| {
            let attribute = claim["spec"]["attribute"].as_str().unwrap_or_default();
            [USER_NAME, GROUP_NAME, LINK].contains(&attribute) || self.rules.unique.force(attribute).is_some()
        };
        let claims = self.claims.iter().filter(|(_, claim)| judged(claim));
        claims.map(|(name, _)| name.as_str()).filter(|name| self.live_holder(name).is_none()).collect()
    }

    pub(super) fn candidates(&self, kind: Resource, matches: impl Fn(&IndexKeys) -> bool) -> Vec<&str> {
        let visible = self.visible(kind).into_iter();
        visible.filter(|(_, object)| matches(&index_keys(&object["spec"]["scim"]))).map(|(name, _)| name).collect()
    }

    pub(super) fn duplicates(&self, kind: Resource) -> Vec<&str> {
        let visible = self.visible(kind);
        let id = |object: &Object| object["spec"]["scim"]["externalId"].as_str().map(str::to_owned);
        let shared = visible.iter().filter(|(name, object)| {
            id(object).is_some() && visible.iter().any(|(other, it)| other != name && id(it) == id(object))
        });
        shared.map(|(name, _)| *name).collect()
    }

    /// When the deleted objects of a kind were deleted, the oldest first.
    pub(super) fn tombstones(&self, kind: Resource) -> Vec<(Timestamp, &str)> {
        let deleted = self.of(kind).iter().filter_map(|(name, object)| Some((object.deleted_at()?, name.as_str())));
        let mut deleted: Vec<_> = deleted.collect();
        deleted.sort_unstable();
        deleted
    }

    /// The objects that name a group, visible or not.
    pub(super) fn naming_group(&self, group: &str) -> BTreeSet<(&'static str, &str)> {
        let of_kind = |kind: Resource| {
            let naming = self.of(kind).iter().filter(|(_, object)| object.member_of().contains(&group));
            naming.map(move |(name, _)| (Kind::of(kind).plural, name.as_str()))
        };
        Resource::ALL.into_iter().flat_map(of_kind).collect()
    }

    fn shows_group(&self, group: &str) -> bool {
        self.visible(Resource::Group).iter().any(|(name, _)| *name == group)
    }

    pub(super) fn members(&self, group: &str) -> Vec<Member> {
        if !self.shows_group(group) {
            return Vec::new();
        }
        let mut members = Vec::new();
        for kind in Resource::ALL {
            let visible = self.visible(kind).into_iter();
            let inside = visible.filter(|(_, object)| object.member_of().contains(&group));
            members.extend(inside.map(|(name, _)| Member { kind, name: name.into() }));
        }
        members.sort_by_key(|member| (member.name.clone(), member.kind == Resource::Group));
        members
    }

    pub(super) fn memberships(&self, kind: Resource, name: &str) -> Vec<Membership> {
        let Some(object) = self.of(kind).get(name) else { return Vec::new() };
        let mut ids = object.member_of();
        ids.sort_unstable();
        ids.dedup();
        let display_name = |id: &str| self.groups[id]["spec"]["scim"]["displayName"].as_str().map(str::to_owned);
        let shown = ids.into_iter().filter(|id| self.shows_group(id));
        shown.map(|id| Membership { group: id.into(), display_name: display_name(id).expect("a name") }).collect()
    }

    /// What decides about the access of a user. Whether it owns its values, nobody asks of what is deleted or rejected.
    pub(super) fn person(&self, name: &str) -> Option<Person> {
        let object = self.users.get(name)?;
        let values = claimed_values(Resource::User, object.spec(), &self.rules.unique.in_force());
        let is_asked = !object.is_deleted() && !object.is_rejected();
        let owns = values.iter().all(|value| self.owns(Resource::User, name, value));
        Some(person(object, !is_asked || owns))
    }

    pub(super) fn active_users(&self) -> BTreeMap<Option<Arc<str>>, usize> {
        let mut counts = BTreeMap::new();
        for (_, user) in self.visible(Resource::User) {
            let scim = &user["spec"]["scim"];
            if scim["active"] == true {
                *counts.entry(scim["userType"].as_str().map(Arc::from)).or_default() += 1;
            }
        }
        counts
    }

    pub(super) fn status(&self, kind: Resource, name: &str) -> Option<Value> {
        let status = self.of(kind).get(name)?["status"].clone();
        (!status.is_null() && status != json!({})).then_some(status)
    }
}

pub(super) fn name_of(object: &Object) -> String {
    object["metadata"]["name"].as_str().expect("a name").to_owned()
}

fn kind_of(claim: &Object) -> Resource {
    let attribute = claim["spec"]["attribute"].as_str().unwrap_or_default();
    if attribute.starts_with("Group.") { Resource::Group } else { Resource::User }
}
