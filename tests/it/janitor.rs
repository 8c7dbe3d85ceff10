//! What a crash, a restore or a person with kubectl leaves behind is healed.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rollcall::rules::naming::claim_name;
use serde_json::{Value, json};

use crate::support::cluster::apply;
use crate::support::wait::{JANITOR_DEADLINE, within};
use crate::support::{Directory, Operator, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_without_claims_gets_its_claims_back() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let id = client.create(&json!({ "userName": "alice" })).await;
    directory.kubectl(&["delete", "directoryclaims", "--all"]).await.expect("kubectl delete");
    let replica = Operator::start(&[]).await;
    until("the claim to be back", || async {
        let claims = directory.list("directoryclaims").await;
        (claims.len() == 1 && claims[0]["spec"]["holder"] == id.as_str()).then_some(())
    })
    .await;
    let client = directory.client(&replica).await;
    until("the list to show the person", || async {
        (client.get("/Users").await.expect(200)["totalResults"] == 1).then_some(())
    })
    .await;
}

/// Somebody gives a person the userName of another one with kubectl.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_was_acknowledged_and_lost_the_name_is_kept_and_told() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let first = client.create(&json!({ "userName": "alice" })).await;
    let second = client.create(&json!({ "userName": "bob" })).await;
    let patch = json!({ "spec": { "scim": { "userName": "ALICE" } } }).to_string();
    directory.kubectl(&["patch", "directoryuser", &second, "--type=merge", "-p", &patch]).await.expect("kubectl patch");
    until("the second to be told who has the name", async || {
        let user = directory.get("directoryuser", &second).await.expect("nobody who was acknowledged is removed");
        let conditions = user["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let lost = conditions.iter().find(|one| one["type"] == "Ready" && one["status"] == "False")?;
        lost["message"].as_str().is_some_and(|message| message.contains(&first)).then_some(())
    })
    .await;
    client.get(&format!("/Users/{first}")).await.expect(200);
    let found = client.get("/Users?filter=userName+eq+%22alice%22").await.expect(200);
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(first)));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_claims_pending_marks_and_half_made_users_are_cleared() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let alice = client.post("/Users", &json!({ "userName": "alice" })).await.expect(201);
    let user = |name: &str, user_name: &str, pending: Value| {
        directory.object("DirectoryUser", name, json!({
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "pending": pending,
            "scim": { "userName": user_name, "active": true, "meta": { "created": jiff::Timestamp::now().to_string() } },
        }))
    };
    let claim = async |value: &str, holder: &str| {
        let spec = json!({
            "directoryRef": { "name": "staff" }, "attribute": "User.userName", "value": value, "holder": holder, "nonce": "1",
        });
        apply(&directory.object("DirectoryClaim", &claim_name("staff", "User.userName", value), spec)).await;
    };
    // A create that died before it won its name, which somebody else has.
    apply(&user("loser-1", "ALICE", json!({}))).await;
    // A create that died when nobody else wanted the name.
    apply(&user("orphan-1", "orphan", json!({}))).await;
    // A rename that died between its intent and its commit.
    apply(&user("renamer-1", "before", json!({ "User.userName": "after" }))).await;
    claim("before", "renamer-1").await;
    claim("after", "renamer-1").await;
    // A claim whose holder is gone.
    claim("nobody", "gone-1").await;
    let _replica = Operator::start(&[]).await;
    let expected = BTreeSet::from(["alice", "orphan", "before"].map(str::to_owned));
    let mut last = (BTreeSet::new(), BTreeSet::new());
    let settled = within(JANITOR_DEADLINE, async || {
        let users = directory.list("directoryusers").await;
        let pending = users.iter().any(|user| user["spec"]["pending"]["User.userName"].is_string());
        last = (texts(&users, "/spec/scim/userName"), texts(&directory.list("directoryclaims").await, "/spec/value"));
        (!pending && last.0 == expected && last.1 == expected).then_some(())
    })
    .await;
    assert!(settled.is_some(), "people and claims are {last:?}, not {expected:?}");
    let id = alice["id"].as_str().expect("an id");
    assert_eq!(client.get(&format!("/Users/{id}")).await.expect(200)["userName"], "alice");
}

/// The texts at a place in each of the objects.
fn texts(objects: &[Value], pointer: &str) -> BTreeSet<String> {
    objects.iter().filter_map(|object| object.pointer(pointer)?.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annotation_brings_a_deleted_person_back() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let id = client.create(&json!({ "userName": "alice" })).await;
    // A wish that is older than the deletion is none.
    let wish = ["annotate", "directoryuser", &id, "rollcall.dev/undelete=true"];
    directory.kubectl(&wish).await.expect("kubectl annotate");
    client.delete(&format!("/Users/{id}")).await.expect(204);
    let tombstone = directory.get("directoryuser", &id).await.expect("the object");
    assert_eq!(tombstone["metadata"].get("annotations").and_then(|all| all.get("rollcall.dev/undelete")), None);
    directory.kubectl(&wish).await.expect("kubectl annotate");
    let _replica = Operator::start(&[]).await;
    until("the person to be back", || async {
        (client.get(&format!("/Users/{id}")).await.status == 200).then_some(())
    })
    .await;
    let object = directory.get("directoryuser", &id).await.expect("the object");
    assert_eq!(object["metadata"]["annotations"].get("rollcall.dev/undelete"), None);
    client.post("/Users", &json!({ "userName": "alice" })).await.expect_error(409, Some("uniqueness"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_asked_back_does_not_wait_for_the_next_pass() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    for number in 0..3 {
        let id = client.create(&json!({ "userName": format!("person-{number}") })).await;
        client.delete(&format!("/Users/{id}")).await.expect(204);
        directory.kubectl(&["annotate", "directoryuser", &id, "rollcall.dev/undelete=true"]).await.expect("kubectl");
        // Three times: a pass that happens to be due does not explain it.
        until("the person to be back", || async {
            (client.get(&format!("/Users/{id}")).await.status == 200).then_some(())
        })
        .await;
    }
}

/// Half a minute for whoever may be at work, and a little.
const AFTER_A_CRASH: Duration = Duration::from_secs(35);

/// How long after an object another one was created.
fn after(object: &Value, other: &Value) -> SignedDuration {
    let created = |object: &Value| -> Timestamp {
        object["metadata"]["creationTimestamp"].as_str().expect("a time").parse().expect("a time")
    };
    created(other).duration_since(created(object))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_settled_when_its_time_has_come() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    client.post("/Users", &json!({ "userName": "alice" })).await.expect(201);
    let now = Timestamp::now().to_string();
    let spec = |user_name: &str, pending: Value| {
        json!({
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "pending": pending,
            "scim": { "userName": user_name, "active": true, "meta": { "created": now } },
        })
    };
    // A create that won nothing yet, one that lost its name, and a rename: whoever began them is gone.
    for (name, spec) in [
        ("orphan-1", spec("orphan", json!({}))),
        ("loser-1", spec("ALICE", json!({}))),
        ("renamer-1", spec("before", json!({ "User.userName": "after" }))),
    ] {
        apply(&directory.object("DirectoryUser", name, spec)).await;
    }
    let settled = within(AFTER_A_CRASH, async || {
        let users = directory.list("directoryusers").await;
        let claims = texts(&directory.list("directoryclaims").await, "/spec/holder");
        let loser = users.iter().any(|user| user["metadata"]["name"] == "loser-1");
        let pending = users.iter().any(|user| user["spec"]["pending"]["User.userName"].is_string());
        (!loser && !pending && claims.contains("orphan-1") && claims.contains("renamer-1")).then_some(())
    })
    .await;
    assert!(settled.is_some(), "not settled within {AFTER_A_CRASH:?}: {:#?}", directory.list("directoryusers").await);
    let orphan = directory.get("directoryuser", "orphan-1").await.expect("it is kept");
    let claims = directory.list("directoryclaims").await;
    let claim = claims.iter().find(|claim| claim["spec"]["holder"] == "orphan-1").expect("a claim");
    assert!(
        after(&orphan, claim) < SignedDuration::from_secs(25),
        "a create is rolled forward before its time is over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_people_apply_has_its_claim_at_once() {
    let directory = Directory::new().await;
    directory.client(Operator::shared().await).await;
    for number in 0..3 {
        let name = format!("break-glass-{number}");
        let account = directory.object(
            "DirectoryUser",
            &name,
            json!({ "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": { "userName": name, "active": true } }),
        );
        directory.kubectl_with(&["create", "-f", "-"], &account.to_string()).await.expect("an account");
        let claim = until("the account to own its name", async || {
            let claims = directory.list("directoryclaims").await;
            claims.into_iter().find(|claim| claim["spec"]["holder"] == name.as_str())
        })
        .await;
        let account = directory.get("directoryuser", &name).await.expect("the account");
        // The API server tells whole seconds. Three times: a look that happens to be due does not explain it.
        assert!(after(&account, &claim) <= SignedDuration::from_secs(1), "{claim:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_people_made_get_the_label_of_their_directory() {
    let directory = Directory::new().await;
    directory.client(Operator::shared().await).await;
    let reference = json!({ "name": "staff" });
    let objects = [
        (
            "DirectoryUser",
            json!({ "directoryRef": reference, "managedBy": "People", "scim": { "userName": "glass", "active": true } }),
        ),
        ("DirectoryGroup", json!({ "directoryRef": reference, "scim": { "displayName": "Glass" } })),
    ];
    for (kind, spec) in objects {
        let mut object = directory.object(kind, "bare-1", spec);
        object["metadata"]["labels"] = json!({ "team": "x" });
        directory.kubectl_with(&["create", "-f", "-"], &object.to_string()).await.expect("an object");
        let labelled = until("the label", async || {
            let object = directory.get(&kind.to_lowercase(), "bare-1").await?;
            (object["metadata"]["labels"]["rollcall.dev/directory"] == "staff").then_some(object)
        })
        .await;
        assert_eq!(labelled["metadata"]["labels"]["team"], "x");
        assert_eq!(labelled["spec"]["directoryRef"], reference);
    }
}
