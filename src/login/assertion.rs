//! Assertions: what an application can verify about the person at its door without trusting the network between.
//!
//! A JWT (RFC 7519) with an Ed25519 signature (RFC 8037), good for a minute and for one application. It is written here by hand:
//! one header, one set of claims, and `ring` signs. Nothing of ours reads one, so there is no parser to get wrong.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How long an assertion is good for, in seconds.
pub const LIFETIME: i64 = 60;

/// What an assertion says.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// Who says it: the public address of the Directory.
    pub issuer: &'a str,
    /// For whom: the origin of the application.
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
            audience: "https://wiki.contoso.example",
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
            "iss": "https://id.contoso.example/acme/staff", "aud": "https://wiki.contoso.example", "sub": "ada-1",
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
    fn two_seeds_make_two_keys_and_one_seed_one() {
        let id = |seed| SigningKey::from_seed(&[seed; 32]).expect("a key").id;
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }
}
