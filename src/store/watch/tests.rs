//! The whole loop against a script of answers: what a real API server cannot be made to say at will.

use std::collections::VecDeque;
use std::sync::Arc;

use http::{Request, Response};
use kube::client::Body;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::*;
use crate::api::Object;
use crate::rules::naming::claim_name;
use crate::rules::resource::Resource;
use crate::store::kind::Kind;

/// What the server says to one request: the code and the lines of the body.
type Reply = (u16, Vec<Value>);

/// A client that gets these replies one after the other, and then none. What it asked for stands in the list.
struct Script {
    client: Client,
    asked: Arc<Mutex<Vec<String>>>,
    played: Arc<Notify>,
}

fn script(replies: Vec<Reply>) -> Script {
    let (asked, played) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Notify::new()));
    let replies = Arc::new(Mutex::new(VecDeque::from(replies)));
    let (asking, ended) = (Arc::clone(&asked), Arc::clone(&played));
    let service = tower::service_fn(move |request: Request<Body>| {
        asking.lock().push(request.uri().query().unwrap_or_default().to_owned());
        let reply = replies.lock().pop_front();
        let ended = Arc::clone(&ended);
        async move {
            let Some((code, lines)) = reply else {
                ended.notify_one();
                return std::future::pending().await;
            };
            let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let response = Response::builder().status(code).body(Body::from(body.into_bytes()));
            Ok::<_, tower::BoxError>(response.expect("a response"))
        }
    });
    Script { client: Client::new(service, "default"), asked, played }
}

/// Runs the watch of users until the script has been played.
async fn play(cache: &Cache, watch: &Watch, replies: Vec<Reply>) -> Vec<String> {
    let script = script(replies);
    let lists = Semaphore::new(MAX_LISTS);
    tokio::select! {
        never = run(Feed { client: &script.client, cache, watch, lists: &lists }) => match never {},
        () = script.played.notified() => {}
    }
    std::mem::take(&mut *script.asked.lock())
}

fn user(name: &str, version: u32) -> Object {
    let object = json!({
        "metadata": { "namespace": "n", "name": name, "resourceVersion": version.to_string() },
        "spec": { "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": name } },
    });
    object.into()
}

fn event(sort: &str, object: &Value) -> Value {
    json!({ "type": sort, "object": object })
}

fn bookmark(version: &str, annotations: &Value) -> Value {
    let metadata = json!({ "resourceVersion": version, "annotations": annotations });
    event("BOOKMARK", &json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "metadata": metadata }))
}

/// A streamed list of these users.
fn streamed(version: &str, users: &[(&str, u32)]) -> Reply {
    let mut lines: Vec<_> = users.iter().map(|(name, version)| event("ADDED", &user(name, *version))).collect();
    lines.push(bookmark(version, &json!({ LIST_END_ANNOTATION: "true" })));
    (200, lines)
}

fn page_of(users: &[(&str, u32)], version: &str, token: &str) -> Reply {
    let items: Vec<_> = users.iter().map(|(name, version)| user(name, *version)).collect();
    (200, vec![json!({ "metadata": { "resourceVersion": version, "continue": token }, "items": items })])
}

fn refusal(code: u16, reason: &str) -> Reply {
    (code, vec![json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason })])
}

/// Everybody the index knows; nobody owns a name here, so all are unsettled.
fn known(cache: &Cache) -> Vec<String> {
    cache.index("n", "staff").unsettled(Resource::User)
}

fn watch() -> Watch {
    Watch::new(Kind::USER, None)
}

const STREAM: &str =
    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300";

fn after(version: &str) -> String {
    format!("watch=true&resourceVersion={version}&allowWatchBookmarks=true&timeoutSeconds=20")
}

#[tokio::test]
async fn a_streamed_list_is_followed_from_its_version_and_from_each_event_on() {
    let (cache, watch) = (Cache::default(), watch());
    let changes = vec![event("ADDED", &user("c", 12)), event("DELETED", &user("a", 13)), bookmark("15", &json!({}))];
    let replies =
        vec![streamed("10", &[("a", 1), ("b", 2)]), (200, changes), (200, vec![event("MODIFIED", &user("b", 16))])];
    let asked = play(&cache, &watch, replies).await;
    assert_eq!(asked, [STREAM.to_owned(), after("10"), after("15"), after("16")]);
    assert_eq!(known(&cache), ["b", "c"]);
    assert_eq!((watch.told(), watch.fresh(Instant::now())), (16, Ok(())));
}

#[tokio::test]
async fn a_server_without_streamed_lists_is_read_in_pages() {
    for code in [422, 400] {
        let (cache, watch) = (Cache::default(), watch());
        let replies = vec![
            refusal(code, "Invalid"),
            page_of(&[("a", 1)], "10", "next/page="),
            page_of(&[("b", 2)], "10", ""),
            (200, vec![bookmark("11", &json!({}))]),
            refusal(410, "Expired"),
        ];
        let asked = play(&cache, &watch, replies).await;
        let pages = ["limit=500".to_owned(), "limit=500&continue=next%2Fpage%3D".to_owned()];
        let again = [after("10"), after("11"), "limit=500".to_owned()];
        assert_eq!(asked, [vec![STREAM.to_owned()], pages.to_vec(), again.to_vec()].concat());
        assert_eq!(known(&cache), ["a", "b"]);
        assert!(watch.synced());
    }
}

#[tokio::test]
async fn a_version_that_has_expired_means_a_new_list_and_who_is_not_in_it_is_gone() {
    let gone = json!({ "kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old" });
    for expired in [(200, vec![event("ERROR", &gone)]), refusal(410, "Expired")] {
        let (cache, watch) = (Cache::default(), watch());
        let first = vec![streamed("10", &[("a", 1), ("b", 2)]), expired];
        play(&cache, &watch, first).await;
        assert_eq!(known(&cache), ["a", "b"], "what is known stays until the list is whole");

        // While the new list is on its way this process writes: one object after the moment of the list, and one before
        // it that somebody else has removed since.
        cache.put(Kind::USER, &user("own", 40), Origin::Own(&|| watch.told()));
        cache.put(Kind::USER, &user("own-gone", 15), Origin::Own(&|| watch.told()));
        let asked = play(&cache, &watch, vec![streamed("30", &[("b", 2), ("c", 20)])]).await;
        assert_eq!(asked, [STREAM.to_owned(), after("30")]);
        assert_eq!(known(&cache), ["b", "c", "own"]);
        cache.put(Kind::USER, &user("own-late", 30), Origin::Own(&|| watch.told()));
        assert_eq!(known(&cache), ["b", "c", "own"], "an own write from before the list that the list does not show");
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_syncs_nothing() {
    let (cache, watch) = (Cache::default(), watch());
    let broken = (200, vec![event("ADDED", &user("a", 1))]);
    let asked = play(&cache, &watch, vec![broken, refusal(503, "ServiceUnavailable")]).await;
    assert_eq!(asked, [STREAM, STREAM, STREAM]);
    assert!(!watch.synced());
    assert!(watch.fresh(Instant::now()).is_err());
}

#[tokio::test]
async fn an_unsynced_watch_is_not_made_fresh_by_events() {
    let (cache, watch) = (Cache::default(), watch());
    play(&cache, &watch, vec![(200, vec![event("ADDED", &user("a", 1)), bookmark("9", &json!({}))])]).await;
    assert!(!watch.synced(), "a bookmark without the annotation is not the end of a list");
}

#[tokio::test]
async fn a_cluster_that_was_set_back_is_read_anew() {
    let (cache, watch) = (Cache::default(), watch());
    let replies = vec![
        streamed("100", &[("a", 90), ("b", 95)]),
        refusal(503, "ServiceUnavailable"),
        page_of(&[("a", 40)], "50", "next"),
        streamed("50", &[("a", 40)]),
        streamed("51", &[("a", 40)]),
    ];
    let asked = play(&cache, &watch, replies).await;
    assert_eq!(asked, [STREAM, &after("100"), "limit=1", STREAM, STREAM, &after("51")]);
    assert_eq!(known(&cache), ["a"]);
    assert_eq!((watch.told(), watch.synced()), (51, true));
}

#[tokio::test]
async fn an_outage_does_not_make_a_cluster_be_read_anew() {
    let (cache, watch) = (Cache::default(), watch());
    let events = (200, vec![event("ADDED", &user("b", 120))]);
    let replies = vec![
        streamed("100", &[("a", 90)]),
        refusal(500, "InternalError"),
        page_of(&[("a", 90)], "130", "next"),
        events,
    ];
    let asked = play(&cache, &watch, replies).await;
    assert_eq!(asked, [STREAM, &after("100"), "limit=1", &after("100"), &after("120")]);
    assert_eq!(known(&cache), ["a", "b"]);
}

/// An object that names these groups, and the claim on its name.
fn member(kind: Kind, name: &str, version: u32, groups: &[&str]) -> (Object, Object) {
    let mut object = user(name, version);
    object["spec"]["scim"]["displayName"] = name.into();
    object["spec"]["memberOf"] = json!(groups);
    let attribute = kind.resource().expect("users and groups have names").name_attribute();
    let mut claim = user(&claim_name("staff", attribute, name), version);
    claim["spec"] =
        json!({ "directoryRef": { "name": "staff" }, "attribute": attribute, "value": name, "holder": name });
    (object, claim)
}

/// A group with two users in it, all of whom own their names.
fn staffed() -> Cache {
    let cache = Cache::default();
    for (kind, name, groups) in
        [(Kind::GROUP, "g", &[] as &[&str]), (Kind::USER, "a", &["g"]), (Kind::USER, "b", &["g"])]
    {
        let (object, claim) = member(kind, name, 1, groups);
        cache.put(kind, &object, Origin::Watch(7));
        cache.put(Kind::CLAIM, &claim, Origin::Watch(7));
    }
    cache
}

fn members(cache: &Cache) -> Vec<String> {
    let index = cache.index("n", "staff");
    index.members("g", None).iter().map(|member| member.name.to_string()).collect()
}

#[tokio::test]
async fn a_list_that_does_not_show_a_member_takes_the_edge_along() {
    let (cache, watch) = (staffed(), watch());
    assert_eq!(members(&cache), ["a", "b"]);
    let stays = event("ADDED", &member(Kind::USER, "b", 1, &["g"]).0);
    let end = bookmark("10", &json!({ LIST_END_ANNOTATION: "true" }));
    let moves = event("MODIFIED", &member(Kind::USER, "b", 12, &[]).0);
    play(&cache, &watch, vec![(200, vec![stays, end])]).await;
    assert_eq!(members(&cache), ["b"]);
    play(&cache, &watch, vec![streamed("11", &[("b", 1)]), (200, vec![moves])]).await;
    assert_eq!(members(&cache), Vec::<String>::new());
}

#[tokio::test]
async fn a_group_that_is_deleted_has_no_members_and_has_them_again_when_it_is_restored() {
    let cache = staffed();
    let watch = Watch::new(Kind::GROUP, None);
    let (group, _) = member(Kind::GROUP, "g", 20, &[]);
    let mut deleted = group.clone();
    deleted["metadata"]["resourceVersion"] = "21".into();
    let listed = vec![event("ADDED", &group), bookmark("20", &json!({ LIST_END_ANNOTATION: "true" }))];
    play(&cache, &watch, vec![(200, listed), (200, vec![event("DELETED", &deleted)])]).await;
    assert_eq!(members(&cache), Vec::<String>::new());
    assert_eq!(cache.index("n", "staff").visible(Resource::User), 2, "the people stay");

    // A restore creates the group under its old name, and nobody has touched the members.
    let (mut restored, _) = member(Kind::GROUP, "g", 30, &[]);
    restored["metadata"]["uid"] = "another".into();
    cache.put(Kind::GROUP, &restored, Origin::Watch(watch.epoch()));
    assert_eq!(members(&cache), ["a", "b"]);
}

#[tokio::test]
async fn a_cluster_that_was_set_back_has_the_members_of_back_then() {
    let (cache, watch) = (staffed(), watch());
    let then = vec![
        event("ADDED", &member(Kind::USER, "a", 1, &[]).0),
        event("ADDED", &member(Kind::USER, "b", 1, &["g"]).0),
        bookmark("50", &json!({ LIST_END_ANNOTATION: "true" })),
    ];
    let replies = vec![
        (
            200,
            vec![
                event("ADDED", &member(Kind::USER, "a", 90, &["g"]).0),
                event("ADDED", &member(Kind::USER, "b", 95, &[]).0),
                bookmark("100", &json!({ LIST_END_ANNOTATION: "true" })),
            ],
        ),
        refusal(503, "ServiceUnavailable"),
        page_of(&[("a", 1)], "50", "next"),
        (200, then.clone()),
        (200, then),
    ];
    play(&cache, &watch, replies).await;
    assert_eq!(members(&cache), ["b"]);
    assert_eq!(watch.told(), 50);
}

#[tokio::test]
async fn a_watch_of_one_namespace_sweeps_no_other() {
    let cache = Cache::default();
    let mut elsewhere = user("x", 1);
    elsewhere["metadata"]["namespace"] = "m".into();
    cache.put(Kind::USER, &elsewhere, Origin::Watch(7));
    cache.put(Kind::USER, &user("a", 1), Origin::Watch(7));
    let watch = Watch::new(Kind::USER, Some("n".to_owned()));
    play(&cache, &watch, vec![streamed("10", &[])]).await;
    assert_eq!(known(&cache), Vec::<String>::new());
    assert_eq!(cache.index("m", "staff").unsettled(Resource::User), ["x"]);
}

#[tokio::test]
async fn a_watch_that_ends_at_once_is_not_asked_again_at_once() {
    let (cache, watch) = (Cache::default(), watch());
    let lists = Semaphore::new(MAX_LISTS);
    let script = script(vec![streamed("10", &[]), (200, Vec::new())]);
    let mut position =
        Position { listing: Listing::Streamed, version: None, suspect: false, outage: Outage::default() };
    let feed = Feed { client: &script.client, cache: &cache, watch: &watch, lists: &lists };
    list(&feed, &mut position).await.expect("a list");
    let ended = follow(&feed, &mut position, "10").await.expect_err("an end as soon as it began");
    assert_eq!(next(Phase::Following, &ended), WatchStep::Repeat);
}

#[tokio::test]
async fn a_watch_that_was_silent_for_long_is_opened_for_a_short_time() {
    let (cache, watch) = (Cache::default(), watch());
    play(&cache, &watch, vec![streamed("10", &[])]).await;
    let script = script(vec![refusal(503, "ServiceUnavailable")]);
    watch.hear(10, Instant::now().checked_sub(Duration::from_secs(8)).expect("a time after the start"));
    changes(&script.client, &watch, "10").await.err().expect("a refusal");
    assert_eq!(*script.asked.lock(), [after("10").replace("=20", "=5")]);
}

#[test]
fn a_watch_that_was_held_open_has_told_that_nothing_happened() {
    assert!(worth(SHORTEST_WATCH - Duration::from_nanos(1)).is_err());
    assert_eq!(worth(SHORTEST_WATCH), Ok(()));
}
