//! The decision whether a person has access.
//!
//! Every door asks it about the state of the cluster, and the controller that writes the condition `AccessGranted` asks the
//! same. What is in doubt is denied.

use std::sync::Arc;

use crate::api::conditions::Reason;
use crate::api::directory_login::{Login, LoginMode};
use crate::api::directory_user::LoginMethod;

/// What the decision has to know of a person, as an object that was read live and as the index have it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whether the object owns its name and every other value that is claimed in its Directory.
    pub owns_its_values: bool,
    /// Whether the object lost its name before anybody was told of it.
    pub is_rejected: bool,
    /// Whether it is a tombstone.
    pub is_deleted: bool,
    /// SCIM `active`; absent is true.
    pub is_active: bool,
    /// `spec.suspended`: an administrator keeps the person out.
    pub is_suspended: bool,
    /// `spec.portalSuspension`: the portal does.
    pub is_suspended_by_portal: bool,
    /// `spec.loginMethod`; none: as the Directory says.
    pub login_method: Option<LoginMethod>,
    /// `spec.link`: the provider's account, once there was a login.
    pub account: Option<Account>,
}

#[cfg(test)]
impl Person {
    /// Somebody of whom everything is in order, for tests to change.
    pub fn in_order() -> Self {
        Self {
            owns_its_values: true,
            is_rejected: false,
            is_deleted: false,
            is_active: true,
            is_suspended: false,
            is_suspended_by_portal: false,
            login_method: None,
            account: None,
        }
    }
}

/// An account of the provider, by what never changes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `tid` of Entra; the issuer of another provider.
    pub tenant: Arc<str>,
    /// `oid` of Entra; `sub` of another provider.
    pub object: Arc<str>,
}

/// What the decision has to know of a Directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRules {
    /// How people log in whose `loginMethod` says nothing. None: nobody does.
    pub method: Option<LoginMethod>,
    /// Whether people may log in at the provider.
    pub has_provider: bool,
    /// Whether people may log in with a password of ours.
    pub has_passwords: bool,
    /// The tenant of the provider, where it is known: a link to another one is void.
    pub tenant: Option<Arc<str>>,
}

impl LoginRules {
    /// The rules of `spec.login`, whose provider has this tenant as far as is known.
    pub fn of(login: Option<&Login>, tenant: Option<Arc<str>>) -> Self {
        let Some(login) = login else { return Self::default() };
        let method = match login.method.counts_as() {
            LoginMode::OpenIDConnect => LoginMethod::OpenIDConnect,
            LoginMode::BuiltIn => LoginMethod::BuiltIn,
            LoginMode::Disabled | LoginMode::Unknown => return Self::default(),
        };
        Self {
            method: Some(method),
            has_provider: login.oidc.as_ref().is_some_and(|oidc| oidc.flavor.known().is_some()),
            has_passwords: login.built_in.as_ref().is_some_and(|built_in| built_in.enabled),
            tenant,
        }
    }
}

/// Why a person has no access: the first reason that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The person was deleted.
    Deleted,
    /// The object lost its name before anybody was told of it.
    Rejected,
    /// Another object has the userName or another value that must be unique.
    ValueTaken,
    /// The provider deactivated the person.
    Inactive,
    /// An administrator suspended the person.
    Suspended,
    /// Somebody suspended the person in the portal.
    SuspendedByPortal,
    /// Nobody logs in to this Directory.
    LoginDisabled,
    /// The person's way to log in is not open in this Directory.
    MethodUnavailable,
    /// The person is linked to an account of another tenant.
    ForeignLink,
}

impl Denial {
    /// The reason of the condition.
    pub fn reason(self) -> Reason {
        match self {
            Self::Deleted => Reason::Deleted,
            Self::Rejected => Reason::Rejected,
            Self::ValueTaken => Reason::ValueTaken,
            Self::Inactive => Reason::Inactive,
            Self::Suspended => Reason::Suspended,
            Self::SuspendedByPortal => Reason::SuspendedByPortal,
            Self::LoginDisabled => Reason::LoginDisabled,
            Self::MethodUnavailable => Reason::MethodUnavailable,
            Self::ForeignLink => Reason::ForeignLink,
        }
    }

    /// The reason as conditions, metrics and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        self.reason().as_str()
    }
}

/// What keeps a person out, whatever the Directory says about logins: the first that holds.
pub fn own_denial(person: &Person) -> Option<Denial> {
    let denials = [
        (person.is_deleted, Denial::Deleted),
        (person.is_rejected, Denial::Rejected),
        (!person.owns_its_values, Denial::ValueTaken),
        (!person.is_active, Denial::Inactive),
        (person.is_suspended, Denial::Suspended),
        (person.is_suspended_by_portal, Denial::SuspendedByPortal),
    ];
    denials.into_iter().find_map(|(holds, denial)| holds.then_some(denial))
}

/// Whether a person has access to what the Directory guards, and by which way to log in; the policy of an application comes on
/// top of it (`rules::application`).
pub fn decide(person: &Person, rules: &LoginRules) -> Result<LoginMethod, Denial> {
    if let Some(denial) = own_denial(person) {
        return Err(denial);
    }
    let of_directory = rules.method.ok_or(Denial::LoginDisabled)?;
    let method = person.login_method.unwrap_or(of_directory);
    let is_open = match method {
        LoginMethod::OpenIDConnect => rules.has_provider,
        LoginMethod::BuiltIn => rules.has_passwords,
        LoginMethod::Unknown => false,
    };
    if !is_open {
        return Err(Denial::MethodUnavailable);
    }
    let is_foreign = |account: &Account| rules.tenant.as_ref().is_some_and(|tenant| **tenant != *account.tenant);
    if method == LoginMethod::OpenIDConnect && person.account.as_ref().is_some_and(is_foreign) {
        return Err(Denial::ForeignLink);
    }
    Ok(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> LoginRules {
        LoginRules {
            method: Some(LoginMethod::OpenIDConnect),
            has_provider: true,
            has_passwords: true,
            tenant: Some("t1".into()),
        }
    }

    fn account(tenant: &str) -> Option<Account> {
        Some(Account { tenant: tenant.into(), object: "o".into() })
    }

    #[test]
    fn access_needs_everything_and_the_first_thing_missing_is_the_reason() {
        type Edit = fn(&mut Person, &mut LoginRules);
        let cases: &[(&str, Edit, Result<LoginMethod, Denial>)] = &[
            ("as the Directory says", |_, _| {}, Ok(LoginMethod::OpenIDConnect)),
            ("built in", |person, _| person.login_method = Some(LoginMethod::BuiltIn), Ok(LoginMethod::BuiltIn)),
            ("linked", |person, _| person.account = account("t1"), Ok(LoginMethod::OpenIDConnect)),
            (
                "linked, and the tenant is not known yet",
                |person, rules| {
                    person.account = account("t2");
                    rules.tenant = None;
                },
                Ok(LoginMethod::OpenIDConnect),
            ),
            ("linked to another tenant", |person, _| person.account = account("t2"), Err(Denial::ForeignLink)),
            (
                "a password, and a link from before",
                |person, _| {
                    person.account = account("t2");
                    person.login_method = Some(LoginMethod::BuiltIn);
                },
                Ok(LoginMethod::BuiltIn),
            ),
            ("a tombstone", |person, _| person.is_deleted = true, Err(Denial::Deleted)),
            ("rejected", |person, _| person.is_rejected = true, Err(Denial::Rejected)),
            ("its name is somebody else's", |person, _| person.owns_its_values = false, Err(Denial::ValueTaken)),
            ("inactive", |person, _| person.is_active = false, Err(Denial::Inactive)),
            ("suspended", |person, _| person.is_suspended = true, Err(Denial::Suspended)),
            (
                "suspended by the portal",
                |person, _| person.is_suspended_by_portal = true,
                Err(Denial::SuspendedByPortal),
            ),
            (
                "inactive and suspended",
                |person, _| (person.is_active, person.is_suspended) = (false, true),
                Err(Denial::Inactive),
            ),
            ("no login", |_, rules| *rules = LoginRules::default(), Err(Denial::LoginDisabled)),
            (
                "no login, and inactive",
                |person, rules| {
                    *rules = LoginRules::default();
                    person.is_active = false;
                },
                Err(Denial::Inactive),
            ),
            ("no provider", |_, rules| rules.has_provider = false, Err(Denial::MethodUnavailable)),
            (
                "a password where there are none",
                |person, rules| {
                    rules.has_passwords = false;
                    person.login_method = Some(LoginMethod::BuiltIn);
                },
                Err(Denial::MethodUnavailable),
            ),
            (
                "a way that a newer version knows",
                |person, _| person.login_method = Some(LoginMethod::Unknown),
                Err(Denial::MethodUnavailable),
            ),
        ];
        for (name, edit, expected) in cases {
            let (mut person, mut rules) = (Person::in_order(), rules());
            edit(&mut person, &mut rules);
            assert_eq!(decide(&person, &rules), *expected, "{name}");
        }
    }
}
