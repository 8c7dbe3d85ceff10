//! What each answer of the target leads to. Pure.

use serde_json::Value;

use crate::simulator::client::{Response, TransportError};
use crate::simulator::report::ErrorCode;

const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// GET with a filter.
    Filter,
    /// GET by id.
    Read,
    /// POST.
    Create,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Entra's name for it.
    pub code: ErrorCode,
    /// What the target said.
    pub reason: String,
    /// Whether the whole job goes into quarantine at once.
    pub quarantines: bool,
}

impl Problem {
    /// A problem of one object.
    pub fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), quarantines: false }
    }

    fn of_job(code: ErrorCode, reason: String) -> Self {
        Self { code, reason, quarantines: true }
    }
}

/// The answer, if it is a success for what was asked.
pub fn judge(on: On, answer: Result<Response, TransportError>) -> Result<Response, Problem> {
    let answer = answer.map_err(|error| {
        let code = match &error {
            TransportError::Deadline(_) => ErrorCode::Timeout,
            _ => ErrorCode::WebExceptionProtocolError,
        };
        Problem::new(code, error.to_string())
    })?;
    match refusal(on, answer.status) {
        None => Ok(answer),
        Some((code, quarantines)) => {
            let reason = format!("{} {}", answer.status, answer.detail());
            Err(Problem { code, reason: reason.trim_end().to_owned(), quarantines })
        }
    }
}

/// The error code of a status, and whether it ends in quarantine; `None` for a success.
pub fn refusal(on: On, status: u16) -> Option<(ErrorCode, bool)> {
    use ErrorCode as Code;
    let code = match status {
        200..=299 => return None,
        // It is gone already, as was wanted.
        404 if on == On::Delete => return None,
        400 if on == On::Filter => Code::SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering,
        401 => return Some((Code::Unauthorized, true)),
        403 => return Some((Code::InsufficientRights, true)),
        404 if on == On::Filter => {
            return Some((Code::SystemForCrossDomainIdentityManagementServiceIncompatible, true));
        }
        404 if matches!(on, On::Read | On::Patch) => Code::InvalidAnchor,
        405 => Code::MethodNotAllowed,
        409 => Code::EntryConflict,
        413 | 415 | 422 => Code::UnprocessableEntity,
        429 => Code::TooManyRequests,
        501 => Code::NotImplemented,
        500..=599 => Code::InternalServerError,
        400..=499 => Code::BadRequest,
        _ => Code::WebExceptionProtocolError,
    };
    Some((code, false))
}

/// The resources of a list; an answer that is no list means that the target does not speak SCIM.
pub fn hits(answer: &Response) -> Result<Vec<Value>, Problem> {
    let incompatible = |reason: &str| {
        let code = ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible;
        Problem::of_job(code, format!("{reason}: {}", answer.detail()))
    };
    let json = answer.json.as_ref().ok_or_else(|| incompatible("the answer to a filter is no JSON"))?;
    let schemas = json.get("schemas").and_then(Value::as_array);
    if !schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == LIST_RESPONSE)) {
        return Err(incompatible("the answer to a filter is no ListResponse"));
    }
    let total = json.get("totalResults").and_then(Value::as_u64);
    let total = total.ok_or_else(|| incompatible("the ListResponse has no totalResults"))?;
    let resources = json.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default();
    if total > 0 && resources.is_empty() {
        return Err(incompatible("totalResults counts hits and Resources has none"));
    }
    Ok(resources)
}

/// The `id` of a resource.
pub fn id_of(resource: &Value) -> Result<String, Problem> {
    let id = resource.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| {
        Problem::new(
            ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible,
            "the answer has no id, so nothing can be linked",
        )
    })
}

/// A resource that was read by id.
pub fn resource(answer: &Response) -> Result<&Value, Problem> {
    answer.json.as_ref().filter(|json| json.is_object()).ok_or_else(|| {
        let code = ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible;
        Problem::new(code, format!("the answer is no resource: {}", answer.detail()))
    })
}

/// The members of a group that was read without them; there must be none.
pub fn without_members(resource: &Value) -> Result<(), Problem> {
    match resource.get("members").and_then(Value::as_array) {
        Some(members) if !members.is_empty() => Err(Problem::new(
            ErrorCode::SystemForCrossDomainIdentityManagementMultipleEntriesInResponse,
            format!("{} members came with the group although excludedAttributes=members was asked", members.len()),
        )),
        _ => Ok(()),
    }
}
