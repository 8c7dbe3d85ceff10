//! Logins and sessions: the relying party of an OpenID provider, sealed cookies, and whether a session still counts.
//!
//! There is no session store. A session is a sealed cookie, and each request is checked against the state of the cluster.

mod accounts;
pub mod assertion;
pub mod audit;
pub mod cookie;
mod denials;
mod fields;
pub mod form;
pub mod invitation;
mod key_ring;
pub mod link;
pub mod live;
mod logins;
mod news;
pub mod password;
pub mod provider;
pub mod return_address;
pub mod root_keys;
pub mod sealing;
pub mod session;
mod sign_out;
pub mod ticket;
pub mod token_holder;
pub mod transaction;

pub use accounts::{LoggedIn, NotLoggedIn};
pub use live::{CookieHost, LiveSession, NoSession};
pub use logins::Logins;
pub use sign_out::SignOut;
