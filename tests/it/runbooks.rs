//! The commands of docs/runbooks, run by somebody who has the role that the page asks for.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::directory::sha256;
use crate::support::page::{Page, Reader, kubeconfig_with};
use crate::support::{Client, Directory, Operator, until};

/// The examples of the pages, and what has their place here.
struct Scene {
    directory: Directory,
    scim: Client,
    page: Page,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new(page: &'static str, role: &str, spec: Value) -> Self {
        let directory = Directory::with_spec(spec).await;
        let scim = directory.client(Operator::shared().await).await;
        let kubeconfig = kubeconfig_with(&directory, role).await;
        let folder = tempfile::tempdir().expect("a folder");
        Self { directory, scim, page: Page::read(page), kubeconfig, folder }
    }

    /// Runs the command with this text, with more of the examples replaced.
    async fn run(&self, text: &str, own: &[(&str, &str)]) -> String {
        let namespace = self.directory.namespace.as_str();
        let doctor = format!("{namespace}/staff");
        let names = [("-n acme", format!("-n {namespace}")), ("acme/staff", doctor)];
        let names = names.iter().map(|(from, to)| (*from, to.as_str()));
        let command = self.page.command(text, &names.chain(own.iter().copied()).collect::<Vec<_>>());
        Reader { kubeconfig: &self.kubeconfig, folder: self.folder.path() }.run(&command).await
    }

    /// A client with another key of the Directory.
    async fn client_with(&self, secret: &str) -> Client {
        let Directory { namespace, name, .. } = &self.directory;
        let directory = Directory { namespace: namespace.clone(), name: name.clone(), secret: secret.to_owned() };
        directory.client(Operator::shared().await).await
    }

    async fn person(&self, user_name: &str) -> String {
        self.scim.create(&json!({ "userName": user_name, "active": true })).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_were_deactivated_is_looked_at_stopped_and_undone_with_its_own_commands() {
    let scene = Scene::new("runbooks/too-many-deactivated.md", "rollcall-edit", json!({})).await;
    let people = ["ada", "ben", "cleo", "dan"].map(|name| format!("{name}@contoso.example"));
    let mut ids = Vec::new();
    for user_name in &people {
        ids.push(scene.person(user_name).await);
    }
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    for id in &ids[..2] {
        scene.scim.patch(&format!("/Users/{id}"), off.clone()).await.expect(200);
    }
    assert_eq!(scene.scim.delete(&format!("/Users/{}", ids[2])).await.status, 204);

    let counted = scene.run("uniq -c", &[]).await;
    assert!(!counted.contains(['Z', '.']), "by the minute: {counted}");
    let count = |method: &str| -> u32 {
        let lines = counted.lines().filter(|line| line.contains(method) && line.ends_with("key"));
        lines.filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok()).sum()
    };
    assert_eq!((count(" PATCH "), count(" DELETE ")), (2, 1), "{counted}");

    scene.run(r#""mode":"Disabled""#, &[]).await;
    until("the provider to be told to come again later", async || {
        (scene.scim.get("/Users?count=0").await.status == 503).then_some(())
    })
    .await;
    scene.run("rollcall.dev/undelete=true", &[("2026-11-27T09:00:00Z", "2026-03-01T00:00:00Z")]).await;
    let enabled = r#"{"spec":{"provisioning":{"mode":"Enabled"}}}"#;
    scene.directory.kubectl(&["patch", "directory", "staff", "--type=merge", "-p", enabled]).await.expect("a patch");
    until("the deleted person to be there again", async || {
        (scene.scim.get(&format!("/Users/{}", ids[2])).await.status == 200).then_some(())
    })
    .await;
    let out = scene.run("grep '^false'", &[("2026-11-27T09:00:00Z", "2026-03-01T00:00:00Z")]).await;
    let mut out: Vec<_> = out.lines().collect();
    out.sort_unstable();
    assert_eq!(out, [format!("false {}", people[0]), format!("false {}", people[1])]);
    let later = [("2026-11-27T09:00:00Z", "2999-01-01T00:00:00Z"), ("| grep '^false'", "")];
    assert_eq!(scene.run("grep '^false'", &later).await.trim(), "", "nobody was deactivated in the future");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_key_is_found_closed_and_replaced_with_the_page_s_own_commands() {
    let scene = Scene::new("runbooks/key-leaked.md", "rollcall-admin", json!({})).await;
    let id = scene.person("ada@contoso.example").await;
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    scene.scim.patch(&format!("/Users/{id}"), off.clone()).await.expect(200);
    let ben = scene.person("ben@contoso.example").await;
    scene.directory.apply_key("another-key", json!({ "sha256": sha256("the secret of another key") })).await;
    let other = scene.client_with("the secret of another key").await;
    other.patch(&format!("/Users/{ben}"), off).await.expect(200);

    let secret = scene.folder.path().join("secret.txt");
    std::fs::write(secret, format!("{}\n", scene.directory.secret)).expect("a file");
    let found = scene.run("sha256sum", &[]).await;
    assert_eq!(found.split_whitespace().next(), Some("key"), "{found}");
    scene.run(r#""revoked":true"#, &[("entra-2026", "key")]).await;
    until("the key to be refused", async || (scene.scim.get("/Users?count=0").await.status == 401).then_some(())).await;
    let touched = scene.run("WHO:.spec.scim.userName", &[("entra-2026", "key")]).await;
    assert!(touched.contains("ada@contoso.example") && !touched.contains("ben@"), "{touched}");

    let new = [("--expires-in 365d", "--expires-in 365d --secret-file new-secret.txt")];
    scene.run("token new", &new).await;
    scene.run("apply -f key.yaml", &[]).await;
    let secret = std::fs::read_to_string(scene.folder.path().join("new-secret.txt")).expect("the new secret");
    let scim = scene.client_with(secret.trim()).await;
    assert_eq!(scim.get(&format!("/Users/{id}")).await.expect(200)["active"], false);
    scene.run("suspend NAME", &[("NAME", &id)]).await;
    until("the key to be shown as revoked", async || {
        scene.run("kubectl -n acme get directorykeys", &[]).await.contains("Revoked").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_cannot_log_in_is_looked_into_with_the_page_s_own_commands() {
    let login = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    let scene = Scene::new("runbooks/person-cannot-log-in.md", "rollcall-view", login).await;
    let id = scene.person("ada@contoso.example").await;
    let why = scene.run("why ada@contoso.example", &[]).await;
    assert!(why.contains("access: granted"), "{why}");
    until("the Directory to say whether people can log in", async || {
        scene.run(r#"@.type=="LoginReady""#, &[]).await.contains(r#""status":"True""#).then_some(())
    })
    .await;
    let described = scene.run("describe directoryuser NAME", &[("NAME", &id)]).await;
    assert!(described.contains(&id) && described.contains("ada@contoso.example"), "{described}");
    let object = scene.run("--show-managed-fields", &[("NAME", &id)]).await;
    assert!(object.contains("managedFields:"), "{object}");

    let link = json!({ "tenantID": "t", "objectID": "o", "linkedAt": "2026-03-01T00:00:00Z", "by": "login" });
    let link = json!({ "spec": { "link": link } });
    let patch = ["patch", "directoryuser", &id, "--type=merge", "-p", &link.to_string()];
    scene.directory.kubectl(&patch).await.expect("an administrator may override what guards the field");
    let restorer = kubeconfig_with(&scene.directory, "rollcall-override").await;
    let scene = Scene { kubeconfig: restorer, ..scene };
    scene.run("/spec/link", &[("NAME", &id)]).await;
    assert_eq!(scene.directory.get("directoryuser", &id).await.expect("the person")["spec"]["link"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_looked_into_with_the_page_s_own_commands() {
    let scene = Scene::new("runbooks/provisioning-quarantined.md", "rollcall-admin", json!({})).await;
    let id = scene.person("ada@contoso.example").await;
    scene.run("suspend ada@contoso.example", &[]).await;
    assert_eq!(scene.directory.get("directoryuser", &id).await.expect("the person")["spec"]["suspended"], true);
    let keys = scene.run("kubectl -n acme get directorykeys", &[]).await;
    assert!(keys.lines().any(|line| line.starts_with("key ")), "{keys}");
    // Other tests end leaders and replicas of this control plane, and the doctor may see it.
    let look = scene.run("rollcall doctor acme/staff", &[("/staff", "/staff || test $? = 1")]).await;
    for check in ["contact", "authentication", "keys", "endpoint", "last-error"] {
        assert!(look.lines().any(|line| line.split_whitespace().nth(1) == Some(check)), "{check}: {look}");
    }
}
