use super::*;
use crate::simulator::random::Random;
use crate::simulator::source::{Tenant, TenantSettings};

fn source() -> Tenant {
    let settings =
        TenantSettings { seed: 1, domain: "s1.example".to_owned(), suffix: "s1".to_owned(), people: 20, groups: 5 };
    Tenant::generate(&settings)
}

#[test]
fn the_scenarios_that_come_along_can_be_read_and_applied() {
    let names: Vec<_> = Scenario::built_in().into_iter().map(|scenario| scenario.name).collect();
    assert_eq!(names, ["person", "reorganisation", "company", "unassign-everybody", "restart"]);
    for scenario in Scenario::built_in() {
        let (mut source, mut random) = (source(), Random::new(1));
        for change in scenario.steps.iter().flat_map(|step| &step.changes) {
            change.apply(&mut source, &mut random);
        }
        assert!(source.sequence > 20, "{}", scenario.name);
    }
}

#[test]
fn two_names_are_swapped_in_three_steps() {
    let (mut source, mut random) = (source(), Random::new(1));
    let names = [3, 4].map(|index| source.people[index].user_principal_name());
    for change in [
        TenantChange::Park { who: 3 },
        TenantChange::TakeName { who: 4, from: 3 },
        TenantChange::TakeName { who: 3, from: 4 },
    ] {
        change.apply(&mut source, &mut random);
        let names: std::collections::BTreeSet<_> =
            source.people.iter().map(crate::simulator::source::SourcePerson::user_principal_name).collect();
        assert_eq!(names.len(), 20, "at no moment two people have one name");
    }
    assert_eq!([4, 3].map(|index| source.people[index].user_principal_name()), names);
}

#[test]
fn changes_touch_whom_they_name() {
    let (mut source, mut random) = (source(), Random::new(1));
    for (text, assigned) in [
        (r#"{"do": "join", "who": 3}"#, 1),
        (r#"{"do": "join", "who": [3, 4, 99]}"#, 2),
        (r#"{"do": "join", "who": {"from": 10, "count": 4}}"#, 6),
        (r#"{"do": "join", "who": "all"}"#, 20),
        (r#"{"do": "leave", "who": {"percent": 100}}"#, 0),
    ] {
        let change: TenantChange = serde_json::from_str(text).expect(text);
        change.apply(&mut source, &mut random);
        assert_eq!(source.people.iter().filter(|person| person.assigned).count(), assigned, "{text}");
    }
    TenantChange::Purge { who: Who::One(2) }.apply(&mut source, &mut random);
    TenantChange::Restore { who: Who::One(2) }.apply(&mut source, &mut random);
    assert!(source.people[2].purged && source.people[2].soft_deleted, "who is gone does not come back");
    for wrong in [r#"{"do": "fly"}"#, r#"{"do": "join", "who": "some"}"#, r#"{"do": "join"}"#] {
        assert!(serde_json::from_str::<TenantChange>(wrong).is_err(), "{wrong}");
    }
    let step = r#"{"title": "x"}"#;
    let empty = r#"{"name":"x","description":"","people":1,"groups":0,"steps":[]}"#;
    assert!(Scenario::parse(empty).is_err_and(|error| error.contains("no steps")));
    let steps = vec![step; MAX_STEPS + 1].join(",");
    let text = format!(r#"{{"name":"x","description":"","people":1,"groups":0,"steps":[{steps}]}}"#);
    assert!(Scenario::parse(&text).is_err());
}

fn of_one_change(change: &str) -> Scenario {
    let step = format!(r#"{{"title": "a step", "changes": [{{"do": "join", "who": "all"}}, {change}]}}"#);
    let text = format!(r#"{{"name":"x","description":"","people":3,"groups":2,"steps":[{{"title":"one"}},{step}]}}"#);
    Scenario::parse(&text).expect(change)
}

#[test]
fn what_a_step_names_has_to_be_there() {
    for change in [
        r#"{"do": "leave", "who": [0, 2]}"#,
        r#"{"do": "leave", "who": {"from": 1, "count": 2}}"#,
        r#"{"do": "set", "who": 0, "attributes": {"jobTitle": "x", "extensionAttribute1": "y"}}"#,
        r#"{"do": "assignGroups", "groups": 1}"#,
    ] {
        assert_eq!(of_one_change(change).fit(3, 2), Ok(()), "{change}");
    }
    for (change, reason) in [
        (r#"{"do": "leave", "who": 9}"#, "there is no position 9 among 3 people"),
        (r#"{"do": "leave", "who": [0, 3]}"#, "there is no position 3 among 3 people"),
        (r#"{"do": "leave", "who": {"from": 2, "count": 2}}"#, "2 from position 2 on go beyond the 3 people"),
        (r#"{"do": "leave", "who": {"percent": 101}}"#, "101 percent are more than all"),
        (
            r#"{"do": "set", "who": 0, "attributes": {"jobTitel": "x"}}"#,
            "no attribute \"jobTitel\" to set; there are user",
        ),
        (r#"{"do": "set", "who": 0, "attributes": {"accountEnabled": "x"}}"#, "no attribute \"accountEnabled\""),
        (r#"{"do": "park", "who": 3}"#, "no position 3"),
        (r#"{"do": "takeName", "who": 0, "from": 3}"#, "no position 3"),
        (r#"{"do": "manager", "who": 0, "to": 3}"#, "no position 3"),
        (r#"{"do": "addMembers", "groups": 2, "who": 0}"#, "there is no position 2 among 2 groups"),
    ] {
        let error = of_one_change(change).fit(3, 2).expect_err(change);
        assert!(error.contains("step 2 (a step): change 2: ") && error.contains(reason), "{error}");
    }
    assert_eq!(of_one_change(r#"{"do": "assignGroups", "groups": 7}"#).fit(3, 0), Ok(()), "groups are left out");
    let mut on_demand = of_one_change(r#"{"do": "leave", "who": 0}"#);
    on_demand.steps[0].run = Run::OnDemandUser(3);
    assert!(on_demand.fit(3, 2).is_err_and(|error| error.contains("step 1 (one)")));
    for scenario in Scenario::built_in() {
        assert_eq!(scenario.fit(scenario.people, scenario.groups), Ok(()), "{}", scenario.name);
    }
}

#[test]
fn a_scenario_needs_as_many_as_its_highest_position() {
    for (change, needs) in [
        (r#"{"do": "leave", "who": [4, 2]}"#, (5, 0)),
        (r#"{"do": "leave", "who": {"from": 1, "count": 5}}"#, (6, 0)),
        (r#"{"do": "leave", "who": {"percent": 50}}"#, (0, 0)),
        (r#"{"do": "set", "who": 6, "attributes": {}}"#, (7, 0)),
        (r#"{"do": "park", "who": 3}"#, (4, 0)),
        (r#"{"do": "takeName", "who": 1, "from": 8}"#, (9, 0)),
        (r#"{"do": "manager", "who": 0, "to": 2}"#, (3, 0)),
        (r#"{"do": "deleteGroups", "groups": 2}"#, (0, 3)),
        (r#"{"do": "addMembers", "groups": [1], "who": 5}"#, (6, 2)),
    ] {
        assert_eq!(of_one_change(change).needs(), needs, "{change}");
    }
    let mut on_demand = of_one_change(r#"{"do": "leave", "who": 0}"#);
    on_demand.steps[0].run = Run::OnDemandUser(3);
    on_demand.steps[1].run = Run::OnDemandGroup(1);
    assert_eq!(on_demand.needs(), (4, 2));
    for scenario in Scenario::built_in() {
        let (people, groups) = scenario.needs();
        assert_eq!(scenario.fit(people, groups), Ok(()), "{}", scenario.name);
        let one_less = people.checked_sub(1).map(|people| scenario.fit(people, groups));
        assert!(one_less.is_none_or(|fits| fits.is_err()), "{} needs {people}", scenario.name);
    }
}

#[test]
fn the_verbs_that_are_listed_are_those_that_there_are() {
    let error = serde_json::from_str::<TenantChange>(r#"{"do": "fly"}"#).expect_err("no verb").to_string();
    let known: Vec<_> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(known, VERBS.map(|(verb, _)| verb));
    for (verb, fields) in VERBS {
        let mut change = serde_json::json!({ "do": verb });
        for field in fields.split(" (").next().unwrap_or_default().split(", ") {
            change[field] = if field == "attributes" { serde_json::json!({}) } else { 0.into() };
        }
        assert!(serde_json::from_value::<TenantChange>(change.clone()).is_ok(), "{change}");
    }
}

#[test]
fn the_guard_of_fewer_people_is_lower() {
    let scenario = Scenario::built_in().into_iter().find(|scenario| scenario.name == "unassign-everybody");
    let scenario = scenario.expect("it comes along");
    for (people, threshold) in [(1, 0), (2, 0), (20, 6), (60, 20), (600, 20)] {
        assert_eq!(scenario.deletion_threshold(people), Some(threshold), "{people} people");
    }
}
