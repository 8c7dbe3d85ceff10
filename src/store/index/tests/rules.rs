//! What other rules of the Directory change in its index.

use std::sync::Barrier;

use serde_json::json;

use super::objects::{claim, claims_of, put, resource, user_spec};
use super::*;
use crate::rules::naming::{LINK, USER_EXTERNAL_ID, USER_NAME, claim_name};

fn set(index: &Index, rules: &IndexRules) {
    index.set_rules(DIRECTORY, || rules.clone());
}

#[test]
fn a_rule_that_is_turned_on_shows_who_lacks_its_claim_and_one_that_is_turned_off_nobody() {
    let (index, dirty) = told();
    let mut spec = user_spec("alice", &[]);
    spec["scim"]["externalId"] = "E1".into();
    spec["link"] = json!({ "tenantID": "t", "objectID": "o" });
    put(&index, Kind::USER, "u", 1, &spec, WATCH);
    for (attribute, value) in [(USER_NAME, "alice"), (LINK, "t/o")] {
        index.put(Kind::CLAIM, DIRECTORY, &claim(attribute, value, "u", 2), WATCH);
    }
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_EXTERNAL_ID, "E0", "u", 2), WATCH);
    assert_eq!((index.unsettled(Resource::User).len(), index.dead_claims().len()), (0, 0), "no rule, no question");

    let (on, off) = (rules(&[USER_EXTERNAL_ID], false), IndexRules::default());
    dirty_names(&dirty);
    set(&index, &on);
    assert_eq!(dirty_names(&dirty), ["u"]);
    assert_eq!(index.unsettled(Resource::User), ["u"]);
    let lacking = claim_name(DIRECTORY, USER_EXTERNAL_ID, "E1");
    assert_eq!(
        conflicts(&index, Resource::User),
        [UnownedValue { name: "u".into(), claim_name: lacking.clone(), holder: None }]
    );
    assert_eq!(index.dead_claims(), [claim_name(DIRECTORY, USER_EXTERNAL_ID, "E0")], "a claim from an earlier time");
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_EXTERNAL_ID, "E1", "u", 3), WATCH);
    assert_eq!((index.unsettled(Resource::User).len(), index.live_holder(&lacking).as_deref()), (0, Some("u")));
    assert_eq!(
        index.live_holder(&claim_name(DIRECTORY, LINK, "t/o")).as_deref(),
        Some("u"),
        "the link is still claimed"
    );

    set(&index, &off);
    assert_eq!((index.unsettled(Resource::User).len(), index.dead_claims().len()), (0, 0));
    assert_eq!(index.live_holder(&claim_name(DIRECTORY, LINK, "t/o")).as_deref(), Some("u"));
    dirty_names(&dirty);
    set(&index, &off);
    assert_eq!(dirty_names(&dirty), Vec::<String>::new(), "the same rules change nothing");
}

#[test]
fn built_in_users_are_visible_where_the_rules_list_them_and_their_names_are_taken_in_any_case() {
    let index = Index::default();
    let mut spec = user_spec("root", &[]);
    spec["managedBy"] = "People".into();
    put(&index, Kind::USER, "u", 1, &spec, WATCH);
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_NAME, "root", "u", 2), WATCH);
    let name = claim_name(DIRECTORY, USER_NAME, "root");
    for (rules, visible) in [(rules(&[], false), 0), (rules(&[], true), 1), (rules(&[], false), 0)] {
        set(&index, &rules);
        assert_eq!(index.visible(Resource::User), visible, "{rules:?}");
        assert_eq!(index.active_users().values().sum::<usize>(), visible, "{rules:?}");
        assert_eq!(index.live_holder(&name).as_deref(), Some("u"));
    }
    spec["managedBy"] = "Somebody".into();
    set(&index, &rules(&[], true));
    put(&index, Kind::USER, "u", 3, &spec, WATCH);
    assert_eq!(index.visible(Resource::User), 0, "an owner that this version does not know");
}

/// A user with this externalId, whom it takes a while to read.
fn long(external_id: &str) -> Value {
    let mut spec = user_spec("alice", &[]);
    spec["scim"]["externalId"] = external_id.into();
    spec["scim"]["emails"] = (0..500).map(|number| json!({ "type": "home", "value": format!("{number}@x") })).collect();
    spec
}

#[test]
fn a_state_that_comes_while_the_rules_change_is_read_by_the_new_ones() {
    let on = rules(&[USER_EXTERNAL_ID, WORK_EMAIL], false);
    let (before, after) = (long("before"), long("after"));
    for round in 0..60 {
        let (index, start) = (Index::default(), Barrier::new(2));
        put(&index, Kind::USER, "u", 1, &before, WATCH);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                put(&index, Kind::USER, "u", 2, &after, WATCH);
            });
            start.wait();
            // Sooner or later within the time that a state is read in.
            (0..round * 500).for_each(|_| std::hint::spin_loop());
            set(&index, &on);
        });
        claims_of(Resource::User, &resource("u", 2, &after), &on, 3)
            .iter()
            .for_each(|claim| index.put(Kind::CLAIM, DIRECTORY, claim, WATCH));
        let holder = index.live_holder(&claim_name(DIRECTORY, USER_EXTERNAL_ID, "after"));
        assert_eq!((holder.as_deref(), index.unsettled(Resource::User).len()), (Some("u"), 0), "round {round}");
        assert_eq!(index.dead_claims(), Vec::<String>::new(), "round {round}");
    }
}
