//! Which operation answers which path and method: one table.
//!
//! HEAD goes wherever GET goes, and a path that does not take a method is axum's to refuse.

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::Value;

use super::error::Failure;
use super::request::{ScimRequest, reading, writing};
use super::{Scim, answer, lists, resources};
use crate::http::edge::Answer;
use crate::rules::resource::Resource;
use crate::scim::discovery;

const NO_BULK: &str = "bulk operations are not supported: send single requests";
const NO_ME: &str = "a key stands for a directory and not for a person: there is no /Me";

/// The endpoints of a Directory.
pub(super) fn routes() -> Router<Scim> {
    Router::new()
        .merge(resources("/Users", Resource::User))
        .merge(resources("/Groups", Resource::Group))
        .route("/.search", post(|request| reading(request, lists::of_all)))
        .route("/ServiceProviderConfig", get(service_provider_config))
        .route("/ResourceTypes", get(resource_types))
        .route("/ResourceTypes/{name}", get(resource_type))
        .route("/Schemas", get(schemas))
        .route("/Schemas/{urn}", get(schema))
        .route("/Bulk", post(no_bulk))
        .route("/Me", get(no_me).post(no_me).put(no_me).patch(no_me).delete(no_me))
}

/// The endpoints of one type of resource. A search changes nothing, though it is a POST.
fn resources(path: &str, kind: Resource) -> Router<Scim> {
    let all = get(move |request| reading(request, move |request| lists::by_query(request, kind)))
        .post(move |request| writing(request, move |request| resources::create(request, kind)));
    let one = get(move |request| reading(request, move |request| resources::get(request, kind)))
        .put(move |request| writing(request, move |request| resources::replace(request, kind)))
        .patch(move |request| writing(request, move |request| resources::patch(request, kind)))
        .delete(move |request| writing(request, move |request| resources::delete(request, kind)));
    Router::new().route(path, all).route(&format!("{path}/{{id}}"), one).route(
        &format!("{path}/.search"),
        post(move |request| reading(request, move |request| lists::by_body(request, kind))),
    )
}

async fn service_provider_config(request: ScimRequest) -> Result<Answer, Failure> {
    found(Some(discovery::service_provider_config(&request.base)))
}

async fn resource_types(request: ScimRequest) -> Result<Answer, Failure> {
    found(Some(discovery::resource_types(&request.base, &request.context.declared_extensions())))
}

async fn resource_type(request: ScimRequest) -> Result<Answer, Failure> {
    found(discovery::resource_type(&request.parameter, &request.base, &request.context.declared_extensions()))
}

async fn schemas(request: ScimRequest) -> Result<Answer, Failure> {
    found(Some(discovery::schemas(&request.base, &request.context.declared_extensions())))
}

async fn schema(request: ScimRequest) -> Result<Answer, Failure> {
    found(discovery::schema(&request.parameter, &request.base, &request.context.declared_extensions()))
}

/// A discovery document, or 404.
fn found(document: Option<Value>) -> Result<Answer, Failure> {
    document.map(|document| answer::json(StatusCode::OK, &document)).ok_or(Failure::NoEndpoint)
}

async fn no_bulk(_: ScimRequest) -> Failure {
    Failure::Unsupported(NO_BULK)
}

async fn no_me(_: ScimRequest) -> Failure {
    Failure::Unsupported(NO_ME)
}
