//! Whether the `Authorization` of a request is ours to judge.
//!
//! Basic credentials and the tokens of other issuers are the application's own business: they neither open nor close its door.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use url::Url;

use crate::api::directory_login::{Flavor, Oidc};
use crate::login::provider::is_issuer_of_version_1;

/// The token in `Authorization`, if it names the provider of the Directory as its issuer. Nothing is verified here: the claim
/// says who is to judge, and a token that names no issuer or another one is not ours. `tenant` is the provider's, once known.
pub(super) fn of_provider<'a>(headers: &'a HeaderMap, oidc: &Oidc, tenant: Option<&str>) -> Option<&'a str> {
    let mut tokens = headers.get_all(AUTHORIZATION).iter().filter_map(|line| bearer(line.to_str().ok()?));
    tokens.find(|token| issuer(token).is_some_and(|issuer| is_of(&issuer, oidc, tenant)))
}

fn bearer(line: &str) -> Option<&str> {
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// The claim `iss` of a token, as it stands there.
fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|claims| claims.iss)
}

fn is_of(issuer: &str, oidc: &Oidc, tenant: Option<&str>) -> bool {
    if oidc.flavor != Flavor::EntraID {
        let is_same = |own: &str| own.trim_end_matches('/') == issuer.trim_end_matches('/');
        return is_same(tenant.unwrap_or(&oidc.authority));
    }
    let is_version_1 = is_issuer_of_version_1(issuer);
    let (Ok(issuer), Ok(authority)) = (Url::parse(issuer), Url::parse(&oidc.authority)) else { return false };
    let is_host = is_version_1 || (issuer.host_str() == authority.host_str() && issuer.port() == authority.port());
    let named = issuer.path_segments().and_then(|mut segments| segments.next()).unwrap_or_default();
    // While the tenant is not known, any of this host may be the one, and the judge says that it cannot tell yet.
    is_host && tenant.is_none_or(|tenant| tenant.eq_ignore_ascii_case(named))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";

    fn token(issuer: &str) -> String {
        let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.x", part(json!({ "alg": "none" })), part(json!({ "iss": issuer })))
    }

    fn oidc(flavor: &str, authority: &str) -> Oidc {
        let oidc = json!({ "flavor": flavor, "authority": authority, "clientID": "c" });
        serde_json::from_value(oidc).expect("a provider")
    }

    #[test]
    fn only_a_bearer_token_that_names_our_issuer_is_ours_to_judge() {
        let entra = oidc("EntraID", &format!("https://login.microsoftonline.com/{TENANT}"));
        let generic = oidc("Generic", "https://op.contoso.example/realm");
        let v2 = format!("Bearer {}", token(&format!("https://login.microsoftonline.com/{TENANT}/v2.0")));
        let v1 = format!("bearer  {}", token(&format!("https://sts.windows.net/{TENANT}/")));
        let other_tenant = format!("Bearer {}", token("https://login.microsoftonline.com/other/v2.0"));
        let realm = format!("Bearer {}", token("https://op.contoso.example/realm"));
        let elsewhere = format!("Bearer {}", token("https://evil.example/login.microsoftonline.com"));
        let basic = "Basic YWRhOmxvdmVsYWNl".to_owned();
        let opaque = "Bearer ghp_0123456789".to_owned();
        for (name, oidc, tenant, lines, expected) in [
            ("of version 2", &entra, Some(TENANT), vec![&v2], true),
            ("of version 1", &entra, Some(TENANT), vec![&v1], true),
            ("of the tenant, which is not known yet", &entra, None, vec![&v2], true),
            ("of another tenant", &entra, Some(TENANT), vec![&other_tenant], false),
            ("of another issuer", &entra, Some(TENANT), vec![&elsewhere], false),
            ("Basic", &entra, Some(TENANT), vec![&basic], false),
            ("opaque", &entra, Some(TENANT), vec![&opaque], false),
            ("beside another line", &entra, Some(TENANT), vec![&basic, &v2], true),
            ("of the Generic provider", &generic, None, vec![&realm], true),
            ("of Entra at a Generic one", &generic, None, vec![&v2], false),
            ("none", &entra, Some(TENANT), vec![], false),
        ] {
            let lines = lines.into_iter().map(|line| (AUTHORIZATION, HeaderValue::from_str(line).expect("a value")));
            let found = of_provider(&lines.collect(), oidc, tenant).is_some();
            assert_eq!(found, expected, "{name}");
        }
    }
}
