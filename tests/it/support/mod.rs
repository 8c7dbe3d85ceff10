//! What the integration tests stand on: one control plane and one operator for all, a namespace for each test.

pub(crate) mod built_in;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod directory;
pub(crate) mod login;
pub(crate) mod operator;
pub(crate) mod page;
pub(crate) mod proxy;
pub(crate) mod session;
pub(crate) mod wait;

pub(crate) use client::Client;
pub(crate) use directory::Directory;
pub(crate) use operator::Operator;
pub(crate) use wait::until;
