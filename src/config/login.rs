//! The flags of `rollcall run` about logins: which providers may be asked, and by which way.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use url::Url;

use super::{InvalidFlag, given, invalid};

/// Where Microsoft serves Entra ID: worldwide, for the government of the United States, and in China.
const ENTRA_HOSTS: &str = "login.microsoftonline.com,login.microsoftonline.us,login.partner.microsoftonline.cn";
/// Where the chart mounts the token of the pod's service account whose audience is the provider.
const ASSERTION_FILE: &str = "/var/run/secrets/rollcall.dev/entra/token";

/// The flags about logins.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The hosts that the authority of a Directory's provider may have, such as login.example.com or keycloak.example.com:8443, and
    /// the endpoints of one that is not Entra; client secrets are sent nowhere else.
    #[arg(long, env = "ROLLCALL_ALLOWED_AUTHORITY_HOSTS", value_name = "HOST", value_delimiter = ',', default_value = ENTRA_HOSTS)]
    pub allowed_authority_hosts: Vec<String>,
    /// Whether providers may have loopback, private and link-local addresses, as one inside the cluster has.
    #[arg(long, env = "ROLLCALL_PRIVATE_AUTHORITIES")]
    pub private_authorities: bool,
    /// The token of the pod's service account that is sent to the provider where spec.login.oidc.clientAssertion says so; read
    /// again each time.
    #[arg(long, env = "ROLLCALL_CLIENT_ASSERTION_FILE", value_name = "FILE", default_value = ASSERTION_FILE)]
    pub client_assertion_file: PathBuf,
    /// The proxy by which providers are reached, such as `http://proxy.example.com:3128`. Default: $HTTPS_PROXY.
    #[arg(long, env = "ROLLCALL_HTTPS_PROXY", value_name = "URL", hide_env_values = true)]
    pub https_proxy: Option<ProxyText>,
    /// Hosts, domains and networks that are reached without the proxy, separated by commas. Default: $NO_PROXY.
    #[arg(long, env = "ROLLCALL_NO_PROXY", value_name = "LIST")]
    pub no_proxy: Option<String>,
}

/// The address of a proxy as it was given. It may hold a password, and is never printed.
#[derive(Clone)]
pub struct ProxyText(String);

impl FromStr for ProxyText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ProxyText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyText(..)")
    }
}

/// What the flags about logins mean.
#[derive(Debug, PartialEq, Eq)]
pub struct LoginConfig {
    /// The hosts that an authority may have, each with its port, in lower case.
    pub allowed_authority_hosts: Vec<String>,
    /// Whether providers may have addresses that are not public.
    pub private_authorities: bool,
    /// The file with the client assertion.
    pub client_assertion_file: PathBuf,
    /// The proxy by which providers are reached.
    pub proxy: Option<ProxyConfig>,
}

/// A proxy for requests to providers.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Its address, with user name and password where it wants them.
    pub url: String,
    /// Who is reached without it, separated by commas.
    pub no_proxy: String,
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ProxyConfig").field("no_proxy", &self.no_proxy).finish_non_exhaustive()
    }
}

impl LoginConfig {
    /// What the arguments mean. `variable` reads the environment, by names that other programs use as well.
    pub(super) fn read(arguments: LoginArgs, variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidFlag> {
        let LoginArgs { allowed_authority_hosts, private_authorities, client_assertion_file, https_proxy, no_proxy } =
            arguments;
        let usual = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
        let proxy = https_proxy.map(|text| text.0).filter(|text| !text.trim().is_empty());
        let no_proxy = no_proxy.or_else(|| usual("NO_PROXY")).unwrap_or_default();
        let proxy = proxy.or_else(|| usual("HTTPS_PROXY").filter(|text| !text.trim().is_empty()));
        Ok(Self {
            allowed_authority_hosts: given(&allowed_authority_hosts).map(authority_host).collect::<Result<_, _>>()?,
            private_authorities,
            client_assertion_file,
            proxy: proxy.map(|text| proxy_url(text.trim())).transpose()?.map(|url| ProxyConfig { url, no_proxy }),
        })
    }
}

/// A host with its port, as it stands in a URL.
fn authority_host(text: &str) -> Result<String, InvalidFlag> {
    let wrong = || {
        let reason = format!("{text:?} is no host, such as login.microsoftonline.com or keycloak.example.com:8443");
        invalid("allowed-authority-hosts", reason)
    };
    let url = Url::parse(&format!("https://{text}")).map_err(|_| wrong())?;
    let is_host_alone = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_whole = is_host_alone && !text.contains(['/', '@', '\\', '*']);
    let host = url.host_str().filter(|_| is_whole).ok_or_else(wrong)?;
    Ok(format!("{host}:{}", url.port_or_known_default().unwrap_or(443)))
}

/// The address of a proxy. A wrong one is not quoted: there may be a password in it.
fn proxy_url(text: &str) -> Result<String, InvalidFlag> {
    // curl and others take a host and a port without a scheme.
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let is_proxy = Url::parse(&text).is_ok_and(|url| url.scheme() == "http" && url.has_host());
    let reason =
        "is no address of an HTTP proxy, such as http://proxy.example.com:3128 (from the flag or from HTTPS_PROXY)";
    if is_proxy { Ok(text) } else { Err(invalid("https-proxy", reason)) }
}
