//! `find` and `members`: who is there.

use serde_json::{Value, json};

use super::place::{ChosenDirectory, SEND};
use super::table::table;
use super::{Answer, PluginError};
use crate::api::Object;
use crate::doctor::is_in_conflict;
use crate::rules::access;
use crate::rules::naming::{GROUP_NAME, canonical};
use crate::rules::profile::{email, full_name};
use crate::store::kind::Kind;

/// What a person is, in the word that the operator tells of the object as it is by now.
pub fn state(person: &Object) -> String {
    format!("{:?}", access::state(&access::person(person, !is_in_conflict(person))))
}

/// A person as JSON of ours.
pub fn person_json(person: &Object) -> Value {
    let scim = person.scim();
    json!({
        "id": person.name(), "userName": scim["userName"], "displayName": full_name(&scim["displayName"], &scim["name"]),
        "email": email(&scim["emails"]), "externalId": scim["externalId"], "state": state(person),
    })
}

fn row(person: &Object) -> Vec<String> {
    let scim = person.scim();
    let user_name = scim["userName"].as_str().unwrap_or_default().to_owned();
    let name = full_name(&scim["displayName"], &scim["name"]).unwrap_or_default();
    vec![user_name, state(person), name, person.name().to_owned()]
}

fn answer(mut people: Vec<Object>, key: &str, about: Value) -> Answer {
    people.sort_by_cached_key(|person| canonical(person.scim()["userName"].as_str().unwrap_or_default()));
    let mut json = about;
    json[key] = people.iter().map(person_json).collect();
    let rows: Vec<_> = people.iter().map(row).collect();
    Answer { text: table(&["USERNAME", "STATE", "NAME", "ID"], &rows), json, is_yes: true }
}

/// Whether a text is a part of something by which people look for a person.
pub fn is_found(person: &Object, wanted: &str) -> bool {
    let scim = person.scim();
    let has = |text: Option<&str>| text.is_some_and(|text| canonical(text).contains(wanted));
    let is = |text: Option<&str>| text.is_some_and(|text| canonical(text) == wanted);
    let emails = scim["emails"].as_array().into_iter().flatten().map(|email| email["value"].as_str());
    has(scim["userName"].as_str())
        || has(full_name(&scim["displayName"], &scim["name"]).as_deref())
        || is(Some(person.name()))
        || is(scim["externalId"].as_str())
        || emails.into_iter().any(has)
}

/// `find`.
pub async fn find(place: &ChosenDirectory, text: &str) -> Result<Answer, PluginError> {
    let wanted = canonical(text);
    let mut found = Vec::new();
    place
        .visit(Kind::USER, |person| {
            if is_found(&person, &wanted) {
                found.push(person);
            }
        })
        .await?;
    if found.is_empty() {
        let (namespace, directory) = (&place.namespace, &place.directory);
        return Err(PluginError::Absent(format!(
            "nobody in {namespace}/{directory} is found by {text:?}; if Entra has not sent the person, {SEND}"
        )));
    }
    Ok(answer(found, "people", json!({})))
}

/// `members`.
pub async fn members(place: &ChosenDirectory, text: &str) -> Result<Answer, PluginError> {
    let group = group(place, text).await?;
    let mut found = Vec::new();
    place
        .visit(Kind::USER, |person| {
            if !person.is_deleted() && person.member_of().contains(&group.name()) {
                found.push(person);
            }
        })
        .await?;
    let about = json!({ "group": { "id": group.name(), "displayName": group.scim()["displayName"] } });
    Ok(answer(found, "members", about))
}

/// The group of this displayName or SCIM id.
async fn group(place: &ChosenDirectory, text: &str) -> Result<Object, PluginError> {
    let holder = place.holder(GROUP_NAME, text).await;
    for name in holder.as_deref().into_iter().chain([text]) {
        if let Some(group) = place.get(Kind::GROUP, name).await?.filter(|group| !group.is_deleted()) {
            return Ok(group);
        }
    }
    let (wanted, mut found) = (canonical(text), None);
    place
        .visit(Kind::GROUP, |group| {
            let name = group.scim()["displayName"].as_str();
            if !group.is_deleted() && name.is_some_and(|name| canonical(name) == wanted) {
                found = Some(group);
            }
        })
        .await?;
    found.ok_or_else(|| {
        let (namespace, directory) = (&place.namespace, &place.directory);
        PluginError::Absent(format!(
            "no group in {namespace}/{directory} has the displayName or id {text:?}: kubectl get directorygroups lists them"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(spec: &Value) -> Object {
        json!({ "metadata": { "name": "ada-1" }, "spec": spec }).into()
    }

    #[test]
    fn a_person_is_found_by_what_people_know_of_one() {
        let ada = person(&json!({ "scim": { "userName": "Ada@contoso.example", "displayName": "Ada Lovelace",
            "externalId": "4711", "emails": [{ "value": "countess@contoso.example" }] } }));
        for (text, expected) in [
            ("ada@", true),
            ("ADA@CONTOSO.EXAMPLE", true),
            ("lovelace", true),
            ("countess", true),
            ("ada-1", true),
            ("4711", true),
            ("471", false),
            ("ada-", false),
            ("bob", false),
        ] {
            assert_eq!(is_found(&ada, &canonical(text)), expected, "{text}");
        }
    }

    #[test]
    fn the_state_is_the_first_word_that_holds() {
        for (spec, expected) in [
            (json!({ "scim": {} }), "Active"),
            (json!({ "scim": {}, "suspended": true }), "Suspended"),
            (json!({ "scim": {}, "portalSuspension": { "by": "x" } }), "Suspended"),
            (json!({ "scim": { "active": false }, "suspended": true }), "Inactive"),
            (json!({ "scim": {}, "rejected": true }), "Conflict"),
            (json!({ "scim": { "active": false }, "deletedAt": "2026-01-01T00:00:00Z" }), "Deleted"),
        ] {
            assert_eq!(state(&person(&spec)), expected, "{spec}");
        }
    }
}
