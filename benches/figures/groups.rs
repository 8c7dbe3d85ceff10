//! Members of groups: what it costs to add one, to add many in one request, and to read them all.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::alternation::{Alternation, ratio};
use crate::load::run;
use crate::memory;
use crate::people::{create, new_title};
use crate::support::Client;
use crate::table::Figure;
use crate::{Bench, Directory, stream};

/// Members in the PATCH that is measured beside as many bare writes.
pub(crate) const BATCH: usize = 20;
/// Members in a PATCH that fills a group: with eight at a time few enough to be written in the time that a request has, also
/// where the machine is busy.
const FILLING: usize = 100;

/// A group.
struct Group {
    path: String,
    size: usize,
}

impl Group {
    /// Makes a group of nobody.
    async fn create(directory: &Directory, name: &str) -> Result<Self> {
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name, "externalId": format!("5b7e7d0a-3f0e-4f19-9b53-{name}"),
        });
        let answer = directory.scim.post("/Groups", &group).await;
        ensure!(answer.status == 201, "{}: {}", answer.status, answer.text);
        let id = answer.json()["id"].as_str().context("an id")?.to_owned();
        Ok(Self { path: format!("/Groups/{id}"), size: 0 })
    }

    /// Makes a group of the first so many people.
    async fn filled(directory: &Directory, name: &str, size: usize) -> Result<Self> {
        let group = Self { size, ..Self::create(directory, name).await? };
        let chunks: Vec<_> = directory.people[..size].chunks(FILLING).collect();
        run(chunks.len(), async |number| group.change(&directory.scim, "Add", chunks[number]).await).await?;
        Ok(group)
    }

    /// Adds or removes members as Entra does without its flag.
    async fn change(&self, scim: &Client, operation: &str, ids: &[String]) -> Result<()> {
        let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
        let operations = json!([{ "op": operation, "path": "members", "value": members }]);
        let answer = scim.patch(&self.path, operations).await;
        ensure!([200, 204].contains(&answer.status), "{}: {}", answer.status, answer.text);
        Ok(())
    }
}

/// Every figure of the groups of a Directory.
pub(crate) async fn measure(bench: &Bench, directory: &Directory) -> Result<Vec<Figure>> {
    let everybody = directory.people.len();
    let small = Group::filled(directory, "a-few", bench.scale.small_group).await?;
    let before = memory::resident(&bench.operator)?;
    let large = Group::filled(directory, "everybody", everybody).await?;
    let grown = memory::resident(&bench.operator)?.saturating_sub(before);
    println!("  memory of an edge: {} bytes, {everybody} members of one group", grown / everybody);
    let (small_size, large_size) = (small.size, large.size);
    println!("  groups of {small_size} and {large_size} members; the large one is read while its Directory rests");
    let streamed = stream::measure(bench, directory, &large.path, everybody).await?;
    let one = add_one(bench, directory, [&small, &large]).await?;
    let mut figures = vec![one.growth("add one member: growth of p50"), add_many(bench, directory).await?];
    figures.extend(streamed);
    Ok(figures)
}

/// People who belong to neither group join both, one in a request; between the rounds they leave again.
async fn add_one(bench: &Bench, directory: &Directory, [small, large]: [&Group; 2]) -> Result<Alternation> {
    let (scim, joiners) = (&directory.scim, Mutex::new(Vec::new()));
    run(bench.scale.joiners, async |number| {
        let id = create(scim, &format!("joiner-{number}@contoso.example")).await?;
        joiners.lock().push(id);
        Ok(())
    })
    .await?;
    let joiners = joiners.into_inner();
    let mut rounds = Alternation::default();
    for _ in 0..bench.scale.rounds {
        for (group, rounds) in [(small, &mut rounds.few), (large, &mut rounds.many)] {
            let add = async |number: usize| group.change(scim, "Add", &joiners[number..=number]).await;
            rounds.push(run(joiners.len(), add).await?);
            group.change(scim, "Remove", &joiners).await?;
        }
    }
    Ok(rounds)
}

/// A PATCH of twenty members beside twenty times GET and PUT. Every request writes: who is a member leaves.
async fn add_many(bench: &Bench, directory: &Directory) -> Result<Figure> {
    let (scim, raw, scale) = (&directory.scim, &bench.raw, bench.scale);
    let group = Group::create(directory, "batches").await?;
    let batches: Vec<_> = directory.people.chunks_exact(BATCH).take(scale.batches).collect();
    ensure!(batches.len() == scale.batches, "too few people for {} batches", scale.batches);
    let are_members: Vec<_> = batches.iter().map(|_| AtomicBool::new(false)).collect();
    let patch = async |number: usize| {
        let leave = are_members[number].fetch_not(Ordering::Relaxed);
        group.change(scim, if leave { "Remove" } else { "Add" }, batches[number]).await
    };
    let raw_writes = async |number: usize| {
        for id in batches[number] {
            let path = format!("directoryusers/{id}");
            let mut object: Value = raw.get(&path).await?;
            object["spec"]["scim"]["title"] = new_title();
            raw.put(&path, &object).await?;
        }
        Ok(())
    };
    ratio(("PATCH of 20 members / 20 raw pairs", 0.7), (scale.rounds, scale.batches), patch, &raw_writes).await
}
