//! What becomes of a user in Entra, as the requests that follow from it.

use serde_json::{Value, json};

use super::{GROUPS, USERS};
use crate::simulator::patch::PatchDialect;
use crate::simulator::suites::bodies::{self, PathValues};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::operations::OperationForm;
use crate::simulator::suites::path::MANAGER;
use crate::simulator::suites::session::SuiteSession;

/// Every test, by its original name.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Create_User_Test", create(session).await);
    session.record("Update_User_Test", update(session).await);
    session.record("Disable_User_Test", disable(session).await);
    session.record("Delete_User_Test (optional)", delete(session).await);
    session.record("User_Update_Manager_Test", update_manager(session).await);
    session.record("Restore_User_Test (optional)", restore(session).await);
    session.record("POD_User_Test", provision_on_demand(session).await);
}

/// A user as the service makes it: asked for by name, found by nobody, created, and found.
async fn provision(session: &SuiteSession) -> CheckResult<(String, PathValues)> {
    let (name, mapped) = (session.address(), bodies::mapped(session));
    let nobody = session.find(USERS, "userName", &name).await?.scim(&[200])?;
    let total = nobody.total()?;
    nobody.expect(total == 0, "nobody has this userName yet", || format!("totalResults {total}"))?;
    let mut sent = mapped.clone();
    sent.push(("active", true.into()));
    let id = session.create(USERS, &bodies::user(&name, &sent)).await?;
    let found = session.find(USERS, "userName", &name).await?.scim(&[200])?.only()?;
    found.reads(&[("id", id.clone().into()), ("userName", name.into())])?;
    found.reads(&sent)?;
    Ok((id, mapped))
}

async fn create(session: &SuiteSession) -> CheckResult {
    provision(session).await.map(drop)
}

/// How the service writes several attributes: one operation each, or together with the flag.
fn form(dialect: PatchDialect) -> OperationForm {
    match dialect {
        PatchDialect::Legacy => OperationForm::Verbose,
        PatchDialect::Standard => OperationForm::NonVerbose,
    }
}

async fn update(session: &SuiteSession) -> CheckResult {
    let (id, _) = provision(session).await?;
    let mut changed = bodies::mapped(session);
    changed.push(("userName", session.address().into()));
    let operations = session.dialect.operations(form(session.dialect), "replace", &changed);
    session.patch(USERS, &id, &operations).await?;
    session.read(USERS, &id).await?.reads(&changed)
}

async fn set_active(session: &SuiteSession, id: &str, active: bool) -> CheckResult {
    let operations = session.dialect.operations(form(session.dialect), "replace", &[("active", active.into())]);
    session.patch(USERS, id, &operations).await?;
    session.read(USERS, id).await?.reads(&[("active", active.into())])
}

/// A disabled user stays to be seen, with all that it had.
async fn disable(session: &SuiteSession) -> CheckResult {
    let (id, mapped) = provision(session).await?;
    set_active(session, &id, false).await?;
    session.read(USERS, &id).await?.reads(&mapped)
}

async fn delete(session: &SuiteSession) -> CheckResult {
    let (id, _) = provision(session).await?;
    session.delete(USERS, &id).await?.status(&[204])?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[404]).map(drop)
}

/// A manager, another manager, no manager; each exists.
async fn update_manager(session: &SuiteSession) -> CheckResult {
    let ((id, _), (first, _)) = (provision(session).await?, provision(session).await?);
    let (second, _) = provision(session).await?;
    let value = format!("{MANAGER}.value");
    for (op, manager) in [("add", first), ("replace", second)] {
        let operation = session.dialect.operation(op, MANAGER, &Value::from(manager.clone()));
        session.patch(USERS, &id, &json!([operation])).await?;
        session.read(USERS, &id).await?.reads(&[(&value, manager.into())])?;
    }
    session.patch(USERS, &id, &json!([session.dialect.operation("replace", MANAGER, &json!(""))])).await?;
    session.read(USERS, &id).await?.reads_nothing(&[&value])
}

/// Out of scope and back: the same object, with its attributes and, where there are groups, with its memberships, which the
/// service does not send again.
async fn restore(session: &SuiteSession) -> CheckResult {
    let (id, mapped) = provision(session).await?;
    let group = session.post(GROUPS, &bodies::group(&session.group_name(), &session.guid())).await?;
    let group = if group.status == 201 { Some(group.id()?) } else { None };
    if let Some(group) = &group {
        let operation = session.dialect.operation("add", "members", &json!([{ "value": id }]));
        session.patch(GROUPS, group, &json!([operation])).await?;
    }
    set_active(session, &id, false).await?;
    set_active(session, &id, true).await?;
    session.read(USERS, &id).await?.reads(&mapped)?;
    match group {
        Some(group) => session.read(GROUPS, &group).await?.has_members(&[&id]),
        None => Ok(()),
    }
}

/// On demand the feature flag has no effect: whatever the job says, the legacy dialect is written.
async fn provision_on_demand(session: &SuiteSession) -> CheckResult {
    let probe = session.find(USERS, "userName", &session.guid()).await?.scim(&[200])?;
    let total = probe.total()?;
    probe.expect(total == 0, "totalResults 0", || format!("totalResults {total}"))?;
    let (id, _) = provision(session).await?;
    let changed = bodies::mapped(session);
    session.patch(USERS, &id, &PatchDialect::Legacy.operations(OperationForm::Verbose, "replace", &changed)).await?;
    session.read(USERS, &id).await?.reads(&changed)
}
