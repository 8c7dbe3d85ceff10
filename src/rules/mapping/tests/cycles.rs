//! Entra's provisioning cycle over everything that is pure: what it creates it finds, what it changes is changed, and a
//! cycle in which nothing changed is silent. An attribute that comes back otherwise than it was sent is patched for ever.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::scim::{patch, resource};

const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";
const CONTOSO: &str = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User";

/// Where an attribute of Entra is mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MappedTarget {
    Single(&'static str),
    Part(&'static str, &'static str),
    /// List, selecting sub-attribute and its value, sub-attribute.
    Selected(&'static str, (&'static str, &'static str), &'static str),
    Extension(&'static str, &'static str),
}

use MappedTarget::{Extension, Part, Selected, Single};

const WORK: (&str, &str) = ("type", "work");
const TARGETS: &[MappedTarget] = &[
    Single("userName"),
    Single("active"),
    Single("displayName"),
    Single("title"),
    Single("externalId"),
    Single("preferredLanguage"),
    Single("profileUrl"),
    Part("name", "givenName"),
    Part("name", "familyName"),
    Part("name", "formatted"),
    Selected("emails", WORK, "value"),
    Selected("emails", ("type", "Home"), "value"),
    Selected("emails", ("type", "other"), "display"),
    Selected("addresses", WORK, "formatted"),
    Selected("addresses", WORK, "streetAddress"),
    Selected("addresses", WORK, "country"),
    Selected("phoneNumbers", WORK, "value"),
    Selected("phoneNumbers", ("type", "mobile"), "value"),
    Selected("phoneNumbers", ("type", "fax"), "value"),
    Selected("roles", ("primary", "True"), "value"),
    Selected("roles", ("primary", "True"), "display"),
    Extension(ENTERPRISE, "employeeNumber"),
    Extension(ENTERPRISE, "department"),
    Extension(ENTERPRISE, "manager"),
    Extension(CUSTOM, "folders"),
    Extension(CUSTOM, "costCenter"),
    Extension(CONTOSO, "costPlace"),
];

/// What Entra wants an object to hold; nothing for an attribute that is empty there.
type SourceValues = BTreeMap<MappedTarget, String>;

/// How Entra words its requests.
#[derive(Clone, Copy, Debug)]
struct SenderDialect {
    /// `aadOptscim062020`.
    flag: bool,
    /// How an attribute is unassigned.
    empty: Empty,
}

#[derive(Clone, Copy, Debug)]
enum Empty {
    Text,
    Null,
    Remove,
}

impl MappedTarget {
    fn path(self) -> String {
        match self {
            Single(name) => name.to_owned(),
            Part(name, sub) => format!("{name}.{sub}"),
            Selected(list, (by, value), sub) => format!("{list}[{by} eq \"{value}\"].{sub}"),
            Extension(urn, name) => format!("{urn}:{name}"),
        }
    }

    /// What Entra reads out of a resource.
    fn read(self, resource: &Value) -> Option<String> {
        let found = match self {
            Single(name) => &resource[name],
            Part(name, sub) => &resource[name][sub],
            Selected(list, selector, sub) => {
                let elements = resource[list].as_array()?;
                let mut selected = elements.iter().filter(|element| element[selector.0] == selecting(selector));
                let found = &selected.next()?[sub];
                assert_eq!(selected.next(), None, "two elements are {selector:?}: {resource}");
                found
            }
            Extension(ENTERPRISE, "manager") => &resource[ENTERPRISE]["manager"]["value"],
            Extension(urn, name) => &resource[urn][name],
        };
        match found {
            Value::Null => None,
            Value::Bool(active) => Some(active.to_string()),
            Value::String(text) => Some(text.clone()),
            other => panic!("{} is {other}", self.path()),
        }
    }
}

fn selecting((by, value): (&str, &str)) -> Value {
    if by == "primary" { true.into() } else { value.into() }
}

/// The body of the POST. Entra marks the address at work as the primary one.
fn create(source: &SourceValues) -> Value {
    let mut body = json!({ "schemas": [USER.schema.urn, ENTERPRISE], "meta": { "resourceType": "User" }, "ims": [] });
    for (target, value) in source {
        match *target {
            Single("active") => body["active"] = (value == "true").into(),
            Single(name) => body[name] = value.as_str().into(),
            Part(name, sub) => body[name][sub] = value.as_str().into(),
            Extension(urn, name) => body[urn][name] = value.as_str().into(),
            Selected(list, selector, sub) => {
                let elements = body.as_object_mut().expect("an object").entry(list).or_insert_with(|| json!([]));
                let elements = elements.as_array_mut().expect("a list");
                let is_selected = |element: &Value| element[selector.0] == selecting(selector);
                let index = elements.iter().position(is_selected).unwrap_or_else(|| {
                    elements.push(json!({ selector.0: selecting(selector) }));
                    elements.len() - 1
                });
                elements[index][sub] = value.as_str().into();
                if (list, selector) == ("emails", WORK) {
                    elements[index]["primary"] = true.into();
                }
            }
        }
    }
    body
}

/// The difference between what Entra wants and what it reads; nothing where there is none.
fn difference(source: &SourceValues, resource: &Value) -> Vec<(MappedTarget, &'static str, Option<String>)> {
    let operation = |target: &MappedTarget| match (source.get(target), target.read(resource)) {
        (Some(wanted), None) => Some((*target, "Add", Some(wanted.clone()))),
        (Some(wanted), Some(found)) if *wanted != found => Some((*target, "Replace", Some(wanted.clone()))),
        (None, Some(_)) if *target != Single("active") => Some((*target, "Replace", None)),
        _ => None,
    };
    TARGETS.iter().filter_map(operation).collect()
}

/// The body of a PATCH.
fn wording(operations: &[(MappedTarget, &'static str, Option<String>)], dialect: SenderDialect) -> Value {
    let mut worded = Vec::new();
    let mut pathless: BTreeMap<String, Attributes> = BTreeMap::new();
    for (target, op, value) in operations {
        let op = if dialect.flag { op.to_lowercase() } else { (*op).to_owned() };
        let value: Value = match (value, dialect.empty) {
            (Some(value), _) if *target == Single("active") && dialect.flag => (value == "true").into(),
            (Some(value), _) if *target == Single("active") => if value == "true" { "True" } else { "False" }.into(),
            (Some(value), _) => value.as_str().into(),
            (None, Empty::Text) => "".into(),
            (None, Empty::Null) => Value::Null,
            (None, Empty::Remove) => {
                worded.push(json!({ "op": if dialect.flag { "remove" } else { "Remove" }, "path": target.path() }));
                continue;
            }
        };
        if dialect.flag && !matches!(target, Selected(..)) {
            pathless.entry(op).or_default().insert(target.path(), value);
        } else {
            worded.push(json!({ "op": op, "path": target.path(), "value": value }));
        }
    }
    worded.extend(pathless.into_iter().map(|(op, members)| json!({ "op": op, "value": members })));
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": worded })
}

fn get(object: &Object) -> Value {
    to_resource(&USER, &identity_of(object), object.scim()).into()
}

fn patched(object: &Object, body: Value) -> Option<Object> {
    let patch = patch::parse(&attributes(body), &USER).expect("a PATCH of Entra");
    let result = patch::apply(&patch, &to_attributes(object.scim()), &USER).expect("it has an effect");
    assert_eq!(result.ignored, [""; 0]);
    changed_user(object, result.attributes, &Author::somebody(), NOW)
}

fn put(object: &Object, body: Value) -> Option<Object> {
    changed_user(object, resource::parse(attributes(body), &USER).expect("a PUT").attributes, &Author::somebody(), NOW)
}

/// Texts with whatever a path, a filter or a normal form could trip over.
fn text() -> impl Strategy<Value = String> {
    let awkward =
        ["True", "false", "null", "1", "1.0", " ", "[]", "{}", "a.b:c", "2026-01-01T00:00:00+02:00", "urn:x:y"];
    let any = "[ a-zA-Z0-9\u{e9}e\u{301}\u{130}\u{df}\u{674e}\u{1f642}\"\\\\\\[\\].:@'+-]{1,12}";
    prop_oneof![4 => any, 1 => prop::sample::select(awkward.to_vec()).prop_map(str::to_owned)]
}

fn source() -> impl Strategy<Value = SourceValues> {
    let values = prop::collection::vec(prop::option::of(text()), TARGETS.len());
    (values, text(), any::<bool>()).prop_map(|(values, user_name, active)| {
        let mut source: SourceValues =
            TARGETS.iter().zip(values).filter_map(|(target, value)| Some((*target, value?))).collect();
        source.insert(Single("userName"), user_name);
        source.insert(Single("active"), active.to_string());
        source
    })
}

fn dialect() -> impl Strategy<Value = SenderDialect> {
    let empty = prop::sample::select(vec![Empty::Text, Empty::Null, Empty::Remove]);
    (any::<bool>(), empty).prop_map(|(flag, empty)| SenderDialect { flag, empty })
}

proptest! {
    #[test]
    fn a_cycle_in_which_nothing_changed_is_silent(
        cycles in prop::collection::vec((source(), dialect()), 1..5),
    ) {
        let body = resource::parse(attributes(create(&cycles[0].0)), &USER).expect("a POST of Entra");
        prop_assert_eq!(&body.ignored, &[""; 0]);
        let mut object = new_user("staff", "hr", "a-b", body.attributes, NOW);
        prop_assert_eq!(difference(&cycles[0].0, &get(&object)), [], "right after the POST");
        for (source, dialect) in &cycles {
            let operations = difference(source, &get(&object));
            match patched(&object, wording(&operations, *dialect)) {
                Some(changed) => object = changed,
                None => prop_assert_eq!(&operations, &[], "a PATCH without an effect"),
            }
            let resource = get(&object);
            prop_assert_eq!(difference(source, &resource), [], "{:?} made {}", operations, resource);
            // Whatever Entra repeats, nothing is written.
            let all: Vec<_> = source.iter().map(|(target, value)| (*target, Some(value.clone()))).collect();
            for op in ["Add", "Replace"] {
                let again: Vec<_> = all.iter().map(|(target, value)| (*target, op, value.clone())).collect();
                for flag in [false, true] {
                    let body = wording(&again, SenderDialect { flag, ..*dialect });
                    prop_assert_eq!(patched(&object, body.clone()), None, "{}", body);
                }
            }
            prop_assert_eq!(put(&object, resource.clone()), None, "a PUT of what a GET returned");
        }
    }
}
