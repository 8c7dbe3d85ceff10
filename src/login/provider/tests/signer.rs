//! Signs tokens as a provider does, and as forgers do.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::CoreJsonWebKey;
use ring::hmac;
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest as _, Sha256};
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};

/// Short ones: they are made anew each time, and nobody guards anything with them.
const KEY_BITS: usize = 1024;

/// The key of the provider.
pub static OWN: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("own"));
/// One that somebody else has, under the same id.
pub static FOREIGN: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("own"));

pub struct SigningKey {
    id: &'static str,
    key: RsaPrivateKey,
}

/// How a token is signed.
#[derive(Clone, Copy)]
pub enum Signed<'a> {
    By(&'a SigningKey),
    /// With an HMAC of this secret.
    WithSecret(&'a [u8]),
    Not,
}

impl SigningKey {
    fn new(id: &'static str) -> Self {
        Self { id, key: RsaPrivateKey::new(&mut OsRng, KEY_BITS).expect("a key") }
    }

    /// The public key as the key set has it.
    pub fn to_json(&self) -> Value {
        let number = |bytes: Vec<u8>| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({ "kty": "RSA", "use": "sig", "kid": self.id, "n": number(self.key.n().to_bytes_be()), "e": number(self.key.e().to_bytes_be()) })
    }

    pub fn public(&self) -> CoreJsonWebKey {
        serde_json::from_value(self.to_json()).expect("a key")
    }
}

/// A token of this header and these claims.
pub fn token(header: &Value, claims: &Value, signed: Signed<'_>) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let input = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let signature = match signed {
        Signed::By(SigningKey { key, .. }) => {
            key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&input)).expect("a signature")
        }
        Signed::WithSecret(secret) => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref().to_vec()
        }
        Signed::Not => Vec::new(),
    };
    format!("{input}.{}", encode(&signature))
}

/// A JSON object with these members changed; those that are null are taken away.
pub fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("members") {
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}
