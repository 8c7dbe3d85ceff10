use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::api::directory_claim::MAX_VALUE;
use crate::controller::claiming::turn_on;
use crate::rules::naming::{GROUP_NAME, LINK, USER_NAME, claim_name};
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

/// A Directory with a group and two people in it.
fn memory(spec: Value) -> Memory {
    let memory = Memory::default();
    let put = |kind: Kind, name: &str, spec: Value| {
        let metadata = json!({ "name": name, "namespace": "people" });
        let object = if kind == Kind::GROUP { "DirectoryGroup" } else { "DirectoryUser" };
        memory.put(kind, &json!({ "kind": object, "metadata": metadata, "spec": spec }));
    };
    let claim = |attribute: &str, value: &str, holder: &str| {
        let spec =
            json!({ "directoryRef": { "name": "staff" }, "attribute": attribute, "value": value, "holder": holder });
        put(Kind::CLAIM, &claim_name("staff", attribute, value), spec);
    };
    put(Kind::DIRECTORY, "staff", spec);
    put(Kind::GROUP, "all-1", json!({ "directoryRef": { "name": "staff" }, "scim": { "displayName": "all" } }));
    claim(GROUP_NAME, "all", "all-1");
    for name in ["ada", "bob"] {
        let user_name = format!("{name}@contoso.example");
        let object = format!("{name}-1");
        put(
            Kind::USER,
            &object,
            json!({
                "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "memberOf": ["all-1"],
                "scim": { "userName": user_name, "active": true },
            }),
        );
        claim(USER_NAME, &user_name, &object);
    }
    memory
}

struct Leader {
    memory: Memory,
    statuses: Statuses,
    tools: Tools,
    passes: Passes,
}

impl Leader {
    fn new(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let tools = Tools::of(memory.store(meddle));
        let passes = Passes::default();
        let statuses = Statuses::new(tools.clone(), passes.clone());
        Self { memory: memory.clone(), statuses, tools, passes }
    }

    /// The kinds whose statuses are written when everything that is dirty is looked at.
    async fn look(&mut self) -> Vec<String> {
        self.memory.fill(&self.tools.store);
        self.memory.asked();
        // By then every burst has come to its end.
        let soon = Instant::now() + Duration::from_millis(900);
        while let Some(first) = self.statuses.names.take(soon) {
            assert_eq!(self.statuses.look(first, soon).await, Looked::Finished);
            // Nothing watches this API server, so what was written is told here.
            self.memory.fill(&self.tools.store);
        }
        let asked = self.memory.asked().into_iter();
        asked.filter_map(|asked| asked.strip_prefix("PATCH ").map(str::to_owned)).collect()
    }

    fn status(&self, kind: Kind, name: &str) -> Value {
        let objects = self.memory.all(kind);
        let object = objects.iter().find(|object| object["metadata"]["name"] == name).expect("an object");
        object["status"].clone()
    }
}

#[tokio::test]
async fn a_look_writes_once_and_a_restart_writes_nothing() {
    let memory = memory(json!({ "uniqueExternalId": { "groups": "Enforce" } }));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look().await, ["directories", "directorygroups", "directoryusers", "directoryusers"]);
    let group = leader.status(Kind::GROUP, "all-1");
    assert_eq!((&group["memberCount"], &group["firstMembers"]), (&json!(2), &json!(["ada-1", "bob-1"])));
    assert_eq!(leader.status(Kind::USER, "ada-1")["state"], "Active");
    assert_eq!(leader.look().await, Vec::<String>::new());

    // The rule on externalIds of groups comes into force once nobody breaks it.
    turn_on(&leader.tools, &leader.passes).await;
    assert_eq!(leader.look().await, ["directories"]);
    let directory = leader.status(Kind::DIRECTORY, "staff");
    assert_eq!(directory["uniqueAttributes"][0]["state"], "InForce");
    assert_eq!(directory["counts"], json!({ "users": 2, "activeUsers": 2, "groups": 1 }));
    assert_eq!(leader.look().await, Vec::<String>::new());

    let mut restarted = Leader::new(&memory, |_| None);
    assert_eq!(restarted.look().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_policy_that_makes_a_difference_is_shown_on_each_person_and_goes_with_it() {
    let memory = memory(json!({ "users": { "userTypes": { "allowed": ["Member"], "default": "Member" } } }));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look().await, ["directories", "directorygroups", "directoryusers", "directoryusers"]);
    assert_eq!(leader.status(Kind::USER, "bob-1")["effective"], json!({ "userType": "Member" }));
    let mut directory = memory.all(Kind::DIRECTORY).remove(0);
    directory["spec"] = json!({});
    memory.put(Kind::DIRECTORY, &directory);
    assert_eq!(leader.look().await, ["directoryusers", "directoryusers"]);
    assert_eq!(leader.status(Kind::USER, "bob-1")["effective"], Value::Null);
    assert_eq!(leader.look().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_one_object_does_not_take_keeps_nobody_from_the_others() {
    let memory = memory(json!({ "users": { "userTypes": { "allowed": ["Member"], "default": "Member" } } }));
    let mut leader = Leader::new(&memory, |asked| match (asked.method.as_str(), asked.name.as_str()) {
        ("PATCH", "ada-1") => Some(refusal(422, "Invalid")),
        ("PATCH", "staff") => Some(refusal(409, "Conflict")),
        _ => None,
    });
    let asked = leader.look().await;
    let count = |kind: &str| asked.iter().filter(|asked| *asked == kind).count();
    assert_eq!((count("directorygroups"), count("directoryusers")), (1, 2), "each is asked for once");
    assert_eq!(leader.status(Kind::USER, "bob-1")["effective"]["userType"], "Member");
    let next = leader.look().await;
    assert!(!next.contains(&"directoryusers".to_owned()), "a refusal is not asked for again: {next:?}");
}

#[tokio::test]
async fn the_loser_of_a_value_gets_a_condition_unless_nobody_can_know_of_it() {
    let memory = memory(json!({}));
    let put = |name: &str, created: &str| {
        let spec = json!({
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning",
            "scim": { "userName": "ADA@contoso.example", "meta": { "created": created } },
        });
        let metadata = json!({ "name": name, "namespace": "people" });
        memory.put(Kind::USER, &json!({ "kind": "DirectoryUser", "metadata": metadata, "spec": spec }));
    };
    put("old-1", "2020-01-01T00:00:00Z");
    put("new-1", &Timestamp::now().to_string());
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    let status = leader.status(Kind::USER, "old-1");
    let condition = &status["conditions"][0];
    assert_eq!((&condition["type"], &condition["status"]), (&json!("Ready"), &json!("False")));
    assert_eq!((&status["state"], &status["conditions"][1]["type"]), (&json!("Conflict"), &json!("Stalled")));
    assert_eq!(told(&memory), [("ValueTaken".to_owned(), "old-1".to_owned())]);
    assert_eq!(condition["message"], "User.userName belongs to ada-1: give one of the two another value");
    // The condition would make a create that was cut short count as acknowledged.
    assert_eq!(leader.status(Kind::USER, "new-1"), Value::Null);
    assert_eq!(leader.look().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_directory_that_comes_to_ignore_groups_shows_no_member_of_them() {
    let memory = memory(json!({}));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    assert_eq!(leader.status(Kind::GROUP, "all-1")["memberCount"], 2);
    let mut directory = memory.all(Kind::DIRECTORY).remove(0);
    for (mode, count, first) in [("Ignore", 0, Value::Null), ("Sync", 2, json!(["ada-1", "bob-1"]))] {
        directory["spec"] = json!({ "groups": { "mode": mode } });
        memory.put(Kind::DIRECTORY, &directory);
        leader.look().await;
        let group = leader.status(Kind::GROUP, "all-1");
        assert_eq!((&group["memberCount"], &group["firstMembers"]), (&json!(count), &first), "{mode}");
    }
}

#[tokio::test]
async fn what_one_directory_does_not_take_keeps_nobody_from_the_others() {
    let memory = memory(json!({}));
    let metadata = json!({ "name": "guests", "namespace": "people" });
    memory.put(Kind::DIRECTORY, &json!({ "kind": "Directory", "metadata": metadata, "spec": {} }));
    let mut leader = Leader::new(&memory, |asked| {
        ((asked.method.as_str(), asked.name.as_str()) == ("PATCH", "guests")).then(|| refusal(403, "Forbidden"))
    });
    let asked = leader.look().await;
    assert_eq!(
        asked.iter().filter(|asked| *asked == "directories").count(),
        2,
        "the one that is forbidden is left alone"
    );
    assert_eq!(leader.status(Kind::DIRECTORY, "staff")["counts"]["users"], 2, "guests comes first");
}

#[tokio::test]
async fn a_value_that_no_claim_holds_keeps_no_rule_from_everybody_else() {
    let memory = memory(json!({ "uniqueExternalId": { "users": "Enforce" } }));
    let mut leader = Leader::new(&memory, |asked| {
        let value = asked.body["spec"]["value"].as_str().unwrap_or_default();
        (value.len() > MAX_VALUE).then(|| refusal(422, "Invalid"))
    });
    let mut ada = memory.all(Kind::USER).remove(0);
    ada["spec"]["scim"]["externalId"] = "x".repeat(MAX_VALUE + 1).into();
    memory.put(Kind::USER, &ada);
    leader.look().await;
    leader.look().await;
    turn_on(&leader.tools, &leader.passes).await;
    leader.look().await;
    let directory = leader.status(Kind::DIRECTORY, "staff");
    assert_eq!(directory["uniqueAttributes"][0], json!({ "attribute": "User.externalId", "state": "InForce" }));
}

#[tokio::test]
async fn each_status_of_many_people_is_decided_once() {
    const PEOPLE: usize = 60;
    let memory = Memory::default();
    let spec = json!({ "users": { "userTypes": { "allowed": ["Member"], "default": "Member" } } });
    memory.put(Kind::DIRECTORY, &json!({ "metadata": { "name": "staff", "namespace": "people" }, "spec": spec }));
    for number in 0..PEOPLE {
        let (name, user_name) = (format!("u-{number}"), format!("user-{number}"));
        let metadata = json!({ "name": name, "namespace": "people" });
        let scim = json!({ "userName": user_name, "active": true });
        let spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": scim });
        memory.put(Kind::USER, &json!({ "kind": "DirectoryUser", "metadata": metadata, "spec": spec }));
        let spec = json!({
            "directoryRef": { "name": "staff" }, "attribute": USER_NAME, "value": user_name, "holder": name,
        });
        let metadata = json!({ "name": claim_name("staff", USER_NAME, &user_name), "namespace": "people" });
        memory.put(Kind::CLAIM, &json!({ "metadata": metadata, "spec": spec }));
    }
    let mut leader = Leader::new(&memory, |_| None);
    memory.fill(&leader.tools.store);
    let soon = Instant::now() + Duration::from_millis(900);
    let mut decided = 0;
    while let Some(taken) = leader.statuses.names.take(soon) {
        decided += usize::from(matches!(taken.name.subject, DirtySubject::User(_)));
        if let Some(write) = leader.statuses.decide(&taken, Timestamp::now()).await.expect("a decision") {
            act::write(&leader.tools, &write).await.expect("a write");
            memory.fill(&leader.tools.store);
        }
    }
    assert_eq!(leader.status(Kind::USER, "u-59")["effective"], json!({ "userType": "Member" }));
    // Once because everything was new, once because the review came by, and once because the status itself changed.
    assert!((2 * PEOPLE..=3 * PEOPLE).contains(&decided), "{decided} decisions about {PEOPLE} people");
}

#[tokio::test]
async fn a_group_whose_members_change_says_when_and_another_leader_writes_nothing() {
    let memory = memory(json!({}));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    let first = leader.status(Kind::GROUP, "all-1");
    assert_eq!(first["membersDigest"].as_str().map(str::len), Some(16));
    assert!(first["membersChangedAt"].is_string(), "members come after their group");
    let mut ada = memory.all(Kind::USER).remove(0);
    ada["spec"]["memberOf"] = json!([]);
    memory.put(Kind::USER, &ada);
    let before = Timestamp::now().to_string();
    leader.look().await;
    let second = leader.status(Kind::GROUP, "all-1");
    assert_ne!(second["membersDigest"], first["membersDigest"]);
    assert!(second["membersChangedAt"].as_str().is_some_and(|at| at >= &before[..19]), "{second}");
    let mut successor = Leader::new(&memory, |_| None);
    assert_eq!(successor.look().await, Vec::<String>::new());
}

/// Reason and object of each Event.
fn told(memory: &Memory) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let events = memory.all(Kind::EVENT);
    events.iter().map(|event| (text(&event["reason"]), text(&event["regarding"]["name"]))).collect()
}

#[tokio::test]
async fn a_person_who_leaves_is_told_before_all_who_are_new_with_the_request_that_did_it() {
    let memory = memory(with_login("OpenIDConnect"));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    for number in 0..20 {
        let metadata = json!({ "name": format!("new-{number}"), "namespace": "people" });
        let scim = json!({ "userName": format!("new-{number}"), "active": true });
        let spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": scim });
        memory.put(Kind::USER, &json!({ "kind": "DirectoryUser", "metadata": metadata, "spec": spec }));
    }
    memory.fill(&leader.tools.store);
    change(&memory, Kind::USER, "ada-1", |spec| {
        spec["scim"]["active"] = false.into();
        let at = "2026-01-01T00:00:00.123Z";
        spec["lastDeactivation"] = json!({ "at": at, "method": "PATCH", "key": "entra", "requestID": "r-7" });
    });
    memory.fill(&leader.tools.store);
    let soon = Instant::now() + Duration::from_millis(900);
    let people = std::iter::from_fn(|| leader.statuses.names.take(soon));
    let mut people = people.filter(|taken| matches!(taken.name.subject, DirtySubject::User(_)));
    let first = people.next().expect("somebody");
    assert_eq!(first.name.subject, DirtySubject::User("ada-1".into()));
    drop(people);

    leader.statuses.look(first, soon).await;
    let status = leader.status(Kind::USER, "ada-1");
    assert_eq!((&status["state"], &status["stateSince"]), (&json!("Inactive"), &json!("2026-01-01T00:00:00Z")));
    let message = status["conditions"][0]["message"].as_str().expect("a message");
    assert!(message.ends_with("(by PATCH at 2026-01-01T00:00:00Z with the key entra, request r-7)"), "{message}");
    assert_eq!(told(&memory), [("AccessDenied".to_owned(), "ada-1".to_owned())]);
}

#[tokio::test]
async fn a_leader_tells_once_what_the_one_before_it_wrote_and_did_not_tell() {
    let memory = memory(with_login("OpenIDConnect"));
    Leader::new(&memory, |_| None).look().await;
    // Everybody has had a status for an hour.
    for mut user in memory.all(Kind::USER) {
        let since = json!("2026-01-01T00:00:00Z");
        let mut status = user.status().clone();
        for condition in status["conditions"].as_array_mut().expect("conditions") {
            condition["lastTransitionTime"] = since.clone();
        }
        status["stateSince"] = since;
        user["status"] = status;
        memory.put(Kind::USER, &user);
    }
    change(&memory, Kind::USER, "ada-1", |spec| spec["scim"]["active"] = false.into());
    let is_event = |asked: &Asked| asked.kind == Kind::EVENT.plural;
    let mut ends_too_early =
        Leader::new(&memory, move |asked| is_event(asked).then(|| refusal(503, "ServiceUnavailable")));
    ends_too_early.look().await;
    assert_eq!(ends_too_early.status(Kind::USER, "ada-1")["state"], "Inactive");
    assert_eq!(told(&memory), []);
    for leader in ["the next one", "the one after that"] {
        assert_eq!(Leader::new(&memory, |_| None).look().await, Vec::<String>::new(), "{leader}");
        assert_eq!(told(&memory), [("AccessDenied".to_owned(), "ada-1".to_owned())], "{leader}");
    }
}

#[tokio::test]
async fn an_undelete_that_waits_says_for_whom() {
    let memory = memory(json!({}));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    change(&memory, Kind::USER, "ada-1", |spec| spec["deletedAt"] = "2026-01-01T00:00:00Z".into());
    let claim = claim_name("staff", USER_NAME, "ada@contoso.example");
    change(&memory, Kind::CLAIM, &claim, |spec| spec["holder"] = "bob-1".into());
    change(&memory, Kind::USER, "bob-1", |spec| spec["scim"]["userName"] = "ada@contoso.example".into());
    leader.look().await;
    let ready = |leader: &Leader| {
        let status = leader.status(Kind::USER, "ada-1");
        let condition = &status["conditions"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&status["state"]), text(&condition["reason"]), text(&condition["message"]))
    };
    assert_eq!(ready(&leader), ("Deleted".to_owned(), "Deleted".to_owned(), String::new()));
    let mut ada = memory.all(Kind::USER).remove(0);
    ada["metadata"]["annotations"] = json!({ "rollcall.dev/undelete": "" });
    memory.put(Kind::USER, &ada);
    leader.look().await;
    let (state, reason, message) = ready(&leader);
    assert_eq!((state.as_str(), reason.as_str()), ("Deleted", "Taken"));
    assert!(message.contains("User.userName belongs to bob-1 by now"), "{message}");
    assert!(told(&memory).contains(&("ValueTaken".to_owned(), "ada-1".to_owned())), "{:?}", told(&memory));
    assert_eq!(leader.look().await, Vec::<String>::new());
}

fn with_login(method: &str) -> Value {
    let oidc = json!({ "authority": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555",
        "clientID": "c", "clientSecretRef": { "name": "entra" } });
    json!({ "login": { "method": method, "oidc": oidc } })
}

/// Status and reason of `AccessGranted`.
fn access_of(leader: &Leader, name: &str) -> String {
    let status = leader.status(Kind::USER, name);
    let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    let condition =
        conditions.iter().find(|condition| condition["type"] == "AccessGranted").cloned().unwrap_or_default();
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text("status"), text("reason"))
}

fn change(memory: &Memory, kind: Kind, name: &str, edit: impl FnOnce(&mut Value)) {
    let objects = memory.all(kind);
    let mut object = objects.into_iter().find(|object| object["metadata"]["name"] == name).expect("an object");
    edit(&mut object["spec"]);
    memory.put(kind, &object);
}

#[tokio::test]
async fn access_is_told_of_everybody_where_people_log_in_and_an_event_tells_of_each_turn() {
    let memory = memory(with_login("OpenIDConnect"));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look().await, ["directories", "directorygroups", "directoryusers", "directoryusers"]);
    assert_eq!(access_of(&leader, "ada-1"), "True/Granted");
    assert_eq!(leader.look().await, Vec::<String>::new());
    assert!(memory.all(Kind::EVENT).is_empty(), "that a condition comes is no turn");

    change(&memory, Kind::USER, "ada-1", |spec| spec["suspended"] = true.into());
    assert_eq!(leader.look().await, ["directoryusers"]);
    assert_eq!(access_of(&leader, "ada-1"), "False/Suspended");
    let events = memory.all(Kind::EVENT);
    assert_eq!(told(&memory), [("AccessDenied".to_owned(), "ada-1".to_owned())]);
    assert_eq!(events[0]["regarding"]["uid"], memory.all(Kind::USER)[0]["metadata"]["uid"]);

    // A tombstone is told too, and whoever is linked to another tenant.
    change(&memory, Kind::USER, "bob-1", |spec| spec["link"] = json!({ "tenantID": "t9", "objectID": "o" }));
    assert_eq!(leader.look().await, Vec::<String>::new(), "bob does not own the link, and nobody else does");
    let link = json!({ "directoryRef": { "name": "staff" }, "attribute": LINK, "value": "t9/o", "holder": "bob-1" });
    let name = claim_name("staff", LINK, "t9/o");
    memory.put(Kind::CLAIM, &json!({ "metadata": { "name": name, "namespace": "people" }, "spec": link }));
    assert_eq!(leader.look().await, ["directoryusers"]);
    assert_eq!(access_of(&leader, "bob-1"), "False/ForeignLink");
    change(&memory, Kind::USER, "bob-1", |spec| spec["deletedAt"] = "2026-01-01T00:00:00Z".into());
    leader.look().await;
    assert_eq!(access_of(&leader, "bob-1"), "False/Deleted");
}

#[tokio::test]
async fn a_login_that_changes_is_looked_at_for_everybody_and_floods_nobody_with_events() {
    let memory = memory(with_login("OpenIDConnect"));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    change(&memory, Kind::DIRECTORY, "staff", |spec| *spec = with_login("Disabled"));
    // Somebody changes bob at the same moment: that it is looked at for that tells nothing of why it turns.
    change(&memory, Kind::USER, "bob-1", |spec| spec["scim"]["title"] = "Clerk".into());
    assert_eq!(leader.look().await, ["directories", "directoryusers", "directoryusers"]);
    assert_eq!(access_of(&leader, "bob-1"), "False/LoginDisabled");
    assert!(memory.all(Kind::EVENT).is_empty());
    change(&memory, Kind::DIRECTORY, "staff", |spec| *spec = json!({}));
    leader.look().await;
    assert_eq!(access_of(&leader, "bob-1"), "/");
    assert_eq!(leader.look().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_login_that_stops_being_ready_is_an_event_on_the_directory_once() {
    let memory = memory(with_login("OpenIDConnect"));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look().await;
    let turn = |status: &str, at: Timestamp| {
        let mut directory = memory.all(Kind::DIRECTORY).remove(0);
        directory["status"]["conditions"] = json!([{
            "type": "LoginReady", "status": status, "reason": "ProviderUnreachable", "message": "it does not answer",
            "lastTransitionTime": format!("{at:.0}"), "observedGeneration": 1,
        }]);
        memory.put(Kind::DIRECTORY, &directory);
    };
    let now = Timestamp::now();
    for (status, at, told) in [
        ("False", now - jiff::SignedDuration::from_hours(1), 0),
        ("True", now - jiff::SignedDuration::from_secs(2), 1),
        ("False", now, 2),
    ] {
        turn(status, at);
        leader.look().await;
        leader.look().await;
        assert_eq!(memory.all(Kind::EVENT).len(), told, "{status}");
    }
    // The next leader finds what it would tell.
    let mut next = Leader::new(&memory, |_| None);
    next.look().await;
    assert_eq!(memory.all(Kind::EVENT).len(), 2);
}
