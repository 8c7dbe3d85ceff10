//! Why nobody can log in at a provider just now: what the condition `LoginReady` shows and what a door answers 503 for.

use super::refusal::ProviderRefusal;
use crate::api::conditions::Reason;

/// Why a provider cannot be used. The sentences are for administrators: they name hosts and Secrets, and nothing that a
/// provider or a visitor sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderProblem {
    /// People do not log in at a provider.
    #[error("spec.login names no provider that this version knows; give spec.login.oidc")]
    NotConfigured,
    /// The authority stands for every tenant.
    #[error(
        "the authority is open to accounts of every tenant; put the id of your tenant, or one of its verified domains, in the \
         place of common, organizations or consumers"
    )]
    TenantIndependent,
    /// The operator may not ask this host.
    #[error(
        "the operator may not ask {host}; correct spec.login.oidc.authority, or add the host to --allowed-authority-hosts"
    )]
    HostNotAllowed {
        /// The host and its port.
        host: String,
    },
    /// The host has an address that is not public.
    #[error(
        "{host} has no public address; a provider inside the cluster or the company's network needs the operator's flag \
         --private-authorities"
    )]
    PrivateAddress {
        /// The host and its port.
        host: String,
    },
    /// The authority is no address of a provider.
    #[error("spec.login.oidc.authority cannot be used: {0}")]
    AuthorityInvalid(&'static str),
    /// The certificates of the Directory cannot be used.
    #[error("spec.login.oidc.caBundle cannot be used: {0}")]
    CaBundleInvalid(&'static str),
    /// There is no such Secret, or nothing in it.
    #[error("the Secret {name} of spec.login.oidc.clientSecretRef {what}")]
    SecretMissing {
        /// The Secret.
        name: String,
        /// What is missing.
        what: &'static str,
    },
    /// The Secret has another type. Nothing of it was read.
    #[error(
        "the Secret {name} is not of type rollcall.dev/client-secret, and the operator sends no other one to a provider; create \
         it anew with that type"
    )]
    SecretOfOtherType {
        /// The Secret.
        name: String,
    },
    /// The operator may not read Secrets.
    #[error(
        "the operator may not read the Secret {name}; grant its account get on secrets (the chart does with login.enabled)"
    )]
    Forbidden {
        /// The Secret.
        name: String,
    },
    /// The API server could not be asked for the Secret.
    #[error("the Secret {name} could not be read just now")]
    SecretUnread {
        /// The Secret.
        name: String,
    },
    /// There is no token of the service account.
    #[error(
        "the service account's token for the provider cannot be used: {0}; mount it at the file of --client-assertion-file"
    )]
    AssertionMissing(&'static str),
    /// The provider does not accept the operator.
    #[error(
        "{host} does not accept the operator: {refusal} Compare spec.login.oidc.clientID, and the client secret (its value, not \
         its id) or the federated credential, with the registration"
    )]
    RegistrationRefused {
        /// The host and its port.
        host: String,
        /// What it said.
        refusal: ProviderRefusal,
    },
    /// The provider did not answer.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host and its port.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// What the provider answered is not what a provider answers.
    #[error("{host} does not answer as an OpenID provider does: {why}")]
    Invalid {
        /// The host and its port.
        host: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl ProviderProblem {
    /// The reason as the condition spells it.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotConfigured | Self::AuthorityInvalid(_) | Self::Invalid { .. } => Reason::ProviderInvalid,
            Self::TenantIndependent => Reason::TenantIndependentAuthority,
            Self::HostNotAllowed { .. } | Self::PrivateAddress { .. } => Reason::AuthorityNotAllowed,
            Self::CaBundleInvalid(_) => Reason::CaBundleInvalid,
            Self::SecretMissing { .. } => Reason::ClientSecretMissing,
            Self::SecretOfOtherType { .. } => Reason::ClientSecretOfOtherType,
            Self::Forbidden { .. } => Reason::Forbidden,
            Self::AssertionMissing(_) => Reason::ClientAssertionMissing,
            Self::RegistrationRefused { .. } => Reason::RegistrationRefused,
            Self::Unreachable { .. } | Self::SecretUnread { .. } => Reason::ProviderUnreachable,
        }
    }

    /// Whether it may be over by itself: nobody has to change anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::SecretUnread { .. })
    }
}
