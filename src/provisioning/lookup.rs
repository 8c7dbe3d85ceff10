//! Which object a filter can only mean: found without looking at every person.
//!
//! A look-up narrows and never decides: the whole filter is tested on what it finds.

use serde_json::Value;

use crate::rules::naming::canonical;
use crate::scim::filter::{Filter, Operator, conjuncts};
use crate::scim::path::AttributePath;
use crate::store::index::LookupKey;

/// How the resources that a filter selects are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// By a live read of the object of this name.
    Id(String),
    /// By a live read of the claim on this canonical userName, and of its holder.
    UserName(String),
    /// By the index, which names candidates to be read live.
    Index(LookupKey),
    /// By looking at everybody in the index.
    Scan,
}

/// The best look-up that a filter allows: any of its conjuncts restricts the result.
pub fn lookup(filter: Option<&Filter>) -> Lookup {
    let Some(filter) = filter else { return Lookup::Scan };
    conjuncts(filter).into_iter().filter_map(by_conjunct).min_by_key(cost).unwrap_or(Lookup::Scan)
}

fn cost(lookup: &Lookup) -> u8 {
    match lookup {
        Lookup::Id(_) => 0,
        Lookup::UserName(_) => 1,
        Lookup::Index(_) => 2,
        Lookup::Scan => 3,
    }
}

fn by_conjunct(filter: &Filter) -> Option<Lookup> {
    match filter {
        Filter::Compare(path, Operator::Eq, Value::String(value)) => by_attribute(path, value),
        // emails[type eq "work"].value eq "x" and emails[type eq "work" and value eq "x"] alike.
        Filter::Element(path, selector) if is_core(path, "emails") => {
            conjuncts(selector).into_iter().find_map(|part| match part {
                Filter::Compare(part, Operator::Eq, Value::String(value)) if is_core(part, "value") => {
                    Some(Lookup::Index(LookupKey::Email(canonical(value))))
                }
                _ => None,
            })
        }
        _ => None,
    }
}

fn by_attribute(path: &AttributePath, value: &str) -> Option<Lookup> {
    let AttributePath { schema: None, attribute: Some(attribute), sub_attribute } = path else { return None };
    match (attribute.as_str(), sub_attribute.as_deref()) {
        ("id", None) => Some(Lookup::Id(value.to_owned())),
        ("userName", None) => Some(Lookup::UserName(canonical(value))),
        ("externalId", None) => Some(Lookup::Index(LookupKey::ExternalId(value.to_owned()))),
        ("displayName", None) => Some(Lookup::Index(LookupKey::DisplayName(canonical(value)))),
        ("emails", None | Some("value")) => Some(Lookup::Index(LookupKey::Email(canonical(value)))),
        _ => None,
    }
}

fn is_core(path: &AttributePath, attribute: &str) -> bool {
    path.schema.is_none() && path.sub_attribute.is_none() && path.attribute.as_deref() == Some(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter;
    use crate::scim::schema::USER;

    #[test]
    fn a_filter_is_answered_by_the_cheapest_look_up_that_it_allows() {
        let email = || Lookup::Index(LookupKey::Email("a@x".into()));
        let cases = [
            ("userName eq \"Alice\"", Lookup::UserName("alice".into())),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"Alice\"", Lookup::UserName("alice".into())),
            ("active eq true and userName eq \"Alice\"", Lookup::UserName("alice".into())),
            ("userName eq \"Alice\" and id eq \"Alice-1\"", Lookup::Id("Alice-1".into())),
            ("externalId eq \"E1\"", Lookup::Index(LookupKey::ExternalId("E1".into()))),
            ("displayName eq \"Alice Able\"", Lookup::Index(LookupKey::DisplayName("alice able".into()))),
            ("emails[type eq \"work\"].value eq \"A@x\"", email()),
            ("emails[type eq \"work\" and value eq \"A@x\"]", email()),
            ("emails.value eq \"A@x\"", email()),
            ("emails eq \"A@x\"", email()),
            ("userName eq \"Alice\" or userName eq \"Bob\"", Lookup::Scan),
            ("not (userName eq \"Alice\")", Lookup::Scan),
            ("userName sw \"Alice\"", Lookup::Scan),
            ("userName ne \"Alice\"", Lookup::Scan),
            ("emails[type eq \"work\"]", Lookup::Scan),
            ("emails[not (value eq \"A@x\")]", Lookup::Scan),
            ("phoneNumbers[value eq \"A@x\"]", Lookup::Scan),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"A\"", Lookup::Scan),
        ];
        for (text, expected) in cases {
            let filter = filter::parse(text, &USER).expect("a filter");
            assert_eq!(lookup(Some(&filter)), expected, "{text}");
        }
        assert_eq!(lookup(None), Lookup::Scan);
    }
}
