//! A provisioning client that behaves as Entra ID does without the `aadOptscim062020` flag: it looks a person up before it
//! creates, patches only what differs, capitalises its operations and sends booleans as text.

use anyhow::{Context, Result, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// One provisioning job: an endpoint and its secret token.
pub(crate) struct Job {
    client: Client,
    base: String,
    token: String,
}

impl Job {
    pub(crate) fn new(base: String, token: String) -> Result<Self> {
        let client = Client::builder().no_proxy().build().context("cannot make an HTTP client")?;
        Ok(Self { client, base, token })
    }

    /// What Entra's "Test Connection" sends: a look-up of a userName that nobody has.
    pub(crate) async fn test_connection(&self) -> Result<()> {
        for path in [
            format!("/Users?filter=userName+eq+%22{}%22", uuid::Uuid::new_v4()),
            format!("/Groups?excludedAttributes=members&filter=displayName+eq+%22{}%22", uuid::Uuid::new_v4()),
        ] {
            let (_, list) = self.send(Method::GET, &path, None).await?;
            if list["totalResults"] != 0 {
                bail!("the connection test wants an empty list, not {list}");
            }
        }
        Ok(())
    }

    /// The id of the person with this userName, if there is one.
    pub(crate) async fn find(&self, user_name: &str) -> Result<Option<String>> {
        let value = user_name.replace('@', "%40");
        let (_, list) = self.send(Method::GET, &format!("/Users?filter=userName+eq+%22{value}%22"), None).await?;
        Ok(list["Resources"][0]["id"].as_str().map(str::to_owned))
    }

    /// Looks the person up and creates it where it is missing. Returns its id and whether it is new.
    pub(crate) async fn provision(&self, person: &Value) -> Result<(String, bool)> {
        let user_name = person["userName"].as_str().context("a person has a userName")?;
        if let Some(id) = self.find(user_name).await? {
            return Ok((id, false));
        }
        let (_, created) = self.send(Method::POST, "/Users", Some(person)).await?;
        Ok((created["id"].as_str().context("an answer to POST has an id")?.to_owned(), true))
    }

    /// One `Replace` or `Add` for each pair of path and value.
    pub(crate) async fn patch(&self, id: &str, changes: &[(&str, &str, &str)]) -> Result<()> {
        let operations: Vec<_> =
            changes.iter().map(|(op, path, value)| json!({ "op": op, "path": path, "value": value })).collect();
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        self.send(Method::PATCH, &format!("/Users/{id}"), Some(&body)).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(StatusCode, Value)> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("ADSCIMVersion", "6.0");
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/scim+json; charset=utf-8").body(body.to_string());
        }
        let answer = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{method} {path} was answered with {status}: {text}");
        }
        Ok((
            status,
            serde_json::from_str(&text).with_context(|| format!("{method} {path} was answered with {text:?}"))?,
        ))
    }
}
