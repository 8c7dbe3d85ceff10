//! Whether a scenario means something: what it names has to be there, or a step would silently do nothing.

use super::change::{TenantChange, Who};
use super::{Run, Scenario, ScenarioStep};
use crate::simulator::source::attributes;

/// The verbs of `do` and the fields of each.
pub const VERBS: [(&str, &str); 18] = [
    ("join", "who"),
    ("leave", "who"),
    ("set", "who, attributes"),
    ("rename", "who"),
    ("park", "who (one position)"),
    ("takeName", "who, from (one position each)"),
    ("manager", "who, to (one position)"),
    ("disable", "who"),
    ("enable", "who"),
    ("softDelete", "who"),
    ("restore", "who"),
    ("purge", "who"),
    ("assignGroups", "groups"),
    ("unassignGroups", "groups"),
    ("renameGroups", "groups"),
    ("deleteGroups", "groups"),
    ("addMembers", "groups, who"),
    ("removeMembers", "groups, who"),
];

/// How many there are of what a step may name.
#[derive(Clone, Copy)]
struct Sizes {
    people: usize,
    /// `None` where groups are left out altogether: then nothing that is said of them can be wrong.
    groups: Option<usize>,
}

/// An error names the step and the change in it.
pub(super) fn fit(scenario: &Scenario, people: usize, groups: usize) -> Result<(), String> {
    let sizes = Sizes { people, groups: Some(groups).filter(|groups| *groups > 0) };
    for (index, step) in scenario.steps.iter().enumerate() {
        fit_step(step, sizes).map_err(|error| format!("step {} ({}): {error}", index + 1, step.title))?;
    }
    Ok(())
}

/// How many people and how many groups there have to be, so that every position that a scenario names is there.
pub(super) fn needs(scenario: &Scenario) -> (usize, usize) {
    let (mut people, mut groups) = (0, 0);
    for step in &scenario.steps {
        match step.run {
            Run::OnDemandUser(index) => people = people.max(index.saturating_add(1)),
            Run::OnDemandGroup(index) => groups = groups.max(index.saturating_add(1)),
            Run::Cycle | Run::Restart | Run::Reset | Run::AllowDeletions => {}
        }
        for change in &step.changes {
            let (of_people, of_groups) = change_needs(change);
            (people, groups) = (people.max(of_people), groups.max(of_groups));
        }
    }
    (people, groups)
}

fn change_needs(change: &TenantChange) -> (usize, usize) {
    match change {
        TenantChange::Join { who }
        | TenantChange::Leave { who }
        | TenantChange::Rename { who }
        | TenantChange::Disable { who }
        | TenantChange::Enable { who }
        | TenantChange::SoftDelete { who }
        | TenantChange::Restore { who }
        | TenantChange::Purge { who }
        | TenantChange::Set { who, .. } => (length_for(who), 0),
        TenantChange::Park { who } => (who.saturating_add(1), 0),
        TenantChange::TakeName { who, from } => ((*who).max(*from).saturating_add(1), 0),
        TenantChange::Manager { who, to } => (length_for(who).max(to.saturating_add(1)), 0),
        TenantChange::AssignGroups { groups }
        | TenantChange::UnassignGroups { groups }
        | TenantChange::RenameGroups { groups }
        | TenantChange::DeleteGroups { groups } => (0, length_for(groups)),
        TenantChange::AddMembers { groups, who } | TenantChange::RemoveMembers { groups, who } => {
            (length_for(who), length_for(groups))
        }
    }
}

/// How long a list has to be to have every position that is named.
fn length_for(who: &Who) -> usize {
    match who {
        Who::One(index) => index.saturating_add(1),
        Who::Some(indices) => indices.iter().max().map_or(0, |index| index.saturating_add(1)),
        Who::Range { from, count } => from.saturating_add(*count),
        Who::Percent { .. } | Who::All(_) => 0,
    }
}

fn fit_step(step: &ScenarioStep, sizes: Sizes) -> Result<(), String> {
    for (index, change) in step.changes.iter().enumerate() {
        fit_change(change, sizes).map_err(|error| format!("change {}: {error}", index + 1))?;
    }
    match step.run {
        Run::OnDemandUser(index) => one(index, sizes.people, "people"),
        Run::OnDemandGroup(index) => sizes.groups.map_or(Ok(()), |groups| one(index, groups, "groups")),
        _ => Ok(()),
    }
}

fn fit_change(change: &TenantChange, sizes: Sizes) -> Result<(), String> {
    let people = |who: &Who| several(who, sizes.people, "people");
    let groups = |which: &Who| sizes.groups.map_or(Ok(()), |length| several(which, length, "groups"));
    match change {
        TenantChange::Join { who }
        | TenantChange::Leave { who }
        | TenantChange::Rename { who }
        | TenantChange::Disable { who }
        | TenantChange::Enable { who }
        | TenantChange::SoftDelete { who }
        | TenantChange::Restore { who }
        | TenantChange::Purge { who } => people(who),
        TenantChange::Set { who, attributes } => {
            let unknown = attributes.keys().find(|name| !attributes::can_be_set(name));
            unknown.map_or(Ok(()), |name| {
                Err(format!("there is no attribute {name:?} to set; there are {}", attributes::settable()))
            })?;
            people(who)
        }
        TenantChange::Park { who } => one(*who, sizes.people, "people"),
        TenantChange::TakeName { who, from: other } => {
            one(*who, sizes.people, "people")?;
            one(*other, sizes.people, "people")
        }
        TenantChange::Manager { who, to } => {
            people(who)?;
            one(*to, sizes.people, "people")
        }
        TenantChange::AssignGroups { groups: which }
        | TenantChange::UnassignGroups { groups: which }
        | TenantChange::RenameGroups { groups: which }
        | TenantChange::DeleteGroups { groups: which } => groups(which),
        TenantChange::AddMembers { groups: which, who } | TenantChange::RemoveMembers { groups: which, who } => {
            people(who)?;
            groups(which)
        }
    }
}

fn several(who: &Who, length: usize, kind: &str) -> Result<(), String> {
    match who {
        Who::One(index) => one(*index, length, kind),
        Who::Some(indices) => indices.iter().try_for_each(|index| one(*index, length, kind)),
        Who::Range { from, count } if from.saturating_add(*count) > length => {
            Err(format!("{count} from position {from} on go beyond the {length} {kind} that there are"))
        }
        Who::Percent { percent } if *percent > 100 => Err(format!("{percent} percent are more than all")),
        Who::Range { .. } | Who::Percent { .. } | Who::All(_) => Ok(()),
    }
}

fn one(index: usize, length: usize, kind: &str) -> Result<(), String> {
    if index < length {
        return Ok(());
    }
    Err(format!("there is no position {index} among {length} {kind}; the first one is 0"))
}
