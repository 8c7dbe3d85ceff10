//! The dashboard is one that Grafana reads, and every metric in it exists.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::alerts::{metrics_in, scraped_names};
use crate::render::{find, render};

fn dashboard() -> Value {
    let objects = render(&json!({ "dashboard": { "enabled": true } }));
    let map = find(&objects, "ConfigMap", "rollcall-dashboard").expect("a ConfigMap");
    serde_json::from_str(map["data"]["rollcall.json"].as_str().expect("a dashboard")).expect("JSON")
}

#[test]
fn every_panel_asks_for_metrics_that_exist() {
    let (dashboard, known) = (dashboard(), scraped_names());
    let mut used = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        for target in panel["targets"].as_array().expect("targets") {
            let metrics = metrics_in(target["expr"].as_str().expect("an expression"));
            assert!(!metrics.is_empty(), "{title}");
            let missing: Vec<_> = metrics.difference(&known).collect();
            assert!(missing.is_empty(), "{title}: the operator has no {missing:?}");
            used.extend(metrics);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        let metrics = metrics_in(variable["query"]["query"].as_str().unwrap_or_default());
        assert!(metrics.is_subset(&known), "{variable}");
    }
    assert!(used.len() > 15, "only {used:?}");
}

#[test]
fn panels_stand_beside_and_below_each_other() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].to_string()).collect();
    assert_eq!(ids.len(), panels.len(), "an id is used twice");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
        assert!(place("x") + place("w") <= 24, "{} is wider than the page", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{}", panel["title"]);
    }
}
