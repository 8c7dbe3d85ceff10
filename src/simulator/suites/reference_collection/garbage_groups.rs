//! The folder "Group tests with garbage".

use serde_json::json;

use super::{GROUPS, groups, keep, made};
use crate::simulator::suites::bodies;
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::path::GROUP;
use crate::simulator::suites::session::SuiteSession;

const POST: &str = "Post group";

/// Every request, by its name; returns the group, which the teardown deletes.
pub(super) async fn run(session: &SuiteSession) -> Option<String> {
    let group =
        keep(session, POST, groups::post(session, &bodies::group(&session.group_name(), &session.guid())).await);
    let id = group.as_ref();
    session.record("Group patch add member", add(session, id, "string id 1").await);
    session.record("Group patch add member2", add(session, id, "string id 2").await);
    session.record("Get group", get(session, id, "").await);
    session.record("Get group exclude members", get(session, id, "?excludedAttributes=members").await);
    session.record("group put", put(session, id).await);
    group
}

/// A bare text as the member, which names nobody; the id stands in the body, and the schemas come last.
async fn add(session: &SuiteSession, id: Option<&String>, member: &str) -> CheckResult {
    let id = made(id, POST)?;
    let body = json!({
        "Operations": [{ "op": "add", "path": "members", "value": member }],
        "id": id, "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    });
    session.patch_with(GROUPS, id, &body).await.map(drop)
}

async fn get(session: &SuiteSession, id: Option<&String>, query: &str) -> CheckResult {
    let id = made(id, POST)?;
    session.get(&format!("{GROUPS}/{id}{query}")).await?.status(&[200]).map(drop)
}

async fn put(session: &SuiteSession, id: Option<&String>) -> CheckResult {
    let (id, name) = (made(id, POST)?, session.group_name());
    let body = json!({ "id": id, "displayName": name, "externalId": session.guid(), "schemas": [GROUP] });
    session.put(GROUPS, id, &body).await?.status(&[200])?.reads(&[("displayName", name.into())])
}
