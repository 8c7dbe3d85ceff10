//! Lists and searches.

use http::StatusCode;
use serde_json::Value;

use super::Call;
use super::users::with_location;
use crate::http::answer::{Answer, json};
use crate::http::error::Failure;
use crate::provisioning::lists::{self, Page};
use crate::scim::json::parse_object;
use crate::scim::list::{ListRequest, list_response};
use crate::scim::schema::{GROUP, ResourceType, USER};

/// What the query asks for.
pub(super) fn from_query(call: &Call, resource_type: &'static ResourceType) -> Result<ListRequest, Failure> {
    Ok(ListRequest::from_query(&call.parameters, resource_type)?)
}

/// What a SearchRequest asks for.
pub(super) fn from_body(call: &Call, resource_type: &'static ResourceType) -> Result<ListRequest, Failure> {
    let body = Value::Object(parse_object(&call.body)?);
    Ok(ListRequest::from_search(&body, resource_type)?)
}

/// Users.
pub(super) async fn users(call: &Call, request: ListRequest) -> Result<Answer, Failure> {
    let page = lists::users(&call.context, &request).await?;
    Ok(list(call, &request, page, &USER))
}

/// Groups.
pub(super) async fn groups(call: &Call, request: ListRequest) -> Result<Answer, Failure> {
    let page = lists::groups(&call.context, &request).await?;
    Ok(list(call, &request, page, &GROUP))
}

fn list(call: &Call, request: &ListRequest, page: Page, resource_type: &'static ResourceType) -> Answer {
    let Page { total_results, resources } = page;
    let resources = resources.into_iter().map(|resource| {
        let resource = with_location(resource, &call.base, resource_type.endpoint);
        Value::Object(request.projection.apply(resource, resource_type))
    });
    json(StatusCode::OK, &list_response(total_results, request.start_index, resources.collect()))
}
