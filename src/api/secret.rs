//! A Secret of one of the operator's types. Nothing that prints one shows a value.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::Object;

/// The type of Secrets that people make: what proves the operator to a provider.
pub const CLIENT_SECRET: &str = "rollcall.dev/client-secret";
/// The type of the operator's Secret with the keys that seal sessions.
pub const LOGIN_KEYS: &str = "rollcall.dev/login-keys";
/// The type of the operator's Secrets with the hash of a person's password.
pub const PASSWORD: &str = "rollcall.dev/password";
/// The type of the operator's Secrets with the one-time link of an invitation.
pub const INVITATION: &str = "rollcall.dev/invitation";
/// The type of the operator's Secrets with the secret of a minted key.
pub const KEY_TOKEN: &str = "rollcall.dev/key-token";

/// A Secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its entries, decoded.
    pub data: BTreeMap<String, Vec<u8>>,
    /// All of it but the entries.
    object: Object,
}

impl Secret {
    /// A new one of this type, with nothing in it.
    pub fn new(name: &str, secret_type: &str) -> Self {
        let object = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "type": secret_type });
        Self { data: BTreeMap::new(), object: object.into() }
    }

    /// The Secret in an object, if it is of this type; of another one no entry is looked at, and the error is its type. An
    /// entry that cannot be decoded, which the API server rules out, is left out.
    pub fn read(object: Object, secret_type: &str) -> Result<Self, String> {
        if object.secret_type() != secret_type {
            return Err(object.secret_type().to_owned());
        }
        let mut json = Value::from(object);
        let data = json.as_object_mut().and_then(|secret| secret.remove("data"));
        let data = data.as_ref().and_then(Value::as_object).into_iter().flatten();
        let decode =
            |(entry, value): (&String, &Value)| Some((entry.clone(), BASE64.decode(value.as_str()?.as_bytes()).ok()?));
        Ok(Self { data: data.filter_map(decode).collect(), object: json.into() })
    }

    /// Its type.
    pub fn secret_type(&self) -> &str {
        self.object.secret_type()
    }

    /// An entry.
    pub fn entry(&self, name: &str) -> Option<&[u8]> {
        self.data.get(name).map(Vec::as_slice)
    }

    /// All of it but the entries: for the metadata.
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The same, to be changed.
    pub fn object_mut(&mut self) -> &mut Object {
        &mut self.object
    }

    /// The object as it is sent.
    pub fn to_object(&self) -> Object {
        let encode = |(entry, value): (&String, &Vec<u8>)| (entry.clone(), Value::from(BASE64.encode(value)));
        let mut json = self.object.as_json().clone();
        json["data"] = Value::Object(self.data.iter().map(encode).collect::<Map<_, _>>());
        json.into()
    }
}

/// The names of the entries alone.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<_> = self.data.keys().collect();
        formatter.debug_struct("Secret").field("name", &self.object.name()).field("entries", &entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(secret_type: &str) -> Object {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": secret_type,
            "metadata": { "name": "entra", "resourceVersion": "7", "annotations": { "a": "1" } },
            "data": { "clientSecret": "czNjcjN0", "broken": "%" },
        })
        .into()
    }

    #[test]
    fn only_a_secret_of_the_type_that_is_asked_for_is_read() {
        for other in ["kubernetes.io/tls", "Opaque", "", "rollcall.dev/client-secret2"] {
            assert_eq!(Secret::read(object(other), CLIENT_SECRET), Err(other.to_owned()));
        }
        let secret = Secret::read(object(CLIENT_SECRET), CLIENT_SECRET).expect("the right type");
        assert_eq!((secret.entry("clientSecret"), secret.entry("broken")), (Some(&b"s3cr3t"[..]), None));
        assert_eq!(secret.object().resource_version(), "7");
    }

    #[test]
    fn a_secret_is_sent_as_it_was_read_with_what_was_changed() {
        let mut secret = Secret::read(object(CLIENT_SECRET), CLIENT_SECRET).expect("the right type");
        secret.data.insert("more".to_owned(), b"x".to_vec());
        let sent = secret.to_object();
        assert_eq!(sent["data"], json!({ "clientSecret": "czNjcjN0", "more": "eA==" }));
        assert_eq!(sent["metadata"], object(CLIENT_SECRET)["metadata"]);
    }

    #[test]
    fn nothing_that_prints_a_secret_shows_a_value() {
        let secret = Secret::read(object(CLIENT_SECRET), CLIENT_SECRET).expect("the right type");
        let printed = format!("{secret:?} {secret:#?}");
        assert!(!printed.contains("s3cr3t") && !printed.contains("czNjcjN0"), "{printed}");
    }
}
