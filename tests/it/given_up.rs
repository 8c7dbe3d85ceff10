//! A request that was given up does not come back from the dead: a replica stands still with a change in its hands, its
//! client hangs up, and another replica acknowledges the opposite.

use serde_json::{Value, json};

use crate::faults::{self, Faulty};
use crate::support::proxy::Fault;
use crate::support::{Client, Directory, Operator, until};

const GONE: &str = "the client has gone before it was answered";

fn operation(op: &str, path: &str, value: Value) -> Value {
    json!([{ "op": op, "path": path, "value": value }])
}

/// Sends `operations` to the replica that stands still between its read and its write, hangs up, does `meanwhile` at
/// another one, and waits until the first one has done with it.
async fn give_up(faulty: &Faulty, client: &Client, path: &str, operations: Value, meanwhile: impl AsyncFnOnce()) {
    let Faulty { proxy, operator, .. } = faulty;
    let gone = operator.log().matches(GONE).count();
    proxy.inject("GET", "directoryusers", Fault::Hold, 1);
    let request = {
        let (client, path) = (client.clone(), path.to_owned());
        tokio::spawn(async move { client.patch(&path, operations).await })
    };
    until("the replica to have read the person", async || (proxy.held() == 1).then_some(())).await;
    operator.pause();
    request.abort();
    meanwhile().await;
    operator.resume();
    until("the replica to see that its client has gone", async || {
        (operator.log().matches(GONE).count() > gone).then_some(())
    })
    .await;
    proxy.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_active_again_by_a_request_that_was_given_up() {
    let faulty = faults::start().await;
    let directory = Directory::new().await;
    let (slow, quick) = (directory.client(&faulty.operator).await, directory.client(Operator::shared().await).await);
    let activate = json!([
        { "op": "replace", "path": "active", "value": true },
        { "op": "replace", "path": "title", "value": "back from the dead" },
    ]);
    for (name, was_active) in [("ada", true), ("eve", false)] {
        let id = quick.create(&json!({ "userName": name, "active": was_active })).await;
        let path = format!("/Users/{id}");
        give_up(&faulty, &slow, &path, activate.clone(), async || {
            quick.patch(&path, operation("replace", "active", json!(false))).await.expect(200);
        })
        .await;
        // The writes of one replica to one object wait for each other: this one comes after what was given up.
        slow.patch(&path, operation("replace", "nickName", json!("x"))).await.expect(200);
        let object = directory.get("directoryuser", &id).await.expect("the object");
        assert_eq!(object["spec"]["scim"]["active"], false, "{name}: the last word that anybody was given");
        assert_eq!(object["spec"]["scim"].get("title"), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_a_member_again_by_a_request_that_was_given_up() {
    let faulty = faults::start().await;
    let directory = Directory::new().await;
    let (slow, quick) = (directory.client(&faulty.operator).await, directory.client(Operator::shared().await).await);
    for (name, is_added_meanwhile) in [("ada", true), ("eve", false)] {
        let id = quick.create(&json!({ "userName": name })).await;
        let group = quick.post("/Groups", &json!({ "displayName": name })).await.expect(201);
        let path = format!("/Groups/{}", group["id"].as_str().expect("an id"));
        let member = |op: &str| operation(op, "members", json!([{ "value": id }]));
        give_up(&faulty, &slow, &path, member("add"), async || {
            if is_added_meanwhile {
                quick.patch(&path, member("add")).await.expect(204);
            }
            quick.patch(&path, member("remove")).await.expect(204);
        })
        .await;
        slow.patch(&format!("/Users/{id}"), operation("replace", "title", json!("x"))).await.expect(200);
        let object = directory.get("directoryuser", &id).await.expect("the object");
        assert_eq!(object["spec"].get("memberOf"), None, "{name}: the last word that anybody was given");
    }
}
