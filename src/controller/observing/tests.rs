use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::rules::observation::{Difference, ObservedOutcome, WouldBe, difference};
use crate::rules::resource::Resource;
use crate::store::Store;
use crate::store::kind::Kind;
use crate::store::memory::Memory;

const START: &str = "2026-03-01T10:00:00Z";

fn at(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(seconds)
}

/// A replica, and the time on its clocks.
struct Replica {
    reports: Reports,
    memory: Memory,
    began: Instant,
    seconds: u64,
}

impl Replica {
    fn new(memory: &Memory) -> Self {
        let store = memory.store(|_| None);
        let tools = Tools::of(store);
        let reports = Reports { tools, paces: BTreeMap::new(), told: Told::default(), rests_until: None };
        let replica = Self { reports, memory: memory.clone(), began: Instant::now(), seconds: 0 };
        memory.fill(replica.store());
        replica
    }

    fn store(&self) -> &Store {
        &self.reports.tools.store
    }

    /// A request about somebody who would be created.
    fn create(&self, id: &str) {
        let observing = self.store().observing("people", "staff");
        let observation = observing.observation().expect("an observation");
        observation.request(at(self.now()), true);
        let new = json!({ "metadata": { "name": id }, "spec": { "scim": { "userName": id } } });
        let Difference { outcomes, .. } = difference(None, &new.into());
        assert_eq!(outcomes, [ObservedOutcome::Create]);
        observation
            .difference(WouldBe { kind: Resource::User, id, name: id }, &Difference { outcomes, attributes: vec![] });
    }

    fn now(&self) -> i64 {
        i64::try_from(self.seconds).expect("seconds")
    }

    /// Looks after so many seconds; returns what was asked of the API server.
    async fn look(&mut self, seconds: u64) -> Vec<String> {
        self.seconds += seconds;
        self.memory.asked();
        let instant = self.began + Duration::from_secs(self.seconds);
        self.reports.look(at(self.now()), instant, false).await;
        let mut asked = self.memory.asked();
        asked.retain(|asked| !asked.starts_with("GET"));
        asked
    }
}

/// An API server with a Directory of this mode.
fn cluster(mode: &str) -> Memory {
    let memory = Memory::default();
    directory(&memory, mode, 1);
    memory
}

fn directory(memory: &Memory, mode: &str, generation: u64) {
    let metadata = json!({ "name": "staff", "namespace": "people", "uid": "d" });
    let directory = json!({ "metadata": metadata, "spec": { "provisioning": { "mode": mode } } });
    memory.put_with_generation(Kind::DIRECTORY, &directory, generation);
}

fn report(memory: &Memory) -> Value {
    let reports = memory.all(Kind::REPORT);
    assert_eq!(reports.len(), 1);
    reports[0]["status"].clone()
}

const CREATE: &str = "POST directoryreports";
const WRITE: &str = "PATCH directoryreports";

#[tokio::test]
async fn a_report_is_written_once_a_minute_and_once_more_when_requests_have_stopped() {
    let memory = cluster("Observe");
    let mut replica = Replica::new(&memory);
    assert_eq!(replica.look(0).await, [CREATE, WRITE], "at once, so that there is something to look at");
    assert_eq!(report(&memory)["users"]["wouldCreate"], 0);
    for second in 0..59 {
        replica.create(&format!("person-{second}"));
        assert_eq!(replica.look(1).await, [""; 0], "in second {second}");
    }
    replica.create("last");
    assert_eq!(replica.look(1).await, [WRITE]);
    assert_eq!(report(&memory)["users"]["wouldCreate"], 60);
    assert_eq!(report(&memory)["completeCycles"], 0);
    assert_eq!(replica.look(18).await, [""; 0]);
    assert_eq!(replica.look(2).await, [WRITE], "a cycle is complete");
    assert_eq!(report(&memory)["completeCycles"], 1);
    for _ in 0..100 {
        assert_eq!(replica.look(60).await, [""; 0], "nothing is written while nothing comes");
    }
    replica.create("last");
    assert_eq!(replica.look(1).await, [WRITE]);
    assert_eq!(report(&memory)["users"]["wouldCreate"], 60, "somebody who was counted");
    assert_eq!(replica.look(25).await, [WRITE]);
    assert_eq!(report(&memory)["completeCycles"], 2);
    let mut restarted = Replica::new(&memory);
    restarted.seconds = 10_000;
    assert_eq!(restarted.look(0).await, [""; 0], "a start writes nothing");
}

#[tokio::test]
async fn replicas_join_what_they_saw_whatever_their_clocks_show() {
    let memory = cluster("Observe");
    let (mut one, mut other) = (Replica::new(&memory), Replica::new(&memory));
    // Ten minutes ahead.
    other.seconds = 600;
    for replica in [&mut one, &mut other] {
        replica.look(0).await;
    }
    for number in 0..30 {
        one.create(&format!("person-{number}"));
        other.create(&format!("person-{}", number + 20));
    }
    assert_eq!(other.look(60).await, [WRITE]);
    assert_eq!(one.look(60).await, [WRITE]);
    assert_eq!(report(&memory)["users"]["wouldCreate"], 50, "ten were seen by both");
    assert_eq!(report(&memory)["lastRequestAt"], "2026-03-01T10:10:00Z", "the later one");
    for _ in 0..3 {
        one.look(60).await;
        other.look(60).await;
    }
    assert_eq!(report(&memory)["users"]["wouldCreate"], 50);
    let cycles = report(&memory)["completeCycles"].as_i64().expect("a number");
    assert!((1..=2).contains(&cycles), "a cycle may count for each clock: {cycles}");
}

#[tokio::test]
async fn a_report_ends_with_the_observation_and_the_next_one_replaces_it() {
    let memory = cluster("Observe");
    let (mut one, mut other) = (Replica::new(&memory), Replica::new(&memory));
    one.look(0).await;
    one.create("ada-1");
    directory(&memory, "Enabled", 2);
    memory.fill(one.store());
    assert_eq!(one.look(1).await, [WRITE], "at once");
    let ended = report(&memory);
    assert_eq!((&ended["users"]["wouldCreate"], ended["endedAt"].is_string()), (&json!(1), true));
    assert_eq!(ended["completeCycles"], 1, "what was under way is over");
    assert!(one.store().observations().is_empty(), "what would be there is forgotten");
    // A replica that has not heard of the end has seen somebody else.
    other.create("bob-1");
    other.look(1).await;
    assert_eq!(report(&memory)["users"]["wouldCreate"], 2);
    assert!(report(&memory)["endedAt"].is_string(), "nothing begins anew by an older Directory");
    memory.fill(other.store());
    other.look(1).await;
    for replica in [&mut one, &mut other] {
        assert_eq!(replica.look(600).await, [""; 0]);
    }
    assert_eq!(Replica::new(&memory).look(0).await, [""; 0], "a start writes nothing");

    directory(&memory, "Observe", 3);
    for replica in [&mut one, &mut other] {
        memory.fill(replica.store());
        replica.look(1).await;
    }
    let anew = report(&memory);
    assert_eq!(
        (&anew["users"]["wouldCreate"], &anew["endedAt"], &anew["completeCycles"]),
        (&json!(0), &Value::Null, &json!(0))
    );
    assert_eq!(anew["conditions"][0]["reason"], "Observing");
}

#[tokio::test]
async fn a_report_that_is_deleted_begins_anew_within_seconds() {
    let memory = cluster("Observe");
    let mut replica = Replica::new(&memory);
    replica.look(0).await;
    replica.create("ada-1");
    replica.look(60).await;
    assert_eq!(report(&memory)["users"]["wouldCreate"], 1);
    let stands = memory.all(Kind::REPORT).remove(0);
    replica.store().objects().delete(Kind::REPORT, "people", &stands).await.expect("somebody deletes it");
    replica.look(10).await;
    assert_eq!(replica.look(1).await, [CREATE, WRITE]);
    assert_eq!(report(&memory)["users"]["wouldCreate"], 0);
}

#[tokio::test]
async fn nothing_is_written_about_a_directory_that_never_was_observed() {
    for mode in ["Enabled", "Disabled", "Later"] {
        let memory = cluster(mode);
        let mut replica = Replica::new(&memory);
        for _ in 0..3 {
            assert_eq!(replica.look(60).await, [""; 0], "{mode}");
        }
        assert!(memory.all(Kind::REPORT).is_empty(), "{mode}");
    }
}
