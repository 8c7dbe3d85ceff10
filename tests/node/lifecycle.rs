//! The life of a release: installed, provisioned to, upgraded, rolled back, evicted, uninstalled and installed again, with people
//! who are there all the time.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rollcall::simulator::client::Token;
use rollcall::simulator::report::Verdict;
use rollcall::simulator::{Options, run as simulate};
use rollcall::store::lease::LEASE_DURATION;
use serde_json::{Value, json};

use crate::client::Client;
use crate::cluster::{Cluster, DIRECTORY, NAMESPACE, PEOPLE, RELEASE, chart, root};
use crate::load::Load;
use crate::wait::{JANITOR_DEADLINE, until, within};
use crate::{names, wrong};

/// The chart of the last version that was released. It has templates and values; kinds and rights are those of this version,
/// because the image is, and no program of an older version is at hand.
const PREVIOUS: &str = "tests/node/fixtures/chart-0.1.0";
/// The image that was imported.
const IMAGE: [&str; 4] = ["--set", "image.repository=rollcall.test/rollcall", "--set", "image.tag=node-lane"];
const WAIT: [&str; 3] = ["--wait", "--timeout", "3m"];
/// A value that the command line has, so that an upgrade replaces the pods also where the charts make the same ones.
const OTHER_VALUES: [&str; 2] = ["--set", "trustedProxies={192.0.2.0/24}"];
const COMPANY: usize = 300;
/// So many requests for one name at the same time, so that creations lose it and are taken back.
const RIVALS: usize = 8;
/// How long a rule may take to be in force. The leader writes 50 times per second, and claims of a rule wait beside the statuses of
/// a company that has just come and gone: about 1,600 writes.
const RULES_DEADLINE: Duration = Duration::from_secs(120);

/// Says what begins.
struct Clock(Instant);

impl Clock {
    fn step(&self, what: &str) {
        println!("== {what} ({:.0} s)", self.0.elapsed().as_secs_f64());
    }
}

/// All of it; returns when the release was not installed.
pub(crate) async fn run(cluster: &Cluster<'_>) -> Range<Timestamp> {
    let clock = Clock(Instant::now());
    let folder = tempfile::tempdir().expect("a folder");
    let previous = previous_chart(folder.path());

    clock.step("helm install of the previous chart");
    cluster.make_namespaces().await;
    cluster.helm(&[&["install", RELEASE, &previous][..], &IMAGE, &WAIT].concat()).await;
    println!("{}", cluster.kubectl(&["-n", NAMESPACE, "get", "pods", "-o", "wide"]).await);
    assert_eq!(cluster.ready_pods().await.len(), 2, "two replicas by default");
    cluster.make_directory().await;

    clock.step("helm upgrade, rollback and upgrade under load");
    let client = cluster.client(&cluster.service("scim").await).await;
    let load = Load::start(&client, cluster.secret(), "upgrade");
    let chart = chart();
    let upgrade = [&["upgrade", RELEASE, &chart][..], &IMAGE, &OTHER_VALUES, &WAIT].concat();
    let rollback = [&["rollback", RELEASE, "1"][..], &WAIT].concat();
    for change in [&upgrade, &rollback, &upgrade] {
        let before = cluster.ready_pods().await;
        cluster.helm(change).await;
        let after = cluster.ready_pods().await;
        assert!(after.iter().all(|pod| !before.contains(pod)), "{change:?} replaces no pod: {before:?}, {after:?}");
    }
    load.finish().await;

    clock.step("every pod evicted, one after the other, under load");
    let load = Load::start(&client, cluster.secret(), "eviction");
    evict_one_after_the_other(cluster).await;
    load.finish().await;

    clock.step("kubectl delete pod of the leader, under load");
    let load = Load::start(&client, cluster.secret(), "leader");
    delete_the_leader(cluster).await;
    load.finish().await;

    clock.step("the simulator provisions a company through the Service");
    provision_a_company(cluster).await;
    clock.step("many requests for one name");
    contend(&client).await;
    clock.step("a rule that is tightened and loosened");
    change_the_rules(cluster, &client).await;

    clock.step("the API server is found by name");
    let names = names::serve(cluster).await;
    names::run(cluster).await;
    clock.step("wrong input");
    wrong::run(cluster).await;

    clock.step("helm test");
    println!("{}", cluster.helm(&["test", RELEASE, "--timeout", "2m", "--logs"]).await);

    names.abort();

    clock.step("helm uninstall, and install again");
    let uninstalled = uninstall_and_install_again(cluster, &client).await;
    clock.step("done");
    uninstalled
}

/// Writes that begin before the API server is restarted.
pub(crate) async fn load_over_a_restart(cluster: &Cluster<'_>) -> Load {
    println!("== the API server restarts under load");
    let client = cluster.client(&cluster.service("scim").await).await;
    Load::start(&client, cluster.secret(), "restart")
}

/// The end of those writes, when every replica has gone on by itself.
pub(crate) async fn end_after_a_restart(cluster: &Cluster<'_>, load: Load) {
    cluster.ready_pods().await;
    load.finish().await;
    let log = cluster.kubectl(&["-n", NAMESPACE, "logs", "deployment/rollcall", "--all-pods", "--tail=-1"]).await;
    for line in log.lines().filter(|line| line.contains("ERROR")).take(5) {
        println!("   {line}");
    }
    let pods = cluster.pods().await;
    let restarts = |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
    assert!(pods.iter().all(|pod| restarts(pod) == Some(0)), "no container was restarted: {pods:#?}");
}

/// The templates and values of the previous chart with the files of this one.
fn previous_chart(folder: &Path) -> String {
    let copy = |from: PathBuf| {
        let status = std::process::Command::new("cp").arg("-R").arg(&from).arg(folder).status().expect("cp runs");
        assert!(status.success(), "cp of {}", from.display());
    };
    copy(root().join(PREVIOUS));
    let chart = folder.join(Path::new(PREVIOUS).file_name().expect("a name"));
    copy(root().join("charts/rollcall/files"));
    std::fs::rename(folder.join("files"), chart.join("files")).expect("the files of the chart");
    chart.display().to_string()
}

/// What a drain does on a cluster of many nodes: each pod is evicted when the budget allows it, and another takes its place.
async fn evict_one_after_the_other(cluster: &Cluster<'_>) {
    let budgets = cluster.list(NAMESPACE, &["poddisruptionbudgets"]).await;
    for pod in cluster.ready_pods().await {
        // One that is ready: the budget does not protect a pod that serves nobody.
        let other = cluster.ready_pods().await.into_iter().find(|other| *other != pod).expect("two replicas");
        evict(cluster, &pod).await.unwrap_or_else(|error| panic!("the eviction of {pod}: {error}"));
        if budgets.is_empty() {
            println!(
                "   this chart has no PodDisruptionBudget: nothing would keep a drain from evicting all replicas at once"
            );
        } else {
            let refused = evict(cluster, &other).await;
            println!("   a second eviction at the same time: {refused:?}");
            assert!(
                refused.is_err_and(|error| error.contains("disruption budget")),
                "the budget protects the last one"
            );
        }
        let ready = cluster.ready_pods().await;
        assert!(!ready.contains(&pod), "{pod} was evicted, and yet it is there");
    }
}

async fn evict(cluster: &Cluster<'_>, pod: &str) -> Result<String, String> {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": NAMESPACE },
    });
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction");
    cluster.try_kubectl(&["create", "--raw", &path, "-f", "-"], Some(&eviction.to_string())).await
}

async fn delete_the_leader(cluster: &Cluster<'_>) {
    let leader = until("a leader", async || cluster.leader().await).await;
    let started = Instant::now();
    cluster.kubectl(&["-n", NAMESPACE, "delete", "pod", &leader, "--wait=false"]).await;
    let next = within(LEASE_DURATION, async || cluster.leader().await.filter(|next| *next != leader)).await;
    let next = next.unwrap_or_else(|| panic!("nobody leads {LEASE_DURATION:?} after {leader} was deleted"));
    println!("   {leader} led; {next} leads after {:.1} s", started.elapsed().as_secs_f64());
    cluster.ready_pods().await;
}

async fn provision_a_company(cluster: &Cluster<'_>) {
    let client = cluster.client(&cluster.service("scim").await).await;
    // A creation whose answer went with a pod is shown once the janitor has looked at it, and the simulator counts who is there
    // before it begins. The simulator itself finds out where that is not so.
    within(JANITOR_DEADLINE, async || {
        let shown = client.get("/Users?count=0").await.expect(200)["totalResults"].as_u64()?;
        (shown == cluster.people().await.len() as u64).then_some(())
    })
    .await;
    let base = client.base;
    let mut options = Options::new(base, Token::new(cluster.secret()).expect("a token"), "company");
    (options.people, options.parallel, options.seed) = (Some(COMPANY), 8, Some(4));
    let started = Instant::now();
    let report = simulate(options).await;
    println!("{}\n   {COMPANY} people in {:.1} s", report.to_short_text(), started.elapsed().as_secs_f64());
    assert_eq!(report.verdict(), Verdict::Passed, "{}", report.to_text());
}

/// Exactly one of many requests for a name wins it, for people and for groups.
async fn contend(client: &Client) {
    for round in 0..6 {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("rival-{round}@contoso.example"),
        });
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": format!("Rivals {round}"),
        });
        for (path, body) in [("/Users", user), ("/Groups", group)] {
            let mut requests = tokio::task::JoinSet::new();
            for _ in 0..RIVALS {
                let (client, body) = (client.clone(), body.clone());
                requests.spawn(async move { client.post(path, &body).await.status });
            }
            let mut statuses = requests.join_all().await;
            statuses.sort_unstable();
            let expected = [vec![201], vec![409; RIVALS - 1]].concat();
            assert_eq!(statuses, expected, "one wins {body}");
        }
    }
}

/// Rules that give people a state which they did not have, and values a claim: the leader writes about both.
async fn change_the_rules(cluster: &Cluster<'_>, client: &Client) {
    for number in 0..3 {
        let body =
            json!({ "userName": format!("rule-{number}@contoso.example"), "externalId": format!("rule-{number}") });
        client.create(&body).await;
    }
    let user_types = json!({ "allowed": ["Premium", "Standard"], "default": "Standard" });
    for unique in ["Enforce", "Warn", "Enforce", "Warn"] {
        let spec = json!({ "uniqueExternalId": { "users": unique }, "users": { "userTypes": user_types } });
        cluster.apply_directory(spec).await;
        let in_force = within(RULES_DEADLINE, async || {
            let mut directory = cluster.get(PEOPLE, &["directory", DIRECTORY]).await;
            let generation = directory["metadata"]["generation"].take();
            let conditions = directory["status"]["conditions"].take();
            let is_ready = |one: &&Value| one["type"] == "Ready" && one["observedGeneration"] == generation;
            (conditions.as_array()?.iter().find(is_ready)?["status"] == "True").then_some(())
        });
        assert!(in_force.await.is_some(), "{unique} is not in force after {RULES_DEADLINE:?}");
    }
    for (policy, finalizers) in [("Delete", json!(["rollcall.dev/directory"])), ("Retain", Value::Null)] {
        cluster.apply_directory(json!({ "deletionPolicy": policy })).await;
        let is_so = within(RULES_DEADLINE, async || {
            let directory = cluster.get(PEOPLE, &["directory", DIRECTORY]).await;
            (directory["metadata"]["finalizers"] == finalizers).then_some(())
        });
        assert!(is_so.await.is_some(), "the finalizers of {policy} are not {finalizers} after {RULES_DEADLINE:?}");
    }
    // Replicas that give one person the same new name at the same time take its claim twice.
    let id = client.create(&json!({ "userName": "renamed@contoso.example" })).await;
    for round in 0..12 {
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..RIVALS {
            let (client, path) = (client.clone(), format!("/Users/{id}"));
            let name = format!("renamed-{round}@contoso.example");
            let operations = json!([{ "op": "Replace", "path": "userName", "value": name }]);
            requests.spawn(async move { client.patch(&path, operations).await.status });
        }
        let statuses = requests.join_all().await;
        let expected = [200, 204, 503];
        assert!(statuses.iter().all(|status| expected.contains(status)), "{statuses:?}");
    }
}

async fn uninstall_and_install_again(cluster: &Cluster<'_>, client: &Client) -> Range<Timestamp> {
    let shown = shown(client).await;
    let people = cluster.people().await;
    assert!(shown.len() > 10, "{} people prove little", shown.len());
    let begin = Timestamp::now();
    cluster.helm(&[&["uninstall", RELEASE][..], &WAIT].concat()).await;
    within(Duration::from_secs(60), async || cluster.pods().await.is_empty().then_some(()))
        .await
        .expect("no pod is left");
    assert_eq!(cluster.people().await, people, "people survive");
    let end = Timestamp::now();
    let kept = cluster.kubectl(&["get", "crd", "-o", "name"]).await;
    assert!(kept.contains("directoryusers.rollcall.dev"), "{kept}");

    cluster.helm(&[&["install", RELEASE, &chart()][..], &IMAGE, &WAIT].concat()).await;
    println!("{}", cluster.kubectl(&["-n", NAMESPACE, "get", "pods", "-o", "wide"]).await);
    let client = cluster.client(&cluster.service("scim").await).await;
    let again = self::shown(&client).await;
    println!("   {} people before, {} after, {} objects in {PEOPLE}", shown.len(), again.len(), people.len());
    assert_eq!(again, shown, "the same people with the same ids");
    begin..end
}

/// Everybody whom SCIM shows: id and userName.
async fn shown(client: &Client) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        let path = format!("/Users?startIndex={}&count=100&attributes=userName", found.len() + 1);
        let page = client.get(&path).await.expect(200);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let users = page["Resources"].as_array().cloned().unwrap_or_default();
        found.extend(users.iter().map(|user| (text(&user["id"]), text(&user["userName"]))));
        if users.is_empty() || found.len() as u64 >= page["totalResults"].as_u64().expect("a number") {
            found.sort();
            return found;
        }
    }
}
