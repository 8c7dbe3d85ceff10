//! The tests that an application passes before Microsoft takes it into its gallery: 25 in their original form.
//!
//! Fourteen of them go through the provisioning service; here the requests are sent that the service would send. Nine ask
//! the endpoint directly. Two are about credentials that an administrator does not have here, and are left out.

mod direct;
mod null_update;
mod pages;
mod schemas;
mod service_groups;
mod service_users;

use super::SuiteContext;
use super::session::SuiteSession;
use crate::simulator::report::Section;

const USERS: &str = "/Users";
const GROUPS: &str = "/Groups";

/// Every test.
pub(super) async fn run(context: &SuiteContext) -> Vec<Section> {
    let users = SuiteSession::new(context, "Gallery onboarding: users through the provisioning service");
    service_users::run(&users).await;
    let groups = SuiteSession::new(context, "Gallery onboarding: groups through the provisioning service");
    service_groups::run(&groups).await;
    let direct = SuiteSession::new(context, "Gallery onboarding: the endpoint itself");
    schemas::run(&direct).await;
    null_update::run(&direct).await;
    direct::run(&direct).await;
    pages::run(&direct).await;
    direct.leave_out(
        "Validate_Credentials_Test",
        "it measures the lifetime of access tokens from the application's own token endpoint; a job with a secret token has none",
    );
    direct.leave_out(
        "Federated_Identity_Test",
        "it exchanges an assertion signed by Entra at the application's token endpoint; a job with a secret token has none",
    );
    vec![users.finish().await, groups.finish().await, direct.finish().await]
}
