//! The check door on a real cluster: what it knows, how soon, and what a proxy that misbehaves can do to it.

use std::time::{Duration, Instant};

use rollcall::store::watch::FRESHNESS_LIMIT;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::support::client::{Answer, http};
use crate::support::cluster::{apply, shared};
use crate::support::session::Seals;
use crate::support::wait::{DEADLINE, within};
use crate::support::{Client, Directory, Operator, until};

pub(crate) const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const PUBLIC_URL: &str = "https://id.contoso.example";

/// The replicas that know where people find them.
static REPLICAS: OnceCell<[Operator; 2]> = OnceCell::const_new();

pub(crate) async fn replicas() -> &'static [Operator; 2] {
    let start = async || [(); 2].map(|()| Operator::start(&["--public-url", PUBLIC_URL]));
    REPLICAS
        .get_or_init(|| async {
            let [one, other] = start().await;
            [one.await, other.await]
        })
        .await
}

/// A Directory whose people log in at Entra, with the application `wiki`.
struct Scene {
    directory: Directory,
    scim: Client,
    seals: Seals,
}

pub(crate) fn login() -> Value {
    let authority = format!("https://login.microsoftonline.com/{TENANT}");
    json!({ "oidc": { "authority": authority, "clientID": "web", "clientSecretRef": { "name": "entra" } } })
}

impl Scene {
    async fn new() -> Self {
        let directory = Directory::with_spec(json!({ "login": login() })).await;
        let scim = directory.client(&replicas().await[0]).await;
        directory.client(&replicas().await[1]).await;
        let scene = Self { directory, scim, seals: Seals::read(shared().await.plane).await };
        scene.application("wiki", json!({})).await;
        scene
    }

    async fn application(&self, name: &str, mut spec: Value) {
        spec["directoryRef"] = json!({ "name": self.directory.name });
        spec["hosts"] = json!([format!("{name}.contoso.example")]);
        apply(&self.directory.object("DirectoryApplication", name, spec)).await;
    }

    /// Makes a person and returns the id, and the cookie of a session for the wiki.
    async fn person(&self, user_name: &str) -> (String, String) {
        let id = self.scim.create(&json!({ "userName": user_name, "displayName": "Ada L" })).await;
        let object = self.directory.get("directoryuser", &id).await.expect("the person");
        let cookie = self.seals.cookie(&object, "wiki");
        for replica in replicas().await {
            until("the replica to know the person and the application", async || {
                (self.ask(replica, "wiki", &cookie).await.status == 200).then_some(())
            })
            .await;
        }
        (id, cookie)
    }

    async fn ask(&self, replica: &Operator, application: &str, cookie: &str) -> Answer {
        let Directory { namespace, name, .. } = &self.directory;
        let url = format!("{}/check/nginx/{namespace}/{name}/{application}", replica.public_url);
        let answer = http().get(url).header("cookie", cookie).send().await.expect("an answer");
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.expect("text"),
        }
    }

    /// Waits until every replica answers so.
    async fn everywhere(&self, what: &str, cookie: &str, status: u16) {
        for replica in replicas().await {
            until(what, async || (self.ask(replica, "wiki", cookie).await.status == status).then_some(())).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivation_over_scim_ends_the_session_at_every_replica_and_for_good() {
    let scene = Scene::new().await;
    let (id, cookie) = scene.person("ada@contoso.example").await;
    let active = |value: bool| json!([{ "op": "Replace", "path": "active", "value": value }]);
    let began = Instant::now();
    scene.scim.patch(&format!("/Users/{id}"), active(false)).await.expect(200);
    assert_eq!(scene.ask(&replicas().await[0], "wiki", &cookie).await.status, 401, "at once where it was written");
    scene.everywhere("the session to be over", &cookie, 401).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    scene.scim.patch(&format!("/Users/{id}"), active(true)).await.expect(200);
    let object = scene.directory.get("directoryuser", &id).await.expect("the person");
    let new = scene.seals.cookie(&object, "wiki");
    scene.everywhere("a new session to count", &new, 200).await;
    for replica in replicas().await {
        assert_eq!(scene.ask(replica, "wiki", &cookie).await.status, 401, "threat 30: the old one stays dead");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_git_close_the_door_too() {
    let scene = Scene::new().await;
    let (id, cookie) = scene.person("ada@contoso.example").await;
    let patch = async |kind: &str, name: &str, spec: Value| {
        let patch = json!({ "spec": spec }).to_string();
        let arguments = ["patch", kind, name, "--type=merge", "-p", &patch];
        scene.directory.kubectl(&arguments).await.expect("kubectl patch");
    };
    for (what, kind, name, spec, status) in [
        ("a suspension", "directoryuser", &*id, json!({ "suspended": true }), 401),
        ("its end", "directoryuser", &id, json!({ "suspended": false }), 200),
        (
            "a group that she is not in",
            "directoryapplication",
            "wiki",
            json!({ "require": { "groups": ["Wiki"] } }),
            403,
        ),
        ("no group any more", "directoryapplication", "wiki", json!({ "require": { "groups": [] } }), 200),
        ("a login that is disabled", "directory", "staff", json!({ "login": { "method": "Disabled" } }), 401),
        ("a login again", "directory", "staff", json!({ "login": { "method": "OpenIDConnect" } }), 200),
    ] {
        patch(kind, name, spec).await;
        scene.everywhere(what, &cookie, status).await;
    }
    let group = json!({ "displayName": "Wiki", "members": [{ "value": id }] });
    patch("directoryapplication", "wiki", json!({ "require": { "groups": ["wiki"] } })).await;
    scene.everywhere("the policy to act", &cookie, 403).await;
    let group = scene.scim.post("/Groups", &group).await.expect(201);
    scene.everywhere("a membership that came over SCIM to act", &cookie, 200).await;
    let read = scene.ask(&replicas().await[0], "wiki", &cookie).await;
    assert_eq!((read.header("x-auth-request-groups"), read.header("cache-control")), ("Wiki", "no-store"));
    scene.scim.delete(&format!("/Groups/{}", group["id"].as_str().expect("an id"))).await.expect(204);
    scene.everywhere("the end of the group to act", &cookie, 403).await;
    scene.scim.delete(&format!("/Users/{id}")).await.expect(204);
    scene.everywhere("the end of the person to act", &cookie, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_many_groups_has_a_head_that_a_proxy_reads() {
    const GROUPS: usize = 200;
    let scene = Scene::new().await;
    let (id, cookie) = scene.person("ada@contoso.example").await;
    let make = async |number: usize| {
        let group = json!({ "displayName": format!("Department of everything, number {number:04}"), "members": [{ "value": id }] });
        scene.scim.post("/Groups", &group).await.expect(201);
    };
    for start in (0..GROUPS).step_by(16) {
        futures::future::join_all((start..(start + 16).min(GROUPS)).map(&make)).await;
    }
    scene.application("wiki", json!({ "require": { "groups": ["department of everything, number 0199"] } })).await;
    scene.everywhere("the last of the groups to count", &cookie, 200).await;
    let read = scene.ask(&replicas().await[0], "wiki", &cookie).await;
    assert_eq!(read.header("x-auth-request-groups-truncated"), "true");
    let groups = read.header("x-auth-request-groups");
    assert!(groups.len() <= 1_536 && groups.starts_with("Department of everything%2C number "), "{groups}");
    let size: usize = read.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    assert!(size + "HTTP/1.1 200 OK\r\n\r\n".len() <= 4_096, "{size} bytes");
}

/// Sends bytes and reads until the other side ends the connection or goes on waiting.
async fn raw(replica: &Operator, request: &str) -> (String, bool) {
    let address = replica.public_url.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    socket.write_all(request.as_bytes()).await.expect("the operator reads");
    let mut read = Vec::new();
    let ended = within(DEADLINE, async || {
        let mut buffer = [0; 4096];
        let length = socket.read(&mut buffer).await.expect("an answer");
        read.extend_from_slice(&buffer[..length]);
        (length == 0).then_some(())
    });
    let ended = tokio::time::timeout(DEADLINE, ended).await.ok().flatten().is_some();
    (String::from_utf8_lossy(&read).into_owned(), ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_never_waited_for() {
    let scene = Scene::new().await;
    let (_, cookie) = scene.person("ada@contoso.example").await;
    let Directory { namespace, name, .. } = &scene.directory;
    for (what, method, body) in [
        ("a length without a body", "GET", "Content-Length: 7\r\n"),
        ("a length that nobody would take", "POST", "Content-Length: 99999999999\r\n"),
        ("an upload that waits for a word", "PUT", "Content-Length: 10\r\nExpect: 100-continue\r\n"),
        ("pieces that do not come", "POST", "Transfer-Encoding: chunked\r\n"),
    ] {
        let head = format!(
            "{method} /check/forward/{namespace}/{name}/wiki HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n{body}\r\n"
        );
        let began = Instant::now();
        let (answer, ended) = raw(&replicas().await[0], &head).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{what}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close\r\n"), "{what}: {answer}");
        assert!(ended && began.elapsed() < Duration::from_secs(8), "{what}: {:?}", began.elapsed());
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{what}: no word before the answer, and no answer to a body");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_48_a_replica_whose_watch_is_silent_lets_nobody_in() {
    let plane = control_plane::ControlPlane::start(control_plane::Options::default()).await.expect("a control plane");
    let kubeconfig = crate::support::cluster::install(&plane, &crate::support::cluster::crds_folder()).await;
    let mut operator = Operator::launch(&kubeconfig, &["--public-url", PUBLIC_URL]).await;
    operator.ready().await;
    let object = |kind: &str, name: &str, spec: Value| {
        let metadata = json!({ "name": name, "namespace": "default", "labels": { "rollcall.dev/directory": "staff" } });
        json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec, "metadata": metadata })
    };
    let key = json!({ "directoryRef": { "name": "staff" }, "sha256": crate::support::directory::sha256("secret") });
    let wiki = json!({ "directoryRef": { "name": "staff" }, "hosts": ["wiki.contoso.example"] });
    let objects = [
        object("Directory", "staff", json!({ "login": login() })),
        object("DirectoryKey", "key", key),
        object("DirectoryApplication", "wiki", wiki),
    ];
    let kubectl = async |arguments: &[&str], input: Option<&str>| {
        crate::support::cluster::kubectl_on(&plane, arguments, input).await.expect("kubectl")
    };
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    kubectl(&["apply", "--server-side", "-f", "-"], Some(&list)).await;
    let scim = Client::new(format!("{}/scim/v2/default/staff", operator.public_url), "secret");
    let id = until("a person", async || {
        let answer = scim.post("/Users", &json!({ "userName": "ada" })).await;
        (answer.status == 201).then(|| answer.json()["id"].as_str().expect("an id").to_owned())
    })
    .await;
    let person: Value =
        serde_json::from_str(&kubectl(&["get", "directoryuser", &id, "-o", "json"], None).await).expect("JSON");
    let cookie = Seals::read(&plane).await.cookie(&person, "wiki");
    let status = async || {
        let url = format!("{}/check/nginx/default/staff/wiki", operator.public_url);
        http().get(url).header("cookie", &cookie).send().await.expect("an answer").status().as_u16()
    };
    until("the session to count", async || (status().await == 200).then_some(())).await;
    plane.pause_api_server().expect("a signal");
    let began = Instant::now();
    let slack = Duration::from_secs(5);
    let refused = within(FRESHNESS_LIMIT + slack, async || (status().await == 503).then_some(())).await;
    assert!(refused.is_some(), "still {} after {:?}", status().await, began.elapsed());
    plane.resume_api_server().expect("a signal");
    until("the session to count again", async || (status().await == 200).then_some(())).await;
}
