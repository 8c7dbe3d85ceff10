//! Defects that real servers have, one at a time.

use rollcall::scim::{Attributes, Error};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What the server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Answers have the media type `application/json`.
    PlainJson,
    /// A name may be taken twice.
    Duplicates,
    /// Names are compared letter by letter in filters.
    ExactNames,
    /// A filter without a hit is answered 404.
    NotFoundForNoHit,
    /// A filter selects everything.
    FilterIgnored,
    /// A value of a filter has to stand in quotes.
    QuotesNeeded,
    /// `excludedAttributes=members` has no effect.
    MembersAlways,
    /// `active` is returned as text.
    BooleansAsText,
    /// An operation without a path changes nothing.
    PathlessIgnored,
    /// A filtered path whose element is missing is refused.
    ElementNeeded,
    /// A value of null or `""` changes nothing.
    NothingIgnored,
    /// A manager that is a bare text changes nothing.
    ManagerAsTextLost,
    /// An operation whose path is `members` and whose op is remove empties the group, whatever its value.
    RemovalEmptiesGroup,
    /// A member that nobody is makes the PATCH fail.
    MembersChecked,
    /// A dot behind the URN of a schema is no path.
    NoDotAfterUrn,
    /// Who is disabled leaves the groups.
    DisablingLeavesGroups,
    /// DELETE is answered 204 and does nothing.
    DeletesNothing,
    /// DELETE of what is not there is answered 204.
    DeletesTwice,
    /// Titles are stored in lower case.
    TitlesLowered,
    /// An e-mail address has to look like one.
    FormatsChecked,
    /// A second page begins with the last of the first.
    PagesOverlap,
    /// externalId is in no schema.
    ExternalIdInNoSchema,
    /// Groups come before users.
    GroupsFirst,
    /// A user without a name is given one.
    NameInvented,
}

fn refuse(detail: &str) -> Error {
    Error::InvalidValue(detail.to_owned())
}

/// What becomes of the parameters of a list.
pub(crate) fn query(defect: Option<Defect>, query: &mut Vec<(String, String)>) -> Result<(), Error> {
    match defect {
        Some(Defect::FilterIgnored) => query.retain(|(name, _)| name != "filter"),
        Some(Defect::QuotesNeeded) => {
            let filter = query.iter().find(|(name, _)| name == "filter");
            if filter.is_some_and(|(_, filter)| !filter.contains('"')) {
                return Err(Error::InvalidFilter("values stand in quotes".to_owned()));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a resource that a filter selects is in the list.
pub(crate) fn is_listed(defect: Option<Defect>, resource: &Attributes, query: &[(String, String)]) -> bool {
    let filter = query.iter().find(|(name, _)| name == "filter").map_or("", |(_, filter)| filter);
    let quoted = filter.split('"').nth(1);
    let names = ["userName", "displayName"].map(|name| resource.get(name).and_then(Value::as_str));
    defect != Some(Defect::ExactNames) || quoted.is_none() || names.contains(&quoted)
}

/// What becomes of the body of a POST or PUT.
pub(crate) fn body(defect: Option<Defect>, body: &mut Attributes) -> Result<(), Error> {
    match defect {
        Some(Defect::NameInvented) if !body.contains_key("userName") => {
            body.insert("userName".to_owned(), format!("nobody-{}", body.len()).into());
        }
        Some(Defect::FormatsChecked) => check_emails(body.get("emails"))?,
        _ => {}
    }
    Ok(())
}

fn check_emails(emails: Option<&Value>) -> Result<(), Error> {
    let values = emails.and_then(Value::as_array).into_iter().flatten().filter_map(|email| email["value"].as_str());
    if values.clone().any(|value| !value.contains('@')) { Err(refuse("an e-mail has an @")) } else { Ok(()) }
}

/// What becomes of the operations of a PATCH.
pub(crate) fn operations(defect: Option<Defect>, body: &mut Attributes, current: &Attributes) -> Result<(), Error> {
    let Some(operations) = body.get_mut("Operations").and_then(Value::as_array_mut) else { return Ok(()) };
    let path = |operation: &Value| operation["path"].as_str().unwrap_or_default().to_owned();
    let is_nothing = |value: &Value| value.is_null() || *value == json!("");
    match defect {
        Some(Defect::PathlessIgnored) => operations.retain(|operation| !path(operation).is_empty()),
        Some(Defect::NothingIgnored) => operations.retain(|operation| {
            let is_all_nothing = operation["value"].as_object().is_some_and(|value| value.values().all(is_nothing));
            operation["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case("remove"))
                || !(is_nothing(&operation["value"]) || is_all_nothing)
        }),
        Some(Defect::ManagerAsTextLost) => {
            operations.retain(|operation| !(path(operation).ends_with(":manager") && operation["value"].is_string()));
        }
        Some(Defect::ElementNeeded) => {
            let attribute = |path: &str| path.split('[').next().unwrap_or_default().to_owned();
            if operations.iter().map(path).any(|path| path.contains('[') && !current.contains_key(&attribute(&path))) {
                return Err(Error::NoTarget("no such element".to_owned()));
            }
        }
        Some(Defect::RemovalEmptiesGroup) => {
            for operation in operations.iter_mut().filter(|operation| path(operation) == "members") {
                if operation["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case("remove")) {
                    *operation = json!({ "op": "remove", "path": "members" });
                }
            }
        }
        Some(Defect::MembersChecked) if operations.iter().any(|operation| operation["value"].is_string()) => {
            return Err(refuse("no such member"));
        }
        Some(Defect::NoDotAfterUrn)
            if operations.iter().map(path).any(|path| path.starts_with(&format!("{ENTERPRISE}."))) =>
        {
            return Err(Error::InvalidPath("no such path".to_owned()));
        }
        Some(Defect::FormatsChecked) => {
            let emails = operations.iter().filter(|operation| path(operation).starts_with("emails["));
            if emails.filter_map(|operation| operation["value"].as_str()).any(|value| !value.contains('@')) {
                return Err(refuse("an e-mail has an @"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// What is stored of the attributes.
pub(crate) fn stored(defect: Option<Defect>, mut attributes: Attributes) -> Attributes {
    if defect == Some(Defect::TitlesLowered)
        && let Some(title) = attributes.get("title").and_then(Value::as_str).map(str::to_lowercase)
    {
        attributes.insert("title".to_owned(), title.into());
    }
    attributes
}

/// What is returned of a resource; `whole` is all of it.
pub(crate) fn shown(defect: Option<Defect>, mut projected: Attributes, whole: &Attributes) -> Attributes {
    match (defect, whole.get("active")) {
        (Some(Defect::MembersAlways), _) => {
            projected.insert("members".to_owned(), whole.get("members").cloned().unwrap_or_else(|| json!([])));
        }
        (Some(Defect::BooleansAsText), Some(active)) => {
            let text = if *active == json!(true) { "True" } else { "False" };
            projected.insert("active".to_owned(), text.into());
        }
        _ => {}
    }
    projected
}

/// What `/Schemas` says.
pub(crate) fn schemas(defect: Option<Defect>, mut schemas: Value) -> Value {
    if defect == Some(Defect::ExternalIdInNoSchema) {
        for schema in schemas["Resources"].as_array_mut().into_iter().flatten() {
            if let Some(attributes) = schema["attributes"].as_array_mut() {
                attributes.retain(|attribute| attribute["name"] != "externalId");
            }
        }
    }
    schemas
}

/// What `/ResourceTypes` says.
pub(crate) fn resource_types(defect: Option<Defect>, mut resource_types: Value) -> Value {
    if defect == Some(Defect::GroupsFirst)
        && let Some(resources) = resource_types["Resources"].as_array_mut()
    {
        resources.reverse();
    }
    resource_types
}
