//! How much a list asks of the API server, and the bounds, against one in memory.

use serde::Deserialize as _;
use serde_json::json;

use super::*;
use crate::api::DirectorySpec;
use crate::metrics::Metrics;
use crate::rules::naming::USER_NAME;
use crate::scim::schema::USER;
use crate::store::registry::{Directory, Seen};
use crate::store::scripted::Memory;

const TWIN: &str = "displayName eq \"Twin\"";

/// A Directory of so many people of one name.
fn twins(memory: &Memory, number: usize) -> Context {
    for number in 0..number {
        let (name, user_name) = (format!("twin-{number:03}"), format!("twin{number}"));
        let claim = claim_name("staff", USER_NAME, &user_name);
        memory.put(
            Kind::User,
            &json!({
                "metadata": { "name": name, "namespace": "people" },
                "spec": {
                    "directoryRef": { "name": "staff" }, "managedBy": "Provisioning",
                    "scim": { "userName": user_name, "displayName": "Twin" },
                },
            }),
        );
        memory.put(
            Kind::Claim,
            &json!({
                "metadata": { "name": claim, "namespace": "people" },
                "spec": {
                    "directoryRef": { "name": "staff" }, "attribute": USER_NAME, "value": user_name, "holder": name,
                },
            }),
        );
    }
    let store = memory.store(|_| None);
    memory.fill(&store);
    let spec = DirectorySpec::deserialize(json!({})).expect("a spec");
    let directory = Directory {
        namespace: "people".to_owned(),
        name: "staff".to_owned(),
        spec,
        unique: Arc::default(),
        seen: Seen::default(),
    };
    Context { directory: Arc::new(directory), store, metrics: Metrics::default(), base: "https://x".into() }
}

fn request(filter: &str, count: usize) -> ListRequest {
    let count = count.to_string();
    let parameters = [("filter", filter), ("count", &count)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    ListRequest::from_query(&parameters, &USER).expect("a request")
}

fn made(request: ListRequest) -> List {
    List { kind: Kind::User, edges: Edges::None, shown: None, request }
}

fn ids(page: &Page) -> Vec<&str> {
    page.resources.iter().map(|stored| stored.id.as_str()).collect()
}

#[tokio::test]
async fn candidates_are_read_a_few_at_a_time_and_stay_in_order() {
    let memory = Memory::default();
    let context = twins(&memory, MAX_BATCH - 1);
    let page = list(&context, Kind::User, &request(TWIN, 200)).await.expect("a page");
    assert_eq!(page.total_results, MAX_BATCH - 1);
    assert!(ids(&page).is_sorted() && ids(&page).len() == MAX_BATCH - 1);
    assert_eq!(memory.asked().len(), MAX_BATCH - 1);
    assert_eq!(memory.most_in_flight(), MAX_READS_AHEAD);
}

#[tokio::test]
async fn more_candidates_than_a_look_up_names_are_scanned_and_none_is_missing() {
    for number in [MAX_BATCH, MAX_BATCH + 1] {
        let memory = Memory::default();
        let context = twins(&memory, number);
        let page = list(&context, Kind::User, &request(TWIN, 3)).await.expect("a page");
        assert_eq!((page.total_results, ids(&page)), (number, vec!["twin-000", "twin-001", "twin-002"]));
        assert_eq!(memory.asked(), Vec::<String>::new(), "a scan reads nothing live");
    }
}

#[tokio::test]
async fn a_scan_ends_at_its_deadline_and_waits_for_its_turn() {
    let context = twins(&Memory::default(), 1);
    let request = request("displayName sw \"T\"", 1);
    let outcome = scan(&context, made(request.clone()), Duration::ZERO).await;
    assert!(matches!(outcome, Err(Error::Unavailable { .. })), "{outcome:?}");
    // Scans of other tests hold their turns for a moment only.
    let permits = u32::try_from(MAX_SCANS).expect("a few");
    let turns = SCANS.acquire_many(permits).await.expect("open");
    let mut waiting = std::pin::pin!(scan(&context, made(request), SCAN_DEADLINE));
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(turns);
    assert_eq!(waiting.await.expect("a page").total_results, 1);
}

#[test]
fn a_page_renders_so_many_bytes_and_one_person_at_least() {
    let record = |mebibytes: usize| Record {
        name: "twin".into(),
        generation: 1,
        uid: *b"01234567",
        scim: format!("{{\"title\":\"{}\"}}", "x".repeat(mebibytes << 20)).into_bytes().into(),
    };
    for (sizes, expected) in [(vec![5, 5, 5, 5], 3), (vec![20, 1], 1), (vec![1, 20, 1], 1), (vec![], 0)] {
        let records: Vec<_> = sizes.iter().map(|size| record(*size)).collect();
        let list = made(request(TWIN, 200));
        assert_eq!(list.render(&records).len(), expected, "{sizes:?} MiB");
    }
}
