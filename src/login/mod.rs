//! Logins and sessions: the relying party of an OpenID provider, sealed cookies, and whether a session still counts.
//!
//! There is no session store. A session is a sealed cookie, and each request is checked against the state of the cluster.
//!
//! | Module | What it knows |
//! | --- | --- |
//! | `logins` | what the doors ask: all of the rest as one value |
//! | [`provider`] | the OpenID provider: what is asked of it, and what is believed of its answers |
//! | [`transaction`], [`return_address`] | a login under way, and where it may lead |
//! | [`link`], `accounts` | which person an account is, and the session that comes of it |
//! | [`session`], [`live`], `sign_out` | how long a session counts, whether it counts now, and its end |
//! | [`cookie`], [`ticket`], [`form`] | what browsers carry: cookies, the hand-over to an application's host, tokens of forms |
//! | [`sealing`], [`root_keys`], `key_ring`, `fields` | how that is sealed, with which keys, and where these come from |
//! | [`assertion`], [`token_holder`] | what applications are told, and whose an access token is |
//! | [`password`], [`invitation`] | accounts with a password of ours |
//! | [`audit`], `news`, `denials` | what administrators are told |
//!
//! Nothing here knows HTTP beyond headers, and no page. Only `provider` talks to anybody but the API server.

mod accounts;
pub mod assertion;
pub mod audit;
pub mod binding;
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
