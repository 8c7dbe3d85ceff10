//! A SCIM client that says what it got.

use serde_json::Value;

/// What every secret of a [`super::Directory`] begins with: nothing of ours may ever say it.
pub(crate) const NO_SECRET: &str = "secret-of-";

/// Speaks to one Directory with one secret.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) base: String,
    authorization: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Whether the key was refused: 401, or 429 once the failures of this address have emptied its bucket.
    pub(crate) fn is_refused(&self) -> bool {
        self.status == 401 || self.status == 429
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// A header as text, empty where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The body, where the status is the expected one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that this is the error body of RFC 7644 section 3.12, and returns its detail.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, scim_type: Option<&str>) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.header("content-type").starts_with("application/scim+json"), "{:?}", self.headers);
        let body = self.json();
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error", "{body}");
        assert_eq!(body["status"], status.to_string(), "the status is a string: {body}");
        assert_eq!(body["scimType"].as_str(), scim_type, "{body}");
        body["detail"].as_str().unwrap_or_default().to_owned()
    }
}

/// An HTTP client of this test: its connections end with the test's runtime, so that none is shared between tests.
pub(crate) fn http() -> reqwest::Client {
    // The second call finds it installed.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

impl Client {
    /// A client that sends `secret` as a bearer token.
    pub(crate) fn new(base: String, secret: &str) -> Self {
        Self { http: http(), base, authorization: format!("Bearer {secret}") }
    }

    /// The same with another `Authorization` header.
    pub(crate) fn authorized(&self, authorization: &str) -> Self {
        Self { authorization: authorization.to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body.to_string())).await
    }

    /// Creates a user and returns its id.
    pub(crate) async fn create(&self, body: &Value) -> String {
        let created = self.post("/Users", body).await.expect(201);
        created["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], Some(body.to_string())).await
    }

    /// Sends these operations.
    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = serde_json::json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
        });
        self.send("PATCH", path, &[], Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// Sends a request; one with a body says that it is SCIM.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.expect("an answer")
    }

    /// The same where there may be no answer: the process on the other side is being killed.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer, reqwest::Error> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        if let Some(body) = body {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/scim+json; charset=utf-8");
            }
            request = request.body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let answer =
            Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), text: answer.text().await? };
        assert!(!format!("{answer:?}").contains(NO_SECRET), "a secret in an answer: {answer:?}");
        Ok(answer)
    }
}
