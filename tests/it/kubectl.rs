//! What people see and do with kubectl: explanations, columns, selectors, and manifests that our own code writes.

use std::collections::BTreeMap;

use rollcall::api;
use serde_json::{Value, json};

use crate::support::cluster::{apply, kubectl};
use crate::support::{Directory, until};

/// A person with the given name and whether they are active.
fn person(directory: &Directory, name: &str, active: bool) -> Value {
    let spec = json!({
        "directoryRef": { "name": directory.name }, "managedBy": "People", "suspended": !active,
        "scim": {
            "userName": format!("{name}@contoso.com"), "active": active, "displayName": name.to_uppercase(), "externalId": name,
        },
    });
    directory.object("DirectoryUser", name, spec)
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_what_every_field_is_and_what_it_may_hold() {
    for (path, words) in [
        ("directoryuser", "SCIM id"),
        ("directoryuser.spec", "what the identity provider says"),
        ("directoryuser.spec.scim", "under the names of RFC 7643"),
        ("directoryuser.spec.scim.emails", "at most 64"),
        ("directoryuser.spec.scim.emails.value", "up to 16,384 characters"),
        ("directory.spec.provisioning.mode", "enum: enabled disabled observe"),
        ("directory.spec.users.quota", "how many active users there may be"),
        ("directorykey.spec.sha256", "64 characters"),
        ("directoryclaim.spec.nonce", "each is a write"),
        ("directoryreport.status.users.wouldDeactivate", "they can still log in"),
    ] {
        // The API server publishes the schemas of a new kind a moment after the kind.
        until(&format!("kubectl explain {path} to say {words:?}"), async || {
            let text = kubectl(&["explain", path], None).await.ok()?;
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            text.contains(&words.to_lowercase()).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_answer_the_first_question() {
    let directory = Directory::new().await;
    apply(&person(&directory, "alice", false)).await;
    let claim = json!({
        "directoryRef": { "name": directory.name }, "attribute": "User.title", "value": "lead", "holder": "alice", "nonce": "1",
    });
    apply(&directory.object("DirectoryClaim", "c-1", claim)).await;
    for (kind, header, row) in [
        ("directories", "NAME PROVISIONING READY LOGIN USERS LASTCONTACT REFUSED AGE", "staff Enabled"),
        ("directorykeys", "NAME DIRECTORY DISPLAYNAME STATE EXPIRES LASTUSED AGE", "key staff"),
        ("directoryusers", "NAME USERNAME STATE ACCESS SINCE AGE", "alice alice@contoso.com"),
        ("directoryclaims/c-1", "NAME DIRECTORY ATTRIBUTE VALUE HOLDER AGE", "c-1 staff User.title lead alice"),
        (
            "dir,dkey",
            "NAME PROVISIONING READY LOGIN USERS LASTCONTACT REFUSED AGE",
            "directorykey.rollcall.dev/key staff",
        ),
        (
            "rollcall",
            "NAME PROVISIONING READY LOGIN USERS LASTCONTACT REFUSED AGE",
            "directoryuser.rollcall.dev/alice alice@contoso.com",
        ),
    ] {
        let text = directory.kubectl(&["get", kind]).await.expect("kubectl get");
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[0], header, "{kind}");
        assert!(lines.iter().any(|line| line.starts_with(row)), "{kind}: {text}");
    }
    let wide = directory.kubectl(&["get", "duser", "-o", "wide"]).await.expect("kubectl get");
    assert!(wide.contains("REASON") && wide.contains("ALICE"), "{wide}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_selected_by_what_their_columns_show() {
    let directory = Directory::new().await;
    apply(&person(&directory, "alice", true)).await;
    apply(&person(&directory, "bob", false)).await;
    for (selector, names) in [
        ("spec.directoryRef.name=staff", "alice bob"),
        ("spec.directoryRef.name=other", ""),
        ("spec.scim.userName=bob@contoso.com", "bob"),
        ("spec.scim.externalId=alice", "alice"),
        ("spec.scim.active=false", "bob"),
        ("spec.suspended=true", "bob"),
    ] {
        let arguments =
            ["get", "directoryusers", "--field-selector", selector, "-o", "jsonpath={.items[*].metadata.name}"];
        assert_eq!(directory.kubectl(&arguments).await.expect("kubectl get"), names, "{selector}");
    }
    let by_holder = ["get", "directoryclaims", "--field-selector", "spec.holder=nobody,spec.value=x,spec.attribute=y"];
    directory.kubectl(&by_holder).await.expect("claims are selected by holder, value and attribute");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_definitions_are_applied_as_one_list_too() {
    // Client-side apply stumbles over a null in an enumeration, and only inside of a List.
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": api::crds::crds() }).to_string();
    kubectl(&["apply", "--dry-run=server", "-f", "-"], Some(&list)).await.expect("kubectl apply");
}

/// Texts that one reader of YAML or another takes for something else.
#[rustfmt::skip]
const AWKWARD: &[&str] = &[
    "y", "N", "yes", "No", "on", "OFF", "true", "False", "~", "null", "Null", "", " ", " x ", "-", "?", ":", "- a",
    "a: b", "a:", "#c", "a #b", "'", "\"", "it's", "{", "[a]", "&a", "*a", "!a", "|", ">", "%", "@", "`", "=", "<<",
    "---", "...", "1", "-1", "+1", "1.5", ".5", "1.", "1e3", "1_000", "0x1F", "0x1_f", "0b11", "0o17", "017", "08",
    "1:30", "190:20:30", "1:30.5", ".inf", "-.INF", ".nan", "2026-01-01", "2026-01-01T00:00:00Z",
    "2026-01-01 00:00:00", "\t", "a\tb", "a\nb", "y\nno\n", "\n", " a\n b", "a\r\nb", "\\", "\u{1}", "\u{7f}",
    "\u{85}", "\u{a0}", "\u{feff}", "é", "Þórsdóttir", "🙂", "_", "1_", "+", "+_1", "e", "0", "00", "-0", "1,000",
    "1__0", "0x", "0b", "4:", ":4", "1:2:3:4", "0.1:2", "_1", "-_1", "1e", "1e+", "1.e+3", "١",
];

#[tokio::test(flavor = "multi_thread")]
async fn yaml_of_ours_means_the_same_to_kubectl() {
    let directory = Directory::new().await;
    let mut keys: BTreeMap<_, _> =
        AWKWARD.iter().filter(|text| !text.is_empty()).map(|text| (*text, json!(text))).collect();
    keys.insert("list", json!(AWKWARD));
    // Each beside a value that is quoted, and each below a key that is.
    keys.insert(
        "keys",
        AWKWARD.iter().map(|text| ((*text).to_owned(), json!("a: 'b'"))).collect::<serde_json::Map<_, _>>().into(),
    );
    keys.insert(
        "a: 'b'",
        json!(AWKWARD.iter().map(|text| json!({ "it's: x": text, "true": text })).collect::<Vec<_>>()),
    );
    keys.insert("numbers", json!([1, -2, true, { "y": "n", "n": ["y"] }]));
    let mut object = person(&directory, "alice", true);
    object["spec"]["scim"]["title"] = "y".into();
    object["spec"]["scim"]["extensions"] = json!({ "urn:x": keys });
    let yaml = api::to_yaml(&object);
    directory.kubectl_with(&["create", "-f", "-"], &yaml).await.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let stored = directory.get("directoryuser", "alice").await.expect("the object");
    let (stored, written) = (&stored["spec"]["scim"], &object["spec"]["scim"]);
    for (key, value) in &keys {
        assert_eq!(&stored["extensions"]["urn:x"][key], value, "{key:?}");
    }
    assert_eq!(stored, written);
    // A line end of YAML 1.1 alone: the whole is JSON then.
    object["metadata"]["name"] = "bob".into();
    object["spec"]["scim"]["title"] = "a\u{2028}b".into();
    directory.kubectl_with(&["create", "-f", "-"], &api::to_yaml(&object)).await.expect("kubectl create");
    let stored = directory.get("directoryuser", "bob").await.expect("the object");
    assert_eq!(stored["spec"]["scim"], object["spec"]["scim"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_back_in_one_form() {
    // What `scim::json::one_form` is there for.
    let directory = Directory::new().await;
    let mut object = person(&directory, "alice", true);
    object["spec"]["scim"]["extensions"] = json!({ "urn:x": { "a": 1.0, "b": [1e3, 0.5, -2.0], "c": 3 } });
    directory.kubectl_with(&["create", "-f", "-"], &object.to_string()).await.expect("kubectl create");
    let stored = directory.get("directoryuser", "alice").await.expect("the object");
    let expected = json!({ "a": 1, "b": [1000, 0.5, -2], "c": 3 });
    assert_eq!(stored["spec"]["scim"]["extensions"]["urn:x"], expected);
}
