//! A run of one group of tests: requests, names that nobody else has, what was found, and the clearing up at the end.

use std::time::Instant;

use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::SuiteContext;
use super::exchange::{CheckResult, Exchange, Miss};
use crate::simulator::client::{Client, equals, escape_segment, query};
use crate::simulator::patch::PatchDialect;
use crate::simulator::random::Random;
use crate::simulator::report::{Check, LeftOut, Section};

/// The schema of a PATCH body.
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// One group of tests. Everything is behind a lock, so that a test is a function of a shared session.
pub(super) struct SuiteSession {
    client: Client,
    /// How operations are written.
    pub(super) dialect: PatchDialect,
    domain: String,
    keep: bool,
    started: Instant,
    random: Mutex<Random>,
    /// Paths of the resources that were made and not yet deleted.
    made: Mutex<Vec<String>>,
    section: Mutex<Section>,
}

impl SuiteSession {
    /// An empty group. Its title decides its stream of chance, so that one group does not move another.
    pub(super) fn new(context: &SuiteContext, title: &str) -> Self {
        Self {
            client: context.client.counted_apart(),
            dialect: context.dialect,
            domain: context.domain.clone(),
            keep: context.keep,
            started: Instant::now(),
            random: Mutex::new(Random::fork(context.seed, title)),
            made: Mutex::default(),
            section: Mutex::new(Section::new(title)),
        }
    }

    /// Writes down how a test ended.
    pub(super) fn record(&self, name: &str, outcome: CheckResult) {
        let check = match outcome {
            Ok(()) => Check::passed(name, ""),
            Err(Miss { expected, found }) => Check::failed(name, expected, found),
        };
        self.section.lock().checks.push(check);
    }

    /// Writes down what is not tested, and why.
    pub(super) fn leave_out(&self, name: &str, reason: &str) {
        self.section.lock().left_out.push(LeftOut { name: name.to_owned(), reason: reason.to_owned() });
    }

    /// Deletes what is left of what was made, and closes the group.
    pub(super) async fn finish(self) -> Section {
        let made = std::mem::take(&mut *self.made.lock());
        let mut left = Vec::new();
        if !self.keep {
            // Groups were made after their members, and go before them.
            for path in made.into_iter().rev() {
                let gone = self.exchange(Method::DELETE, &path, None).await;
                if !gone.is_ok_and(|answer| (200..300).contains(&answer.status) || answer.status == 404) {
                    left.push(path);
                }
            }
        }
        if !left.is_empty() {
            let left = Miss { expected: "nothing is left behind".to_owned(), found: left.join(", ") };
            self.record("what the tests made can be deleted", Err(left));
        }
        let mut section = self.section.into_inner();
        section.traffic = Some(self.client.take_traffic());
        section.elapsed = self.started.elapsed();
        section
    }

    /// Upper-case letters, as Microsoft's tools fill attributes with; no format is kept.
    pub(super) fn letters(&self) -> String {
        let mut random = self.random.lock();
        (0..12).map(|_| char::from(b'A' + u8::try_from(random.below(26)).unwrap_or_default())).collect()
    }

    /// A GUID.
    pub(super) fn guid(&self) -> String {
        self.random.lock().guid()
    }

    /// A telephone number.
    pub(super) fn phone(&self) -> String {
        let mut random = self.random.lock();
        format!("{}-{:03}-{:04}", 1 + random.below(99), random.below(1_000), random.below(10_000))
    }

    /// An address that nobody else has, in lower case: a userName or an e-mail.
    pub(super) fn address(&self) -> String {
        format!("{}@{}", self.letters().to_ascii_lowercase(), self.domain)
    }

    /// A name for a group that nobody else has.
    pub(super) fn group_name(&self) -> String {
        format!("{} {}", self.letters(), self.domain)
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> CheckResult<Exchange> {
        self.exchange(Method::GET, path, None).await
    }

    /// One user or group by its id.
    pub(super) async fn read(&self, endpoint: &str, id: &str) -> CheckResult<Exchange> {
        self.get(&one(endpoint, id)).await?.scim(&[200])
    }

    /// GET with parameters.
    pub(super) async fn list(&self, endpoint: &str, parameters: &[(&str, &str)]) -> CheckResult<Exchange> {
        self.get(&format!("{endpoint}{}", query(parameters))).await
    }

    /// The resources whose attribute has this value.
    pub(super) async fn find(&self, endpoint: &str, attribute: &str, value: &str) -> CheckResult<Exchange> {
        self.list(endpoint, &[("filter", &equals(attribute, value))]).await
    }

    /// POST. What was made is deleted at the end, also where the test expected a refusal.
    pub(super) async fn post(&self, endpoint: &str, body: &Value) -> CheckResult<Exchange> {
        let answer = self.exchange(Method::POST, endpoint, Some(body.to_string())).await?;
        if (200..300).contains(&answer.status)
            && let Ok(id) = answer.id()
        {
            self.made.lock().push(one(endpoint, &id));
        }
        Ok(answer)
    }

    /// POST of a text that need not be JSON.
    pub(super) async fn post_text(&self, endpoint: &str, body: &str) -> CheckResult<Exchange> {
        self.exchange(Method::POST, endpoint, Some(body.to_owned())).await
    }

    /// Creates a resource that a test starts from, and returns its id.
    pub(super) async fn create(&self, endpoint: &str, body: &Value) -> CheckResult<String> {
        self.post(endpoint, body).await?.scim(&[200, 201])?.id()
    }

    /// PUT of one resource.
    pub(super) async fn put(&self, endpoint: &str, id: &str, body: &Value) -> CheckResult<Exchange> {
        self.exchange(Method::PUT, &one(endpoint, id), Some(body.to_string())).await
    }

    /// PATCH of one resource with these operations. Both 200 and 204 are right for Entra.
    pub(super) async fn patch(&self, endpoint: &str, id: &str, operations: &Value) -> CheckResult<Exchange> {
        let body = json!({ "schemas": [PATCH_OP], "Operations": operations });
        self.patch_with(endpoint, id, &body).await
    }

    /// PATCH with a whole body.
    pub(super) async fn patch_with(&self, endpoint: &str, id: &str, body: &Value) -> CheckResult<Exchange> {
        self.exchange(Method::PATCH, &one(endpoint, id), Some(body.to_string())).await?.scim(&[200, 204])
    }

    /// DELETE of one resource.
    pub(super) async fn delete(&self, endpoint: &str, id: &str) -> CheckResult<Exchange> {
        let path = one(endpoint, id);
        let answer = self.exchange(Method::DELETE, &path, None).await?;
        if (200..300).contains(&answer.status) {
            self.made.lock().retain(|made| *made != path);
        }
        Ok(answer)
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<String>) -> CheckResult<Exchange> {
        let request = match &body {
            Some(body) => format!("{method} {path} {body}"),
            None => format!("{method} {path}"),
        };
        match self.client.send_text(method, path, body.map(Into::into)).await {
            Ok(response) => Ok(Exchange::new(request, &response)),
            Err(error) => Err(Miss { expected: "an answer".to_owned(), found: format!("{error}\nrequest: {request}") }),
        }
    }
}

/// The path of one resource.
fn one(endpoint: &str, id: &str) -> String {
    format!("{endpoint}/{}", escape_segment(id))
}
