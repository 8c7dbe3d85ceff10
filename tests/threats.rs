//! The page of threats names tests that exist, and what the program is built from comes from where it should.
//!
//! Needs no server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The page.
const PAGE: &str = "docs/threats.md";
/// The threats of the parts that are built. The others are of access to the Kubernetes API.
const BUILT: [(u32, u32); 3] = [(1, 37), (39, 44), (47, 52)];
/// Where the packages of the lock file come from.
const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the tables, cell by cell, without their heads.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    rows.filter(|cells| !cells[0].starts_with("---") && !["#", "Rule"].contains(&cells[0])).collect()
}

/// The tests that a cell names: a file, and a function in it.
fn tests(cell: &str) -> Vec<(&str, &str)> {
    cell.split('`').filter_map(|part| part.split_once("::")).collect()
}

#[test]
fn every_threat_names_tests_that_exist() {
    let page = read(&root().join(PAGE));
    let mut wrong = Vec::new();
    for cells in rows(&page) {
        let named = tests(cells.last().expect("a cell"));
        if named.is_empty() {
            wrong.push(format!("no test: {}", cells[0]));
        }
        for (file, name) in named {
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            // Behind `fn`, and with the attribute of a test before it.
            let found = text.find(&format!("fn {name}(")).map(|at| &text[..at]);
            let attribute = found.and_then(|before| before.rfind("test").map(|at| before[at..].lines().count()));
            if attribute.is_none_or(|lines| lines > 3) {
                wrong.push(format!("{file} has no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{PAGE}:\n{}", wrong.join("\n"));
}

#[test]
fn every_threat_of_what_is_built_has_one_row() {
    let page = read(&root().join(PAGE));
    let told: Vec<u32> = rows(&page).iter().filter_map(|cells| cells[0].parse().ok()).collect();
    let expected: BTreeSet<_> = BUILT.into_iter().flat_map(|(first, last)| first..=last).collect();
    assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "each once and in order");
}

#[test]
fn every_test_that_is_named_after_a_threat_is_on_the_page() {
    let page = read(&root().join(PAGE));
    let mut folders = vec![root().join("src"), root().join("tests")];
    let mut missing = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                let file = path.strip_prefix(root()).expect("below the root").display();
                let names = text.lines().filter_map(|line| line.trim().split("fn ").nth(1)?.split_once('('));
                let named = names.filter(|(name, _)| is_named_after_a_threat(name));
                let tests = named.map(|(name, _)| format!("{file}::{name}"));
                missing.extend(tests.filter(|test| !page.contains(&format!("`{test}`"))));
            }
        }
    }
    assert!(missing.is_empty(), "{PAGE} leaves out:\n{}", missing.join("\n"));
}

/// Such as `threat_28_…` and `threats_31_and_32_…`.
fn is_named_after_a_threat(name: &str) -> bool {
    let rest = name.strip_prefix("threat_").or_else(|| name.strip_prefix("threats_"));
    rest.is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

#[test]
fn threat_51_every_package_comes_from_the_registry_with_its_checksum() {
    const OWN: [&str; 2] = ["rollcall", "control-plane"];
    let lock = read(&root().join("Cargo.lock"));
    let packages: Vec<_> = lock.split("[[package]]").skip(1).collect();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    let has = |package: &str, line: &str| package.lines().any(|found| found == line);
    let is_own = |package: &str| OWN.iter().any(|name| has(package, &format!("name = \"{name}\"")));
    let is_sound = |package: &str| has(package, REGISTRY) && package.contains("\nchecksum = \"");
    let wrong: Vec<_> = packages.into_iter().filter(|package| !is_own(package) && !is_sound(package)).collect();
    assert!(wrong.is_empty(), "from elsewhere, or without a checksum:\n{}", wrong.join("\n"));
}
