//! Work in the background: what no request waits for.

pub mod janitor;
