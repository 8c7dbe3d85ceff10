use serde_json::{Value, json};

use super::act::{InvitationOutcome, settle};
use super::decide::{InvitationStep, step};
use super::*;
use crate::api::Object;
use crate::login::invitation::check;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;
use crate::store::memory::Memory;

const NOW: &str = "2026-11-27T12:00:00Z";
/// With as many digits as Kubernetes takes.
const END: &str = "2026-11-28T00:00:00.123456789Z";

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

fn person(invitation: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser",
        "metadata": { "name": "ada-1", "namespace": "people" },
        "spec": {
            "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": { "userName": "ada" },
            "invitation": invitation,
        },
        "status": { "invitation": status },
    })
}

fn wanted(secret: &str, end: &str) -> Value {
    json!({ "secretName": secret, "expiresAt": end })
}

fn told(secret: &str, end: &str, more: &Value) -> Value {
    let mut told = json!({ "secretName": secret, "askedUntil": end, "expiresAt": end, "tokenDigest": "d" });
    told.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    told
}

#[test]
fn an_invitation_is_made_once_and_taken_away_when_it_is_used_over_or_withdrawn() {
    let none = Value::Null;
    let secret = || "one".to_owned();
    for (name, invitation, status, expected) in [
        ("nobody is invited", &none, none.clone(), InvitationStep::Rest(None)),
        ("asked for", &wanted("one", END), none.clone(), InvitationStep::Make { secret: secret(), asked: at(END) }),
        ("asked for too late", &wanted("one", NOW), none.clone(), InvitationStep::Rest(None)),
        ("made", &wanted("one", END), told("one", END, &json!({})), InvitationStep::Rest(Some(at(END)))),
        (
            "used",
            &wanted("one", END),
            told("one", END, &json!({ "usedAt": NOW })),
            InvitationStep::TakeAway { secret: secret() },
        ),
        ("over", &wanted("one", NOW), told("one", NOW, &json!({})), InvitationStep::TakeAway { secret: secret() }),
        ("withdrawn", &none, told("one", END, &json!({})), InvitationStep::Forget { secret: Some(secret()) }),
        (
            "for longer",
            &wanted("one", "2026-11-29T00:00:00Z"),
            told("one", END, &json!({ "usedAt": NOW })),
            InvitationStep::Make { secret: secret(), asked: at("2026-11-29T00:00:00Z") },
        ),
        (
            "in another Secret",
            &wanted("two", END),
            told("one", END, &json!({})),
            InvitationStep::Forget { secret: Some(secret()) },
        ),
        (
            "something stood in the way",
            &wanted("one", END),
            told("one", END, &json!({ "tokenDigest": null, "problem": "x" })),
            InvitationStep::Make { secret: secret(), asked: at(END) },
        ),
    ] {
        assert_eq!(step(&person(invitation, &status).into(), at(NOW)), expected, "{name}");
    }
}

struct Leader {
    memory: Memory,
    tools: Tools,
}

impl Leader {
    fn new(invitation: &Value) -> Self {
        let memory = Memory::default();
        memory.put(Kind::USER, &person(invitation, &Value::Null));
        let store = memory.store(|_| None);
        let public_url = Some("https://login.contoso.example/".into());
        let tools = Tools { public_url, ..Tools::of(store) };
        Self { memory, tools }
    }

    async fn settle(&self, now: &str) -> InvitationOutcome {
        settle(&self.tools, &DirectoryName::new("people", "staff"), "ada-1", at(now)).await.expect("no error")
    }

    fn person(&self) -> Object {
        self.memory.all(Kind::USER).remove(0)
    }

    fn link(&self) -> Option<String> {
        let secret = self.memory.all(Kind::SECRET).pop()?;
        let secret = crate::api::Secret::read(secret, crate::api::secret::INVITATION).ok()?;
        Some(String::from_utf8(secret.entry("url")?.to_vec()).expect("text"))
    }
}

#[tokio::test]
async fn the_link_opens_the_invitation_and_stands_in_its_secret_alone() {
    let leader = Leader::new(&wanted("one", END));
    assert_eq!(leader.settle(NOW).await, InvitationOutcome::Settled(Some(at(END))));
    let link = leader.link().expect("a link");
    let before = "https://login.contoso.example/login/people/staff/invitation?user=ada-1&token=";
    let token = link.strip_prefix(before).unwrap_or_else(|| panic!("{link}"));
    assert_eq!(check(&leader.person(), token, at(NOW)), Ok(()));
    assert!(!leader.person().as_json().to_string().contains(token), "the person's object holds a digest alone");
    let secret = leader.memory.all(Kind::SECRET).remove(0);
    assert_eq!(secret.only_owner(), Some(leader.person().uid()));
    assert_eq!(leader.settle(NOW).await, InvitationOutcome::Settled(Some(at(END))));
    assert_eq!(leader.link().as_deref(), Some(&*link), "a second look makes no other link");
    assert_eq!(leader.settle(END).await, InvitationOutcome::Settled(None));
    assert_eq!(leader.link(), None, "the link is over");
}

#[tokio::test]
async fn threat_35_a_secret_of_somebody_else_is_left_alone() {
    let leader = Leader::new(&wanted("one", END));
    for (name, secret) in [
        ("of another type", json!({ "metadata": { "name": "one" }, "type": "Opaque", "data": { "a": "Yg==" } })),
        (
            "of another owner",
            json!({
                "metadata": { "name": "one", "ownerReferences": [{ "uid": "other" }] }, "type": "rollcall.dev/invitation",
                "data": { "a": "Yg==" },
            }),
        ),
    ] {
        leader.memory.put(Kind::SECRET, &secret);
        assert_eq!(leader.settle(NOW).await, InvitationOutcome::Settled(None), "{name}");
        let stored = leader.memory.all(Kind::SECRET).remove(0);
        assert_eq!(stored["data"], json!({ "a": "Yg==" }), "{name}");
        let problem = leader.person()["status"]["invitation"]["problem"].clone();
        assert!(problem.as_str().is_some_and(|problem| problem.contains("delete it")), "{name}: {problem}");
        leader.memory.asked();
        leader.settle(NOW).await;
        assert!(leader.memory.asked().iter().all(|call| call.starts_with("GET")), "{name}: it is told once");
    }
}

#[tokio::test]
async fn a_withdrawn_invitation_opens_nothing_and_leaves_nothing_behind() {
    let leader = Leader::new(&wanted("one", END));
    leader.settle(NOW).await;
    let mut person = leader.person().as_json().clone();
    person["spec"].as_object_mut().expect("fields").remove("invitation");
    leader.memory.put(Kind::USER, &person);
    assert_eq!(leader.settle(NOW).await, InvitationOutcome::Moved);
    assert_eq!((leader.link(), &leader.person()["status"]["invitation"]), (None, &Value::Null));
    assert_eq!(leader.settle(NOW).await, InvitationOutcome::Settled(None));
}
