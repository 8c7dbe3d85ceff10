//! Logins and sessions: the relying party of an OpenID provider, sealed cookies, and whether a session still counts.
//!
//! There is no session store. A session is a sealed cookie, and each request is checked against the state of the cluster.

pub mod assertion;
pub mod cookie;
mod fields;
pub mod form;
pub mod provider;
pub mod return_address;
pub mod root_keys;
pub mod sealing;
pub mod session;
pub mod transaction;
