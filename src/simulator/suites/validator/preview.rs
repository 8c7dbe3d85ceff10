//! The tests that the tool calls a preview.

use serde_json::json;

use super::groups::new_users;
use crate::simulator::suites::bodies;
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::session::SuiteSession;

const USERS: &str = "/Users";
const GROUPS: &str = "/Groups";

/// Every test, by the name that the tool gives it.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Patch User - Multiple Operations on different attributes", different_attributes(session).await);
    session.record("Patch User - Multiple Operations on the same attribute", same_attribute(session).await);
    session.record("Delete a non-existent User", delete_missing(session, USERS).await);
    session.record("Delete a non-existent Group", delete_missing(session, GROUPS).await);
    session.record("Delete the same User twice", delete_user_twice(session).await);
    session.record("Delete the same Group twice", delete_group_twice(session).await);
    session.record("Patch Group - Add and remove the same Member", add_and_remove_member(session).await);
}

async fn different_attributes(session: &SuiteSession) -> CheckResult {
    let body = bodies::user(&session.address(), &bodies::mapped(session));
    let id = session.create(USERS, &body).await?;
    let (external_id, name) = (session.guid(), session.letters());
    let operations = json!([
        session.dialect.removal("preferredLanguage"),
        session.dialect.pathless("add", &json!({ "externalId": external_id })),
        session.dialect.pathless("replace", &json!({ "displayName": name })),
    ]);
    session.patch(USERS, &id, &operations).await?;
    let read = session.read(USERS, &id).await?;
    read.reads(&[("externalId", external_id.into()), ("displayName", name.into())])?;
    read.reads_nothing(&["preferredLanguage"])
}

async fn same_attribute(session: &SuiteSession) -> CheckResult {
    let body = bodies::user(&session.address(), &bodies::mapped(session));
    let id = session.create(USERS, &body).await?;
    let last = session.guid();
    let operations = json!([
        session.dialect.removal("externalId"),
        session.dialect.pathless("add", &json!({ "externalId": session.guid() })),
        session.dialect.pathless("replace", &json!({ "externalId": last })),
    ]);
    session.patch(USERS, &id, &operations).await?;
    session.read(USERS, &id).await?.reads(&[("externalId", last.into())])
}

async fn delete_missing(session: &SuiteSession, endpoint: &str) -> CheckResult {
    session.delete(endpoint, &session.guid()).await?.status(&[404]).map(drop)
}

async fn delete_user_twice(session: &SuiteSession) -> CheckResult {
    let id = session.create(USERS, &bodies::bare_user(&session.address())).await?;
    delete_twice(session, USERS, &id).await
}

async fn delete_group_twice(session: &SuiteSession) -> CheckResult {
    let id = session.create(GROUPS, &bodies::group(&session.group_name(), &session.guid())).await?;
    delete_twice(session, GROUPS, &id).await
}

async fn delete_twice(session: &SuiteSession, endpoint: &str, id: &str) -> CheckResult {
    session.delete(endpoint, id).await?.status(&[204])?;
    session.delete(endpoint, id).await?.status(&[404]).map(drop)
}

async fn add_and_remove_member(session: &SuiteSession) -> CheckResult {
    let id = session.create(GROUPS, &bodies::group(&session.group_name(), &session.guid())).await?;
    let [member] = new_users(session).await?;
    let operations = json!([
        session.dialect.operation("add", "members", &json!([{ "value": member }])),
        session.dialect.removal(&format!("members[value eq \"{member}\"]")),
    ]);
    session.patch(GROUPS, &id, &operations).await?;
    session.read(GROUPS, &id).await?.has_members(&[])
}
