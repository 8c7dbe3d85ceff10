//! Resources as text: addresses, lists, and members that come in pieces.

use serde::Deserialize as _;
use serde_json::json;

use super::*;
use crate::api::DirectorySpec;
use crate::metrics::Metrics;
use crate::provisioning::{Author, Context, OperationNote, groups};
use crate::scim::schema::{GROUP, USER};
use crate::store::kind::Kind;
use crate::store::memory::Memory;
use crate::store::{Presence, Seen, WatchedDirectory};

/// The group `blue`, to which so many users belong.
async fn group(members: usize) -> Stored {
    let memory = Memory::default();
    let put = |kind, name: &str, spec| {
        let metadata = json!({ "name": name, "namespace": "people", "uid": "01234567-89", "generation": 1 });
        memory.put(kind, &json!({ "metadata": metadata, "spec": spec }));
    };
    let resource = |kind, attribute: &str, name: &str, spec: Value| {
        let claim = crate::rules::naming::claim_name("staff", attribute, name);
        let directory = json!({ "name": "staff" });
        put(kind, name, spec);
        let spec = json!({ "directoryRef": directory, "attribute": attribute, "value": name, "holder": name });
        put(Kind::CLAIM, &claim, spec);
    };
    let scim = json!({ "displayName": "blue" });
    resource(Kind::GROUP, "Group.displayName", "blue", json!({ "directoryRef": { "name": "staff" }, "scim": scim }));
    for number in 0..members {
        let name = format!("u{number:04}");
        let spec = json!({
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": name },
            "memberOf": ["blue"],
        });
        resource(Kind::USER, "User.userName", &name, spec);
    }
    let store = memory.store(|_| None);
    memory.fill(&store);
    let (namespace, name) = ("people".to_owned(), "staff".to_owned());
    let spec = DirectorySpec::deserialize(json!({})).expect("a spec");
    let directory = Arc::new(WatchedDirectory { namespace, name, spec, unique: Arc::default(), seen: Seen::default() });
    let (client, base) = (Presence::default(), "https://x".into());
    let (note, author) = (OperationNote::default(), Author::somebody());
    let context = Context { directory, store, metrics: Metrics::default(), author, client, note, base };
    groups::get(&context, "blue").await.expect("a group")
}

fn view(attributes: Option<&str>) -> Rendering {
    let projection = Projection::parse(attributes, None, &GROUP).expect("attributes");
    Rendering { base: "https://x".into(), resource_type: &GROUP, projection }
}

fn pieces(text: Text) -> Vec<Bytes> {
    match text {
        Text::Whole(text) => vec![text.into()],
        Text::Pieces(pieces) => pieces.collect(),
    }
}

fn parsed(pieces: &[Bytes]) -> Value {
    serde_json::from_slice(&pieces.concat()).expect("JSON")
}

#[tokio::test]
async fn members_are_rendered_a_batch_at_a_time() {
    for (members, expected) in [(0, 2), (1, 4), (200, 4), (201, 5), (450, 6)] {
        let stored = group(members).await;
        let text = pieces(view(None).one(stored.clone()));
        assert_eq!(text.len(), expected, "{members} members: head, batches, both brackets");
        assert!(text.iter().all(|piece| piece.len() < 64 * 1024), "a piece is small");
        let whole = parsed(&text);
        let shown = whole.get("members").map_or(0, |members| members.as_array().expect("a list").len());
        assert_eq!((shown, &whole["displayName"]), (members, &"blue".into()));

        let list = parsed(&pieces(list_of(2, 1, vec![(view(None), stored.clone()), (view(None), stored.clone())])));
        assert_eq!((&list["itemsPerPage"], &list["Resources"]), (&2.into(), &json!([whole, whole])));
        let plain = pieces(list_of(1, 1, vec![(view(Some("displayName")), stored.clone())]));
        assert_eq!((plain.len(), parsed(&plain)["Resources"][0].get("members")), (1, None), "no wish, no stream");
        let nothing = parsed(&pieces(view(Some("members.shoeSize")).one(stored)));
        assert_eq!(nothing.get("members"), None, "an empty list is no value");
    }
    let parts = parsed(&pieces(view(Some("members.value")).one(group(2).await)));
    assert_eq!(parts["members"], json!([{ "value": "u0000" }, { "value": "u0001" }]));
}

#[test]
fn a_resource_holds_its_addresses() {
    let resource = json!({
        "id": "alice-1", "userName": "alice", "meta": { "resourceType": "User" },
        "groups": [{ "value": "g-1", "display": "Blue" }],
    });
    let located =
        with_addresses(resource.as_object().cloned().expect("an object"), "https://x/scim/v2/acme/staff", &USER);
    assert_eq!(
        located["meta"],
        json!({ "resourceType": "User", "location": "https://x/scim/v2/acme/staff/Users/alice-1" })
    );
    assert_eq!(located["groups"][0]["$ref"], "https://x/scim/v2/acme/staff/Groups/g-1");
}

#[test]
fn the_ends_of_a_list_enclose_its_resources() {
    let (head, tail) = list_ends(7, 3, 1);
    let list: Value = serde_json::from_str(&format!("{head}{{\"Resources\":[1]}}{tail}")).expect("JSON");
    let mut expected = list_response(7, 3, vec![json!({ "Resources": [1] })]);
    expected["itemsPerPage"] = 1.into();
    assert_eq!(list, expected);
}
