//! The alerts: promtool takes the rules, each fires in a case and is silent in another, and each names metrics that exist.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::render::{chart, chart_file, documents, of_kind, render, run};

/// The alerts of the chart's file.
pub(crate) fn rules() -> Vec<Value> {
    let groups = documents(&chart_file("files/alerts.yaml")).remove(0);
    groups["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules").clone())
        .collect()
}

/// The names of our metrics in an expression of PromQL.
pub(crate) fn metrics_in(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("rollcall_")).map(str::to_owned).collect()
}

/// The names under which Prometheus stores what the operator tells.
pub(crate) fn scraped_names() -> BTreeSet<String> {
    let names = rollcall::metrics::reference().into_iter().map(|(name, _)| name);
    // A histogram is three series; a name that is none gets two that nobody uses.
    let of_histogram = |name: &str| ["bucket", "count", "sum"].map(|part| format!("{name}_{part}"));
    names
        .flat_map(|name| {
            of_histogram(name).into_iter().filter(|_| name.ends_with("_duration_seconds")).chain([name.to_owned()])
        })
        .collect()
}

#[test]
fn every_metric_of_the_alerts_exists() {
    assert_eq!(
        metrics_in("sum(rollcall_a{x=\"y\"}) > rollcall_b"),
        ["rollcall_a", "rollcall_b"].map(str::to_owned).into()
    );
    let known = scraped_names();
    for rule in rules() {
        let used = metrics_in(rule["expr"].as_str().expect("an expression"));
        assert!(!used.is_empty(), "{rule}");
        let missing: Vec<_> = used.difference(&known).collect();
        assert!(missing.is_empty(), "{}: the operator has no {missing:?}", rule["alert"]);
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    for rule in rules() {
        let name = rule["alert"].as_str().expect("a name");
        assert!(name.starts_with("Rollcall"), "{name}");
        assert!(["warning", "critical"].contains(&rule["labels"]["severity"].as_str().expect("a severity")), "{name}");
        let annotation = |name: &str| rule["annotations"][name].as_str().expect("an annotation").to_owned();
        assert!(!annotation("summary").ends_with('.') && annotation("description").ends_with('.'), "{name}");
    }
}

#[test]
fn promtool_takes_the_rules_and_each_fires_when_it_should() {
    let prometheus = match control_plane::packages(&["prometheus"]) {
        Ok(prometheus) => prometheus,
        Err(error) => {
            eprintln!("chart: THE ALERT RULES WERE NOT TESTED, because there is no promtool: {error}");
            return;
        }
    };
    let promtool = |arguments: &[&str]| {
        let mut command = prometheus.command("promtool").expect("promtool");
        command.args(arguments);
        run(command, "").unwrap_or_else(|error| panic!("promtool {arguments:?}: {error}"))
    };
    let rules_path = chart().join("files/alerts.yaml").display().to_string();
    promtool(&["check", "rules", &rules_path]);
    // What the chart makes of them is taken as well.
    let objects = render(&json!({ "prometheusRule": { "enabled": true, "alertLabels": { "team": "identity" } } }));
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let rendered = of_kind(&objects, "PrometheusRule").remove(0)["spec"].to_string();
    promtool(&["check", "rules", &write("rendered.yaml", &rendered)]);
    let cases = include_str!("alerts.yaml").replace("RULES", &rules_path);
    promtool(&["test", "rules", &write("cases.yaml", &cases)]);
    // Each alert has a case in which it fires and one in which it does not.
    let cases = documents(&cases).remove(0);
    let cases: Vec<_> = cases["tests"].as_array().expect("tests").iter().collect();
    let expected: Vec<_> = cases.iter().flat_map(|case| case["alert_rule_test"].as_array().expect("alerts")).collect();
    for rule in rules() {
        let of_rule: Vec<_> = expected.iter().filter(|case| case["alertname"] == rule["alert"]).collect();
        assert!(of_rule.iter().any(|case| case["exp_alerts"] != json!([])), "{} fires in no case", rule["alert"]);
    }
}
