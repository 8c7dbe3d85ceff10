//! Declared extensions: values by their type, lists that came as one text, defaults, and metadata as text.

use super::*;

/// The effective value of one attribute of `urn:x:y` that is declared so, and how many notes there are.
fn value(declared: Value, sent: Value) -> (Value, usize) {
    let mut attribute = json!({ "name": "a" });
    attribute.as_object_mut().expect("an object").extend(attributes(declared));
    let policy = policy(json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [attribute] }] }));
    assert_eq!(policy.problems(), [""; 0]);
    let mut user = json!({});
    if !sent.is_null() {
        user["urn:x:y"]["a"] = sent;
    }
    let effective = policy.effective(&attributes(user));
    (effective.extensions.get("urn:x:y").map_or(Value::Null, |values| values["a"].clone()), effective.notes.len())
}

#[test]
fn a_declared_attribute_counts_by_its_type() {
    let list = |type_: &str| json!({ "type": type_, "multiValued": true });
    let one = |type_: &str| json!({ "type": type_ });
    let time = "2026-01-01T00:00:00Z";
    let cases = [
        ("a text", one("String"), json!("x, y"), json!("x, y"), 0),
        ("a number where a text is declared", one("String"), json!(1.0), json!("1"), 0),
        ("Entra's list of one", one("String"), json!([{ "value": "x" }]), json!("x"), 0),
        ("a list of two", one("String"), json!(["x", "y"]), json!(null), 1),
        ("an object", one("String"), json!({ "a": "b" }), json!(null), 1),
        ("a boolean", one("Boolean"), json!(false), json!(false), 0),
        ("a word", one("Boolean"), json!("True"), json!(true), 0),
        ("another word", one("Boolean"), json!("yes"), json!(null), 1),
        ("a whole number", one("Integer"), json!(7), json!(7), 0),
        ("in digits", one("Integer"), json!("-7"), json!(-7), 0),
        ("with a fraction of nothing", one("Integer"), json!(7.0), json!(7), 0),
        ("with a fraction", one("Integer"), json!(7.5), json!(null), 1),
        ("a decimal", one("Decimal"), json!("7.50"), json!(7.5), 0),
        ("no number", one("Decimal"), json!("x"), json!(null), 1),
        ("a number beyond all bounds", one("Decimal"), json!("1e999"), json!(null), 1),
        ("a time", one("DateTime"), json!(time), json!(time), 0),
        ("no time", one("DateTime"), json!("tomorrow"), json!(null), 1),
        ("a list", list("String"), json!(["x", "y"]), json!(["x", "y"]), 0),
        ("one text with commas", list("String"), json!("x, y ,, z"), json!(["x", "y", "z"]), 0),
        ("Entra's split", list("String"), json!(["x", " y"]), json!(["x", "y"]), 0),
        ("Entra's objects", list("String"), json!([{ "value": "1" }, { "value": "2" }]), json!(["1", "2"]), 0),
        ("one object", list("String"), json!({ "value": "1,2" }), json!(["1", "2"]), 0),
        ("numbers in a text", list("Integer"), json!("1, 2"), json!([1, 2]), 0),
        ("one of them is none", list("Integer"), json!("1, x"), json!([1]), 1),
        ("none of them is one", list("Integer"), json!(["x"]), json!(null), 1),
        ("commas alone", list("String"), json!(" , "), json!(null), 0),
        ("an object among texts", list("String"), json!(["x", { "a": "b" }]), json!(["x"]), 1),
    ];
    for (name, declared, sent, expected, notes) in cases {
        assert_eq!(value(declared, sent), (expected, notes), "{name}");
    }
}

#[test]
fn the_default_counts_where_the_attribute_is_absent_and_nowhere_else() {
    let cases = [
        ("a text", json!({ "default": "x" }), json!(null), json!("x")),
        ("a list", json!({ "default": "x, y", "multiValued": true }), json!(null), json!(["x", "y"])),
        ("a number", json!({ "default": "7", "type": "Integer" }), json!(null), json!(7)),
        ("something was sent", json!({ "default": "x" }), json!("y"), json!("y")),
        ("something wrong was sent", json!({ "default": "7", "type": "Integer" }), json!("x"), json!(null)),
    ];
    for (name, declared, sent, expected) in cases {
        assert_eq!(value(declared, sent).0, expected, "{name}");
    }
}

#[test]
fn metadata_of_any_type_is_text_by_one_rule() {
    let cases = [
        ("a text stays", json!(" a,b "), Some(" a,b ")),
        ("true", json!(true), Some("true")),
        ("false", json!(false), Some("false")),
        ("a whole number", json!(-12), Some("-12")),
        ("a large one", json!(18_446_744_073_709_551_615_u64), Some("18446744073709552000")),
        ("a decimal in its shortest form", json!(0.10), Some("0.1")),
        ("a whole decimal", json!(3.0), Some("3")),
        ("a very large one", json!(1e300), Some("1e+300")),
        ("a list", json!(["a", 1, true]), Some("a,1,true")),
        ("Entra's list", json!([{ "value": "1" }, { "value": "2" }]), Some("1,2")),
        ("Entra's object", json!({ "value": 5 }), Some("5")),
        ("an object", json!({ "b": 1, "a": { "c": null } }), Some(r#"{"a":{"c":null},"b":1}"#)),
        ("an object in a list", json!([{ "a": 1 }, "x"]), Some(r#"{"a":1},x"#)),
        ("null", json!(null), None),
        ("nothing", json!(""), None),
        ("an empty list", json!([]), None),
        ("an empty object", json!({}), None),
        ("a list of nothing", json!([null, ""]), None),
    ];
    let policy = policy(json!({ "extensions": [{ "schema": "urn:x:Metadata" }] }));
    for (name, sent, expected) in cases {
        // In another letter case than it is declared in.
        let user = attributes(json!({ "URN:x:metadata": { "Cost Center.2": sent } }));
        let effective = policy.effective(&user);
        let text = effective.extensions.get("urn:x:Metadata").and_then(|values| values["Cost Center.2"].as_str());
        assert_eq!(text, expected, "{name}");
        assert_eq!(effective.notes, [], "{name}");
    }
}

#[test]
fn what_is_not_declared_has_no_effect() {
    let declared = json!([{ "schema": "urn:x:y", "attributes": [{ "name": "a" }] }]);
    let policy = policy(json!({ "extensions": declared }));
    let user = json!({ "urn:x:y": { "A": "1", "b": "2" }, "urn:x:z": { "a": "3" }, "urn:x": { "y": "4" } });
    let effective = policy.effective(&attributes(user));
    assert_eq!(json!(effective.extensions), json!({ "urn:x:y": { "a": "1" } }));
}
