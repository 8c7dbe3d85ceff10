//! Rollcall keeps a cluster's roll of people in step with Microsoft Entra ID.
//!
//! Entra's automatic provisioning speaks SCIM 2.0 (RFC 7643, RFC 7644) to Rollcall; Rollcall writes each person and group
//! into the cluster as a `DirectoryUser` or `DirectoryGroup`, under `Directory` and `DirectoryKey` objects that people review
//! in Git. This page is the map of the code.
//!
//! # The flow
//!
//! Bytes become SCIM values, SCIM values become a spec, a spec plus what is observed becomes a plan, a plan becomes API
//! calls. Each arrow is one module, and only the last one touches the network:
//!
//! 1. [`http`] takes the request: an edge with the bounds of every request, and a door with the key ([`rules::key`]) and the
//!    route. It decides nothing else.
//! 2. [`scim`] reads the body: names folded to the schema's spelling, Entra's dialect coerced ([`scim::resource`],
//!    [`scim::patch`], [`scim::filter`]). One attribute table ([`scim::schema`]) drives all of it and `/Schemas`.
//! 3. [`provisioning`] has one function for each SCIM operation: read, rule, write.
//! 4. [`rules::policy`] says what the Directory asks for; [`rules::mapping`] turns attributes into an object and back;
//!    [`rules::naming`] says which values an object claims, and [`rules::membership`] edits the edge that makes a member,
//!    which stands on the member.
//! 5. [`store::claims`] writes: the claim protocol, one API call at a time. Of four replicas that create one userName at
//!    once, exactly one is answered 201.
//! 6. [`store::watch`] tells every replica, and [`store::index`] holds what lists are answered from.
//! 7. [`controller`] works in the background, on what [`store::index::dirty`] says has changed. On every replica
//!    [`controller::janitor`] heals what a crash or a restore left behind; on the leader `controller::status` tells what the
//!    operator concludes, and `controller::claiming` turns rules of uniqueness on.
//!
//! Apart from all that, [`simulator`] plays Entra's provisioning service against any SCIM endpoint: the binary
//! `entra-simulator`. It imports nothing of ours.
//!
//! # The layers
//!
//! ```text
//! main -> app -> http       -> provisioning -> store -> rules -> { scim, api }
//!             -> controller                 -> store -> rules -> { scim, api }
//! ```
//!
//! `tests/tidy.rs` holds the same table in a form that fails.
//!
//! # What must stay true
//!
//! - [`scim`] imports no other module of ours, and neither Kubernetes nor HTTP nor a clock.
//! - [`api`] imports no other module of ours and decides nothing, save what a value of a newer version counts as
//!   ([`api::newer`]).
//! - [`rules`] has no `async`, no client and no clock: time and chance are arguments.
//! - Only [`store`] talks to the API server. Only [`config`] reads the environment.
//! - [`http`] and [`controller`] never call each other: they meet in the API server.
//! - A 2xx means that the change is in etcd. Nothing is acknowledged from memory.
//! - Every writer edits raw JSON, so that a field which a newer version wrote survives an older replica.
//! - What GET returns is what was sent, value by value: nothing is normalised, or Entra repeats its PATCH for ever.
//! - What is answered from memory stands behind the freshness guard: a replica whose watch is silent answers 503.
//! - Everything that grows has a bound with a name.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod controller;
pub mod http;
pub mod metrics;
pub mod provisioning;
pub mod rules;
pub mod scim;
pub mod simulator;
pub mod store;
pub mod telemetry;
