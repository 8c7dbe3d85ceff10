//! Lists: how many objects there are, and that no two have one name.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::Checker;
use super::findings::Findings;
use crate::simulator::client::Client;
use crate::simulator::job::Job;
use crate::simulator::job::answer::{On, hits, judge};
use crate::simulator::report::Check;
use crate::simulator::source::Tenant;

/// The resources on one page.
const PAGE: usize = 100;
/// The most pages that are read.
const MAX_PAGES: usize = 5_000;

/// How many objects an endpoint holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Users.
    pub users: i64,
    /// Groups.
    pub groups: i64,
}

/// Asks for `totalResults`.
pub(super) async fn totals(client: &Client, with_groups: bool) -> Result<Totals, String> {
    let users = total(client, "/Users?startIndex=1&count=1").await?;
    let groups =
        if with_groups { total(client, "/Groups?excludedAttributes=members&startIndex=1&count=1").await? } else { 0 };
    Ok(Totals { users, groups })
}

async fn total(client: &Client, path: &str) -> Result<i64, String> {
    let told = |reason: String| format!("GET {path}: {reason}");
    let answer = judge(On::Read, client.send(Method::GET, path, None).await);
    let answer = answer.map_err(|problem| told(problem.reason))?;
    let total = answer.json.as_ref().and_then(|json| json.get("totalResults")?.as_i64());
    total.ok_or_else(|| told(format!("no totalResults: {}", answer.detail())))
}

impl Checker {
    /// Pages through every user: nobody twice, no userName twice, and everybody of ours among them.
    pub(super) async fn listed(&self, job: &Job, source: &Tenant) -> Check {
        let name = "the list of users has everybody once, and no userName twice";
        let mut findings = Findings::default();
        let mut by_id = BTreeMap::new();
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        let mut start = 1;
        for _ in 0..MAX_PAGES {
            let page = match page(&self.client, "/Users?", start).await {
                Ok(page) => page,
                Err(reason) => {
                    findings.extend([reason]);
                    break;
                }
            };
            let is_last = page.is_empty();
            start += page.len();
            for user in page {
                let text = |key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let (id, user_name) = (text("id"), text("userName"));
                findings.looked_at += 1;
                if by_id.insert(id.clone(), ()).is_some() {
                    findings.extend([format!("{user_name} ({id}) is in the list twice")]);
                } else if let Some(other) = by_name.insert(user_name.to_lowercase(), id.clone()) {
                    findings.extend([format!("the userName {user_name} belongs to {other} and to {id}")]);
                }
            }
            if is_last {
                break;
            }
        }
        for (index, person) in source.people.iter().enumerate() {
            if let Some(link) = job.user(index).filter(|link| !by_id.contains_key(&link.id)) {
                findings.extend([format!("{} ({}) is not in the list", person.user_principal_name(), link.id)]);
            }
        }
        findings.check(name, "every user once")
    }
}

/// Everything in `/Users` or `/Groups`, page by page; groups come without their members.
pub async fn listed(client: &Client, collection: &str) -> Result<Vec<Value>, String> {
    let path = if collection == "/Groups" { "/Groups?excludedAttributes=members&" } else { "/Users?" };
    let mut all = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = page(client, path, all.len() + 1).await.map_err(|reason| format!("{collection}: {reason}"))?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    Ok(all)
}

/// One page; the path ends where the parameters of paging begin.
async fn page(client: &Client, path: &str, start: usize) -> Result<Vec<Value>, String> {
    let path = format!("{path}startIndex={start}&count={PAGE}");
    let answer = judge(On::Read, client.send(Method::GET, &path, None).await);
    let answer = answer.map_err(|problem| problem.reason)?;
    let total = answer.json.as_ref().and_then(|json| json.get("totalResults")?.as_u64()).unwrap_or_default();
    if usize::try_from(total).unwrap_or(usize::MAX) < start {
        return Ok(Vec::new());
    }
    hits(&answer).map_err(|problem| problem.reason)
}
