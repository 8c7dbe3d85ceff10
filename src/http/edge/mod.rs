//! The edge: what every listener needs, whatever its doors serve.
//!
//! The accept loop ([`listener`]), the times of a connection, TLS ([`tls`]), the bounds of a request ([`limits`]), the
//! addresses of its client and of its answer ([`address`]), its name, and its one line in the log with its metrics
//! ([`Edge`]). What a request asks for and who may ask it, the edge does not know: that is a door's ([`door()`]).

pub mod address;
mod connection;
mod door;
pub mod limits;
pub mod listener;
mod note;
mod path;
mod request;
mod request_id;
pub mod tls;

pub use door::{Refused, door};
pub use note::{RequestNote, Why};
pub use request::{Edge, Received};

/// An answer of a door.
pub type Answer = http::Response<axum::body::Body>;
