//! The folder "User tests".

use serde_json::{Value, json};

use super::{USERS, delete, keep, made};
use crate::simulator::client::equals;
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::path::{ENTERPRISE, USER};
use crate::simulator::suites::session::SuiteSession;

/// Every request, by its name.
pub(super) async fn run(session: &SuiteSession) {
    let (name, display_name) = (session.address(), session.letters());
    let first = keep(session, "Post User", post(session, &user(session, &name, &display_name)).await);
    let second = keep(session, "Post EnterpriseUser", post_enterprise(session).await);
    let (first, second) = (first.as_ref(), second.as_ref());
    session.record("Get user1", get(session, first, "Post User").await);
    session.record("Get user2", get(session, second, "Post EnterpriseUser").await);
    session.record("Get User Attributes", attributes(session, first, &name).await);
    session.record("Get User Filters", filters(session, first, &display_name).await);
    let new_name = session.address();
    session.record("patch user1", patch(session, first, &new_name).await);
    session.record("Get User1 Check Patch", check_patch(session, first, &new_name).await);
    session.record("User 2 replace test", replace(session, second).await);
    session.record("Get user2 Check replace", check_replace(session, second).await);
    delete(session, "Delete user1", USERS, first, "Post User").await;
    delete(session, "Delete user2", USERS, second, "Post EnterpriseUser").await;
}

/// A user with two e-mail addresses, whose `Primary` is written with a capital letter.
pub(super) fn user(session: &SuiteSession, user_name: &str, display_name: &str) -> Value {
    json!({
        "schemas": [USER], "userName": user_name, "active": true, "displayName": display_name,
        "externalId": session.guid(),
        "name": { "formatted": session.letters(), "familyName": session.letters(), "givenName": session.letters() },
        "emails": [
            { "Primary": true, "type": "work", "value": session.address() },
            { "Primary": false, "type": "home", "value": session.address() },
        ],
    })
}

/// Creates it: 201.
pub(super) async fn post(session: &SuiteSession, body: &Value) -> CheckResult<String> {
    session.post(USERS, body).await?.status(&[201])?.id()
}

/// The names within the extension begin with capital letters.
async fn post_enterprise(session: &SuiteSession) -> CheckResult<String> {
    let mut body = user(session, &session.address(), &session.letters());
    body["schemas"] = json!([ENTERPRISE, USER]);
    body[ENTERPRISE] = json!({ "Department": session.letters(), "Manager": { "Value": session.letters() } });
    post(session, &body).await
}

async fn get(session: &SuiteSession, id: Option<&String>, by: &str) -> CheckResult {
    let id = made(id, by)?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[200])?.reads(&[("id", id.into())])
}

async fn attributes(session: &SuiteSession, id: Option<&String>, name: &str) -> CheckResult {
    let id = made(id, "Post User")?;
    let filter = equals("userName", name);
    let list = session.list(USERS, &[("attributes", "userName,emails"), ("filter", &filter)]).await?;
    list.status(&[200])?.contains(id)
}

/// The attribute begins with a capital letter, and a slash stands before the query.
async fn filters(session: &SuiteSession, id: Option<&String>, display_name: &str) -> CheckResult {
    let id = made(id, "Post User")?;
    let list = session.find(&format!("{USERS}/"), "DisplayName", display_name).await?;
    list.status(&[200])?.contains(id)
}

async fn patch(session: &SuiteSession, id: Option<&String>, name: &str) -> CheckResult {
    let operations = json!([{ "op": "replace", "path": "userName", "value": name }]);
    session.patch(USERS, made(id, "Post User")?, &operations).await.map(drop)
}

async fn check_patch(session: &SuiteSession, id: Option<&String>, name: &str) -> CheckResult {
    let id = made(id, "Post User")?;
    let answer = session.get(&format!("{USERS}/{id}")).await?.status(&[200])?;
    answer.reads(&[("id", id.into()), ("userName", name.into())])
}

/// The id stands in the body too.
async fn replace(session: &SuiteSession, id: Option<&String>) -> CheckResult {
    let id = made(id, "Post EnterpriseUser")?;
    let mut body = user(session, &session.address(), &session.letters());
    body["schemas"] = json!([ENTERPRISE, USER]);
    body["id"] = id.into();
    body["name"]["formatted"] = "NewName".into();
    session.put(USERS, id, &body).await?.status(&[200]).map(drop)
}

async fn check_replace(session: &SuiteSession, id: Option<&String>) -> CheckResult {
    let id = made(id, "Post EnterpriseUser")?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[200])?.reads(&[("name.formatted", "NewName".into())])
}
