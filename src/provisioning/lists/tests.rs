//! How much a list asks of the API server, and the bounds, against one in memory.

use serde::Deserialize as _;
use serde_json::json;

use super::*;
use crate::api::DirectorySpec;
use crate::metrics::Metrics;
use crate::provisioning::{Author, OperationNote};
use crate::rules::naming::USER_NAME;
use crate::scim::schema::{GROUP, USER};
use crate::store::memory::Memory;
use crate::store::{Presence, Seen, WatchedDirectory};

const TWIN: &str = "displayName eq \"Twin\"";

/// A Directory of so many people of one name.
fn twins(memory: &Memory, number: usize) -> Context {
    for number in 0..number {
        let (name, user_name) = (format!("twin-{number:03}"), format!("twin{number}"));
        let claim = claim_name("staff", USER_NAME, &user_name);
        memory.put(
            Kind::USER,
            &json!({
                "metadata": { "name": name, "namespace": "people" },
                "spec": {
                    "directoryRef": { "name": "staff" }, "managedBy": "Provisioning",
                    "scim": { "userName": user_name, "displayName": "Twin" },
                },
            }),
        );
        memory.put(
            Kind::CLAIM,
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
    let directory = WatchedDirectory {
        namespace: "people".to_owned(),
        name: "staff".to_owned(),
        spec,
        unique: Arc::default(),
        seen: Seen::default(),
    };
    let (client, base) = (Presence::default(), "https://x".into());
    Context {
        directory: Arc::new(directory),
        store,
        metrics: Metrics::default(),
        author: Author::somebody(),
        client,
        note: OperationNote::default(),
        base,
    }
}

fn request(filter: &str, count: usize) -> ListRequest {
    let count = count.to_string();
    let parameters = [("filter", filter), ("count", &count)].map(|(name, value)| (name.to_owned(), value.to_owned()));
    ListRequest::from_query(&parameters, &USER).expect("a request")
}

fn made(request: ListRequest) -> List {
    let (kind, max_bytes) = (Resource::User, MAX_PAGE_BYTES);
    List { kind, edges: Edges::None, shown: None, base: "https://x".into(), request, max_bytes }
}

fn ids(page: &Page) -> Vec<&str> {
    page.resources.iter().map(|stored| stored.id.as_str()).collect()
}

#[tokio::test]
async fn candidates_are_read_a_few_at_a_time_and_stay_in_order() {
    let memory = Memory::default();
    let context = twins(&memory, MAX_BATCH - 1);
    let page = list(&context, Resource::User, &request(TWIN, 200)).await.expect("a page");
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
        let page = list(&context, Resource::User, &request(TWIN, 3)).await.expect("a page");
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

#[tokio::test]
async fn a_page_of_all_kinds_goes_on_where_the_first_ends() {
    let memory = Memory::default();
    for name in ["blue", "red"] {
        let spec = json!({ "directoryRef": { "name": "staff" }, "scim": { "displayName": name } });
        memory.put(Kind::GROUP, &json!({ "metadata": { "name": name, "namespace": "people" }, "spec": spec }));
        let claim = claim_name("staff", "Group.displayName", name);
        let spec = json!({
            "directoryRef": { "name": "staff" }, "attribute": "Group.displayName", "value": name, "holder": name,
        });
        memory.put(Kind::CLAIM, &json!({ "metadata": { "name": claim, "namespace": "people" }, "spec": spec }));
    }
    let context = twins(&memory, 3);
    for (filter, start, count, expected, totals) in [
        ("", 1, 200, &["twin-000", "twin-001", "twin-002", "blue", "red"][..], [3, 2]),
        ("", 1, 3, &["twin-000", "twin-001", "twin-002"], [3, 2]),
        ("", 1, 2, &["twin-000", "twin-001"], [3, 2]),
        ("", 3, 2, &["twin-002", "blue"], [3, 2]),
        ("", 4, 200, &["blue", "red"], [3, 2]),
        ("", 5, 200, &["red"], [3, 2]),
        ("", 6, 200, &[], [3, 2]),
        ("", 1, 0, &[], [3, 2]),
        ("displayName sw \"b\"", 1, 200, &["blue"], [0, 1]),
        ("displayName eq \"Twin\" or displayName eq \"red\"", 2, 3, &["twin-001", "twin-002", "red"], [3, 1]),
        ("userName eq \"twin1\"", 1, 200, &["twin-001"], [1, 0]),
        ("meta.location eq \"https://x/Groups/red\"", 1, 200, &["red"], [0, 1]),
        ("meta.resourceType eq \"Group\"", 2, 1, &["red"], [0, 2]),
    ] {
        let body = json!({ "filter": filter, "startIndex": start, "count": count });
        let requests = [(Resource::User, &USER), (Resource::Group, &GROUP)];
        let requests = requests.map(|(kind, of)| (kind, ListRequest::from_search(&body, of).expect("a search")));
        let pages = list_each(&context, &requests).await.expect("pages");
        let found: Vec<_> = pages.iter().flat_map(ids).collect();
        assert_eq!(found, expected, "{filter:?} from {start}, {count} of them");
        assert_eq!(pages.iter().map(|page| page.total_results).collect::<Vec<_>>(), totals, "{filter:?}");
    }
}

#[tokio::test]
async fn an_address_is_found_without_a_look_at_everybody() {
    let memory = Memory::default();
    let context = twins(&memory, 3);
    for (filter, expected, reads) in [
        ("meta.location eq \"https://x/Users/twin-001\"", &["twin-001"][..], 1),
        ("meta.location eq \"https://x/Users/twin-001\" and userName eq \"twin1\"", &["twin-001"], 1),
        ("meta.location eq \"https://x/Users/twin-009\"", &[], 1),
        ("meta.location eq \"https://x/Groups/twin-001\"", &[], 0),
        ("meta.location eq \"https://y/Users/twin-001\"", &[], 0),
        ("meta.location eq \"https://x/Users/\"", &[], 0),
        ("meta.location ew \"-002\"", &["twin-002"], 0),
        ("not (meta.location ew \"-002\")", &["twin-000", "twin-001"], 0),
    ] {
        memory.asked();
        let page = list(&context, Resource::User, &request(filter, 200)).await.expect("a page");
        assert_eq!((ids(&page), memory.asked().len()), (expected.to_vec(), reads), "{filter}");
    }
}

#[tokio::test]
async fn people_who_are_looked_up_are_held_only_while_a_page_may_hold_them() {
    let context = twins(&Memory::default(), 5);
    let bytes = bytes_of(&list(&context, Resource::User, &request(TWIN, 1)).await.expect("a page").resources[0]);
    for (max_bytes, expected) in [(bytes * 5, Some(5)), (bytes * 4, None), (0, None)] {
        let list = List { max_bytes, ..made(request(TWIN, 200)) };
        let names: Vec<_> = (0..5).map(|number| format!("twin-{number:03}")).collect();
        let found = list.read_all(&context, &names).await.expect("reads");
        assert_eq!(found.map(|found| found.len()), expected, "{max_bytes} bytes");
    }
    let page = list_within(&context, Resource::User, &request(TWIN, 200), 0).await.expect("a page");
    assert_eq!((page.total_results, page.resources.len()), (5, 1), "the page is cut and the number is not");
    let one = List { max_bytes: 0, ..made(request(TWIN, 200)) };
    assert_eq!(
        one.read_all(&context, &["twin-000".to_owned()]).await.expect("a read").map(|found| found.len()),
        Some(1)
    );
}
