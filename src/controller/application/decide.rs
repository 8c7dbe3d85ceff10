//! `DirectoryApplication.status`: whether the application works as it is written.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::api::conditions::Reason;
use crate::api::directory_application::HostScheme;
use crate::controller::status::decide::conditions::{READINESS, Readiness, Wanted, insert_list, merge, readiness};
use crate::rules::application::default_port;

/// The fields that are written here.
pub const FIELDS: &[&str] = &["observedGeneration", "conditions"];
/// Most names that a message has of one sort.
const MAX_NAMED: usize = 10;

/// A host of an application, with a wildcard or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Without the wildcard and the port.
    name: String,
    is_wildcard: bool,
    port: u16,
}

impl Host {
    /// A host as the spec of an application of this scheme has it.
    pub fn of(text: &str, scheme: HostScheme) -> Self {
        let (name, port) = text.split_once(':').unwrap_or((text, ""));
        let (name, is_wildcard) = name.strip_prefix("*.").map_or((name, false), |suffix| (suffix, true));
        Self { name: name.to_owned(), is_wildcard, port: port.parse().unwrap_or_else(|_| default_port(scheme)) }
    }

    /// Whether there is a host that both stand for.
    pub fn meets(&self, other: &Self) -> bool {
        let is_below = |name: &str, suffix: &str| {
            name.strip_suffix(suffix).is_some_and(|first| first.len() > 1 && first.ends_with('.'))
        };
        let meet = match (self.is_wildcard, other.is_wildcard) {
            (false, false) => self.name == other.name,
            (true, false) => is_below(&other.name, &self.name),
            (false, true) => is_below(&self.name, &other.name),
            (true, true) => {
                self.name == other.name || is_below(&other.name, &self.name) || is_below(&self.name, &other.name)
            }
        };
        meet && self.port == other.port
    }
}

/// What is seen of the Directory of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryOfApplication {
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Whether anybody may log in.
    pub has_login: bool,
}

/// What is seen of an application.
#[derive(Debug)]
pub struct ObservedApplication<'a> {
    /// The name of its Directory.
    pub directory_name: &'a str,
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
    /// Its Directory, if it is there.
    pub directory: Option<DirectoryOfApplication>,
    /// Hosts that an application of another Directory has as well, and which one.
    pub taken: Vec<(String, String)>,
    /// Groups that it names and that are not there.
    pub unknown_groups: Vec<String>,
    /// People that it names and that are not there.
    pub unknown_people: Vec<String>,
}

/// The status as it should stand.
pub fn status(observed: &ObservedApplication<'_>, now: Timestamp) -> Map<String, Value> {
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), observed.generation.into());
    let conditions = merge(&observed.status["conditions"], &READINESS, ready(observed), observed.generation, now);
    insert_list(&mut wanted, "conditions", conditions);
    wanted
}

/// The first thing that keeps it from working. Names that are not there keep nobody out but those who would bear them, and may
/// come with the next cycle of the identity provider.
fn ready(observed: &ObservedApplication<'_>) -> Vec<Wanted> {
    let name = observed.directory_name;
    match observed.directory {
        None => {
            let message =
                format!("there is no Directory {name} in this namespace: create it, and nobody is let in until then");
            return readiness(Readiness::Waiting, Reason::DirectoryMissing, &message);
        }
        Some(DirectoryOfApplication { is_terminating: true, .. }) => {
            let message = format!("the Directory {name} is being deleted");
            return readiness(Readiness::Waiting, Reason::DirectoryMissing, &message);
        }
        Some(DirectoryOfApplication { has_login: false, .. }) => {
            let message = format!(
                "nobody logs in to the Directory {name}: give it a spec.login, with another method than Disabled"
            );
            return readiness(Readiness::Waiting, Reason::LoginMissing, &message);
        }
        Some(_) => {}
    }
    if !observed.taken.is_empty() {
        let taken = observed.taken.iter().take(MAX_NAMED).map(|(host, other)| format!("{host} is a host of {other}"));
        let taken = taken.collect::<Vec<_>>().join("; ");
        let message = format!("{taken}, which belongs to another Directory: take each host off one of the two");
        return readiness(Readiness::Stalled, Reason::HostTaken, &message);
    }
    let unknown = [("groups", &observed.unknown_groups), ("people", &observed.unknown_people)];
    let unknown = unknown.into_iter().filter(|(_, names)| !names.is_empty());
    let sentences: Vec<_> = unknown.map(|(sort, names)| format!("there are no {sort} {}", list(names))).collect();
    if sentences.is_empty() {
        return readiness(Readiness::Ready, Reason::Serving, "");
    }
    let message = format!("{}: nobody is let in by these names", sentences.join("; "));
    readiness(Readiness::Ready, Reason::NamesUnknown, &message)
}

/// The first names of a list, in quotes, and how many there are beside them.
fn list(names: &[String]) -> String {
    let named = names.iter().take(MAX_NAMED).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(MAX_NAMED);
    if more > 0 { format!("{named} and {more} more") } else { named }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_hosts_meet_where_one_request_can_be_for_both() {
        for (one, other, expected) in [
            ("wiki.contoso.example", "wiki.contoso.example", true),
            ("wiki.contoso.example", "chat.contoso.example", false),
            ("wiki.contoso.example:8443", "wiki.contoso.example", false),
            ("wiki.contoso.example:443", "wiki.contoso.example", true),
            ("*.contoso.example", "wiki.contoso.example", true),
            ("*.contoso.example", "contoso.example", false),
            ("*.contoso.example", "a.b.contoso.example", true),
            ("*.contoso.example", "wikicontoso.example", false),
            ("*.contoso.example", "*.wiki.contoso.example", true),
            ("*.contoso.example", "*.contoso.example", true),
            ("*.wiki.contoso.example", "*.chat.contoso.example", false),
        ] {
            let (one, other) = (Host::of(one, HostScheme::Https), Host::of(other, HostScheme::Https));
            assert_eq!((one.meets(&other), other.meets(&one)), (expected, expected), "{one:?} {other:?}");
        }
        let plain = Host::of("localhost", HostScheme::Http);
        assert!(!plain.meets(&Host::of("localhost", HostScheme::Https)), "another port");
        assert!(plain.meets(&Host::of("localhost:80", HostScheme::Https)));
    }

    #[test]
    fn an_application_is_ready_where_everything_that_it_needs_is_there() {
        let there = DirectoryOfApplication { is_terminating: false, has_login: true };
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let many: Vec<_> = (0..12).map(|number| format!("g{number}")).collect();
        let taken = vec![("wiki.contoso.example".to_owned(), "other/wiki".to_owned())];
        type Case<'a> = (&'a str, Option<DirectoryOfApplication>, Vec<(String, String)>, Vec<String>, Vec<String>);
        let cases: [(Case<'_>, &str, &str, &str); 8] = [
            (("all is there", Some(there), Vec::new(), Vec::new(), Vec::new()), "True", "Serving", ""),
            (
                ("no Directory", None, taken.clone(), Vec::new(), Vec::new()),
                "False",
                "DirectoryMissing",
                "there is no Directory staff in this namespace",
            ),
            (
                (
                    "a Directory that goes",
                    Some(DirectoryOfApplication { is_terminating: true, ..there }),
                    vec![],
                    vec![],
                    vec![],
                ),
                "False",
                "DirectoryMissing",
                "the Directory staff is being deleted",
            ),
            (
                ("no login", Some(DirectoryOfApplication { has_login: false, ..there }), vec![], vec![], vec![]),
                "False",
                "LoginMissing",
                "give it a spec.login",
            ),
            (
                ("somebody's host", Some(there), taken, names(&["x"]), Vec::new()),
                "False",
                "HostTaken",
                "wiki.contoso.example is a host of other/wiki, which belongs to another Directory",
            ),
            (
                ("groups that are not there", Some(there), Vec::new(), names(&["A \"B\""]), Vec::new()),
                "True",
                "NamesUnknown",
                "there are no groups \"A \\\"B\\\"\": nobody is let in by these names",
            ),
            (
                ("people and groups", Some(there), Vec::new(), names(&["A"]), names(&["ada"])),
                "True",
                "NamesUnknown",
                "there are no groups \"A\"; there are no people \"ada\"",
            ),
            (("many", Some(there), Vec::new(), many, Vec::new()), "True", "NamesUnknown", "\"g9\" and 2 more"),
        ];
        for ((case, directory, taken, unknown_groups, unknown_people), holds, reason, message) in cases {
            let observed = ObservedApplication {
                directory_name: "staff",
                generation: 3,
                status: &Value::Null,
                directory,
                taken,
                unknown_groups,
                unknown_people,
            };
            let status = status(&observed, Timestamp::UNIX_EPOCH);
            let condition = &status["conditions"][0];
            assert_eq!((&condition["status"], &condition["reason"]), (&json!(holds), &json!(reason)), "{case}");
            let found = condition["message"].as_str().expect("a message");
            assert!(found.contains(message) && found.is_empty() == message.is_empty(), "{case}: {found}");
            assert_eq!((&status["observedGeneration"], &condition["observedGeneration"]), (&json!(3), &json!(3)));
            let stalled = (reason == "HostTaken").then_some("Stalled");
            assert_eq!(status["conditions"].get(1).and_then(|condition| condition["type"].as_str()), stalled, "{case}");
        }
    }
}
