//! How far a Directory is set up, and what Ready says of it.

use super::conditions::Readiness;
use super::directory::ObservedDirectory;
use crate::api::conditions::ConditionType;
use crate::api::directory::ProvisioningMode;
use crate::api::directory_login::LoginMode;
use crate::api::directory_status::{SetupStatus, SetupStep, SetupStepName};
use crate::controller::events::standing;

/// The tenant URL of a Directory below the operator's public URL.
pub fn scim_endpoint(public_url: &str, namespace: &str, name: &str) -> String {
    format!("{public_url}/scim/v2/{namespace}/{name}")
}

/// How far the Directory is set up. The steps of a half that is off are left out.
pub fn setup(observed: &ObservedDirectory<'_>, readiness: Readiness) -> SetupStatus {
    let login_ready = standing(&observed.status["conditions"], ConditionType::LoginReady);
    let has_users = observed.counts.users > 0;
    // After a restore nobody knows of the first contact any more, and yet somebody has written these people.
    let has_contact = observed.provisioning.as_ref().is_some_and(|seen| seen.last_contact.is_some()) || has_users;
    let (provisions, logs_in) = (is_provisioned(observed), has_login(observed));
    let steps = [
        (SetupStepName::DirectoryReady, readiness == Readiness::Ready, true),
        (SetupStepName::KeyIssued, observed.has_key, provisions),
        (SetupStepName::FirstContact, has_contact, provisions),
        (SetupStepName::FirstUser, has_users, provisions),
        (SetupStepName::LoginReady, login_ready.is_some_and(|ready| ready.holds), logs_in),
    ];
    let steps: Vec<_> = steps
        .into_iter()
        .filter(|(.., is_needed)| *is_needed)
        .map(|(name, done, _)| SetupStep { name, done })
        .collect();
    let next = steps.iter().find(|step| !step.done);
    SetupStatus { next_step: next.map(|step| sentence(step.name, observed)), steps }
}

/// What to do about a step that is not done.
fn sentence(step: SetupStepName, observed: &ObservedDirectory<'_>) -> String {
    let (namespace, name) = (observed.namespace, observed.name);
    match step {
        SetupStepName::DirectoryReady => "make the Directory Ready: its condition Ready says how".to_owned(),
        SetupStepName::KeyIssued => {
            "issue a key: `rollcall key new` prints a DirectoryKey to apply and its secret, the Secret Token for Entra".to_owned()
        }
        SetupStepName::FirstContact => {
            let url = observed.public_url.map_or_else(
                || format!("https://HOST/scim/v2/{namespace}/{name}, with the HOST of the operator,"),
                |public_url| scim_endpoint(public_url, namespace, name),
            );
            format!(
                "in Entra, open the enterprise application > Provisioning > Admin Credentials, enter {url} as Tenant URL and the \
                 secret of the key as Secret Token, and choose Test Connection"
            )
        }
        SetupStepName::FirstUser if is_observed(observed) => {
            format!("read the DirectoryReport {name}, and set spec.provisioning.mode to Enabled once it says what you want")
        }
        SetupStepName::FirstUser => {
            "in Entra, assign people under Users and groups, with another role than Default Access, and choose Provisioning > \
             Start provisioning"
                .to_owned()
        }
        SetupStepName::LoginReady => "make the login work: the condition LoginReady says how".to_owned(),
        SetupStepName::Unknown => String::new(),
    }
}

/// What Ready says of a Directory that is as its spec wants it: which half is off, and what to do next.
pub fn summary(observed: &ObservedDirectory<'_>, setup: &SetupStatus) -> String {
    let observing = is_observed(observed).then_some(
        "provisioning.mode is Observe: SCIM is answered as if it served, and nothing is stored, a deactivation neither; the \
         DirectoryReport of the same name says what would have been done",
    );
    let halves = match (is_provisioned(observed), has_login(observed)) {
        (true, true) => None,
        (true, false) => Some("provisioning is on and login is off: nobody logs in until spec.login is set"),
        (false, true) => Some(
            "login is on and provisioning is off (provisioning.mode is Disabled): SCIM is answered with 503, and the provider \
             tries again later",
        ),
        (false, false) => Some(
            "provisioning and login are off: provisioning.mode is Disabled, so SCIM is answered with 503 and the provider tries \
             again later, and without spec.login nobody logs in",
        ),
    };
    let endpoint = match observed.public_url {
        None if is_provisioned(observed) => {
            Some("start the operator with --public-url to see the tenant URL in status.scimEndpoint")
        }
        _ => None,
    };
    let next = setup.next_step.as_ref().map(|next| format!("next: {next}"));
    let sentences: Vec<_> =
        observing.into_iter().chain(halves).chain(endpoint).map(str::to_owned).chain(next).collect();
    sentences.join("; ")
}

fn is_provisioned(observed: &ObservedDirectory<'_>) -> bool {
    observed.spec.provisioning.mode.counts_as() != ProvisioningMode::Disabled
}

fn is_observed(observed: &ObservedDirectory<'_>) -> bool {
    observed.spec.provisioning.mode.counts_as() == ProvisioningMode::Observe
}

fn has_login(observed: &ObservedDirectory<'_>) -> bool {
    observed.spec.login.as_ref().is_some_and(|login| login.method.counts_as() != LoginMode::Disabled)
}

#[cfg(test)]
mod tests;
