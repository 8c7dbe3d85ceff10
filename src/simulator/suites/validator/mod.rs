//! The SCIM Validator of Microsoft with its default attributes: the required tests and those in preview.
//!
//! Successes have to be `application/scim+json`. Both 200 and 204 pass for a PATCH. What the tool is known to do wrong is
//! not imitated: it takes a soft delete for a failure, ignores `returned: never` and removes required attributes.

mod groups;
mod preview;
mod users;

use super::SuiteContext;
use super::session::SuiteSession;
use crate::simulator::report::Section;

/// Every test, in the tool's order.
pub(super) async fn run(context: &SuiteContext) -> Vec<Section> {
    let users = SuiteSession::new(context, "SCIM Validator: users");
    users::run(&users).await;
    let groups = SuiteSession::new(context, "SCIM Validator: groups");
    groups::run(&groups).await;
    let preview = SuiteSession::new(context, "SCIM Validator: tests in preview");
    preview::run(&preview).await;
    vec![users.finish().await, groups.finish().await, preview.finish().await]
}
