//! What an object says of a person's access: the one projection behind the index and behind every live read.

use super::decide::{Account, Person};
use crate::api::Object;
use crate::api::directory_user::LoginMethod;

/// The person that a DirectoryUser stands for. Whether it owns its values is not in the object: claims tell.
///
/// A field that says something else than it may counts as what denies access. The kind's schema rules that out; what a newer
/// version allows is not known here.
pub fn person(object: &Object, owns_its_values: bool) -> Person {
    Person {
        owns_its_values,
        is_rejected: object.is_rejected(),
        is_deleted: object.is_deleted(),
        is_active: object.is_let_in(),
        is_suspended: object.is_suspended(),
        is_suspended_by_portal: object.is_suspended_by_portal(),
        login_method: login_method(object),
        account: account(object),
    }
}

/// `spec.loginMethod`.
fn login_method(object: &Object) -> Option<LoginMethod> {
    object.login_method().map(|method| match method {
        "OpenIDConnect" => LoginMethod::OpenIDConnect,
        "BuiltIn" => LoginMethod::BuiltIn,
        _ => LoginMethod::Unknown,
    })
}

/// The account in `spec.link`. One that cannot be read is nobody's, and so no tenant's.
fn account(object: &Object) -> Option<Account> {
    let (tenant, object) = object.link()?;
    Some(Account { tenant: tenant.into(), object: object.into() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::directory_login::{Login, LoginMode, Oidc};
    use crate::rules::access::{Denial, LoginRules, decide};

    fn object(difference: &Value) -> Object {
        let mut spec = json!({ "directoryRef": { "name": "staff" }, "scim": { "userName": "ada", "active": true } });
        spec.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
        json!({ "metadata": { "name": "ada-1" }, "spec": spec }).into()
    }

    #[test]
    fn every_field_that_decides_is_read_and_what_cannot_be_read_denies() {
        let login = Login { method: LoginMode::OpenIDConnect, oidc: Some(Oidc::default()), ..Login::default() };
        let rules = LoginRules::of(Some(&login), Some("t1".into()));
        let link = |tenant: &str| json!({ "link": { "tenantID": tenant, "objectID": "o", "by": "upn" } });
        let granted = Ok(LoginMethod::OpenIDConnect);
        for (case, difference, expected) in [
            ("a person", json!({}), granted),
            ("active says nothing", json!({ "scim": { "userName": "ada" } }), granted),
            ("inactive", json!({ "scim": { "active": false } }), Err(Denial::Inactive)),
            ("active is no boolean", json!({ "scim": { "active": "True" } }), Err(Denial::Inactive)),
            ("suspended", json!({ "suspended": true }), Err(Denial::Suspended)),
            ("not suspended", json!({ "suspended": false }), granted),
            ("suspended is no boolean", json!({ "suspended": "yes" }), Err(Denial::Suspended)),
            ("suspended in the portal", json!({ "portalSuspension": { "by": "x" } }), Err(Denial::SuspendedByPortal)),
            ("a tombstone", json!({ "deletedAt": "2026-01-01T00:00:00Z" }), Err(Denial::Deleted)),
            ("deleted at a time that nobody can read", json!({ "deletedAt": "once" }), Err(Denial::Deleted)),
            ("rejected", json!({ "rejected": true }), Err(Denial::Rejected)),
            ("at the provider", json!({ "loginMethod": "OpenIDConnect" }), granted),
            ("a password", json!({ "loginMethod": "BuiltIn" }), Err(Denial::MethodUnavailable)),
            ("another way", json!({ "loginMethod": "Carrier" }), Err(Denial::MethodUnavailable)),
            ("a way that is no text", json!({ "loginMethod": 1 }), Err(Denial::MethodUnavailable)),
            ("linked", link("t1"), granted),
            ("linked elsewhere", link("t2"), Err(Denial::ForeignLink)),
            ("a link that cannot be read", json!({ "link": { "tenantID": "t1" } }), Err(Denial::ForeignLink)),
        ] {
            assert_eq!(decide(&person(&object(&difference), true), &rules), expected, "{case}");
        }
        assert_eq!(decide(&person(&object(&json!({})), false), &rules), Err(Denial::ValueTaken));
    }
}
