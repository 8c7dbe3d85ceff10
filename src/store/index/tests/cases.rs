//! Bounds, sweeps and counts, case by case.

use serde_json::json;

use super::objects::{add_group, add_user, claim, put, user_spec};
use super::*;
use crate::rules::naming::{USER_NAME, claim_name};

fn add(index: &Index, name: &str, user_name: &str, version: u32, origin: Origin<'_>) {
    put(index, Kind::USER, name, version, &user_spec(user_name, &[]), origin);
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_NAME, user_name, name, version), origin);
}

#[test]
fn no_call_copies_more_than_its_bound() {
    let index = Index::default();
    (0..500).for_each(|number| add(&index, &format!("u{number:03}"), &format!("n{number}"), 1, WATCH));
    let (total, page) = index.page(Resource::User, 100, usize::MAX);
    assert_eq!((total, page.len(), &*page[0].name), (500, MAX_BATCH, "u100"));
    assert_eq!(index.page(Resource::User, 499, 10).1.len(), 1);
    assert_eq!(index.page(Resource::User, 500, 10), (500, Vec::new()));
    assert_eq!(index.page(Resource::User, usize::MAX, 10), (500, Vec::new()));
    assert_eq!(index.page(Resource::User, 0, 0), (500, Vec::new()));
    assert_eq!(index.batch(Resource::User, Some("u299")).len(), MAX_BATCH);
    assert_eq!(index.batch(Resource::User, Some("u499")), Vec::new());
    let candidates = index.candidates(Resource::User, &LookupKey::DisplayName("same".to_owned()));
    assert_eq!((candidates.len(), candidates[0].as_str()), (MAX_BATCH, "u000"));
}

#[test]
fn an_object_in_conflict_shows_every_value_that_it_lacks_and_who_has_it() {
    let index = Index::default();
    let wants = |number: usize| {
        json!({ "managedBy": "Provisioning", "scim": { "userName": format!("n{number}") },
        "link": { "tenantID": "t", "objectID": number.to_string() } })
    };
    let count = MAX_BATCH + 1;
    (0..count).for_each(|number| put(&index, Kind::USER, &format!("u{number:03}"), 1, &wants(number), WATCH));
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_NAME, "n0", "somebody-unknown", 2), WATCH);
    let all = conflicts(&index, Resource::User);
    assert_eq!(all.len(), 2 * count);
    assert!(all.iter().all(|conflict| conflict.holder.is_none()), "a holder that nobody knows has nothing");

    add(&index, "v", "n1", 3, WATCH);
    let conflicts = index.conflicts_of(Resource::User, "u001");
    let expected = UnownedValue {
        name: "u001".into(),
        claim_name: claim_name(DIRECTORY, USER_NAME, "n1"),
        holder: Some("v".into()),
    };
    assert_eq!((conflicts.len(), &conflicts[0]), (2, &expected));
    assert_eq!(index.conflicts_of(Resource::User, "v"), []);
}

#[test]
fn who_shares_an_external_id_is_counted_and_a_few_are_named() {
    let index = Index::default();
    let count = MAX_EXAMPLES + 5;
    let spec = |number: usize, external_id: &str| {
        let mut spec = user_spec(&format!("n{number}"), &[]);
        spec["scim"]["externalId"] = external_id.into();
        spec
    };
    for number in 0..count {
        add(&index, &format!("u{number:02}"), &format!("n{number}"), 1, WATCH);
        put(&index, Kind::USER, &format!("u{number:02}"), 2, &spec(number, "same"), WATCH);
        let expected = if number == 0 { 0 } else { number + 1 };
        assert_eq!(index.duplicate_external_ids(Resource::User).0, expected, "after {number}");
    }
    let (total, examples) = index.duplicate_external_ids(Resource::User);
    assert_eq!((total, examples.len(), examples[0].as_str()), (count, MAX_EXAMPLES, "u00"));
    for number in 0..count {
        put(&index, Kind::USER, &format!("u{number:02}"), 3, &spec(number, &number.to_string()), WATCH);
    }
    assert_eq!(index.duplicate_external_ids(Resource::User), (0, Vec::new()));
    assert_eq!(index.duplicate_external_ids(Resource::Group), (0, Vec::new()));
}

#[test]
fn a_list_removes_whom_it_does_not_show() {
    let index = Index::default();
    add(&index, "u-gone", "gone", 1, Origin::Watch(1));
    add(&index, "u-listed", "listed", 1, Origin::Watch(1));
    add(&index, "u-listed", "listed", 1, Origin::Watch(2));
    add(&index, "u-written-after", "after", 9, Origin::Own(&|| 0));
    add(&index, "u-written-before", "before", 5, Origin::Own(&|| 0));
    add_group(&index, "g-untouched", "Group", &[], 1);
    index.sweep(Kind::USER, 5, 2);
    assert_eq!(names(&index.page(Resource::User, 0, 10).1), ["u-listed", "u-written-after"]);
    assert_eq!(index.visible(Resource::Group), 1, "a list of users says nothing of groups");
    assert_eq!(index.dead_claims().len(), 2, "claims of those who are gone");
    index.sweep(Kind::CLAIM, 5, 2);
    assert_eq!(index.dead_claims(), Vec::<String>::new());
    assert_eq!(names(&index.page(Resource::User, 0, 10).1), ["u-listed", "u-written-after"]);
}

#[test]
fn who_was_visible_once_counts_as_known_whatever_becomes_of_the_claim() {
    let index = Index::default();
    put(&index, Kind::USER, "u-1", 1, &user_spec("alice", &[]), WATCH);
    assert!(!index.was_visible(Resource::User, "u-1"), "it never owned its name");
    add(&index, "u-1", "alice", 2, WATCH);
    assert!(index.is_visible(Resource::User, "u-1"));
    index.sweep(Kind::CLAIM, u128::MAX, u32::MAX);
    put(&index, Kind::USER, "u-1", 3, &user_spec("alice", &["g"]), WATCH);
    assert!(index.is_visible(Resource::User, "u-1"), "nobody else has the name");
    add(&index, "u-2", "alice", 4, WATCH);
    assert!(!index.is_visible(Resource::User, "u-1") && index.was_visible(Resource::User, "u-1"));
    assert!(!index.was_visible(Resource::Group, "u-1"));
}

#[test]
fn an_own_write_to_somebody_who_is_gone_by_now_brings_nobody_back() {
    let (index, dirty) = told();
    add(&index, "u-1", "alice", 5, Origin::Own(&|| 7));
    assert_eq!((index.visible(Resource::User), index.unsettled(Resource::User)), (0, Vec::new()));
    assert_eq!(dirty_names(&dirty), Vec::<String>::new());
    add(&index, "u-1", "alice", 5, Origin::Own(&|| 4));
    assert_eq!((index.visible(Resource::User), dirty_names(&dirty)), (1, vec!["u-1".to_owned()]));
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

#[test]
fn a_user_and_a_group_of_one_name_and_one_value_never_meet() {
    let index = Index::default();
    add_user(&index, "same", "sales", &[], 1);
    put(&index, Kind::GROUP, "same", 2, &objects::group_spec("sales", &[]), WATCH);
    assert_eq!(
        (index.visible(Resource::User), index.visible(Resource::Group)),
        (1, 0),
        "the user's claim is not the group's"
    );
    add_group(&index, "same", "sales", &[], 3);
    index.remove(Kind::USER, &objects::resource("same", 4, &json!({})));
    assert_eq!((index.visible(Resource::User), index.visible(Resource::Group)), (0, 1));
    assert_eq!(index.dead_claims(), [claim_name(DIRECTORY, USER_NAME, "sales")]);

    // Made by hand: the name is that of a claim on the user's value, and the attribute says that a group holds it.
    let index = Index::default();
    add_user(&index, "same", "sales", &[], 1);
    let mut forged = claim(USER_NAME, "sales", "same", 2);
    forged["spec"]["attribute"] = "Group.displayName".into();
    index.put(Kind::CLAIM, DIRECTORY, &forged, WATCH);
    assert_eq!((index.visible(Resource::User), index.unsettled(Resource::User).len()), (1, 1), "it hides nobody");
    assert_eq!(index.dead_claims().len(), 1);
}

#[test]
fn a_status_is_kept_where_there_is_one() {
    let index = Index::default();
    let status = |value: Value, version| {
        let mut object = objects::resource("g", version, &objects::group_spec("Group", &[]));
        object["status"] = value;
        index.put(Kind::GROUP, DIRECTORY, &object, WATCH);
        index.status(Resource::Group, "g").map(|status| status.to_string())
    };
    assert_eq!(status(json!({ "memberCount": 2 }), 1).as_deref(), Some(r#"{"memberCount":2}"#));
    assert_eq!(status(json!({}), 2), None);
    assert_eq!(status(Value::Null, 3), None);
    assert_eq!(index.status(Resource::User, "g"), None);
}

#[test]
fn active_users_are_counted_by_type() {
    let index = Index::default();
    let counts = || {
        let counts = index.active_users().into_iter();
        counts.map(|(user_type, count)| (user_type.map(|text| text.to_string()), count)).collect::<Vec<_>>()
    };
    let mut spec = user_spec("a", &[]);
    add(&index, "a", "a", 1, WATCH);
    add(&index, "b", "b", 1, WATCH);
    assert_eq!(counts(), [(None, 2)]);
    spec["scim"]["userType"] = "Member".into();
    put(&index, Kind::USER, "a", 2, &spec, WATCH);
    assert_eq!(counts(), [(None, 1), (Some("Member".to_owned()), 1)]);
    spec["scim"]["active"] = false.into();
    put(&index, Kind::USER, "a", 3, &spec, WATCH);
    assert_eq!(counts(), [(None, 1)]);
    index.remove(Kind::USER, &objects::resource("b", 4, &json!({})));
    assert_eq!(counts(), []);
    add_group(&index, "g", "Group", &[], 5);
    assert_eq!(counts(), [], "a group is nobody");
}

#[test]
fn an_object_without_its_claim_is_seen_if_somebody_may_rely_on_it_and_nobody_else_has_the_name() {
    let created = "2026-01-01T00:00:00Z";
    let user = |stored: &str, modified: &str, member_of: &[&str], manager: &str| {
        let mut user = objects::resource("u-1", 1, &user_spec("alice", member_of));
        user["metadata"]["creationTimestamp"] = stored.into();
        user["spec"]["managedBy"] = manager.into();
        user["spec"]["scim"]["meta"] = json!({ "created": created, "lastModified": modified });
        user
    };
    let later = "2026-01-01T00:01:00Z";
    for (case, user, expected) in [
        ("a create in progress", user(created, created, &[], "Provisioning"), false),
        ("brought back by a restore", user(later, created, &[], "Provisioning"), true),
        ("changed since", user(created, later, &[], "Provisioning"), true),
        ("a member of a group", user(created, created, &["g"], "Provisioning"), true),
        ("written by people", user(created, created, &[], "People"), true),
    ] {
        let index = Index::default();
        index.set_rules(DIRECTORY, || rules(&[], true));
        index.put(Kind::USER, DIRECTORY, &user, WATCH);
        let name = claim_name(DIRECTORY, USER_NAME, "alice");
        assert_eq!(index.is_visible(Resource::User, "u-1"), expected, "{case}");
        assert_eq!(index.naming(Resource::User, &name), ["u-1"], "{case}: it names the value all the same");
        add(&index, "u-2", "alice", 2, WATCH);
        assert!(!index.is_visible(Resource::User, "u-1"), "{case}: somebody else owns the name");
        assert_eq!(index.naming(Resource::User, &name), ["u-2", "u-1"], "{case}");
    }
}
