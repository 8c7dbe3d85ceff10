use serde_json::{Value, json};

use super::*;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::store::index::dirty::DirtySubject;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";

struct Leader {
    memory: Memory,
    purge: Purge,
}

impl Leader {
    fn new(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let store = memory.store(meddle);
        let purge = Purge::new(Tools::of(store));
        Self { memory: memory.clone(), purge }
    }

    /// Works off what is due, as if `later` had passed for the queue alone; returns the writes.
    async fn look(&mut self, later: Duration) -> Vec<String> {
        self.memory.fill(&self.purge.tools.store);
        self.memory.asked();
        let due = Instant::now() + later;
        while let Some(taken) = self.purge.names.take(due) {
            self.purge.look(taken.name, Timestamp::now(), due).await;
            self.memory.fill(&self.purge.tools.store);
        }
        self.memory.asked().into_iter().filter(|asked| !asked.starts_with("GET")).collect()
    }

    /// One look at a group, after what there is has been told; returns the writes.
    async fn look_at_group(&mut self, name: &str) -> Vec<String> {
        self.memory.fill(&self.purge.tools.store);
        self.memory.asked();
        let (directory, subject) = (DirectoryName::new("people", "staff"), DirtySubject::Group(name.into()));
        self.purge.look(DirtyName { directory, subject }, Timestamp::now(), Instant::now()).await;
        self.memory.asked().into_iter().filter(|asked| !asked.starts_with("GET")).collect()
    }
}

fn put(memory: &Memory, kind: Kind, name: &str, spec: Value) {
    put_annotated(memory, kind, name, spec, &json!({}));
}

fn put_annotated(memory: &Memory, kind: Kind, name: &str, mut spec: Value, annotations: &Value) {
    if kind != Kind::DIRECTORY {
        spec["directoryRef"] = json!({ "name": "staff" });
    }
    let metadata = json!({ "name": name, "namespace": "people", "annotations": annotations });
    memory.put(kind, &json!({ "kind": kind.name, "metadata": metadata, "spec": spec }));
}

fn user(deleted_at: &str, member_of: &[&str]) -> Value {
    let mut spec = json!({ "managedBy": "Provisioning", "memberOf": member_of, "scim": { "userName": "ada" } });
    if !deleted_at.is_empty() {
        spec["deletedAt"] = deleted_at.into();
    }
    spec
}

fn group() -> Value {
    json!({ "scim": { "displayName": "blue" }, "deletedAt": LONG_AGO })
}

fn names(memory: &Memory, kind: Kind) -> Vec<String> {
    memory.all(kind).iter().map(|object| object.name().to_owned()).collect()
}

fn soon() -> Duration {
    Duration::from_secs(5)
}

#[tokio::test]
async fn tombstones_go_when_their_time_has_come_and_nobody_else_does() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({ "retention": "30d" }));
    put(&memory, Kind::USER, "old-1", user(LONG_AGO, &[]));
    put(&memory, Kind::USER, "new-1", user(&Timestamp::now().to_string(), &[]));
    put(&memory, Kind::USER, "alive-1", user("", &[]));
    put_annotated(&memory, Kind::USER, "asked-1", user(LONG_AGO, &[]), &json!({ UNDELETE_ANNOTATION: "" }));
    let mut returning = user(LONG_AGO, &[]);
    returning["pending"] = json!({ "User.userName": "ada" });
    put(&memory, Kind::USER, "returning-1", returning);
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(Duration::ZERO).await, ["DELETE directoryusers"]);
    assert_eq!(names(&memory, Kind::USER), ["alive-1", "asked-1", "new-1", "returning-1"]);
    let text = leader.purge.tools.metrics.text();
    assert!(text.contains("rollcall_purged_objects_total{kind=\"directoryusers\",cause=\"retention\"} 1"), "{text}");
    assert_eq!(leader.purge.names.take(Instant::now() + soon()), None, "the new one waits for its time");

    put(&memory, Kind::DIRECTORY, "staff", json!({ "retention": "0s" }));
    assert_eq!(leader.look(soon()).await, Vec::<String>::new(), "an hour is left to whom the brake counts");
}

#[tokio::test]
async fn without_a_directory_nothing_is_purged_and_with_one_that_comes_back_it_is() {
    let memory = Memory::default();
    put(&memory, Kind::USER, "old-1", user(LONG_AGO, &[]));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(Duration::ZERO).await, Vec::<String>::new());
    let metadata = json!({ "name": "staff", "namespace": "people", "deletionTimestamp": LONG_AGO });
    memory.put(Kind::DIRECTORY, &json!({ "kind": "Directory", "metadata": metadata, "spec": {} }));
    assert_eq!(leader.look(Duration::ZERO).await, Vec::<String>::new(), "one that is being deleted is as good as none");
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    assert_eq!(leader.look(Duration::ZERO).await, ["DELETE directoryusers"]);
}

#[tokio::test]
async fn what_the_index_shows_is_asked_live() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::USER, "old-1", user(LONG_AGO, &[]));
    let mut leader = Leader::new(&memory, |_| None);
    memory.fill(&leader.purge.tools.store);
    put(&memory, Kind::USER, "old-1", user("", &[]));
    let taken = std::iter::from_fn(|| leader.purge.names.take(Instant::now())).collect::<Vec<_>>();
    for taken in taken {
        leader.purge.look(taken.name, Timestamp::now(), Instant::now()).await;
    }
    assert_eq!(names(&memory, Kind::USER), ["old-1"], "somebody is back whom the index shows as deleted");
}

#[tokio::test]
async fn a_clock_that_is_ahead_ends_nobodys_retention() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::USER, "old-1", user(LONG_AGO, &[]));
    memory.set_date("Thu, 02 Jan 2020 00:00:00 GMT");
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(Duration::ZERO).await, Vec::<String>::new());
    assert_eq!(leader.purge.names.take(Instant::now() + soon()), None, "and nobody is asked again and again");
    memory.set_date("Sun, 02 Feb 2020 00:00:00 GMT");
    let mut successor = Leader::new(&memory, |_| None);
    assert_eq!(successor.look(Duration::ZERO).await, ["DELETE directoryusers"]);
}

#[tokio::test]
async fn members_come_off_a_group_before_it_goes_deleted_ones_included() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::GROUP, "blue-1", group());
    put(&memory, Kind::USER, "ada-1", user("", &["blue-1", "red-1"]));
    put(&memory, Kind::USER, "gone-1", user(&Timestamp::now().to_string(), &["blue-1"]));
    put(&memory, Kind::GROUP, "nested-1", json!({ "scim": { "displayName": "nested" }, "memberOf": ["blue-1"] }));
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look_at_group("blue-1").await, ["PUT directorygroups"], "the mark comes first");
    // Whoever leads next goes on, and an annotation no longer brings the group back.
    let mut blue = memory.all(Kind::GROUP).remove(0);
    blue["metadata"]["annotations"] = json!({ UNDELETE_ANNOTATION: "please" });
    memory.put(Kind::GROUP, &blue);
    let mut successor = Leader::new(&memory, |_| None);
    let mut asked = successor.look_at_group("blue-1").await;
    asked.sort();
    assert_eq!(asked, ["PUT directorygroups", "PUT directoryusers", "PUT directoryusers"]);
    let members = memory.all(Kind::USER).into_iter().chain(memory.all(Kind::GROUP));
    let named: Vec<_> =
        members.flat_map(|object| object.member_of().into_iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(named, ["red-1"]);
    assert_eq!(successor.look(Duration::ZERO).await, ["DELETE directorygroups"]);
    assert_eq!(names(&memory, Kind::GROUP), ["nested-1"]);
}

#[tokio::test]
async fn an_undelete_that_is_quicker_than_the_mark_keeps_the_group_and_its_members() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::GROUP, "blue-1", group());
    put(&memory, Kind::USER, "ada-1", user("", &["blue-1"]));
    let quicker = memory.clone();
    let mut leader = Leader::new(&memory, move |asked| {
        // Between the read and the write of the mark.
        let is_mark = asked.method == "PUT" && asked.kind == "directorygroups" && asked.body["spec"]["purging"] == true;
        if is_mark {
            put(&quicker, Kind::GROUP, "blue-1", json!({ "scim": { "displayName": "blue" } }));
        }
        None
    });
    assert_eq!(leader.look(Duration::ZERO).await, ["PUT directorygroups"]);
    assert_eq!(leader.look(soon()).await, Vec::<String>::new());
    assert_eq!(memory.all(Kind::USER)[0].member_of(), ["blue-1"]);
    assert!(!memory.all(Kind::GROUP)[0].is_deleted());
}

#[tokio::test]
async fn what_cannot_be_purged_is_tried_again_and_keeps_nobody_else_waiting() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    let forbidden = |asked: &Asked| asked.method == "DELETE" && asked.name != "bob-1";
    let mut leader = Leader::new(&memory, move |asked| forbidden(asked).then(|| refusal(403, "Forbidden")));
    // A retention that is new lets everybody be looked at twice.
    assert_eq!(leader.look(Duration::ZERO).await, Vec::<String>::new());
    for name in ["ada-1", "bob-1", "cid-1"] {
        put(&memory, Kind::USER, name, user(LONG_AGO, &[]));
    }
    assert_eq!(leader.look(Duration::ZERO).await, ["DELETE directoryusers"; 3]);
    assert_eq!(names(&memory, Kind::USER), ["ada-1", "cid-1"]);
    assert_eq!(leader.look(Duration::from_secs(50)).await, Vec::<String>::new(), "they are left alone for a while");
    assert_eq!(leader.look(Duration::from_secs(70)).await, ["DELETE directoryusers"; 2]);
}

#[tokio::test]
async fn a_member_that_cannot_be_written_keeps_no_other_on_the_group() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::GROUP, "blue-1", group());
    for name in ["ada-1", "bob-1", "cid-1"] {
        put(&memory, Kind::USER, name, user("", &["blue-1"]));
    }
    let forbidden = |asked: &Asked| asked.method == "PUT" && asked.name == "bob-1";
    let mut leader = Leader::new(&memory, move |asked| forbidden(asked).then(|| refusal(403, "Forbidden")));
    leader.look_at_group("blue-1").await;
    assert_eq!(leader.look_at_group("blue-1").await, ["PUT directoryusers"; 3]);
    let member_of = || memory.all(Kind::USER).iter().map(|user| user.member_of().len()).collect::<Vec<_>>();
    assert_eq!(member_of(), [0, 1, 0]);
    assert_eq!(leader.look_at_group("blue-1").await, ["PUT directoryusers"], "the group waits for the last one");
    assert_eq!(names(&memory, Kind::GROUP), ["blue-1"]);
}

#[tokio::test]
async fn an_api_server_that_does_not_say_what_time_it_is_ends_nobodys_retention() {
    let memory = Memory::default();
    put(&memory, Kind::DIRECTORY, "staff", json!({}));
    put(&memory, Kind::USER, "old-1", user(LONG_AGO, &[]));
    memory.set_date("");
    let mut leader = Leader::new(&memory, |_| None);
    assert_eq!(leader.look(Duration::ZERO).await, Vec::<String>::new());
    memory.set_date("Sun, 02 Feb 2020 00:00:00 GMT");
    assert_eq!(leader.look(Duration::from_secs(500)).await, Vec::<String>::new(), "nor is it asked all the time");
    assert_eq!(leader.look(Duration::from_secs(3700)).await, ["DELETE directoryusers"]);
}
