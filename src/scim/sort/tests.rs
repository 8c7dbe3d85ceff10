use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::schema::USER;

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

fn people() -> Vec<Attributes> {
    let people = json!([
        { "id": "a", "userName": "bob", "title": "Émile", "meta": { "created": "2026-01-01T01:00:00+02:00" } },
        {
            "id": "b", "userName": "Alice", "title": "emma", "active": true,
            "emails": [{ "value": "z@x", "type": "home" }, { "value": "a@x", "type": "work", "primary": true }],
            "meta": { "created": "2026-01-01T00:00:00Z" },
        },
        {
            "id": "c", "userName": "carol", "active": false, "emails": [{ "value": "B@x" }, { "value": "a@x" }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales" },
        },
    ]);
    people.as_array().expect("a list").iter().map(|person| person.as_object().expect("an object").clone()).collect()
}

fn sorted(by: &str, descending: bool) -> String {
    let sort = Sort { by: AttributePath::parse(by, &USER).expect(by), descending };
    let mut people = people();
    people.sort_by_cached_key(|person| key(&sort, person, &USER));
    people.iter().map(|person| person["id"].as_str().expect("an id")).collect()
}

#[test]
fn resources_are_ordered_by_the_type_of_the_attribute() {
    let cases = [
        ("text whatever its letter case", "userName", "bac"),
        ("the primary value, or else the first", "emails", "bca"),
        ("the same by its name", "emails.value", "bca"),
        ("a part", "emails.type", "bac"),
        ("times, not their text", "meta.created", "abc"),
        ("false before true", "active", "cba"),
        ("text beyond ASCII by its characters", "title", "bac"),
        ("an extension", DEPARTMENT, "cab"),
        ("nothing to compare", "nickName", "abc"),
        ("a complex value without a value", "name", "abc"),
    ];
    for (name, by, expected) in cases {
        assert_eq!(sorted(by, false), expected, "{name}");
    }
}

#[test]
fn what_is_absent_comes_first_when_descending() {
    assert_eq!(sorted("userName", true), "cab");
    assert_eq!(sorted("emails", true), "acb");
    assert_eq!(sorted("active", true), "abc");
}

/// Resources that hold these values, numbered.
fn holding(values: &[Value], name: &str) -> Vec<Attributes> {
    let resource = |(index, value): (usize, &Value)| {
        let (urn, attribute) = CUSTOM.rsplit_once(':').expect("a URN and a name");
        let resource = if name == CUSTOM {
            json!({ "id": index.to_string(), urn: { attribute: value } })
        } else {
            json!({ "id": index.to_string(), name: value, "emails": [{ "value": value, "primary": value }], "meta": { "created": value } })
        };
        resource.as_object().expect("an object").clone()
    };
    values.iter().enumerate().map(resource).collect()
}

const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName:level";

#[test]
fn values_of_every_type_are_sorted_without_a_contradiction() {
    // As texts 10 < 1x < 9, as numbers 9 < 10: an order that compares two at a time goes round in circles.
    let some = [
        json!("2x"),
        json!(10),
        json!("1x"),
        json!(9),
        json!("9"),
        json!(true),
        json!(null),
        json!({ "a": 1 }),
        json!(-0.0),
    ];
    let values: Vec<_> = (0..400).map(|index: usize| some[index * 5 % some.len()].clone()).collect();
    for descending in [false, true] {
        let sort = Sort { by: AttributePath::parse(CUSTOM, &USER).expect("a path"), descending };
        let mut resources = holding(&values, CUSTOM);
        resources.sort_by_cached_key(|resource| key(&sort, resource, &USER));
        let keys: Vec<_> = resources.iter().map(|resource| key(&sort, resource, &USER)).collect();
        assert!(keys.is_sorted(), "descending: {descending}");
        let by_key = {
            let mut resources = holding(&values, CUSTOM);
            resources.sort_by_cached_key(|resource| key(&sort, resource, &USER));
            resources
        };
        assert_eq!(resources, by_key);
    }
}

#[test]
fn types_that_no_table_knows_stand_apart() {
    let values = [json!("9"), json!(10), json!({ "x": 1 }), json!("10"), json!(false), json!(9), json!([]), json!(9.5)];
    for (descending, expected) in [(false, "45713026"), (true, "26031754")] {
        let sort = Sort { by: AttributePath::parse(CUSTOM, &USER).expect("a path"), descending };
        let mut resources = holding(&values, CUSTOM);
        resources.sort_by_cached_key(|resource| key(&sort, resource, &USER));
        let order: String = resources.iter().map(|resource| resource["id"].as_str().expect("an id")).collect();
        assert_eq!(order, expected, "descending: {descending}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        (-2_i64..12).prop_map(Value::from)
    ];
    let time = "20(26|27)-01-0[1-9]T0[0-9]:00:00(Z|\\+02:00)";
    let single = prop_oneof![
        number,
        any::<bool>().prop_map(Value::from),
        "[0-9aAéÉx.-]{0,3}".prop_map(Value::from),
        time.prop_map(Value::from),
        Just(json!("True")),
        Just(Value::Null)
    ];
    prop_oneof![4 => single.clone(), 1 => prop::collection::vec(single.clone(), 0..3).prop_map(Value::from), 1 => single.prop_map(|value| json!({ "value": value }))]
}

proptest! {
    #[test]
    fn the_order_is_total(
        values in prop::collection::vec(any_value(), 3),
        name in prop::sample::select(vec!["userName", "id", "active", "meta.created", "emails", "emails.primary", "name", CUSTOM]),
        descending: bool,
    ) {
        let sort = Sort { by: AttributePath::parse(name, &USER).expect("a path"), descending };
        let resources = holding(&values, name);
        let order = |a: usize, b: usize| key(&sort, &resources[a], &USER).cmp(&key(&sort, &resources[b], &USER));
        for (a, b, c) in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)] {
            prop_assert_eq!(order(a, b), order(b, a).reverse());
            if order(a, b).is_le() && order(b, c).is_le() {
                prop_assert!(order(a, c).is_le());
                prop_assert_eq!(order(a, c).is_eq(), order(a, b).is_eq() && order(b, c).is_eq());
            }
        }
    }
}
