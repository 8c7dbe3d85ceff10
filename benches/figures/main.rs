//! What a request costs: the operator and the raw API server in the same run, on the same machine, eight connections each,
//! etcd with fsync. Every figure is a ratio, because the machine decides the rest.
//!
//! `cargo bench` prints the table; nothing is asserted. `cargo bench -- --quick` shows within a minute that everything works,
//! and `cargo bench -- --part groups` measures one part.
#![allow(clippy::print_stdout, reason = "a benchmark is there to print")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values that are there to be handed over")]
#![allow(dead_code, unused_imports, reason = "the tests' support is shared, and a benchmark needs a part of it")]

#[path = "../../tests/it/support/mod.rs"]
mod support;

mod alternation;
mod bare;
mod check;
mod company;
mod groups;
mod idle;
mod keys;
mod load;
mod login;
mod memory;
mod people;
mod raw;
mod rival;
mod scale;
mod start;
mod statuses;
mod stream;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser as _;
use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};

use scale::{Args, Part, Scale};
use support::{Client, Operator, cluster};

const NAMESPACE: &str = "rollcall-figures";
const SECRET: &str = "secret-of-the-benchmark";
/// Where people would find the operator.
const PUBLIC_URL: &str = "https://id.contoso.example";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The Directory of the company that joins through the simulator.
const COMPANY: &str = "company";

/// What the figures are taken on.
struct Bench {
    scale: Scale,
    raw: raw::Raw,
    operator: Operator,
    kubeconfig: PathBuf,
    plane: ControlPlane,
}

/// One Directory, and the ids of the people that it was filled with.
struct Directory {
    name: &'static str,
    scim: Client,
    people: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(folder) = &args.bare_handler {
        return bare::serve(folder).await;
    }
    let bench = Bench::start(args.scale()).await?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{} connections, {cores} cores, etcd with fsync; each ratio is the median of {} alternating rounds",
        load::CONNECTIONS,
        bench.scale.rounds
    );
    let mut directories = Vec::new();
    let of_people = [Part::People, Part::Groups, Part::Statuses, Part::Check, Part::Keys, Part::Start, Part::Idle];
    if of_people.into_iter().any(|part| args.wants(part)) {
        directories = few_and_many(&bench, &args).await?;
    }
    if args.wants(Part::Check) {
        statuses::settle(&bench).await?;
        check::measure(&bench, &directories).await?;
    }
    if let Some(many) = directories.last() {
        of_replicas(&bench, &args, many).await?;
    }
    if args.wants(Part::Login) {
        println!("\nlogins");
        match login::measure(bench.scale.logins).await? {
            Some(figures) => table::print(&figures),
            None => println!("  left out, because no provider can run here"),
        }
    }
    if args.wants(Part::Company) {
        company::measure(&bench).await?;
    }
    if let Some(many) = directories.last().filter(|_| args.wants(Part::Statuses)) {
        println!("\na rule that makes a difference for everybody");
        table::print(&statuses::measure(&bench, many).await?);
    }
    Ok(())
}

/// What needs replicas beside the one that is measured otherwise.
async fn of_replicas(bench: &Bench, args: &Args, many: &Directory) -> Result<()> {
    if [Part::Keys, Part::Start, Part::Idle].into_iter().any(|part| args.wants(part)) {
        println!("\nreplicas");
    }
    if args.wants(Part::Keys) {
        table::print(&keys::measure(bench, many).await?);
    }
    if args.wants(Part::Start) {
        table::print(&start::measure(bench).await?);
    }
    if args.wants(Part::Idle) {
        table::print(&idle::measure(bench).await?);
    }
    Ok(())
}

/// The same requests in a Directory of few people and in one of many.
async fn few_and_many(bench: &Bench, args: &Args) -> Result<Vec<Directory>> {
    let base = memory::resident(&bench.operator)?;
    let mut directories = Vec::new();
    for (name, size) in bench.scale.directories {
        let mut directory = bench.directory(name).await;
        let before = memory::processor_ms(&bench.operator)?;
        let filled = people::fill(&mut directory, size).await?;
        let each = (memory::processor_ms(&bench.operator)? - before) as f64 / size as f64;
        println!("\n{size} people (filled at {:.0} per second, {each:.2} ms of a processor each)", filled.per_second);
        directories.push(directory);
        // A figure that is taken while the leader writes a status for everybody is one of the leader.
        statuses::settle(bench).await?;
        memory::print(&bench.operator, base, people::total(&directories).await?)?;
        let directory = &directories[directories.len() - 1];
        if args.wants(Part::People) {
            table::print(&people::ratios(bench, directory).await?);
        }
        if args.wants(Part::Groups) {
            table::print(&groups::measure(bench, directory).await?);
        }
    }
    if args.wants(Part::People) {
        let [(_, few), (_, many)] = bench.scale.directories;
        println!("\nlists: {few} people beside {many}, in alternating rounds");
        table::print(&people::growth(&bench.scale, [&directories[0], &directories[1]]).await?);
    }
    Ok(directories)
}

impl Bench {
    async fn start(scale: Scale) -> Result<Self> {
        let plane = ControlPlane::start(Options { fsync: true }).await?;
        let kubeconfig: PathBuf = cluster::install(&plane, &cluster::crds_folder()).await;
        let mut objects = vec![json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } })];
        for name in scale.directories.map(|(name, _)| name).into_iter().chain([COMPANY]) {
            let sha256 = support::directory::sha256(&secret(name));
            objects.push(object(name, "Directory", json!({})));
            objects.push(object(name, "DirectoryKey", json!({ "directoryRef": { "name": name }, "sha256": sha256 })));
        }
        let objects = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
        let apply = ["apply", "--server-side", "-f", "-"];
        cluster::kubectl_on(&plane, &apply, Some(&objects)).await.map_err(anyhow::Error::msg)?;
        let operator = launch(&kubeconfig).await;
        Ok(Self { scale, raw: raw::Raw::new(&kubeconfig, NAMESPACE)?, operator, kubeconfig, plane })
    }

    /// Another replica of the operator.
    async fn replica(&self) -> Operator {
        launch(&self.kubeconfig).await
    }

    /// A client of a Directory, once the operator knows it and its key.
    async fn directory(&self, name: &'static str) -> Directory {
        let base = format!("{}/scim/v2/{NAMESPACE}/{name}", self.operator.public_url);
        let scim = Client::new(base, &secret(name));
        support::until("the operator knows the directory and its key", async || {
            (scim.get("/ServiceProviderConfig").await.status == 200).then_some(())
        })
        .await;
        Directory { name, scim, people: Vec::new() }
    }
}

async fn launch(kubeconfig: &std::path::Path) -> Operator {
    let mut operator = Operator::launch(kubeconfig, &["--log-level", "warn", "--public-url", PUBLIC_URL]).await;
    operator.ready().await;
    operator
}

fn secret(directory: &str) -> String {
    format!("{SECRET}-{directory}")
}

fn object(name: &str, kind: &str, spec: Value) -> Value {
    let metadata = json!({ "name": name, "namespace": NAMESPACE, "labels": { "rollcall.dev/directory": name } });
    json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec })
}

/// A person as Entra's default mapping sends one.
fn person(user_name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": format!("0a21f0f2-8d2a-4f8e-bf98-{user_name}"),
        "userName": user_name, "active": true, "displayName": format!("Person {user_name}"), "title": "Engineer",
        "emails": [{ "primary": true, "type": "work", "value": format!("mail-{user_name}") }],
        "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" },
        "addresses": [{ "type": "work", "locality": "Bucharest", "country": "RO", "postalCode": "010011" }],
        "phoneNumbers": [{ "type": "work", "value": "+40 21 555 0134" }],
        ENTERPRISE: { "employeeNumber": "701984", "department": "Bicycles" },
    })
}
