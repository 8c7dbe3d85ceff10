//! The SCIM operations over HTTP: which function answers which endpoint and method.

mod lists;
mod users;

use http::{HeaderMap, Method, StatusCode};
use hyper::body::Bytes;
use serde_json::Value;

use super::answer::{Answer, json};
use super::error::Failure;
use super::route::Endpoint;
use crate::provisioning::{self, Context};
use crate::scim::discovery;
use crate::scim::schema::{GROUP, USER};

const NO_GROUPS: &str =
    "groups are not provisioned yet: turn the mapping of groups off in the provisioning job; users are not affected";
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
    match (call.endpoint, &call.method) {
        (Endpoint::ServiceProviderConfig, _) => found(Some(discovery::service_provider_config(base))),
        (Endpoint::ResourceTypes, _) => found(Some(discovery::resource_types(base))),
        (Endpoint::ResourceType, _) => found(discovery::resource_type(parameter, base)),
        (Endpoint::Schemas, _) => found(Some(discovery::schemas(base))),
        (Endpoint::Schema, _) => found(discovery::schema(parameter, base)),

        (Endpoint::Users, &Method::POST) => users::create(call).await,
        (Endpoint::Users, _) => lists::users(call, lists::from_query(call, &USER)?).await,
        (Endpoint::UsersSearch | Endpoint::Search, _) => lists::users(call, lists::from_body(call, &USER)?).await,
        (Endpoint::User, &Method::PUT) => users::replace(call).await,
        (Endpoint::User, &Method::PATCH) => users::patch(call).await,
        (Endpoint::User, &Method::DELETE) => users::delete(call).await,
        (Endpoint::User, _) => users::get(call).await,

        (Endpoint::Groups, &Method::POST) => Err(Failure::Unsupported(NO_GROUPS)),
        (Endpoint::Groups, _) => lists::groups(call, lists::from_query(call, &GROUP)?).await,
        (Endpoint::GroupsSearch, _) => lists::groups(call, lists::from_body(call, &GROUP)?).await,
        (Endpoint::Group, _) => Err(provisioning::Error::NotFound.into()),

        (Endpoint::Bulk, _) => Err(Failure::Unsupported(NO_BULK)),
        (Endpoint::Me, _) => Err(Failure::Unsupported(NO_ME)),
    }
}

/// A discovery document, or 404.
fn found(document: Option<Value>) -> Result<Answer, Failure> {
    document.map(|document| json(StatusCode::OK, &document)).ok_or(Failure::NoEndpoint)
}
