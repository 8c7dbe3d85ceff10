//! A user or a group by itself: headers and query to arguments, what is stored to an answer.

use http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::error::Failure;
use super::request::ScimRequest;
use super::text::{Rendering, Text};
use super::{answer, query};
use crate::http::edge::Answer;
use crate::provisioning::{EtagCondition, Stored, resources};
use crate::rules::resource::Resource;
use crate::scim;
use crate::scim::deactivation::{is_asked_by_patch, is_asked_by_replacement};
use crate::scim::projection::Projection;

pub(super) async fn create(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    // Before the write: a query that is wrong must not leave a resource behind.
    let view = view(&request, kind)?;
    let ScimRequest { context, body, note, .. } = &request;
    let stored = resources::create(context, kind, body).await?;
    note.resource(&stored.id);
    Ok(one(StatusCode::CREATED, stored, &view))
}

pub(super) async fn get(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let view = view(&request, kind)?;
    let ScimRequest { context, parameter, .. } = &request;
    let stored = resources::get(context, kind, parameter).await?;
    if condition(&request.headers, IF_NONE_MATCH).is_some_and(|condition| condition.matches(&stored.etag)) {
        return Ok(empty(StatusCode::NOT_MODIFIED, &stored));
    }
    Ok(one(StatusCode::OK, stored, &view))
}

pub(super) async fn replace(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let if_match = condition(&request.headers, IF_MATCH);
    let view = match view(&request, kind) {
        Ok(view) => view,
        Err(refusal) => return Err(refused(&request, kind, if_match.as_ref(), refusal, is_asked_by_replacement).await),
    };
    let ScimRequest { context, parameter, body, .. } = &request;
    let stored = resources::replace(context, kind, parameter, if_match.as_ref(), body).await?;
    Ok(one(StatusCode::OK, stored, &view))
}

/// A group has thousands of members, and a client that sends a PATCH has no use for them: without a wish for attributes the answer
/// is empty (RFC 7644 section 3.5.2). That of a user is whole, as Microsoft's Validator likes it.
pub(super) async fn patch(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let if_match = condition(&request.headers, IF_MATCH);
    let view = match view(&request, kind) {
        Ok(view) => view,
        Err(refusal) => return Err(refused(&request, kind, if_match.as_ref(), refusal, is_asked_by_patch).await),
    };
    let ScimRequest { context, parameter, body, .. } = &request;
    let stored = resources::patch(context, kind, parameter, if_match.as_ref(), body).await?;
    if kind == Resource::Group && view.projection.is_everything() {
        return Ok(empty(StatusCode::NO_CONTENT, &stored));
    }
    Ok(one(StatusCode::OK, stored, &view))
}

pub(super) async fn delete(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let if_match = condition(&request.headers, IF_MATCH);
    let ScimRequest { context, parameter, .. } = &request;
    resources::delete(context, kind, parameter, if_match.as_ref()).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// What is answered to a change whose query is wrong: a user whom it asks to deactivate is deactivated all the same.
async fn refused(
    request: &ScimRequest,
    kind: Resource,
    if_match: Option<&EtagCondition>,
    refusal: scim::Error,
    asks: fn(&[u8]) -> bool,
) -> Failure {
    if kind != Resource::User {
        return refusal.into();
    }
    let asks = || asks(&request.body);
    resources::refused(&request.context, &request.parameter, if_match, refusal.into(), asks).await.into()
}

fn view(request: &ScimRequest, kind: Resource) -> Result<Rendering, scim::Error> {
    let resource_type = kind.schema();
    let parameters = request.parameters.as_ref().map_err(Clone::clone)?;
    let value = |name| query::value(parameters, name);
    let projection = Projection::parse(value("attributes"), value("excludedAttributes"), resource_type)?;
    Ok(Rendering { base: request.base.as_str().into(), resource_type, projection })
}

fn one(status: StatusCode, stored: Stored, view: &Rendering) -> Answer {
    let location = format!("{}/{}/{}", view.base, view.resource_type.endpoint, stored.id);
    let etag = stored.etag.clone();
    let mut answer = with_text(status, view.one(stored));
    insert(&mut answer, ETAG, &etag);
    insert(&mut answer, LOCATION, &location);
    answer
}

/// An answer with this text.
pub(super) fn with_text(status: StatusCode, text: Text) -> Answer {
    match text {
        Text::Whole(text) => answer::whole(status, text),
        Text::Pieces(pieces) => answer::in_pieces(status, pieces),
    }
}

fn empty(status: StatusCode, stored: &Stored) -> Answer {
    let mut answer = answer::empty(status);
    insert(&mut answer, ETAG, &stored.etag);
    answer
}

fn insert(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
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
