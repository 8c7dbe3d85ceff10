//! What is explored: 70 named scenarios, eight of them about a rule that is being turned on, and every three of 17
//! processes, 750 in all.
//!
//! They are those of the model of the protocol, attribute 0 being the name.

use crate::object::Rule;
use crate::scenario::Kind::{Delete, DroppingPatch, HardDelete, Patch, Purge, Undelete};
use crate::scenario::Start::{Bare, Held, Tombstone, TombstoneWithClaims};
use crate::scenario::{Plan, Scenario, act, change, collector, create, janitor, turn_on};

/// The named scenarios.
pub fn named() -> Vec<Scenario> {
    [one_attribute(), creates(), changes(), none_and_back(), tombstones(), more()].concat()
}

/// One claimed attribute: the name.
fn one_attribute() -> Vec<Scenario> {
    vec![
        Scenario::new("1: 2 creates, janitor", &[], &[create("X", "a"), create("Y", "a"), janitor("X", &["0a"])]),
        Scenario::new(
            "1: rename vs create, janitor",
            &[("X", "a", Held)],
            &[change("X", "b"), create("Y", "b"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "1: rename a-b vs create a, delete",
            &[("X", "a", Held)],
            &[change("X", "b"), create("Y", "a"), act(Delete, "X")],
        ),
        Scenario::new(
            "1: 2 renames of one user, janitor",
            &[("X", "a", Held)],
            &[change("X", "b"), change("X", "c"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "1: swap, janitor",
            &[("X", "a", Held), ("Y", "b", Held)],
            &[change("X", "b"), change("Y", "a"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "1: rename to b twice, create b",
            &[("X", "a", Held)],
            &[change("X", "b"), change("X", "b"), create("Y", "b")],
        ),
        Scenario::new(
            "1: rename to b twice, janitor",
            &[("X", "a", Held)],
            &[change("X", "b"), change("X", "b"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "1: rename there and back, create",
            &[("X", "a", Held)],
            &[change("X", "b"), change("X", "a"), create("Y", "a")],
        ),
        Scenario::new(
            "1: dead claim, 2 creates, janitor",
            &[],
            &[create("X", "a"), create("Y", "a"), janitor("Z", &["0a"])],
        )
        .with_dead_claim("0a", "Z"),
        Scenario::new(
            "1: restore, 2 janitors, create",
            &[("X", "a", Bare)],
            &[janitor("X", &["0a"]), create("Y", "a"), janitor("Y", &["0a"])],
        ),
        Scenario::new(
            "1: hard delete vs create, janitor",
            &[("X", "a", Held)],
            &[act(HardDelete, "X"), create("Y", "a"), janitor("Y", &["0a"])],
        ),
        Scenario::new(
            "1: create refused, its rival deleted, janitor, rename of it",
            &[("W", "a", Held)],
            &[create("X", "a"), act(Delete, "W"), janitor("X", &[]), change("X", "c")],
        ),
        Scenario::new(
            "1: tombstone, undelete, create, janitor",
            &[("X", "a", TombstoneWithClaims)],
            &[act(Undelete, "X"), create("Y", "a"), janitor("X", &["0a"])],
        ),
        Scenario::new(
            "1: hard delete, garbage collector, create, janitor",
            &[("X", "a", Held)],
            &[act(HardDelete, "X"), collector(&["0a"]), create("Y", "a"), janitor("Y", &["0a"])],
        ),
        Scenario::new(
            "2: create refused, garbage collector, create",
            &[("W", "b1", Held)],
            &[create("X", "a1"), collector(&["0a"]), act(HardDelete, "W"), create("Y", "a2")],
        ),
        Scenario::new(
            "2: purge, undelete, garbage collector, create",
            &[("X", "a1", TombstoneWithClaims)],
            &[act(Purge, "X"), act(Undelete, "X"), collector(&["11"]), create("Y", "b1")],
        ),
    ]
}

/// Creates.
fn creates() -> Vec<Scenario> {
    vec![
        Scenario::new("2: creates share both", &[], &[create("X", "a1"), create("Y", "a1")]).with_progress(),
        Scenario::new(
            "2: creates share the name, janitor",
            &[],
            &[create("X", "a1"), create("Y", "a2"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: creates share externalId, janitor",
            &[],
            &[create("X", "a1"), create("Y", "b1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: creates share both, janitor",
            &[],
            &[create("X", "a1"), create("Y", "a1"), janitor("X", &["11", "0a"])],
        ),
        Scenario::new(
            "2: creates vs both held apart (crossed), janitor",
            &[("V", "a2", Held), ("W", "b1", Held)],
            &[create("X", "a1"), act(Delete, "W"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: create, rival deleted, two leaders",
            &[("W", "b1", Held)],
            &[create("X", "a1"), act(Delete, "W"), janitor("X", &[]), janitor("X", &["0a"])],
        ),
        Scenario::new("2: 3 creates in a ring", &[], &[create("X", "a1"), create("Y", "a2"), create("Z", "b1")])
            .with_progress(),
        Scenario::new(
            "2: create refused, its rival deleted, janitor, rename of it",
            &[("W", "b1", Held)],
            &[create("X", "a1"), act(Delete, "W"), janitor("X", &[]), change("X", "c")],
        ),
    ]
}

/// Changes.
fn changes() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "2: change both vs create sharing the name",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "b3"), janitor("X", &["0b", "12"])],
        ),
        Scenario::new(
            "2: change both vs create sharing externalId",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "c2"), janitor("X", &["0b", "12"])],
        ),
        Scenario::new(
            "2: change both vs create of the old values",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "a1"), janitor("Y", &["0a"])],
        ),
        Scenario::new(
            "2: change, create crossing old and new",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "a2")],
        ),
        Scenario::new(
            "2: changes of two users to the same pair",
            &[("X", "a1", Held), ("Y", "b2", Held)],
            &[change("X", "c3"), change("Y", "c3")],
        )
        .with_progress(),
        Scenario::new(
            "2: changes of two users, the same pair, janitor",
            &[("X", "a1", Held), ("Y", "b2", Held)],
            &[change("X", "c3"), change("Y", "c3"), janitor("X", &["13"])],
        ),
        Scenario::new(
            "2: swap of one attribute each way",
            &[("X", "a1", Held), ("Y", "b2", Held)],
            &[change("X", "b3"), change("Y", "c1")],
        ),
        Scenario::new(
            "2: swap of both, delete",
            &[("X", "a1", Held), ("Y", "b2", Held)],
            &[change("X", "b2"), change("Y", "a1"), act(Delete, "X")],
        ),
        Scenario::new(
            "2: values swap between attributes, create",
            &[("X", "12", Held)],
            &[change("X", "21"), create("Y", "22")],
        ),
        Scenario::new(
            "2: two changes of one user, overlapping",
            &[("X", "a1", Held)],
            &[change("X", "b2"), change("X", "b3")],
        ),
        Scenario::new(
            "2: two changes of one user, one attribute each, create",
            &[("X", "a1", Held)],
            &[change("X", "b"), change("X", ".2"), create("Y", "c2")],
        ),
        Scenario::new(
            "2: refused change, change of the same user, rival deleted",
            &[("X", "a1", Held), ("W", "b2", Held)],
            &[change("X", "b3"), change("X", ".3"), act(Delete, "W")],
        ),
        Scenario::new(
            "2: change vs delete, create of both",
            &[("X", "a1", Held)],
            &[change("X", "b2"), act(Delete, "X"), create("Y", "b1")],
        ),
        Scenario::new(
            "2: change vs unrelated PATCH, create",
            &[("X", "a1", Held)],
            &[change("X", "b2"), act(Patch, "X"), create("Y", "b3")],
        ),
        Scenario::new(
            "2: change vs PATCH by a replica that drops pending",
            &[("X", "a1", Held)],
            &[change("X", "b2"), act(DroppingPatch, "X"), create("Y", "c2")],
        ),
    ]
}

/// Values that come and go.
fn none_and_back() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "2: value to none vs create",
            &[("X", "a1", Held)],
            &[change("X", ".-"), create("Y", "b1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: value to none to value, create",
            &[("X", "a1", Held)],
            &[change("X", ".-"), change("X", ".1"), create("Y", "b1")],
        ),
        Scenario::new(
            "2: none to value twice, janitor",
            &[("X", "a-", Held)],
            &[change("X", ".1"), change("X", ".1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: none to value of two users (pin), janitor",
            &[("X", "a-", Held), ("Y", "b-", Held)],
            &[change("X", ".1"), change("Y", ".1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: none to value with a rename, delete",
            &[("X", "a-", Held)],
            &[change("X", "b1"), act(Delete, "X"), janitor("X", &["11"])],
        ),
    ]
}

/// Tombstones, and objects that were restored.
fn tombstones() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "2: delete vs create sharing both, janitor",
            &[("X", "a1", Held)],
            &[act(Delete, "X"), create("Y", "a1"), janitor("X", &["0a", "11"])],
        ),
        Scenario::new(
            "2: delete, undelete, create sharing externalId",
            &[("X", "a1", Held)],
            &[act(Delete, "X"), act(Undelete, "X"), create("Y", "b1")],
        ),
        Scenario::new(
            "2: undelete vs create sharing both, janitor",
            &[("X", "a1", Tombstone)],
            &[act(Undelete, "X"), create("Y", "a1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: undelete vs create, dead claims left, janitor",
            &[("X", "a1", TombstoneWithClaims)],
            &[act(Undelete, "X"), create("Y", "b1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "2: undelete twice, purge",
            &[("X", "a1", TombstoneWithClaims)],
            &[act(Undelete, "X"), act(Undelete, "X"), act(Purge, "X")],
        ),
        Scenario::new(
            "2: undelete of two tombstones of one name",
            &[("X", "a1", Tombstone), ("Y", "a2", Tombstone)],
            &[act(Undelete, "X"), act(Undelete, "Y"), janitor("X", &["0a"])],
        ),
        Scenario::new(
            "2: undelete vs delete",
            &[("X", "a1", TombstoneWithClaims)],
            &[act(Undelete, "X"), act(Delete, "X"), create("Y", "b1")],
        ),
        Scenario::new(
            "2: undelete vs change into its name",
            &[("X", "a1", Tombstone), ("Y", "b2", Held)],
            &[act(Undelete, "X"), change("Y", "a"), janitor("X", &["0a"])],
        ),
        Scenario::new(
            "2: restore, create sharing externalId, janitor",
            &[("X", "a1", Bare)],
            &[janitor("X", &["11"]), create("Y", "b1")],
        )
        .with_conflicts(&["X"]),
        Scenario::new(
            "2: restore of duplicates, 2 janitors",
            &[("X", "a1", Bare), ("Y", "b1", Bare)],
            &[janitor("X", &[]), janitor("Y", &["11"])],
        )
        .with_conflicts(&["X", "Y"]),
        Scenario::new(
            "2: restore, conflict mended by a change",
            &[("X", "a1", Bare), ("Y", "b1", Bare)],
            &[janitor("X", &[]), janitor("Y", &["11"]), change("Y", ".2")],
        )
        .with_conflicts(&["X", "Y"]),
        Scenario::new(
            "2: restore, change before the janitor came",
            &[("X", "a1", Bare)],
            &[change("X", "b"), janitor("X", &["0a"]), create("Y", "a1")],
        )
        .with_conflicts(&["X"]),
    ]
}

/// Three attributes, and answers that are lost.
fn more() -> Vec<Scenario> {
    vec![
        Scenario::new("3: creates share the second and third", &[], &[create("X", "a1p"), create("Y", "b1p")])
            .with_progress(),
        Scenario::new("3: change of all vs create", &[("X", "a1p", Held)], &[change("X", "b2q"), create("Y", "c2q")]),
        Scenario::new(
            "2: answers lost: creates share both",
            &[],
            &[create("X", "a1"), create("Y", "a1"), janitor("X", &["11"])],
        )
        .with_lost_answers(),
        Scenario::new(
            "2: answers lost: change both, create",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "b3")],
        )
        .with_lost_answers(),
        Scenario::new(
            "2: answers lost: change both, change back",
            &[("X", "a1", Held)],
            &[change("X", "b2"), change("X", ".1")],
        )
        .with_lost_answers(),
        Scenario::new(
            "2: answers lost: delete, undelete, create",
            &[("X", "a1", Held)],
            &[act(Delete, "X"), act(Undelete, "X"), create("Y", "b1")],
        )
        .with_lost_answers(),
    ]
}

/// The rule on attribute 1 is turned on while writers with the old rule are on their way, and a replica that knows no rule
/// but that on the name.
pub fn turned_on() -> Vec<Scenario> {
    let held = [("X", "a1", Held)];
    let off = |title, objects: &[_], plans: &[Plan]| Scenario::new(title, objects, plans).with_rule(Rule::Off);
    vec![
        off("T: turned on, create of a duplicate", &held, &[turn_on(&["X", "Y"]), create("Y", "b1")]),
        off(
            "T: turned on, create of a duplicate by an older replica",
            &held,
            &[turn_on(&["X"]), create("Y", "b1").by_older_replica(), janitor("Y", &[])],
        ),
        off("T: turned on, change and create", &held, &[turn_on(&["X"]), change("X", ".2"), create("Y", "b2")]),
        Scenario::new(
            "T: turned on, change seen as Claiming, create",
            &held,
            &[turn_on(&["X", "X"]), change("X", ".2"), create("Y", "b2")],
        )
        .with_rule(Rule::Claiming)
        .with_tight_rule(),
        off("T: turned on, janitor and create", &held, &[turn_on(&["X"]), janitor("Y", &["11"]), create("Y", "b1")]),
        off(
            "T: turned on with duplicates",
            &[("X", "a1", Held), ("Y", "b1", Held)],
            &[turn_on(&["X", "Y"]), janitor("X", &[]), janitor("Y", &[])],
        ),
        off(
            "T: turned on again, old claim, change back by the old rule",
            &[("X", "a2", Held)],
            &[turn_on(&["X"]), change("X", ".1"), janitor("", &["11"]), create("Y", "b1")],
        )
        .with_dead_claim("11", "X"),
        Scenario::new(
            "O: older replica: janitor over claims, change of the name",
            &held,
            &[janitor("", &["11"]).by_older_replica(), change("X", "b").by_older_replica(), create("Y", "c1")],
        ),
    ]
}

/// Creates whose first answer is lost.
pub fn lost_creates() -> Vec<Scenario> {
    let (x, y) = (create("X", "a1"), create("Y", "a1"));
    let held = [("W", "b1", Held)];
    let scenarios = vec![
        Scenario::new("creates share both", &[], &[x.clone(), y, janitor("X", &["11"])]),
        Scenario::new("rolled forward and changed", &[], &[x.clone(), janitor("X", &["0a"]), change("X", "b2")]),
        Scenario::new("rolled forward and deleted", &[], &[x.clone(), janitor("X", &[]), act(Delete, "X")]),
        Scenario::new("refused, then its rival deleted", &held, &[x, act(Delete, "W"), janitor("X", &["0a"])]),
    ];
    scenarios.into_iter().map(Scenario::with_lost_creates).collect()
}

/// Larger ones, for a machine with time.
pub fn long() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "L: change both, create, delete, janitor",
            &[("X", "a1", Held)],
            &[change("X", "b2"), create("Y", "b1"), act(Delete, "X"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "L: two changes of one user, overlapping, janitor",
            &[("X", "a1", Held)],
            &[change("X", "b2"), change("X", "b3"), janitor("X", &["0b"])],
        ),
        Scenario::new(
            "L: two changes of one user, create",
            &[("X", "a1", Held)],
            &[change("X", "b2"), change("X", "c2"), create("Y", "b2")],
        ),
        Scenario::new(
            "L: creates share both, janitor each",
            &[],
            &[create("X", "a1"), create("Y", "a1"), janitor("X", &["11"]), janitor("Y", &["0a"])],
        ),
        Scenario::new(
            "L: swap of both, janitor",
            &[("X", "a1", Held), ("Y", "b2", Held)],
            &[change("X", "b3"), change("Y", "c1"), act(Delete, "X"), janitor("Y", &["11"])],
        ),
        Scenario::new(
            "L: delete, undelete, create, janitor",
            &[("X", "a1", Held)],
            &[act(Delete, "X"), act(Undelete, "X"), create("Y", "a1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "L: 3 creates in a ring, janitor",
            &[],
            &[create("X", "a1"), create("Y", "a2"), create("Z", "b1"), janitor("X", &["11"])],
        ),
        Scenario::new(
            "L: three attributes, change vs create, janitor",
            &[("X", "a1p", Held)],
            &[change("X", "b2q"), create("Y", "c2q"), janitor("X", &["12"])],
        ),
    ]
}

/// Every three of these processes, over X{a 1} and Y{b 2}, which are alive, and T{c 3}, which is deleted, its dead claims
/// still there.
pub fn family() -> Vec<Scenario> {
    let objects = [("X", "a1", Held), ("Y", "b2", Held), ("T", "c3", TombstoneWithClaims)];
    let pool = pool();
    let mut scenarios = Vec::new();
    for (first, one) in pool.iter().enumerate() {
        for (second, two) in pool.iter().enumerate().skip(first + 1) {
            for three in &pool[second + 1..] {
                let plans = [one.clone(), two.clone(), three.clone()];
                let titles: Vec<_> = plans.iter().map(Plan::title).collect();
                scenarios.push(Scenario::new(titles.join(", "), &objects, &plans));
            }
        }
    }
    scenarios
}

fn pool() -> [Plan; 17] {
    [
        create("P", "c3"),
        create("Q", "a3"),
        create("R", "d1"),
        change("X", "c3"),
        change("X", "b-"),
        change("X", ".3"),
        change("Y", "a1"),
        change("Y", ".-"),
        change("Y", "c1"),
        act(Delete, "X"),
        act(HardDelete, "Y"),
        act(Undelete, "T"),
        act(Patch, "X"),
        janitor("X", &["0a", "13"]),
        janitor("P", &["0c"]),
        janitor("T", &["13"]),
        collector(&["0b"]),
    ]
}
