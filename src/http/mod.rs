//! HTTP: an edge, and doors.
//!
//! The [`edge`] is what every listener needs, whatever is asked of it. A door is what one sort of client comes for: a folder
//! here with a function that returns an [`axum::Router`] of its own, below a prefix of its own, with its own credentials, its
//! own bounds and its own way to tell errors ([`edge::door()`]). A listener carries one door or several, side by side. Doors
//! that take a DirectoryKey ask [`keys`] what it opens; what the doors for people share is in [`browser`].
//!
//! | Door | Prefix | Who comes | Credentials |
//! | --- | --- | --- | --- |
//! | [`scim`] | `/scim/v2/NAMESPACE/DIRECTORY` | Entra's provisioning | a DirectoryKey |
//! | [`login`] | `/login/NAMESPACE/DIRECTORY` | people in browsers | what the provider says of them |
//! | [`app`] | `/app/NAMESPACE/DIRECTORY/APPLICATION` | people at the host of an application, through its proxy | a ticket, a session |
//! | [`portal`] | `/portal/NAMESPACE/DIRECTORY` | people in browsers | a session |
//! | [`check`] | `/check/FAMILY/NAMESPACE/DIRECTORY/APPLICATION` | proxies of applications | the session of their client, or its token |
//! | [`token`] | `/oauth2/NAMESPACE/DIRECTORY` | gateways, native apps | a DirectoryKey of scope introspect; the token itself |
//! | [`admin`] | none: a listener of its own | the kubelet, Prometheus | none: not for the internet |
//!
//! A new door is a folder beside these with its line in this file, and a line in `app` that puts it on a listener.
//! Nothing is decided here but who may ask: doors decode, call and encode.

use axum::Router;

pub mod admin;
pub mod app;
pub mod browser;
pub mod check;
pub mod edge;
pub mod keys;
pub mod login;
pub mod page;
pub mod portal;
pub mod scim;
pub mod token;
mod urlencoded;

/// The doors of the public listener in one router. What lies below none of them is answered as SCIM is: an administrator
/// who has typed half of a tenant URL is the one to read it.
pub fn side_by_side(doors: impl IntoIterator<Item = Router>) -> Router {
    doors.into_iter().fold(scim::elsewhere(), Router::merge)
}
