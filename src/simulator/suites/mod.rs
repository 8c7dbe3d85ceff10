//! Microsoft's own test lists as suites: requests with assertions, in place of a job's cycles.
//!
//! The expectations are Microsoft's and are tuned to no server. What a suite makes has names that no other run has, and is
//! deleted at the end; totals are taken relative to what the endpoint held before, so that a suite may run beside other
//! resources, as long as nobody else writes at the same time.

mod bodies;
mod exchange;
mod onboarding;
mod operations;
mod path;
mod reference_collection;
mod session;
#[cfg(test)]
mod tests;
mod validator;

use std::future::Future;
use std::pin::Pin;

use crate::simulator::client::Client;
use crate::simulator::patch::PatchDialect;
use crate::simulator::report::Section;

/// What a suite works with.
#[derive(Clone)]
pub struct SuiteContext {
    /// The client of the endpoint; its traffic is counted for the report.
    pub client: Client,
    /// Decides all chance of the run.
    pub seed: u64,
    /// A domain under `.example` that no other run has: for userNames and e-mail addresses.
    pub domain: String,
    /// Whether what the suite made is left on the endpoint.
    pub keep: bool,
    /// How PATCH operations are written.
    pub dialect: PatchDialect,
}

/// The work of a suite.
pub type Sections<'a> = Pin<Box<dyn Future<Output = Vec<Section>> + Send + 'a>>;

/// A list of tests with a name.
pub struct Suite {
    /// What `--scenario` takes.
    pub name: &'static str,
    /// One sentence for `--list`.
    pub description: &'static str,
    /// Runs it; each section is a group of tests.
    pub run: fn(&SuiteContext) -> Sections<'_>,
}

/// Every suite.
pub const SUITES: &[Suite] = &[
    Suite {
        name: "validator",
        description: "The tests of the SCIM Validator, required and preview, with one operation per attribute and pathless",
        run: |context| Box::pin(validator::run(context)),
    },
    Suite {
        name: "onboarding",
        description: "The tests that an application passes before it enters the gallery",
        run: |context| Box::pin(onboarding::run(context)),
    },
    Suite {
        name: "reference-collection",
        description: "The request collections of the SCIM reference code, \"SCIM Inbound\" among them",
        run: |context| Box::pin(reference_collection::run(context)),
    },
];
