//! Lists and searches.

use http::StatusCode;
use serde_json::Value;

use super::error::Failure;
use super::request::ScimRequest;
use super::resources::with_text;
use super::text::{Rendering, list_of};
use crate::http::edge::Answer;
use crate::provisioning::lists::{self, Page};
use crate::rules::resource::Resource;
use crate::scim::json::parse_object;
use crate::scim::list::ListRequest;
use crate::scim::projection::Projection;

/// What the query asks for.
pub(super) async fn by_query(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let search = ListRequest::from_query(request.parameters.as_ref().map_err(Clone::clone)?, kind.schema())?;
    list(request, kind, search).await
}

/// What a SearchRequest asks for.
pub(super) async fn by_body(request: ScimRequest, kind: Resource) -> Result<Answer, Failure> {
    let body = Value::Object(parse_object(&request.body)?);
    list(request, kind, ListRequest::from_search(&body, kind.schema())?).await
}

/// What a SearchRequest at the root asks for: users and groups in one list (RFC 7644 section 3.4.3).
pub(super) async fn of_all(request: ScimRequest) -> Result<Answer, Failure> {
    let body = Value::Object(parse_object(&request.body)?);
    let search = |kind: Resource| ListRequest::from_search(&body, kind.schema()).map(|search| (kind, search));
    let searches = [search(Resource::User)?, search(Resource::Group)?];
    let pages = lists::list_each(&request.context, &searches).await?;
    let start_index = searches[0].1.start_index;
    let total_results = pages.iter().map(|page| page.total_results).sum();
    let resources = searches.into_iter().zip(pages).flat_map(|((kind, search), page)| {
        let view = view(&request, kind, search.projection);
        page.resources.into_iter().map(move |stored| (view.clone(), stored))
    });
    Ok(with_text(StatusCode::OK, list_of(total_results, start_index, resources.collect())))
}

async fn list(request: ScimRequest, kind: Resource, search: ListRequest) -> Result<Answer, Failure> {
    let Page { total_results, resources } = lists::list(&request.context, kind, &search).await?;
    let ListRequest { projection, start_index, .. } = search;
    let view = view(&request, kind, projection);
    let resources = resources.into_iter().map(|stored| (view.clone(), stored)).collect();
    Ok(with_text(StatusCode::OK, list_of(total_results, start_index, resources)))
}

fn view(request: &ScimRequest, kind: Resource, projection: Projection) -> Rendering {
    Rendering { base: request.base.as_str().into(), resource_type: kind.schema(), projection }
}
