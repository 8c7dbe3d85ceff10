//! The required tests of groups.

use serde_json::{Value, json};

use crate::simulator::client::equals;
use crate::simulator::suites::bodies;
use crate::simulator::suites::exchange::{CheckResult, Exchange};
use crate::simulator::suites::session::SuiteSession;

const USERS: &str = "/Users";
const GROUPS: &str = "/Groups";
/// What Entra adds to every read of a group.
const NO_MEMBERS: (&str, &str) = ("excludedAttributes", "members");

/// Every test, by the name that the tool gives it.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Get group by id excluding members", read_without_members(session).await);
    session.record("Filter for an existing group", filter_existing(session, false).await);
    session.record("Filter for an existing group excluding members", filter_existing(session, true).await);
    session.record("Filter for a non-existing group", filter_missing(session).await);
    session.record("Filter for an existing group with a different case", filter_other_case(session).await);
    session.record("Create a new Group", create(session).await);
    session.record("Create a duplicate Group", create_duplicate(session).await);
    session.record("Patch Group - Replace Attributes", replace_attributes(session).await);
    session.record("Patch Group - Update displayName", update_display_name(session).await);
    session.record("Patch Group - Add Member", add_member(session).await);
    session.record("Patch Group - Remove Member", remove_member(session).await);
    session.record("Delete a Group", delete(session).await);
}

/// An empty group, its name and its externalId.
async fn new_group(session: &SuiteSession) -> CheckResult<(String, String, String)> {
    let (name, external_id) = (session.group_name(), session.guid());
    let id = session.create(GROUPS, &bodies::group(&name, &external_id)).await?;
    Ok((id, name, external_id))
}

/// Users who can be members.
pub(super) async fn new_users<const N: usize>(session: &SuiteSession) -> CheckResult<[String; N]> {
    let mut ids = [const { String::new() }; N];
    for id in &mut ids {
        *id = session.create(USERS, &bodies::bare_user(&session.address())).await?;
    }
    Ok(ids)
}

/// Makes these the members, as the tool does it.
async fn set_members(session: &SuiteSession, id: &str, members: &[&str]) -> CheckResult {
    let members: Vec<_> = members.iter().map(|member| json!({ "value": member })).collect();
    let operation = session.dialect.operation("replace", "members", &Value::Array(members));
    session.patch(GROUPS, id, &json!([operation])).await.map(drop)
}

fn has_no_members(group: &Exchange) -> CheckResult {
    let members = group.body()?.get("members");
    group.expect(members.is_none(), "no members", || format!("members = {}", members.unwrap_or(&Value::Null)))
}

async fn read_without_members(session: &SuiteSession) -> CheckResult {
    let (id, name, external_id) = new_group(session).await?;
    let [member] = new_users(session).await?;
    set_members(session, &id, &[&member]).await?;
    let group = session.list(&format!("{GROUPS}/{id}"), &[NO_MEMBERS]).await?.scim(&[200])?;
    group.reads(&[("id", id.into()), ("displayName", name.into()), ("externalId", external_id.into())])?;
    has_no_members(&group)
}

async fn filter_existing(session: &SuiteSession, without_members: bool) -> CheckResult {
    let (id, name, external_id) = new_group(session).await?;
    let [member] = new_users(session).await?;
    set_members(session, &id, &[&member]).await?;
    let filter = equals("displayName", &name);
    let parameters = if without_members { vec![NO_MEMBERS, ("filter", &filter)] } else { vec![("filter", &*filter)] };
    let found = session.list(GROUPS, &parameters).await?.scim(&[200])?.only()?;
    found.reads(&[("id", id.into()), ("displayName", name.into()), ("externalId", external_id.into())])?;
    if without_members { has_no_members(&found) } else { Ok(()) }
}

async fn filter_missing(session: &SuiteSession) -> CheckResult {
    let found = session.find(GROUPS, "displayName", &session.letters()).await?.scim(&[200])?;
    let total = found.total()?;
    found.expect(total == 0, "totalResults 0", || format!("totalResults {total}"))
}

async fn filter_other_case(session: &SuiteSession) -> CheckResult {
    let (id, name, _) = new_group(session).await?;
    let found = session.find(GROUPS, "displayName", &name.to_ascii_lowercase()).await?.scim(&[200])?.only()?;
    found.reads(&[("id", id.into())])
}

async fn create(session: &SuiteSession) -> CheckResult {
    let (name, external_id) = (session.group_name(), session.guid());
    let created = session.post(GROUPS, &bodies::group(&name, &external_id)).await?.scim(&[201])?;
    let id = created.id()?;
    session.read(GROUPS, &id).await?.reads(&[("displayName", name.into()), ("externalId", external_id.into())])
}

async fn create_duplicate(session: &SuiteSession) -> CheckResult {
    let (_, name, external_id) = new_group(session).await?;
    session.post(GROUPS, &bodies::group(&name, &external_id)).await?.status(&[409]).map(drop)
}

async fn replace_attributes(session: &SuiteSession) -> CheckResult {
    let (id, name, _) = new_group(session).await?;
    let external_id = session.guid();
    let operation = session.dialect.pathless("replace", &json!({ "externalId": external_id }));
    session.patch(GROUPS, &id, &json!([operation])).await?;
    session.read(GROUPS, &id).await?.reads(&[("externalId", external_id.into()), ("displayName", name.into())])
}

async fn update_display_name(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_group(session).await?;
    let name = session.group_name();
    let operation = session.dialect.pathless("replace", &json!({ "displayName": name }));
    session.patch(GROUPS, &id, &json!([operation])).await?;
    session.read(GROUPS, &id).await?.reads(&[("displayName", name.into())])
}

async fn add_member(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_group(session).await?;
    let [member] = new_users(session).await?;
    set_members(session, &id, &[&member]).await?;
    session.read(GROUPS, &id).await?.has_members(&[&member])
}

async fn remove_member(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_group(session).await?;
    let [stays, leaves] = new_users(session).await?;
    set_members(session, &id, &[&stays, &leaves]).await?;
    session.read(GROUPS, &id).await?.has_members(&[&stays, &leaves])?;
    let operation = session.dialect.removal(&format!("members[value eq \"{leaves}\"]"));
    session.patch(GROUPS, &id, &json!([operation])).await?;
    session.read(GROUPS, &id).await?.has_members(&[&stays])
}

async fn delete(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_group(session).await?;
    session.delete(GROUPS, &id).await?.status(&[204])?;
    session.get(&format!("{GROUPS}/{id}")).await?.status(&[404]).map(drop)
}
