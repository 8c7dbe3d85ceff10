//! Reads a report, joins it, and writes it if nobody wrote since.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::decide::{self, FIELDS, StandingReport};
use super::observe::ReportSubject;
use crate::api::{API_VERSION, Object};
use crate::controller::status::decide::difference;
use crate::controller::tools::Tools;
use crate::rules::naming::DIRECTORY_LABEL;
use crate::store::Error;
use crate::store::kind::Kind;

/// How often a join begins anew after another replica was quicker.
const TRIES: usize = 8;

/// What came of a look at a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The report with this uid was written.
    Written(String),
    /// The report with this uid, if there is one, stands as it should, or is none of this Directory's.
    Unchanged(Option<String>),
    /// Somebody deleted the report: the observation begins anew.
    StartedOver,
}

/// Joins what this replica saw into the report, which it makes where there is none. `uid` is that of the report that it joined
/// before.
pub async fn join(tools: &Tools, subject: &ReportSubject, uid: Option<&str>, now: Timestamp) -> Result<Joined, Error> {
    let (namespace, name) = (subject.name.namespace(), subject.name.name());
    for _ in 0..TRIES {
        let report = match tools.store.objects().get(Kind::REPORT, namespace, name).await {
            Ok(report) => report,
            Err(Error::NotFound) if uid.is_some() && subject.is_observed => return Ok(start_over(tools, subject)),
            // Nobody reads a report of what is over and was never told.
            Err(Error::NotFound) if !subject.is_observed => return Ok(Joined::Unchanged(None)),
            Err(Error::NotFound) => {
                tools.write_rate.turn().await;
                match tools.store.objects().create(Kind::REPORT, namespace, &new_report(subject)).await {
                    Ok(report) => report,
                    Err(Error::Exists) => continue,
                    Err(error) => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        if uid.is_some_and(|uid| uid != report.uid()) && subject.is_observed {
            return Ok(start_over(tools, subject));
        }
        // That of an earlier Directory of this name is about to be removed with it.
        if report.only_owner().is_some_and(|owner| owner != subject.directory.seen.uid) {
            return Ok(Joined::Unchanged(None));
        }
        let uid = report.uid().to_owned();
        if !subject.is_observed && report.status()["startedAt"].is_null() {
            return Ok(Joined::Unchanged(Some(uid)));
        }
        let stands = StandingReport { generation: report.generation(), status: report.status() };
        let wanted = decide::status(&stands, subject, now);
        let Some(changes) = difference(report.status(), &wanted, FIELDS) else {
            return Ok(Joined::Unchanged(Some(uid)));
        };
        let patch = json!({ "metadata": { "resourceVersion": report.resource_version() }, "status": changes });
        tools.write_rate.turn().await;
        match tools.store.write_status(Kind::REPORT, namespace, name, &patch).await {
            Ok(uid) => return Ok(Joined::Written(uid)),
            Err(Error::Conflict | Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

/// Looks whether the report that this replica joined is still there.
pub async fn check(tools: &Tools, subject: &ReportSubject, uid: Option<&str>) -> Result<Joined, Error> {
    let (namespace, name) = (subject.name.namespace(), subject.name.name());
    match tools.store.objects().get(Kind::REPORT, namespace, name).await {
        Ok(report) if uid.is_none_or(|uid| uid == report.uid()) => Ok(Joined::Unchanged(uid.map(str::to_owned))),
        Ok(_) | Err(Error::NotFound) => Ok(start_over(tools, subject)),
        Err(error) => Err(error),
    }
}

fn start_over(tools: &Tools, subject: &ReportSubject) -> Joined {
    if let Some(observation) = &subject.observation {
        tools.store.restart_observation(observation);
    }
    Joined::StartedOver
}

/// A report about a Directory, which it goes with.
fn new_report(subject: &ReportSubject) -> Object {
    let (namespace, name) = (subject.name.namespace(), subject.name.name());
    let owner: Value = json!({
        "apiVersion": API_VERSION, "kind": Kind::DIRECTORY.name, "name": name, "uid": subject.directory.seen.uid,
    });
    json!({
        "apiVersion": API_VERSION,
        "kind": Kind::REPORT.name,
        "metadata": {
            "name": name, "namespace": namespace, "labels": { DIRECTORY_LABEL: name }, "ownerReferences": [owner],
        },
        "spec": { "directoryRef": { "name": name } },
    })
    .into()
}
