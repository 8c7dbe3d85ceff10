//! The folders "Get Token" and "Endpoint tests".

use super::{GROUPS, USERS};
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::session::SuiteSession;

/// Every request, by its name.
pub(super) async fn run(session: &SuiteSession) {
    session.leave_out(
        "Get Token",
        "GET /Token is the reference code's own way to hand out a token; a job has its token already",
    );
    session.record("Get empty Users", list(session, USERS).await);
    session.leave_out(
        "Get empty Users at /users",
        "the original writes this one path in lower case, which only its own server takes for the same: paths are case-sensitive",
    );
    session.record("Get empty Groups", list(session, GROUPS).await);
    session.record("Get ResourceTypes", resource_types(session).await);
    session.record("Get ServiceProviderConfig", service_provider_config(session).await);
    session.leave_out(
        "Get serviceConfiguration",
        "the name that older versions of the collection use for the same; RFC 7644 section 4 has none but ServiceProviderConfig",
    );
    session.record("Get Schemas", schemas(session).await);
}

async fn list(session: &SuiteSession, endpoint: &str) -> CheckResult {
    session.get(endpoint).await?.status(&[200])?.resources().map(drop)
}

/// Users come first.
async fn resource_types(session: &SuiteSession) -> CheckResult {
    let answer = session.get("/ResourceTypes").await?.status(&[200])?;
    let first = answer.resources()?.first().map(|first| first["endpoint"].clone()).unwrap_or_default();
    answer.expect(first == "/Users", "Resources[0].endpoint is /Users", || first.to_string())
}

async fn service_provider_config(session: &SuiteSession) -> CheckResult {
    session.get("/ServiceProviderConfig").await?.status(&[200])?.reads(&[("patch.supported", true.into())])
}

async fn schemas(session: &SuiteSession) -> CheckResult {
    session.get("/Schemas").await?.status(&[200])?.contains("User Account")
}
