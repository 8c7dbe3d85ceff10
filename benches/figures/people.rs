//! Requests for people: how much of the API server's own rate is left when the operator stands in front of it, and how lists
//! grow.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::alternation::{Alternation, ratio};
use crate::load::{Round, run};
use crate::raw;
use crate::scale::Scale;
use crate::support::Client;
use crate::support::client::Answer;
use crate::table::Figure;
use crate::{Bench, Directory, person};

/// A step that visits people in no order: it is prime, and larger than a page.
pub(crate) const STRIDE: usize = 7919;
/// Rates of lists that were asked for, per second.
const PAGE_RATE: f64 = 300.0;
const FILTER_RATE: f64 = 900.0;

/// Objects that raw rounds have made: no name is used twice.
static MADE: AtomicUsize = AtomicUsize::new(0);

/// Creates people over SCIM until there are `size`.
pub(crate) async fn fill(directory: &mut Directory, size: usize) -> Result<Round> {
    let ids = Mutex::new(Vec::new());
    let scim = &directory.scim;
    let round = run(size, async |number| {
        let id = create(scim, &format!("person-{number}@contoso.example")).await?;
        ids.lock().push(id);
        Ok(())
    })
    .await?;
    directory.people = ids.into_inner();
    Ok(round)
}

pub(crate) async fn create(scim: &Client, user_name: &str) -> Result<String> {
    let answer = scim.post("/Users", &person(user_name)).await;
    ensure!(answer.status == 201, "{}: {}", answer.status, answer.text);
    Ok(answer.json()["id"].as_str().context("an id")?.to_owned())
}

/// How many people the operator lists in all.
pub(crate) async fn total(directories: &[Directory]) -> Result<usize> {
    let mut total = 0;
    for directory in directories {
        let list = directory.scim.get("/Users?count=0").await.json();
        total += usize::try_from(list["totalResults"].as_u64().context("a total")?)?;
    }
    Ok(total)
}

/// Every ratio of single requests.
pub(crate) async fn ratios(bench: &Bench, directory: &Directory) -> Result<Vec<Figure>> {
    let (Bench { raw, scale, .. }, Directory { name, scim, people }) = (bench, directory);
    let (reads, writes) = ((scale.rounds, scale.reads), (scale.rounds, scale.writes));
    let person = |number: usize| &people[number * STRIDE % people.len()];
    let raw_get = async |number: usize| raw.get(&format!("directoryusers/{}", person(number))).await.map(drop);
    let get = async |number: usize| expect(&scim.get(&format!("/Users/{}", person(number))).await, 200);
    let find = async |number: usize| {
        let number = number * STRIDE % people.len();
        find_one(scim, &format!("userName+eq+%22person-{number}%40contoso.example%22")).await
    };
    let raw_create = async |_| {
        let (user, user_name) = raw::user(name, MADE.fetch_add(1, Ordering::Relaxed));
        let user = raw.post("directoryusers", &user).await?;
        raw.post("directoryclaims", &raw::claim(name, &user, &user_name)).await.map(drop)
    };
    // What a create can reach that proves afterwards what it has stored.
    let raw_create_and_get = async |_| {
        let (user, user_name) = raw::user(name, MADE.fetch_add(1, Ordering::Relaxed));
        let user = raw.post("directoryusers", &user).await?;
        raw.post("directoryclaims", &raw::claim(name, &user, &user_name)).await?;
        let name = user["metadata"]["name"].as_str().context("a name")?;
        raw.get(&format!("directoryusers/{name}")).await.map(drop)
    };
    let scim_create = async |_| {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        create(scim, &format!("more-{number}@contoso.example")).await.map(drop)
    };
    let raw_write = async |number: usize| {
        let path = format!("directoryusers/{}", person(number));
        let mut object = raw.get(&path).await?;
        object["spec"]["scim"]["title"] = new_title();
        raw.put(&path, &object).await.map(drop)
    };
    let patch = async |number: usize| {
        let operations = json!([{ "op": "Replace", "path": "title", "value": new_title() }]);
        expect(&scim.patch(&format!("/Users/{}", person(number)), operations).await, 200)
    };
    Ok(vec![
        ratio(("GET by id / raw GET", 0.8), reads, get, &raw_get).await?,
        ratio(("userName eq / raw GET", 0.4), reads, find, &raw_get).await?,
        ratio(("POST / raw user and claim", 0.7), writes, scim_create, &raw_create).await?,
        ratio(("POST / raw user, claim and GET", 0.9), writes, scim_create, &raw_create_and_get).await?,
        ratio(("PATCH / raw GET and PUT", 0.85), writes, patch, &raw_write).await?,
    ])
}

/// A look-up that must find one person.
async fn find_one(scim: &Client, filter: &str) -> Result<()> {
    let answer = scim.get(&format!("/Users?filter={filter}")).await;
    ensure!(answer.json()["totalResults"] == 1, "{filter}: {}", answer.text);
    Ok(())
}

pub(crate) fn new_title() -> Value {
    format!("Engineer {}", MADE.fetch_add(1, Ordering::Relaxed)).into()
}

pub(crate) fn expect(answer: &Answer, status: u16) -> Result<()> {
    ensure!(answer.status == status, "{}: {}", answer.status, answer.text);
    Ok(())
}

/// How a page of a hundred and a look-up by work e-mail grow with the number of people.
pub(crate) async fn growth(scale: &Scale, directories: [&Directory; 2]) -> Result<Vec<Figure>> {
    let page = async |directory: &Directory, _| expect(&directory.scim.get("/Users?count=100").await, 200);
    let filter = async |directory: &Directory, number: usize| {
        let number = number * STRIDE % directory.people.len();
        let value = format!("mail-person-{number}%40contoso.example");
        find_one(&directory.scim, &format!("emails%5Btype+eq+%22work%22%5D.value+eq+%22{value}%22")).await
    };
    let pages = alternate(scale, directories, page).await?;
    let filters = alternate(scale, directories, filter).await?;
    Ok(vec![
        pages.growth("page of 100: growth of p50"),
        filters.growth("work e-mail: growth of p50"),
        pages.rate("page of 100: rate / 300 per second", PAGE_RATE),
        filters.rate("work e-mail: rate / 900 per second", FILTER_RATE),
    ])
}

/// The same requests to both, in alternating rounds.
async fn alternate(
    scale: &Scale,
    [small, large]: [&Directory; 2],
    request: impl AsyncFn(&Directory, usize) -> Result<()>,
) -> Result<Alternation> {
    let mut rounds = Alternation::default();
    for _ in 0..scale.rounds {
        rounds.few.push(run(scale.writes, async |number| request(small, number).await).await?);
        rounds.many.push(run(scale.writes, async |number| request(large, number).await).await?);
    }
    Ok(rounds)
}
