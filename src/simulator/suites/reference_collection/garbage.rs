//! The folders "User tests with garbage" and "Teardown garbage".

use serde_json::{Value, json};

use super::garbage_bodies::{JUNK, People, misspell};
use super::users::post;
use super::{GROUPS, USERS, delete, garbage_groups, keep, made};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::path::{ENTERPRISE, USER};
use crate::simulator::suites::session::SuiteSession;

/// A value without quotes, with seven digits of a second and an offset.
const CREATED_AFTER: &str = "meta.Created gt 2015-10-10T14:38:21.8617979-07:00";
const OMALLEY: &str = "Post user \"OMalley\"";
const EMP1: &str = "Post emp1 with string \"True\"";

/// What was there before.
struct Before {
    users: CheckResult<u64>,
    created: CheckResult<u64>,
    groups: CheckResult<u64>,
}

/// Every request, by its name.
pub(super) async fn run(session: &SuiteSession) {
    let before = Before {
        users: total(session, USERS, &[]).await,
        created: total(session, USERS, &[("filter", CREATED_AFTER)]).await,
        groups: total(session, GROUPS, &[]).await,
    };
    let people = People::new(session);
    let employee = |name| people.body(&people.employee(name), &people.family_name());

    let omalley = keep(session, OMALLEY, post_omalley(session, &people).await);
    let emp1 = keep(session, EMP1, post_true(session, employee("emp1")).await);
    let first = count(&[omalley.as_ref(), emp1.as_ref()]);
    session.record("Get all users", all_users(session, &before, first, &people).await);
    let emp2 = keep(session, "Post emp2", post(session, &employee("emp2")).await);
    let emp3 = keep(session, "Post emp3", post(session, &employee("emp3")).await);
    session.record("Post no username", post_no_name(session, employee("nobody")).await);
    session
        .record("Post junk", session.post_text(USERS, JUNK).await.and_then(|answer| answer.status(&[400]).map(drop)));
    session.record("Post emp3 exists", post_again(session, &employee("emp3")).await);
    session.record("Post emp3 exists try again", post_again(session, &employee("emp3")).await);
    let id = omalley.as_ref();
    session.record("Put a user no username", put_no_name(session, id, &people).await);
    session.record("Put a user misspelled attribute", put_misspelled(session, id, &people).await);
    let enterprise = keep(session, "Post enterprise user", post_enterprise(session, employee("enterprise")).await);
    let new_name = format!("new-{}", people.mark);
    session.record("Patch user omalley new username", patch(session, id, "userName", new_name.clone().into()).await);
    session.record("patch user omalley active with boolean", patch(session, id, "active", false.into()).await);
    session.leave_out(
        "the status 204 of both",
        "the collection asserts 204, the reference code and the Validator have 200; Entra takes both, and so does this suite",
    );
    session.record("get user1", check_patches(session, id, &new_name).await);
    session.record("Put a user OMalley", put(session, id, &people).await);
    let employees = count(&[emp1.as_ref(), emp2.as_ref(), emp3.as_ref(), enterprise.as_ref()]);
    let all = employees + count(&[id]);
    session.record("Paginate", paginate(session, &before, all).await);
    let attributes = [("attributes", "userName,emails")];
    session.record("get user attributes", grown(session, USERS, &attributes, &before.users, all).await);
    session.record("Post emp3 exists try again, after the changes", post_again(session, &employee("emp3")).await);
    filters(session, &before, &people, employees, all).await;

    let group = garbage_groups::run(session).await;

    delete(session, "Delete user 1", USERS, id, OMALLEY).await;
    delete(session, "Delete user 2", USERS, emp1.as_ref(), EMP1).await;
    delete(session, "Delete user3 emp2", USERS, emp2.as_ref(), "Post emp2").await;
    delete(session, "Delete user4 emp3", USERS, emp3.as_ref(), "Post emp3").await;
    delete(session, "Delete enterprise user", USERS, enterprise.as_ref(), "Post enterprise user").await;
    delete(session, "Delete group 1", GROUPS, group.as_ref(), "Post group").await;
    session
        .record("Get all users: cleared", grown(session, USERS, &[("attributes", "userName")], &before.users, 0).await);
    session.record("Get all groups: cleared", grown(session, GROUPS, &[], &before.groups, 0).await);
}

/// How many of these were made: five in all, and fewer where the endpoint refused one, which is a finding of its own.
fn count(made: &[Option<&String>]) -> u64 {
    made.iter().flatten().count() as u64
}

/// The filters, whose values have no quotes.
async fn filters(session: &SuiteSession, before: &Before, people: &People, employees: u64, all: u64) {
    let family = format!(
        "name.FamilyName eq {} and (emails.Value co example.com or emails.Value co example.org)",
        people.family_name()
    );
    session.record("filter eq and (val or val)", counts(session, &family, employees).await);
    let begins = format!("userName sw O{}", people.mark);
    session.record("filter starts with", counts(session, &begins, 1).await);
    let created = grown(session, USERS, &[("filter", CREATED_AFTER)], &before.created, all).await;
    session.record("filter greater than", created);
}

async fn total(session: &SuiteSession, endpoint: &str, parameters: &[(&str, &str)]) -> CheckResult<u64> {
    let path =
        if parameters.is_empty() { session.get(endpoint).await } else { session.list(endpoint, parameters).await };
    path?.status(&[200])?.total()
}

/// So many more than before.
async fn grown(
    session: &SuiteSession,
    endpoint: &str,
    parameters: &[(&str, &str)],
    before: &CheckResult<u64>,
    by: u64,
) -> CheckResult {
    let expected = before.clone()? + by;
    let answer = session.list(endpoint, parameters).await?.status(&[200])?;
    let total = answer.total()?;
    answer.expect(total == expected, &format!("totalResults {expected}"), || format!("totalResults {total}"))
}

async fn counts(session: &SuiteSession, filter: &str, expected: u64) -> CheckResult {
    grown(session, USERS, &[("filter", filter)], &Ok(0), expected).await
}

async fn post_omalley(session: &SuiteSession, people: &People) -> CheckResult<String> {
    let created = session.post(USERS, &people.omalley_body()).await?.status(&[201])?;
    created.reads(&[("userName", people.omalley().into()), ("active", true.into())])?;
    created.id()
}

async fn post_true(session: &SuiteSession, mut body: Value) -> CheckResult<String> {
    body["active"] = "True".into();
    let created = session.post(USERS, &body).await?.status(&[201])?;
    created.reads(&[("active", true.into())])?;
    created.id()
}

/// The name is looked for where the answer holds everybody; on an endpoint with others it may be on a later page.
async fn all_users(session: &SuiteSession, before: &Before, by: u64, people: &People) -> CheckResult {
    grown(session, USERS, &[], &before.users, by).await?;
    let answer = session.get(USERS).await?.status(&[200])?;
    let holds_all = answer.total()? == answer.resources()?.len() as u64;
    if holds_all { answer.contains(&people.omalley()) } else { Ok(()) }
}

async fn post_no_name(session: &SuiteSession, body: Value) -> CheckResult {
    let body = misspell(body, "userName", "userame");
    session.post(USERS, &body).await?.status(&[400]).map(drop)
}

async fn post_again(session: &SuiteSession, body: &Value) -> CheckResult {
    session.post(USERS, body).await?.status(&[409])?.contains("detail")
}

async fn put_no_name(session: &SuiteSession, id: Option<&String>, people: &People) -> CheckResult {
    let id = made(id, OMALLEY)?;
    let body = misspell(people.omalley_put(id), "userName", "userame");
    session.put(USERS, id, &body).await?.status(&[400]).map(drop)
}

/// The attribute that nobody knows is ignored, and the one that is missing is gone.
async fn put_misspelled(session: &SuiteSession, id: Option<&String>, people: &People) -> CheckResult {
    let id = made(id, OMALLEY)?;
    let body = misspell(people.omalley_put(id), "addresses", "adreses");
    let answer = session.put(USERS, id, &body).await?.status(&[200])?;
    answer.reads_nothing(&["addresses", "adreses"])
}

async fn post_enterprise(session: &SuiteSession, mut body: Value) -> CheckResult<String> {
    body["schemas"] = json!([USER, ENTERPRISE]);
    body[ENTERPRISE] = json!({ "Department": "some department" });
    post(session, &body).await
}

async fn patch(session: &SuiteSession, id: Option<&String>, path: &str, value: Value) -> CheckResult {
    let operations = json!([{ "op": "Replace", "path": path, "value": value }]);
    session.patch(USERS, made(id, OMALLEY)?, &operations).await.map(drop)
}

async fn check_patches(session: &SuiteSession, id: Option<&String>, name: &str) -> CheckResult {
    let id = made(id, OMALLEY)?;
    let answer = session.get(&format!("{USERS}/{id}")).await?.status(&[200])?;
    answer.reads(&[("userName", name.into()), ("active", false.into())])
}

async fn put(session: &SuiteSession, id: Option<&String>, people: &People) -> CheckResult {
    let id = made(id, OMALLEY)?;
    let answer = session.put(USERS, id, &people.omalley_put(id)).await?.status(&[200])?;
    answer.reads(&[("userName", people.omalley().into()), ("active", false.into())])?;
    answer.contains("Germany")
}

async fn paginate(session: &SuiteSession, before: &Before, all: u64) -> CheckResult {
    let page = [("startIndex", "1"), ("count", "2")];
    grown(session, USERS, &page, &before.users, all).await?;
    session.list(USERS, &page).await?.reads(&[("itemsPerPage", 2.into())])
}
