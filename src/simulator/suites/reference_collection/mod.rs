//! The request collections of Microsoft's SCIM reference code: "SCIM Tests" and "SCIM Inbound".
//!
//! The checks have the names of the requests, and come in their order. The originals demand an empty endpoint and know
//! their resources by fixed names. Here totals are relative to what was there before, names are nobody else's, and a list
//! that has to contain something is narrowed to it by a filter.

mod complex;
mod endpoints;
mod garbage;
mod garbage_bodies;
mod garbage_groups;
mod groups;
mod inbound;
mod users;

use super::SuiteContext;
use super::exchange::{CheckResult, Miss};
use super::session::SuiteSession;
use crate::simulator::report::Section;

const USERS: &str = "/Users";
const GROUPS: &str = "/Groups";

/// Every folder of both collections.
pub(super) async fn run(context: &SuiteContext) -> Vec<Section> {
    let endpoints = SuiteSession::new(context, "Reference collection: Endpoint tests");
    endpoints::run(&endpoints).await;
    let users = SuiteSession::new(context, "Reference collection: User tests");
    users::run(&users).await;
    let groups = SuiteSession::new(context, "Reference collection: Group tests");
    groups::run(&groups).await;
    let complex = SuiteSession::new(context, "Reference collection: ComplexAttribute tests");
    complex::run(&complex).await;
    // Each group counts what is there before it begins.
    let mut sections =
        vec![endpoints.finish().await, users.finish().await, groups.finish().await, complex.finish().await];
    let garbage = SuiteSession::new(context, "Reference collection: tests with garbage, and their teardown");
    garbage::run(&garbage).await;
    sections.push(garbage.finish().await);
    let inbound = SuiteSession::new(context, "Reference collection: SCIM Inbound");
    inbound::run(&inbound).await;
    sections.push(inbound.finish().await);
    sections
}

/// Writes down how a request ended and keeps what a later one needs of it.
fn keep<T>(session: &SuiteSession, name: &str, outcome: CheckResult<T>) -> Option<T> {
    let (outcome, kept) = match outcome {
        Ok(value) => (Ok(()), Some(value)),
        Err(miss) => (Err(miss), None),
    };
    session.record(name, outcome);
    kept
}

/// What an earlier request made.
fn made<'a>(id: Option<&'a String>, by: &str) -> CheckResult<&'a str> {
    id.map(String::as_str).ok_or_else(|| Miss {
        expected: format!("what \"{by}\" makes"),
        found: "that request failed, so this one was not sent".to_owned(),
    })
}

/// DELETE of what an earlier request made: 204.
async fn delete(session: &SuiteSession, name: &str, endpoint: &str, id: Option<&String>, by: &str) {
    let outcome = async { session.delete(endpoint, made(id, by)?).await?.status(&[204]).map(drop) }.await;
    session.record(name, outcome);
}
