//! The folder "ComplexAttribute tests": a filter where attribute names would stand. RFC 7644 knows no such thing; a server
//! that returns the whole e-mail addresses passes.

use super::users::{post, user};
use super::{USERS, delete, keep, made};
use crate::simulator::client::equals;
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::session::SuiteSession;

/// Every request, by its name.
pub(super) async fn run(session: &SuiteSession) {
    let (name, email) = (session.address(), session.letters());
    let mut body = user(session, &name, &session.letters());
    body["emails"][0]["value"] = email.clone().into();
    let first = keep(session, "create user1", post(session, &body).await);
    let second =
        keep(session, "create user2", post(session, &user(session, &session.address(), &session.letters())).await);
    let (first, second) = (first.as_ref(), second.as_ref());
    let by_type = "emails[type eq \"work\"]";
    session.record("Get user attributes", attributes(session, first, &name, by_type, &email).await);
    let by_value = format!("emails[value eq \"{email}\"]");
    session.record("Get user via attributes filter", attributes(session, first, &name, &by_value, &email).await);
    delete(session, "Delete User1", USERS, first, "create user1").await;
    delete(session, "Delete User2", USERS, second, "create user2").await;
}

async fn attributes(
    session: &SuiteSession,
    id: Option<&String>,
    name: &str,
    attributes: &str,
    email: &str,
) -> CheckResult {
    made(id, "create user1")?;
    let filter = equals("userName", name);
    session.list(USERS, &[("attributes", attributes), ("filter", &filter)]).await?.status(&[200])?.contains(email)
}
