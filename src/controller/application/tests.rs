use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

struct Leader {
    memory: Memory,
    applications: Applications,
}

impl Leader {
    fn new() -> Self {
        Self::with(|_| None)
    }

    fn with(meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let memory = Memory::default();
        let applications = Applications::new(Tools::of(memory.store(meddle)));
        Self { memory, applications }
    }

    fn put(&self, kind: Kind, name: &str, spec: &Value) {
        let known = self.memory.all(kind).into_iter().find(|object| object["metadata"]["name"] == name);
        let mut object = known.unwrap_or_else(|| {
            json!({ "kind": kind.name, "metadata": { "name": name, "namespace": "people" }, "spec": {} }).into()
        });
        object["spec"] = spec.clone();
        self.memory.put(kind, &object);
    }

    /// Looks at everything that is dirty; returns how many statuses were written.
    async fn look(&mut self) -> usize {
        self.memory.fill(&self.applications.tools.store);
        self.memory.asked();
        let soon = Instant::now() + Duration::from_millis(900);
        while let Some(taken) = self.applications.names.take(soon) {
            let looked = self.applications.look(&taken.name, Timestamp::now(), Instant::now()).await;
            assert_eq!(looked, Looked::Finished);
            self.memory.fill(&self.applications.tools.store);
        }
        self.memory.asked().iter().filter(|asked| asked.starts_with("PATCH")).count()
    }

    fn reason(&self, name: &str) -> String {
        let all = self.memory.all(Kind::APPLICATION);
        let application = all.iter().find(|object| object["metadata"]["name"] == name).expect("an application");
        application["status"]["conditions"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }
}

fn application(directory: &str, host: &str) -> Value {
    json!({ "directoryRef": { "name": directory }, "hosts": [host] })
}

#[tokio::test]
async fn an_application_follows_its_directory_its_groups_and_those_who_share_its_hosts() {
    let mut leader = Leader::new();
    let login = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    leader.put(Kind::APPLICATION, "wiki", &application("staff", "wiki.contoso.example"));
    assert_eq!((leader.look().await, leader.reason("wiki")), (1, "DirectoryMissing".to_owned()));
    leader.put(Kind::DIRECTORY, "staff", &json!({}));
    assert_eq!((leader.look().await, leader.reason("wiki")), (1, "LoginMissing".to_owned()));
    leader.put(Kind::DIRECTORY, "staff", &login);
    assert_eq!((leader.look().await, leader.reason("wiki")), (1, "Serving".to_owned()));
    assert_eq!(leader.look().await, 0, "nothing has changed");

    // Another one of the same Directory may have the host too; one of another Directory may not.
    leader.put(Kind::APPLICATION, "chat", &application("staff", "wiki.contoso.example"));
    assert_eq!((leader.look().await, leader.reason("chat")), (1, "Serving".to_owned()));
    leader.put(Kind::DIRECTORY, "guests", &login);
    leader.put(Kind::APPLICATION, "theirs", &application("guests", "*.contoso.example"));
    assert_eq!(leader.look().await, 3);
    for name in ["wiki", "chat", "theirs"] {
        assert_eq!(leader.reason(name), "HostTaken", "{name}");
    }
    leader.put(Kind::APPLICATION, "theirs", &application("guests", "guests.example"));
    assert_eq!((leader.look().await, leader.reason("wiki")), (3, "Serving".to_owned()));

    let mut spec = application("staff", "wiki.contoso.example");
    spec["require"] = json!({ "groups": ["Wiki"], "users": ["ada"] });
    leader.put(Kind::APPLICATION, "wiki", &spec);
    assert_eq!((leader.look().await, leader.reason("wiki")), (1, "NamesUnknown".to_owned()));
    let staff = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "memberOf": ["x"] });
    let with_scim = |scim: Value| {
        let mut spec = staff.clone();
        spec["scim"] = scim;
        spec
    };
    leader.put(Kind::GROUP, "wiki-1", &with_scim(json!({ "displayName": "wiki" })));
    leader.put(Kind::USER, "ada", &with_scim(json!({ "userName": "somebody" })));
    assert_eq!((leader.look().await, leader.reason("wiki")), (1, "Serving".to_owned()));
}

#[tokio::test]
async fn a_host_is_free_again_although_its_other_owner_came_and_went_between_two_looks() {
    let mut leader = Leader::new();
    let login = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    leader.put(Kind::DIRECTORY, "staff", &login);
    leader.put(Kind::DIRECTORY, "guests", &login);
    leader.put(Kind::APPLICATION, "wiki", &application("staff", "wiki.contoso.example"));
    leader.look().await;
    leader.put(Kind::APPLICATION, "theirs", &application("guests", "*.contoso.example"));
    leader.memory.fill(&leader.applications.tools.store);
    let wiki = leader.applications.tools.store.application("people", "wiki").expect("an application");
    leader.applications.look(&observe::name_of(&wiki), Timestamp::now(), Instant::now()).await;
    leader.memory.fill(&leader.applications.tools.store);
    assert_eq!(leader.reason("wiki"), "HostTaken");
    // Nobody has looked at the other one, and nobody does while it has the host.
    while leader.applications.names.take(Instant::now() + Duration::from_secs(9)).is_some() {}
    leader.put(Kind::APPLICATION, "theirs", &application("guests", "guests.example"));
    leader.look().await;
    assert_eq!(leader.reason("wiki"), "Serving");
}

#[tokio::test]
async fn two_whose_statuses_the_api_server_does_not_take_are_not_looked_at_for_ever() {
    let mut leader = Leader::with(|asked| (asked.method == "PATCH").then(|| refusal(422, "Invalid")));
    let stands = json!({ "conditions": [{ "type": "Ready", "status": "False", "reason": "HostTaken" }] });
    for name in ["wiki", "chat"] {
        let host = format!("{name}.contoso.example");
        let metadata = json!({ "name": name, "namespace": "people" });
        let object = json!({ "metadata": metadata, "spec": application("staff", &host), "status": stands });
        leader.memory.put(Kind::APPLICATION, &object);
    }
    leader.memory.fill(&leader.applications.tools.store);
    let soon = Instant::now() + Duration::from_secs(9);
    let mut looks = 0;
    while let Some(taken) = leader.applications.names.take(soon) {
        looks += 1;
        assert!(looks < 20, "they have each other looked at");
        leader.applications.look(&taken.name, Timestamp::now(), Instant::now()).await;
    }
    assert!(looks >= 2, "each is looked at");
}
