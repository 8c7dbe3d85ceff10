//! The checks, in the order in which a person would look. Each is a pure function and has one finding.

mod cluster;
mod directory;
mod keys;
mod login;
mod people;
mod rules;
#[cfg(test)]
mod tests;
mod traffic;

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;

use super::finding::{Conclusion, Finding};
use super::observe::{ObservedCluster, spec_of};
use crate::api::{DirectorySpec, Object};

/// What the checks of a Directory go by.
pub struct Scene<'a> {
    /// What was seen.
    pub observed: &'a ObservedCluster,
    /// The Directory.
    pub directory: &'a Object,
    /// Its rules.
    pub spec: DirectorySpec,
    /// The time by the clock of the cluster.
    pub now: Timestamp,
}

/// A check of the cluster.
type ClusterCheck = fn(&ObservedCluster, Timestamp) -> Conclusion;
/// A check of a Directory.
type DirectoryCheck = fn(&Scene<'_>) -> Conclusion;

/// The checks of the cluster, which need no Directory.
const OF_CLUSTER: [(&str, ClusterCheck); 4] = [
    ("kinds", cluster::kinds),
    ("directory", cluster::directory),
    ("operator", cluster::operator),
    ("replicas", cluster::replicas),
];

/// The checks of a Directory.
const OF_DIRECTORY: [(&str, DirectoryCheck); 25] = [
    ("ready", directory::ready),
    ("endpoint", directory::endpoint),
    ("connection", directory::connection),
    ("provisioning", directory::provisioning),
    ("keys", keys::keys),
    ("key-expiry", keys::expiry),
    ("key-use", keys::usage),
    ("contact", traffic::contact),
    ("authentication", traffic::authentication),
    ("last-error", traffic::last_error),
    ("refusals", traffic::refusals),
    ("people", people::people),
    ("mapping", people::mapping),
    ("user-names", people::user_names),
    ("conflicts", people::conflicts),
    ("duplicates", rules::duplicates),
    ("groups", people::groups),
    ("quota", rules::quota),
    ("mass-delete", rules::mass_delete),
    ("deactivations", rules::deactivations),
    ("deleted", people::deleted),
    ("login", login::login),
    ("redirect-uris", login::redirect_uris),
    ("client-secret", login::client_secret),
    ("applications", login::applications),
];

/// The id of every check, in their order.
pub fn ids() -> impl Iterator<Item = &'static str> {
    OF_CLUSTER.iter().map(|(id, _)| *id).chain(OF_DIRECTORY.iter().map(|(id, _)| *id))
}

/// Runs every check; those of the Directory only where there is one.
pub fn run(observed: &ObservedCluster, now: Timestamp) -> Vec<Finding> {
    let mut findings: Vec<_> = OF_CLUSTER.iter().map(|(id, check)| check(observed, now).of_check(id)).collect();
    let Ok(directory) = &observed.directory else { return findings };
    let Some(spec) = spec_of(directory) else { return findings };
    let scene = Scene { observed, directory, spec, now };
    findings.extend(OF_DIRECTORY.iter().map(|(id, check)| check(&scene).of_check(id)));
    findings
}

/// A condition in the status of an object.
#[derive(Clone, Copy, Debug)]
pub struct StandingCondition<'a> {
    /// Whether its status is True.
    pub holds: bool,
    /// Its reason.
    pub reason: &'a str,
    /// Its message.
    pub message: &'a str,
}

/// The condition of this type, if it stands.
pub fn condition<'a>(object: &'a Object, name: &str) -> Option<StandingCondition<'a>> {
    let mut conditions = object.status()["conditions"].as_array().into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == name)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default();
    Some(StandingCondition { holds: text("status") == "True", reason: text("reason"), message: text("message") })
}

/// A time in a status.
pub fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// How long ago or until something is, in the largest unit that fits.
pub fn shown(span: SignedDuration) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let (count, unit) = match seconds {
        0..120 => (seconds, Unit::Second),
        120..7_200 => (seconds / 60, Unit::Minute),
        7_200..172_800 => (seconds / 3_600, Unit::Hour),
        _ => (seconds / 86_400, Unit::Day),
    };
    let name = match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        _ => "day",
    };
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}
