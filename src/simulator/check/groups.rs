//! Groups: name, externalId and exactly the members that were sent.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Checker;
use crate::simulator::client::escape_segment;
use crate::simulator::job::{GroupLink, Job, JobObject};
use crate::simulator::report::Check;
use crate::simulator::source::Tenant;

/// How many ids of a difference are told.
const MAX_IDS: usize = 3;

impl Checker {
    pub(super) async fn groups(&self, job: &Job, source: &Tenant, indices: &[usize]) -> Vec<Check> {
        let equal = self.each(indices, |index| self.group(job, source, index)).await;
        vec![equal.check("every group reads as sent and has exactly its members", "what the source has, unchanged")]
    }

    async fn group(&self, job: &Job, source: &Tenant, index: usize) -> Vec<String> {
        let group = &source.groups[index];
        let Some(link) = job.group(index) else { return Vec::new() };
        if job.is_held(JobObject::Group(index)) {
            return Vec::new();
        }
        let name = &group.display_name;
        let read = match self.get(&format!("/Groups/{}", escape_segment(&link.id))).await {
            Ok(read) => read,
            Err(reason) => return vec![format!("{name}: GET by id: {reason}")],
        };
        let mut found = Vec::new();
        for row in &job.settings().mappings.groups.rows {
            let (desired, is) = (row.desired(group), row.target.read(&read));
            if !desired.is_null() && is != Some(&desired) {
                let is = is.map_or_else(|| "missing".to_owned(), Value::to_string);
                found.push(format!("{name}: {} is {is} and not {desired}", row.target.text()));
            }
        }
        if job.settings().mappings.groups.reference.is_some() {
            found.extend(members(job, link, &read).map(|difference| format!("{name}: {difference}")));
        }
        found
    }
}

/// How the members differ from those that were sent.
fn members(job: &Job, link: &GroupLink, read: &Value) -> Option<String> {
    let expected: BTreeSet<_> =
        link.members.iter().filter_map(|member| job.user(*member).map(|user| user.id.as_str())).collect();
    let list = read.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let found: Vec<_> = list.iter().filter_map(|member| member.get("value")?.as_str()).collect();
    let set: BTreeSet<_> = found.iter().copied().collect();
    let told = |ids: Vec<&&str>| {
        let shown = ids.iter().take(MAX_IDS).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if ids.len() > MAX_IDS { format!("{shown}, …") } else { shown }
    };
    let missing: Vec<_> = expected.difference(&set).collect();
    let extra: Vec<_> = set.difference(&expected).collect();
    if !missing.is_empty() || !extra.is_empty() {
        let mut parts = vec![format!("{} members, not {}", set.len(), expected.len())];
        if !missing.is_empty() {
            parts.push(format!("{} missing: {}", missing.len(), told(missing)));
        }
        if !extra.is_empty() {
            parts.push(format!("{} that do not belong there: {}", extra.len(), told(extra)));
        }
        return Some(parts.join("; "));
    }
    (found.len() > set.len()).then(|| format!("{} members are listed more than once", found.len() - set.len()))
}
