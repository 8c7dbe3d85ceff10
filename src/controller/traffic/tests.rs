use serde_json::json;

use super::*;
use crate::rules::traffic::{Effect, SeenRequest};
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

const START: &str = "2026-03-01T10:00:00Z";

/// One replica of several that share a cluster.
struct Replica {
    memory: Memory,
    writer: Writer,
}

impl Replica {
    fn new(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let store = memory.store(meddle);
        memory.fill(&store);
        Self { memory: memory.clone(), writer: Writer::new(store, Metrics::default()) }
    }

    /// So many requests come, and each creates somebody.
    fn serve(&self, requests: usize, at: Timestamp) {
        let directory = self.writer.store.directory("people", "staff").expect("a Directory");
        for _ in 0..requests {
            let request = SeenRequest { at, is_write: true, status: 201, effect: Some(Effect::Created), error: None };
            self.writer.store.traffic().note(&directory, |traffic| traffic.note(request));
        }
    }

    /// How often the status is written when its turn is looked at.
    async fn look(&mut self, instant: Instant, now: Timestamp) -> usize {
        self.memory.fill(&self.writer.store);
        self.memory.asked();
        self.writer.write_due(instant, now).await;
        self.memory.asked().iter().filter(|asked| asked.starts_with("PATCH")).count()
    }
}

fn cluster() -> Memory {
    let memory = Memory::default();
    memory.put(
        Kind::DIRECTORY,
        &json!({ "metadata": { "name": "staff", "namespace": "people", "uid": "u1" }, "spec": {} }),
    );
    memory
}

fn provisioning(memory: &Memory) -> Value {
    memory.all(Kind::DIRECTORY)[0]["status"]["provisioning"].clone()
}

#[tokio::test]
async fn replicas_join_what_they_saw_and_write_once_a_minute() {
    let memory = cluster();
    let (mut one, mut other) = (Replica::new(&memory, |_| None), Replica::new(&memory, |_| None));
    let (instant, now) = (Instant::now(), START.parse::<Timestamp>().expect("a time"));
    let after = |seconds: u64| (instant + Duration::from_secs(seconds), now + Duration::from_secs(seconds));
    one.serve(3, now);
    other.serve(2, now);
    assert_eq!(one.look(instant, now).await, 1, "the first contact is told at once");
    let mut writes = 1;
    // A hundred requests a second come to each of them.
    for second in 0..180 {
        let (instant, now) = after(second);
        one.serve(100, now);
        other.serve(100, now);
        writes += one.look(instant, now).await + other.look(instant, now).await;
    }
    assert_eq!(writes, 3, "in three minutes");
    // The provider is silent, and both bring in what they have.
    for second in 180..400 {
        let (instant, now) = after(second);
        writes += one.look(instant, now).await + other.look(instant, now).await;
    }
    let stands = provisioning(&memory);
    assert_eq!(stands["cycle"]["created"], 3 + 2 + 180 * 200, "{stands:#}");
    assert_eq!(stands["cycle"]["requests"], stands["cycle"]["created"]);
    assert_eq!(stands["lastContact"], "2026-03-01T10:02:59Z");
    assert!(writes <= 5, "{writes}");
}

#[tokio::test]
async fn what_meets_a_newer_state_or_an_outage_is_written_later() {
    for (case, answer) in [("a newer state", refusal(409, "Conflict")), ("an outage", refusal(503, "etcd is away"))] {
        let memory = cluster();
        let is_first = std::sync::atomic::AtomicBool::new(true);
        let mut replica = Replica::new(&memory, move |asked| {
            let is_write = asked.method == "PATCH";
            (is_write && is_first.swap(false, std::sync::atomic::Ordering::Relaxed)).then(|| answer.clone())
        });
        let (instant, now) = (Instant::now(), START.parse::<Timestamp>().expect("a time"));
        replica.serve(2, now);
        replica.look(instant, now).await;
        replica.serve(1, now);
        assert_eq!(provisioning(&memory), Value::Null, "{case}");
        replica.look(instant + ERROR_PAUSE, now).await;
        assert_eq!(provisioning(&memory)["cycle"]["created"], 3, "{case}");
    }
}

#[tokio::test]
async fn a_replica_that_has_not_heard_of_the_last_write_overwrites_nothing() {
    let memory = cluster();
    let (mut one, mut other) = (Replica::new(&memory, |_| None), Replica::new(&memory, |_| None));
    let (instant, now) = (Instant::now(), START.parse::<Timestamp>().expect("a time"));
    one.serve(3, now);
    other.serve(2, now);
    assert_eq!(one.look(instant, now).await, 1);
    // The watch of the other one is late.
    let again = other.writer.write_due(instant, now).await;
    assert_eq!(again, Some(instant + MOVED_PAUSE));
    assert_eq!(provisioning(&memory)["cycle"]["created"], 3);
    assert_eq!(other.look(instant + decide::PAUSE, now + decide::PAUSE).await, 1);
    assert_eq!(provisioning(&memory)["cycle"]["created"], 5);
}

#[tokio::test]
async fn the_end_of_a_process_writes_what_is_left() {
    let memory = cluster();
    let mut replica = Replica::new(&memory, |_| None);
    let (instant, now) = (Instant::now(), START.parse::<Timestamp>().expect("a time"));
    replica.serve(1, now);
    assert_eq!(replica.look(instant, now).await, 1);
    replica.serve(1, now);
    assert_eq!(replica.look(instant, now).await, 0, "the minute is not over");
    memory.fill(&replica.writer.store);
    write_rest(&replica.writer.store).await;
    assert_eq!(provisioning(&memory)["cycle"]["created"], 2);
    memory.asked();
    write_rest(&replica.writer.store).await;
    assert_eq!(memory.asked(), Vec::<String>::new(), "nothing was seen since");
}

#[tokio::test]
async fn a_directory_that_was_made_again_starts_anew() {
    let memory = cluster();
    let mut replica = Replica::new(&memory, |_| None);
    let (instant, now) = (Instant::now(), START.parse::<Timestamp>().expect("a time"));
    replica.serve(5, now);
    memory.put(
        Kind::DIRECTORY,
        &json!({ "metadata": { "name": "staff", "namespace": "people", "uid": "u2" }, "spec": {} }),
    );
    assert_eq!(replica.look(instant, now).await, 0);
    assert_eq!(provisioning(&memory), Value::Null);
    replica.serve(1, now);
    assert_eq!(replica.look(instant, now).await, 1);
    assert_eq!(provisioning(&memory)["cycle"]["created"], 1);
}
