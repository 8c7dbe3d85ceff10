//! One kind of change in the source, and whom it touches.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::simulator::random::Random;
use crate::simulator::source::{SourcePerson, Tenant};

/// Which people or groups.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a position, a list of positions, {\"from\": 0, \"count\": 2}, {\"percent\": 10} or \"all\" was expected"
)]
pub enum Who {
    /// The one at this position.
    One(usize),
    /// Those at these positions.
    Some(Vec<usize>),
    /// So many from a position on.
    Range {
        /// The first position.
        from: usize,
        /// How many.
        count: usize,
    },
    /// So many of a hundred of those who are in scope, by chance.
    Percent {
        /// How many of a hundred.
        percent: usize,
    },
    /// `"all"`.
    All(All),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum All {
    /// Everybody.
    All,
}

impl Who {
    /// The positions below `length`; `is_in_scope` says who counts for a percentage.
    fn positions(&self, length: usize, random: &mut Random, is_in_scope: impl Fn(usize) -> bool) -> Vec<usize> {
        let all = 0..length;
        match self {
            Self::One(index) => all.filter(|position| position == index).collect(),
            Self::Some(indices) => all.filter(|position| indices.contains(position)).collect(),
            Self::Range { from, count } => all.skip(*from).take(*count).collect(),
            Self::Percent { percent } => {
                all.filter(|position| is_in_scope(*position) && random.percent(*percent)).collect()
            }
            Self::All(All::All) => all.collect(),
        }
    }
}

/// A change in the source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", deny_unknown_fields, rename_all = "camelCase")]
pub enum TenantChange {
    /// People are assigned to the application, or come back.
    Join {
        /// Who.
        who: Who,
    },
    /// People are no longer assigned.
    Leave {
        /// Who.
        who: Who,
    },
    /// Attributes get values; `{n}` stands for the position and `{domain}` for the domain of the run; null empties.
    Set {
        /// Who.
        who: Who,
        /// By the names of the directory.
        attributes: BTreeMap<String, Option<String>>,
    },
    /// People marry: surname, display name, userPrincipalName and mail change.
    Rename {
        /// Who.
        who: Who,
    },
    /// A userPrincipalName makes room for a swap.
    Park {
        /// Whose.
        who: usize,
    },
    /// A person takes the userPrincipalName that another one had.
    TakeName {
        /// Who.
        who: usize,
        /// Who had it.
        from: usize,
    },
    /// People get another manager.
    Manager {
        /// Who.
        who: Who,
        /// The position of the manager.
        to: usize,
    },
    /// Accounts are disabled.
    Disable {
        /// Whose.
        who: Who,
    },
    /// Accounts are enabled.
    Enable {
        /// Whose.
        who: Who,
    },
    /// People go to the recycle bin.
    SoftDelete {
        /// Who.
        who: Who,
    },
    /// People come back from the recycle bin.
    Restore {
        /// Who.
        who: Who,
    },
    /// People are deleted for good.
    Purge {
        /// Who.
        who: Who,
    },
    /// Groups are assigned.
    AssignGroups {
        /// Which.
        groups: Who,
    },
    /// Groups are no longer assigned.
    UnassignGroups {
        /// Which.
        groups: Who,
    },
    /// Groups get another name.
    RenameGroups {
        /// Which.
        groups: Who,
    },
    /// Groups are deleted.
    DeleteGroups {
        /// Which.
        groups: Who,
    },
    /// People become members.
    AddMembers {
        /// Of which groups.
        groups: Who,
        /// Who.
        who: Who,
    },
    /// People stop being members.
    RemoveMembers {
        /// Of which groups.
        groups: Who,
        /// Who.
        who: Who,
    },
}

impl TenantChange {
    /// Changes the source.
    pub fn apply(&self, source: &mut Tenant, random: &mut Random) {
        match self {
            Self::Join { who } => people(source, who, random, |_, person| person.assigned = true),
            Self::Leave { who } => people(source, who, random, |_, person| person.assigned = false),
            Self::Set { who, attributes } => {
                let domain = source.domain.clone();
                people(source, who, random, |index, person| set(person, index, &domain, attributes));
            }
            Self::Rename { who } => people(source, who, random, |_, person| rename(person)),
            Self::Park { who } => {
                let parked = format!("parked{who}@{}", source.domain);
                source.change_person(*who, |person| take_name(person, parked));
            }
            Self::TakeName { who, from } => {
                let name = source.people.get(*from).and_then(|person| person.attributes.get("formerName").cloned());
                if let Some(name) = name {
                    source.change_person(*who, |person| take_name(person, name));
                }
            }
            Self::Manager { who, to } if *to < source.people.len() => people(source, who, random, |index, person| {
                if index != *to {
                    person.manager = Some(*to);
                }
            }),
            Self::Manager { .. } => {}
            Self::Disable { who } => people(source, who, random, |_, person| person.enabled = false),
            Self::Enable { who } => people(source, who, random, |_, person| person.enabled = true),
            Self::SoftDelete { who } => people(source, who, random, |_, person| person.soft_deleted = true),
            Self::Restore { who } => people(source, who, random, |_, person| person.soft_deleted = person.purged),
            Self::Purge { who } => {
                for index in positions(source, who, random) {
                    source.purge(index);
                }
            }
            Self::AssignGroups { groups } => each_group(source, groups, random, |source, index| {
                source.change_group(index, |group| group.assigned = true);
            }),
            Self::UnassignGroups { groups } => each_group(source, groups, random, |source, index| {
                source.change_group(index, |group| group.assigned = false);
            }),
            Self::RenameGroups { groups } => each_group(source, groups, random, |source, index| {
                source.change_group(index, |group| group.display_name = format!("Renamed: {}", group.display_name));
            }),
            Self::DeleteGroups { groups } => each_group(source, groups, random, |source, index| {
                source.change_group(index, |group| group.deleted = true);
            }),
            Self::AddMembers { groups, who } => {
                let members = positions(source, who, random);
                each_group(source, groups, random, |source, index| {
                    source.change_group(index, |group| group.members.extend(&members));
                });
            }
            Self::RemoveMembers { groups, who } => {
                let members = positions(source, who, random);
                each_group(source, groups, random, |source, index| {
                    source.change_group(index, |group| group.members.retain(|member| !members.contains(member)));
                });
            }
        }
    }
}

/// Those people who are not gone for good.
fn positions(source: &Tenant, who: &Who, random: &mut Random) -> Vec<usize> {
    let found = who.positions(source.people.len(), random, |index| source.people[index].is_active());
    found.into_iter().filter(|index| !source.people[*index].purged).collect()
}

fn people(source: &mut Tenant, who: &Who, random: &mut Random, change: impl Fn(usize, &mut SourcePerson)) {
    for index in positions(source, who, random) {
        source.change_person(index, |person| change(index, person));
    }
}

fn each_group(source: &mut Tenant, groups: &Who, random: &mut Random, mut change: impl FnMut(&mut Tenant, usize)) {
    for index in groups.positions(source.groups.len(), random, |index| source.groups[index].is_in_scope()) {
        change(source, index);
    }
}

fn set(person: &mut SourcePerson, index: usize, domain: &str, attributes: &BTreeMap<String, Option<String>>) {
    for (name, value) in attributes {
        match value {
            Some(value) => {
                let value = value.replace("{n}", &index.to_string()).replace("{domain}", domain);
                person.attributes.insert(name.clone(), value);
            }
            None => {
                person.attributes.remove(name);
            }
        }
    }
}

fn rename(person: &mut SourcePerson) {
    for (name, begin) in [("surname", "Neu-"), ("userPrincipalName", "neu."), ("mail", "neu.")] {
        if let Some(value) = person.attributes.get_mut(name) {
            *value = format!("{begin}{value}");
        }
    }
    let part = |name| person.attributes.get(name).cloned().unwrap_or_default();
    let display = format!("{} {}", part("givenName"), part("surname"));
    person.attributes.insert("displayName".to_owned(), display);
}

fn take_name(person: &mut SourcePerson, name: String) {
    if let Some(former) = person.attributes.insert("userPrincipalName".to_owned(), name) {
        person.attributes.insert("formerName".to_owned(), former);
    }
}
