//! Rollcall on a real control plane: the built binary, under the chart's own rules.
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]

mod addresses;
mod admission;
mod alerts;
mod bad_input;
mod built_in;
mod deactivation;
mod endings;
mod examples;
mod faults;
mod given_up;
mod groups;
mod guards;
mod janitor;
mod jobs;
mod keys;
mod kubectl;
mod leader;
mod log;
mod members;
mod policy;
mod policy_examples;
mod policy_quota;
mod process;
mod replicas;
mod restore;
mod rights;
mod scope;
mod start;
mod status;
mod suites;
mod support;
mod unready;
mod users;
mod versions;
mod watch;
