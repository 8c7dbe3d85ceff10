//! Lists and searches.

use http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::error::Failure;
use super::single::text;
use super::text::{View, list_of};
use crate::http::edge::Answer;
use crate::provisioning::lists::{self, Page};
use crate::rules::resource::Resource;
use crate::scim::json::parse_object;
use crate::scim::list::ListRequest;
use crate::scim::projection::Projection;

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

/// What a SearchRequest at the root asks for: users and groups in one list (RFC 7644 section 3.4.3).
pub(super) async fn of_all(call: Call) -> Result<Answer, Failure> {
    let body = Value::Object(parse_object(&call.body)?);
    let request = |kind: Resource| ListRequest::from_search(&body, kind.schema()).map(|request| (kind, request));
    let requests = [request(Resource::User)?, request(Resource::Group)?];
    let pages = lists::list_each(&call.context, &requests).await?;
    let start_index = requests[0].1.start_index;
    let total_results = pages.iter().map(|page| page.total_results).sum();
    let resources = requests.into_iter().zip(pages).flat_map(|((kind, request), page)| {
        let view = view(&call, kind, request.projection);
        page.resources.into_iter().map(move |stored| (view.clone(), stored))
    });
    Ok(text(StatusCode::OK, list_of(total_results, start_index, resources.collect())))
}

async fn list(call: Call, kind: Resource, request: ListRequest) -> Result<Answer, Failure> {
    let Page { total_results, resources } = lists::list(&call.context, kind, &request).await?;
    let ListRequest { projection, start_index, .. } = request;
    let view = view(&call, kind, projection);
    let resources = resources.into_iter().map(|stored| (view.clone(), stored)).collect();
    Ok(text(StatusCode::OK, list_of(total_results, start_index, resources)))
}

fn view(call: &Call, kind: Resource, projection: Projection) -> View {
    View { base: call.base.as_str().into(), resource_type: kind.schema(), projection }
}
