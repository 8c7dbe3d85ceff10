//! The alarms of a Directory that follow from what its identity provider does and sends.
//!
//! An alarm that never rang has no condition. One that is over stays as a condition that is False, so that its end has a time.

use jiff::Timestamp;

use super::conditions::{self, Wanted};
use super::directory::ObservedDirectory;
use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory::{ProvisioningMode, Source};
use crate::api::directory_login::{AccountMatch, LoginMode};
use crate::api::provisioning_status::{FailedAuthentications, ProvisioningStatus};
use crate::rules::brake::ordinary_limit;
use crate::rules::traffic::silence::{cycle_ends, failures_end, silent_until};
use crate::store::index::LoginAttributes;

/// The conditions that are decided here.
pub const ALARMS: [ConditionType; 6] = [
    ConditionType::Stale,
    ConditionType::NoUsers,
    ConditionType::MappingSuspect,
    ConditionType::OperationsRefused,
    ConditionType::ManyDeactivated,
    ConditionType::AuthenticationFailing,
];

/// The alarms that ring, and those that rang and are over.
pub fn alarms(observed: &ObservedDirectory<'_>, now: Timestamp) -> Vec<Wanted> {
    let alarms = [
        (ConditionType::Stale, stale(observed, now), Reason::InContact),
        (ConditionType::NoUsers, no_users(observed, now), Reason::UsersArrived),
        (ConditionType::MappingSuspect, mapping(observed), Reason::AttributesUsable),
        (ConditionType::OperationsRefused, refused(observed), Reason::NoneRefused),
        (ConditionType::ManyDeactivated, many_deactivated(observed), Reason::Ordinary),
        (ConditionType::AuthenticationFailing, failing(observed, now), Reason::NoFailures),
    ];
    let wanted = alarms.into_iter().map(|(name, ringing, over)| match ringing {
        Some((reason, message)) => Some(Wanted { name, holds: true, reason, message }),
        None if conditions::stands(observed.status, name) => {
            Some(Wanted { name, holds: false, reason: over, message: String::new() })
        }
        None => None,
    });
    wanted.flatten().collect()
}

/// Nothing has been heard from the provider for three cycles. A Directory that serves nobody is silent for good reason.
fn stale(observed: &ObservedDirectory<'_>, now: Timestamp) -> Option<(Reason, String)> {
    let provisioning = served(observed)?;
    let last = provisioning.last_contact.as_ref()?.0;
    let source = observed.spec.provisioning.source;
    if now < silent_until(source, provisioning)? {
        return None;
    }
    let cycles = match provisioning.cadence_seconds {
        Some(seconds) => format!("three of the cycles that were seen before, {} minutes each", minutes(seconds)),
        None => "three cycles of 40 minutes".to_owned(),
    };
    let advice = match source.counts_as() {
        Source::EntraID => {
            "in Entra, open the enterprise application > Provisioning: start provisioning if it is stopped, and look there for \
             a quarantine and in Provisioning logs for errors"
        }
        Source::Generic | Source::Unknown => "look at the log of the provider's SCIM client",
    };
    let message = format!(
        "the last request with a good key came at {last:.0}, which is longer ago than {cycles}; nobody is deactivated until the \
         next one comes: {advice}"
    );
    Some((Reason::Silent, message))
}

/// Requests come, and with them nobody.
fn no_users(observed: &ObservedDirectory<'_>, now: Timestamp) -> Option<(Reason, String)> {
    let provisioning = served(observed)?;
    let is_fresh = now < silent_until(observed.spec.provisioning.source, provisioning)?;
    // While nothing is stored there are no users to be missed.
    let is_observed = observed.spec.provisioning.mode.counts_as() == ProvisioningMode::Observe;
    if !is_fresh || is_observed || observed.counts.users > 0 || now < cycle_ends(provisioning)? {
        return None;
    }
    let advice = match observed.spec.provisioning.source.counts_as() {
        Source::EntraID => {
            "in Entra, open the enterprise application: assign people under Users and groups, with another role than Default \
             Access, which is never provisioned; see under Provisioning > Settings whether the Scope is what you mean; and start \
             provisioning if you have only tested the connection"
        }
        Source::Generic | Source::Unknown => "see which people the provider assigns to this application",
    };
    Some((Reason::NobodyAssigned, format!("the provider asks and sends nobody: {advice}")))
}

/// People who may not be able to log in, by what the provider's mapping made of them.
fn mapping(observed: &ObservedDirectory<'_>) -> Option<(Reason, String)> {
    let login = observed.spec.login.as_ref().filter(|login| login.method.counts_as() != LoginMode::Disabled)?;
    let oidc = login.oidc.as_ref()?;
    let LoginAttributes { unlike_addresses, without_external_id } = observed.login_attributes;
    let by_object_id_alone = oidc.matching.counts_as() == AccountMatch::ObjectId;
    let doubled = &observed.duplicate_users;
    let findings = [
        (unlike_addresses.0, &unlike_addresses.1, !by_object_id_alone, "a userName that is no e-mail address"),
        (without_external_id.0, &without_external_id.1, by_object_id_alone, "no externalId"),
        (doubled.count, &doubled.examples, true, "the externalId of somebody else"),
    ];
    let findings = findings.into_iter().filter(|(count, _, matters, _)| *count > 0 && *matters);
    let sentences: Vec<_> = findings
        .map(|(count, examples, _, what)| {
            let have = if count == 1 { "user has" } else { "users have" };
            let examples: Vec<_> = examples.iter().take(MAX_NAMED).map(String::as_str).collect();
            format!("{count} {have} {what}, such as {}", examples.join(", "))
        })
        .collect();
    if sentences.is_empty() {
        return None;
    }
    let message = format!(
        "{}; they may not be found when they log in. In Entra, open Provisioning > Mappings > Provision Microsoft Entra ID Users \
         and map userPrincipalName to userName and objectId to externalId",
        sentences.join("; ")
    );
    Some((Reason::AttributesUnusable, message))
}

/// Most names that a message has of one sort.
const MAX_NAMED: usize = 5;

/// Writes of the last cycle were refused.
fn refused(observed: &ObservedDirectory<'_>) -> Option<(Reason, String)> {
    let provisioning = served(observed)?;
    let cycle = provisioning.cycle.as_ref().filter(|cycle| cycle.counts.refused > 0)?;
    let refused = cycle.counts.refused;
    let (writes, were) = if refused == 1 { ("write", "was") } else { ("writes", "were") };
    let message = format!(
        "{refused} {writes} of the cycle that began at {:.0} {were} refused: status.provisioning.lastError says what the last one \
         was about and what to mend; Entra's Provisioning logs have all of them and send each again later",
        cycle.started_at.0
    );
    Some((Reason::Refused, message))
}

/// So many people were deactivated in the last cycle that it may be a mistake in the provider. It has taken effect all the same.
fn many_deactivated(observed: &ObservedDirectory<'_>) -> Option<(Reason, String)> {
    let cycle = served(observed)?.cycle.as_ref()?;
    let (deactivated, people) = (cycle.counts.deactivated, observed.counts.users);
    let limit = ordinary_limit(usize::try_from(people).unwrap_or(usize::MAX));
    if usize::try_from(deactivated).is_ok_and(|deactivated| deactivated < limit) {
        return None;
    }
    let message = format!(
        "{deactivated} of {people} people were deactivated in the cycle that began at {:.0}, and are locked out: deactivations are \
         never stopped. If nobody meant that, look in Entra at the assignments of the enterprise application, its scoping filters \
         and its Provisioning logs; once they are assigned again, the next cycle lets them in",
        cycle.started_at.0
    );
    Some((Reason::Burst, message))
}

/// Credentials were refused a moment ago.
fn failing(observed: &ObservedDirectory<'_>, now: Timestamp) -> Option<(Reason, String)> {
    let provisioning = observed.provisioning.as_ref()?;
    let failed = provisioning.failed_authentications.as_ref()?;
    if now >= failures_end(provisioning)? {
        return None;
    }
    let FailedAuthentications { count, first_time, reason, key, .. } = failed;
    let requests = if *count == 1 { "request has" } else { "requests have" };
    let key = key.as_ref().map(|key| format!(" (DirectoryKey {key})")).unwrap_or_default();
    let message = format!(
        "{count} {requests} been refused since {:.0} because of their credentials. The last one: {}{key}",
        first_time.0,
        what_was_wrong(reason)
    );
    Some((Reason::CredentialsRefused, message))
}

/// What was wrong with credentials, by the word of the log and the metric, and what to do.
fn what_was_wrong(reason: &str) -> &'static str {
    match reason {
        "missing" => {
            "it had none; enter the secret of a DirectoryKey as Secret Token under Provisioning > Admin Credentials"
        }
        "malformed" => "they could not be read; send them as Authorization: Bearer SECRET",
        "unknown_key" => {
            "no DirectoryKey has this secret; copy the secret of one again into Secret Token under Provisioning > Admin \
             Credentials"
        }
        "other_directory" => {
            "its key opens another Directory; Tenant URL and Secret Token must be of the same Directory"
        }
        "not_yet_valid" => "the notBefore of its key is yet to come",
        "expired" => "its key has expired; make another one and enter its secret as Secret Token",
        "revoked" => "its key is revoked; make another one and enter its secret as Secret Token",
        "basic_refused" => "it came with Basic, and spec.provisioning.basic is Refuse",
        "wrong_scope" => "its key has not the scope that the request needs, such as provision",
        _ => "the log names the reason",
    }
}

/// What the provider's requests did, where they are served.
fn served<'a>(observed: &'a ObservedDirectory<'_>) -> Option<&'a ProvisioningStatus> {
    let is_served = observed.spec.provisioning.mode.counts_as() != ProvisioningMode::Disabled;
    observed.provisioning.as_ref().filter(|_| is_served && observed.ending.is_none())
}

fn minutes(seconds: i64) -> i64 {
    (seconds + 30).div_euclid(60)
}

#[cfg(test)]
mod tests;
