//! What the cluster shows of access: the condition of each person, the Events about it, and the status of applications.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

/// A leader of another test that was killed is waited for as long as its Lease runs.
const LEADER_DEADLINE: Duration = Duration::from_secs(60);

fn with_login() -> Value {
    json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } }, "retention": "1h" })
}

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

/// Waits until a condition of an object stands so; returns it.
async fn condition(directory: &Directory, (kind, name): (&str, &str), of_type: &str, expected: (&str, &str)) -> Value {
    let mut last = Value::Null;
    let found = within(LEADER_DEADLINE, async || {
        let object = directory.get(kind, name).await?;
        let conditions = object["status"]["conditions"].as_array()?;
        last = conditions.iter().find(|condition| condition["type"] == of_type)?.clone();
        (last["status"] == expected.0 && last["reason"] == expected.1).then(|| last.clone())
    })
    .await;
    found.unwrap_or_else(|| panic!("{kind}/{name}: {of_type} is not {expected:?}: {last:#}"))
}

async fn access(directory: &Directory, name: &str, expected: (&str, &str)) -> Value {
    condition(directory, ("directoryuser", name), "AccessGranted", expected).await
}

async fn suspend(directory: &Directory, name: &str, suspended: &str) {
    let patch = format!(r#"{{"spec":{{"suspended":{suspended}}}}}"#);
    directory.kubectl(&["patch", "directoryuser", name, "--type=merge", "-p", &patch]).await.expect("kubectl patch");
}

/// Reason and type of the Events about an object, in alphabetical order: two may tell of one second.
async fn events(directory: &Directory, name: &str) -> Vec<(String, String)> {
    let mut events = directory.list("events.events.k8s.io").await;
    events.retain(|event| event["regarding"]["name"] == name);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut told: Vec<_> = events.iter().map(|event| (text(&event["reason"]), text(&event["type"]))).collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_shows_whether_the_doors_are_open_and_each_turn_is_one_event() {
    let directory = Directory::with_spec(with_login()).await;
    let client = client(&directory).await;
    let ada = client.create(&json!({ "userName": "ada@contoso.com", "active": true })).await;
    let granted = access(&directory, &ada, ("True", "Granted")).await;
    let column = async || {
        let row = directory.kubectl(&["get", "directoryuser", &ada, "--no-headers"]).await.expect("kubectl get");
        row.split_whitespace().nth(3).map(str::to_owned)
    };
    assert_eq!(column().await.as_deref(), Some("True"), "the column ACCESS");

    suspend(&directory, &ada, "true").await;
    let denied = access(&directory, &ada, ("False", "Suspended")).await;
    assert!(denied["message"].as_str().expect("a message").contains("remove spec.suspended"), "{denied:#}");
    assert!(denied["lastTransitionTime"].as_str() >= granted["lastTransitionTime"].as_str());
    // Another reason is no turn.
    let deactivate = json!([{ "op": "replace", "path": "active", "value": false }]);
    client.patch(&format!("/Users/{ada}"), deactivate).await.expect(200);
    let still = access(&directory, &ada, ("False", "Inactive")).await;
    assert_eq!(still["lastTransitionTime"], denied["lastTransitionTime"]);
    suspend(&directory, &ada, "null").await;
    let activate = json!([{ "op": "replace", "path": "active", "value": true }]);
    client.patch(&format!("/Users/{ada}"), activate).await.expect(200);
    access(&directory, &ada, ("True", "Granted")).await;
    client.delete(&format!("/Users/{ada}")).await.expect(204);
    access(&directory, &ada, ("False", "Deleted")).await;

    // That the person was suspended and is inactive turns no door, and is told by itself.
    let turns = ["AccessDenied", "AccessDenied", "AccessGranted", "StateChanged"].map(|reason| (reason, "Normal"));
    let turns = turns.map(|(reason, sort)| (reason.to_owned(), sort.to_owned())).to_vec();
    until("an Event for each turn", async || (events(&directory, &ada).await == turns).then_some(())).await;
    let described = directory.kubectl(&["describe", "directoryuser", &ada]).await.expect("kubectl describe");
    assert!(described.contains("Suspended: an administrator keeps the person out"), "{described}");
    // Nobody is named in an Event.
    let all = directory.kubectl(&["get", "events.events.k8s.io", "-o", "json"]).await.expect("kubectl get");
    assert!(!all.contains("contoso.com"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_scim_does_not_show_have_a_condition_too() {
    let directory = Directory::with_spec(with_login()).await;
    client(&directory).await;
    let account = directory.object(
        "DirectoryUser",
        "break-glass",
        json!({ "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": { "userName": "break-glass", "active": true } }),
    );
    directory.kubectl_with(&["create", "-f", "-"], &account.to_string()).await.expect("kubectl create");
    access(&directory, "break-glass", ("True", "Granted")).await;
    let taken = directory.object(
        "DirectoryUser",
        "second",
        json!({ "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": { "userName": "Break-Glass", "active": true } }),
    );
    directory.kubectl_with(&["create", "-f", "-"], &taken.to_string()).await.expect("kubectl create");
    access(&directory, "second", ("False", "ValueTaken")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_changes_shows_on_everybody_and_goes_with_the_login() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let mut people = Vec::new();
    for number in 0..5 {
        people.push(client.create(&json!({ "userName": format!("person-{number}"), "active": true })).await);
    }
    directory.apply_directory(with_login()).await;
    for person in &people {
        access(&directory, person, ("True", "Granted")).await;
    }
    directory.apply_directory(json!({ "login": { "method": "Disabled" } })).await;
    for person in &people {
        access(&directory, person, ("False", "LoginDisabled")).await;
        assert_eq!(events(&directory, person).await, Vec::new(), "the Directory changed, and not the person");
    }
    directory.apply_directory(json!({})).await;
    for person in &people {
        until("the condition to go", async || {
            let object = directory.get("directoryuser", person).await?;
            let conditions = object["status"]["conditions"].as_array()?;
            conditions.iter().all(|condition| condition["type"] != "AccessGranted").then_some(())
        })
        .await;
    }
}

/// Threat 39: whoever writes a status or a label, with the right that restores take, opens no door.
#[tokio::test(flavor = "multi_thread")]
async fn threat_39_a_forged_status_is_mended_and_decides_nothing() {
    let directory = Directory::with_spec(with_login()).await;
    let client = client(&directory).await;
    let ada = client.create(&json!({ "userName": "ada", "active": false })).await;
    let stands = access(&directory, &ada, ("False", "Inactive")).await;
    let mut forged = stands.clone();
    (forged["status"], forged["reason"]) = ("True".into(), "Granted".into());
    let patch = json!({ "status": { "conditions": [forged] } }).to_string();
    let status = ["patch", "directoryuser", &ada, "--subresource=status", "--type=merge", "-p", &patch];
    directory.kubectl(&status).await.expect("kubectl patch");
    access(&directory, &ada, ("False", "Inactive")).await;
    directory.kubectl(&["label", "directoryuser", &ada, "rollcall.dev/access=granted"]).await.expect("kubectl label");
    access(&directory, &ada, ("False", "Inactive")).await;
}

/// Threat 36: a Directory names a Secret of its own namespace and no other.
#[tokio::test(flavor = "multi_thread")]
async fn threat_36_a_reference_leads_to_no_other_namespace() {
    let directory = Directory::new().await;
    let oidc = |reference: Value| {
        let authority = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555";
        let oidc = json!({ "authority": authority, "clientID": "c", "clientSecretRef": reference });
        directory.object("Directory", "second", json!({ "login": { "oidc": oidc } })).to_string()
    };
    for (reference, says) in [
        (
            json!({ "name": "entra", "namespace": "kube-system" }),
            "unknown field \"spec.login.oidc.clientSecretRef.namespace\"",
        ),
        (json!({ "name": "kube-system/entra" }), "spec.login.oidc.clientSecretRef.name"),
        (json!({ "name": "../entra" }), "spec.login.oidc.clientSecretRef.name"),
    ] {
        let created = directory.kubectl_with(&["create", "-f", "-"], &oidc(reference.clone())).await;
        let complaint = created.expect_err("it is refused");
        assert!(complaint.contains(says), "{reference}: {complaint}");
    }
    let application = json!({
        "directoryRef": { "name": "staff", "namespace": "other" }, "hosts": ["wiki.contoso.example"],
    });
    let application = directory.object("DirectoryApplication", "wiki", application).to_string();
    let complaint = directory.kubectl_with(&["create", "-f", "-"], &application).await.expect_err("it is refused");
    assert!(complaint.contains("unknown field \"spec.directoryRef.namespace\""), "{complaint}");
}

/// Threat 35: what is there under the name of one of the operator's Secrets is not touched.
#[tokio::test(flavor = "multi_thread")]
async fn threat_35_the_operator_leaves_secrets_of_others_alone() {
    let directory = Directory::with_spec(with_login()).await;
    let client = client(&directory).await;
    let ada = client.create(&json!({ "userName": "ada", "active": true })).await;
    for name in [ada.as_str(), "rollcall-login-keys", "entra"] {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": { "planted": "s3cr3t-of-others" },
        });
        directory.kubectl_with(&["create", "-f", "-"], &secret.to_string()).await.expect("kubectl create");
    }
    let oidc = json!({
        "authority": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", "clientID": "c",
        "clientSecretRef": { "name": "entra", "key": "planted" },
    });
    let login = json!({ "method": "OpenIDConnect", "oidc": oidc, "builtIn": { "enabled": true } });
    directory.apply_directory(json!({ "login": login })).await;
    let invited = r#"{"spec":{"loginMethod":"BuiltIn"}}"#;
    directory.kubectl(&["patch", "directoryuser", &ada, "--type=merge", "-p", invited]).await.expect("kubectl patch");
    access(&directory, &ada, ("True", "Granted")).await;
    let expected = json!({ "planted": "czNjcjN0LW9mLW90aGVycw==" });
    for secret in directory.list("secrets").await {
        assert_eq!((&secret["type"], &secret["data"]), (&json!("Opaque"), &expected), "{secret:#}");
    }
    let output = directory.kubectl(&["get", "directories,directoryusers,events.events.k8s.io", "-o", "json"]).await;
    let output = output.expect("kubectl get") + &Operator::shared().await.log();
    assert!(!output.contains("s3cr3t-of-others") && !output.contains("czNjcjN0LW9mLW90aGVycw"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_says_what_it_lacks() {
    let (directory, elsewhere) = (Directory::new().await, Directory::with_spec(with_login()).await);
    let host = format!("wiki.{}.example", directory.namespace);
    let apply = async |directory: &Directory, name: &str, spec: Value| {
        let mut spec = spec;
        spec["directoryRef"] = json!({ "name": "staff" });
        crate::support::cluster::apply(&directory.object("DirectoryApplication", name, spec)).await;
    };
    let ready = async |directory: &Directory, expected: (&str, &str)| {
        condition(directory, ("directoryapplication", "wiki"), "Ready", expected).await
    };
    let client = client(&directory).await;
    apply(&directory, "wiki", json!({ "hosts": [host] })).await;
    ready(&directory, ("False", "LoginMissing")).await;
    directory.apply_directory(with_login()).await;
    ready(&directory, ("True", "Serving")).await;
    let wait = ["wait", "--for=condition=Ready", "directoryapplication/wiki", "--timeout=5s"];
    directory.kubectl(&wait).await.expect("it is ready");

    apply(&elsewhere, "wiki", json!({ "hosts": [format!("*.{}.example", directory.namespace)] })).await;
    let taken = ready(&directory, ("False", "HostTaken")).await;
    let says = format!("{host} is a host of {}/wiki", elsewhere.namespace);
    assert!(taken["message"].as_str().expect("a message").contains(&says), "{taken:#}");
    elsewhere.kubectl(&["delete", "directoryapplication", "wiki"]).await.expect("kubectl delete");
    ready(&directory, ("True", "Serving")).await;

    apply(&directory, "wiki", json!({ "hosts": [host], "require": { "groups": ["Wiki"], "users": ["ada", "eve"] } }))
        .await;
    let unknown = ready(&directory, ("True", "NamesUnknown")).await;
    let says = "there are no groups \"Wiki\"; there are no people \"ada\", \"eve\"";
    assert!(unknown["message"].as_str().expect("a message").contains(says), "{unknown:#}");
    client.post("/Groups", &json!({ "displayName": "wiki" })).await.expect(201);
    for name in ["ADA", "eve"] {
        client.create(&json!({ "userName": name })).await;
    }
    ready(&directory, ("True", "Serving")).await;
}
