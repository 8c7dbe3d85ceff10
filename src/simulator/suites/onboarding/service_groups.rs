//! What becomes of a group in Entra, as the requests that follow from it.

use serde_json::{Value, json};

use super::{GROUPS, USERS};
use crate::simulator::client::equals;
use crate::simulator::patch::{MembershipChange, PatchDialect};
use crate::simulator::suites::bodies;
use crate::simulator::suites::exchange::{CheckResult, Exchange};
use crate::simulator::suites::session::SuiteSession;

/// Every test, by its original name.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Create_Group_Test", create(session).await);
    session.record("Update_Group_Test", update(session).await);
    session.record("Delete_Group_Test (optional)", delete(session).await);
    session.record("Group_Update_Add_Member_Test", add_member(session).await);
    session.record("Group_Update_Remove_Member_Test", remove_member(session).await);
    session.record("POD_Group_Test", provision_on_demand(session).await);
    session.record("Restore_Group_Test (optional)", restore(session).await);
}

/// The match query of the service: no members, whatever happens.
async fn find(session: &SuiteSession, name: &str) -> CheckResult<Exchange> {
    let filter = equals("displayName", name);
    session.list(GROUPS, &[("excludedAttributes", "members"), ("filter", &filter)]).await?.scim(&[200])
}

/// A group as the service makes it: asked for by name, created empty, and found. `body` makes the body of the creation.
async fn provision(session: &SuiteSession, name: &str, body: fn(&str, &str) -> Value) -> CheckResult<String> {
    let nothing = find(session, name).await?;
    let total = nothing.total()?;
    nothing.expect(total == 0, "no group has this name yet", || format!("totalResults {total}"))?;
    let external_id = session.guid();
    let id = session.create(GROUPS, &body(name, &external_id)).await?;
    let found = find(session, name).await?.only()?;
    found.reads(&[("id", id.clone().into()), ("displayName", name.into()), ("externalId", external_id.into())])?;
    found.reads_nothing(&["members"])?;
    Ok(id)
}

/// A group to start from. Its body lacks Microsoft's own schema: a server that refuses that would fail every test here, and
/// hide what else it does.
async fn new_group(session: &SuiteSession) -> CheckResult<(String, String)> {
    let name = session.group_name();
    Ok((provision(session, &name, bodies::group).await?, name))
}

async fn new_user(session: &SuiteSession) -> CheckResult<String> {
    session.create(USERS, &bodies::user(&session.address(), &bodies::mapped(session))).await
}

async fn create(session: &SuiteSession) -> CheckResult {
    provision(session, &session.group_name(), bodies::entra_group).await.map(drop)
}

async fn update(session: &SuiteSession) -> CheckResult {
    let (id, _) = new_group(session).await?;
    let member = new_user(session).await?;
    change_member(session, session.dialect, &id, MembershipChange::Add, &member).await?;
    let name = session.group_name();
    let operation = match session.dialect {
        PatchDialect::Legacy => session.dialect.operation("replace", "displayName", &name.clone().into()),
        PatchDialect::Standard => session.dialect.pathless("replace", &json!({ "displayName": name })),
    };
    session.patch(GROUPS, &id, &json!([operation])).await?;
    let read = session.read(GROUPS, &id).await?;
    read.reads(&[("displayName", name.into())])?;
    read.has_members(&[&member])
}

async fn delete(session: &SuiteSession) -> CheckResult {
    let (id, name) = new_group(session).await?;
    let member = new_user(session).await?;
    change_member(session, session.dialect, &id, MembershipChange::Add, &member).await?;
    delete_and_miss(session, &id, &name).await?;
    session.read(USERS, &member).await.map(drop)
}

async fn delete_and_miss(session: &SuiteSession, id: &str, name: &str) -> CheckResult {
    session.delete(GROUPS, id).await?.status(&[204])?;
    session.get(&format!("{GROUPS}/{id}")).await?.status(&[404])?;
    let gone = find(session, name).await?;
    let total = gone.total()?;
    gone.expect(total == 0, "no group has this name any more", || format!("totalResults {total}"))
}

/// One member joins or leaves, in the form of each dialect; without the flag a removal names the member in its value.
async fn change_member(
    session: &SuiteSession,
    dialect: PatchDialect,
    id: &str,
    change: MembershipChange,
    member: &str,
) -> CheckResult {
    let operation = match (dialect, change) {
        (PatchDialect::Legacy, MembershipChange::Add) => dialect.operation("add", "members", &form_1(member)),
        (PatchDialect::Legacy, MembershipChange::Remove) => dialect.operation("remove", "members", &form_1(member)),
        (PatchDialect::Standard, MembershipChange::Add) => {
            dialect.operation("add", "members", &json!([{ "value": member }]))
        }
        (PatchDialect::Standard, MembershipChange::Remove) => {
            dialect.removal(&format!("members[value eq \"{member}\"]"))
        }
    };
    session.patch(GROUPS, id, &json!([operation])).await.map(drop)
}

fn form_1(member: &str) -> Value {
    json!([{ "$ref": null, "value": member }])
}

async fn add_member(session: &SuiteSession) -> CheckResult {
    let (id, _) = new_group(session).await?;
    let (first, second) = (new_user(session).await?, new_user(session).await?);
    change_member(session, session.dialect, &id, MembershipChange::Add, &first).await?;
    session.read(GROUPS, &id).await?.has_members(&[&first])?;
    change_member(session, session.dialect, &id, MembershipChange::Add, &second).await?;
    session.read(GROUPS, &id).await?.has_members(&[&first, &second])
}

/// Only the one that is named leaves: a server that reads no more than the path empties the group.
async fn remove_member(session: &SuiteSession) -> CheckResult {
    let (id, _) = new_group(session).await?;
    let (stays, leaves) = (new_user(session).await?, new_user(session).await?);
    for member in [&stays, &leaves] {
        change_member(session, session.dialect, &id, MembershipChange::Add, member).await?;
    }
    change_member(session, session.dialect, &id, MembershipChange::Remove, &leaves).await?;
    session.read(GROUPS, &id).await?.has_members(&[&stays])
}

/// On demand the feature flag has no effect.
async fn provision_on_demand(session: &SuiteSession) -> CheckResult {
    let (id, _) = new_group(session).await?;
    let (stays, leaves) = (new_user(session).await?, new_user(session).await?);
    for member in [&stays, &leaves] {
        change_member(session, PatchDialect::Legacy, &id, MembershipChange::Add, member).await?;
    }
    change_member(session, PatchDialect::Legacy, &id, MembershipChange::Remove, &leaves).await?;
    session.read(GROUPS, &id).await?.has_members(&[&stays])
}

/// Unassigned, which deletes the group, and assigned again: the same name, a new group.
async fn restore(session: &SuiteSession) -> CheckResult {
    let (id, name) = new_group(session).await?;
    delete_and_miss(session, &id, &name).await?;
    provision(session, &name, bodies::group).await.map(drop)
}
