//! Work in the background: what no request waits for.
//!
//! The janitor runs on every replica, all else on the one that leads ([`leader`]). A duty of the leader looks at what the
//! index shows, decides by a pure function what should stand in the cluster, and writes the difference at a bounded pace.

mod claiming;
pub mod janitor;
pub mod leader;
mod pace;
mod status;
