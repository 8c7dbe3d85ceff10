//! The guards as the chart renders them and as the page for people tells of them.

use std::fs;

use serde_json::Value;

use super::deeds::TESTS;
use super::kinds::ROWS;
use super::scene::Names;
use crate::support::cluster::{chart, kubectl, root};
use crate::support::until;

/// Each guard, by the name of its value.
const GUARDS: [&str; 9] =
    ["fields", "deletion", "directories", "kinds", "claims", "keys", "status", "operator", "secrets"];

/// The kinds that the chart renders for guards and for people, and their names.
async fn rendered(flags: &[&str]) -> Vec<(String, String)> {
    let chart = chart(flags).await;
    let field = |document: &str, prefix: &str| {
        document.lines().find_map(|line| line.strip_prefix(prefix)).unwrap_or_default().to_owned()
    };
    chart.split("\n---\n").map(|document| (field(document, "kind: "), field(document, "  name: "))).collect()
}

fn with_prefix<'a>(objects: &'a [(String, String)], prefix: &str) -> Vec<&'a str> {
    objects.iter().filter(|(kind, _)| kind.starts_with(prefix)).map(|(_, name)| name.as_str()).collect()
}

const POLICY: &str = "ValidatingAdmissionPolicy";

#[tokio::test(flavor = "multi_thread")]
async fn each_guard_is_a_policy_with_a_binding_and_can_be_switched_off() {
    let mut all: Vec<_> =
        GUARDS.iter().flat_map(|guard| [format!("rollcall-{guard}"), format!("rollcall-{guard}")]).collect();
    all.sort();
    let sorted = |objects: &[(String, String)]| {
        let mut names = with_prefix(objects, POLICY).into_iter().map(str::to_owned).collect::<Vec<_>>();
        names.sort();
        names
    };
    assert_eq!(sorted(&rendered(&[]).await), all);
    for guard in GUARDS {
        let without: Vec<_> = all.iter().filter(|name| **name != format!("rollcall-{guard}")).cloned().collect();
        assert_eq!(sorted(&rendered(&["--set", &format!("guards.{guard}=false")]).await), without, "{guard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_for_some_namespaces_without_guards_and_roles_asks_for_no_right_on_the_cluster() {
    let off = GUARDS.map(|guard| format!("guards.{guard}=false")).join(",");
    let flags = format!("{off},clusterRoles.create=false,crds.install=false,namespaces={{people}}");
    let objects = rendered(&["--set", &flags]).await;
    for kind in ["Cluster", POLICY, "CustomResourceDefinition"] {
        assert_eq!(with_prefix(&objects, kind), [""; 0], "{kind}");
    }
    assert!(!with_prefix(&objects, "Role").is_empty(), "{objects:?}");
}

/// A misspelt field in an expression is found by the API server alone, and refuses every request when it is met.
#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_finds_no_mistake_in_any_expression() {
    for guard in GUARDS {
        let name = format!("rollcall-{guard}");
        let checked = until(&format!("{name} to be checked"), async || {
            let policy = kubectl(&["get", "validatingadmissionpolicy", &name, "-o", "json"], None).await.ok()?;
            let status = serde_json::from_str::<Value>(&policy).ok()?["status"].take();
            (!status["typeChecking"].is_null()).then_some(status)
        })
        .await;
        assert_eq!(checked["typeChecking"]["expressionWarnings"], Value::Null, "{name}: {checked:#}");
    }
}

/// The rows of the page, as the tests have them.
fn rows() -> Vec<String> {
    let names = Names::default();
    let deeds = TESTS.iter().flat_map(|(test, deeds)| {
        deeds(&names).into_iter().map(move |deed| [deed.deed, deed.who.title(), deed.guard, deed.around, test])
    });
    deeds
        .chain(ROWS)
        .map(|[deed, who, guard, around, test]| format!("| {deed} | {who} | {guard} | {around} | `{test}` |"))
        .collect()
}

#[test]
fn the_page_tells_of_every_deed_and_of_no_other() {
    let page = fs::read_to_string(root().join("docs/guards.md")).expect("the page");
    let table: Vec<_> = page.lines().skip_while(|line| !line.starts_with("| Deed |")).skip(2).collect();
    let table: Vec<_> = table.into_iter().take_while(|line| line.starts_with('|')).collect();
    let rows = rows();
    assert_eq!(table, rows, "docs/guards.md holds this table:\n{}", rows.join("\n"));
}
