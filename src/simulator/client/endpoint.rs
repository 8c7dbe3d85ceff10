//! The tenant URL as an administrator types it.

use http::Uri;

use super::SetUpError;

/// What a feature flag in the tenant URL says about the PATCH dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `aadOptscim062020`, or the older spelling `AzureAdScimPatch062020`: the standard dialect.
    Standard,
    /// `AzureAdScimPatch2017`: the legacy dialect.
    Legacy,
}

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base: String,
    flag: Option<Flag>,
    ignored: Vec<String>,
}

/// The flags that the service knows.
const FLAGS: [(&str, Flag); 3] = [
    ("aadOptscim062020", Flag::Standard),
    ("AzureAdScimPatch062020", Flag::Standard),
    ("AzureAdScimPatch2017", Flag::Legacy),
];
/// How a query part begins that means to be a flag.
const FLAG_BEGINNINGS: [&str; 2] = ["aadopt", "azureadscim"];

/// The flag of a query part; `None` for a part that has nothing to do with flags.
fn flag(part: &str) -> Result<Option<Flag>, &'static str> {
    let name = part.split('=').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    match FLAGS.iter().find(|(known, _)| *known == name) {
        Some((_, flag)) => Ok(Some(*flag)),
        None if FLAG_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning)) => Err(
            "it has a flag that is not known; known are aadOptscim062020, AzureAdScimPatch062020, AzureAdScimPatch2017",
        ),
        None => Ok(None),
    }
}

impl Endpoint {
    /// Reads a tenant URL: one trailing slash is tolerated, and a flag stands where a query would. Whether the service
    /// sends the flag on with its requests is not known; it is not sent here.
    pub fn parse(url: &str) -> Result<Self, SetUpError> {
        let refuse = |reason| SetUpError::Url { url: url.to_owned(), reason };
        let (address, query) = url.trim().split_once('?').unwrap_or((url.trim(), ""));
        if address.contains('#') {
            return Err(refuse("it has a fragment"));
        }
        let uri: Uri = address.parse().map_err(|_| refuse("it is no URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(refuse("it has to begin with https:// or http://"));
        }
        match uri.authority() {
            None => return Err(refuse("it names no host")),
            // What stands before an @ would be a secret in a report.
            Some(authority) if authority.as_str().contains('@') => {
                return Err(SetUpError::Url { url: "(not shown)".to_owned(), reason: "it holds a user name" });
            }
            Some(_) => {}
        }
        let base = address.strip_suffix('/').unwrap_or(address);
        match uri.path().trim_end_matches('/').rsplit_once('/') {
            Some((_, last)) if last.eq_ignore_ascii_case("Users") => return Err(refuse("give it without /Users")),
            Some((_, last)) if last.eq_ignore_ascii_case("Groups") => return Err(refuse("give it without /Groups")),
            _ => {}
        }
        let (mut found, mut ignored) = (None, Vec::new());
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match (flag(part).map_err(refuse)?, found) {
                (None, _) => ignored.push(part.split('=').next().unwrap_or_default().to_owned()),
                (Some(flag), Some(other)) if flag != other => return Err(refuse("its flags contradict each other")),
                (Some(flag), _) => found = Some(flag),
            }
        }
        Ok(Self { base: base.to_owned(), flag: found, ignored })
    }

    /// The address without trailing slash and query.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The feature flag of the URL.
    pub fn flag(&self) -> Option<Flag> {
        self.flag
    }

    /// The names of the other parts of the query, which mean nothing and are not sent. Values may be secrets.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }
}
