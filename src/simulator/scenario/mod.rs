//! Scenarios as data: what changes in the source between the cycles of a job.
//!
//! The scenarios that come with the simulator are the JSON files beside this one; `--scenario-file` takes others in the
//! same form.

mod change;
mod fit;
#[cfg(test)]
mod tests;

use serde::Deserialize;

pub use change::{TenantChange, Who};
pub use fit::VERBS;

/// The most steps of a scenario.
const MAX_STEPS: usize = 200;

/// The scenarios that come with the simulator, as JSON.
const BUILT_IN: [&str; 5] = [
    include_str!("person.json"),
    include_str!("reorganisation.json"),
    include_str!("company.json"),
    include_str!("unassign-everybody.json"),
    include_str!("restart.json"),
];

/// What an administrator or the clock does after the changes of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Run {
    /// An incremental cycle.
    #[default]
    Cycle,
    /// "Restart provisioning", and the cycle after it.
    Restart,
    /// A restart that forgets the links, and the cycle after it. Nothing may be created.
    Reset,
    /// The deletions that the guard has stopped are let through, in a cycle.
    AllowDeletions,
    /// "Provision on demand" of the person at this position.
    OnDemandUser(usize),
    /// "Provision on demand" of the group at this position.
    OnDemandGroup(usize),
}

/// How a step has to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expect {
    /// Without a quarantine.
    #[default]
    Done,
    /// With a quarantine by the guard against accidental deletions.
    Guard,
}

/// Some changes and what runs after them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ScenarioStep {
    /// What happens, in a few words.
    pub title: String,
    /// What changes in the source.
    #[serde(default)]
    pub changes: Vec<TenantChange>,
    /// What runs.
    #[serde(default)]
    pub run: Run,
    /// How many hours pass before it runs; otherwise the 40 minutes between two cycles.
    pub hours: Option<u32>,
    /// How it has to end.
    #[serde(default)]
    pub expect: Expect,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// What `--scenario` takes.
    pub name: String,
    /// One sentence for `--list`.
    pub description: String,
    /// How many people, unless `--people` says otherwise.
    pub people: usize,
    /// How many groups, unless `--groups` says otherwise.
    pub groups: usize,
    /// The guard against accidental deletions.
    pub deletion_threshold: Option<usize>,
    /// What happens.
    pub steps: Vec<ScenarioStep>,
}

impl Scenario {
    /// Reads a scenario.
    pub fn parse(text: &str) -> Result<Self, String> {
        let scenario: Self =
            serde_json::from_str(text).map_err(|error| format!("the scenario cannot be read: {error}"))?;
        if scenario.steps.is_empty() {
            return Err("the scenario has no steps, so nothing would be played".to_owned());
        }
        if scenario.steps.len() > MAX_STEPS {
            return Err(format!("the scenario has more than {MAX_STEPS} steps"));
        }
        Ok(scenario)
    }

    /// The fewest people and the fewest groups with which everything is there that the steps name.
    pub fn needs(&self) -> (usize, usize) {
        fit::needs(self)
    }

    /// Whether everything that it names is there with so many people and groups; an error names the step. With no group
    /// at all, what is said of groups does not count.
    pub fn fit(&self, people: usize, groups: usize) -> Result<(), String> {
        fit::fit(self, people, groups).map_err(|error| format!("the scenario cannot be played: {error}"))
    }

    /// The guard against accidental deletions, in proportion where there are fewer people than the scenario is made for:
    /// a guard that lets everybody go would be none.
    pub fn deletion_threshold(&self, people: usize) -> Option<usize> {
        let threshold = self.deletion_threshold?;
        Some(if people < self.people { threshold * people / self.people } else { threshold })
    }

    /// The text of a scenario that comes with the simulator.
    pub fn text(name: &str) -> Option<&'static str> {
        BUILT_IN.into_iter().find(|text| Self::parse(text).is_ok_and(|scenario| scenario.name == name))
    }

    /// Every scenario that comes with the simulator.
    pub fn built_in() -> Vec<Self> {
        BUILT_IN.iter().map(|text| Self::parse(text).expect("the built-in scenarios can be read")).collect()
    }
}
