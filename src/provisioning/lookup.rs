//! Which object a filter can only mean: found without looking at every resource.
//!
//! A look-up narrows and never decides: the whole filter is tested on what it finds.

use serde_json::Value;

use crate::rules::naming::{Force, GROUP_EXTERNAL_ID, GROUP_NAME, USER_EXTERNAL_ID, USER_NAME, UniqueRules, canonical};
use crate::rules::resource::Resource;
use crate::scim::filter::{self, Filter, Operator, conjuncts};
use crate::scim::path::AttributePath;
use crate::store::index::LookupKey;

/// How the resources that a filter selects are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// By a live read of the object of this name.
    Id(String),
    /// By a live read of the claim on this value, and of its holder.
    Claim {
        /// As claims name it.
        attribute: String,
        /// In canonical form.
        value: String,
    },
    /// Groups: by a live read of this member, which names them.
    GroupsOf(String),
    /// Users: by the index, which names the members of this group, each to be read live.
    MembersOf(String),
    /// By the index, which names candidates to be read live.
    Index(LookupKey),
    /// By looking at everything in the index.
    Scan,
}

/// The best look-up that a filter on resources of this kind allows, where these values are unique: any of its conjuncts
/// restricts the result.
pub fn lookup(filter: Option<&Filter>, kind: Resource, rules: &UniqueRules) -> Lookup {
    let Some(filter) = filter else { return Lookup::Scan };
    let parts = conjuncts(filter);
    let found = parts.into_iter().flat_map(|part| [by_conjunct(part, kind, rules), by_rule(part, kind, rules)]);
    found.flatten().min_by_key(cost).unwrap_or(Lookup::Scan)
}

fn cost(lookup: &Lookup) -> u8 {
    match lookup {
        Lookup::Id(_) => 0,
        Lookup::Claim { .. } => 1,
        Lookup::GroupsOf(_) | Lookup::MembersOf(_) => 2,
        Lookup::Index(_) => 3,
        Lookup::Scan => 4,
    }
}

fn by_conjunct(filter: &Filter, kind: Resource, rules: &UniqueRules) -> Option<Lookup> {
    match filter {
        Filter::Compare(path, Operator::Eq, Value::String(value)) if path.schema.is_none() => {
            let names_value = path.sub_attribute.as_deref().is_none_or(|sub| sub == "value");
            let attribute = path.attribute.as_deref().filter(|_| names_value)?;
            if path.sub_attribute.is_some() {
                by_element(attribute, value, kind)
            } else {
                by_attribute(attribute, value, kind, rules)
            }
        }
        // emails[type eq "work"].value eq "x" and emails[type eq "work" and value eq "x"] alike.
        Filter::Element(path, selector) if path.schema.is_none() && path.sub_attribute.is_none() => {
            let value = conjuncts(selector).into_iter().find_map(compared_value)?;
            by_element(path.attribute.as_deref()?, value, kind)
        }
        _ => None,
    }
}

fn compared_value(part: &Filter) -> Option<&str> {
    match part {
        Filter::Compare(path, Operator::Eq, Value::String(value)) if path.is_plain("value") => Some(value),
        _ => None,
    }
}

fn by_attribute(attribute: &str, value: &str, kind: Resource, rules: &UniqueRules) -> Option<Lookup> {
    let claim = |attribute: &str, value: String| Some(Lookup::Claim { attribute: attribute.to_owned(), value });
    match (kind, attribute) {
        (_, "id") => Some(Lookup::Id(value.to_owned())),
        (Resource::User, "userName") => claim(USER_NAME, canonical(value)),
        (Resource::Group, "displayName") => claim(GROUP_NAME, canonical(value)),
        (_, "displayName") => Some(Lookup::Index(LookupKey::DisplayName(canonical(value)))),
        (_, "externalId") => {
            let claimed = if kind == Resource::Group { GROUP_EXTERNAL_ID } else { USER_EXTERNAL_ID };
            match rules.force(claimed) {
                Some(Force::InForce) => claim(claimed, value.to_owned()),
                _ => Some(Lookup::Index(LookupKey::ExternalId(value.to_owned()))),
            }
        }
        _ => by_element(attribute, value, kind),
    }
}

/// By the `value` of an element of a list.
fn by_element(attribute: &str, value: &str, kind: Resource) -> Option<Lookup> {
    match (kind, attribute) {
        (Resource::User, "emails") => Some(Lookup::Index(LookupKey::Email(canonical(value)))),
        (Resource::User, "groups") => Some(Lookup::MembersOf(value.to_owned())),
        (Resource::Group, "members") => Some(Lookup::GroupsOf(value.to_owned())),
        _ => None,
    }
}

/// By the claim on an attribute that the Directory's own rules make unique: the conjunct says what
/// `PATH eq "value"` says.
fn by_rule(filter: &Filter, kind: Resource, rules: &UniqueRules) -> Option<Lookup> {
    let (path, value) = match filter {
        Filter::Compare(path, Operator::Eq, Value::String(value)) => (path, value.as_str()),
        Filter::Element(path, selector) => (path, conjuncts(selector).into_iter().find_map(compared_value)?),
        _ => return None,
    };
    let in_force = rules.iter().filter(|(_, force)| *force == Force::InForce);
    let attribute = in_force.map(|(attribute, _)| attribute).find(|attribute| {
        let ruled = attribute.strip_prefix("User.").filter(|_| kind == Resource::User);
        let text = ruled.map(|path| format!("{path} eq {}", Value::from(value)));
        text.and_then(|text| filter::parse(&text, kind.schema()).ok()).is_some_and(|ruled| ruled == *filter)
    })?;
    let value = if is_exact(path, kind) { value.to_owned() } else { canonical(value) };
    Some(Lookup::Claim { attribute: attribute.to_owned(), value })
}

/// Whether letter case matters in what is compared.
fn is_exact(path: &AttributePath, kind: Resource) -> bool {
    path.attribute_definition(kind.schema()).is_some_and(|definition| {
        let part = definition.sub_attribute(path.sub_attribute.as_deref().unwrap_or("value"));
        part.unwrap_or(definition).case_exact
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::json;

    use super::*;
    use crate::api::DirectorySpec;
    use crate::api::directory_status::DirectoryStatus;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

    fn check(kind: Resource, rules: &UniqueRules, cases: &[(&str, Lookup)]) {
        for (text, expected) in cases {
            let filter = filter::parse(text, kind.schema()).expect("a filter");
            assert_eq!(lookup(Some(&filter), kind, rules), *expected, "{text}");
        }
    }

    fn claim(attribute: &str, value: &str) -> Lookup {
        Lookup::Claim { attribute: attribute.to_owned(), value: value.to_owned() }
    }

    /// What is unique in a Directory with these rules, all in force but the last, which is on its way.
    fn rules(attributes: &[&str]) -> UniqueRules {
        let paths = attributes.iter().filter_map(|attribute| attribute.strip_prefix("User."));
        let paths: Vec<_> = paths.filter(|path| *path != "externalId").collect();
        let spec = json!({
            "users": { "uniqueAttributes": paths }, "uniqueExternalId": { "users": "Enforce", "groups": "Enforce" },
        });
        let state = |number| if number + 1 < attributes.len() { "InForce" } else { "Claiming" };
        let states = attributes
            .iter()
            .enumerate()
            .map(|(number, attribute)| json!({ "attribute": attribute, "state": state(number) }));
        let status = json!({ "uniqueAttributes": states.collect::<Value>() });
        let spec = DirectorySpec::deserialize(spec).expect("a spec");
        UniqueRules::of(&spec, &DirectoryStatus::deserialize(status).expect("a status"))
    }

    #[test]
    fn a_filter_is_answered_by_the_cheapest_look_up_that_it_allows() {
        let email = || Lookup::Index(LookupKey::Email("a@x".into()));
        let cases = [
            ("userName eq \"Alice\"", claim(USER_NAME, "alice")),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"Alice\"", claim(USER_NAME, "alice")),
            ("active eq true and userName eq \"Alice\"", claim(USER_NAME, "alice")),
            ("userName eq \"Alice\" and id eq \"Alice-1\"", Lookup::Id("Alice-1".into())),
            ("externalId eq \"E1\"", Lookup::Index(LookupKey::ExternalId("E1".into()))),
            ("displayName eq \"Alice Able\"", Lookup::Index(LookupKey::DisplayName("alice able".into()))),
            ("emails[type eq \"work\"].value eq \"A@x\"", email()),
            ("emails[type eq \"work\" and value eq \"A@x\"]", email()),
            ("emails.value eq \"A@x\"", email()),
            ("emails eq \"A@x\"", email()),
            ("groups eq \"g-1\"", Lookup::MembersOf("g-1".into())),
            ("groups.value eq \"g-1\" and active eq true", Lookup::MembersOf("g-1".into())),
            ("groups[value eq \"g-1\"]", Lookup::MembersOf("g-1".into())),
            ("groups.display eq \"Blue\"", Lookup::Scan),
            ("userName eq \"Alice\" or userName eq \"Bob\"", Lookup::Scan),
            ("not (userName eq \"Alice\")", Lookup::Scan),
            ("userName sw \"Alice\"", Lookup::Scan),
            ("userName ne \"Alice\"", Lookup::Scan),
            ("emails[type eq \"work\"]", Lookup::Scan),
            ("emails[not (value eq \"A@x\")]", Lookup::Scan),
            ("phoneNumbers[value eq \"A@x\"]", Lookup::Scan),
            ("manager eq \"Alice-1\"", Lookup::Scan),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"A\"", Lookup::Scan),
        ];
        check(Resource::User, &UniqueRules::default(), &cases);
        assert_eq!(lookup(None, Resource::User, &UniqueRules::default()), Lookup::Scan);
    }

    #[test]
    fn groups_are_found_by_their_name_and_by_their_members() {
        let cases = [
            ("displayName eq \"Team Blue\"", claim(GROUP_NAME, "team blue")),
            ("externalId eq \"E1\"", Lookup::Index(LookupKey::ExternalId("E1".into()))),
            ("id eq \"g\" and members eq \"u\"", Lookup::Id("g".into())),
            ("members eq \"u\" and id eq \"g\"", Lookup::Id("g".into())),
            ("members eq \"u\"", Lookup::GroupsOf("u".into())),
            ("members.value eq \"u\"", Lookup::GroupsOf("u".into())),
            ("members[value eq \"u\"]", Lookup::GroupsOf("u".into())),
            ("members[type eq \"User\" and value eq \"u\"]", Lookup::GroupsOf("u".into())),
            ("members eq \"u\" and displayName eq \"Blue\"", claim(GROUP_NAME, "blue")),
            ("members eq \"u\" or members eq \"v\"", Lookup::Scan),
            ("not (members eq \"u\")", Lookup::Scan),
            ("members.type eq \"User\"", Lookup::Scan),
            ("members pr", Lookup::Scan),
        ];
        check(Resource::Group, &UniqueRules::default(), &cases);
    }

    #[test]
    fn a_rule_in_force_is_a_look_up_and_one_on_its_way_is_none() {
        let work = "User.emails[type eq \"work\"].value";
        let number = format!("User.{NUMBER}");
        let department = format!("User.{DEPARTMENT}");
        let rules = rules(&[USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, work, &number, &department]);
        let same = format!("{NUMBER} eq \"Ab7\"");
        let other = format!("{DEPARTMENT} eq \"Sales\"");
        let cases = [
            ("externalId eq \"E1\"", claim(USER_EXTERNAL_ID, "E1")),
            ("emails[type eq \"work\"].value eq \"A@x\"", claim(work, "a@x")),
            ("emails[type eq \"work\" and value eq \"A@x\"]", claim(work, "a@x")),
            ("emails[type eq \"home\"].value eq \"A@x\"", Lookup::Index(LookupKey::Email("a@x".into()))),
            ("emails.value eq \"A@x\"", Lookup::Index(LookupKey::Email("a@x".into()))),
            (&same, claim(&number, "ab7")),
            (&other, Lookup::Scan),
        ];
        check(Resource::User, &rules, &cases);
        check(Resource::Group, &rules, &[("externalId eq \"E1\"", claim(GROUP_EXTERNAL_ID, "E1"))]);
    }
}
