//! Objects that a restore brought back without their claims, while replicas create, change and delete.
//!
//! Every replica has an index, which is whole when the replica begins to serve and may lag behind from then on; each index
//! catches up by steps of its own. In all but the last scenarios the objects were there before the replicas began.

use crate::scenario::Kind::{Delete, HardDelete, Patch, Undelete};
use crate::scenario::Start::{self, Bare, HalfMade, Held, Tombstone, Unclear};
use crate::scenario::{Plan, Scenario, act, change, create, janitor, restore};

type Objects<'a> = &'a [(&'static str, &'static str, Start)];

fn scenario(title: &str, objects: Objects<'_>, plans: &[Plan]) -> Scenario {
    Scenario::new(format!("R: {title}"), objects, plans).with_indexes()
}

/// The scenarios.
pub fn restored() -> Vec<Scenario> {
    [creates(), changes(), unclear(), twins(), at_the_same_time()].concat()
}

fn creates() -> Vec<Scenario> {
    let bare = [("R", "a1", Bare)];
    vec![
        scenario("restored, create of its name", &[("R", "a", Bare)], &[create("X", "a")]),
        scenario(
            "restored, 2 creates of its name, janitor",
            &[("R", "a", Bare)],
            &[create("X", "a"), create("Y", "a"), janitor("R", &["0a"])],
        ),
        scenario("restored, create of its externalId, janitor", &bare, &[create("X", "b1"), janitor("R", &["11"])]),
        scenario(
            "restored, creates of its name and of its externalId",
            &bare,
            &[create("X", "a2"), create("Y", "b1"), janitor("R", &[])],
        ),
        scenario(
            "restored, deleted, 2 creates",
            &[("R", "a", Bare)],
            &[act(Delete, "R"), create("X", "a"), create("Y", "a"), janitor("X", &["0a"])],
        ),
        scenario(
            "restored, removed by hand, create",
            &bare,
            &[act(HardDelete, "R"), create("X", "a1"), janitor("X", &[])],
        ),
        scenario(
            "restored, changed otherwise, create",
            &bare,
            &[act(Patch, "R"), create("X", "a1"), janitor("R", &[])],
        ),
        scenario("nobody restored, 2 creates", &[], &[create("X", "a1"), create("Y", "a1")]).with_progress(),
        scenario(
            "nobody restored, 2 creates, janitor",
            &[],
            &[create("X", "a1"), create("Y", "a2"), janitor("X", &["0a"])],
        ),
    ]
}

fn changes() -> Vec<Scenario> {
    let bare = ("R", "a1", Bare);
    vec![
        scenario(
            "restored, rename to its name, janitor",
            &[bare, ("X", "b2", Held)],
            &[change("X", "a"), janitor("R", &["0a"])],
        ),
        scenario(
            "restored, change to its externalId and back",
            &[bare, ("X", "b2", Held)],
            &[change("X", ".1"), change("X", ".2"), janitor("R", &["11"])],
        ),
        scenario(
            "restored, renamed, create of its name",
            &[bare],
            &[change("R", "b"), create("X", "a2"), janitor("R", &["0a"])],
        ),
        scenario(
            "restored, renamed there and back, create",
            &[("R", "a", Bare)],
            &[change("R", "b"), change("R", "a"), create("X", "a")],
        ),
        scenario(
            "restored, renamed to the name of another one",
            &[("R", "a", Bare), ("Q", "b", Bare)],
            &[change("R", "b"), janitor("Q", &["0b"]), create("X", "a")],
        ),
        scenario(
            "restored, swap, create",
            &[("R", "a", Bare), ("Q", "b", Bare)],
            &[change("R", "b"), change("Q", "c"), create("X", "b")],
        ),
        scenario(
            "restored, a tombstone of its name asked back",
            &[bare, ("T", "a2", Tombstone)],
            &[act(Undelete, "T"), janitor("R", &["0a"]), act(Delete, "R")],
        ),
        scenario(
            "a tombstone restored, asked back, create",
            &[("T", "a1", Tombstone)],
            &[act(Undelete, "T"), create("X", "a1"), janitor("T", &["11"])],
        ),
    ]
}

/// Objects of which nobody can tell whether a restore brought them back or a create is making them.
fn unclear() -> Vec<Scenario> {
    let soon = [("R", "a1", Unclear)];
    vec![
        scenario("restored soon, create of its name, janitor", &soon, &[create("X", "a2"), janitor("R", &["0a"])]),
        scenario(
            "restored soon, rename to its name",
            &[("R", "a1", Unclear), ("X", "b2", Held)],
            &[change("X", "a"), janitor("R", &[])],
        ),
        scenario(
            "restored soon, its externalId taken, janitor",
            &[("R", "a1", Unclear), ("X", "b1", Held)],
            &[janitor("R", &["11"]), create("Y", "a2"), act(Delete, "X")],
        )
        .with_conflicts(&["R"]),
        scenario(
            "restored soon, deleted, create",
            &soon,
            &[act(Delete, "R"), create("X", "a1"), janitor("R", &["0a"])],
        ),
        scenario(
            "a create cut short, 2 creates, janitor",
            &[("P", "a", HalfMade)],
            &[create("X", "a"), create("Y", "a"), janitor("P", &["0a"])],
        ),
    ]
}

/// Objects that had one value in the backup already.
fn twins() -> Vec<Scenario> {
    let conflicts = |scenario: Scenario| scenario.with_conflicts(&["R", "Q"]);
    let two = |title, start| {
        let janitors = [janitor("R", &["0a"]), janitor("Q", &["0a"])];
        scenario(title, &[("R", "a", start), ("Q", "a", start)], &janitors)
    };
    vec![
        conflicts(two("two restored with one name, 2 janitors", Bare)),
        conflicts(two("two restored soon with one name, 2 janitors", Unclear)),
        conflicts(scenario(
            "two restored with one name, one renamed, create",
            &[("R", "a", Bare), ("Q", "a", Bare)],
            &[change("R", "b"), create("X", "a"), janitor("Q", &[])],
        )),
    ]
}

/// A restore that runs while replicas serve. What is restored in the very moment in which its value is created elsewhere
/// may be in conflict; nobody is removed, and nobody who was acknowledged loses a value.
fn at_the_same_time() -> Vec<Scenario> {
    let conflicts = |scenario: Scenario| scenario.with_conflicts(&["R"]);
    vec![
        conflicts(scenario(
            "restored while 2 creates run",
            &[],
            &[restore("R", "a"), create("X", "a"), create("Y", "a")],
        )),
        conflicts(scenario(
            "restored while a create and the janitor run",
            &[],
            &[restore("R", "a1"), create("X", "b1"), janitor("R", &["11"])],
        )),
        conflicts(scenario(
            "restored while a change and the janitor run",
            &[("X", "b2", Held)],
            &[restore("R", "a1"), change("X", "a"), janitor("R", &["0a"])],
        )),
    ]
}
