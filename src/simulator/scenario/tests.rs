use super::*;
use crate::simulator::random::Random;
use crate::simulator::source::{Settings, Source};

fn source() -> Source {
    let settings =
        Settings { seed: 1, domain: "s1.example".to_owned(), suffix: "s1".to_owned(), people: 20, groups: 5 };
    Source::generate(&settings)
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
    for change in [Change::Park { who: 3 }, Change::TakeName { who: 4, from: 3 }, Change::TakeName { who: 3, from: 4 }]
    {
        change.apply(&mut source, &mut random);
        let names: std::collections::BTreeSet<_> =
            source.people.iter().map(crate::simulator::source::Person::user_principal_name).collect();
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
        let change: Change = serde_json::from_str(text).expect(text);
        change.apply(&mut source, &mut random);
        assert_eq!(source.people.iter().filter(|person| person.assigned).count(), assigned, "{text}");
    }
    Change::Purge { who: Who::One(2) }.apply(&mut source, &mut random);
    Change::Restore { who: Who::One(2) }.apply(&mut source, &mut random);
    assert!(source.people[2].purged && source.people[2].soft_deleted, "who is gone does not come back");
    for wrong in [r#"{"do": "fly"}"#, r#"{"do": "join", "who": "some"}"#, r#"{"do": "join"}"#] {
        assert!(serde_json::from_str::<Change>(wrong).is_err(), "{wrong}");
    }
    let step = r#"{"title": "x"}"#;
    let steps = vec![step; MAX_STEPS + 1].join(",");
    let text = format!(r#"{{"name":"x","description":"","people":1,"groups":0,"steps":[{steps}]}}"#);
    assert!(Scenario::parse(&text).is_err());
}
