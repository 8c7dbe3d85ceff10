//! `SCIM_Null_Update_Test`: an attribute that is set to `""`, and then to null, is gone.

use serde_json::{Value, json};

use super::USERS;
use crate::simulator::suites::bodies::{self, MAPPED};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::operations::{FORMS, OperationForm};
use crate::simulator::suites::session::SuiteSession;

/// The one test, in the form of either dialect.
pub(super) async fn run(session: &SuiteSession) {
    for form in FORMS {
        let name = format!("SCIM_Null_Update_Test ({})", form.label());
        session.record(&name, null_update(session, form).await);
    }
}

/// Every mapped and optional attribute that is not matched by. In the second round a filtered path finds no element any
/// more, and that is a success too. `active` is left alone: a boolean has no empty value.
async fn null_update(session: &SuiteSession, form: OperationForm) -> CheckResult {
    let id = session.create(USERS, &bodies::user(&session.address(), &bodies::mapped(session))).await?;
    for nothing in [json!(""), Value::Null] {
        let attributes: Vec<_> = MAPPED.iter().map(|path| (*path, nothing.clone())).collect();
        session.patch(USERS, &id, &session.dialect.operations(form, "replace", &attributes)).await?;
        session.read(USERS, &id).await?.reads_nothing(MAPPED)?;
    }
    Ok(())
}
