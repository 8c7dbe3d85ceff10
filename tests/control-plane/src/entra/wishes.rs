//! What a test can ask the provider for: clients, faults, tokens.

use std::time::Duration;

use serde_json::{Value, json};

/// An app registration.
#[derive(Clone, Debug)]
pub enum Client {
    /// A web application with a secret.
    Web {
        /// The application's id.
        id: String,
        /// The secret that it sends to the token endpoint.
        secret: String,
        /// Where people may be sent back to, after a sign-out too.
        redirect_uris: Vec<String>,
    },
    /// A web application with a federated credential in the place of a secret.
    Federated {
        /// The application's id.
        id: String,
        /// Whose tokens it proves itself with.
        credential: Credential,
        /// Where people may be sent back to.
        redirect_uris: Vec<String>,
    },
    /// An application on a desktop or a phone, without a secret.
    Native {
        /// The application's id.
        id: String,
        /// Loopback addresses, whose port does not matter, or private schemes.
        redirect_uris: Vec<String>,
    },
    /// One that signs people in with a code for another device.
    Device {
        /// The application's id.
        id: String,
    },
}

/// A federated credential: whose tokens are accepted as client assertions.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The issuer, such as that of the cluster's service-account tokens.
    pub issuer: String,
    /// The subject, such as `system:serviceaccount:rollcall:rollcall`.
    pub subject: String,
    /// The audience; Entra's default is `api://AzureADTokenExchange`.
    pub audience: String,
    /// The key set of the issuer.
    pub keys: Value,
}

impl Client {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Web { id, secret, redirect_uris } => {
                json!({ "kind": "web", "client_id": id, "client_secret": secret, "redirect_uris": redirect_uris })
            }
            Self::Federated { id, credential: Credential { issuer, subject, audience, keys }, redirect_uris } => {
                json!({
                    "kind": "federated", "client_id": id, "redirect_uris": redirect_uris,
                    "federated": { "issuer": issuer, "subject": subject, "audience": audience, "jwks": keys },
                })
            }
            Self::Native { id, redirect_uris } => {
                json!({ "kind": "native", "client_id": id, "redirect_uris": redirect_uris })
            }
            Self::Device { id } => json!({ "kind": "device", "client_id": id }),
        }
    }
}

/// Where something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The discovery document, of every authority.
    Discovery,
    /// The key set.
    Keys,
    /// The token endpoint.
    Token,
    /// The page that people are sent to.
    Authorize,
}

impl Place {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Keys => "jwks",
            Self::Token => "token",
            Self::Authorize => "authorize",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer comes late.
    Slow(Duration),
    /// The connection is closed without an answer.
    Down,
    /// The answer is 200 and no JSON.
    Garbage,
    /// The answer is a redirect to this address.
    Redirect(String),
    /// The discovery document names another issuer.
    LyingIssuer(String),
    /// The document begins well and goes on for this many bytes.
    Huge(u64),
    /// The answer has this status and this JSON.
    Answer {
        /// The status.
        status: u16,
        /// The body.
        body: Value,
    },
    /// Members of the document are changed; those that are null are taken away.
    Members(Value),
    /// The ID token of the answer is a forgery.
    IdToken(Forgery),
}

impl Fault {
    pub(super) fn to_json(&self, place: Place, times: Option<u32>) -> Value {
        let mut fault = match self {
            Self::Slow(duration) => {
                json!({ "kind": "slow", "milliseconds": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) })
            }
            Self::Down => json!({ "kind": "down" }),
            Self::Garbage => json!({ "kind": "garbage" }),
            Self::Redirect(location) => json!({ "kind": "redirect", "location": location }),
            Self::LyingIssuer(issuer) => json!({ "kind": "lying-issuer", "issuer": issuer }),
            Self::Huge(bytes) => json!({ "kind": "huge", "bytes": bytes }),
            Self::Answer { status, body } => json!({ "kind": "answer", "status": status, "body": body }),
            Self::Members(members) => json!({ "kind": "members", "members": members }),
            Self::IdToken(forgery) => {
                let mut fault = forgery.to_json();
                fault["kind"] = "id-token".into();
                fault
            }
        };
        fault["where"] = place.name().into();
        if let Some(times) = times {
            fault["times"] = times.into();
        }
        fault
    }
}

/// How a token differs from a good one. Members of the header and of the claims that are null are taken away.
#[derive(Clone, Debug)]
pub struct Forgery {
    /// Changes to the header.
    pub header: Value,
    /// Changes to the claims.
    pub claims: Value,
    /// What it is signed with.
    pub key: SigningKey,
}

impl Default for Forgery {
    fn default() -> Self {
        Self { header: json!({}), claims: json!({}), key: SigningKey::Current }
    }
}

impl Forgery {
    pub(super) fn to_json(&self) -> Value {
        json!({ "header": self.header, "claims": self.claims, "key": self.key.to_json() })
    }
}

/// What a token is signed with.
#[derive(Clone, Debug, Default)]
pub enum SigningKey {
    /// The key that the provider signs with.
    #[default]
    Current,
    /// One that is published and not in use.
    Old,
    /// One that nobody published, under the id of the current key.
    Foreign,
    /// Nothing: the algorithm is `none`.
    None,
    /// The public key as the secret of an HMAC.
    PublicKeyAsSecret,
    /// This secret of an HMAC, such as the client's.
    Secret(String),
}

impl SigningKey {
    fn to_json(&self) -> Value {
        match self {
            Self::Current => json!("current"),
            Self::Old => json!("old"),
            Self::Foreign => json!("foreign"),
            Self::None => json!("none"),
            Self::PublicKeyAsSecret => json!("public-as-hmac"),
            Self::Secret(secret) => json!({ "hmac": secret }),
        }
    }
}
