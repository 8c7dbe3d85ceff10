//! `why`: whether a person may get in, and if not, why, since when and by which request.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::change::ago;
use super::people::{person_json, state};
use super::place::ChosenDirectory;
use super::table::plain;
use super::{Answer, PluginError, failed};
use crate::api::{DirectoryApplicationSpec, DirectoryStatus, Object};
use crate::doctor::checks::{condition, time};
use crate::doctor::spec_of;
use crate::rules::access::{Denial, LoginRules, decide, person};
use crate::rules::application;
use crate::rules::naming::{UniqueRules, canonical, claim_name, claimed_values};
use crate::rules::profile::Profile;
use crate::rules::resource::Resource;
use crate::store;
use crate::store::kind::Kind;

/// Whether somebody may get in somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessAnswer {
    /// The reason as conditions and the log spell it; none: the person may get in.
    pub denial: Option<&'static str>,
    /// Since when, where that is known.
    pub since: Option<Timestamp>,
    /// Which request did it, where that is known.
    pub request: Option<String>,
    /// What to do, or what is behind it.
    pub advice: String,
}

/// What is known of a person and a Directory.
pub struct Facts<'a> {
    /// The person.
    pub person: &'a Object,
    /// Who may log in.
    pub rules: &'a LoginRules,
    /// The value that the person names and does not own.
    pub lost: Option<Lost>,
}

/// A value that a person names and does not own. Attributes are as claims name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Somebody else owns it.
    Held {
        /// The attribute.
        attribute: String,
        /// Who.
        holder: String,
    },
    /// Nobody owns it yet.
    Unclaimed {
        /// The attribute.
        attribute: String,
    },
    /// The status says that there is one, and the caller may not read claims.
    Unread,
}

/// The decision of every door, and what there is to say about it.
pub fn tell(facts: &Facts<'_>) -> AccessAnswer {
    let Facts { person: object, rules, lost } = facts;
    let stands = condition(object, "AccessGranted");
    let denial = match decide(&person(object, lost.is_none()), rules) {
        Err(denial) => denial,
        // Which tenant answers for the provider is known to the operator alone.
        Ok(_) if stands.is_some_and(|stands| !stands.holds && stands.reason == Denial::ForeignLink.as_str()) => {
            Denial::ForeignLink
        }
        Ok(_) => {
            return AccessAnswer { denial: None, since: since(object, None), request: None, advice: String::new() };
        }
    };
    let message = stands.filter(|stands| stands.reason == denial.as_str()).map(|stands| stands.message.to_owned());
    let advice = match (denial, lost) {
        (Denial::ValueTaken, Some(Lost::Held { attribute, holder })) => {
            format!("{attribute} belongs to {holder}: give one of the two another value, or delete one")
        }
        (Denial::ValueTaken, Some(Lost::Unclaimed { attribute })) => {
            format!("{attribute} is being claimed: ask again in a moment")
        }
        (Denial::ValueTaken, Some(Lost::Unread)) => {
            let ready = condition(object, "Ready").map(|ready| ready.message.to_owned());
            ready.unwrap_or_else(|| advice(denial).to_owned())
        }
        _ => message.unwrap_or_else(|| advice(denial).to_owned()),
    };
    AccessAnswer {
        denial: Some(denial.as_str()),
        since: since(object, Some(denial)),
        request: request(object, denial),
        advice,
    }
}

/// What to do where the operator has not said it in the status yet.
fn advice(denial: Denial) -> &'static str {
    match denial {
        Denial::Deleted => "assign the account in the identity provider again, or: kubectl directory undelete",
        Denial::Rejected => "the object lost its name before anybody was told of it, and is about to be removed",
        Denial::ValueTaken => "another object has a value that must be unique",
        Denial::Inactive => "enable or assign the account in the identity provider",
        Denial::Suspended => "kubectl directory unsuspend lets the person in again",
        Denial::SuspendedByPortal => "lift the suspension in the portal",
        Denial::LoginDisabled => "nobody logs in to this Directory: see spec.login of the Directory",
        Denial::MethodUnavailable => {
            "change spec.loginMethod of the person, or open that way to log in in spec.login of the Directory"
        }
        Denial::ForeignLink => {
            "the person is linked to an account of another tenant: remove spec.link, with the verb override"
        }
    }
}

/// Since when it is so: the mark of what did it, or else the time of the condition.
fn since(object: &Object, denial: Option<Denial>) -> Option<Timestamp> {
    let conditions = object.status()["conditions"].as_array().into_iter().flatten();
    let stands = conditions.into_iter().find(|condition| condition["type"] == "AccessGranted");
    let is_current = |condition: &&Value| match denial {
        Some(denial) => condition["reason"] == denial.as_str(),
        None => condition["status"] == "True",
    };
    let changed = stands.filter(is_current).and_then(|condition| time(&condition["lastTransitionTime"]));
    let mark = match denial {
        Some(Denial::Deleted) => object.deleted_at(),
        Some(Denial::Inactive) => time(&object.spec()["lastDeactivation"]["at"]),
        Some(Denial::SuspendedByPortal) => time(&object.portal_suspension()["at"]),
        _ => None,
    };
    mark.or(changed)
}

/// The request or the person that did it.
fn request(object: &Object, denial: Denial) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match denial {
        Denial::Deleted | Denial::Inactive => {
            let mark = &object.spec()["lastDeactivation"];
            let (method, key, id) = (text(&mark["method"])?, text(&mark["key"])?, text(&mark["requestID"])?);
            Some(format!("{method} with the key {key}, request {id}"))
        }
        Denial::SuspendedByPortal => {
            let suspension = object.portal_suspension();
            let by = text(&suspension["by"])?;
            let why = text(&suspension["reason"]).map(|why| format!(": {why}")).unwrap_or_default();
            Some(format!("{by} in the portal{why}"))
        }
        _ => None,
    }
}

/// `why`.
pub async fn why(
    place: &ChosenDirectory,
    text: &str,
    application: Option<&str>,
    now: Timestamp,
) -> Result<Answer, PluginError> {
    let directory = place.read_directory().await?;
    let spec = spec_of(&directory).unwrap_or_default();
    let person = place.person(text).await?;
    let rules = LoginRules::of(spec.login.as_ref(), None);
    let status: DirectoryStatus = serde_json::from_value(directory.status().clone()).unwrap_or_default();
    let lost = lost(place, &person, &UniqueRules::of(&spec, &status).in_force()).await?;
    let told = tell(&Facts { person: &person, rules: &rules, lost });
    let mut json = person_json(&person);
    json["access"] = json!({
        "granted": told.denial.is_none(), "reason": told.denial, "since": told.since.map(|time| time.to_string()),
        "request": told.request, "advice": told.advice,
    });
    let mut answer = Answer { text: sentence(&person, &told, now), json, is_yes: told.denial.is_none() };
    if let Some(name) = application {
        let judged = judge(place, &person, &Profile::read(person.scim().to_string().as_bytes(), &spec), name).await?;
        answer.json["application"] = json!({ "name": name, "granted": judged.is_ok(), "reason": judged.err() });
        let line = match judged {
            Ok(()) if told.denial.is_none() => format!("application {name}: may use it\n"),
            Ok(()) => format!("application {name}: its own rules would be met\n"),
            Err(reason) => format!("application {name}: may not use it ({reason})\n"),
        };
        answer.text.push_str(&line);
        answer.is_yes &= judged.is_ok();
    }
    Ok(answer)
}

fn sentence(person: &Object, told: &AccessAnswer, now: Timestamp) -> String {
    let name = plain(person.scim()["userName"].as_str().unwrap_or_default());
    let mut text = format!("{name} ({}) is {}\n", person.name(), state(person));
    let since = told.since.map(|since| format!(" since {}", ago(since, now))).unwrap_or_default();
    match told.denial {
        None => writeln!(text, "access: granted{since}").ok(),
        Some(reason) => writeln!(text, "access: denied{since}: {reason}").ok(),
    };
    if let Some(request) = &told.request {
        writeln!(text, "by: {}", plain(request)).ok();
    }
    if !told.advice.is_empty() {
        writeln!(text, "what to do: {}", plain(&told.advice)).ok();
    }
    text
}

/// The first value of the person that somebody else owns, or nobody. Where the caller may not read claims, the status tells.
async fn lost(place: &ChosenDirectory, person: &Object, rules: &UniqueRules) -> Result<Option<Lost>, PluginError> {
    if person.is_deleted() {
        return Ok(None);
    }
    for value in claimed_values(Resource::User, person.spec(), rules) {
        let name = claim_name(&place.directory, &value.attribute, &value.value);
        let holder = match place.store.objects().get(Kind::CLAIM, &place.namespace, &name).await {
            Ok(claim) => claim.spec()["holder"].as_str().map(str::to_owned),
            Err(store::Error::NotFound) => None,
            Err(store::Error::Forbidden(_)) => {
                let is_in_conflict = crate::doctor::is_in_conflict(person);
                return Ok(is_in_conflict.then_some(Lost::Unread));
            }
            Err(error) => return Err(failed("read a claim")(error)),
        };
        let attribute = value.attribute;
        match holder {
            Some(holder) if holder == person.name() => {}
            Some(holder) => return Ok(Some(Lost::Held { attribute, holder })),
            None => return Ok(Some(Lost::Unclaimed { attribute })),
        }
    }
    Ok(None)
}

/// Whether the policy of an application lets the person in.
async fn judge(
    place: &ChosenDirectory,
    person: &Object,
    profile: &Option<Profile>,
    name: &str,
) -> Result<Result<(), &'static str>, PluginError> {
    let application = place.get(Kind::APPLICATION, name).await?;
    let application = application.ok_or_else(|| {
        PluginError::Absent(format!(
            "there is no DirectoryApplication {name} of the Directory {}: kubectl get directoryapplications lists them",
            place.directory
        ))
    })?;
    let spec: DirectoryApplicationSpec =
        serde_json::from_value(application.spec().clone()).map_err(failed("read the application"))?;
    let mut groups = Vec::new();
    if !spec.require.groups.is_empty() {
        let mine = person.member_of();
        place
            .visit(Kind::GROUP, |group| {
                if !group.is_deleted() && mine.contains(&group.name()) {
                    groups.push(canonical(group.scim()["displayName"].as_str().unwrap_or_default()));
                    groups.push(group.name().to_owned());
                }
            })
            .await?;
    }
    let is_member =
        |wanted: &[String]| wanted.iter().any(|wanted| groups.contains(&canonical(wanted)) || groups.contains(wanted));
    let profile = profile.clone().unwrap_or_default();
    let decided = application::decide(&spec.require, person.name(), &profile, is_member);
    Ok(decided.map_err(application::PolicyDenial::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::directory_user::LoginMethod;

    fn rules() -> LoginRules {
        LoginRules { method: Some(LoginMethod::OpenIDConnect), has_provider: true, ..LoginRules::default() }
    }

    fn ada(spec: &Value, conditions: &Value) -> Object {
        let mut whole = json!({ "scim": { "userName": "ada@contoso.example", "active": true } });
        whole.as_object_mut().expect("an object").extend(spec.as_object().cloned().expect("an object"));
        json!({ "metadata": { "name": "ada-1" }, "spec": whole, "status": { "conditions": conditions } }).into()
    }

    #[test]
    fn the_reason_comes_with_its_time_its_request_and_what_to_do() {
        let at = "2026-03-01T10:00:00Z";
        let mark = json!({ "at": at, "method": "PATCH", "key": "entra", "requestID": "r-1" });
        let inactive = json!({ "scim": { "userName": "ada", "active": false }, "lastDeactivation": mark });
        let granted = json!([{ "type": "AccessGranted", "status": "True", "lastTransitionTime": at }]);
        let foreign = json!([{ "type": "AccessGranted", "status": "False", "reason": "ForeignLink", "message": "remove it",
            "lastTransitionTime": at }]);
        let portal = json!({ "portalSuspension": { "at": at, "by": "bob-1", "reason": "lost laptop" } });
        let attribute = || "User.userName".to_owned();
        let taken = json!([{ "type": "Ready", "status": "False", "reason": "Taken", "message": "externalId belongs to bob-1" }]);
        for (name, person, lost, denial, since, request, advice) in [
            ("granted", ada(&json!({}), &granted), None, None, true, None, ""),
            ("granted, and no status yet", ada(&json!({}), &json!([])), None, None, false, None, ""),
            (
                "deactivated",
                ada(&inactive, &json!([])),
                None,
                Some("Inactive"),
                true,
                Some("PATCH with the key entra, request r-1"),
                "enable or assign",
            ),
            ("deleted", ada(&json!({ "deletedAt": at }), &json!([])), None, Some("Deleted"), true, None, "undelete"),
            (
                "suspended",
                ada(&json!({ "suspended": true }), &json!([])),
                None,
                Some("Suspended"),
                false,
                None,
                "unsuspend",
            ),
            (
                "suspended in the portal",
                ada(&portal, &json!([])),
                None,
                Some("SuspendedByPortal"),
                true,
                Some("bob-1 in the portal: lost laptop"),
                "in the portal",
            ),
            (
                "the name is somebody else's",
                ada(&json!({}), &json!([])),
                Some(Lost::Held { attribute: attribute(), holder: "bob-1".to_owned() }),
                Some("ValueTaken"),
                false,
                None,
                "User.userName belongs to bob-1",
            ),
            (
                "being created",
                ada(&json!({}), &json!([])),
                Some(Lost::Unclaimed { attribute: attribute() }),
                Some("ValueTaken"),
                false,
                None,
                "being claimed",
            ),
            (
                "somebody else's, for who may not read claims",
                ada(&json!({}), &taken),
                Some(Lost::Unread),
                Some("ValueTaken"),
                false,
                None,
                "externalId belongs to bob-1",
            ),
            ("another tenant", ada(&json!({}), &foreign), None, Some("ForeignLink"), true, None, "remove it"),
        ] {
            let told = tell(&Facts { person: &person, rules: &rules(), lost });
            assert_eq!(told.denial, denial, "{name}");
            assert_eq!(told.since.is_some(), since, "{name}");
            assert_eq!(told.request.as_deref(), request, "{name}");
            assert!(told.advice.contains(advice), "{name}: {}", told.advice);
        }
    }
}
