//! Decisions, pure: values in, values out, time and chance as arguments. No client, no clock, no `async`.

pub mod access;
pub mod application;
pub mod author;
pub mod brake;
pub mod dialect;
pub mod etag;
pub mod guid;
pub mod key;
pub mod labels;
pub mod login_attributes;
pub mod mapping;
pub mod membership;
pub mod naming;
pub mod observation;
pub mod policy;
pub mod portal;
pub mod profile;
pub mod resource;
pub mod retention;
pub mod standing;
pub mod traffic;
