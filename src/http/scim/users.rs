//! Single users: headers and query to arguments, what is stored to an answer.

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::Call;
use crate::http::answer::{self, Answer};
use crate::http::error::Failure;
use crate::http::query;
use crate::provisioning::{EtagCondition, Stored, users};
use crate::scim::Attributes;
use crate::scim::projection::Projection;
use crate::scim::schema::USER;

pub(super) async fn create(call: &Call) -> Result<Answer, Failure> {
    // Before the write: a query that is wrong must not leave a user behind.
    let projection = projection(call)?;
    let stored = users::create(&call.context, &call.body).await?;
    Ok(one(StatusCode::CREATED, stored, &call.base, &projection))
}

pub(super) async fn get(call: &Call) -> Result<Answer, Failure> {
    let projection = projection(call)?;
    let stored = users::get(&call.context, &call.parameter).await?;
    if condition(&call.headers, IF_NONE_MATCH).is_some_and(|condition| condition.matches(&stored.etag)) {
        let mut unchanged = answer::empty(StatusCode::NOT_MODIFIED);
        insert(&mut unchanged, ETAG, &stored.etag);
        return Ok(unchanged);
    }
    Ok(one(StatusCode::OK, stored, &call.base, &projection))
}

pub(super) async fn replace(call: &Call) -> Result<Answer, Failure> {
    let projection = projection(call)?;
    let if_match = condition(&call.headers, IF_MATCH);
    let stored = users::replace(&call.context, &call.parameter, if_match.as_ref(), &call.body).await?;
    Ok(one(StatusCode::OK, stored, &call.base, &projection))
}

pub(super) async fn patch(call: &Call) -> Result<Answer, Failure> {
    let projection = projection(call)?;
    let if_match = condition(&call.headers, IF_MATCH);
    let stored = users::patch(&call.context, &call.parameter, if_match.as_ref(), &call.body).await?;
    Ok(one(StatusCode::OK, stored, &call.base, &projection))
}

pub(super) async fn delete(call: &Call) -> Result<Answer, Failure> {
    let if_match = condition(&call.headers, IF_MATCH);
    users::delete(&call.context, &call.parameter, if_match.as_ref()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// A whole resource with the address that this request makes of it.
pub(super) fn with_location(mut resource: Attributes, base: &str, endpoint: &str) -> Attributes {
    let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
    let location = Value::from(format!("{base}/{endpoint}/{id}"));
    if let Some(meta) = resource.entry("meta").or_insert_with(|| json!({})).as_object_mut() {
        meta.insert("location".to_owned(), location);
    }
    resource
}

fn one(status: StatusCode, stored: Stored, base: &str, projection: &Projection) -> Answer {
    let Stored { id, etag, resource } = stored;
    let resource = projection.apply(with_location(resource, base, USER.endpoint), &USER);
    let mut answer = answer::json(status, &Value::Object(resource));
    insert(&mut answer, ETAG, &etag);
    insert(&mut answer, LOCATION, &format!("{base}/{}/{id}", USER.endpoint));
    answer
}

fn insert(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

fn projection(call: &Call) -> Result<Projection, Failure> {
    let value = |name| query::value(&call.parameters, name);
    Ok(Projection::parse(value("attributes"), value("excludedAttributes"), &USER)?)
}

/// A conditional header; several lines are one list. A line that is no text names no version of ours, and yet it is a
/// condition: left out, the write would happen without one.
fn condition(headers: &HeaderMap, name: HeaderName) -> Option<EtagCondition> {
    let lines: Vec<_> = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (!lines.is_empty()).then(|| EtagCondition::parse(&lines.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_its_address_and_its_version() {
        let resource = json!({ "id": "alice-1", "userName": "alice", "meta": { "resourceType": "User" } });
        let resource = resource.as_object().cloned().expect("an object");
        let located = with_location(resource, "https://x/scim/v2/acme/staff", "Users");
        assert_eq!(
            located["meta"],
            json!({ "resourceType": "User", "location": "https://x/scim/v2/acme/staff/Users/alice-1" })
        );
    }

    #[test]
    fn conditions_may_come_in_several_lines() {
        let lines = ["W/\"1\", \"2\"", "W/\"3\""].map(|line| (IF_MATCH, HeaderValue::from_static(line)));
        let condition = condition(&HeaderMap::from_iter(lines), IF_MATCH).expect("a condition");
        assert!(condition.matches("W/\"3\"") && condition.matches("W/\"1\"") && !condition.matches("W/\"4\""));
        assert_eq!(super::condition(&HeaderMap::new(), IF_MATCH), None);
    }

    #[test]
    fn a_condition_that_is_no_text_is_not_met() {
        let line = HeaderValue::from_bytes(b"\"\xe4\"").expect("a header");
        let condition = condition(&HeaderMap::from_iter([(IF_MATCH, line)]), IF_MATCH).expect("a condition");
        assert!(!condition.matches("W/\"1\""));
    }
}
