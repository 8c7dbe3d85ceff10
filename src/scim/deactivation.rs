//! Whether a body asks for `active: false`, also where the rest of it is not understood.
//!
//! A deactivation must not depend on the rest of the request: a title that is too long would otherwise keep somebody in
//! who has left. So this reads the body on its own, asks only for a JSON object, and passes over whatever it does not know.

use serde_json::Value;

use super::case::same_name;
use super::path::{AttributePath, member};
use super::schema::USER;
use super::{Attributes, entra};

/// Whether the body of a PUT says that the person is to be inactive.
pub fn is_asked_by_replacement(body: &[u8]) -> bool {
    object(body).is_some_and(|body| last_of_members(&body) == Some(false))
}

/// Whether the body of a PATCH says that the person is to be inactive. Of several operations on `active` the last one
/// counts. A removal says nothing about the value, and any other operation does, whatever it is called: the misspelt
/// `op` is refused, and not the wish.
pub fn is_asked_by_patch(body: &[u8]) -> bool {
    let Some(body) = object(body) else { return false };
    let operations = member(&body, "Operations").and_then(Value::as_array);
    let mut said = operations.into_iter().flatten().filter_map(Value::as_object).filter_map(last_of_operation);
    said.next_back() == Some(false)
}

/// The body, in whatever depth `serde_json` reads: one that is too deep for [`super::json::parse_object`] is refused, and
/// may still ask for this.
fn object(body: &[u8]) -> Option<Attributes> {
    serde_json::from_slice(body).ok()
}

fn last_of_operation(operation: &Attributes) -> Option<bool> {
    let is_removal = member(operation, "op").and_then(Value::as_str).is_some_and(|op| same_name(op, "remove"));
    let value = member(operation, "value").filter(|_| !is_removal)?;
    match member(operation, "path") {
        None | Some(Value::Null) => last_of_members(value.as_object()?),
        Some(Value::String(path)) if is_whole_resource(path.trim()) => last_of_members(value.as_object()?),
        Some(Value::String(path)) if is_active(path) => entra::boolean(value),
        Some(_) => None,
    }
}

fn last_of_members(members: &Attributes) -> Option<bool> {
    let mut said = members.iter().filter_map(|(name, value)| match value {
        Value::Object(members) if same_name(name, USER.schema.urn) => last_of_members(members),
        value if is_active(name) => entra::boolean(value),
        _ => None,
    });
    said.next_back()
}

fn is_whole_resource(path: &str) -> bool {
    path.is_empty() || same_name(path, USER.schema.urn)
}

fn is_active(path: &str) -> bool {
    AttributePath::parse(path, &USER).is_ok_and(|path| path.is_plain("active"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

    #[test]
    fn a_patch_asks_for_it_in_every_form_and_whatever_else_it_says() {
        let off = json!({ "op": "Replace", "path": "active", "value": "False" });
        let on = json!({ "op": "Replace", "path": "active", "value": true });
        let with_path = |path: &str| json!([{ "op": "add", "path": path, "value": false }]);
        let with_value = |value: Value| json!([{ "op": "replace", "path": "active", "value": value }]);
        let without_path = |value: Value| json!([{ "op": "replace", "value": value }]);
        let cases = [
            ("a word", json!([off]), true),
            ("a boolean", with_value(json!(false)), true),
            ("capitals", with_value(json!("FALSE")), true),
            ("true", with_value(json!("True")), false),
            ("another text", with_value(json!("no")), false),
            ("null", with_value(json!(null)), false),
            ("a number", with_value(json!(0)), false),
            ("a list", with_value(json!([false])), false),
            ("another letter case", with_path(" ACTIVE "), true),
            ("the core URN", with_path(&format!("{CORE}:active")), true),
            ("the core URN and a dot", with_path(&format!("{}.Active", CORE.to_uppercase())), true),
            ("a part of it", with_path("active.value"), false),
            ("a selector", with_path("active[value eq true]"), false),
            ("another attribute", with_path("title"), false),
            ("another schema's", with_path("urn:x:y:active"), false),
            ("no path", without_path(json!({ "active": "false", "title": 7 })), true),
            ("an empty path", json!([{ "op": "add", "path": " ", "value": { "active": false } }]), true),
            ("null for a path", json!([{ "op": "add", "path": null, "value": { "active": false } }]), true),
            ("the URN as a member", without_path(json!({ CORE: { "active": false } })), true),
            ("the URN before a member", without_path(json!({ format!("{CORE}:active"): false })), true),
            ("the URN as a path", json!([{ "op": "add", "path": CORE, "value": { "active": false } }]), true),
            ("no object without a path", without_path(json!(false)), false),
            ("a path that is none", json!([{ "op": "add", "path": 1, "value": { "active": false } }]), false),
            ("turned on and off", json!([on, off]), true),
            ("turned off and on", json!([off, on]), false),
            ("turned off, then neither", json!([off, { "op": "add", "path": "active", "value": "maybe" }]), true),
            ("a removal", json!([{ "op": "Remove", "path": "active", "value": false }]), false),
            ("a removal after it", json!([off, { "op": "Remove", "path": "active" }]), true),
            ("an op that is none", json!([{ "op": "set", "path": "active", "value": false }]), true),
            ("no op", json!([{ "path": "active", "value": false }]), true),
            ("beside an op that is none", json!([{ "op": "move" }, off, 7, null, "x", { "op": 1 }]), true),
            ("beside a path that does not parse", json!([{ "op": "add", "path": "emails[", "value": 1 }, off]), true),
            ("no operation", json!([]), false),
            ("no list", json!({ "op": "add", "path": "active", "value": false }), false),
        ];
        for (name, operations, expected) in cases {
            for body in
                [json!({ "Operations": operations }), json!({ "schemas": 7, "operations": operations, "active": true })]
            {
                assert_eq!(is_asked_by_patch(body.to_string().as_bytes()), expected, "{name}");
            }
        }
        let many = json!({ "Operations": vec![off; super::super::patch::MAX_OPERATIONS + 1] });
        assert!(is_asked_by_patch(many.to_string().as_bytes()), "more operations than are read");
    }

    #[test]
    fn a_put_asks_for_it_by_its_members() {
        let deep = format!("{{\"active\":false,\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
        let cases = [
            ("a boolean", r#"{"userName":7,"active":false}"#, true),
            ("a word", r#"{"ACTIVE":"False","emails":"x","schemas":1}"#, true),
            ("behind the URN", r#"{"urn:ietf:params:scim:schemas:core:2.0:User":{"active":false}}"#, true),
            ("the last of the name", r#"{"active":false,"active":true}"#, false),
            ("turned on", r#"{"active":true}"#, false),
            ("no word of it", r#"{"userName":"a"}"#, false),
            ("operations", r#"{"Operations":[{"op":"add","path":"active","value":false}]}"#, false),
            ("deeper than is read", &deep, true),
            ("no object", r#"["active"]"#, false),
            ("no JSON", r#"{"active":false"#, false),
        ];
        for (name, body, expected) in cases {
            assert_eq!(is_asked_by_replacement(body.as_bytes()), expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes: Vec<u8>) {
            let _ = (is_asked_by_patch(&bytes), is_asked_by_replacement(&bytes));
        }
    }
}
