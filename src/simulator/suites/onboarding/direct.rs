//! Creation, update and manager, asked of the endpoint without the service.

use serde_json::{Value, json};

use super::{GROUPS, USERS};
use crate::simulator::suites::bodies::{self, PathValues};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::operations::OperationForm;
use crate::simulator::suites::path::MANAGER;
use crate::simulator::suites::session::SuiteSession;

/// Every test, by its original name.
pub(super) async fn run(session: &SuiteSession) {
    session.record("SCIM_User_Create_Test", create_user(session).await);
    session.record("SCIM_User_Update_Test", update_user(session).await);
    session.record("SCIM_Group_Create_Test", create_group(session).await);
    session.record("SCIM_Group_Update_Test", update_group(session).await);
    session.record("SCIM_Update_Manager_Test", update_manager(session).await);
}

async fn create_user(session: &SuiteSession) -> CheckResult {
    let name = session.address();
    let created = session.post(USERS, &bodies::user(&name, &bodies::mapped(session))).await?.scim(&[200, 201])?;
    created.id()?;
    created.reads(&[("userName", name.into())])
}

/// The text that the original writes into everything: no value has a format.
fn update_text(session: &SuiteSession) -> Value {
    format!("upd-{}", &session.guid()[..8]).into()
}

async fn update_user(session: &SuiteSession) -> CheckResult {
    let id = session.create(USERS, &bodies::user(&session.address(), &bodies::mapped(session))).await?;
    let mut changed: PathValues = bodies::MAPPED.iter().map(|path| (*path, update_text(session))).collect();
    changed.push(("userName", update_text(session)));
    session.patch(USERS, &id, &session.dialect.operations(OperationForm::Verbose, "replace", &changed)).await?;
    session.read(USERS, &id).await?.reads(&changed)
}

async fn create_group(session: &SuiteSession) -> CheckResult {
    let name = session.group_name();
    let created = session.post(GROUPS, &bodies::group(&name, &session.guid())).await?.scim(&[200, 201])?;
    created.id()?;
    created.reads(&[("displayName", name.into())])
}

async fn update_group(session: &SuiteSession) -> CheckResult {
    let id = session.create(GROUPS, &bodies::group(&session.group_name(), &session.guid())).await?;
    let changed = [("displayName", update_text(session)), ("externalId", update_text(session))];
    session.patch(GROUPS, &id, &session.dialect.operations(OperationForm::Verbose, "replace", &changed)).await?;
    session.read(GROUPS, &id).await?.reads(&changed)
}

/// The manager's id comes back as the text that was sent.
async fn update_manager(session: &SuiteSession) -> CheckResult {
    let id = session.create(USERS, &bodies::user(&session.address(), &bodies::mapped(session))).await?;
    let value = format!("{MANAGER}.value");
    for op in ["add", "replace"] {
        let manager = session.create(USERS, &bodies::bare_user(&session.address())).await?;
        session.patch(USERS, &id, &json!([session.dialect.operation(op, MANAGER, &manager.clone().into())])).await?;
        session.read(USERS, &id).await?.reads(&[(&value, manager.into())])?;
    }
    session.patch(USERS, &id, &json!([session.dialect.operation("replace", MANAGER, &json!(""))])).await?;
    session.read(USERS, &id).await?.reads_nothing(&[&value])
}
