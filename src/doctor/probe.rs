//! The connection test of Entra, made from where the doctor runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use uuid::Uuid;

use super::blind::Blind;
use crate::simulator::client::{Client, Endpoint, Token, equals, query};

/// How long the endpoint may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// A token that is no key's: the endpoint has to refuse it.
const NO_TOKEN: &str = "none";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The tenant URL, or the address before `/scim/v2`.
    pub url: String,
    /// A file with the secret of a key; none: only whether somebody answers is seen.
    pub key_file: Option<PathBuf>,
    /// Certificate authorities to trust in place of the system's, in PEM.
    pub authorities: Option<PathBuf>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The tenant URL that was asked.
    pub url: String,
    /// Whether the request carried the secret of a key.
    pub with_key: bool,
    /// The HTTP status.
    pub status: u16,
    /// Whether the answer has the form of this operator's endpoint.
    pub is_scim: bool,
    /// What the answer says of a refusal.
    pub detail: String,
}

/// The tenant URL that an address stands for.
pub fn tenant_url(url: &str, namespace: &str, directory: &str) -> String {
    let url = url.trim_end_matches('/');
    if url.contains("/scim/v2/") { url.to_owned() } else { format!("{url}/scim/v2/{namespace}/{directory}") }
}

/// Asks for a person who is not there, as Test Connection does.
pub async fn ask(request: Option<&ProbeRequest>, namespace: &str, directory: &str) -> Result<ProbeAnswer, Blind> {
    let Some(ProbeRequest { url, key_file, authorities }) = request else {
        let advice = "name an address to ask the endpoint from here: --url https://YOUR-HOST";
        return Err(Blind::NotAsked(advice.to_owned()));
    };
    let url = tenant_url(url, namespace, directory);
    let token = key_file.as_deref().map(read_token).transpose()?;
    let failed = |error: &dyn ToString| Blind::Failed(error.to_string());
    let endpoint = Endpoint::parse(&url).map_err(|error| failed(&error))?;
    let token_text = token.as_deref().unwrap_or(NO_TOKEN);
    let token_value = Token::new(token_text).map_err(|error| failed(&error))?;
    let client = Client::new(endpoint, token_value, DEADLINE, rand::random(), authorities.as_deref());
    let client = client.map_err(|error| failed(&error))?;
    let filter = equals("userName", &Uuid::new_v4().to_string());
    let path = format!("/Users{}", query(&[("filter", &filter)]));
    let answer = client.send(Method::GET, &path, None).await.map_err(|error| failed(&error))?;
    let is_scim = answer.media_type().is_some_and(|media_type| media_type == "application/scim+json");
    Ok(ProbeAnswer { url, with_key: token.is_some(), status: answer.status, is_scim, detail: answer.detail() })
}

fn read_token(path: &Path) -> Result<String, Blind> {
    let text = std::fs::read_to_string(path);
    text.map_err(|error| Blind::Failed(format!("the file of the key, {}, cannot be read: {error}", path.display())))
}
