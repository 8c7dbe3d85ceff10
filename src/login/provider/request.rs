//! The addresses of the provider that browsers are sent to.

use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};
use url::Url;

use super::discovery::Metadata;
use crate::api::directory_login::{Flavor, Oidc};

/// Longest `login_hint` that is passed on.
const MAX_LOGIN_HINT: usize = 320;
/// The scopes of every request: who it is, and the object id of the account, which Entra gives with profile.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// One request to log somebody in.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuthorizationRequest<'a> {
    /// What comes back with the code.
    pub state: &'a str,
    /// What comes back in the ID token.
    pub nonce: &'a str,
    /// The hash of what is sent with the code; see [`code_challenge`].
    pub code_challenge: &'a str,
    /// Where the provider sends the browser back to.
    pub redirect_uri: &'a str,
    /// What the person is asked in any case.
    pub prompt: Option<Prompt>,
    /// Who it probably is.
    pub login_hint: Option<&'a str>,
}

/// What the provider asks a person although there is a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Which account.
    SelectAccount,
    /// To prove who it is once more.
    Login,
}

impl Prompt {
    /// The value of the parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SelectAccount => "select_account",
            Self::Login => "login",
        }
    }
}

/// The challenge of a verifier (RFC 7636, S256). Entra supports it and does not say so in its document; it is always sent.
pub fn code_challenge(verifier: &str) -> String {
    PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned())).as_str().to_owned()
}

/// The address that starts a login.
///
/// The answer comes in the query: as a form it would be a POST from another site, which browsers send without our cookies.
pub fn authorization_url(metadata: &Metadata, oidc: &Oidc, request: &AuthorizationRequest<'_>) -> Url {
    let AuthorizationRequest { state, nonce, code_challenge, redirect_uri, prompt, login_hint } = *request;
    let scopes = SCOPES.into_iter().chain(oidc.extra_scopes.iter().map(String::as_str));
    let mut url = metadata.authorization.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &oidc.client_id)
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
            .append_pair("code_challenge", code_challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("nonce", nonce)
            .append_pair("state", state);
        if let Some(prompt) = prompt {
            query.append_pair("prompt", prompt.as_str());
        }
        // Entra refuses a hint beside the question which account it is to be, and a domain would answer that question.
        if prompt != Some(Prompt::SelectAccount) {
            if let Some(hint) = login_hint.filter(|hint| is_hint(hint)) {
                query.append_pair("login_hint", hint);
            }
            if let Some(domain) = oidc.domain_hint.as_deref().filter(|_| oidc.flavor == Flavor::EntraID) {
                query.append_pair("domain_hint", domain);
            }
        }
    }
    url
}

/// The address that ends the provider's own session, if the provider has one. The address to come back to has to be registered
/// as a redirect URI.
pub fn sign_out_url(
    metadata: &Metadata,
    oidc: &Oidc,
    post_logout_redirect_uri: &str,
    logout_hint: Option<&str>,
) -> Option<Url> {
    let mut url = metadata.end_session.clone()?;
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &oidc.client_id)
            .append_pair("post_logout_redirect_uri", post_logout_redirect_uri);
        if let Some(hint) = logout_hint.filter(|hint| is_hint(hint)) {
            query.append_pair("logout_hint", hint);
        }
    }
    Some(url)
}

/// Whether a hint may be passed on: printable ASCII, and not too long.
fn is_hint(text: &str) -> bool {
    (1..=MAX_LOGIN_HINT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use openidconnect::IssuerUrl;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn metadata(authorization: &str) -> Metadata {
        Metadata {
            issuer: IssuerUrl::new("https://login.example.com/t/v2.0".to_owned()).expect("an issuer"),
            tenant: "t".into(),
            authorization: url(authorization),
            token: url("https://login.example.com/token"),
            keys: url("https://login.example.com/keys"),
            end_session: Some(url("https://login.example.com/logout")),
        }
    }

    fn parameters(url: &Url) -> BTreeMap<String, String> {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let count = pairs.len();
        let parameters: BTreeMap<_, _> = pairs.into_iter().collect();
        assert_eq!(parameters.len(), count, "no parameter is there twice: {url}");
        parameters
    }

    fn oidc() -> Oidc {
        Oidc {
            client_id: "client".to_owned(),
            extra_scopes: vec!["User.Read".to_owned()],
            domain_hint: Some("contoso.example".to_owned()),
            ..Oidc::default()
        }
    }

    const REQUEST: AuthorizationRequest<'_> = AuthorizationRequest {
        state: "a+b/c=&d",
        nonce: "n",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        redirect_uri: "https://rollcall.example/login/people/staff/callback",
        prompt: None,
        login_hint: None,
    };

    #[test]
    fn a_login_asks_for_a_code_with_a_challenge_a_state_and_a_nonce() {
        let made = authorization_url(&metadata("https://login.example.com/authorize?p=x"), &oidc(), &REQUEST);
        let expected = [
            ("p", "x"),
            ("client_id", "client"),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", REQUEST.redirect_uri),
            ("scope", "openid profile email User.Read"),
            ("code_challenge", REQUEST.code_challenge),
            ("code_challenge_method", "S256"),
            ("nonce", "n"),
            ("state", "a+b/c=&d"),
            ("domain_hint", "contoso.example"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters(&made), BTreeMap::from(expected));
        // Appendix B of RFC 7636.
        assert_eq!(code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), REQUEST.code_challenge);
    }

    #[test]
    fn hints_are_passed_on_where_the_provider_takes_them() {
        let long = "x".repeat(MAX_LOGIN_HINT + 1);
        for (case, prompt, hint, expected) in [
            ("a hint", None, Some("ada@contoso.example"), ("", "ada@contoso.example", "contoso.example")),
            ("another login", Some(Prompt::Login), Some("ada@x"), ("login", "ada@x", "contoso.example")),
            ("another account", Some(Prompt::SelectAccount), Some("ada@x"), ("select_account", "", "")),
            ("a long hint", None, Some(long.as_str()), ("", "", "contoso.example")),
            ("a hint with a line break", None, Some("ada\r\nx"), ("", "", "contoso.example")),
            ("a hint that is not ASCII", None, Some("ädä@x"), ("", "", "contoso.example")),
            ("an empty hint", None, Some(""), ("", "", "contoso.example")),
        ] {
            let request = AuthorizationRequest { prompt, login_hint: hint, ..REQUEST };
            let made =
                parameters(&authorization_url(&metadata("https://login.example.com/authorize"), &oidc(), &request));
            let found = ["prompt", "login_hint", "domain_hint"].map(|name| made.get(name).map_or("", String::as_str));
            assert_eq!((found[0], found[1], found[2]), expected, "{case}");
        }
    }

    #[test]
    fn a_sign_out_says_where_to_come_back_to_and_who_leaves() {
        let metadata = metadata("https://login.example.com/authorize");
        let made =
            sign_out_url(&metadata, &oidc(), "https://rollcall.example/portal", Some("hint")).expect("an address");
        let made = parameters(&made);
        assert_eq!(made["post_logout_redirect_uri"], "https://rollcall.example/portal");
        assert_eq!((made["logout_hint"].as_str(), made["client_id"].as_str()), ("hint", "client"));
        let silent = Metadata { end_session: None, ..metadata };
        assert_eq!(sign_out_url(&silent, &oidc(), "https://rollcall.example/portal", None), None);
    }
}
