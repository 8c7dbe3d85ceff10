//! Which operation answers which path and method: one table.
//!
//! HEAD goes wherever GET goes, and a path that does not take a method is axum's to refuse.

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::Value;

use super::call::{Call, reading, writing};
use super::error::Failure;
use super::{Scim, answer, lists, single};
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
        .route("/.search", post(|call| reading(call, lists::of_all)))
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
    let all = get(move |call| reading(call, move |call| lists::by_query(call, kind)))
        .post(move |call| writing(call, move |call| single::create(call, kind)));
    let one = get(move |call| reading(call, move |call| single::get(call, kind)))
        .put(move |call| writing(call, move |call| single::replace(call, kind)))
        .patch(move |call| writing(call, move |call| single::patch(call, kind)))
        .delete(move |call| writing(call, move |call| single::delete(call, kind)));
    Router::new()
        .route(path, all)
        .route(&format!("{path}/{{id}}"), one)
        .route(&format!("{path}/.search"), post(move |call| reading(call, move |call| lists::by_body(call, kind))))
}

async fn service_provider_config(call: Call) -> Result<Answer, Failure> {
    found(Some(discovery::service_provider_config(&call.base)))
}

async fn resource_types(call: Call) -> Result<Answer, Failure> {
    found(Some(discovery::resource_types(&call.base, &call.context.declared_extensions())))
}

async fn resource_type(call: Call) -> Result<Answer, Failure> {
    found(discovery::resource_type(&call.parameter, &call.base, &call.context.declared_extensions()))
}

async fn schemas(call: Call) -> Result<Answer, Failure> {
    found(Some(discovery::schemas(&call.base, &call.context.declared_extensions())))
}

async fn schema(call: Call) -> Result<Answer, Failure> {
    found(discovery::schema(&call.parameter, &call.base, &call.context.declared_extensions()))
}

/// A discovery document, or 404.
fn found(document: Option<Value>) -> Result<Answer, Failure> {
    document.map(|document| answer::json(StatusCode::OK, &document)).ok_or(Failure::NoEndpoint)
}

async fn no_bulk(_: Call) -> Failure {
    Failure::Unsupported(NO_BULK)
}

async fn no_me(_: Call) -> Failure {
    Failure::Unsupported(NO_ME)
}
