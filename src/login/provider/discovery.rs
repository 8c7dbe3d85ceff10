//! The discovery document of a provider: what it must say to be believed.
//!
//! The crate's own discovery compares the issuer with the address that was asked, and so refuses the addresses that people copy
//! from Entra. Ours knows which issuer the address leads to, and takes no endpoint of a host that the operator may not ask: a client
//! secret goes to the token endpoint, and whoever names that endpoint gets the secret.

use std::sync::Arc;

use openidconnect::{IssuerUrl, ProviderMetadataWithLogout};
use url::Url;

use super::authority::{Authority, ExpectedIssuer, host_of};
use super::problem::ProviderProblem;
use crate::api::directory_login::Flavor;
use crate::rules::guid::is_guid;

/// What is known of a provider from its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What stands in tokens as `iss`.
    pub issuer: IssuerUrl,
    /// The GUID of the tenant; the issuer of a provider that is not Entra.
    pub tenant: Arc<str>,
    /// Where people are sent to.
    pub authorization: Url,
    /// Where a code is exchanged.
    pub token: Url,
    /// Where the keys are.
    pub keys: Url,
    /// Where people are signed out, if the provider can do that.
    pub end_session: Option<Url>,
}

/// Reads a document that the authority has answered.
pub fn read(document: &[u8], authority: &Authority) -> Result<Metadata, ProviderProblem> {
    let invalid = |why| ProviderProblem::Invalid { host: authority.host.clone(), why };
    let document: ProviderMetadataWithLogout = serde_json::from_slice(document)
        .map_err(|_| invalid("its discovery document is no JSON, or a member is missing or of the wrong type"))?;
    let issuer = document.issuer().clone();
    let tenant = tenant(&issuer, authority).ok_or_else(|| {
        invalid("its discovery document names another issuer than the authority leads to; correct the authority")
    })?;
    let endpoint = |url: &Url| {
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("an address in its discovery document is no https address, or has a user name in it"));
        }
        match (authority.endpoints.host(url), authority.flavor) {
            (Ok(_), _) => Ok(url.clone()),
            (Err(_), Flavor::EntraID) => {
                Err(invalid("an address in its discovery document is not at the authority's host"))
            }
            (Err(problem), Flavor::Generic | Flavor::Unknown) => Err(problem),
        }
    };
    let token = document.token_endpoint().ok_or_else(|| invalid("its discovery document names no token_endpoint"))?;
    let end_session = document.additional_metadata().end_session_endpoint.as_ref();
    Ok(Metadata {
        tenant: tenant.into(),
        authorization: endpoint(document.authorization_endpoint().url())?,
        token: endpoint(token.url())?,
        keys: endpoint(document.jwks_uri().url())?,
        end_session: end_session.map(|url| endpoint(url.url())).transpose()?,
        issuer,
    })
}

/// The tenant of an issuer, if it is the one that the authority leads to.
fn tenant(issuer: &IssuerUrl, authority: &Authority) -> Option<String> {
    match &authority.issuer {
        ExpectedIssuer::Exact(expected) => {
            (issuer.as_str() == expected).then(|| authority.tenant().map(str::to_owned)).flatten()
        }
        ExpectedIssuer::OfSomeTenant => {
            let url = issuer.url();
            let tenant = url.path().strip_prefix('/')?.strip_suffix("/v2.0").filter(|tenant| is_guid(tenant))?;
            let expected = format!("{}/{tenant}/v2.0", url.origin().ascii_serialization());
            let is_at_home = host_of(url).as_ref() == Some(&authority.host) && url.scheme() == "https";
            // Letter for letter: tokens are compared with it like that.
            (is_at_home && issuer.as_str() == expected).then(|| tenant.to_ascii_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::authority::AllowedAuthorities;
    use super::*;
    use crate::api::directory_login::Oidc;

    const TENANT: &str = "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d";
    const HOST: &str = "https://login.microsoftonline.com";

    fn document(changes: &Value) -> Vec<u8> {
        let base = format!("{HOST}/{TENANT}");
        let mut document = json!({
            "issuer": format!("{base}/v2.0"), "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"), "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"), "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo", "tenant_region_scope": "EU",
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"), "kerberos_endpoint": null,
        });
        for (name, value) in changes.as_object().expect("members") {
            document[name] = value.clone();
        }
        document.to_string().into_bytes()
    }

    fn authority(flavor: Flavor, tenant: &str) -> Authority {
        let host = "login.microsoftonline.com:443".to_owned();
        let oidc = Oidc { flavor, authority: format!("{HOST}/{tenant}"), ..Oidc::default() };
        Authority::of(&oidc, &AllowedAuthorities { hosts: vec![host], private: false }).expect("an authority")
    }

    #[test]
    fn a_document_of_entra_is_read_by_the_tenant_and_by_a_domain_of_it() {
        for tenant in [TENANT, "contoso.example"] {
            let metadata = read(&document(&json!({})), &authority(Flavor::EntraID, tenant)).expect(tenant);
            assert_eq!((&*metadata.tenant, metadata.issuer.as_str()), (TENANT, &*format!("{HOST}/{TENANT}/v2.0")));
            assert_eq!(metadata.token.as_str(), format!("{HOST}/{TENANT}/oauth2/v2.0/token"));
            assert!(metadata.end_session.is_some());
        }
        let without = document(&json!({ "end_session_endpoint": null }));
        assert_eq!(read(&without, &authority(Flavor::EntraID, TENANT)).expect("a document").end_session, None);
        let issuer = format!("{HOST}/realms/staff");
        let generic = read(&document(&json!({ "issuer": issuer })), &authority(Flavor::Generic, "realms/staff"));
        assert_eq!(&*generic.expect("an exact issuer").tenant, issuer);
    }

    #[test]
    fn a_provider_that_is_not_entra_may_have_endpoints_at_every_host_that_the_operator_may_ask() {
        let hosts =
            ["accounts.google.com:443", "oauth2.googleapis.com:443", "10.0.0.5:443"].map(str::to_owned).to_vec();
        let google = |changes: &Value| {
            let issuer = "https://accounts.google.com";
            let oidc = Oidc { flavor: Flavor::Generic, authority: issuer.to_owned(), ..Oidc::default() };
            let authority = Authority::of(&oidc, &AllowedAuthorities { hosts: hosts.clone(), private: false });
            let mut document = json!({
                "issuer": issuer, "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
                "token_endpoint": "https://oauth2.googleapis.com/token", "end_session_endpoint": null,
                "jwks_uri": "https://oauth2.googleapis.com/oauth2/v3/certs",
            });
            document.as_object_mut().expect("members").extend(changes.as_object().cloned().expect("members"));
            read(&self::document(&document), &authority.expect("an authority"))
        };
        let metadata = google(&json!({})).expect("a provider");
        assert_eq!(metadata.token.as_str(), "https://oauth2.googleapis.com/token");
        for (elsewhere, expected) in [
            ("https://www.googleapis.com/certs", "may not ask www.googleapis.com:443"),
            ("https://10.0.0.5/certs", "10.0.0.5:443 has no public address"),
            ("http://oauth2.googleapis.com/certs", "no https address"),
        ] {
            let problem = google(&json!({ "jwks_uri": elsewhere })).expect_err(elsewhere);
            assert!(problem.to_string().contains(expected), "{problem}");
        }
    }

    #[test]
    fn threats_23_and_33_a_document_that_leads_elsewhere_is_refused() {
        let other = "11111111-1111-4111-8111-111111111111";
        let sts = format!("https://sts.windows.net/{TENANT}/");
        for (case, changes) in [
            ("another tenant", json!({ "issuer": format!("{HOST}/{other}/v2.0") })),
            ("the issuer of the older endpoint", json!({ "issuer": sts })),
            ("a template", json!({ "issuer": format!("{HOST}/{{tenantid}}/v2.0") })),
            ("another host", json!({ "issuer": format!("https://login.example.com/{TENANT}/v2.0") })),
            ("an issuer without TLS", json!({ "issuer": format!("http://login.microsoftonline.com/{TENANT}/v2.0") })),
            ("a slash behind the issuer", json!({ "issuer": format!("{HOST}/{TENANT}/v2.0/") })),
            ("keys on loopback", json!({ "jwks_uri": "https://127.0.0.1:6443/keys" })),
            ("keys at the metadata service of a cloud", json!({ "jwks_uri": "http://169.254.169.254/latest" })),
            ("keys of another host", json!({ "jwks_uri": "https://example.com/keys" })),
            ("keys at another port", json!({ "jwks_uri": "https://login.microsoftonline.com:8443/keys" })),
            ("keys without TLS", json!({ "jwks_uri": "http://login.microsoftonline.com/keys" })),
            (
                "keys behind a user name",
                json!({ "jwks_uri": "https://login.microsoftonline.com:443@example.com/keys" }),
            ),
            ("keys in a file", json!({ "jwks_uri": "file:///etc/passwd" })),
            ("a token endpoint of another host", json!({ "token_endpoint": "https://example.com/token" })),
            ("no token endpoint", json!({ "token_endpoint": null })),
            ("people sent elsewhere", json!({ "authorization_endpoint": "https://example.com/authorize" })),
            ("people signed out elsewhere", json!({ "end_session_endpoint": "https://example.com/logout" })),
            ("a wrong type", json!({ "jwks_uri": 7 })),
            ("no issuer", json!({ "issuer": null })),
        ] {
            for tenant in [TENANT, "contoso.example"] {
                if (case, tenant) == ("another tenant", "contoso.example") {
                    continue;
                }
                let problem = read(&document(&changes), &authority(Flavor::EntraID, tenant)).expect_err(case);
                assert_eq!(problem.reason().as_str(), "ProviderInvalid", "{case}");
                assert!(!problem.to_string().contains("example.com"), "nothing of the document is repeated: {problem}");
            }
        }
        for garbage in [&b""[..], b"<html>", b"[]", b"{}", b"\xff\xfe"] {
            assert!(read(garbage, &authority(Flavor::EntraID, TENANT)).is_err());
        }
    }
}
