//! The pages for people hold to the tree: their links lead somewhere, and their tables of metrics, flags and tests are those of
//! the program.
//!
//! Needs no server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

/// The page with the tables of flags, metrics and guarantees.
const OPERATIONS: &str = "docs/operations.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The pages at the top of the tree and what lies in `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of pages") {
            let path = entry.expect("a readable folder").path();
            match path.is_dir() {
                true => folders.push(path),
                false => pages.push(path),
            }
        }
    }
    let top = fs::read_dir(root()).expect("the root").map(|entry| entry.expect("a readable folder").path());
    pages.extend(top);
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// The lines of a page that are no blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence && !line.starts_with("    ")
    })
}

/// The addresses that a line links to. What stands in backticks is code, such as the pattern of a field, and links to nothing.
fn links(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect();
    text.match_indices("](").map(|(at, _)| text[at + 2..].split(')').next().unwrap_or_default().to_owned()).collect()
}

/// The anchors of a page, as GitHub makes them of its headings: lower case, blanks as hyphens, no punctuation. A heading that is
/// there for the second time gets a number.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut times = BTreeMap::new();
    let headings =
        prose(text).filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let mut anchors = BTreeSet::new();
    for heading in headings {
        let kept = heading.trim().chars().filter(|sign| sign.is_alphanumeric() || [' ', '-', '_'].contains(sign));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let earlier = times.entry(anchor.clone()).or_insert(0);
        anchors.insert(if *earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
        *earlier += 1;
    }
    anchors
}

#[test]
fn an_anchor_is_made_of_its_heading_as_github_makes_it() {
    let page = "# When something is wrong\n## The `Ready` of a person, and why\n```\n# a comment\n```\n## Why 503\n## Why 503\n#no heading";
    let made: Vec<_> = anchors(page).into_iter().collect();
    assert_eq!(made, ["the-ready-of-a-person-and-why", "when-something-is-wrong", "why-503", "why-503-1"]);
}

#[test]
fn a_link_is_found_beside_code_and_not_in_it() {
    let line = "[`Dockerfile`](Dockerfile) makes names like `[a-z]([a-z0-9]*)`, as [this](names.md#rules) says";
    assert_eq!(links(line), ["Dockerfile", "names.md#rules"]);
}

#[test]
fn every_link_of_a_page_leads_to_a_file_and_a_heading_and_every_page_of_docs_is_linked() {
    let mut wrong = Vec::new();
    let mut linked = BTreeSet::new();
    for page in pages() {
        let text = read(&page);
        for link in prose(&text).flat_map(links).filter(|link| !link.starts_with("https://")) {
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let Ok(target) = target.canonicalize() else {
                wrong.push(format!("{} links to {link}: there is no such file", shown(&page)));
                continue;
            };
            if anchor.is_some_and(|anchor| !anchors(&read(&target)).contains(anchor)) {
                wrong.push(format!("{} links to {link}: there is no such heading", shown(&page)));
            }
            if target != page {
                linked.insert(target);
            }
        }
    }
    let docs = pages().into_iter().filter(|page| page.starts_with(root().join("docs")));
    let lost = docs.filter(|page| !linked.contains(&page.canonicalize().expect("a page")));
    wrong.extend(lost.map(|page| format!("no page links to {}", shown(&page))));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_index_of_docs_lists_every_page() {
    let docs = root().join("docs");
    let index = read(&docs.join("README.md"));
    let listed: BTreeSet<_> = prose(&index).flat_map(links).map(|link| docs.join(link)).collect();
    let pages = pages().into_iter().filter(|page| page.starts_with(&docs) && *page != docs.join("README.md"));
    let missing: Vec<_> = pages.filter(|page| !listed.contains(page)).map(|page| shown(&page)).collect();
    assert!(missing.is_empty(), "docs/README.md does not list\n{}", missing.join("\n"));
}

/// The rows of the table below a heading, cell by cell, without its head.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('#'));
    let rows = below.skip_while(|line| !line.starts_with("| ")).take_while(|line| line.starts_with("| "));
    let cells = rows.skip(2).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect());
    let cells: Vec<_> = cells.collect();
    assert!(!cells.is_empty(), "{OPERATIONS} has no table below \"{heading}\"");
    cells
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_page_tells_of_every_metric_and_of_no_other() {
    let page = read(&root().join(OPERATIONS));
    let told: Vec<_> =
        table(&page, "## Metrics").into_iter().map(|cells| (cells[0].trim_matches('`'), cells[1])).collect();
    assert_eq!(told, rollcall::metrics::reference(), "the table below \"Metrics\" in {OPERATIONS}");
}

#[test]
fn the_page_tells_of_every_flag_and_of_no_other() {
    let page = read(&root().join(OPERATIONS));
    let rows = table(&page, "## Flags");
    let told: BTreeSet<_> = rows.iter().flat_map(|cells| quoted(cells[0])).map(str::to_owned).collect();
    let command = rollcall::config::Cli::command();
    let run = command.find_subcommand("run").expect("run");
    let flags = run.get_arguments().filter_map(|flag| flag.get_long()).filter(|name| *name != "help");
    assert_eq!(told, flags.map(|name| format!("--{name}")).collect(), "the table below \"Flags\" in {OPERATIONS}");
}

#[test]
fn every_guarantee_names_tests_that_exist() {
    let page = read(&root().join(OPERATIONS));
    let mut wrong = Vec::new();
    for cells in table(&page, "## Guarantees") {
        let tests: Vec<_> = quoted(cells[1]).filter_map(|test| test.split_once("::")).collect();
        if tests.is_empty() {
            wrong.push(format!("no test: {}", cells[0]));
        }
        for (file, name) in tests {
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            if !text.contains(&format!("fn {name}(")) {
                wrong.push(format!("{file} has no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{OPERATIONS}:\n{}", wrong.join("\n"));
}
