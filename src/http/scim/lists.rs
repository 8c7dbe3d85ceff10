//! Lists and searches.

use http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::error::Failure;
use super::single::text;
use super::text::View;
use crate::http::edge::Answer;
use crate::provisioning::lists::{self, Page};
use crate::rules::resource::Resource;
use crate::scim::json::parse_object;
use crate::scim::list::ListRequest;

/// What the query asks for.
pub(super) async fn by_query(call: Call, kind: Resource) -> Result<Answer, Failure> {
    let request = ListRequest::from_query(&call.parameters, kind.schema())?;
    list(call, kind, request).await
}

/// What a SearchRequest asks for.
pub(super) async fn by_body(call: Call, kind: Resource) -> Result<Answer, Failure> {
    let body = Value::Object(parse_object(&call.body)?);
    list(call, kind, ListRequest::from_search(&body, kind.schema())?).await
}

async fn list(call: Call, kind: Resource, request: ListRequest) -> Result<Answer, Failure> {
    let Page { total_results, resources } = lists::list(&call.context, kind, &request).await?;
    let ListRequest { projection, start_index, .. } = request;
    let view = View { base: call.base.as_str().into(), resource_type: kind.schema(), projection };
    Ok(text(StatusCode::OK, view.list(total_results, start_index, resources)))
}
