//! Who asks: a key that opens the Directory of the URL, or one and the same refusal.
//!
//! The look-up key is the SHA-256 of the whole secret, so the time it takes tells nothing about secrets that are near.
//! Whatever is wrong (no header, a wrong secret, a key that is over or of another WatchedDirectory, a Directory that does not
//! exist), the client gets the same 401; the reason is for the log and the metric.

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
use crate::metrics::AuthenticationFailure;
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

/// Why the request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 401.
    Credentials(AuthenticationFailure),
    /// 403: the key is good and may not do this.
    Scope,
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

    /// The Directory and the name of the key that opens it, if one of `keys`, which were looked up by the digest, does.
    pub(super) fn open(
        &self,
        directory: Option<&Arc<WatchedDirectory>>,
        keys: &[Arc<WatchedKey>],
        now: Timestamp,
    ) -> Result<(Arc<WatchedDirectory>, String), Refusal> {
        let mut refusal = Refusal::Credentials(AuthenticationFailure::UnknownKey);
        for key in keys.iter().filter(|key| self.is_of(key)) {
            match self.verdict(key, directory, now) {
                Ok(directory) => return Ok((Arc::clone(directory), key.name.clone())),
                Err(reason) => refusal = reason,
            }
        }
        Err(refusal)
    }

    fn is_of(&self, key: &WatchedKey) -> bool {
        let digest = data_encoding::HEXLOWER.decode(key.spec.sha256.as_deref().unwrap_or_default().as_bytes());
        digest.is_ok_and(|digest| bool::from(self.digest.ct_eq(digest.as_slice())))
    }

    fn verdict<'a>(
        &self,
        key: &WatchedKey,
        directory: Option<&'a Arc<WatchedDirectory>>,
        now: Timestamp,
    ) -> Result<&'a Arc<WatchedDirectory>, Refusal> {
        let refused = |failure| Err(Refusal::Credentials(failure));
        let Some(directory) = directory else { return refused(AuthenticationFailure::UnknownDirectory) };
        if key.namespace != directory.namespace || key.spec.directory_ref.name != directory.name {
            return refused(AuthenticationFailure::OtherDirectory);
        }
        match check(&key.spec, now) {
            KeyVerdict::Valid if self.scheme == Scheme::Basic && refuses_basic(directory) => {
                refused(AuthenticationFailure::BasicRefused)
            }
            KeyVerdict::Valid => Ok(directory),
            KeyVerdict::WrongScope => Err(Refusal::Scope),
            KeyVerdict::NotYetValid => refused(AuthenticationFailure::NotYetValid),
            KeyVerdict::Expired => refused(AuthenticationFailure::Expired),
            KeyVerdict::Revoked => refused(AuthenticationFailure::Revoked),
        }
    }
}

/// A value that a newer version wrote is not taken for a permission.
fn refuses_basic(directory: &WatchedDirectory) -> bool {
    directory.spec.provisioning.basic != Basic::Allow
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::AuthenticationFailure::{
        BasicRefused, Expired, Malformed, Missing, NotYetValid, OtherDirectory, Revoked, UnknownDirectory, UnknownKey,
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
        Arc::new(WatchedKey { namespace: namespace.to_owned(), name: format!("key-of-{directory}"), spec })
    }

    #[test]
    fn a_key_opens_its_directory_and_nothing_else_does() {
        let staff = directory(&json!({}));
        let good = || key("acme", "staff", json!({}));
        let with = |spec: Value| vec![key("acme", "staff", spec)];
        let other_hash = data_encoding::HEXLOWER.encode(&digest("another"));
        for (name, directory, keys, expected) in [
            ("a good key", Some(&staff), vec![good()], Ok(())),
            ("no key", Some(&staff), vec![], Err(UnknownKey)),
            ("a look-up that found another's", Some(&staff), with(json!({ "sha256": other_hash })), Err(UnknownKey)),
            ("a hash that is none", Some(&staff), with(json!({ "sha256": "s3cret" })), Err(UnknownKey)),
            ("of another directory", Some(&staff), vec![key("acme", "guests", json!({}))], Err(OtherDirectory)),
            ("of another namespace", Some(&staff), vec![key("evil", "staff", json!({}))], Err(OtherDirectory)),
            ("of a directory that is not there", None, vec![good()], Err(UnknownDirectory)),
            ("expired", Some(&staff), with(json!({ "expiresAt": "2026-01-01T00:00:00Z" })), Err(Expired)),
            ("early", Some(&staff), with(json!({ "notBefore": "2027-01-01T00:00:00Z" })), Err(NotYetValid)),
            ("revoked", Some(&staff), with(json!({ "revoked": true })), Err(Revoked)),
            ("one of two", Some(&staff), vec![key("acme", "guests", json!({})), good()], Ok(())),
        ] {
            let credentials = Credentials { scheme: Scheme::Bearer, digest: digest("s3cret") };
            let now = "2026-06-01T00:00:00Z".parse().expect("a time");
            let expected = expected.map(|()| "key-of-staff".to_owned()).map_err(Refusal::Credentials);
            let opened = credentials.open(directory, &keys, now).map(|(_, key)| key);
            assert_eq!(opened, expected, "{name}");
        }
    }

    #[test]
    fn basic_is_refused_where_the_directory_says_so_and_a_scope_is_its_own_refusal() {
        let now = "2026-06-01T00:00:00Z".parse().expect("a time");
        let refusing = directory(&json!({ "basic": "Refuse" }));
        let newer = directory(&json!({ "basic": "OnTuesdays" }));
        let good = [key("acme", "staff", json!({}))];
        let basic = Credentials { scheme: Scheme::Basic, digest: digest("s3cret") };
        let bearer = Credentials { scheme: Scheme::Bearer, ..basic };
        assert_eq!(basic.open(Some(&refusing), &good, now), Err(Refusal::Credentials(BasicRefused)));
        assert_eq!(basic.open(Some(&newer), &good, now), Err(Refusal::Credentials(BasicRefused)));
        assert!(basic.open(Some(&directory(&json!({}))), &good, now).is_ok());
        assert!(bearer.open(Some(&refusing), &good, now).is_ok());
        let scopeless = [key("acme", "staff", json!({ "scopes": ["audit"] }))];
        assert_eq!(bearer.open(Some(&refusing), &scopeless, now), Err(Refusal::Scope));
    }
}
