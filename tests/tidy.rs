//! The tree keeps to its own rules: layers, no dead files, no left-over marks, pure modules pure.
//!
//! Needs no server. The table below is the map of `src/lib.rs` in a form that fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of ours a module may import, besides itself. Anybody above `rules` may use `metrics`,
/// `telemetry` and `config`.
const LAYERS: &[(&str, &[&str])] = &[
    ("scim", &[]),
    ("api", &[]),
    ("rules", &["scim", "api"]),
    ("store", &["api", "rules::naming", "metrics"]),
    ("provisioning", &["scim", "api", "rules", "store", "metrics"]),
    ("controller", &["api", "rules", "store", "metrics"]),
    ("http", &["scim", "api", "provisioning", "rules", "store", "metrics", "telemetry"]),
    ("cli", &["api", "config", "rules"]),
    ("config", &["store"]),
    ("telemetry", &["config"]),
    ("metrics", &[]),
    ("app", &["api", "cli", "config", "controller", "http", "metrics", "provisioning", "store", "telemetry"]),
];

/// What a pure module must not name.
const OUTSIDE_WORLD: &[&str] = &[
    "kube::",
    "k8s_openapi::",
    "axum::",
    "tokio::",
    "hyper::",
    "async fn",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "std::env",
    "std::fs",
];

/// Marks of unfinished work.
const LEFT_OVERS: &[&str] = &["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!("];

/// Longest source file.
const MAX_LINES: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

/// The code of a file, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or(line)))
        .filter(|(_, line)| !line.trim().is_empty())
}

/// The module of ours that a file belongs to: the first part of its path below `src`.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("a file below src");
    let first = below.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn every_module_imports_only_what_its_layer_allows() {
    let mut wrong = Vec::new();
    for path in rust_files("src").iter().filter(|path| !is_test(path)) {
        let module = module_of(path);
        if ["lib", "main", "bin"].contains(&module.as_str()) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module {module} is not in the table of layers", shown(path)));
            continue;
        };
        let text = read(path);
        for (number, line) in code(&text) {
            for import in line.match_indices("crate::").map(|(at, found)| &line[at + found.len()..]) {
                let mine = import.starts_with(&module);
                if !mine && !allowed.iter().any(|layer| import.starts_with(layer)) {
                    wrong.push(format!("{}:{number}: {module} may not import crate::{import}", shown(path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn scim_and_rules_know_nothing_of_the_outside_world() {
    let mut wrong = Vec::new();
    for path in [rust_files("src/scim"), rust_files("src/rules")].concat() {
        let text = read(&path);
        for (number, line) in code(&text) {
            for word in OUTSIDE_WORLD.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{}:{number}: {word}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_config_reads_the_environment() {
    let mut wrong = Vec::new();
    for path in rust_files("src").iter().filter(|path| !is_test(path) && module_of(path) != "config") {
        let text = read(path);
        for (number, _) in code(&text).filter(|(_, line)| line.contains("env::var")) {
            wrong.push(format!("{}:{number}", shown(path)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_source_file_is_reached_from_a_root() {
    let mut reached = BTreeSet::new();
    let mut open = Vec::new();
    for folder in
        ["src", "src/bin", "tests", "benches", "examples", "tests/control-plane/src", "tests/control-plane/tests"]
    {
        open.extend(rust_files(folder).into_iter().filter(|path| is_root(path, folder)));
    }
    while let Some(path) = open.pop() {
        open.extend(declared_modules(&path));
        reached.insert(path);
    }
    let all = ["src", "tests", "benches", "examples"].into_iter().flat_map(rust_files);
    let dead: Vec<_> = all.filter(|path| !reached.contains(path)).map(|path| shown(&path)).collect();
    assert!(dead.is_empty(), "no module declares these files:\n{}", dead.join("\n"));
}

/// Whether Cargo compiles this file by itself: a crate root.
fn is_root(path: &Path, folder: &str) -> bool {
    let folder = root().join(folder);
    let name = path.file_name().unwrap_or_default();
    match path.parent() {
        Some(parent) if parent == folder => !folder.ends_with("src") || name == "lib.rs" || name == "main.rs",
        Some(parent) => name == "main.rs" && parent.parent() == Some(&folder) && !folder.ends_with("src"),
        None => false,
    }
}

fn declared_modules(path: &Path) -> Vec<PathBuf> {
    let parent = path.parent().expect("a file has a folder");
    let stem = path.file_stem().expect("a file has a name");
    let is_index = ["lib", "main", "mod"].iter().any(|name| stem == *name);
    let is_single_root = !is_index && ["tests", "benches", "examples"].iter().any(|folder| parent.ends_with(folder));
    let folder = if is_index || is_single_root { parent.to_owned() } else { parent.join(stem) };
    let text = read(path);
    code(&text)
        .filter_map(|(_, line)| line.trim().strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.to_owned()))
        .flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(&name).join("mod.rs")])
        .filter(|path| path.exists())
        .collect()
}

#[test]
fn no_file_is_too_long_to_be_about_one_thing() {
    let files = ["src", "tests", "examples", "benches"].into_iter().flat_map(rust_files);
    let long: Vec<_> = files
        .map(|path| (read(&path).lines().count(), shown(&path)))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "over {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_unfinished() {
    let this_file = root().join("tests/tidy.rs");
    let mut marks = Vec::new();
    for path in
        ["src", "tests", "examples", "benches"].into_iter().flat_map(rust_files).filter(|path| *path != this_file)
    {
        for (number, line) in read(&path).lines().enumerate() {
            if LEFT_OVERS.iter().any(|mark| line.contains(mark)) {
                marks.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert!(marks.is_empty(), "\n{}", marks.join("\n"));
}

#[test]
fn no_test_sleeps() {
    let this_file = root().join("tests/tidy.rs");
    let mut sleeps = Vec::new();
    for path in rust_files("tests/it").into_iter().chain(rust_files("tests/claims")).filter(|path| *path != this_file) {
        let text = read(&path);
        for (number, _) in code(&text).filter(|(_, line)| line.contains("sleep(")) {
            // The one place that polls a condition until its deadline.
            if !shown(&path).ends_with("support/wait.rs") {
                sleeps.push(format!("{}:{number}", shown(&path)));
            }
        }
    }
    assert!(sleeps.is_empty(), "a wait has a condition and a deadline:\n{}", sleeps.join("\n"));
}
