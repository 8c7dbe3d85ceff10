//! From SCIM's `roles` to one role in the portal.
//!
//! Entra sends a role as an element with the name in `value`, and some of its mappings send a JSON document inside that
//! text. The highest role counts that is known by its exact spelling, and never more than the Directory lets SCIM give: a
//! stolen provisioning key must not make an EnterpriseAdmin. `entitlements` say nothing about the portal.

use serde_json::Value;

use super::effective::{Note, note};
use crate::api::directory::PortalRole;
use crate::scim::Attributes;

/// The highest role that SCIM gives where the Directory does not say.
pub const DEFAULT_CEILING: PortalRole = PortalRole::Admin;

/// The roles that there are, lowest first.
const KNOWN: [(&str, PortalRole); 4] = [
    ("ReadOnly", PortalRole::ReadOnly),
    ("User", PortalRole::User),
    ("Admin", PortalRole::Admin),
    ("EnterpriseAdmin", PortalRole::EnterpriseAdmin),
];

/// The effective portal role. Without a ceiling that is known, none.
pub fn effective(ceiling: Option<PortalRole>, attributes: &Attributes, notes: &mut Vec<Note>) -> Option<PortalRole> {
    let elements = attributes.get("roles").and_then(Value::as_array).into_iter().flatten();
    let mut highest = None;
    for name in elements.filter_map(name_of) {
        match KNOWN.iter().find(|(known, _)| *known == name) {
            Some((_, role)) => highest = highest.max(Some(*role)),
            None => note(notes, Note::UnknownRole(name)),
        }
    }
    let counts_as = highest.min(ceiling);
    if let Some(sent) = highest.filter(|_| counts_as != highest) {
        note(notes, Note::RoleCapped { sent, counts_as });
    }
    counts_as
}

/// The name of the role in an element: its `value`, or the `value` within the JSON document that this holds.
fn name_of(element: &Value) -> Option<String> {
    let text = element.get("value").unwrap_or(element).as_str()?;
    if text.trim_start().starts_with('{')
        && let Ok(Value::Object(document)) = serde_json::from_str(text)
    {
        return document.get("value")?.as_str().map(str::to_owned);
    }
    Some(text.to_owned())
}
