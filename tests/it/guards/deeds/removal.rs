//! Who deletes people, groups, Directories and claims.

use serde_json::{Value, json};

use super::super::scene::{Act, Names, Who, annotate, create, delete, delete_collection, object, patch};
use super::{Deed, RBAC, Step, scim, spec};

const USER: &str = "directoryuser";
const GROUP: &str = "directorygroup";
const DIRECTORY: &str = "directory";
const CLAIM: &str = "directoryclaim";
const ALLOWED: &str = "rollcall.dev/allow-delete=true";

/// `bob` carries the annotation from the start.
pub(crate) fn deletion(names @ Names { ada, bob, sales, gone, .. }: &Names) -> Vec<Deed> {
    let refused = |deed, who, act, says: &str| Deed::refused("deletion", deed, who, act, says);
    let not_with_kubectl = |name: &str| format!("Delete {name} in the identity provider, and not with kubectl");
    let suspended = patch(USER, ada, spec(json!({ "suspended": true })));
    let all = delete_collection(names, "directoryusers");
    vec![
        refused("delete all people by one request", Who::Administrator, all, &not_with_kubectl(ada)).around(
            "`spec.suspended: true` on each; delete them in the identity provider",
            [Step::As(Who::Administrator, suspended)],
        ),
        refused("delete a person", Who::Editor, delete(USER, ada), &not_with_kubectl(ada)).around(
            "delete the person in the identity provider",
            [scim("DELETE", format!("/Users/{ada}"), Value::Null)],
        ),
        refused(
            "delete a person who carries the annotation",
            Who::Administrator,
            delete(USER, bob),
            &not_with_kubectl(bob),
        )
        .around("`override`", [Step::As(Who::Restorer, delete(USER, bob))]),
        refused("delete a group", Who::Editor, delete(GROUP, sales), &not_with_kubectl(sales)).around(
            "delete the group in the identity provider",
            [scim("DELETE", format!("/Groups/{sales}"), Value::Null)],
        ),
        refused(
            "delete a tombstone before its time",
            Who::Editor,
            delete(USER, gone),
            &format!("{gone} was deleted over SCIM, can be brought back"),
        )
        .around(
            "the annotation `rollcall.dev/allow-delete=true`; wait for the purge",
            [Step::As(Who::Editor, annotate(USER, gone, ALLOWED)), Step::As(Who::Editor, delete(USER, gone))],
        ),
    ]
}

pub(crate) fn directories(names: &Names) -> Vec<Deed> {
    let deed = |deed, who, act| {
        let says = "The Directory staff holds people (users: 2, groups: 1)";
        Deed::refused("directories", deed, who, act, says)
    };
    let around = "the annotation `rollcall.dev/allow-delete=true`";
    let one = || delete(DIRECTORY, "staff");
    let all = delete_collection(names, "directories");
    vec![
        deed("delete a Directory with people in it", Who::Editor, one()).around(around, []),
        deed("the same", Who::Restorer, one()).around(around, []),
        deed("the same", Who::ClusterAdmin, one()).around(around, []),
        deed("delete a Directory after its owner", Who::GarbageCollector, one()).around(around, []),
        deed("delete all Directories by one request", Who::Administrator, all.clone()).around(
            around,
            [Step::As(Who::Administrator, annotate(DIRECTORY, "staff", ALLOWED)), Step::As(Who::Administrator, all)],
        ),
    ]
}

pub(crate) fn claims(names @ Names { ada, bob, claim, .. }: &Names) -> Vec<Deed> {
    let refused = |deed, act: Act, name: &str| {
        let says = format!("The operator alone writes claims, and {name}");
        Deed::refused("claims", deed, Who::OwnerOfAllResources, act, says)
    };
    let mine = json!({
        "directoryRef": { "name": "staff" }, "attribute": "User.title", "value": "x", "holder": ada, "nonce": "1",
    });
    let mine = create(object(names, "DirectoryClaim", "c-mine", mine));
    let change = |name: &str| patch(CLAIM, name, spec(json!({ "nonce": "mine" })));
    vec![
        refused("take a value for somebody (create a claim)", mine.clone(), "c-mine")
            .around("give the person the value in the identity provider; `override`", [Step::As(Who::Restorer, mine)]),
        refused("change a claim", change(claim), claim)
            .around("`override`", [Step::As(Who::Restorer, change("c-mine"))]),
        refused("free a value (delete a claim)", delete(CLAIM, claim), claim).around(
            "change or delete its holder in the identity provider; `override`",
            [scim("DELETE", format!("/Users/{bob}"), Value::Null), Step::As(Who::Restorer, delete(CLAIM, claim))],
        ),
        refused("delete all claims by one request", delete_collection(names, "directoryclaims"), "c-")
            .around("`override`", [Step::As(Who::Restorer, delete_collection(names, "directoryclaims"))]),
        Deed::refused(
            RBAC,
            "delete a claim",
            Who::Administrator,
            delete(CLAIM, claim),
            "cannot delete resource \"directoryclaims\"",
        )
        .around("see above", []),
    ]
}
