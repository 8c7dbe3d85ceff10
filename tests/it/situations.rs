//! Ten situations that an on-call person meets, and what the cluster shows of each without any log: the columns, the conditions,
//! the Events and the doctor's findings.
//!
//! `cargo test --test it -- situations --nocapture` prints them as a user sees them.
#![allow(clippy::print_stdout, reason = "what is printed is what the test is about")]

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::doctor::doctor;
use crate::plugin;
use crate::purge::leader_does;
use crate::support::cluster::shared;
use crate::support::{Client, Directory, Operator};

/// One object, the reason that it shows, and the Event about it.
struct Sign {
    kind: &'static str,
    name: String,
    condition: &'static str,
    reason: &'static str,
    event: Option<&'static str>,
}

fn of_directory(condition: &'static str, reason: &'static str, event: Option<&'static str>) -> Sign {
    Sign { kind: "directory", name: "staff".to_owned(), condition, reason, event }
}

/// Waits for the sign and prints what there is to see. `get` names the kinds that somebody would list.
async fn show(situation: &str, directory: &Directory, get: &str, sign: &Sign) -> String {
    let Sign { kind, name, condition, reason, event } = sign;
    leader_does(&format!("{situation}: {kind}/{name} shows {condition} {reason}"), async || {
        let object = directory.get(kind, name).await?;
        let mut conditions = object["status"]["conditions"].as_array()?.iter();
        conditions.any(|found| found["type"] == *condition && found["reason"] == *reason).then_some(())
    })
    .await;
    if let Some(event) = event {
        leader_does(&format!("{situation}: the Event {event}"), async || {
            let events = directory.list("events.events.k8s.io").await;
            events.iter().any(|found| found["reason"] == *event).then_some(())
        })
        .await;
    }
    let mut shown = format!("\n##### {situation}\n");
    print(&mut shown, directory, &["get", get]).await;
    let conditions = "jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}";
    print(&mut shown, directory, &["get", kind, name, "-o", conditions]).await;
    let events = "custom-columns=TYPE:.type,REASON:.reason,OBJECT:.regarding.name,NOTE:.note";
    print(&mut shown, directory, &["get", "events.events.k8s.io", "-o", events]).await;
    let name = format!("{}/staff", directory.namespace);
    let (_, findings) = doctor(&shared().await.plane.admin_kubeconfig(), directory, &[]).await;
    writeln!(shown, "$ rollcall doctor {name}\n{findings}").expect("a text");
    println!("{shown}");
    shown
}

async fn print(shown: &mut String, directory: &Directory, arguments: &[&str]) {
    let output = directory.kubectl(arguments).await.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    writeln!(shown, "$ kubectl {}\n{}", arguments.join(" "), output.trim_end()).expect("a text");
}

#[track_caller]
fn expect(shown: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(shown.contains(sentence), "{sentence:?} is not in{shown}");
    }
}

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

/// So long before now.
fn ago(duration: SignedDuration) -> String {
    format!("{:.0}", Timestamp::now().checked_sub(duration).expect("a time"))
}

#[tokio::test(flavor = "multi_thread")]
async fn situations_of_a_directory_that_begins_show_what_to_do() {
    Operator::shared().await;
    let directory = Directory::new().await;
    let shown = show("new, and only half on", &directory, "dir,dkey", &of_directory("Ready", "Serving", None)).await;
    expect(&shown, &["provisioning is on and login is off", "next: in Entra, open the enterprise application"]);

    let wrong = client(&directory).await.authorized("Bearer not-the-secret");
    wrong.get("/Users").await.expect_error(401, None);
    let sign = of_directory("AuthenticationFailing", "CredentialsRefused", Some("AuthenticationFailing"));
    let shown = show("wrong token", &directory, "dir", &sign).await;
    expect(&shown, &["no DirectoryKey has this secret; copy the secret of one again into Secret Token"]);

    let directory = Directory::with_spec(json!({ "provisioning": { "mode": "Disabled" } })).await;
    let shown = show("both halves off", &directory, "dir", &of_directory("Ready", "ProvisioningDisabled", None)).await;
    expect(&shown, &["provisioning and login are off"]);

    let directory = Directory::with_spec(json!({ "provisioning": { "mode": "Observe" } })).await;
    let scim = client(&directory).await;
    scim.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    let shown = show("observe mode", &directory, "dir,duser", &of_directory("Ready", "Observing", None)).await;
    expect(&shown, &["Observe"]);
    leader_does("a report of one person", async || {
        let report = directory.get("directoryreport", "staff").await?;
        (report["status"]["users"]["wouldCreate"] == 1).then_some(())
    })
    .await;
    let mut shown = String::new();
    print(&mut shown, &directory, &["get", "dreport"]).await;
    println!("{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn situations_of_a_provider_show_what_it_gets_wrong() {
    let quota = json!({ "users": { "quota": { "activeUsers": 2 } }, "login": { "oidc": {
        "authority": "https://login.microsoftonline.com/aaaaaaaa-0000-4000-8000-000000000001", "clientID": "web",
        "clientSecretRef": { "name": "entra" },
    } } });
    let directory = Directory::with_spec(quota).await;
    let scim = client(&directory).await;
    for name in ["ada", "bob"] {
        scim.create(&json!({ "userName": name, "active": true })).await;
    }
    let sign = of_directory("MappingSuspect", "AttributesUnusable", Some("MappingSuspect"));
    let shown = show("mapping without mail", &directory, "dir,duser", &sign).await;
    expect(&shown, &["no e-mail address", "map userPrincipalName to userName"]);

    scim.post("/Users", &json!({ "userName": "cid@contoso.example", "active": true }))
        .await
        .expect_error(400, Some("invalidValue"));
    let shown = show("quota reached", &directory, "dir,duser", &of_directory("QuotaReached", "Reached", None)).await;
    expect(&shown, &["QuotaReached=True", "2 of 2 active users"]);

    // Of one request nothing is left to tell once it was told of, and what is said here stands.
    let directory = Directory::new().await;
    client(&directory).await;
    leader_does("the first contact", async || {
        let object = directory.get("directory", "staff").await?;
        object["status"]["provisioning"]["lastContact"].is_string().then_some(())
    })
    .await;
    let silent = json!({ "status": { "provisioning": {
        "updatedAt": ago(SignedDuration::from_mins(130)), "lastContact": ago(SignedDuration::from_mins(130)), "cadenceSeconds": 2460,
    } } });
    let patch = ["patch", "directory", "staff", "--subresource=status", "--type=merge", "-p", &silent.to_string()];
    directory.kubectl(&patch).await.expect("kubectl patch");
    let shown =
        show("silent for three cycles", &directory, "dir", &of_directory("Stale", "Silent", Some("ProviderSilent")))
            .await;
    expect(&shown, &["41 minutes each", "ProviderSilent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn situations_of_keys_and_people_show_what_happened() {
    let login = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    let directory = Directory::with_spec(login).await;
    let scim = client(&directory).await;
    let ends = Timestamp::now().checked_add(SignedDuration::from_hours(20)).expect("a time");
    let secret = "the-secret-that-ends";
    let spec = json!({ "sha256": crate::support::directory::sha256(secret), "expiresAt": format!("{ends:.0}") });
    directory.apply_key("entra-2026", spec).await;
    let sign = Sign {
        kind: "dkey",
        name: "entra-2026".to_owned(),
        condition: "Expiring",
        reason: "Within1Day",
        event: Some("KeyExpiring"),
    };
    let shown = show("key expires", &directory, "dkey", &sign).await;
    expect(&shown, &["entra-2026", "KeyExpiring"]);

    let ada = scim.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    let second = json!({ "directoryRef": { "name": "staff" }, "managedBy": "People", "scim": {
        "userName": "Ada@Contoso.example", "active": true,
    } });
    crate::support::cluster::apply(&directory.object("DirectoryUser", "ada-again", second)).await;
    let sign = Sign { kind: "duser", name: "ada-again".to_owned(), condition: "Ready", reason: "Taken", event: None };
    let shown = show("name taken", &directory, "duser", &sign).await;
    expect(&shown, &["Conflict", &ada]);

    scim.patch(&format!("/Users/{ada}"), json!([{ "op": "Replace", "path": "active", "value": false }]))
        .await
        .expect(200);
    let sign = Sign { kind: "duser", name: ada.clone(), condition: "AccessGranted", reason: "Inactive", event: None };
    let shown = show("person deactivated", &directory, "duser", &sign).await;
    let why = ["why", "ada@contoso.example"];
    let (_, output, error) = plugin::run(&directory, &why).await;
    let output = output + &error;
    println!("$ kubectl directory {}\n{output}", why.join(" "));
    expect(&shown, &["Inactive"]);
    expect(&output, &["PATCH", "key"]);
}
