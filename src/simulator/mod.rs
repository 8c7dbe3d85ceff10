//! Microsoft Entra ID's provisioning service, played against any SCIM endpoint.
//!
//! A product of its own: it speaks HTTP to a tenant URL with a token and knows nothing of the server behind it. It imports
//! no other module of this crate. The binary `entra-simulator` is [`cli`] around [`run()`]; tests call [`run()`] with
//! [`Options`] of their own, or drive a [`job::Job`] cycle by cycle.
//!
//! # A run
//!
//! 1. [`source`] makes a tenant of people and groups that a seed decides.
//! 2. [`scenario`] says what changes between two cycles, as data.
//! 3. [`job`] is the provisioning job: connection test, match, create or compare, references, groups. It sends through
//!    [`client`] what [`mapping`] wants and [`patch`] writes, in one of the two dialects.
//! 4. [`check`] reads everything back by requests of its own after each cycle, and lets the job compare everybody once
//!    more: with nothing changed, nothing may be written.
//! 5. [`report`] is what an administrator would find in the provisioning log, the checks, and the verdict.
//!
//! [`suites`] are Microsoft's own lists of tests, with the same client and the same report.
//!
//! # What must stay true
//!
//! - Time is simulated and chance has a seed: a run can be repeated, except for the order of requests side by side.
//! - Members are compared with what the job remembers, as Entra does, never with what the endpoint holds.
//! - A run deletes at its end what it made and nothing else, unless it is told to keep it. What a broken run left
//!   is found again by its seed.
//! - The token is in no output.

pub mod check;
mod clean_up;
pub mod cli;
pub mod client;
mod contact;
pub mod job;
pub mod mapping;
pub mod patch;
pub mod random;
pub mod report;
mod run;
pub mod scenario;
pub mod source;
pub mod suites;

pub use run::{MAX_BATCH, MAX_GROUPS, MAX_PARALLEL, MAX_PEOPLE, MatchBy, Options, Plan, run};
