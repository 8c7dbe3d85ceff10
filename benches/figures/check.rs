//! The check door: what a question costs beside a handler that asks nothing, how it grows, and how soon a deactivation is known.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use parking_lot::Mutex;
use reqwest::Client as Http;
use serde_json::json;

use crate::alternation::{Alternation, ratio};
use crate::bare::BareHandler;
use crate::load::{self, run};
use crate::people::create;
use crate::rival::Rival;
use crate::support::session::Seals;
use crate::support::{Operator, client, cluster};
use crate::table::{Figure, Goal, print};
use crate::{Bench, Directory, NAMESPACE, PUBLIC_URL, object};

/// Questions a second at which times are taken.
const RATE: usize = 2_000;
/// The tenant of the provider, which nobody asks anything.
const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// Sessions that the questions are spread over.
const SESSIONS: usize = 200;
/// People who are deactivated at the same time.
const AT_ONCE: usize = 4;

/// The questions about one Directory: where they are asked, and with which sessions.
struct Questions {
    url: String,
    cookies: Vec<String>,
}

/// Every figure.
pub(crate) async fn measure(bench: &Bench, directories: &[Directory]) -> Result<()> {
    let [few, many] = directories else { anyhow::bail!("the part check needs both Directories") };
    let seals = open(bench, directories).await?;
    let http = client::http();
    let small = questions(bench, &seals, few).await?;
    let large = questions(bench, &seals, many).await?;
    println!("\nthe check door: sessions of {SESSIONS} people, {} connections", load::CONNECTIONS);
    let mut figures = beside_a_bare_handler(bench, &http, &large).await?;
    let cookie = large.cookies.iter().map(String::len).max().unwrap_or_default();
    let measured = "name and value".to_owned();
    figures.push(Figure {
        name: "session cookie, in bytes",
        measured,
        value: cookie as f64,
        goal: Goal::AtMost(1_024.0),
    });
    let names = ["many people: growth of p50", "a person in many groups: growth of p50"];
    let member = member_of_many(bench, &seals, many).await?;
    figures.push(growth(bench, &http, names[0], [&small, &large]).await?);
    figures.push(growth(bench, &http, names[1], [&large, &member]).await?);
    figures.push(deactivations(bench, &http, &seals, many).await?);
    print(&figures);
    Ok(())
}

/// Lets the people of the Directories log in and use the application `wiki`, and reads the keys that seal sessions.
async fn open(bench: &Bench, directories: &[Directory]) -> Result<Seals> {
    let oidc = json!({
        "authority": format!("https://login.microsoftonline.com/{TENANT}"), "clientID": "web",
        "clientSecretRef": { "name": "entra" },
    });
    let objects = directories.iter().flat_map(|directory| {
        let name = directory.name;
        let mut wiki = object(
            name,
            "DirectoryApplication",
            json!({
                "directoryRef": { "name": name }, "hosts": ["wiki.contoso.example"],
            }),
        );
        wiki["metadata"]["name"] = application(name).into();
        [object(name, "Directory", json!({ "login": { "oidc": oidc } })), wiki]
    });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects.collect::<Vec<_>>() }).to_string();
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    cluster::kubectl_on(&bench.plane, &apply, Some(&list)).await.map_err(anyhow::Error::msg)?;
    Ok(Seals::read(&bench.plane).await)
}

/// The application of a Directory. Its name is one of the namespace.
fn application(directory: &str) -> String {
    format!("wiki-of-{directory}")
}

fn url(operator: &Operator, directory: &Directory) -> String {
    format!("{}/check/nginx/{NAMESPACE}/{}/{}", operator.public_url, directory.name, application(directory.name))
}

async fn cookie(bench: &Bench, seals: &Seals, directory: &Directory, id: &str) -> Result<String> {
    let object = bench.raw.get(&format!("directoryusers/{id}")).await?;
    Ok(seals.cookie(&object, &application(directory.name)))
}

async fn questions(bench: &Bench, seals: &Seals, directory: &Directory) -> Result<Questions> {
    let mut cookies = Vec::new();
    for id in directory.people.iter().take(SESSIONS) {
        cookies.push(cookie(bench, seals, directory, id).await?);
    }
    let questions = Questions { url: url(&bench.operator, directory), cookies };
    let http = client::http();
    crate::support::until("the sessions to count", async || questions.ask(&http, 0).await.ok()).await;
    Ok(questions)
}

impl Questions {
    async fn ask(&self, http: &Http, number: usize) -> Result<()> {
        let cookie = &self.cookies[number % self.cookies.len()];
        expect(http, &self.url, cookie, 200).await
    }
}

async fn expect(http: &Http, url: &str, cookie: &str, status: u16) -> Result<()> {
    let answer = http.get(url).header("cookie", cookie).send().await?;
    ensure!(answer.status() == status, "{url}: {}", answer.status());
    Ok(())
}

/// The rate beside the same answer for nothing and beside oauth2-proxy, and the times of all three at one rate.
async fn beside_a_bare_handler(bench: &Bench, http: &Http, questions: &Questions) -> Result<Vec<Figure>> {
    let answer = http.get(&questions.url).header("cookie", &questions.cookies[0]).send().await?;
    let mut headers = answer.headers().clone();
    for made in ["date", "content-length"] {
        headers.remove(made);
    }
    let (bare, rival) = (BareHandler::start(&headers).await?, Rival::start().await?);
    let rounds = (bench.scale.rounds, bench.scale.checks);
    let check = async |number: usize| questions.ask(http, number).await;
    let handler = async |_| expect(http, &bare.url, &questions.cookies[0], 200).await;
    let auth = format!("{}/oauth2/auth", rival.url);
    let other = async |_| expect(http, &auth, &rival.cookie, 202).await;
    let mut figures = vec![
        ratio(("check / a bare axum handler", 0.5), rounds, check, &handler).await?,
        ratio(("check / oauth2-proxy", 1.0), rounds, check, &other).await?,
    ];
    let requests = RATE * bench.scale.paced_seconds;
    for (name, p99) in [
        ("check: p99 at 2,000/s, in ms", load::paced(RATE, requests, check).await?),
        ("bare handler: the same", load::paced(RATE, requests, handler).await?),
        ("oauth2-proxy: the same", load::paced(RATE, requests, other).await?),
    ] {
        let measured = format!("{requests} requests");
        figures.push(Figure { name, measured, value: p99.as_secs_f64() * 1_000.0, goal: Goal::AtMost(2.0) });
    }
    Ok(figures)
}

async fn growth(bench: &Bench, http: &Http, name: &'static str, [one, other]: [&Questions; 2]) -> Result<Figure> {
    let mut rounds = Alternation::default();
    for _ in 0..bench.scale.rounds {
        rounds.few.push(run(bench.scale.checks, async |number| one.ask(http, number).await).await?);
        rounds.many.push(run(bench.scale.checks, async |number| other.ask(http, number).await).await?);
    }
    Ok(rounds.growth(name))
}

/// The questions of one person who is a member of many groups.
async fn member_of_many(bench: &Bench, seals: &Seals, directory: &Directory) -> Result<Questions> {
    let id = create(&directory.scim, "member-of-many@contoso.example").await?;
    run(bench.scale.memberships, async |number| {
        let group = json!({ "displayName": format!("membership-{number}"), "members": [{ "value": id }] });
        let answer = directory.scim.post("/Groups", &group).await;
        ensure!(answer.status == 201, "{}: {}", answer.status, answer.text);
        Ok(())
    })
    .await?;
    Ok(Questions { url: url(&bench.operator, directory), cookies: vec![cookie(bench, seals, directory, &id).await?] })
}

/// From the request that deactivates somebody to the first 401 at each of two replicas, over many people at a time.
async fn deactivations(bench: &Bench, http: &Http, seals: &Seals, directory: &Directory) -> Result<Figure> {
    let second = bench.replica().await;
    let replicas = [url(&bench.operator, directory), url(&second, directory)];
    let count = bench.scale.deactivations.min(directory.people.len() - SESSIONS);
    let people = &directory.people[SESSIONS..SESSIONS + count];
    let mut sessions = Vec::new();
    for id in people {
        sessions.push((id, cookie(bench, seals, directory, id).await?));
    }
    let (_, last) = sessions.last().ok_or_else(|| anyhow::anyhow!("too few people"))?;
    crate::support::until("the second replica to know everybody", async || {
        expect(http, &replicas[1], last, 200).await.ok()
    })
    .await;
    let times = Mutex::new(Vec::new());
    let workers = (0..AT_ONCE).map(|worker| {
        let (sessions, times, replicas) = (&sessions, &times, &replicas);
        async move {
            for (id, cookie) in sessions.iter().skip(worker).step_by(AT_ONCE) {
                let began = Instant::now();
                let off = json!([{ "op": "Replace", "path": "active", "value": false }]);
                let answer = directory.scim.patch(&format!("/Users/{id}"), off).await;
                ensure!(answer.status == 200, "{}: {}", answer.status, answer.text);
                for url in replicas {
                    while expect(http, url, cookie, 401).await.is_err() {
                        ensure!(began.elapsed() < Duration::from_secs(30), "{id} is still in");
                    }
                }
                times.lock().push(began.elapsed());
            }
            Ok(())
        }
    });
    futures::future::try_join_all(workers).await?;
    let times = times.into_inner();
    let p99 = load::percentile(times, 99);
    let measured = format!("{count} people, two replicas, {AT_ONCE} at a time");
    let (name, value) = ("deactivation to 401: p99, in s", p99.as_secs_f64());
    Ok(Figure { name, measured, value, goal: Goal::AtMost(1.0) })
}
