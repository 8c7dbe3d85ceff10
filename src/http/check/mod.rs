//! The check door: proxies ask it about each request for an application, below `/check/FAMILY/NAMESPACE/DIRECTORY/APPLICATION`.

mod family;
mod headers;
mod limits;
