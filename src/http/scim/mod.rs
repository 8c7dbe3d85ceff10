//! The SCIM operations over HTTP: which function answers which endpoint and method.

mod lists;
mod single;
mod text;

use http::{HeaderMap, Method, StatusCode};
use hyper::body::Bytes;
use serde_json::Value;

use super::answer::{Answer, json};
use super::error::Failure;
use super::route::Endpoint;
use crate::provisioning::Context;
use crate::scim::discovery;
use crate::store::objects::Kind;

const NO_BULK: &str = "bulk operations are not supported: send single requests";
const NO_ME: &str = "a key stands for a directory and not for a person: there is no /Me";

/// A request whose credentials opened the Directory, whole.
pub(super) struct Call {
    pub(super) context: Context,
    pub(super) endpoint: Endpoint,
    pub(super) method: Method,
    /// The id, name or URN in the path; empty where there is none.
    pub(super) parameter: String,
    /// The decoded query.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The address of the Directory's endpoint, without a slash at the end.
    pub(super) base: String,
}

/// Carries the request out. That the endpoint takes the method has been checked.
pub(super) async fn handle(call: &Call) -> Result<Answer, Failure> {
    let Call { base, parameter, .. } = call;
    let declared = || call.context.declared_extensions();
    match (call.endpoint, &call.method) {
        (Endpoint::ServiceProviderConfig, _) => found(Some(discovery::service_provider_config(base))),
        (Endpoint::ResourceTypes, _) => found(Some(discovery::resource_types(base, &declared()))),
        (Endpoint::ResourceType, _) => found(discovery::resource_type(parameter, base, &declared())),
        (Endpoint::Schemas, _) => found(Some(discovery::schemas(base, &declared()))),
        (Endpoint::Schema, _) => found(discovery::schema(parameter, base, &declared())),

        (Endpoint::Users, &Method::POST) => single::create(call, Kind::User).await,
        (Endpoint::Users, _) => lists::by_query(call, Kind::User).await,
        (Endpoint::Search, _) => lists::of_all(call).await,
        (Endpoint::UsersSearch, _) => lists::by_body(call, Kind::User).await,
        (Endpoint::User, _) => one(call, Kind::User).await,

        (Endpoint::Groups, &Method::POST) => single::create(call, Kind::Group).await,
        (Endpoint::Groups, _) => lists::by_query(call, Kind::Group).await,
        (Endpoint::GroupsSearch, _) => lists::by_body(call, Kind::Group).await,
        (Endpoint::Group, _) => one(call, Kind::Group).await,

        (Endpoint::Bulk, _) => Err(Failure::Unsupported(NO_BULK)),
        (Endpoint::Me, _) => Err(Failure::Unsupported(NO_ME)),
    }
}

/// What is done to one resource.
async fn one(call: &Call, kind: Kind) -> Result<Answer, Failure> {
    match call.method {
        Method::PUT => single::replace(call, kind).await,
        Method::PATCH => single::patch(call, kind).await,
        Method::DELETE => single::delete(call, kind).await,
        _ => single::get(call, kind).await,
    }
}

/// A discovery document, or 404.
fn found(document: Option<Value>) -> Result<Answer, Failure> {
    document.map(|document| json(StatusCode::OK, &document)).ok_or(Failure::NoEndpoint)
}
