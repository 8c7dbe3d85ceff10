//! Who belongs to a group, case by case.

use serde_json::json;

use super::objects::{add_group, add_user, claim, group_spec, put, resource, user_spec};
use super::*;
use crate::rules::naming::GROUP_NAME;

/// A group with two users and a group in it.
fn staffed() -> Index {
    let index = Index::default();
    add_group(&index, "g", "Sales", &[], 1);
    add_user(&index, "u-1", "one", &["g"], 2);
    add_user(&index, "u-2", "two", &["g"], 3);
    add_group(&index, "h", "Inner", &["g"], 4);
    index
}

fn members(index: &Index, group: &str) -> Vec<String> {
    let members = index.members(group, None);
    assert_eq!(index.member_count(group), members.len(), "{group}");
    assert_eq!(index.members_digest(group) == 0, members.is_empty(), "{group}");
    members.iter().map(|member| member.name.to_string()).collect()
}

#[test]
fn members_come_in_the_order_of_their_names_whatever_their_kind() {
    let index = staffed();
    assert_eq!(members(&index, "g"), ["h", "u-1", "u-2"]);
    assert_eq!(index.members("g", Some("h"))[0], Member { kind: Resource::User, name: "u-1".into() });
    assert_eq!(index.members("g", None)[0].kind, Resource::Group);
    assert_eq!(index.members("g", Some("u-2")), Vec::new());
}

#[test]
fn only_visible_members_count_and_they_come_back() {
    let index = staffed();
    let digest = index.members_digest("g");
    let mut spec = user_spec("one", &["g"]);
    spec["scim"]["active"] = false.into();
    put(&index, Kind::USER, "u-1", 10, &spec, WATCH);
    assert_eq!(members(&index, "g"), ["h", "u-1", "u-2"], "who is disabled stays a member");
    assert_eq!(index.members_digest("g"), digest);
    spec["deletedAt"] = "2026-01-01T00:00:00Z".into();
    put(&index, Kind::USER, "u-1", 11, &spec, WATCH);
    assert_eq!(members(&index, "g"), ["h", "u-2"], "a tombstone leaves");
    assert_ne!(index.members_digest("g"), digest);
    put(&index, Kind::USER, "u-1", 12, &user_spec("one", &["g"]), WATCH);
    assert_eq!(members(&index, "g"), ["h", "u-1", "u-2"], "who is undeleted returns");
    assert_eq!(index.members_digest("g"), digest);
    put(&index, Kind::USER, "u-1", 13, &user_spec("one", &[]), WATCH);
    assert_eq!(members(&index, "g"), ["h", "u-2"]);
    index.sweep(Kind::USER, 20, 2);
    assert_eq!(members(&index, "g"), ["h"], "whom a list does not show");
}

#[test]
fn edges_to_a_group_that_is_not_there_are_hidden_until_it_is() {
    let index = Index::default();
    add_user(&index, "u", "one", &["g", "never"], 1);
    let shown =
        || index.groups_among(&["g", "never"]).iter().map(|group| group.display_name.clone()).collect::<Vec<_>>();
    assert_eq!((members(&index, "g").len(), shown()), (0, Vec::new()));
    put(&index, Kind::GROUP, "g", 2, &group_spec("Sales", &[]), WATCH);
    assert_eq!((members(&index, "g").len(), shown()), (0, Vec::new()), "it does not own its name yet");
    add_group(&index, "g", "Sales", &[], 3);
    assert_eq!((members(&index, "g"), shown()), (vec!["u".to_owned()], vec!["Sales".to_owned()]));
    let mut deleted = group_spec("Sales", &[]);
    deleted["deletedAt"] = "2026-01-01T00:00:00Z".into();
    put(&index, Kind::GROUP, "g", 4, &deleted, WATCH);
    assert_eq!((members(&index, "g").len(), shown()), (0, Vec::new()));
    put(&index, Kind::GROUP, "g", 5, &group_spec("Sales again", &[]), WATCH);
    index.put(Kind::CLAIM, DIRECTORY, &objects::claim(crate::rules::naming::GROUP_NAME, "sales again", "g", 5), WATCH);
    assert_eq!((members(&index, "g"), shown()), (vec!["u".to_owned()], vec!["Sales again".to_owned()]));
    index.remove(Kind::GROUP, &resource("g", 6, &json!({})));
    assert_eq!((members(&index, "g").len(), shown()), (0, Vec::new()));
    assert_eq!(index.memberships(Resource::User, "u"), Vec::new());
}

#[test]
fn a_resource_shows_its_visible_groups_in_the_order_of_their_ids() {
    let index = staffed();
    add_group(&index, "a", "Another", &[], 20);
    put(&index, Kind::USER, "u-1", 21, &user_spec("one", &["a", "g", "gone"]), WATCH);
    let groups = index.memberships(Resource::User, "u-1");
    let shown: Vec<_> = groups.iter().map(|group| (&*group.group, group.display_name.as_str())).collect();
    assert_eq!(shown, [("a", "Another"), ("g", "Sales")]);
    assert_eq!(index.memberships(Resource::Group, "h").len(), 1);
    assert_eq!(index.memberships(Resource::User, "nobody"), Vec::new());
}

#[test]
fn members_come_in_batches_and_the_digest_knows_no_order() {
    let index = Index::default();
    add_group(&index, "g", "Sales", &[], 1);
    let count = 3 * MAX_BATCH + 7;
    (0..count).for_each(|number| add_user(&index, &format!("u{number:04}"), &format!("n{number}"), &["g"], 2));
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let batch = index.members("g", after.as_deref());
        assert!(batch.len() <= MAX_BATCH);
        let Some(last) = batch.last() else { break };
        after = Some(last.name.clone());
        all.extend(batch);
    }
    assert_eq!((all.len(), index.member_count("g")), (count, count));
    assert!(all.is_sorted_by(|one, next| one.name < next.name));

    let digest = index.members_digest("g");
    let name_again = |number: usize, version, groups: &[&str]| {
        let spec = user_spec(&format!("n{number}"), groups);
        put(&index, Kind::USER, &format!("u{number:04}"), version, &spec, WATCH);
    };
    (0..count).rev().for_each(|number| name_again(number, 3, &[]));
    assert_eq!(index.members_digest("g"), 0);
    (0..count).rev().for_each(|number| name_again(number, 4, &["g"]));
    assert_eq!(index.members_digest("g"), digest);
}

#[test]
fn a_user_and_a_group_of_one_name_come_in_one_batch() {
    let index = Index::default();
    add_group(&index, "g", "Sales", &[], 1);
    (0..=MAX_BATCH).for_each(|number| add_user(&index, &format!("m{number:04}"), &number.to_string(), &["g"], 2));
    let last = format!("m{:04}", MAX_BATCH - 1);
    add_group(&index, &last, "Twin", &["g"], 3);
    let first = index.members("g", None);
    assert_eq!(first.len(), MAX_BATCH - 1);
    let next = index.members("g", first.last().map(|member| &*member.name));
    let shown: Vec<_> = next.iter().map(|member| (member.kind, &*member.name)).collect();
    let end = format!("m{MAX_BATCH:04}");
    assert_eq!(shown, [(Resource::User, &*last), (Resource::Group, &*last), (Resource::User, &*end)]);
}

#[test]
fn a_group_that_names_itself_is_its_own_member() {
    let index = Index::default();
    add_group(&index, "g", "Sales", &["g", "g"], 1);
    assert_eq!(members(&index, "g"), ["g"]);
}

#[test]
fn a_person_is_a_member_by_name_or_id_of_groups_that_are_there() {
    let index = staffed();
    add_group(&index, "h-2", "sales", &[], 5);
    add_user(&index, "u-3", "three", &["h-2", "never"], 6);
    // The name "sales" is g's, so this one is not visible.
    index.put(Kind::CLAIM, DIRECTORY, &claim(GROUP_NAME, "sales", "g", 7), WATCH);
    let groups = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    for (case, person, asked, expected) in [
        ("by name", "u-1", groups(&["Sales"]), true),
        ("in another letter case", "u-1", groups(&["SALES"]), true),
        ("by id", "u-1", groups(&["g"]), true),
        ("one of several", "u-1", groups(&["nobody", "sales"]), true),
        ("of the group of its group", "u-1", groups(&["Inner"]), false),
        ("of a group that does not own its name", "u-3", groups(&["sales", "h-2"]), false),
        ("of a group that is not there", "u-3", groups(&["never"]), false),
        ("of none that is asked for", "u-1", groups(&[]), false),
        ("nobody", "u-9", groups(&["Sales"]), false),
    ] {
        assert_eq!(index.is_member_of_any(person, &asked), expected, "{case}");
    }
    put(&index, Kind::GROUP, "g", 9, &group_spec("Renamed", &[]), WATCH);
    assert!(!index.is_member_of_any("u-1", &groups(&["Sales"])), "a name that the group had before");
    assert_eq!(index.unknown_groups(&groups(&["inner", "h", "never", "nobody"])), ["never", "nobody"]);
}

#[test]
fn the_groups_of_a_person_come_in_one_order_on_every_replica() {
    let ids = ["c", "a", "d", "b"];
    let names = |order: &[usize]| {
        let index = Index::default();
        for (version, place) in (1..).zip(order) {
            add_group(&index, ids[*place], &ids[*place].to_uppercase(), &[], version);
            add_user(&index, &format!("other-{place}"), &format!("other-{place}"), &[ids[*place]], version);
        }
        add_user(&index, "u", "u", &ids, 20);
        let (names, more) = index.group_names("u", 3);
        (names.iter().map(ToString::to_string).collect::<Vec<_>>(), more)
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        assert_eq!(names(&order), (vec!["A".to_owned(), "B".to_owned(), "C".to_owned()], true), "{order:?}");
    }
}
