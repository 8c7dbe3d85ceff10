//! The index answers as the model does, whatever comes in whatever order.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;
use serde_json::json;

use super::model::{CREATED, Model, RESTORED_LATER};
use super::objects::{claim, claims_of};
use super::*;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::rules::naming::{Force, GROUP_EXTERNAL_ID, GROUP_NAME, LINK, USER_EXTERNAL_ID, USER_NAME, claim_name};

/// Names of users and of groups: nothing keeps the two apart.
const NAMES: &[&str] = &["n-1", "n-2", "n-3", "n-4"];
/// Groups that somebody may name; of the last there is never an object.
const GROUPS: &[&str] = &["n-1", "n-2", "n-3", "n-4", "n-never"];
/// What is claimed, and one attribute that only another version knows.
const ATTRIBUTES: &[&str] = &[
    USER_NAME,
    USER_NAME,
    GROUP_NAME,
    GROUP_NAME,
    LINK,
    USER_EXTERNAL_ID,
    GROUP_EXTERNAL_ID,
    WORK_EMAIL,
    "User.later",
];
/// When objects were deleted; the last is no time.
const DELETED_AT: &[&str] = &["2026-01-01T00:00:00Z", "2026-01-01T00:59:59.999Z", "2026-01-01T01:00:00Z", "soon"];
const VALUES: &[&str] = &["alice", "bob", "carol", "a@x", "t/o1"];

/// One step.
#[derive(Clone, Debug)]
enum Change {
    Put(Kind, Object),
    /// The object, and the claims on all that it names.
    Settle(Kind, Object),
    Remove(Kind, Object),
    Rules(IndexRules),
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.12)
}

/// What users and groups have in common: name, `memberOf`, pending, marks and status.
fn frame() -> impl Strategy<Value = Object> {
    let member_of = prop::collection::vec(one_of(GROUPS), 0..3);
    let pending = prop::option::weighted(0.15, (one_of(ATTRIBUTES), one_of(VALUES)));
    let status = prop::option::weighted(0.2, prop::sample::select(vec![json!({}), json!({ "memberCount": 1 })]));
    let deleted_at = one_of(DELETED_AT);
    (one_of(NAMES), member_of, pending, status, deleted_at, [rarely(), rarely(), rarely(), rarely(), rarely()])
        .prop_map(
            |(name, member_of, pending, status, deleted_at, [deleted, rejected, asked_back, restored, purging])| {
                let mut spec = json!({ "memberOf": member_of });
                if let Some((attribute, value)) = pending {
                    spec["pending"] = json!({ attribute: value });
                }
                if deleted {
                    spec["deletedAt"] = deleted_at.into();
                }
                if purging {
                    spec["purging"] = true.into();
                }
                if rejected {
                    spec["rejected"] = true.into();
                }
                let annotations = if asked_back { json!({ UNDELETE_ANNOTATION: "please" }) } else { json!({}) };
                let metadata = json!({
                    "name": name, "uid": "0123456789", "generation": 7, "annotations": annotations,
                    "creationTimestamp": if restored { RESTORED_LATER } else { CREATED },
                });
                json!({ "metadata": metadata, "spec": spec, "status": status }).into()
            },
        )
}

fn user() -> impl Strategy<Value = Object> {
    let spelled = prop::sample::select(vec!["alice", "Alice", "BOB", "bob", "carol"]);
    let external_id = prop::option::of(one_of(VALUES));
    let link = prop::option::weighted(0.3, prop::sample::select(vec!["o1", "O2"]));
    let email = prop::option::of(prop::sample::select(vec!["A@x", "b@X"]));
    let user_type = prop::option::of(prop::sample::select(vec!["Member", "Guest"]));
    let sessions = prop::sample::subsequence(vec!["s1", "s2"], 0..=2);
    let marks = ([rarely(), rarely(), rarely(), rarely()], sessions);
    (frame(), spelled, external_id, link, email, user_type, marks).prop_map(
        |(mut object, user_name, external_id, link, email, user_type, (marks, sessions))| {
            let [built_in, inactive, suspended, suspended_by_portal] = marks;
            let spec = &mut object["spec"];
            spec["managedBy"] = if built_in { "People" } else { "Provisioning" }.into();
            spec["scim"] = json!({
                "userName": user_name, "displayName": user_name, "active": !inactive, "meta": { "created": CREATED },
            });
            let texts = [("externalId", external_id), ("userType", user_type)];
            texts
                .iter()
                .filter_map(|(name, text)| Some((name, (*text)?)))
                .for_each(|(name, text)| spec["scim"][name] = text.into());
            if let Some(email) = email {
                spec["scim"]["emails"] = json!([{ "value": email }, { "value": email, "type": "work" }]);
            }
            if suspended {
                spec["suspended"] = true.into();
                spec["loginMethod"] = "BuiltIn".into();
            }
            if suspended_by_portal {
                spec["portalSuspension"] = json!({ "by": "n-1" });
                spec["sessionEpoch"] = 3.into();
            }
            spec["endedSessions"] = sessions.iter().map(|id| json!({ "id": id })).collect();
            if let Some(link) = link {
                spec["link"] = json!({ "tenantID": "T", "objectID": link });
            }
            object
        },
    )
}

fn group() -> impl Strategy<Value = Object> {
    let spelled = prop::sample::select(vec!["alice", "Alice", "Bob", "carol"]);
    (frame(), spelled, prop::option::of(one_of(VALUES))).prop_map(|(mut object, display_name, external_id)| {
        object["spec"]["scim"] = json!({ "displayName": display_name, "meta": { "created": CREATED } });
        if let Some(external_id) = external_id {
            object["spec"]["scim"]["externalId"] = external_id.into();
        }
        object
    })
}

fn any_claim() -> impl Strategy<Value = Object> {
    (one_of(ATTRIBUTES), one_of(VALUES), one_of(NAMES))
        .prop_map(|(attribute, value, holder)| claim(attribute, value, holder, 0))
}

fn object() -> impl Strategy<Value = (Kind, Object)> {
    prop_oneof![
        3 => user().prop_map(|object| (Kind::USER, object)),
        3 => group().prop_map(|object| (Kind::GROUP, object)),
        2 => any_claim().prop_map(|object| (Kind::CLAIM, object)),
    ]
}

fn any_rules() -> impl Strategy<Value = IndexRules> {
    let attributes = prop::sample::subsequence(vec![USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, WORK_EMAIL], 0..=3);
    (attributes, any::<bool>(), any::<bool>()).prop_map(|(attributes, in_force, listed)| {
        let force = if in_force { Force::InForce } else { Force::Claiming };
        let unique = attributes.into_iter().map(|attribute| (attribute, force)).collect();
        IndexRules { unique, built_in_users_listed: listed }
    })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => object().prop_map(|(kind, object)| Change::Put(kind, object)),
        5 => object().prop_map(|(kind, object)| Change::Settle(kind, object)),
        1 => object().prop_map(|(kind, object)| Change::Remove(kind, object)),
        1 => any_rules().prop_map(Change::Rules),
    ];
    // Some come late or twice: the watch and own writes are not in step, and events come again after a reconnection.
    prop::collection::vec((change, 1..6u32), 1..50).prop_map(|changes| {
        let dated = (0..).zip(changes).flat_map(|(number, (change, delay))| {
            let change = dated(change, number * 2 + delay);
            vec![change; 1 + usize::from(number % 5 == 0)]
        });
        dated.collect()
    })
}

fn dated(mut change: Change, version: u32) -> Change {
    if let Change::Put(_, object) | Change::Settle(_, object) | Change::Remove(_, object) = &mut change {
        object["metadata"]["resourceVersion"] = version.to_string().into();
    }
    change
}

fn put(index: &Index, model: &mut Model, kind: Kind, object: &Object) -> bool {
    index.put(kind, DIRECTORY, object, WATCH);
    let news = model.put(kind, object);
    model.note_shown();
    news
}

/// Makes a change on both sides; returns whether it was news.
fn make(index: &Index, model: &mut Model, change: Change) -> bool {
    match change {
        Change::Put(kind, object) => put(index, model, kind, &object),
        Change::Settle(kind, object) => {
            let mut news = put(index, model, kind, &object);
            if let Some(resource) = kind.resource() {
                let version = u32::try_from(version_of(&object)).expect("a small version");
                for claim in claims_of(resource, &object, &model.rules, version) {
                    news |= put(index, model, Kind::CLAIM, &claim);
                }
            }
            news
        }
        Change::Remove(kind, object) => {
            index.remove(kind, &object);
            let news = model.remove(kind, &object);
            model.note_shown();
            news
        }
        Change::Rules(rules) => {
            index.set_rules(DIRECTORY, || rules.clone());
            let news = model.rules != rules;
            model.rules = rules;
            model.note_shown();
            news
        }
    }
}

fn check_kind(index: &Index, model: &Model, kind: Resource) {
    let visible = model.visible(kind);
    let (total, page) = index.page(kind, 0, MAX_BATCH);
    let expected: Vec<_> = visible.iter().map(|(name, _)| *name).collect();
    assert_eq!((total, index.visible(kind), names(&page)), (visible.len(), visible.len(), expected));
    assert_eq!(index.page(kind, 1, 2).1, page.iter().skip(1).take(2).cloned().collect::<Vec<_>>());
    assert_eq!(index.batch(kind, None), page);
    for (record, (_, object)) in page.iter().zip(visible) {
        assert_eq!(serde_json::from_slice::<Value>(&record.scim).expect("JSON"), object["spec"]["scim"]);
        assert_eq!((record.generation, record.uid), (7, *b"01234567"));
        let after = page.iter().filter(|other| other.name > record.name).cloned().collect::<Vec<_>>();
        assert_eq!(index.batch(kind, Some(&record.name)), after);
    }
    assert_eq!(index.unsettled(kind), model.unsettled(kind));
    let conflicts = conflicts(index, kind).into_iter();
    let mut conflicts: Vec<_> = conflicts.map(|it| (it.name.to_string(), it.claim_name, it.holder)).collect();
    conflicts.sort();
    assert_eq!(conflicts, model.conflicts(kind));
    let duplicates = model.duplicates(kind);
    assert_eq!(
        index.duplicate_external_ids(kind),
        (duplicates.len(), duplicates.iter().map(ToString::to_string).collect())
    );
    for value in ["alice", "Alice", "bob", "a@x", "b@x", "A@x"] {
        let by = |key: fn(String) -> LookupKey| index.candidates(kind, &key(value.to_owned()));
        let external = model.candidates(kind, |keys| keys.external_id.as_deref() == Some(value));
        assert_eq!(by(LookupKey::ExternalId), external, "externalId {value}");
        let display = model.candidates(kind, |keys| keys.display_name.as_deref() == Some(value));
        assert_eq!(by(LookupKey::DisplayName), display, "displayName {value}");
        let email = model.candidates(kind, |keys| keys.emails.iter().any(|email| email == value));
        assert_eq!(by(LookupKey::Email), email, "emails {value}");
    }
    check_tombstones(index, model, kind);
    for name in GROUPS {
        assert_eq!(index.status(kind, name), model.status(kind, name), "status of {name}");
        assert_eq!(index.memberships(kind, name), model.memberships(kind, name), "groups of {name}");
    }
}

fn check_tombstones(index: &Index, model: &Model, kind: Resource) {
    let tombstones = model.tombstones(kind);
    let subjects = index.tombstones().into_iter().filter_map(|subject| match (kind, subject) {
        (Resource::User, dirty::DirtySubject::User(name)) => Some(name),
        (Resource::Group, dirty::DirtySubject::Group(name)) => Some(name),
        _ => None,
    });
    let subjects: Vec<_> = subjects.map(|name| name.to_string()).collect();
    assert_eq!(subjects, tombstones.iter().map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>());
    let (after, until) =
        ("2026-01-01T00:00:00Z".parse().expect("a time"), "2026-01-01T01:00:00Z".parse().expect("a time"));
    let expected: Vec<_> =
        tombstones.iter().map(|(time, _)| *time).filter(|time| *time > after && *time <= until).collect();
    assert_eq!(index.deletions(kind, (after, until)), expected);
}

fn check_people(index: &Index, model: &Model) {
    for name in NAMES {
        let person = index.person(name);
        assert_eq!(person.as_ref().map(|person| person.access.clone()), model.person(name), "access of {name}");
        let Some(person) = person else { continue };
        let object = &model.users[*name];
        assert_eq!(person.session_epoch, object.session_epoch(), "{name}");
        assert!(person.ended_sessions.iter().map(|id| &**id).eq(object.ended_sessions()), "{name}");
        assert_eq!(serde_json::from_slice::<Value>(&person.scim).expect("JSON"), object["spec"]["scim"]);
        let memberships = model.memberships(Resource::User, name);
        let named: Vec<Arc<str>> = memberships.iter().map(|group| group.display_name.as_str().into()).collect();
        for max in 0..3 {
            let first = named.iter().take(max).cloned().collect();
            assert_eq!(index.group_names(name, max), (first, named.len() > max), "groups of {name}");
        }
        for group in GROUPS.iter().chain(&["alice", "ALICE", "bob", "nobody"]) {
            let is_it = |known: &Membership| *known.group == **group || known.display_name.eq_ignore_ascii_case(group);
            let asked = ["nobody".to_owned(), (*group).to_owned()];
            assert_eq!(index.is_member_of_any(name, &asked), memberships.iter().any(is_it), "{name} in {group}");
        }
        assert!(!index.is_member_of_any(name, &[]));
    }
}

fn check(index: &Index, model: &Model, digests: &mut BTreeMap<u64, Vec<Member>>) {
    check_kind(index, model, Resource::User);
    check_kind(index, model, Resource::Group);
    check_people(index, model);
    assert_eq!(index.dead_claims(), model.dead_claims());
    for (attribute, value) in ATTRIBUTES.iter().flat_map(|attribute| VALUES.iter().map(move |value| (attribute, value)))
    {
        let name = claim_name(DIRECTORY, attribute, value);
        assert_eq!(index.live_holder(&name).as_deref(), model.live_holder(&name), "{attribute} {value}");
        for kind in Resource::ALL {
            let naming: BTreeSet<_> = index.naming(kind, &name).into_iter().collect();
            let expected = model.naming(kind, &name).into_iter().map(str::to_owned).collect();
            assert_eq!(naming, expected, "who names {attribute} {value}");
        }
    }
    let remaining = Remaining { users: model.users.len(), groups: model.groups.len(), claims: model.claims.len() };
    assert_eq!(
        (index.remaining(), index.some_remaining(&HashSet::new(), 1).is_empty()),
        (remaining, remaining.is_empty())
    );
    for group in GROUPS {
        let naming = index.naming_group(group).into_iter();
        let naming: BTreeSet<_> =
            naming.map(|member| (Kind::of(member.kind).plural, member.name.to_string())).collect();
        let expected = model.naming_group(group).into_iter().map(|(kind, name)| (kind, name.to_owned())).collect();
        assert_eq!(naming, expected, "who names {group}");
        let members = model.members(group);
        assert_eq!(
            (index.members(group, None), index.member_count(group)),
            (members.clone(), members.len()),
            "{group}"
        );
        for member in &members {
            let after: Vec<_> = members.iter().filter(|other| other.name > member.name).cloned().collect();
            assert_eq!(index.members(group, Some(&member.name)), after, "{group} after {member:?}");
        }
        let same = digests.entry(index.members_digest(group)).or_insert_with(|| members.clone());
        assert_eq!(*same, members, "one digest of two sets");
        assert_eq!(digests.values().filter(|set| **set == members).count(), 1, "two digests of one set");
    }
    assert_eq!(index.active_users(), model.active_users());
}

/// All that somebody may decide by: of each object, and which claims are dead.
fn seen(index: &Index) -> BTreeMap<dirty::DirtySubject, String> {
    let mut seen = BTreeMap::new();
    for (kind, name) in Resource::ALL.into_iter().flat_map(|kind| NAMES.iter().map(move |name| (kind, *name))) {
        let object =
            (index.record(kind, name), index.status(kind, name), index.upkeep(kind, name), index.tombstone(kind, name));
        let members = (kind == Resource::Group).then(|| (index.members_digest(name), index.member_count(name)));
        let person = index.person(name).filter(|_| kind == Resource::User);
        let view = (object, index.is_visible(kind, name), index.conflicts_of(kind, name), members, person);
        seen.insert(dirty::DirtySubject::of(kind, &name.into()), format!("{view:?}"));
    }
    let dead = index.dead_claims().into_iter();
    seen.extend(dead.map(|name| (dirty::DirtySubject::Claim(name.into()), String::new())));
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn it_answers_as_one_who_keeps_everything(changes in changes()) {
        let ((index, subscription), mut model, mut digests) = (told(), Model::default(), BTreeMap::new());
        let mut before = seen(&index);
        for change in changes {
            let news = make(&index, &mut model, change.clone());
            check(&index, &model, &mut digests);
            let after = seen(&index);
            let dirty: BTreeSet<_> = std::iter::from_fn(|| subscription.take(std::time::Instant::now())).map(|taken| taken.name.subject).collect();
            for (subject, _) in after.iter().filter(|(subject, now)| before.get(*subject) != Some(*now)) {
                prop_assert!(dirty.contains(subject), "{:?} changed, and nobody was told of it: {:?}", subject, change);
            }
            prop_assert!(news || dirty.is_empty(), "{:?} brought nothing: {:?}", change, dirty);
            before = after;
        }
    }
}
