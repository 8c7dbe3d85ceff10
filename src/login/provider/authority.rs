//! The address of a provider, as a Directory names it: a pure function with the operator's own list of hosts.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_public;
use super::problem::ProviderProblem;
use crate::api::directory_login::{Flavor, Oidc};
use crate::rules::guid::is_guid;

/// Tenants that stand for every tenant, and the tenant of personal accounts under both of its names.
const TENANT_INDEPENDENT: [&str; 4] = ["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"];
/// What is behind the issuer of a provider (OpenID Connect Discovery section 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Which providers the operator may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedAuthorities {
    /// Hosts, each with its port, in lower case.
    pub hosts: Vec<String>,
    /// Whether their addresses may be loopback, private and link-local ones.
    pub private: bool,
}

impl AllowedAuthorities {
    /// The host of a URL, if it may be asked. A name is judged once more when it is resolved.
    pub fn host(&self, url: &Url) -> Result<String, ProviderProblem> {
        let host = host_of(url).ok_or(ProviderProblem::AuthorityInvalid("it has no host"))?;
        if !self.hosts.contains(&host) {
            return Err(ProviderProblem::HostNotAllowed { host });
        }
        if !self.private && literal_address(url).is_some_and(|address| !is_public(address)) {
            return Err(ProviderProblem::PrivateAddress { host });
        }
        Ok(host)
    }
}

/// The address of a provider that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// What the provider is.
    pub flavor: Flavor,
    /// Host and port.
    pub host: String,
    /// Where its document may name endpoints: at its own host, and for a provider that is not Entra at every allowed one. Some
    /// (Google) have their token endpoint at another host than their issuer.
    pub endpoints: AllowedAuthorities,
    /// Where the discovery document is.
    pub discovery: Url,
    /// The issuer that the document must name, as far as it is known before.
    pub issuer: ExpectedIssuer,
}

/// What is known of the issuer before the provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedIssuer {
    /// It is this one.
    Exact(String),
    /// It is that of some tenant of Entra at the authority's host: a domain was given, and the provider says whose it is.
    OfSomeTenant,
}

impl Authority {
    /// The provider of a registration, if the operator may ask it.
    pub fn of(oidc: &Oidc, allowed: &AllowedAuthorities) -> Result<Self, ProviderProblem> {
        let invalid = |why| Err(ProviderProblem::AuthorityInvalid(why));
        let flavor = oidc.flavor.known().ok_or(ProviderProblem::NotConfigured)?;
        // What the URL parser drops or rewrites was meant otherwise by whoever wrote it.
        if oidc.authority.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\') {
            return invalid("it has blanks, line breaks or backslashes in it");
        }
        let Ok(url) = Url::parse(&oidc.authority) else { return invalid("it is no URL") };
        if url.scheme() != "https" {
            return invalid("it does not start with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("it has a user name before its host");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return invalid("it has a query or a fragment");
        }
        let host = allowed.host(&url)?;
        let (issuer, base) = match flavor {
            Flavor::EntraID => tenant_issuer(&url)?,
            // Compared as it was written: it is an identifier.
            Flavor::Generic | Flavor::Unknown => {
                let base = oidc.authority.trim_end_matches('/').to_owned();
                (ExpectedIssuer::Exact(oidc.authority.clone()), base)
            }
        };
        let Ok(discovery) = Url::parse(&format!("{base}{DISCOVERY}")) else { return invalid("it is no URL") };
        let hosts = match flavor {
            Flavor::EntraID => vec![host.clone()],
            Flavor::Generic | Flavor::Unknown => allowed.hosts.clone(),
        };
        let endpoints = AllowedAuthorities { hosts, private: allowed.private };
        Ok(Self { flavor, host, endpoints, discovery, issuer })
    }

    /// The tenant, where the authority itself says it: the issuer of a provider that is not Entra is its only one.
    pub fn tenant(&self) -> Option<&str> {
        match (&self.issuer, self.flavor) {
            (ExpectedIssuer::Exact(issuer), Flavor::EntraID) => tenant_of(issuer),
            (ExpectedIssuer::Exact(issuer), Flavor::Generic | Flavor::Unknown) => Some(issuer),
            (ExpectedIssuer::OfSomeTenant, _) => None,
        }
    }
}

/// Host and port of a URL, as the list of allowed hosts spells them.
pub fn host_of(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// The address of a URL that names no host but an address: nobody resolves it.
fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

/// The issuer of a tenant of Entra, and the address that its documents lie below. `/v2.0` is added where it is missing: the
/// address without it is that of the older endpoint, whose tokens have another issuer.
fn tenant_issuer(url: &Url) -> Result<(ExpectedIssuer, String), ProviderProblem> {
    let path = url.path().trim_matches('/');
    let tenant = path.strip_suffix("/v2.0").unwrap_or(path).to_ascii_lowercase();
    if TENANT_INDEPENDENT.contains(&tenant.as_str()) {
        return Err(ProviderProblem::TenantIndependent);
    }
    let is_name = tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if tenant.is_empty() || !is_name || tenant == "v2.0" || tenant.starts_with('.') {
        return Err(ProviderProblem::AuthorityInvalid(
            "behind the host there is not the id of a tenant or one of its domains, such as \
             https://login.microsoftonline.com/contoso.onmicrosoft.com",
        ));
    }
    let base = format!("{}/{tenant}/v2.0", url.origin().ascii_serialization());
    let issuer = if is_guid(&tenant) { ExpectedIssuer::Exact(base.clone()) } else { ExpectedIssuer::OfSomeTenant };
    Ok((issuer, base))
}

/// The tenant in an issuer of Entra.
pub fn tenant_of(issuer: &str) -> Option<&str> {
    issuer.strip_suffix("/v2.0")?.rsplit('/').next().filter(|tenant| is_guid(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d";

    fn allowed(hosts: &[&str]) -> AllowedAuthorities {
        AllowedAuthorities { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), private: false }
    }

    fn authority(flavor: Flavor, text: &str, allowed: &AllowedAuthorities) -> Result<Authority, ProviderProblem> {
        Authority::of(&Oidc { flavor, authority: text.to_owned(), ..Oidc::default() }, allowed)
    }

    #[test]
    fn an_authority_of_entra_is_taken_with_and_without_its_version() {
        let entra = allowed(&["login.microsoftonline.com:443", "login.microsoftonline.us:443"]);
        let of_tenant = |host: &str, tenant: &str| format!("https://{host}/{tenant}/v2.0");
        let world = "login.microsoftonline.com";
        for (text, expected, tenant) in [
            (format!("https://{world}/{TENANT}"), of_tenant(world, TENANT), Some(TENANT)),
            (format!("https://{world}/{TENANT}/"), of_tenant(world, TENANT), Some(TENANT)),
            (format!("https://{world}/{TENANT}/v2.0"), of_tenant(world, TENANT), Some(TENANT)),
            (format!("https://{world}/{TENANT}/v2.0/"), of_tenant(world, TENANT), Some(TENANT)),
            (format!("https://{world}:443/{}/v2.0", TENANT.to_uppercase()), of_tenant(world, TENANT), Some(TENANT)),
            (
                format!("https://LOGIN.microsoftonline.us/{TENANT}"),
                of_tenant("login.microsoftonline.us", TENANT),
                Some(TENANT),
            ),
            (format!("https://{world}/contoso.example"), of_tenant(world, "contoso.example"), None),
        ] {
            let read = authority(Flavor::EntraID, &text, &entra).expect(&text);
            assert_eq!(read.discovery.as_str(), format!("{expected}{DISCOVERY}"), "{text}");
            assert_eq!(read.tenant(), tenant, "{text}");
            let exact = tenant.map_or(ExpectedIssuer::OfSomeTenant, |_| ExpectedIssuer::Exact(expected));
            assert_eq!(read.issuer, exact, "{text}");
        }
    }

    #[test]
    fn threat_23_an_authority_for_every_tenant_is_refused() {
        let entra = allowed(&["login.microsoftonline.com:443"]);
        for tenant in ["common", "organizations", "consumers", "Common", "9188040d-6c67-4c5b-b112-36a304b66dad"] {
            for version in ["", "/", "/v2.0", "/v2.0/"] {
                let text = format!("https://login.microsoftonline.com/{tenant}{version}");
                assert_eq!(
                    authority(Flavor::EntraID, &text, &entra),
                    Err(ProviderProblem::TenantIndependent),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn threat_33_an_authority_of_another_host_or_form_is_refused() {
        let allowed = allowed(&["login.microsoftonline.com:443", "127.0.0.1:443", "[::1]:443"]);
        for (text, reason) in [
            ("https://login.example.com/contoso.example", "AuthorityNotAllowed"),
            ("https://login.microsoftonline.com.example.com/contoso.example", "AuthorityNotAllowed"),
            ("https://login.microsoftonline.com:8443/contoso.example", "AuthorityNotAllowed"),
            ("https://login.microsoftonline.com@example.com/contoso.example", "ProviderInvalid"),
            ("https://example.com\\@login.microsoftonline.com/contoso.example", "ProviderInvalid"),
            ("https://login.microsoftonline.com/contoso.example?x=1", "ProviderInvalid"),
            ("https://login.microsoftonline.com/contoso.example#x", "ProviderInvalid"),
            ("https://login.microsoftonline.com/conto\tso.example", "ProviderInvalid"),
            ("http://login.microsoftonline.com/contoso.example", "ProviderInvalid"),
            ("https://login.microsoftonline.com/", "ProviderInvalid"),
            ("https://login.microsoftonline.com/v2.0", "ProviderInvalid"),
            ("https://login.microsoftonline.com/a/b/v2.0", "ProviderInvalid"),
            ("https://login.microsoftonline.com/..%2f/v2.0", "ProviderInvalid"),
            ("login.microsoftonline.com/contoso.example", "ProviderInvalid"),
            ("https://127.0.0.1/contoso.example", "AuthorityNotAllowed"),
            ("https://2130706433/contoso.example", "AuthorityNotAllowed"),
            ("https://[::1]/contoso.example", "AuthorityNotAllowed"),
        ] {
            let problem = authority(Flavor::EntraID, text, &allowed).expect_err(text);
            assert_eq!(problem.reason().as_str(), reason, "{text}: {problem}");
        }
        let private = AllowedAuthorities { private: true, ..allowed };
        authority(Flavor::EntraID, "https://127.0.0.1/contoso.example", &private).expect("the flag allows it");
    }

    #[test]
    fn the_issuer_of_another_provider_is_its_authority_letter_for_letter() {
        let keycloak = allowed(&["id.example.com:8443"]);
        for (text, discovery) in [
            ("https://id.example.com:8443/realms/staff", "https://id.example.com:8443/realms/staff"),
            ("https://id.example.com:8443/realms/staff/", "https://id.example.com:8443/realms/staff"),
        ] {
            let read = authority(Flavor::Generic, text, &keycloak).expect(text);
            assert_eq!(read.discovery.as_str(), format!("{discovery}{DISCOVERY}"));
            assert_eq!(read.tenant(), Some(text));
        }
        assert_eq!(
            authority(Flavor::Unknown, "https://id.example.com:8443", &keycloak),
            Err(ProviderProblem::NotConfigured)
        );
    }
}
