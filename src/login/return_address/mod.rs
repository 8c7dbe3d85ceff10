//! Where somebody may be sent after a login: to an application of the Directory, or to a page of ours, and nowhere else.
//!
//! Browsers and servers read odd addresses differently, and every product in this place has sent people to strangers at some
//! time. So an address is refused where its scheme, host or path holds anything that could be read in two ways, before and
//! after one percent-decoding; what is left is parsed as browsers parse it, compared with the hosts of applications, and sent
//! as it was parsed. The query is the application's business and comes back as it was.

#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::api::DirectoryApplicationSpec;
use crate::rules::application::{first_host, origin, own_host};

/// The longest address that a login carries along. A longer one becomes the front page of its application.
pub const MAX_RETURN_ADDRESS: usize = 1024;

/// An application that somebody may be sent to.
#[derive(Clone, Copy, Debug)]
pub struct KnownApplication<'a> {
    /// The name of the application.
    pub name: &'a str,
    /// Its hosts, among the rest.
    pub spec: &'a DirectoryApplicationSpec,
}

/// Where somebody may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnAddress {
    /// To a page of ours: a path with its query.
    Own(String),
    /// To an application.
    Application {
        /// The name of the application.
        name: String,
        /// The whole address.
        url: Url,
    },
}

/// Why somebody may not be sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedAddress {
    /// It holds a control character or a blank, or a backslash where browsers take it for a slash.
    Character,
    /// It is neither a path nor an address of https.
    Form,
    /// It names a user or a password.
    UserInfo,
    /// Its host is no application's.
    Host,
    /// It is a page of ours that nobody returns to.
    Page,
}

impl RefusedAddress {
    /// The reason for the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Character => "Character",
            Self::Form => "Form",
            Self::UserInfo => "UserInfo",
            Self::Host => "Host",
            Self::Page => "Page",
        }
    }
}

impl KnownApplication<'_> {
    /// Whether an address is at a host of the application.
    pub fn has(&self, url: &Url) -> bool {
        let host = host_of(url).and_then(|host| own_host(self.spec, &host));
        host.is_some_and(|host| Url::parse(&origin(self.spec, &host)).is_ok_and(|own| own.origin() == url.origin()))
    }

    /// The first page of its first host that is not a pattern.
    pub fn front_page(&self) -> Option<Url> {
        Url::parse(&origin(self.spec, first_host(self.spec)?)).ok()
    }
}

/// The host of an address, with its port where it is not the usual one.
pub fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

impl ReturnAddress {
    /// The address in `text`, if somebody may be sent there: to a path at or below `page`, or to a host of one of these
    /// applications.
    pub fn parse(text: &str, page: &str, applications: &[KnownApplication<'_>]) -> Result<Self, RefusedAddress> {
        if text.chars().any(is_unsafe) {
            return Err(RefusedAddress::Character);
        }
        let head = &text[..text.find(['?', '#']).unwrap_or(text.len())];
        check_head(head)?;
        if head.starts_with('/') { own(text, head, page) } else { of_application(text, head, applications) }
    }

    /// Whether a login can carry the address along.
    pub fn fits(&self) -> bool {
        let length = match self {
            Self::Own(path) => path.len(),
            Self::Application { url, .. } => url.as_str().len(),
        };
        length <= MAX_RETURN_ADDRESS
    }
}

/// Nothing in it may be read in two ways, now or after the decoding that some server on the way does. A blank within a path is
/// common (`/My%20Page`) and harmless; right behind the first slash it is a known trick.
fn check_head(head: &str) -> Result<(), RefusedAddress> {
    let decoded = percent_decode_str(head).decode_utf8_lossy();
    let is_odd = |character: char| character == '\\' || (character != ' ' && is_unsafe(character));
    if head.contains('\\') || decoded.chars().any(is_odd) {
        return Err(RefusedAddress::Character);
    }
    let path = match decoded.split_once("://") {
        Some((_, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if authority.contains(' ') {
                return Err(RefusedAddress::Character);
            }
            path
        }
        None => &decoded,
    };
    if path.starts_with("/ ") { Err(RefusedAddress::Character) } else { Ok(()) }
}

fn is_unsafe(character: char) -> bool {
    character.is_control() || character.is_whitespace()
}

fn own(text: &str, head: &str, page: &str) -> Result<ReturnAddress, RefusedAddress> {
    let decoded = percent_decode_str(head).decode_utf8_lossy();
    if decoded.starts_with("//") {
        return Err(RefusedAddress::Form);
    }
    // The name never leaves this function: it only gives the parser something to resolve the path against.
    let here = Url::parse("https://here.invalid/").map_err(|_| RefusedAddress::Form)?;
    let url = here.join(text).map_err(|_| RefusedAddress::Form)?;
    if url.origin() != here.origin() {
        return Err(RefusedAddress::Form);
    }
    let is_below = url.path().strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !is_below {
        return Err(RefusedAddress::Page);
    }
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(ReturnAddress::Own(format!("{}{query}", url.path())))
}

fn of_application(
    text: &str,
    head: &str,
    applications: &[KnownApplication<'_>],
) -> Result<ReturnAddress, RefusedAddress> {
    let (scheme, rest) = head.split_once("://").ok_or(RefusedAddress::Form)?;
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) || rest.starts_with('/') {
        return Err(RefusedAddress::Form);
    }
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    if percent_decode_str(authority).any(|byte| byte == b'@') {
        return Err(RefusedAddress::UserInfo);
    }
    let url = Url::parse(text).map_err(|_| RefusedAddress::Form)?;
    let name =
        applications.iter().find(|application| application.has(&url)).ok_or(RefusedAddress::Host)?.name.to_owned();
    Ok(ReturnAddress::Application { name, url })
}
