//! The values that an object names, and so claims, under the rules of its Directory.

use std::fmt::Write as _;

use serde_json::Value;

use super::path::ClaimedPath;
use super::{GROUP_EXTERNAL_ID, GROUP_NAME, LINK, USER_NAME, UniqueRules, canonical};
use crate::api::directory_claim::MAX_VALUE;
use crate::rules::resource::Resource;

/// One value that one attribute of one object names, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimedValue {
    /// [`USER_NAME`], [`LINK`] or the name of another claimed attribute.
    pub attribute: String,
    /// The canonical form.
    pub value: String,
}

impl ClaimedValue {
    /// Whether it has more characters than a claim holds ([`MAX_VALUE`]). Canonical text can be longer than what was sent.
    pub fn is_too_long(&self) -> bool {
        self.value.chars().count() > MAX_VALUE
    }
}

/// The values that the `spec` of an object names as committed: the name and the link always, others as far as a rule is
/// in force or on its way. An attribute with two values has none to claim ([`ambiguous`]).
pub fn claimed_values(resource: Resource, spec: &Value, rules: &UniqueRules) -> Vec<ClaimedValue> {
    let always: &[&str] = match resource {
        Resource::User => &[USER_NAME, LINK],
        Resource::Group => &[GROUP_NAME],
    };
    let always = always.iter().filter_map(|attribute| claimed_value(attribute, spec));
    let ruled = rules.paths(resource).filter_map(|(attribute, path)| named(attribute, path.value(&spec["scim"])));
    always.chain(ruled).collect()
}

/// The value of one claimed attribute in the `spec` of an object of its kind, whatever rules are in force: a claim is alive
/// while its holder names the value, also after its rule was turned off.
pub fn claimed_value(attribute: &str, spec: &Value) -> Option<ClaimedValue> {
    let text = |name: &str| spec["scim"][name].as_str();
    let value = match attribute {
        USER_NAME => text("userName").map(canonical),
        GROUP_NAME => text("displayName").map(canonical),
        LINK => link(&spec["link"]),
        _ => ClaimedPath::of_attribute(attribute)?.value(&spec["scim"]),
    };
    named(attribute, value)
}

fn named(attribute: &str, value: Option<String>) -> Option<ClaimedValue> {
    Some(ClaimedValue { attribute: attribute.to_owned(), value: value? })
}

/// Whether this version knows what a claimed attribute is read from. A claim on any other counts as alive: a newer
/// replica has put its attribute in force.
pub fn is_known_attribute(attribute: &str) -> bool {
    [USER_NAME, GROUP_NAME, LINK, GROUP_EXTERNAL_ID].contains(&attribute)
        || ClaimedPath::of_attribute(attribute).is_some()
}

/// The first unique attribute of which a `spec` has two values, as the client names it: nothing could say which of them is
/// the claimed one, so such a write is refused.
pub fn ambiguous(resource: Resource, spec: &Value, rules: &UniqueRules) -> Option<String> {
    let scim = &spec["scim"];
    let found = rules.paths(resource).find(|(_, path)| path.values(scim).len() > 1);
    found.map(|(attribute, _)| without_kind(attribute))
}

/// The first claimed attribute whose value is [too long](ClaimedValue::is_too_long), as the client names it.
pub fn too_long(resource: Resource, spec: &Value, rules: &UniqueRules) -> Option<String> {
    let values = claimed_values(resource, spec, rules);
    let found = values.iter().find(|claimed| claimed.is_too_long());
    found.map(|claimed| without_kind(&claimed.attribute))
}

/// `User.userName` is `userName` for whoever sends it.
fn without_kind(attribute: &str) -> String {
    attribute.split_once('.').map_or(attribute, |(_, path)| path).to_owned()
}

fn link(link: &Value) -> Option<String> {
    let (tenant, object) = (link["tenantID"].as_str()?, link["objectID"].as_str()?);
    let mut text = String::with_capacity(tenant.len() + object.len() + 1);
    write!(text, "{tenant}/{object}").expect("writing to a String cannot fail");
    Some(text.to_lowercase())
}
