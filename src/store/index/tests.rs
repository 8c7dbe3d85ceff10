//! The index against a model that keeps whole objects and looks through all of them at each question.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::rules::naming::{self, ClaimedValue, LINK, Resource, USER_NAME, claim_name, index_keys};
use crate::store::undelete::UNDELETE_ANNOTATION;

fn claimed_values(spec: &Value) -> Vec<ClaimedValue> {
    naming::claimed_values(Resource::User, spec, &UniqueRules::default())
}

const DIRECTORY: &str = "staff";
const WATCH: Origin<'_> = Origin::Watch(1);

/// The last known state of each object, by name.
#[derive(Default)]
struct Model {
    people: BTreeMap<String, Value>,
    claims: BTreeMap<String, Value>,
}

impl Model {
    fn put(objects: &mut BTreeMap<String, Value>, object: &Value) {
        let name = name_of(object);
        if objects.get(&name).is_none_or(|known| version_of(known) < version_of(object)) {
            objects.insert(name, object.clone());
        }
    }

    fn remove(objects: &mut BTreeMap<String, Value>, object: &Value) {
        if objects.get(&name_of(object)).is_some_and(|known| version_of(known) <= version_of(object)) {
            objects.remove(&name_of(object));
        }
    }

    fn owns(&self, name: &str, attribute: &str, value: &str) -> bool {
        self.claims.get(&claim_name(DIRECTORY, attribute, value)).is_some_and(|claim| claim["spec"]["holder"] == name)
    }

    fn visible(&self) -> Vec<&str> {
        let visible = self.people.iter().filter(|(name, person)| {
            let spec = &person["spec"];
            let owns_name = claimed_values(spec)
                .iter()
                .any(|value| value.attribute == USER_NAME && self.owns(name, &value.attribute, &value.value));
            owns_name && spec["deletedAt"].is_null() && spec["rejected"] != true && spec["managedBy"] == "Provisioning"
        });
        visible.map(|(name, _)| name.as_str()).collect()
    }

    fn unsettled(&self) -> Vec<&str> {
        let unsettled = self.people.iter().filter(|(name, person)| {
            let spec = &person["spec"];
            let lacks = claimed_values(spec).iter().any(|value| !self.owns(name, &value.attribute, &value.value));
            let deleted = !spec["deletedAt"].is_null();
            spec["rejected"] == true
                || spec["pending"].as_object().is_some_and(|pending| !pending.is_empty())
                || (deleted && !person["metadata"]["annotations"][UNDELETE_ANNOTATION].is_null())
                || (!deleted && lacks)
        });
        unsettled.map(|(name, _)| name.as_str()).collect()
    }

    /// `live` of the claim protocol, word for word, and the holder.
    fn live_holder(&self, claim: &str) -> Option<&str> {
        let claim = &self.claims.get(claim)?["spec"];
        let (holder, person) = self.people.get_key_value(claim["holder"].as_str()?)?;
        let (attribute, value) = (claim["attribute"].as_str()?, claim["value"].as_str()?);
        let pending = person["spec"]["pending"][attribute] == value;
        let committed = person["spec"]["deletedAt"].is_null()
            && claimed_values(&person["spec"]).iter().any(|it| it.attribute == attribute && it.value == value);
        (pending || committed).then_some(holder)
    }

    fn dead_claims(&self) -> Vec<&str> {
        let known = |claim: &Value| [USER_NAME, LINK].map(Value::from).contains(&claim["spec"]["attribute"]);
        let claims = self.claims.iter().filter(|(_, claim)| known(claim));
        claims.map(|(name, _)| name.as_str()).filter(|name| self.live_holder(name).is_none()).collect()
    }

    fn candidates(&self, matches: impl Fn(&crate::rules::naming::IndexKeys) -> bool) -> Vec<&str> {
        let mut visible = self.visible();
        visible.retain(|name| matches(&index_keys(&self.people[*name]["spec"]["scim"])));
        visible
    }
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().expect("a name").to_owned()
}

/// One step: a state of an object, or its end.
#[derive(Clone, Debug)]
enum Change {
    Put { person: bool, object: Value },
    Remove { person: bool, object: Value },
}

fn user_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["alice", "bob", "carol"])
}

fn holder() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["u-1", "u-2", "u-3", "u-4", "u-5"])
}

fn rarely() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.15)
}

fn person() -> impl Strategy<Value = Value> {
    let spelled = prop::sample::select(vec!["alice", "Alice", "BOB", "bob", "carol"]);
    let link = prop::option::weighted(0.3, prop::sample::select(vec!["o1", "O2"]));
    let pending = prop::option::weighted(0.2, (prop::sample::select(vec![USER_NAME, LINK]), user_name()));
    let email = prop::option::of(prop::sample::select(vec!["A@x", "b@X"]));
    (holder(), spelled, link, pending, email, [rarely(), rarely(), rarely(), rarely()], 1..60u32).prop_map(
        |(name, user_name, link, pending, email, [deleted, rejected, asked_back, built_in], version)| {
            let mut spec = json!({
                "directoryRef": { "name": DIRECTORY },
                "managedBy": if built_in { "People" } else { "Provisioning" },
                "scim": { "userName": user_name, "displayName": user_name, "externalId": user_name, "n": version },
            });
            if let Some(email) = email {
                spec["scim"]["emails"] = json!([{ "value": email }, { "value": email, "type": "work" }]);
            }
            if let Some(link) = link {
                spec["link"] = json!({ "tenantID": "T", "objectID": link });
            }
            if let Some((attribute, value)) = pending {
                spec["pending"] = json!({ attribute: value });
            }
            if deleted {
                spec["deletedAt"] = "2026-01-01T00:00:00Z".into();
            }
            if rejected {
                spec["rejected"] = true.into();
            }
            let annotations = if asked_back { json!({ UNDELETE_ANNOTATION: "please" }) } else { json!({}) };
            let metadata = json!({ "name": name, "uid": "0123456789", "generation": version, "annotations": annotations,
                "resourceVersion": version.to_string() });
            json!({ "metadata": metadata, "spec": spec })
        },
    )
}

fn claim() -> impl Strategy<Value = Value> {
    let attribute = prop::sample::select(vec![USER_NAME, USER_NAME, USER_NAME, LINK, "User.later"]);
    let value = prop::sample::select(vec!["alice", "bob", "carol", "t/o1", "t/o2"]);
    (attribute, value, holder(), 1..60u32).prop_map(|(attribute, value, holder, version)| {
        let name = claim_name(DIRECTORY, attribute, value);
        json!({
            "metadata": { "name": name, "resourceVersion": version.to_string() },
            "spec": { "directoryRef": { "name": DIRECTORY }, "attribute": attribute, "value": value, "holder": holder },
        })
    })
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        5 => person().prop_map(|object| Change::Put { person: true, object }),
        5 => claim().prop_map(|object| Change::Put { person: false, object }),
        1 => person().prop_map(|object| Change::Remove { person: true, object }),
        1 => claim().prop_map(|object| Change::Remove { person: false, object }),
    ];
    // Some of them twice: events come again after a reconnection.
    prop::collection::vec(change, 1..60).prop_map(|changes| {
        changes
            .into_iter()
            .enumerate()
            .flat_map(|(number, change)| vec![change; 1 + usize::from(number % 5 == 0)])
            .collect()
    })
}

fn check(index: &Index, model: &Model) {
    let names = |records: &[Record]| records.iter().map(|record| record.name.to_string()).collect::<Vec<_>>();
    let visible = model.visible();
    let (total, page) = index.page(Kind::User, 0, MAX_BATCH);
    assert_eq!((total, index.visible(Kind::User), names(&page)), (visible.len(), visible.len(), to_owned(&visible)));
    assert_eq!(index.page(Kind::User, 1, 2).1, page.iter().skip(1).take(2).cloned().collect::<Vec<_>>());
    assert_eq!(index.batch(Kind::User, None), page);
    for record in &page {
        let person = &model.people[&*record.name];
        assert_eq!(serde_json::from_slice::<Value>(&record.scim).expect("JSON"), person["spec"]["scim"]);
        assert_eq!(
            (record.generation, record.uid),
            (person["metadata"]["generation"].as_i64().expect("one"), *b"01234567")
        );
        let after = page.iter().filter(|other| other.name > record.name).cloned().collect::<Vec<_>>();
        assert_eq!(index.batch(Kind::User, Some(&record.name)), after);
    }
    assert_eq!(index.unsettled(Kind::User), model.unsettled());
    assert_eq!(index.dead_claims(), model.dead_claims());
    for (attribute, value) in [(USER_NAME, "alice"), (USER_NAME, "bob"), (LINK, "t/o1"), (LINK, "t/o2"), (LINK, "bob")]
    {
        let name = claim_name(DIRECTORY, attribute, value);
        assert_eq!(index.live_holder(&name).as_deref(), model.live_holder(&name), "{attribute} {value}");
    }
    for value in ["alice", "Alice", "bob", "a@x", "b@x", "A@x"] {
        let by = |key: fn(String) -> LookupKey| index.candidates(Kind::User, &key(value.to_owned()));
        let external = model.candidates(|keys| keys.external_id.as_deref() == Some(value));
        assert_eq!(by(LookupKey::ExternalId), external, "externalId {value}");
        let display = model.candidates(|keys| keys.display_name.as_deref() == Some(value));
        assert_eq!(by(LookupKey::DisplayName), display, "displayName {value}");
        let email = model.candidates(|keys| keys.emails.iter().any(|email| email == value));
        assert_eq!(by(LookupKey::Email), email, "emails {value}");
    }
}

fn to_owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn it_answers_as_one_who_keeps_everything(changes in changes()) {
        let (index, mut model) = (Index::default(), Model::default());
        for change in changes {
            match change {
                Change::Put { person: true, object } => {
                    index.put(Kind::User, DIRECTORY, &object, WATCH);
                    Model::put(&mut model.people, &object);
                }
                Change::Put { person: false, object } => {
                    index.put_claim(&object, WATCH);
                    Model::put(&mut model.claims, &object);
                }
                Change::Remove { person: true, object } => {
                    index.remove(Kind::User, &object);
                    Model::remove(&mut model.people, &object);
                }
                Change::Remove { person: false, object } => {
                    index.remove_claim(&object);
                    Model::remove(&mut model.claims, &object);
                }
            }
            check(&index, &model);
        }
    }
}

fn add(index: &Index, name: &str, user_name: &str, version: u32, origin: Origin<'_>) {
    let version = version.to_string();
    let metadata = json!({ "name": name, "resourceVersion": version });
    let scim = json!({ "userName": user_name, "displayName": "Same" });
    let spec = json!({ "managedBy": "Provisioning", "scim": scim });
    index.put(Kind::User, DIRECTORY, &json!({ "metadata": metadata, "spec": spec }), origin);
    let claim = claim_name(DIRECTORY, USER_NAME, user_name);
    let spec = json!({ "attribute": USER_NAME, "value": user_name, "holder": name });
    let metadata = json!({ "name": claim, "resourceVersion": version });
    index.put_claim(&json!({ "metadata": metadata, "spec": spec }), origin);
}

#[test]
fn no_call_copies_more_than_its_bound() {
    let index = Index::default();
    (0..500).for_each(|number| add(&index, &format!("u{number:03}"), &format!("n{number}"), 1, WATCH));
    let (total, page) = index.page(Kind::User, 100, usize::MAX);
    assert_eq!((total, page.len(), &*page[0].name), (500, MAX_BATCH, "u100"));
    assert_eq!(index.page(Kind::User, 499, 10).1.len(), 1);
    assert_eq!(index.page(Kind::User, 500, 10), (500, Vec::new()));
    assert_eq!(index.page(Kind::User, usize::MAX, 10), (500, Vec::new()));
    assert_eq!(index.page(Kind::User, 0, 0), (500, Vec::new()));
    assert_eq!(index.batch(Kind::User, Some("u299")).len(), MAX_BATCH);
    assert_eq!(index.batch(Kind::User, Some("u499")), Vec::new());
    let candidates = index.candidates(Kind::User, &LookupKey::DisplayName("same".to_owned()));
    assert_eq!((candidates.len(), candidates[0].as_str()), (MAX_BATCH, "u000"));
}

#[test]
fn a_list_removes_whom_it_does_not_show() {
    let index = Index::default();
    add(&index, "u-gone", "gone", 1, Origin::Watch(1));
    add(&index, "u-listed", "listed", 1, Origin::Watch(1));
    add(&index, "u-listed", "listed", 1, Origin::Watch(2));
    add(&index, "u-written-after", "after", 9, Origin::Own(&|| 0));
    add(&index, "u-written-before", "before", 5, Origin::Own(&|| 0));
    index.sweep(Kind::User, 5, 2);
    let names = || index.page(Kind::User, 0, 10).1.iter().map(|record| record.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(), ["u-listed", "u-written-after"]);
    assert_eq!(index.dead_claims().len(), 2, "claims of those who are gone");
    index.sweep_claims(5, 2);
    assert_eq!(index.dead_claims(), Vec::<String>::new());
    assert_eq!(names(), ["u-listed", "u-written-after"]);
}

#[test]
fn an_own_write_to_somebody_who_is_gone_by_now_brings_nobody_back() {
    let index = Index::default();
    add(&index, "u-1", "alice", 5, Origin::Own(&|| 7));
    assert_eq!((index.visible(Kind::User), index.unsettled(Kind::User)), (0, Vec::new()));
    add(&index, "u-1", "alice", 5, Origin::Own(&|| 4));
    assert_eq!(index.visible(Kind::User), 1);
}

#[test]
fn only_digests_are_names_of_claims() {
    let name = claim_name(DIRECTORY, USER_NAME, "alice");
    assert_eq!(ClaimId::parse(&name).map(ClaimId::name), Some(name.clone()));
    let (short, long) = (&name[..41], format!("{name}0"));
    for other in ["", "c-", "alice", short, &long, &name.replace("c-", "d-"), &name.replace(&name[5..6], "z")] {
        assert_eq!(ClaimId::parse(other), None, "{other}");
    }
}
