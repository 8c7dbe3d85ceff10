//! People: each value as it was sent, and found by a filter.

use http::Method;
use serde_json::Value;

use super::Checker;
use crate::simulator::client::{equals, escape_segment, query};
use crate::simulator::job::answer::{On, hits, judge};
use crate::simulator::job::{Job, JobObject, UserLink};
use crate::simulator::mapping::Row;
use crate::simulator::report::Check;
use crate::simulator::source::{SourcePerson, Tenant};

/// How many people are looked for by a filter after each cycle.
const MAX_FILTERED: usize = 300;

impl Checker {
    pub(super) async fn people(&self, job: &Job, source: &Tenant, indices: &[usize]) -> Vec<Check> {
        let equal = self.each(indices, |index| self.reads_as_sent(job, source, index)).await;
        // Those who are inactive first: a server may hide them.
        let mut order: Vec<_> = indices.iter().copied().filter(|index| job.user(*index).is_some()).collect();
        order.sort_by_key(|index| job.user(*index).is_some_and(|link| link.is_active));
        order.truncate(MAX_FILTERED);
        let found = self.each(&order, |index| self.is_found(job, source, index)).await;
        vec![
            equal.check("everybody reads as sent, value by value", "what the source has, unchanged"),
            found.check(
                "everybody is found by a filter, inactive people too",
                "exactly one hit, with the id that is linked",
            ),
        ]
    }

    async fn reads_as_sent(&self, job: &Job, source: &Tenant, index: usize) -> Vec<String> {
        let person = &source.people[index];
        let Some(link) = job.user(index) else { return Vec::new() };
        // Its failure is in the report already, and what the target should have is open.
        if job.is_held(JobObject::User(index)) {
            return Vec::new();
        }
        let name = person.user_principal_name();
        let read = match self.get(&format!("/Users/{}", escape_segment(&link.id))).await {
            Ok(read) => read,
            Err(reason) => return vec![format!("{name}: GET by id: {reason}")],
        };
        let mut found = Vec::new();
        if read.get("id").and_then(Value::as_str) != Some(&link.id) {
            found.push(format!("{name}: id is {}, not {}", read["id"], link.id));
        }
        for row in &job.settings().mappings.users.rows {
            // Who was unassigned keeps what was there, and is inactive.
            let is_active = row.target.text().eq_ignore_ascii_case("active");
            if person.assigned || (is_active && !job.settings().skip_out_of_scope) {
                found.extend(difference(row, person, &read).map(|difference| format!("{name}: {difference}")));
            }
        }
        found.extend(manager(job, source, person, link, &read).map(|difference| format!("{name}: {difference}")));
        found.extend(empty_texts(&read).map(|path| format!("{name}: {path} is \"\", which means unassigned")));
        found.extend(
            stray_schemas(job, &read)
                .map(|key| format!("{name}: there is an attribute {key:?}: a schema URN was split at its dot")),
        );
        found
    }

    async fn is_found(&self, job: &Job, source: &Tenant, index: usize) -> Vec<String> {
        let person = &source.people[index];
        let (Some(link), Some(row)) = (job.user(index), job.settings().mappings.users.matching().first().copied())
        else {
            return Vec::new();
        };
        // The name of somebody who is no longer looked after may belong to another by now.
        if !person.assigned || job.is_held(JobObject::User(index)) {
            return Vec::new();
        }
        let value = row.desired(person);
        let Some(value) = value.as_str() else { return Vec::new() };
        let filter = equals(row.target.text(), value);
        let path = format!("/Users{}", query(&[("filter", &filter)]));
        let answer = judge(On::Filter, self.client.send(Method::GET, &path, None).await);
        let state = if person.is_active() { "" } else { " (inactive)" };
        match answer.and_then(|answer| hits(&answer)) {
            Err(problem) => vec![format!("{value}{state}: {}", problem.reason)],
            Ok(hits) if hits.len() == 1 && hits[0]["id"] == link.id.as_str() => Vec::new(),
            Ok(hits) => vec![format!("{value}{state}: {} hits", hits.len())],
        }
    }
}

/// How one attribute differs from what was sent.
fn difference(row: &Row, person: &SourcePerson, read: &Value) -> Option<String> {
    let target = &row.target;
    let desired = row.desired(person);
    let found = target.read(read);
    if desired.is_null() || desired.is_array() || row.only_on_creation {
        return None;
    }
    let path = target.text();
    if target.selected(read) > 1 {
        return Some(format!("{path} names {} elements: a second one was appended", target.selected(read)));
    }
    match found {
        Some(found) if *found == desired => None,
        None if desired == "" => None,
        Some(found) if desired.is_boolean() && found.is_string() => {
            Some(format!("{path} is the text {found} and not the boolean {desired}"))
        }
        Some(found) => Some(format!("{path} is {found} and not {desired}")),
        None => Some(format!("{path} is missing and should be {desired}")),
    }
}

/// How the manager differs.
fn manager(job: &Job, source: &Tenant, person: &SourcePerson, link: &UserLink, read: &Value) -> Option<String> {
    let target = job.settings().mappings.users.reference.as_ref()?;
    let manager = job.user(person.manager?)?;
    let is_expected = person.assigned && source.people[person.manager?].assigned && link.is_managed;
    // A reference that failed is in the report already.
    if !is_expected || link.manager.as_ref() != Some(&manager.id) {
        return None;
    }
    let found = target.read(read);
    if found.and_then(|found| found.get("value")).and_then(Value::as_str) == Some(&manager.id) {
        return None;
    }
    let found = found.map_or_else(|| "missing".to_owned(), Value::to_string);
    Some(format!("{} is {found} and should be {{\"value\":{:?}}}", target.text(), manager.id))
}

/// The paths at which a resource has an empty text.
fn empty_texts(read: &Value) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), read)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::String(text) if text.is_empty() => found.push(path),
            Value::Object(object) => open.extend(
                object
                    .iter()
                    .map(|(key, value)| (if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value)),
            ),
            Value::Array(list) => open.extend(list.iter().map(|value| (path.clone(), value))),
            _ => {}
        }
    }
    found.into_iter()
}

/// Keys that are the beginning of a mapped schema, up to a dot in it.
fn stray_schemas<'a>(job: &'a Job, read: &'a Value) -> impl Iterator<Item = &'a String> {
    let keys = read.as_object().into_iter().flat_map(|object| object.keys());
    keys.filter(|key| {
        key.starts_with("urn:")
            && job.settings().mappings.users.rows.iter().any(|row| row.target.text().starts_with(&format!("{key}.")))
    })
}
