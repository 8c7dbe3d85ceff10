//! One request with its answer, and what can be expected of it.
//!
//! Every expectation that is missed carries the request that shows it, so that a finding can be repeated by hand.

use serde_json::Value;

use super::path::read;
use crate::simulator::client::Response;

/// The longest request or answer that a finding repeats, in characters.
pub(super) const MAX_SHOWN: usize = 1_500;

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Miss {
    pub(super) expected: String,
    pub(super) found: String,
}

/// How a test ends: with what it was there to find, or with what was missed.
pub(super) type CheckResult<T = ()> = Result<T, Miss>;

/// A request and its answer.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// Method, path and body.
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) media_type: Option<String>,
    /// The body, where it is JSON.
    pub(super) json: Option<Value>,
    /// The body as text.
    pub(super) text: String,
}

impl Exchange {
    /// What was sent and what came back.
    pub(super) fn new(request: String, response: &Response) -> Self {
        Self {
            request,
            status: response.status,
            media_type: response.media_type(),
            json: response.json.clone(),
            text: String::from_utf8_lossy(&response.body).into_owned(),
        }
    }

    /// A miss that shows this request.
    pub(super) fn miss(&self, expected: impl Into<String>, found: impl Into<String>) -> Miss {
        Miss { expected: expected.into(), found: format!("{}\nrequest: {}", found.into(), shorten(&self.request)) }
    }

    /// Holds where the condition does.
    pub(super) fn expect(&self, holds: bool, expected: &str, found: impl FnOnce() -> String) -> CheckResult {
        if holds { Ok(()) } else { Err(self.miss(expected, found())) }
    }

    /// The answer has one of these statuses.
    pub(super) fn status(self, expected: &[u16]) -> CheckResult<Self> {
        let list = expected.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
        self.expect(expected.contains(&self.status), &format!("status {list}"), || self.answer())?;
        Ok(self)
    }

    /// One of these statuses, and what has a body is `application/scim+json`: Microsoft's tools refuse anything else.
    pub(super) fn scim(self, expected: &[u16]) -> CheckResult<Self> {
        let answer = self.status(expected)?;
        let is_scim = answer.media_type.as_deref() == Some("application/scim+json");
        answer.expect(answer.text.is_empty() || is_scim, "Content-Type: application/scim+json", || {
            format!("Content-Type: {}", answer.media_type.as_deref().unwrap_or("none"))
        })?;
        Ok(answer)
    }

    /// The body as JSON.
    pub(super) fn body(&self) -> CheckResult<&Value> {
        self.json.as_ref().ok_or_else(|| self.miss("a JSON body", self.answer()))
    }

    /// The id of the resource in the body.
    pub(super) fn id(&self) -> CheckResult<String> {
        let id = self.body()?.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| self.miss("an id that is a string", self.answer()))
    }

    /// `totalResults` of a list.
    pub(super) fn total(&self) -> CheckResult<u64> {
        let total = self.body()?.get("totalResults").and_then(Value::as_u64);
        total.ok_or_else(|| self.miss("a list with totalResults", self.answer()))
    }

    /// The resources of a list; a list without hits may leave them out (RFC 7644 section 3.4.2).
    pub(super) fn resources(&self) -> CheckResult<&[Value]> {
        let total = self.total()?;
        match self.body()?.get("Resources").and_then(Value::as_array) {
            Some(resources) => Ok(resources),
            None if total == 0 => Ok(&[]),
            None => Err(self.miss("a list with Resources", self.answer())),
        }
    }

    /// The only resource of a list, as if it alone were the answer.
    pub(super) fn only(self) -> CheckResult<Self> {
        let (total, count) = (self.total()?, self.resources()?.len());
        self.expect(total == 1 && count == 1, "totalResults 1 and the resource", || {
            format!("totalResults {total} and {count} resources")
        })?;
        let json = self.resources()?.first().cloned();
        Ok(Self { json, ..self })
    }

    /// Each of these attributes reads back as it was sent. All that differ are named.
    pub(super) fn reads(&self, attributes: &[(&str, Value)]) -> CheckResult {
        let body = self.body()?;
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for (path, sent) in attributes {
            let (found_there, sent) = (read(body, path), as_stored(sent));
            if found_there != Some(&sent) {
                expected.push(format!("{path} = {sent}"));
                found.push(format!("{path} = {}", found_there.map_or_else(|| "nothing".to_owned(), Value::to_string)));
            }
        }
        self.expect(expected.is_empty(), &expected.join("; "), || found.join("; "))
    }

    /// Nothing is there: the attribute is absent, null or the empty text.
    pub(super) fn reads_nothing(&self, paths: &[&str]) -> CheckResult {
        let body = self.body()?;
        let left = paths.iter().filter_map(|path| Some((path, read(body, path)?)));
        let left: Vec<_> = left.filter(|(_, value)| !is_nothing(value)).collect();
        let names = left.iter().map(|(path, _)| **path).collect::<Vec<_>>().join(", ");
        self.expect(left.is_empty(), &format!("nothing at {names}"), || {
            left.iter().map(|(path, value)| format!("{path} = {value}")).collect::<Vec<_>>().join("; ")
        })
    }

    /// The values of `members`.
    pub(super) fn members(&self) -> CheckResult<Vec<&str>> {
        let members = self.body()?.get("members").and_then(Value::as_array);
        Ok(members.into_iter().flatten().filter_map(|member| member.get("value")?.as_str()).collect())
    }

    /// The members are these and no others.
    pub(super) fn has_members(&self, expected: &[&str]) -> CheckResult {
        let (mut found, mut wanted) = (self.members()?, expected.to_vec());
        found.sort_unstable();
        wanted.sort_unstable();
        self.expect(found == wanted, &format!("members {wanted:?}"), || format!("members {found:?}"))
    }

    /// The body contains this text.
    pub(super) fn contains(&self, text: &str) -> CheckResult {
        self.expect(self.text.contains(text), &format!("{text:?} in the body"), || self.answer())
    }

    /// Status and body in a line.
    pub(super) fn answer(&self) -> String {
        shorten(&format!("status {} {}", self.status, self.text)).trim_end().to_owned()
    }
}

/// What has to come back for what was sent: booleans are JSON booleans, whatever they were written as.
fn as_stored(sent: &Value) -> Value {
    match sent.as_str() {
        Some("True") => Value::Bool(true),
        Some("False") => Value::Bool(false),
        _ => sent.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
