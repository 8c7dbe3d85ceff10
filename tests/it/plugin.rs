//! `kubectl directory` as people run it: the real kubectl finds the plugin on PATH, and the cluster is a real one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::cluster::{apply, shared};
use crate::support::{Client, Directory, Operator, until};

/// Runs `kubectl directory` in the namespace of a Directory: its exit code, and what it printed.
pub(crate) async fn run(directory: &Directory, arguments: &[&str]) -> (Option<i32>, String, String) {
    let plugin = Path::new(env!("CARGO_BIN_EXE_kubectl-directory"));
    let folder = plugin.parent().expect("a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = tokio::process::Command::from(shared().await.plane.kubectl());
    command.env("PATH", format!("{folder}:{path}"));
    command.args(["directory", "-n", &directory.namespace]).args(arguments).kill_on_drop(true);
    let output = command.output().await.expect("kubectl starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn json_of(directory: &Directory, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = run(directory, &[arguments, &["--output", "json"]].concat()).await;
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}{err}")))
}

/// A Directory in which people log in with passwords, and its client.
async fn company() -> (Directory, Client) {
    let directory =
        Directory::with_spec(json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } })).await;
    let scim = directory.client(Operator::shared().await).await;
    (directory, scim)
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_the_members_of_a_group_are_found() {
    let (directory, scim) = company().await;
    let ada =
        scim.create(&json!({ "userName": "Ada@contoso.example", "displayName": "Ada Lovelace", "active": true })).await;
    scim.create(&json!({ "userName": "bob@contoso.example", "active": false })).await;
    let group = json!({ "displayName": "Ops", "members": [{ "value": ada }] });
    let group = scim.post("/Groups", &group).await;
    assert_eq!(group.status, 201, "{}", group.text);
    let (code, found) = json_of(&directory, &["find", "lovelace"]).await;
    assert_eq!((code, &found["people"][0]["id"]), (Some(0), &json!(ada)), "{found}");
    let (_, text, _) = run(&directory, &["find", "contoso"]).await;
    assert!(text.starts_with("USERNAME "), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("Inactive"), "{text}");
    for name in ["ops", group.json()["id"].as_str().expect("an id")] {
        let (_, members) = json_of(&directory, &["members", name]).await;
        assert_eq!(members["members"].as_array().map(Vec::len), Some(1), "{members}");
        assert_eq!(members["members"][0]["userName"], "Ada@contoso.example", "{members}");
    }
    for (arguments, words) in [(&["find", "nobody"][..], "nobody in"), (&["members", "Dev"], "no group in")] {
        let (code, out, err) = run(&directory, arguments).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(words) && err.starts_with("error: "), "{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_says_whether_a_person_may_get_in_and_who_changed_that() {
    let (directory, scim) = company().await;
    let ada = scim.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    let (code, told) = json_of(&directory, &["why", "ADA@contoso.example"]).await;
    // People with a password get in where the Directory says so.
    assert_eq!((code, &told["access"]["granted"]), (Some(0), &json!(true)), "{told}");

    let (_, text, _) = run(&directory, &["suspend", &ada]).await;
    assert!(text.contains("is suspended"), "{text}");
    let (code, text, _) = run(&directory, &["why", "ada@contoso.example"]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("access: denied") && text.contains("Suspended"), "{text}");
    run(&directory, &["unsuspend", "ada@contoso.example"]).await;
    let (code, again) = json_of(&directory, &["why", &ada]).await;
    assert_eq!((code, &again["state"]), (Some(0), &json!("Active")), "{again}");

    let spec = json!({ "directoryRef": { "name": directory.name }, "hosts": ["wiki.contoso.example"],
        "require": { "groups": ["Ops"] } });
    apply(&directory.object("DirectoryApplication", "wiki", spec)).await;
    let (code, told) = json_of(&directory, &["why", &ada, "--application", "wiki"]).await;
    assert_eq!((code, &told["application"]["reason"]), (Some(1), &json!("NotInGroups")), "{told}");
    let group = json!({ "displayName": "Ops", "members": [{ "value": ada }] });
    assert_eq!(scim.post("/Groups", &group).await.status, 201);
    let (code, told) = json_of(&directory, &["why", &ada, "--application", "wiki"]).await;
    assert_eq!((code, &told["application"]["granted"]), (Some(0), &json!(true)), "{told}");

    assert_eq!(scim.delete(&format!("/Users/{ada}")).await.status, 204);
    let (code, told) = json_of(&directory, &["why", "ada@contoso.example"]).await;
    assert_eq!((code, &told["access"]["reason"]), (Some(1), &json!("Deleted")), "{told}");
    assert!(told["access"]["since"].is_string(), "{told}");
    run(&directory, &["undelete", "ada@contoso.example"]).await;
    until("the operator to bring the person back", async || {
        let (code, _) = json_of(&directory, &["why", &ada]).await;
        (code == Some(0)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_portal_is_told_field_by_field_and_a_token_opens_the_directory() {
    let (directory, _) = company().await;
    let (code, text, err) = run(&directory, &["entra-setup"]).await;
    assert_eq!(code, Some(0), "{err}");
    for words in ["Tenant URL", "Source Object Scope", "userPrincipalName", "Provision on demand"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (code, manifest, secret) = run(&directory, &["token", "new", "--name", "entra"]).await;
    assert_eq!(code, Some(0), "{secret}");
    directory.kubectl_with(&["apply", "-f", "-"], &manifest).await.expect("the manifest is applied");
    let secret = secret.lines().find(|line| line.starts_with("dk1_")).expect("a secret").to_owned();
    let operator = Operator::shared().await;
    let base = format!("{}/scim/v2/{}/{}", operator.public_url, directory.namespace, directory.name);
    let client = Client::new(base, &secret);
    until("the new key opens the Directory", async || {
        (client.get("/ServiceProviderConfig").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_one_clear_line_and_completions_need_no_cluster() {
    let directory = Directory::new().await;
    apply(&json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": "Directory", "spec": {},
        "metadata": { "name": "guests", "namespace": directory.namespace } }))
    .await;
    for (arguments, words) in [
        (&["why", "ada"][..], "has 2 Directories; name one with -d: guests, staff"),
        (&["-d", "staff", "why", "ada"], "nobody in"),
        (&["-d", "students", "entra-setup"], "there is no Directory students"),
        (&["-d", "staff", "suspend", "ada"], "nobody in"),
    ] {
        let (code, out, err) = run(&directory, arguments).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(err.contains(words) && err.trim_end().lines().count() == 1, "{arguments:?}: {err}");
    }
    for shell in ["bash", "zsh", "fish"] {
        for program in [env!("CARGO_BIN_EXE_rollcall"), env!("CARGO_BIN_EXE_kubectl-directory")] {
            let mut command = tokio::process::Command::new(program);
            let output = command.args(["completions", shell]).env("KUBECONFIG", "/nowhere").output().await;
            let output = output.expect("the program starts");
            let script = String::from_utf8(output.stdout).expect("UTF-8");
            assert!(output.status.success() && script.contains("doctor"), "{program} {shell}: {script}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_completes_the_plugin_under_its_second_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = |name: &str| {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubectl-directory"), folder.path().join(name)).expect("a link");
    };
    link("kubectl-directory");
    link("kubectl_complete-directory");
    for (typed, expected) in [(&["directory", "und"][..], "undelete\t"), (&["directory", "token", ""], "new\t")] {
        let mut command = tokio::process::Command::from(shared().await.plane.kubectl());
        command.env("PATH", folder.path()).arg("__complete").args(typed).kill_on_drop(true);
        let output = command.output().await.expect("kubectl starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with(expected) && text.ends_with(":4\n"), "{typed:?}: {output:?}");
    }
}
