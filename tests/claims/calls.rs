//! How many API calls an operation makes when nobody else is about: what the latency of the operator is made of.

use rollcall::store::claims::step::{Call, Reply};

use crate::explore::{Explorer, is_refusable};
use crate::memory::forget;
use crate::object::{Object, Rule};
use crate::process::{At, End};
use crate::scenario::Kind::{Delete, Patch, Undelete};
use crate::scenario::Start::{self, Bare, HalfMade, Held, Tombstone, TombstoneWithClaims, Unclear};
use crate::scenario::{Plan, Scenario, act, change, create, janitor};
use crate::world::Stored;

/// Calls before the answer, and calls in all.
type Calls = (usize, usize);
type Objects = &'static [(&'static str, &'static str, Start)];

fn count(scenario: &Scenario) -> (Calls, Vec<Call<Object>>) {
    let explorer = Explorer { scenario, without: None };
    let mut world = scenario.start();
    let (mut process, task) = (world.processes.remove(0), &scenario.tasks[0]);
    let (mut answered, mut calls) = (None, Vec::new());
    while let Some(call) = process.at.call(task) {
        if matches!(process.at, At::Release(..)) {
            answered.get_or_insert(calls.len());
        }
        // The index is in the memory of the replica.
        if !matches!(call, Call::Rivals(..)) {
            calls.push(call);
        }
        let (_, written) = explorer.advance(&mut world.stored, 0, task, &mut process).expect("nothing is violated");
        forget(&mut process.at, &written);
    }
    ((answered.unwrap_or(calls.len()), calls.len()), calls)
}

#[test]
fn operations_make_as_many_calls_as_the_protocol_says() {
    let cases: &[(&str, Objects, Plan, Calls)] = &[
        // k values: k + 2.
        ("create with a name", &[], create("X", "a"), (3, 3)),
        ("create with two values", &[], create("X", "a1"), (4, 4)),
        ("create with three values", &[], create("X", "a1p"), (5, 5)),
        // Taken at the i-th value: i + 4.
        ("create, its first value taken", &[("Y", "b1", Held)], create("X", "a1"), (5, 5)),
        ("create, its second value, the name, taken", &[("Y", "a2", Held)], create("X", "a1"), (6, 6)),
        // A dead claim: 4 more.
        ("create, a dead claim on its name", &[("Z", "a", TombstoneWithClaims)], create("X", "a"), (7, 7)),
        ("a change of nothing claimed", &[("X", "a", Held)], act(Patch, "X"), (2, 2)),
        // k new values: 3 + k, and 3 for each old one after the answer.
        ("a change of one value", &[("X", "a1", Held)], change("X", "b"), (4, 7)),
        ("a change of two values", &[("X", "a1", Held)], change("X", "b2"), (5, 11)),
        ("a value to none", &[("X", "a1", Held)], change("X", ".-"), (2, 5)),
        ("none to a value", &[("X", "a-", Held)], change("X", ".1"), (4, 4)),
        // Taken at the i-th value: i + 5; the values won before are released after the answer.
        ("a change, its first value taken", &[("X", "a1", Held), ("Y", "c2", Held)], change("X", "b2"), (6, 6)),
        ("a change, its second value taken", &[("X", "a1", Held), ("Y", "b3", Held)], change("X", "b2"), (7, 10)),
        ("a change to what it is", &[("X", "a1", Held)], change("X", "a1"), (1, 1)),
        // 2, and 3 for each value after the answer.
        ("a delete", &[("X", "a1", Held)], act(Delete, "X"), (2, 8)),
        ("a delete of a tombstone", &[("X", "a1", Tombstone)], act(Delete, "X"), (1, 1)),
        // k values: k + 3; a dead claim of its own: 2 more each.
        ("an undelete", &[("X", "a1", Tombstone)], act(Undelete, "X"), (5, 5)),
        ("an undelete, its claims still there", &[("X", "a1", TombstoneWithClaims)], act(Undelete, "X"), (9, 9)),
        // 1 + k; a claim that is there: 2 more each.
        ("the janitor on a restored object", &[("X", "a1", Bare)], janitor("X", &[]), (3, 3)),
        ("the janitor on an object that owns all", &[("X", "a1", Held)], janitor("X", &[]), (7, 7)),
    ];
    for (case, objects, plan, expected) in cases {
        let (calls, made) = count(&Scenario::new(*case, objects, std::slice::from_ref(plan)));
        assert_eq!(calls, *expected, "{case}: {made:#?}");
    }
}

#[test]
fn a_look_costs_calls_only_where_the_index_shows_somebody() {
    let cases: &[(&str, Objects, Plan, Calls)] = &[
        ("a create, nobody shown", &[("Y", "b2", Held)], create("X", "a1"), (4, 4)),
        // One for an object that counts as acknowledged, else two, and nothing is written.
        ("a create, a restored object", &[("Y", "a2", Bare)], create("X", "a1"), (1, 1)),
        ("a create, a live holder", &[("Y", "a2", Held)], create("X", "a1"), (2, 2)),
        ("a create, an object that may be restored", &[("Y", "b1", Unclear)], create("X", "a1"), (2, 2)),
        ("a create, one that was cut short", &[("Y", "b1", HalfMade)], create("X", "a1"), (2, 2)),
        ("a create, a tombstone", &[("Y", "a1", Tombstone)], create("X", "a1"), (4, 4)),
        ("a change, nobody shown", &[("X", "a1", Held)], change("X", "b"), (4, 7)),
        ("a change, a restored object", &[("X", "a1", Held), ("Y", "b2", Bare)], change("X", "b"), (2, 2)),
        ("a change of nothing claimed", &[("X", "a1", Held), ("Y", "a1", Bare)], act(Patch, "X"), (2, 2)),
        ("an undelete, a restored object", &[("X", "a1", Tombstone), ("Y", "a2", Bare)], act(Undelete, "X"), (2, 2)),
        ("a delete", &[("X", "a1", Bare), ("Y", "a1", Bare)], act(Delete, "X"), (2, 4)),
        ("the janitor", &[("X", "a1", Bare), ("Y", "a1", Bare)], janitor("X", &[]), (3, 3)),
    ];
    for (case, objects, plan, expected) in cases {
        let (calls, made) = count(&Scenario::new(*case, objects, std::slice::from_ref(plan)).with_indexes());
        assert_eq!(calls, *expected, "{case}: {made:#?}");
    }
}

#[test]
fn a_value_that_another_replica_has_just_freed_is_free() {
    // The index shows what was there before; the claims are gone.
    let cases: &[(&str, Objects, Plan, Calls)] = &[
        ("deleted, create", &[("Y", "a1", Tombstone)], create("X", "a"), (4, 4)),
        ("renamed, create", &[("Y", "b1", Held)], create("X", "a"), (4, 4)),
        ("renamed, change", &[("Y", "b1", Held), ("X", "c2", Held)], change("X", "a"), (5, 8)),
    ];
    for (case, objects, plan, expected) in cases {
        let scenario = Scenario::new(*case, objects, std::slice::from_ref(plan)).with_stale_indexes("Y", "a1");
        let (calls, made) = count(&scenario);
        assert_eq!(calls, *expected, "{case}: {made:#?}");
    }
}

#[test]
fn a_rule_costs_calls_from_the_time_on_when_it_is_turned_on() {
    // A taken value that is passed over: 3 calls in place of 1, and nothing is undone.
    let cases: &[(&str, Objects, Plan, [Calls; 3])] = &[
        ("create", &[], create("X", "a1"), [(3, 3), (4, 4), (4, 4)]),
        ("create of a duplicate", &[("Y", "b1", Held)], create("X", "a1"), [(3, 3), (6, 6), (5, 5)]),
        ("change", &[("X", "a1", Held)], change("X", ".2"), [(2, 2), (4, 7), (4, 7)]),
        ("change to a duplicate", &[("X", "a1", Held), ("Y", "b2", Held)], change("X", ".2"), [(2, 2), (6, 9), (6, 6)]),
        ("the janitor", &[("X", "a1", Bare)], janitor("X", &[]), [(2, 2), (3, 3), (3, 3)]),
    ];
    for (case, objects, plan, expected) in cases {
        for (rule, expected) in [Rule::Off, Rule::Claiming, Rule::InForce].into_iter().zip(expected) {
            let scenario = Scenario::new(*case, objects, std::slice::from_ref(plan));
            // Whoever holds a value still holds it where the rule is off: its claim is left from an earlier time in force.
            let (calls, made) = count(&scenario.with_rule_of_old(rule));
            assert_eq!(calls, *expected, "{case}, {rule:?}: {made:#?}");
        }
    }
}

/// Runs the first task of a scenario alone, the API server refusing its `number`th write for good; nothing if it makes no
/// so many writes.
fn run_with_refusal(scenario: &Scenario, number: usize) -> Option<(Stored, At)> {
    let explorer = Explorer { scenario, without: None };
    let mut world = scenario.start();
    let (mut process, task) = (world.processes.remove(0), &scenario.tasks[0]);
    let mut writes = 0;
    while let Some(call) = process.at.call(task) {
        if is_refusable(&call) {
            writes += 1;
            if writes == number {
                process.at = process.at.answered(task, Reply::Refused).0;
                continue;
            }
        }
        let (_, written) = explorer.advance(&mut world.stored, 0, task, &mut process).expect("nothing is violated");
        forget(&mut process.at, &written);
    }
    (writes >= number).then_some((world.stored, process.at))
}

#[test]
fn an_operation_whose_write_is_refused_leaves_nothing_behind() {
    let cases: &[(&str, Objects, Plan, usize)] = &[
        ("a create: the object, two claims", &[], create("X", "a1"), 3),
        ("a change: the intent, two claims, the commit", &[("X", "a1", Held)], change("X", "b2"), 4),
        ("a change to none: the commit", &[("X", "a1", Held)], change("X", ".-"), 1),
        ("a change of nothing claimed", &[("X", "a1", Held)], act(Patch, "X"), 1),
        ("a delete", &[("X", "a1", Held)], act(Delete, "X"), 1),
        ("an undelete: the intent, two claims, the commit", &[("X", "a1", Tombstone)], act(Undelete, "X"), 4),
    ];
    for (case, objects, plan, writes) in cases {
        let scenario = Scenario::new(*case, objects, std::slice::from_ref(plan));
        for number in 1..=*writes {
            let (stored, at) = run_with_refusal(&scenario, number).expect(case);
            assert_eq!(at, At::Ended(End::Refused), "{case}: write {number}");
            assert_eq!(stored.objects, scenario.start().stored.objects, "{case}: write {number}");
            // The claims of an object that is gone are the garbage collector's.
            if stored.objects[0].is_some() {
                assert_eq!(stored.holders, scenario.start().stored.holders, "{case}: write {number}");
            }
        }
        assert_eq!(run_with_refusal(&scenario, writes + 1), None, "{case} makes {writes} writes");
    }
}
