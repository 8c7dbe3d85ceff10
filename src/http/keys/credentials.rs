//! Who asks: a key that opens the Directory of the URL, or one and the same refusal.
//!
//! The look-up key is the SHA-256 of the whole secret, so the time it takes tells nothing about secrets that are near.
//! Whatever is wrong (no header, a wrong secret, a key that is over or of another Directory), the client gets the same
//! 401; the reason is for the log and the metric. Only the holder of a key in force can learn that its Directory is not
//! there: that may heal, and a 401 would stop the provider's whole job.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::directory::Basic;
use crate::api::directory_key::Scope;
use crate::rules::key::{KeyVerdict, check};
use crate::store::{WatchedDirectory, WatchedKey};

/// What was presented. The secret itself is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    scheme: Scheme,
    /// SHA-256 of the secret.
    pub(super) digest: [u8; 32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Basic,
}

/// Why credentials did not open a Directory. The client learns none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationFailure {
    /// No `Authorization` header.
    Missing,
    /// More than one header, another scheme, or Basic that does not decode.
    Malformed,
    /// No key has this secret.
    UnknownKey,
    /// The key opens another Directory.
    OtherDirectory,
    /// The key is in force, and its Directory is not there or cannot be read.
    UnknownDirectory,
    /// `notBefore` is yet to come.
    NotYetValid,
    /// `expiresAt` is over.
    Expired,
    /// The key is revoked.
    Revoked,
    /// The Directory refuses Basic.
    BasicRefused,
}

impl AuthenticationFailure {
    /// The word of the label and of the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::OtherDirectory => "other_directory",
            Self::UnknownDirectory => "unknown_directory",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::BasicRefused => "basic_refused",
        }
    }
}

/// Why the request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessRefusal {
    /// 401.
    Credentials(AuthenticationFailure),
    /// 403: the key is good and may not do this.
    Scope,
    /// 503: the key is good and its Directory is not there.
    NoDirectory,
}

/// What came of the credentials: the key that was recognised, and whether it opens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Authentication {
    /// The key; nothing where none has the secret.
    pub(super) key: Option<Arc<WatchedKey>>,
    /// The Directory, or why it is not opened.
    pub(super) opened: Result<Arc<WatchedDirectory>, AccessRefusal>,
}

/// The namespace and the name of the Directory in the URL, and what is there under them.
#[derive(Clone, Copy, Debug)]
pub(super) struct WantedDirectory<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) directory: Option<&'a Arc<WatchedDirectory>>,
    /// What the request is about to do.
    pub(super) scope: Scope,
}

/// Basic as clients send it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Credentials {
    /// Reads the `Authorization` header. The user of Basic may be anything: connectors that insist on one are content.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, AuthenticationFailure> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let header = lines.next().ok_or(AuthenticationFailure::Missing)?.as_bytes();
        if lines.next().is_some() {
            return Err(AuthenticationFailure::Malformed);
        }
        let blank = header.iter().position(|byte| *byte == b' ').ok_or(AuthenticationFailure::Malformed)?;
        let (scheme, rest) = (&header[..blank], header[blank..].trim_ascii());
        if scheme.eq_ignore_ascii_case(b"Bearer") && !rest.is_empty() {
            return Ok(Self { scheme: Scheme::Bearer, digest: Sha256::digest(rest).into() });
        }
        if scheme.eq_ignore_ascii_case(b"Basic") {
            let pair = BASE64.decode(rest).map_err(|_| AuthenticationFailure::Malformed)?;
            let colon = pair.iter().position(|byte| *byte == b':').ok_or(AuthenticationFailure::Malformed)?;
            return Ok(Self { scheme: Scheme::Basic, digest: Sha256::digest(&pair[colon + 1..]).into() });
        }
        Err(AuthenticationFailure::Malformed)
    }

    /// Whether one of `keys`, which were looked up by the digest, opens the Directory that is asked for.
    pub(super) fn open(&self, wanted: WantedDirectory<'_>, keys: &[Arc<WatchedKey>], now: Timestamp) -> Authentication {
        let refused = |failure| Err(AccessRefusal::Credentials(failure));
        let mut authentication = Authentication { key: None, opened: refused(AuthenticationFailure::UnknownKey) };
        for key in keys.iter().filter(|key| self.is_of(key)) {
            let opened = self.check(key, wanted, now);
            // What is wrong with a key of this Directory says more than that another key is of another one.
            if authentication.key.is_none() || opened != refused(AuthenticationFailure::OtherDirectory) {
                authentication = Authentication { key: Some(Arc::clone(key)), opened };
            }
            if authentication.opened.is_ok() {
                break;
            }
        }
        authentication
    }

    fn is_of(&self, key: &WatchedKey) -> bool {
        let digest = data_encoding::HEXLOWER.decode(key.spec.sha256.as_deref().unwrap_or_default().as_bytes());
        digest.is_ok_and(|digest| bool::from(self.digest.ct_eq(digest.as_slice())))
    }

    /// Whether the Directory is there comes after everything that the key itself must be.
    fn check(
        &self,
        key: &WatchedKey,
        wanted: WantedDirectory<'_>,
        now: Timestamp,
    ) -> Result<Arc<WatchedDirectory>, AccessRefusal> {
        let refused = |failure| Err(AccessRefusal::Credentials(failure));
        if key.namespace != wanted.namespace || key.spec.directory_ref.name != wanted.name {
            return refused(AuthenticationFailure::OtherDirectory);
        }
        match check(&key.spec, wanted.scope, now) {
            KeyVerdict::WrongScope => return Err(AccessRefusal::Scope),
            KeyVerdict::NotYetValid => return refused(AuthenticationFailure::NotYetValid),
            KeyVerdict::Expired => return refused(AuthenticationFailure::Expired),
            KeyVerdict::Revoked => return refused(AuthenticationFailure::Revoked),
            KeyVerdict::Valid => {}
        }
        let Some(directory) = wanted.directory else { return Err(AccessRefusal::NoDirectory) };
        if self.scheme == Scheme::Basic && refuses_basic(directory) {
            return refused(AuthenticationFailure::BasicRefused);
        }
        Ok(Arc::clone(directory))
    }
}

/// A value that a newer version wrote is not taken for a permission.
fn refuses_basic(directory: &WatchedDirectory) -> bool {
    directory.spec.provisioning.basic.counts_as() != Basic::Allow
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::AuthenticationFailure::{
        BasicRefused, Expired, Malformed, Missing, NotYetValid, OtherDirectory, Revoked, UnknownKey,
    };
    use super::*;
    use crate::store::Seen;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (AUTHORIZATION, HeaderValue::from_str(line).expect("a value"))).collect()
    }

    fn digest(secret: &str) -> [u8; 32] {
        Sha256::digest(secret).into()
    }

    #[test]
    fn the_secret_is_read_from_bearer_and_from_basic() {
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        let unpadded = format!("basic {}", BASE64_STANDARD_NO_PAD.encode("key:s3cret"));
        for (name, line, scheme) in [
            ("Bearer", "Bearer s3cret".to_owned(), Scheme::Bearer),
            ("another letter case", "bEARER s3cret".to_owned(), Scheme::Bearer),
            ("more blanks", "Bearer   s3cret ".to_owned(), Scheme::Bearer),
            ("Basic", basic("key:s3cret"), Scheme::Basic),
            ("Basic without a user", basic(":s3cret"), Scheme::Basic),
            ("Basic without padding", unpadded, Scheme::Basic),
        ] {
            let credentials = Credentials::read(&headers(&[&line])).expect(name);
            assert_eq!(credentials, Credentials { scheme, digest: digest("s3cret") }, "{name}");
        }
        let colons = Credentials::read(&headers(&[&basic("key:a:b")])).expect("a secret with a colon");
        assert_eq!(colons.digest, digest("a:b"));
    }

    #[test]
    fn what_is_no_credential_is_refused() {
        let no_colon = format!("Basic {}", BASE64_STANDARD.encode("s3cret"));
        for (name, lines, failure) in [
            ("no header", &[][..], Missing),
            ("two headers", &["Bearer s3cret", "Bearer s3cret"], Malformed),
            ("no scheme", &["s3cret"], Malformed),
            ("another scheme", &["Digest s3cret"], Malformed),
            ("an empty secret", &["Bearer "], Malformed),
            ("no Base64", &["Basic ???"], Malformed),
            ("no colon", &[&no_colon], Malformed),
        ] {
            assert_eq!(Credentials::read(&headers(lines)), Err(failure), "{name}");
        }
    }

    fn directory(provisioning: &Value) -> Arc<WatchedDirectory> {
        let spec = serde_json::from_value(json!({ "provisioning": provisioning })).expect("a spec");
        Arc::new(WatchedDirectory {
            namespace: "acme".to_owned(),
            name: "staff".to_owned(),
            spec,
            unique: Arc::default(),
            seen: Seen::default(),
        })
    }

    fn key(namespace: &str, directory: &str, mut spec: Value) -> Arc<WatchedKey> {
        spec["directoryRef"] = json!({ "name": directory });
        if spec["sha256"].is_null() {
            spec["sha256"] = data_encoding::HEXLOWER.encode(&digest("s3cret")).into();
        }
        let spec = serde_json::from_value(spec).expect("a spec");
        let name = format!("key-of-{directory}");
        Arc::new(WatchedKey { namespace: namespace.to_owned(), name, spec, ..WatchedKey::default() })
    }

    fn wanted(directory: Option<&Arc<WatchedDirectory>>) -> WantedDirectory<'_> {
        WantedDirectory { namespace: "acme", name: "staff", directory, scope: Scope::Provision }
    }

    #[test]
    fn a_key_opens_its_directory_and_nothing_else_does() {
        let staff = directory(&json!({}));
        let good = || key("acme", "staff", json!({}));
        let guests = || key("acme", "guests", json!({}));
        let with = |spec: Value| vec![key("acme", "staff", spec)];
        let other_hash = data_encoding::HEXLOWER.encode(&digest("another"));
        let refused = |failure| Err(AccessRefusal::Credentials(failure));
        let (expired, revoked) = (json!({ "expiresAt": "2026-01-01T00:00:00Z" }), json!({ "revoked": true }));
        for (name, directory, keys, named, expected) in [
            ("a good key", Some(&staff), vec![good()], "staff", Ok(())),
            ("no key", Some(&staff), vec![], "", refused(UnknownKey)),
            ("another's", Some(&staff), with(json!({ "sha256": other_hash })), "", refused(UnknownKey)),
            ("a hash that is none", Some(&staff), with(json!({ "sha256": "s3cret" })), "", refused(UnknownKey)),
            ("of another directory", Some(&staff), vec![guests()], "guests", refused(OtherDirectory)),
            (
                "of another namespace",
                Some(&staff),
                vec![key("evil", "staff", json!({}))],
                "staff",
                refused(OtherDirectory),
            ),
            ("expired", Some(&staff), with(expired.clone()), "staff", refused(Expired)),
            (
                "early",
                Some(&staff),
                with(json!({ "notBefore": "2027-01-01T00:00:00Z" })),
                "staff",
                refused(NotYetValid),
            ),
            ("revoked", Some(&staff), with(revoked.clone()), "staff", refused(Revoked)),
            ("one of two", Some(&staff), vec![guests(), good()], "staff", Ok(())),
            (
                "a revoked one of two",
                Some(&staff),
                [with(revoked.clone()), vec![guests()]].concat(),
                "staff",
                refused(Revoked),
            ),
            (
                "a good key of a directory that is not there",
                None,
                vec![good()],
                "staff",
                Err(AccessRefusal::NoDirectory),
            ),
            ("the same beside another", None, vec![good(), guests()], "staff", Err(AccessRefusal::NoDirectory)),
            ("an expired key of it", None, with(expired), "staff", refused(Expired)),
            ("a revoked key of it", None, with(revoked), "staff", refused(Revoked)),
            (
                "a key of it without the scope",
                None,
                with(json!({ "scopes": ["audit"] })),
                "staff",
                Err(AccessRefusal::Scope),
            ),
            ("another's key, and it is not there", None, vec![guests()], "guests", refused(OtherDirectory)),
            ("no key, and it is not there", None, vec![], "", refused(UnknownKey)),
        ] {
            let credentials = Credentials { scheme: Scheme::Bearer, digest: digest("s3cret") };
            let now = "2026-06-01T00:00:00Z".parse().expect("a time");
            let Authentication { key, opened } = credentials.open(wanted(directory), &keys, now);
            assert_eq!(opened.map(drop), expected, "{name}");
            let named = (!named.is_empty()).then(|| format!("key-of-{named}"));
            assert_eq!(key.map(|key| key.name.clone()), named, "{name}: the key is named");
        }
    }

    #[test]
    fn basic_is_refused_where_the_directory_says_so_and_a_scope_is_its_own_refusal() {
        let now = "2026-06-01T00:00:00Z".parse().expect("a time");
        let open = |credentials: Credentials, directory, key| credentials.open(wanted(directory), &[key], now).opened;
        let refusing = directory(&json!({ "basic": "Refuse" }));
        let newer = directory(&json!({ "basic": "OnTuesdays" }));
        let allowing = directory(&json!({}));
        let good = || key("acme", "staff", json!({}));
        let basic = Credentials { scheme: Scheme::Basic, digest: digest("s3cret") };
        let bearer = Credentials { scheme: Scheme::Bearer, ..basic };
        assert_eq!(open(basic, Some(&refusing), good()), Err(AccessRefusal::Credentials(BasicRefused)));
        assert_eq!(open(basic, Some(&newer), good()), Err(AccessRefusal::Credentials(BasicRefused)));
        assert!(open(basic, Some(&allowing), good()).is_ok());
        assert!(open(bearer, Some(&refusing), good()).is_ok());
        let scopeless = key("acme", "staff", json!({ "scopes": ["audit"] }));
        assert_eq!(open(bearer, Some(&refusing), scopeless), Err(AccessRefusal::Scope));
    }
}
