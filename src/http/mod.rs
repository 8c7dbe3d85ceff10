//! The edge: decode, call, encode. Nothing is decided here but who may ask.

pub mod address;
pub mod admin;
mod answer;
mod auth;
mod body;
mod connection;
mod error;
mod failures;
pub mod limits;
pub mod listener;
pub mod public;
mod query;
pub mod readiness;
mod request_id;
mod route;
mod scim;
pub mod tls;
mod writes;
