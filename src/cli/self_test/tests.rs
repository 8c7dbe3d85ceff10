//! What the test removes, and what it leaves alone, against an API server in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::api::API_VERSION;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

const DIRECTORY: &str = "helm-test-x";

/// How the API server answers the questions about the claim, one after the other.
#[derive(Clone, Copy)]
enum ClaimAnswers {
    /// There never is one.
    None,
    /// It comes late, names this holder, and ends.
    Late,
    /// Nobody can tell.
    Away,
}

fn object(kind: Kind, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": API_VERSION, "kind": kind.name, "metadata": { "name": name, "namespace": "ns" }, "spec": spec })
}

fn answer(claims: ClaimAnswers, number: usize) -> Option<StoredAnswer> {
    match (claims, number) {
        (ClaimAnswers::Late, 2) => Some((200, object(Kind::CLAIM, "c", &json!({ "holder": "ada" })).to_string())),
        (ClaimAnswers::None | ClaimAnswers::Late, _) => None,
        (ClaimAnswers::Away, _) => Some(refusal(503, "")),
    }
}

/// A test that has got so far, and an API server with its Directory, its key and the person `ada` of this Directory.
fn a_test(person: TestPerson, claims: ClaimAnswers, directory_of_ada: &str) -> (Test, Memory) {
    let (memory, questions) = (Memory::default(), Arc::new(AtomicUsize::new(0)));
    memory.put(Kind::DIRECTORY, &object(Kind::DIRECTORY, DIRECTORY, &json!({})));
    memory.put(Kind::KEY, &object(Kind::KEY, DIRECTORY, &json!({ "directoryRef": { "name": DIRECTORY } })));
    memory.put(Kind::USER, &object(Kind::USER, "ada", &json!({ "directoryRef": { "name": directory_of_ada } })));
    let meddle = move |asked: &Asked| {
        let is_claim = asked.kind == Kind::CLAIM.plural;
        is_claim.then(|| answer(claims, questions.fetch_add(1, Ordering::Relaxed)))?
    };
    let short = 4 * POLL;
    let unused = || client("http://127.0.0.1:1", "none").expect("a client");
    let test = Test {
        store: memory.store(meddle),
        scim: unused(),
        admin: unused(),
        namespace: "ns".to_owned(),
        directory: DIRECTORY.to_owned(),
        sha256: String::new(),
        wait: short,
        person,
        limits: Limits { late_person: short, person: short, rest: short, ..Limits::default() },
    };
    (test, memory)
}

#[tokio::test]
async fn the_clean_up_removes_what_is_the_tests_and_leaves_the_directory_of_a_person_who_stays() {
    let ada = || TestPerson::Created("ada".to_owned());
    for (name, person, claims, directory_of_ada, left, complaint) in [
        ("a person", ada(), ClaimAnswers::None, DIRECTORY, [false, false], None),
        (
            "an id of somebody else",
            ada(),
            ClaimAnswers::None,
            "staff",
            [true, true],
            Some("the DirectoryUser ada is in another Directory than the test's and is left alone"),
        ),
        ("nobody was asked for", TestPerson::Nobody, ClaimAnswers::Away, "staff", [true, false], None),
        ("a creation that came to nothing", TestPerson::Begun, ClaimAnswers::None, "staff", [true, false], None),
        ("a creation that is late", TestPerson::Begun, ClaimAnswers::Late, DIRECTORY, [false, false], None),
        (
            "a claim that names somebody else",
            TestPerson::Begun,
            ClaimAnswers::Late,
            "staff",
            [true, true],
            Some("left alone"),
        ),
        (
            "a creation of which nobody can tell",
            TestPerson::Begun,
            ClaimAnswers::Away,
            DIRECTORY,
            [true, true],
            Some("whether there is one cannot be found out"),
        ),
    ] {
        let (test, memory) = a_test(person, claims, directory_of_ada);
        let cleaned = test.clean_up().await.map_err(|error| error.to_string());
        assert_eq!([Kind::USER, Kind::DIRECTORY].map(|kind| !memory.all(kind).is_empty()), left, "{name}: {cleaned:?}");
        assert!(memory.all(Kind::KEY).is_empty(), "{name}: the key is removed in any case");
        match (cleaned, complaint) {
            (Ok(()), None) => {}
            (Err(error), Some(complaint)) => {
                assert!(error.contains(complaint), "{name}: {error}");
                assert!(error.contains("the Directory ns/helm-test-x is left"), "{name}: {error}");
            }
            (cleaned, _) => panic!("{name}: {cleaned:?}"),
        }
    }
}

#[tokio::test]
async fn the_clean_up_is_bounded() {
    let (mut test, _) = a_test(TestPerson::Begun, ClaimAnswers::Away, DIRECTORY);
    test.limits.whole = POLL;
    let error = test.clean_up().await.expect_err("there is no time").to_string();
    assert!(error.starts_with("cannot clean up: it took longer than 0 s"), "{error}");
}

#[test]
fn kubernetes_lets_the_clean_up_finish() {
    let pod = include_str!("../../../charts/rollcall/templates/tests/self-test.yaml");
    let grace = pod.lines().find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds: "));
    let grace = Duration::from_secs(grace.expect("a grace period").parse().expect("seconds"));
    assert!(Limits::default().whole < grace, "{grace:?}");
}
