//! A Directory that is observed: everything is answered, nothing is stored, and a report says what would have been done.

use std::time::Duration;

use rollcall::simulator::job::Reach;
use rollcall::simulator::mapping::DEFAULTS;
use rollcall::simulator::report::{Action, EntryKind, ErrorCode, Status};
use serde_json::{Value, json};

use crate::jobs::{Run, company, set};
use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

/// A report follows the last request by twenty seconds, and an earlier one by a minute.
const REPORT_DEADLINE: Duration = Duration::from_secs(100);

/// The kinds in which something would be stored.
const STORED: &str = "directoryusers,directorygroups,directoryclaims";

async fn set_mode(directory: &Directory, mode: &str) {
    let patch = json!({ "spec": { "provisioning": { "mode": mode } } }).to_string();
    directory.kubectl(&["patch", "directory", &directory.name, "--type=merge", "-p", &patch]).await.expect("kubectl");
    let reason = if mode == "Observe" { "Observing" } else { "Serving" };
    until("the status to follow the mode", async || {
        let conditions = directory.get("directory", &directory.name).await?["status"]["conditions"].take();
        let mut conditions = conditions.as_array()?.iter();
        conditions.any(|condition| condition["type"] == "Ready" && condition["reason"] == reason).then_some(())
    })
    .await;
}

/// The status of the report, once it is as expected.
async fn report(directory: &Directory, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let found = within(REPORT_DEADLINE, async || {
        last = directory.get("directoryreport", &directory.name).await.unwrap_or_default()["status"].take();
        holds(&last).then(|| last.clone())
    })
    .await;
    found.unwrap_or_else(|| panic!("the report does not say that {what}: {last:#}"))
}

fn examples<'a>(status: &'a Value, outcome: &'a str) -> Vec<&'a Value> {
    status["examples"].as_array().into_iter().flatten().filter(|example| example["outcome"] == outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_cycle_is_answered_and_told_and_the_first_one_after_it_stores_everybody() {
    let no_name = 3;
    let mut source = company(12, 3);
    set(&mut source, no_name, "displayName", None);
    let spec = json!({
        "provisioning": { "mode": "Observe" }, "users": { "requiredAttributes": ["displayName"] },
    });
    let mut run = Run::start(spec, DEFAULTS, source).await;
    let others = || (0..12).filter(move |index| *index != no_name);

    let first = run.cycle(Reach::Changes).await;
    let refused = [(no_name, ErrorCode::BadRequest, &["displayName"][..])];
    run.expect_refused("what would be refused", &first, &refused);
    assert_eq!(first.section.log.count(EntryKind::User, Action::Create, Status::Success), 11);
    assert_eq!(first.section.log.count(EntryKind::Group, Action::Create, Status::Success), 3);
    // The provider finds everybody whom it was told to be there, and has nothing left to write.
    run.expect_arrived(others()).await;
    run.expect_silence().await;
    let stored = run.directory.kubectl(&["get", STORED, "-o", "name"]).await.expect("kubectl get");
    assert_eq!(stored.trim(), "", "nothing is stored");

    let status = report(&run.directory, "a cycle is complete", |status| status["completeCycles"] == 1).await;
    let users = json!({
        "wouldCreate": 11, "wouldChange": 0, "wouldDeactivate": 0, "wouldDelete": 0, "wouldRefuse": 1,
    });
    assert_eq!(status["users"], users);
    assert_eq!(status["groups"]["wouldCreate"], 3);
    let members: usize = run.source.groups.iter().map(|group| group.members.len()).sum();
    let added = usize::try_from(status["members"]["wouldAdd"].as_i64().expect("a number")).expect("a number");
    assert!(0 < added && added <= members, "{added} of {members}");
    assert_eq!(status["refusals"], json!([{ "reason": "invalidValue", "count": 1 }]));
    let refused = examples(&status, "Refuse");
    assert_eq!(refused[0]["name"], run.source.people[no_name].user_principal_name());
    assert!(refused[0]["detail"].as_str().is_some_and(|detail| detail.contains("displayName")), "{refused:?}");
    assert_eq!(examples(&status, "Create").len(), 14);
    let table = run.directory.kubectl(&["get", "dreport"]).await.expect("kubectl get");
    let lines: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0].join(" "), "NAME CREATE CHANGE DEACTIVATE DELETE REFUSE GROUPS CYCLES LASTREQUEST AGE");
    assert_eq!(lines[1][..8].join(" "), "staff 11 0 0 0 1 3 1");

    set_mode(&run.directory, "Enabled").await;
    // What the job knows of ids is of no use any more: it is answered 404, looks again and creates.
    set(&mut run.source, no_name, "displayName", Some("Ada Able"));
    let mut cycles = 0;
    while run.directory.list("directoryusers").await.len() < 12 {
        cycles += 1;
        assert!(cycles <= 3, "the job does not create everybody");
        run.job.restart();
        run.cycle(Reach::Everything).await;
    }
    run.expect_arrived(0..12).await;
    run.expect_silence().await;
    assert_eq!(run.directory.list("directorygroups").await.len(), 3);
    let ended = report(&run.directory, "it has ended", |status| status["endedAt"].is_string()).await;
    assert_eq!(ended["users"], users, "the report stays as it was");
    assert_eq!(ended["conditions"][0]["reason"], "Ended");
}

fn person(name: &str) -> Value {
    json!({ "userName": format!("{name}@contoso.example"), "active": true, "title": "Dr" })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_are_there_are_compared_and_stay_as_they_are() {
    let directory = Directory::new().await;
    let operator = Operator::shared().await;
    let client = directory.client(operator).await;
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cid", "dan"] {
        ids.push(client.create(&person(name)).await);
    }
    let [ada, bob, cid, dan] = [0, 1, 2, 3].map(|number| format!("/Users/{}", ids[number]));
    set_mode(&directory, "Observe").await;
    observed(&client, &directory).await;
    let before = directory.list("directoryusers").await;

    client.patch(&ada, json!([{ "op": "Replace", "path": "active", "value": false }])).await.expect(200);
    client.patch(&bob, json!([{ "op": "Replace", "path": "title", "value": "Prof" }])).await.expect(200);
    client.delete(&cid).await.expect(204);
    client.patch(&dan, json!([{ "op": "Replace", "path": "title", "value": "Dr" }])).await.expect(200);
    let taken = client.post("/Users", &person("bob")).await.expect_error(409, Some("uniqueness"));
    assert!(taken.contains(&ids[1]), "{taken}");
    let eve = client.create(&person("eve")).await;
    client.post("/Users", &person("EVE")).await.expect_error(409, Some("uniqueness"));
    client.create(&person("cid")).await;
    // What a client is told fits together.
    assert_eq!(client.get(&ada).await.expect(200)["active"], false);
    assert_eq!(client.get(&bob).await.expect(200)["title"], "Prof");
    client.get(&cid).await.expect_error(404, None);
    let found = client.get("/Users?filter=userName+eq+%22eve@contoso.example%22").await.expect(200);
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(eve)));
    let group = json!({ "displayName": "Sales", "members": [{ "value": eve }, { "value": ids[1] }] });
    let group = client.post("/Groups", &group).await.expect(201);
    assert_eq!(group["members"].as_array().map(Vec::len), Some(2), "{group}");

    let status = report(&directory, "two would join", |status| status["members"]["wouldAdd"] == 2).await;
    assert_eq!(
        status["users"],
        json!({ "wouldCreate": 3, "wouldChange": 1, "wouldDeactivate": 1, "wouldDelete": 1, "wouldRefuse": 2 }),
    );
    assert_eq!(status["members"], json!({ "wouldAdd": 2, "wouldRemove": 0 }));
    let changed = examples(&status, "Change");
    assert_eq!((&changed[0]["id"], &changed[0]["attributes"]), (&json!(ids[1]), &json!(["title"])));
    assert!(!status.to_string().contains("Prof"), "a report holds no value: {status}");
    assert_eq!(directory.list("directoryusers").await, before, "nobody was written");
    assert!(directory.list("directorygroups").await.is_empty());

    // Whoever deletes the report lets the observation begin anew.
    directory.kubectl(&["delete", "directoryreport", &directory.name]).await.expect("kubectl delete");
    let anew = report(&directory, "nothing would happen", |status| status["users"]["wouldCreate"] == 0).await;
    assert_eq!(anew["users"]["wouldDelete"], 0, "{anew}");
    until("this replica to begin anew", async || (client.get(&cid).await.status == 200).then_some(())).await;
    assert_eq!(client.get(&ada).await.expect(200)["active"], true);
    client.get(&format!("/Users/{eve}")).await.expect_error(404, None);
}

/// Waits until a replica has heard that the Directory is observed: who is created is then nowhere.
async fn observed(client: &Client, directory: &Directory) {
    until("the replica to observe", async || {
        let id =
            client.create(&json!({ "userName": format!("probe-{}@contoso.example", rand::random::<u64>()) })).await;
        let is_stored = directory.get("directoryuser", &id).await.is_some();
        client.delete(&format!("/Users/{id}")).await.expect(204);
        (!is_stored).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_were_asked_for_the_same_people_count_them_once() {
    let directory = Directory::with_spec(json!({ "provisioning": { "mode": "Observe" } })).await;
    let replicas = [Operator::shared().await, Operator::second().await];
    let clients = [directory.client(replicas[0]).await, directory.client(replicas[1]).await];
    let names: Vec<_> = (0..30).map(|number| format!("person-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let id = clients[number % 2].create(&person(name)).await;
        // The other one does not know the id, and gives the same one to whoever asks it for the same person.
        let other = &clients[(number + 1) % 2];
        other.get(&format!("/Users/{id}")).await.expect_error(404, None);
        assert_eq!(other.create(&person(&name.to_uppercase())).await, id);
    }
    let status = report(&directory, "there are thirty", |status| status["users"]["wouldCreate"] == 30).await;
    assert_eq!(status["users"]["wouldRefuse"], 0, "{status}");
    // Both have told what they saw by now, and nobody was counted twice.
    let last = status["lastRequestAt"].clone();
    let told = report(&directory, "a cycle is complete", |status| status["completeCycles"].as_i64() >= Some(1)).await;
    assert_eq!((&told["users"]["wouldCreate"], &told["lastRequestAt"]), (&json!(30), &last));
}
