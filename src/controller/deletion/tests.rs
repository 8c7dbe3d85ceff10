use serde_json::{Value, json};

use super::*;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

struct Leader {
    memory: Memory,
    deletion: Deletion,
}

impl Leader {
    fn new(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let tools = Tools::of(memory.store(meddle));
        Self { memory: memory.clone(), deletion: Deletion::new(tools) }
    }

    /// One look at the Directory, after what there is has been told; returns the writes.
    async fn look(&mut self, now: Instant) -> Vec<String> {
        self.memory.fill(&self.deletion.tools.store);
        self.memory.asked();
        let directory = DirectoryName::new("people", "staff");
        let looked = self.deletion.look(DirtyName { directory, subject: DirtySubject::Directory }, now).await;
        assert_eq!(looked, Looked::Finished);
        self.memory.asked().into_iter().filter(|asked| !asked.starts_with("GET")).collect()
    }
}

/// A Directory with this policy, these finalizers, and whether it is being deleted.
fn directory(memory: &Memory, policy: &str, finalizers: &[&str], is_terminating: bool) {
    let mut metadata = json!({ "name": "staff", "namespace": "people", "finalizers": finalizers });
    if is_terminating {
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    let spec = json!({ "deletionPolicy": policy, "naming": "Opaque" });
    memory.put(Kind::DIRECTORY, &json!({ "kind": "Directory", "metadata": metadata, "spec": spec }));
}

fn put(memory: &Memory, kind: Kind, name: &str, mut spec: Value) {
    spec["directoryRef"] = json!({ "name": "staff" });
    let metadata = json!({ "name": name, "namespace": "people" });
    memory.put(kind, &json!({ "kind": kind.name, "metadata": metadata, "spec": spec }));
}

fn finalizers(memory: &Memory) -> Value {
    memory.all(Kind::DIRECTORY)[0]["metadata"]["finalizers"].clone()
}

#[tokio::test]
async fn the_finalizer_comes_and_goes_with_the_policy_and_nothing_else_is_written() {
    const OURS: &str = "rollcall.dev/directory";
    let memory = Memory::default();
    directory(&memory, "Delete", &["example.com/theirs"], false);
    let mut leader = Leader::new(&memory, |asked| {
        if asked.method == "PATCH" {
            let named: Vec<_> = asked.body.as_object().expect("a patch").keys().collect();
            assert_eq!(named, ["metadata"]);
            let named: Vec<_> = asked.body["metadata"].as_object().expect("a patch").keys().collect();
            assert_eq!(named, ["finalizers", "resourceVersion"]);
        }
        None
    });
    let now = Instant::now();
    assert_eq!(leader.look(now).await, ["PATCH directories"]);
    assert_eq!(finalizers(&memory), json!(["example.com/theirs", OURS]));
    assert_eq!(leader.look(now).await, Vec::<String>::new());
    directory(&memory, "Retain", &["example.com/theirs", OURS], false);
    assert_eq!(leader.look(now).await, ["PATCH directories"]);
    assert_eq!(finalizers(&memory), json!(["example.com/theirs"]));
    assert_eq!(leader.look(now).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_directory_in_deletion_loses_groups_people_and_claims_and_then_goes() {
    let memory = Memory::default();
    directory(&memory, "Delete", &["rollcall.dev/directory"], true);
    put(&memory, Kind::GROUP, "blue-1", json!({ "scim": { "displayName": "blue" } }));
    let tombstone =
        json!({ "managedBy": "Provisioning", "deletedAt": "2026-01-01T00:00:00Z", "scim": { "userName": "bob" } });
    put(&memory, Kind::USER, "bob-1", tombstone);
    put(&memory, Kind::USER, "ada-1", json!({ "managedBy": "People", "scim": { "userName": "ada" } }));
    let claim = crate::rules::naming::claim_name("staff", "User.userName", "ada");
    put(&memory, Kind::CLAIM, &claim, json!({ "attribute": "User.userName", "value": "ada", "holder": "ada-1" }));
    let now = Instant::now();
    for (expected, rest) in [
        (&["PATCH directories", "DELETE directorygroups"][..], (0, 2, 1)),
        (&["PATCH directories", "DELETE directoryusers", "DELETE directoryusers"], (0, 0, 1)),
        (&["PATCH directories", "DELETE directoryclaims"], (0, 0, 0)),
    ] {
        // Each look by another leader: none needs to know what the one before did.
        let mut leader = Leader::new(&memory, |_| None);
        assert_eq!(leader.look(now).await, expected);
        let count = |kind| memory.all(kind).len();
        assert_eq!((count(Kind::GROUP), count(Kind::USER), count(Kind::CLAIM)), rest);
    }
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(now).await, Vec::<String>::new(), "a request may still be under way");
    assert_eq!(leader.look(now + QUIET_TIME).await, ["PATCH directories"]);
    assert!(memory.all(Kind::DIRECTORY).is_empty());
}

#[tokio::test]
async fn a_policy_that_is_taken_back_ends_a_deletion_under_way() {
    let memory = Memory::default();
    directory(&memory, "Retain", &["rollcall.dev/directory"], true);
    put(&memory, Kind::USER, "ada-1", json!({ "managedBy": "Provisioning", "scim": { "userName": "ada" } }));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(Instant::now()).await, ["PATCH directories"]);
    assert_eq!(memory.all(Kind::USER).len(), 1);
}

#[tokio::test]
async fn nobody_is_deleted_for_a_directory_that_has_moved_on_since_the_watch_told_it() {
    for case in ["set to Retain", "gone", "there again"] {
        let memory = Memory::default();
        directory(&memory, "Delete", &["rollcall.dev/directory"], true);
        put(&memory, Kind::USER, "ada-1", json!({ "managedBy": "Provisioning", "scim": { "userName": "ada" } }));
        let later = memory.clone();
        // Between what the watch told and the first write.
        let mut leader = Leader::new(&memory, move |asked| {
            match case {
                "set to Retain" => directory(&later, "Retain", &["rollcall.dev/directory"], true),
                "there again" => directory(&later, "Delete", &[], false),
                _ => return (asked.method == "PATCH").then(|| refusal(404, "NotFound")),
            }
            None
        });
        assert_eq!(leader.look(Instant::now()).await, ["PATCH directories"], "{case}");
        assert_eq!(memory.all(Kind::USER).len(), 1, "{case}");
    }
}

#[tokio::test]
async fn what_cannot_be_deleted_and_what_a_finalizer_keeps_holds_up_nobody_else() {
    let memory = Memory::default();
    directory(&memory, "Delete", &["rollcall.dev/directory"], true);
    // More than one look's worth.
    for number in 0..60 {
        let name = format!("kept-{number}");
        put(&memory, Kind::GROUP, &name, json!({ "scim": { "displayName": name } }));
        let mut kept =
            memory.all(Kind::GROUP).into_iter().find(|group| group.name() == name).expect("it").as_json().clone();
        kept["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        memory.put(Kind::GROUP, &kept);
    }
    for name in ["ada-1", "bob-1"] {
        put(&memory, Kind::USER, name, json!({ "managedBy": "Provisioning", "scim": { "userName": name } }));
    }
    let forbidden = |asked: &Asked| asked.method == "DELETE" && asked.name == "ada-1";
    let mut leader = Leader::new(&memory, move |asked| forbidden(asked).then(|| refusal(403, "Forbidden")));
    let now = Instant::now();
    assert_eq!(leader.look(now).await, ["PATCH directories"], "fifty groups are kept");
    assert_eq!(leader.look(now).await, ["PATCH directories"], "and ten more");
    let both = ["PATCH directories", "DELETE directoryusers", "DELETE directoryusers"];
    assert_eq!(leader.look(now).await, both);
    let left: Vec<_> = memory.all(Kind::USER).iter().map(|user| user.name().to_owned()).collect();
    assert_eq!(left, ["ada-1"]);
}
