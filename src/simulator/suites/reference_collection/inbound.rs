//! The collection "SCIM Inbound": the endpoint as a source that people are read from.
//!
//! Most of its requests assert nothing but a status; where a request changes something, the change is read back.

use serde_json::{Value, json};

use super::{USERS, delete, keep, made};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::path::{ENTERPRISE, MANAGER, USER};
use crate::simulator::suites::session::SuiteSession;

const EMPLOYEE: &str = "Create Employee";
const MANAGED: &str = "Create Employee with manager (last user)";
const INACTIVE: &str = "Create Employee (inactive)";

/// Every request, by its name.
pub(super) async fn run(session: &SuiteSession) {
    session.leave_out("Get Token (SCIM Inbound)", "it asks Entra's own token endpoint; a job has its token already");
    session.record("Test Connection", list(session, &[("count", "1")], 1).await);
    let manager = keep(session, EMPLOYEE, create(session, "Employee", true, None).await);
    let manager = manager.as_ref();
    let contractor = create(session, "Contractor", true, manager).await;
    let contractor = keep(session, "Create Contractor with manager (last user)", contractor);
    let last = keep(session, MANAGED, create(session, "Employee", false, contractor.as_ref()).await);
    let inactive = keep(session, INACTIVE, create(session, "Employee", false, None).await);
    let (last, inactive) = (last.as_ref(), inactive.as_ref());
    session.record("On Demand", on_demand(session, last).await);
    let watermark = watermark(session, last).await.unwrap_or_else(|_| "2100-01-01T00:00:00Z".to_owned());
    for (name, start) in [("FullSync (page 1)", "1"), ("FullSync (page 2)", "6")] {
        let filter = changed("0001-01-03T00:00:00.0000000Z", &watermark);
        session.record(name, list(session, &[("filter", &filter), ("count", "5"), ("startIndex", start)], 5).await);
    }
    let family_name = session.letters();
    let rename = update(session, last, MANAGED, "name.familyName", family_name.into(), "name.familyName").await;
    session.record("Update User (lastname)", rename);
    session.record("Update User (active)", update(session, inactive, INACTIVE, "active", true.into(), "active").await);
    session.record("Update User (manager)", update_manager(session, last, manager).await);
    // The original writes the parameter in lower case and counts from 0.
    let delta = changed(&watermark, "2100-01-01T00:00:00.0000000Z");
    let delta = list(session, &[("filter", &delta), ("count", "100"), ("startindex", "0")], 100).await;
    session.record("DeltaSync", delta);
    let odd = "(ActiVe eq true) and meta.lastmodified ge \"2021-09-23T19:35:41.8420572Z\"";
    session.record("DeltaSync 2", list(session, &[("filter", odd)], usize::MAX).await);
    session.record("Get User by ID", get(session, last).await);
    session.record("Get all users", list(session, &[], usize::MAX).await);
    delete(session, "Delete User 5", USERS, inactive, INACTIVE).await;
}

/// A person with a display text in each e-mail address, and a manager as an object.
async fn create(
    session: &SuiteSession,
    user_type: &str,
    active: bool,
    manager: Option<&String>,
) -> CheckResult<String> {
    let mut enterprise = json!({ "employeeNumber": session.phone(), "organization": session.letters(), "department": session.letters() });
    if let Some(manager) = manager {
        enterprise["manager"] = json!({ "value": manager });
    }
    let (given_name, family_name) = (session.letters(), session.letters());
    let body = json!({
        "schemas": [USER, ENTERPRISE], "externalId": session.guid(), "userName": session.address(), "active": active,
        "name": { "givenName": given_name, "familyName": family_name }, "displayName": format!("{given_name} {family_name}"),
        "locale": session.letters(), "userType": user_type, "title": session.letters(),
        "emails": [
            { "value": session.letters(), "display": session.address(), "type": "work", "primary": true },
            { "value": session.address(), "display": session.address(), "type": "home" },
        ],
        "phoneNumbers": [{ "value": session.phone(), "type": "work", "primary": true }],
        "addresses": [{
            "streetAddress": "1 First Way", "locality": "Redmond", "region": "WA", "postalCode": "98052", "country": "US",
            "type": "work", "primary": true,
        }],
        ENTERPRISE: enterprise,
    });
    session.post(USERS, &body).await?.status(&[201])?.id()
}

/// 200 with a list of no more than so many.
async fn list(session: &SuiteSession, parameters: &[(&str, &str)], most: usize) -> CheckResult {
    let answer = if parameters.is_empty() { session.get(USERS).await } else { session.list(USERS, parameters).await };
    let answer = answer?.status(&[200])?;
    let count = answer.resources()?.len();
    answer.expect(count <= most, &format!("at most {most} resources"), || format!("{count}"))
}

/// The active ones that were changed between two times.
fn changed(from: &str, to: &str) -> String {
    format!("active eq true and (meta.lastModified ge \"{from}\" and meta.lastModified le \"{to}\")")
}

/// The time of the last change, as the endpoint writes it: no clock but its own counts.
async fn watermark(session: &SuiteSession, id: Option<&String>) -> CheckResult<String> {
    let answer = session.get(&format!("{USERS}/{}", made(id, MANAGED)?)).await?.status(&[200])?;
    let time = answer.body()?.pointer("/meta/lastModified").and_then(Value::as_str).map(str::to_owned);
    time.ok_or_else(|| answer.miss("meta.lastModified", answer.answer()))
}

async fn on_demand(session: &SuiteSession, id: Option<&String>) -> CheckResult {
    let id = made(id, MANAGED)?;
    session.find(USERS, "id", id).await?.status(&[200])?.only()?.reads(&[("id", id.into())])
}

/// Replaces one attribute and reads it back.
async fn update(
    session: &SuiteSession,
    id: Option<&String>,
    by: &str,
    path: &str,
    value: Value,
    read: &str,
) -> CheckResult {
    let id = made(id, by)?;
    let operations = json!([{ "op": "replace", "path": path, "value": value }]);
    session.patch(USERS, id, &operations).await?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[200])?.reads(&[(read, value)])
}

/// A dot stands between the schema's URN and the attribute, where the RFC has a colon.
async fn update_manager(session: &SuiteSession, id: Option<&String>, manager: Option<&String>) -> CheckResult {
    let manager = made(manager, EMPLOYEE)?;
    let path = format!("{ENTERPRISE}.manager");
    update(session, id, MANAGED, &path, manager.into(), &format!("{MANAGER}.value")).await
}

async fn get(session: &SuiteSession, id: Option<&String>) -> CheckResult {
    let id = made(id, MANAGED)?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[200])?.reads(&[("id", id.into())])
}
