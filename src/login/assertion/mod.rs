//! Assertions: what an application can verify about the person at its door without trusting the network between.
//!
//! A JWT (RFC 7519) with an Ed25519 signature (RFC 8037), good for a minute and for one application. It is written here by hand:
//! one header, one set of claims, and `ring` signs. Nothing of ours reads one, so there is no parser to get wrong.

mod recent;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use parking_lot::RwLock;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub use self::recent::RecentAssertions;

/// How long an assertion is good for, in seconds.
pub const LIFETIME: i64 = 60;

/// Most signing keys that are kept: two for each Directory, and those of keys that were rotated away. Then all are made anew.
const MAX_KEPT: usize = 1_024;

/// What an assertion says.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// Who says it: the public address of the Directory.
    pub issuer: &'a str,
    /// For whom: the host of the application.
    pub audience: &'a str,
    /// Of whom: the SCIM id.
    pub subject: &'a str,
    /// `userName`.
    pub user_name: Option<&'a str>,
    /// The e-mail address out of SCIM.
    pub email: Option<&'a str>,
    /// When it is said.
    pub now: Timestamp,
}

/// The claims on the wire.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// What signs the assertions of one Directory.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: String,
    /// The header of every assertion, encoded.
    header: String,
}

impl SigningKey {
    /// The key that is made of these bytes, always the same one: every replica derives it and none hands it over.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let id = thumbprint(pair.public_key().as_ref());
        let header = encoded(&json!({ "alg": "EdDSA", "kid": id, "typ": "JWT" }));
        Some(Self { pair, id, header })
    }

    /// The signed assertion, in compact form.
    pub fn sign(&self, assertion: &Assertion<'_>) -> String {
        let Assertion { issuer, audience, subject, user_name, email, now } = *assertion;
        let iat = now.as_second();
        let (iss, aud, sub, exp) = (issuer, audience, subject, iat + LIFETIME);
        let claims = encoded(&Claims { iss, aud, sub, iat, exp, preferred_username: user_name, email });
        let signed = format!("{}.{claims}", self.header);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The public half as a JSON Web Key.
    fn public(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x })
    }
}

/// Signing keys that have been made: it takes longer to make one than to sign with it.
#[derive(Default)]
pub struct SigningKeys(RwLock<HashMap<[u8; 32], Arc<SigningKey>>>);

impl SigningKeys {
    /// The keys that are made of these bytes, in their order.
    pub fn of(&self, seeds: &[[u8; 32]]) -> Vec<Arc<SigningKey>> {
        seeds.iter().filter_map(|seed| self.one(seed)).collect()
    }

    /// The key that is made of these bytes.
    pub fn one(&self, seed: &[u8; 32]) -> Option<Arc<SigningKey>> {
        if let Some(key) = self.0.read().get(seed) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(SigningKey::from_seed(seed)?);
        let mut keys = self.0.write();
        if keys.len() >= MAX_KEPT {
            keys.clear();
        }
        Some(Arc::clone(keys.entry(*seed).or_insert(key)))
    }
}

/// The public halves as a JSON Web Key Set: whoever verifies finds the key of an assertion by its `kid`.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Value {
    let keys: Vec<_> = keys.into_iter().map(SigningKey::public).collect();
    json!({ "keys": keys })
}

/// The name of a key: the thumbprint of RFC 7638, so that two keys never share one.
fn thumbprint(public: &[u8]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    let members = format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}");
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// A part of a token. What is encoded here always becomes JSON.
fn encoded(part: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn decoded(part: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(part).expect("Base64")
    }

    fn json_of(part: &str) -> Value {
        serde_json::from_slice(&decoded(part)).expect("JSON")
    }

    fn assertion() -> Assertion<'static> {
        Assertion {
            issuer: "https://id.contoso.example/acme/staff",
            audience: "wiki.contoso.example",
            subject: "ada-1",
            user_name: Some("ada@contoso.example"),
            email: None,
            now: NOW.parse().expect("a time"),
        }
    }

    #[test]
    fn the_key_is_that_of_rfc_8037() {
        let seed = decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").try_into().expect("32 bytes");
        let key = SigningKey::from_seed(&seed).expect("a key");
        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "appendix A.3");
        assert_eq!(key.public()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "appendix A.2");
    }

    #[test]
    fn an_assertion_says_who_asks_whom_and_until_when() {
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let token = key.sign(&assertion());
        let parts: Vec<_> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{token}") };
        assert_eq!(json_of(header), json!({ "alg": "EdDSA", "kid": key.id, "typ": "JWT" }));
        let iat = 1_780_272_000;
        let expected = json!({
            "iss": "https://id.contoso.example/acme/staff", "aud": "wiki.contoso.example", "sub": "ada-1",
            "iat": iat, "exp": iat + 60, "preferred_username": "ada@contoso.example",
        });
        assert_eq!(json_of(claims), expected);
        let set = key_set([&key]);
        let public = decoded(set["keys"][0]["x"].as_str().expect("a key"));
        let verify = |signed: &str| {
            UnparsedPublicKey::new(&ED25519, &public).verify(signed.as_bytes(), &decoded(signature)).is_ok()
        };
        assert!(verify(&format!("{header}.{claims}")));
        assert!(!verify(&format!("{header}.{claims}A")), "another claim");
    }

    #[test]
    fn a_library_of_others_verifies_an_assertion_by_the_published_keys() {
        use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
        use openidconnect::{ClientId, IssuerUrl, Nonce};

        let keys = SigningKeys::default().of(&[[1; 32], [2; 32]]);
        let set: CoreJsonWebKeySet = serde_json::from_value(key_set(keys.iter().map(|key| &**key))).expect("a key set");
        let verified = |token: &str, audience: &str| {
            let token: CoreIdToken = token.parse().expect("a token");
            let issuer = IssuerUrl::new(assertion().issuer.to_owned()).expect("an issuer");
            let verifier =
                CoreIdTokenVerifier::new_public_client(ClientId::new(audience.to_owned()), issuer, set.clone())
                    .set_allowed_algs([CoreJwsSigningAlgorithm::EdDsa]);
            let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(()));
            claims.ok().map(|claims| claims.subject().to_string())
        };
        let now = Timestamp::now();
        let good = Assertion { now, ..assertion() };
        for key in &keys {
            assert_eq!(
                verified(&key.sign(&good), good.audience).as_deref(),
                Some("ada-1"),
                "the current and the previous"
            );
        }
        let stranger = SigningKey::from_seed(&[3; 32]).expect("a key");
        let old = Assertion { now: Timestamp::from_second(now.as_second() - LIFETIME - 1).expect("a time"), ..good };
        for (name, token, audience) in [
            ("another application", keys[0].sign(&good), "other.contoso.example"),
            ("over", keys[0].sign(&old), good.audience),
            ("a key that is not published", stranger.sign(&good), good.audience),
        ] {
            assert_eq!(verified(&token, audience), None, "{name}");
        }
    }

    #[test]
    fn keys_that_were_made_are_kept_and_never_too_many() {
        let keys = SigningKeys::default();
        let seed = |number: usize| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&number.to_be_bytes());
            seed
        };
        let first = keys.one(&seed(0)).expect("a key");
        assert!(Arc::ptr_eq(&first, &keys.one(&seed(0)).expect("a key")));
        for number in 1..=MAX_KEPT {
            keys.one(&seed(number));
        }
        assert!(keys.0.read().len() <= MAX_KEPT);
        let pair = keys.of(&[seed(1), seed(2)]).iter().map(|key| key.id.clone()).collect::<Vec<_>>();
        assert_ne!(pair[0], pair[1]);
    }

    #[test]
    fn two_seeds_make_two_keys_and_one_seed_one() {
        let id = |seed| SigningKey::from_seed(&[seed; 32]).expect("a key").id;
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }
}
