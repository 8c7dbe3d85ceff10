//! What a token that is believed says of a person.

use jiff::Timestamp;

/// An account of the provider that has just logged in, or whose token somebody shows.
///
/// Identity is `tenant` and `object` alone. The e-mail address of a token is not here: people can set it to anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAccount {
    /// `tid` of Entra; the issuer of another provider.
    pub tenant: String,
    /// `oid` of Entra, in lower case; `sub` of another provider.
    pub object: String,
    /// What `spec.login.oidc.upnClaim` names, for the first login alone: it may become somebody else's later.
    pub upn: Option<String>,
    /// Whether it is a guest of the tenant.
    pub is_guest: bool,
    /// A name to show.
    pub display: Option<String>,
    /// What the provider wants to be told at the sign-out.
    pub login_hint: Option<String>,
    /// Where a guest is at home.
    pub idp: Option<String>,
    /// The app roles of the registration. They grant nothing here.
    pub roles: Vec<String>,
}

/// A token that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    /// Whom it is about.
    pub account: VerifiedAccount,
    /// The registration that it was given to.
    pub client_id: Option<String>,
    /// Its scopes, separated by blanks.
    pub scope: Option<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// Whom it is for.
    pub audience: String,
    /// What names it in the provider's own log.
    pub token_id: Option<String>,
}

/// Whether an account is a guest of the tenant: by `acct` where the registration asks for it, and else by where it is at home.
pub fn is_guest(acct: Option<i64>, idp: Option<&str>, tenant: &str) -> bool {
    match acct {
        Some(acct) => acct != 0,
        None => idp.is_some_and(|idp| !idp.to_ascii_lowercase().contains(&tenant.to_ascii_lowercase())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_told_by_acct_or_else_by_where_the_account_is_at_home() {
        let tenant = "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d";
        let home = format!("https://sts.windows.net/{}/", tenant.to_uppercase());
        for (case, acct, idp, expected) in [
            ("nothing is said", None, None, false),
            ("a member", Some(0), None, false),
            ("a guest", Some(1), None, true),
            ("a value of later", Some(2), None, true),
            ("a member of elsewhere by acct", Some(0), Some("live.com"), false),
            ("at home here", None, Some(home.as_str()), false),
            ("at home with Microsoft", None, Some("live.com"), true),
            (
                "at home in another tenant",
                None,
                Some("https://sts.windows.net/11111111-1111-4111-8111-111111111111/"),
                true,
            ),
        ] {
            assert_eq!(is_guest(acct, idp, tenant), expected, "{case}");
        }
    }
}
