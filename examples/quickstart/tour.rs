//! What a provisioning job does in its first hour: connection test, people, a manager, groups, a change, a deactivation, and
//! a cycle with nothing to do. The simulator plays Entra ID.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rollcall::simulator::check::silent;
use rollcall::simulator::client::{Client, DEADLINE, Endpoint, Token};
use rollcall::simulator::job::quarantine::CYCLE;
use rollcall::simulator::job::{Job, JobSettings, Reach};
use rollcall::simulator::mapping::{DEFAULTS, Mappings};
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::source::{Group, SourcePerson, Tenant};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::{NAMESPACE, heading};

/// Given name, family name, title, department.
const PEOPLE: [(&str, &str, &str, &str); 5] = [
    ("Ada", "Lindqvist", "Head of Platform", "Engineering"),
    ("Bogdan", "Marin", "Site Reliability Engineer", "Engineering"),
    ("Chiara", "D'Amico", "Controller", "Finance"),
    ("Dagný", "Þórsdóttir", "Designer", "Product"),
    ("Emeka", "Okafor", "Support Lead", "Operations"),
];
/// Positions in [`PEOPLE`].
const ADA: usize = 0;
const BOGDAN: usize = 1;
const EMEKA: usize = 4;
/// Groups and the positions of their members.
const GROUPS: [(&str, &[usize]); 2] = [("Engineering", &[0, 1]), ("All Staff", &[0, 1, 2, 3, 4])];
/// Nothing here depends on chance; the simulator wants a seed.
const SEED: u64 = 1;

/// The accounts of two of them at the provider.
pub(crate) const ADA_ACCOUNT: &str = "ada@contoso.example";
pub(crate) const EMEKA_ACCOUNT: &str = "emeka@contoso.example";

/// The job, the directory that it provisions from, and the simulated time.
pub(crate) struct Tour {
    job: Job,
    source: Tenant,
    now: Duration,
}

impl Tour {
    pub(crate) fn new(scim_url: &str, token: &str) -> Result<Self> {
        let settings = JobSettings {
            dialect: PatchDialect::Legacy,
            mappings: Mappings::parse(DEFAULTS).map_err(anyhow::Error::msg)?,
            batch: 1,
            parallel: 1,
            with_groups: true,
            deletion_threshold: None,
            skip_out_of_scope: false,
        };
        let client = Client::new(Endpoint::parse(scim_url)?, Token::new(token)?, DEADLINE, SEED, None)?;
        let job = Job::new(client.clone(), client.counted_apart(), settings, SEED);
        Ok(Self { job, source: source(), now: Duration::ZERO })
    }

    /// Plays the job up to people and groups, and shows the cluster's view of it after every cycle that changed something.
    pub(crate) async fn provision(&mut self, cluster: &Cluster) -> Result<()> {
        heading("Entra: test connection");
        if let Err(problem) = self.job.test_connection().await {
            bail!("the connection test failed: {}", problem.reason);
        }
        println!("200 and an empty list, for users and for groups.");

        for index in 0..PEOPLE.len() {
            self.source.change_person(index, |person| person.assigned = true);
        }
        self.cycle("Entra: five people are assigned to the application", Reach::Changes).await?;
        show(cluster, "directoryusers").await?;

        for index in BOGDAN..PEOPLE.len() {
            self.source.change_person(index, |person| person.manager = Some(ADA));
        }
        self.source.change_person(BOGDAN, |bogdan| {
            bogdan.attributes.insert("jobTitle".to_owned(), "Staff Engineer".to_owned());
            bogdan.attributes.insert("mobile".to_owned(), "+40 21 555 0134".to_owned());
        });
        for index in 0..GROUPS.len() {
            self.source.change_group(index, |group| group.assigned = true);
        }
        self.cycle("Entra: Ada leads them, Bogdan is promoted, two groups are assigned", Reach::Changes).await?;
        self.until_counted(cluster).await?;
        show(cluster, "directorygroups").await
    }

    /// Emeka leaves the company.
    pub(crate) async fn deactivate(&mut self, cluster: &Cluster, has_login: bool) -> Result<()> {
        self.source.change_person(EMEKA, |emeka| emeka.enabled = false);
        self.cycle("Entra: Emeka leaves; his account is disabled", Reach::Changes).await?;
        if has_login {
            let emeka = self.job.user(EMEKA).context("the job has a link to each person")?;
            let shut = "--for=condition=AccessGranted=false";
            cluster.kubectl(&["-n", NAMESPACE, "wait", shut, "--timeout=30s", "directoryuser", &emeka.id]).await?;
        }
        show(cluster, "directoryusers").await
    }

    /// A cycle that compares everybody.
    pub(crate) async fn compare(&mut self) -> Result<()> {
        self.cycle("Entra: everybody is compared again; nothing is to be written", Reach::Everything).await
    }

    /// One cycle, forty simulated minutes after the last one, and its report.
    async fn cycle(&mut self, title: &str, reach: Reach) -> Result<()> {
        self.now += CYCLE;
        let mut outcome = self.job.cycle(title, &self.source, reach, self.now, &|_| ()).await;
        if reach == Reach::Everything {
            let check = silent(&outcome);
            outcome.section.checks.push(check);
        }
        print!("{}", outcome.section.to_text());
        if !outcome.section.is_clean() {
            bail!("the job reports failures");
        }
        Ok(())
    }

    /// Waits until the operator has counted the members, which it does in the background.
    async fn until_counted(&self, cluster: &Cluster) -> Result<()> {
        for (index, (_, members)) in GROUPS.iter().enumerate() {
            let group = self.job.group(index).context("the job has a link to each group")?;
            let count = format!("--for=jsonpath={{.status.memberCount}}={}", members.len());
            cluster.kubectl(&["-n", NAMESPACE, "wait", &count, "--timeout=30s", "directorygroup", &group.id]).await?;
        }
        Ok(())
    }
}

async fn show(cluster: &Cluster, kind: &str) -> Result<()> {
    println!("\n$ kubectl -n {NAMESPACE} get {kind}");
    print!("{}", cluster.kubectl(&["-n", NAMESPACE, "get", kind]).await?);
    Ok(())
}

/// The people as accounts of the provider.
pub(crate) fn accounts() -> Vec<Value> {
    let people = source().people.into_iter();
    let accounts = people.map(|person| {
        let (upn, name) = (&person.attributes["userPrincipalName"], &person.attributes["displayName"]);
        json!({ "oid": person.object_id, "upn": upn, "preferred_username": upn, "name": name, "email": upn })
    });
    accounts.collect()
}

/// The directory at Entra before anybody is assigned to the application.
fn source() -> Tenant {
    let people = PEOPLE.iter().enumerate().map(person).collect();
    let groups = GROUPS.iter().enumerate().map(group).collect();
    Tenant { domain: "contoso.example".to_owned(), people, groups, sequence: 0 }
}

fn person((number, (given, family, title, department)): (usize, &(&str, &str, &str, &str))) -> SourcePerson {
    let name = format!("{}@contoso.example", given.to_lowercase());
    let attributes = [
        ("userPrincipalName", name.clone()),
        ("mail", name),
        ("displayName", format!("{given} {family}")),
        ("givenName", (*given).to_owned()),
        ("surname", (*family).to_owned()),
        ("jobTitle", (*title).to_owned()),
        ("department", (*department).to_owned()),
        ("employeeId", format!("70{number:04}")),
    ];
    SourcePerson {
        object_id: format!("0a21f0f2-8d2a-4f8e-bf98-{number:012}"),
        attributes: BTreeMap::from(attributes.map(|(name, value)| (name.to_owned(), value))),
        manager: None,
        roles: Vec::new(),
        assigned: false,
        enabled: true,
        soft_deleted: false,
        purged: false,
        changed_at: 0,
    }
}

fn group((number, (name, members)): (usize, &(&str, &[usize]))) -> Group {
    Group {
        object_id: format!("5b7e7d0a-3f0e-4f19-9b53-{number:012}"),
        display_name: (*name).to_owned(),
        members: members.iter().copied().collect::<BTreeSet<_>>(),
        assigned: false,
        deleted: false,
        changed_at: 0,
    }
}
