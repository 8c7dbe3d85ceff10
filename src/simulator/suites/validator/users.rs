//! The required tests of users.

use serde_json::{Value, json};

use crate::simulator::suites::bodies::{self, PathValues};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::operations::{FORMS, OperationForm};
use crate::simulator::suites::path::MANAGER;
use crate::simulator::suites::session::SuiteSession;

const USERS: &str = "/Users";

/// Every test, by the name that the tool gives it.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Create a new User", create(session).await);
    session.record("Create a duplicate User", create_duplicate(session).await);
    session.record("Filter for an existing user", filter_existing(session).await);
    session.record("Filter for a non-existing user", filter_missing(session).await);
    session.record("Filter for an existing user with a different case", filter_other_case(session).await);
    for form in FORMS {
        let name = format!("Patch User - Replace Attributes ({})", form.label());
        session.record(&name, replace_attributes(session, form).await);
    }
    session.record("Patch User - Update userName", update_user_name(session).await);
    session.record("Patch User - Disable User", disable(session).await);
    for form in FORMS {
        let name = format!("Patch User - Add Attributes ({})", form.label());
        session.record(&name, add_attributes(session, form).await);
    }
    for form in ManagerForm::ALL {
        let label = form.label();
        session.record(&format!("Patch User - Add Manager ({label})"), add_manager(session, form).await);
        session.record(&format!("Patch User - Replace Manager ({label})"), replace_manager(session, form).await);
        session.record(&format!("Patch User - Remove Manager ({label})"), remove_manager(session, form).await);
    }
    session.record("Delete a User", delete(session).await);
}

/// A user to start from, and what was sent: what a job maps by default. With every attribute, a server that refuses one of
/// them would fail every test, and hide what else it does.
async fn new_user(session: &SuiteSession) -> CheckResult<(String, String, PathValues)> {
    let (name, attributes) = (session.address(), bodies::mapped(session));
    let id = session.create(USERS, &bodies::user(&name, &attributes)).await?;
    Ok((id, name, attributes))
}

async fn create(session: &SuiteSession) -> CheckResult {
    let (name, attributes) = (session.address(), bodies::attributes(session));
    let created = session.post(USERS, &bodies::user(&name, &attributes)).await?.scim(&[201])?;
    created.id()?;
    let found = session.find(USERS, "userName", &name).await?.scim(&[200])?.only()?;
    found.reads(&[("userName", name.into())])?;
    found.reads(&attributes)
}

async fn create_duplicate(session: &SuiteSession) -> CheckResult {
    let body = bodies::user(&session.address(), &bodies::mapped(session));
    session.create(USERS, &body).await?;
    session.post(USERS, &body).await?.status(&[409]).map(drop)
}

async fn filter_existing(session: &SuiteSession) -> CheckResult {
    let (id, name, attributes) = new_user(session).await?;
    let found = session.find(USERS, "userName", &name).await?.scim(&[200])?.only()?;
    found.reads(&[("id", id.into()), ("userName", name.into())])?;
    found.reads(&attributes)
}

async fn filter_missing(session: &SuiteSession) -> CheckResult {
    let found = session.find(USERS, "userName", &session.letters()).await?.scim(&[200])?;
    let total = found.total()?;
    found.expect(total == 0, "totalResults 0", || format!("totalResults {total}"))
}

async fn filter_other_case(session: &SuiteSession) -> CheckResult {
    let (id, name, _) = new_user(session).await?;
    let found = session.find(USERS, "userName", &name.to_ascii_uppercase()).await?.scim(&[200])?.only()?;
    found.reads(&[("id", id.into())])
}

async fn replace_attributes(session: &SuiteSession, form: OperationForm) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    let attributes = bodies::attributes(session);
    session.patch(USERS, &id, &session.dialect.operations(form, "replace", &attributes)).await?;
    session.read(USERS, &id).await?.reads(&attributes)
}

async fn update_user_name(session: &SuiteSession) -> CheckResult {
    let (id, old, _) = new_user(session).await?;
    let name = session.address();
    let operation = session.dialect.pathless("replace", &json!({ "userName": name }));
    session.patch(USERS, &id, &json!([operation])).await?;
    session.find(USERS, "userName", &name).await?.scim(&[200])?.only()?.reads(&[("id", id.into())])?;
    let gone = session.find(USERS, "userName", &old).await?.scim(&[200])?;
    let total = gone.total()?;
    gone.expect(total == 0, "nobody has the old userName", || format!("totalResults {total}"))
}

async fn disable(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    let operation = session.dialect.operation("replace", "active", &json!(false));
    session.patch(USERS, &id, &json!([operation])).await?;
    session.read(USERS, &id).await?.reads(&[("active", false.into())])
}

async fn add_attributes(session: &SuiteSession, form: OperationForm) -> CheckResult {
    let id = session.create(USERS, &bodies::bare_user(&session.address())).await?;
    let attributes = bodies::attributes(session);
    session.patch(USERS, &id, &session.dialect.operations(form, "add", &attributes)).await?;
    session.read(USERS, &id).await?.reads(&attributes)
}

/// How a manager is written.
#[derive(Clone, Copy)]
enum ManagerForm {
    /// The bare id, and `""` for nobody.
    Text,
    /// `{"value": id}`, and `{"value": ""}` for nobody.
    Object,
}

impl ManagerForm {
    const ALL: [Self; 2] = [Self::Text, Self::Object];

    fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Object => "object",
        }
    }

    fn value(self, id: &str) -> Value {
        match self {
            Self::Text => id.into(),
            Self::Object => json!({ "value": id }),
        }
    }
}

/// Sets the manager to this id, which nobody has: references are not checked.
async fn set_manager(session: &SuiteSession, form: ManagerForm, op: &str, id: &str, manager: &str) -> CheckResult {
    let operation = session.dialect.operation(op, MANAGER, &form.value(manager));
    session.patch(USERS, id, &json!([operation])).await.map(drop)
}

/// The manager's id, as text.
async fn reads_manager(session: &SuiteSession, id: &str, manager: &str) -> CheckResult {
    let path = format!("{MANAGER}.value");
    session.read(USERS, id).await?.reads(&[(&path, manager.into())])
}

async fn add_manager(session: &SuiteSession, form: ManagerForm) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    let manager = session.letters();
    set_manager(session, form, "add", &id, &manager).await?;
    reads_manager(session, &id, &manager).await
}

async fn replace_manager(session: &SuiteSession, form: ManagerForm) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    set_manager(session, form, "add", &id, &session.letters()).await?;
    let manager = session.letters();
    set_manager(session, form, "replace", &id, &manager).await?;
    reads_manager(session, &id, &manager).await
}

async fn remove_manager(session: &SuiteSession, form: ManagerForm) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    let manager = session.letters();
    set_manager(session, form, "add", &id, &manager).await?;
    reads_manager(session, &id, &manager).await?;
    set_manager(session, form, "replace", &id, "").await?;
    session.read(USERS, &id).await?.reads_nothing(&[&format!("{MANAGER}.value")])
}

async fn delete(session: &SuiteSession) -> CheckResult {
    let (id, _, _) = new_user(session).await?;
    session.delete(USERS, &id).await?.status(&[204])?;
    session.get(&format!("{USERS}/{id}")).await?.status(&[404]).map(drop)
}
