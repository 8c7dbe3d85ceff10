//! Quotas: how much is used, and what is refused when one is used up.

use super::super::quota::{Level, Usage, check, growth, usage};
use super::*;
use std::collections::BTreeMap;
use std::sync::Arc;

fn active(counts: &[(Option<&str>, usize)]) -> BTreeMap<Option<Arc<str>>, usize> {
    counts.iter().map(|(user_type, count)| (user_type.map(Arc::from), *count)).collect()
}

#[test]
fn a_quota_is_nearly_used_at_eighty_percent_and_reached_at_a_hundred() {
    let cases = [
        (0, 10, Level::Below),
        (7, 10, Level::Below),
        (8, 10, Level::Nearly),
        (9, 10, Level::Nearly),
        (10, 10, Level::Reached),
        (11, 10, Level::Reached),
        (0, 0, Level::Reached),
        (0, 1, Level::Below),
        (1, 1, Level::Reached),
        (2, 3, Level::Below),
        (4, 5, Level::Nearly),
        (7_999_999, 10_000_000, Level::Below),
        (8_000_000, 10_000_000, Level::Nearly),
    ];
    for (used, limit, expected) in cases {
        assert_eq!(Usage { user_type: None, used, limit }.level(), expected, "{used} of {limit}");
    }
}

#[test]
fn people_are_counted_by_their_effective_user_type() {
    let policy = policy(json!({
        "userTypes": { "allowed": ["Premium", "Standard"], "default": "Standard", "onInvalid": "UseDefault" },
        "quota": { "activeUsers": 20, "byUserType": { "Standard": 10, "Premium": 5 } },
    }));
    let active = active(&[(None, 1), (Some("Premium"), 2), (Some("Standard"), 3), (Some("premium"), 4)]);
    let of_type = |user_type: &str, used, limit| Usage { user_type: Some(user_type.to_owned()), used, limit };
    let whole = Usage { user_type: None, used: 10, limit: 20 };
    assert_eq!(usage(&policy, &active), [whole, of_type("Premium", 2, 5), of_type("Standard", 8, 10)]);
    assert_eq!(usage(&super::policy(json!({})), &active), []);
}

#[test]
fn only_what_adds_to_a_full_quota_is_refused() {
    let whole = json!({ "quota": { "activeUsers": 2 } });
    let of_type = json!({ "quota": { "byUserType": { "P": 2 } } });
    let by_default = json!({
        "userTypes": { "allowed": ["P", "S"], "default": "P" }, "quota": { "byUserType": { "P": 2 } },
    });
    let user = |user_type: &str, active: bool| {
        if user_type.is_empty() {
            json!({ "active": active })
        } else {
            json!({ "userType": user_type, "active": active })
        }
    };
    let none = Value::Null;
    let cases = [
        ("a new user", &whole, none.clone(), user("", true), false),
        ("a new user without a word", &whole, none.clone(), json!({}), false),
        ("a new user who is not active", &whole, none.clone(), user("", false), true),
        ("a reactivation", &whole, user("", false), user("", true), false),
        ("a deactivation", &whole, user("", true), user("", false), true),
        ("an update", &whole, user("", true), user("x", true), true),
        ("an update of one who is not active", &whole, user("", false), user("x", false), true),
        ("a new user of a full type", &of_type, none.clone(), user("P", true), false),
        ("of another type", &of_type, none.clone(), user("S", true), true),
        ("in another letter case", &of_type, none.clone(), user("p", true), true),
        ("a change into a full type", &of_type, user("S", true), user("P", true), false),
        ("a change out of it", &of_type, user("P", true), user("S", true), true),
        ("an update within it", &of_type, user("P", true), user("P", true), true),
        ("a reactivation within it", &of_type, user("P", false), user("P", true), false),
        ("a change into it with a deactivation", &of_type, user("S", true), user("P", false), true),
        ("a new user who counts as the full type", &by_default, none, user("", true), false),
        ("a change from the default to the same", &by_default, user("", true), user("P", true), true),
        ("the type is taken away, and the default is full", &by_default, user("S", true), user("", true), false),
    ];
    for (name, users, before, after, passes) in cases {
        let policy = policy(users.clone());
        let before = (!before.is_null()).then(|| attributes(before));
        let growth = growth(&policy, before.as_ref(), &attributes(after));
        let full = usage(&policy, &active(&[(Some("P"), 2)]));
        let refused = growth.as_ref().and_then(|growth| check(growth, &full).err());
        assert_eq!(refused.is_none(), passes, "{name}: {refused:?}");
        let room = usage(&policy, &active(&[(Some("P"), 1)]));
        assert!(growth.is_none_or(|growth| check(&growth, &room).is_ok()), "{name}: there is room");
    }
}

#[test]
fn the_sentence_has_the_numbers_and_a_way_out() {
    let policy = policy(json!({ "quota": { "activeUsers": 3, "byUserType": { "P": 2 } } }));
    let growth = growth(&policy, None, &attributes(json!({ "userType": "P" }))).expect("one more");
    let refused = |counts: &[(Option<&str>, usize)]| {
        let error = check(&growth, &usage(&policy, &active(counts))).expect_err("a refusal");
        assert_eq!((error.status(), error.scim_type()), (400, Some("invalidValue")));
        error.to_string()
    };
    let whole = refused(&[(Some("P"), 1), (None, 3)]);
    assert!(whole.contains("4 of 3 active users.") && whole.contains("spec.users.quota.activeUsers"), "{whole}");
    let of_type = refused(&[(Some("P"), 2)]);
    assert!(of_type.contains("2 of 2 active users of userType \"P\""), "{of_type}");
    assert!(of_type.contains("spec.users.quota.byUserType") && of_type.contains("another userType"), "{of_type}");
}
