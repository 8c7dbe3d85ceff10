//! The production steps of the claim protocol (`rollcall::store::claims`) under every interleaving of their API calls, with
//! a crash possible at each of them, against a store with the API server's semantics.
//!
//! It needs no server. The scenarios and properties are those of the model that the protocol was designed with.

mod api_server;
mod calls;
mod explore;
mod ingredients;
mod leader;
mod memory;
mod object;
mod process;
mod properties;
mod restored;
mod runs;
mod scenario;
mod scenarios;
mod world;
