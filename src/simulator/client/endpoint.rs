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
        let flag = query.split('&').find_map(|flag| match flag.split('=').next() {
            Some("aadOptscim062020" | "AzureAdScimPatch062020") => Some(Flag::Standard),
            Some("AzureAdScimPatch2017") => Some(Flag::Legacy),
            _ => None,
        });
        Ok(Self { base: address.strip_suffix('/').unwrap_or(address).to_owned(), flag })
    }

    /// The address without trailing slash and query.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The feature flag of the URL.
    pub fn flag(&self) -> Option<Flag> {
        self.flag
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }
}
