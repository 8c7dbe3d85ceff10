//! Rollcall keeps a cluster's roll of people in step with Microsoft Entra ID.

pub mod api;
pub mod app;
pub mod config;
pub mod controller;
pub mod http;
pub mod metrics;
pub mod provisioning;
pub mod rules;
pub mod scim;
pub mod store;
pub mod telemetry;
