//! Deleting what runs made: at the end of a run what it made itself, and later, by the seed, what a run left behind.
//!
//! Names say whose something is: everybody of a run has a userName in its domain, and each of its groups a name that ends
//! with the seed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::StreamExt as _;
use http::Method;
use serde_json::Value;

use crate::simulator::check::{ListPatience, listed};
use crate::simulator::client::{Client, escape_segment};
use crate::simulator::job::answer::{On, judge};
use crate::simulator::report::{Action, Check, Entry, EntryKind, ErrorCode, LeftOut, Section, Status};

/// After so many deletions without an answer the others are not tried: each could take as long as the deadline.
pub const MAX_UNANSWERED: usize = 3;

/// The domain of a run: of a given seed it is always the same.
pub(super) fn domain(seed: u64) -> String {
    format!("run-{seed}.example")
}

/// What ends the name of each group of a run.
pub(super) fn suffix(seed: u64) -> String {
    format!("(run {seed})")
}

/// Whether a resource of this name was made by a run or a suite with this seed.
fn is_of_run(seed: u64, kind: EntryKind, name: &str) -> bool {
    let (name, domain) = (name.to_lowercase(), domain(seed));
    match kind {
        EntryKind::Group => name.ends_with(&format!(" {}", suffix(seed))) || name.ends_with(&format!(" {domain}")),
        // A scenario may put a name under the domain.
        _ => name.ends_with(&format!("@{domain}")) || (name.contains('@') && name.ends_with(&format!(".{domain}"))),
    }
}

/// Deletes everything on the endpoint that belongs to this seed, and says how many users and groups remain.
pub(super) async fn of_seed(client: &Client, seed: u64, parallel: usize) -> Result<(Section, (usize, usize)), String> {
    let start = Instant::now();
    let mut section = Section::new(format!("Clean-up: what runs with the seed {seed} left is deleted"));
    let (mut remaining, patience) = ((0, 0), ListPatience::default());
    for kind in [EntryKind::Group, EntryKind::User] {
        let ids = match found(client, seed, kind).await {
            Err(reason) if kind == EntryKind::Group => {
                section.left_out.push(LeftOut { name: "the groups".to_owned(), reason });
                continue;
            }
            ids => ids?,
        };
        let tried = ids.len();
        let gone = delete(client, parallel, kind, ids, &mut section).await.len();
        // What an answer to a DELETE says is not believed here either.
        let look = async || found(client, seed, kind).await.map_or(tried - gone, |ids| ids.len());
        let (left, _) = patience.until_current(look, |left| *left == 0).await;
        let name = if kind == EntryKind::Group { "no group of the seed is left" } else { "nobody of the seed is left" };
        section.checks.push(Check::equal(name, &0, &left));
        if kind == EntryKind::Group { remaining.1 = left } else { remaining.0 = left }
    }
    section.traffic = Some(client.take_traffic());
    section.elapsed = start.elapsed();
    Ok((section, remaining))
}

/// The ids of what belongs to a seed.
async fn found(client: &Client, seed: u64, kind: EntryKind) -> Result<Vec<String>, String> {
    let (collection, name) = if kind == EntryKind::Group { ("/Groups", "displayName") } else { ("/Users", "userName") };
    let all = listed(client, collection).await?;
    let text = |resource: &Value, key: &str| resource.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours = all.iter().filter(|resource| is_of_run(seed, kind, &text(resource, name)));
    Ok(ours.map(|resource| text(resource, "id")).filter(|id| !id.is_empty()).collect())
}

/// Deletes by id, and returns the ids of what is gone.
pub(super) async fn delete(
    client: &Client,
    parallel: usize,
    kind: EntryKind,
    ids: impl IntoIterator<Item = String>,
    section: &mut Section,
) -> Vec<String> {
    let collection = if kind == EntryKind::Group { "/Groups" } else { "/Users" };
    let unanswered = &AtomicUsize::new(0);
    let deletions = futures::stream::iter(ids).map(|id| async move {
        if unanswered.load(Ordering::Relaxed) >= MAX_UNANSWERED {
            return (id, None);
        }
        let path = format!("{collection}/{}", escape_segment(&id));
        let answer = judge(On::Delete, client.send(Method::DELETE, &path, None).await);
        match &answer {
            Err(problem) if matches!(problem.code, ErrorCode::Timeout | ErrorCode::WebExceptionProtocolError) => {
                unanswered.fetch_add(1, Ordering::Relaxed);
            }
            _ => unanswered.store(0, Ordering::Relaxed),
        }
        (id, Some(answer))
    });
    let mut deletions = deletions.buffer_unordered(parallel.max(1));
    let (mut gone, mut not_tried) = (Vec::new(), 0);
    while let Some((object, answer)) = deletions.next().await {
        let (status, code, reason) = match answer {
            None => {
                not_tried += 1;
                continue;
            }
            Some(Ok(_)) => (Status::Success, None, String::new()),
            Some(Err(problem)) => (Status::Failure, Some(problem.code), problem.reason),
        };
        if status == Status::Success {
            gone.push(object.clone());
        }
        section.log.add(Entry { kind, object, action: Action::Delete, status, code, reason });
    }
    if not_tried > 0 {
        let (object, reason) =
            (format!("{not_tried} more"), "not tried, because the endpoint does not answer".to_owned());
        section.log.add(Entry { kind, object, action: Action::Delete, status: Status::Failure, code: None, reason });
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whose_something_is() {
        for (kind, name, is_ours) in [
            (EntryKind::User, "anna.ladas1@run-7.example", true),
            (EntryKind::User, "neu.Anna.Ladas1@RUN-7.example", true),
            (EntryKind::User, "Case.Changed2@Mixed.run-7.example", true),
            (EntryKind::User, "a.b1_partner.example#EXT#@run-7.example", true),
            (EntryKind::User, "anna.ladas1@run-17.example", false),
            (EntryKind::User, "anna.ladas1@run-7.example.org", false),
            (EntryKind::User, "run-7.example", false),
            (EntryKind::Group, "Renamed: Bicycles 3 (run 7)", true),
            (EntryKind::Group, "ABCDEF run-7.example", true),
            (EntryKind::Group, "Bicycles 3 (run 77)", false),
            (EntryKind::Group, "Run 7", false),
        ] {
            assert_eq!(is_of_run(7, kind, name), is_ours, "{name}");
        }
    }
}
