//! The tree keeps to its own rules: layers, no dead files, no left-over marks, pure modules pure.
//!
//! Needs no server. The table below is the map of `src/lib.rs` in a form that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Which modules of ours a module may import, besides itself: what it does import, and nothing to spare.
const LAYERS: &[(&str, &[&str])] = &[
    ("scim", &[]),
    ("api", &[]),
    ("audit", &[]),
    ("metrics", &[]),
    ("config", &[]),
    ("egress", &[]),
    ("telemetry", &["audit", "config", "egress"]),
    ("termination_message", &[]),
    ("login", &["api", "audit", "metrics", "rules", "store", "telemetry"]),
    ("pages", &[]),
    ("redaction", &[]),
    ("rules", &["scim", "api"]),
    (
        "store",
        &[
            "api",
            "redaction",
            "rules::access",
            "rules::brake",
            "rules::labels",
            "rules::login_attributes",
            "rules::naming",
            "rules::observation",
            "rules::resource",
            "rules::retention",
            "rules::traffic",
        ],
    ),
    ("provisioning", &["scim", "api", "redaction", "rules", "store", "metrics"]),
    ("controller", &["api", "login", "rules", "store", "metrics", "redaction"]),
    (
        "http",
        &[
            "scim",
            "api",
            "audit",
            "login",
            "pages",
            "rules::access",
            "rules::application",
            "rules::key",
            "rules::mapping",
            "rules::naming",
            "rules::policy",
            "rules::portal",
            "rules::profile",
            "rules::resource",
            "rules::traffic",
            "store",
            "provisioning",
            "metrics",
            "redaction",
            "telemetry",
        ],
    ),
    ("doctor", &["api", "rules", "simulator::client", "store"]),
    ("cli", &["api", "config", "doctor", "rules::key", "rules::naming", "simulator::client", "store"]),
    ("plugin", &["api", "cli", "config", "doctor", "rules", "scim", "store"]),
    ("simulator", &[]),
    ("webhook", &["egress", "metrics", "store"]),
    ("app", &["config", "controller", "egress", "http", "login", "metrics", "store", "telemetry", "webhook"]),
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

/// Where Cargo looks for crate roots.
const CRATE_ROOTS: &[&str] = &[
    "src",
    "src/bin",
    "tests",
    "benches",
    "examples",
    "tests/control-plane/src",
    "tests/control-plane/tests",
    "tests/control-plane/examples",
];

/// Calls that let time pass. A test that needs them guesses how long something takes.
const SLEEPS: &[&str] = &["sleep(", "sleep_until(", "park_timeout(", "interval("];

/// Where a test waits all the same: the one place that polls a condition until its deadline.
const POLLING: &str = "tests/it/support/wait.rs";

/// Where the environment is read, by name or through clap: the settings of the operator, and those of the simulator, which
/// is a program of its own.
const READERS_OF_THE_ENVIRONMENT: &[&str] = &["src/config/", "src/simulator/cli.rs"];

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

/// Whether a file holds unit tests: `tests.rs` or what lies in `tests/` below `src`. What the folders above the
/// repository are called says nothing.
fn is_test(path: &Path) -> bool {
    let below = path.strip_prefix(root()).unwrap_or(path).components().map(Component::as_os_str);
    below.skip_while(|part| *part != "src").any(|part| part == "tests" || part == "tests.rs")
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

/// The modules of ours that a line names, such as `rules::naming`; `depth` is how many modules the file lies below the
/// crate. `super::super::rules` in a file two modules deep is `rules` as much as `crate::rules` is.
fn imports(line: &str, depth: usize) -> Vec<&str> {
    let to_end = |path: &'_ str| {
        let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
        end.unwrap_or(path.len())
    };
    let mut named = Vec::new();
    for root in ["crate::".to_owned(), "super::".repeat(depth)] {
        for (at, _) in line.match_indices(&root) {
            let is_whole = !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter));
            let path = &line[at + root.len()..];
            if is_whole {
                named.push(&path[..to_end(path)]);
            }
        }
    }
    named
}

/// How many modules a file of ours lies below the crate: 1 for `src/app.rs` and `src/store/mod.rs`.
fn depth_of(path: &Path) -> usize {
    let below = path.strip_prefix(root().join("src")).expect("a file below src");
    below.components().count() - usize::from(below.ends_with("mod.rs") && below.components().count() > 1)
}

/// Whether an import is the layer or lies in it: part by part, so that `scim` does not allow `scim_client`.
fn is_within(import: &str, layer: &str) -> bool {
    let mut parts = import.split("::");
    layer.split("::").all(|part| parts.next() == Some(part))
}

#[test]
fn an_import_is_compared_by_whole_names() {
    for (import, layer, expected) in [
        ("scim", "scim", true),
        ("scim::filter::Filter", "scim", true),
        ("scim_client", "scim", false),
        ("rules::naming::claims", "rules::naming", true),
        ("rules::namings", "rules::naming", false),
        ("rules::", "rules::naming", false),
    ] {
        assert_eq!(is_within(import, layer), expected, "{import} in {layer}");
    }
    let line = "use crate::rules::naming; fn f(c: &crate::config::Config, g: crate::{api, scim})";
    assert_eq!(imports(line, 2), ["rules::naming", "config::Config", ""]);
    for (line, depth, expected) in [
        ("use super::super::http::error;", 2, &["http::error"][..]),
        ("use super::super::client::Client;", 3, &[]),
        ("use super::super::super::http;", 3, &["http"]),
        ("use super::metrics::Metrics;", 1, &["metrics::Metrics"]),
        ("use super::metrics::Metrics;", 2, &[]),
    ] {
        assert_eq!(imports(line, depth), expected, "{line} at {depth}");
    }
    for (path, depth) in
        [("src/app.rs", 1), ("src/store/mod.rs", 1), ("src/store/watch/mod.rs", 2), ("src/store/watch/step.rs", 3)]
    {
        assert_eq!(depth_of(&root().join(path)), depth, "{path}");
    }
}

#[test]
fn every_module_imports_what_its_layer_allows_and_the_table_allows_nothing_else() {
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<_> =
        LAYERS.iter().flat_map(|(module, allowed)| allowed.iter().map(move |layer| (*module, *layer))).collect();
    for path in rust_files("src").iter().filter(|path| !is_test(path)) {
        let module = module_of(path);
        if ["lib", "main", "bin"].contains(&module.as_str()) {
            continue;
        }
        let Some((module, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module {module} is not in the table of layers", shown(path)));
            continue;
        };
        let text = read(path);
        for (number, line) in code(product(&text)) {
            for import in imports(line, depth_of(path)).into_iter().filter(|import| !is_within(import, module)) {
                match allowed.iter().find(|layer| is_within(import, layer)) {
                    Some(layer) => drop(unused.remove(&(*module, *layer))),
                    None => wrong.push(format!("{}:{number}: {module} may not import crate::{import}", shown(path))),
                }
            }
        }
    }
    wrong.extend(unused.iter().map(|(module, layer)| format!("{module} is allowed {layer} and does not use it")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_edge_knows_no_door_and_doors_do_not_know_each_other() {
    let mut wrong = Vec::new();
    let below = root().join("src/http");
    // Whether a replica is ready is the probes' to tell, and no door serves before it is. Keys open several doors, and several
    // show pages to people in browsers or read forms.
    let shared = ["edge", "admin", "browser", "keys", "page", "urlencoded"];
    let allowed = |part: &str, other: &str| other == part || (part != "edge" && shared.contains(&other));
    for path in rust_files("src/http").iter().filter(|path| !is_test(path)) {
        let part = path.strip_prefix(&below).expect("a file below http").components().next().expect("a name");
        let part = part.as_os_str().to_string_lossy().into_owned();
        if part == "mod.rs" {
            continue;
        }
        let text = read(path);
        for (number, line) in code(&text) {
            let imports = imports(line, depth_of(path));
            let inside = imports.iter().filter_map(|import| import.strip_prefix("http::")?.split("::").next());
            wrong.extend(
                inside.filter(|other| !allowed(&part, other)).map(|other| format!("{}:{number}: {other}", shown(path))),
            );
            let outside = imports.iter().filter(|import| part == "edge" && !is_within(import, "http"));
            wrong.extend(
                outside
                    .filter(|import| !["metrics", "telemetry"].iter().any(|one| is_within(import, one)))
                    .map(|import| format!("{}:{number}: {import}", shown(path))),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A manifest, where its code is, and where the code of its tests is beside that.
const PACKAGES: [(&str, &[&str], &[&str]); 2] = [
    ("Cargo.toml", &["src"], &["src", "tests", "examples", "benches"]),
    ("tests/control-plane/Cargo.toml", &["tests/control-plane/src"], &["tests/control-plane"]),
];

/// The names in a section of a manifest, as the code writes them.
fn dependencies(manifest: &str, section: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{section}]")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_"))).collect()
}

/// Whether code names a crate; `crate::http::` does not name the crate `http`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(&format!("{name}::"))
        .any(|(at, _)| !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || "_:".contains(letter)))
}

#[test]
fn every_dependency_is_used_and_those_of_tests_alone_say_so() {
    let mut unused = Vec::new();
    for (manifest, own, with_tests) in PACKAGES {
        let text = read(&root().join(manifest));
        let product: Vec<_> = own.iter().flat_map(|folder| rust_files(folder)).filter(|path| !is_test(path)).collect();
        let all: Vec<_> = with_tests.iter().flat_map(|folder| rust_files(folder)).collect();
        for (section, files) in [("dependencies", product), ("dev-dependencies", all)] {
            let code: String = files.iter().map(|path| product_code(&read(path), section)).collect();
            let names = dependencies(&text, section).into_iter().filter(|name| !names_crate(&code, name));
            unused.extend(names.map(|name| format!("{manifest}: nothing uses {name} of [{section}]")));
        }
    }
    assert!(unused.is_empty(), "\n{}", unused.join("\n"));
}

/// Code without comments; where the dependencies of the product are asked for, without its unit tests.
fn product_code(text: &str, section: &str) -> String {
    let text = if section == "dependencies" { product(text) } else { text };
    code(text).map(|(_, line)| format!("{line}\n")).collect()
}

/// Where the unit tests of a file begin.
const UNIT_TESTS: &str = "#[cfg(test)]\nmod tests {";

/// A file without its unit tests.
fn product(text: &str) -> &str {
    text.split(UNIT_TESTS).next().unwrap_or(text)
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

/// Whether a line reads the environment: by name, or as clap does for an argument.
fn reads_environment(line: &str) -> bool {
    let is_argument = ["(env)", "(env,", " env)", " env,", "env = "].iter().any(|word| line.contains(word));
    line.contains("env::var") || (line.trim_start().starts_with("#[") && is_argument)
}

#[test]
fn only_config_reads_the_environment() {
    for (line, expected) in [
        ("let host = std::env::var(\"HOSTNAME\");", true),
        ("let host = env::var_os(\"HOSTNAME\");", true),
        ("    #[arg(long, env = \"ROLLCALL_LISTEN\")]", true),
        ("    #[arg(long, env)]", true),
        ("    #[arg(env, long)]", true),
        ("    #[arg(long, value_name = \"ENV\")]", false),
        ("let env = 1;", false),
    ] {
        assert_eq!(reads_environment(line), expected, "{line}");
    }
    let mut wrong = Vec::new();
    let mut readers: BTreeSet<_> = READERS_OF_THE_ENVIRONMENT.iter().collect();
    for path in rust_files("src").iter().filter(|path| !is_test(path)) {
        let text = read(path);
        for (number, _) in code(&text).filter(|(_, line)| reads_environment(line)) {
            match READERS_OF_THE_ENVIRONMENT.iter().find(|reader| shown(path).starts_with(**reader)) {
                Some(reader) => drop(readers.remove(reader)),
                None => wrong.push(format!("{}:{number}", shown(path))),
            }
        }
    }
    wrong.extend(readers.iter().map(|reader| format!("{reader} may read the environment and does not")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The type that a line declares for more than its own file.
fn declared_type(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix("pub")?;
    let line = match line.strip_prefix('(') {
        Some(scoped) => scoped.split_once(')')?.1,
        None => line,
    };
    let mut words = line.split_whitespace();
    let keyword = words.next()?;
    let name = words.next().filter(|_| ["struct", "enum", "trait", "type"].contains(&keyword))?;
    name.split(|letter: char| !letter.is_alphanumeric()).next()
}

#[test]
fn the_name_of_a_type_stands_for_one_thing() {
    for (line, expected) in [
        ("pub struct Escrow<Key> {", Some("Escrow")),
        ("    pub(super) enum Order {", Some("Order")),
        ("pub(in crate::store) type Answer = (u16, String);", Some("Answer")),
        ("pub trait Handler: Send {", Some("Handler")),
        ("struct Held {", None),
        ("pub fn type_of(kind: Kind) {}", None),
    ] {
        assert_eq!(declared_type(line), expected, "{line}");
    }
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rust_files("src").iter().filter(|path| !is_test(path)) {
        let text = read(path);
        for (number, line) in code(product(&text)) {
            // Each layer has its own `Error`; everybody else calls it by its module.
            if let Some(name) = declared_type(line).filter(|name| *name != "Error") {
                places.entry(name.to_owned()).or_default().push(format!("{}:{number}", shown(path)));
            }
        }
    }
    assert!(places.len() > 100, "only {} types", places.len());
    let several = places.iter().filter(|(_, places)| places.len() > 1);
    let wrong: Vec<_> = several.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_source_file_is_reached_from_a_root() {
    let mut reached = BTreeSet::new();
    let mut open = Vec::new();
    for folder in CRATE_ROOTS {
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
fn every_source_file_begins_by_saying_why_it_exists() {
    let files = ["src", "tests", "examples", "benches"].into_iter().flat_map(rust_files);
    // The cases of a module need no introduction beside the module's own.
    let silent = files.filter(|path| !path.ends_with("tests.rs") && !read(path).starts_with("//! "));
    let silent: Vec<_> = silent.map(|path| shown(&path)).collect();
    assert!(silent.is_empty(), "no module doc:\n{}", silent.join("\n"));
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

/// The layers that ask an object by name; where its paths stand is `api::Object`. The last is an API server of the tests.
const ASK_OBJECTS_BY_NAME: [&str; 4] = ["src/store", "src/provisioning", "src/controller", "src/http"];
const PATHS_ALLOWED: [&str; 1] = ["src/store/memory.rs"];

#[test]
fn nobody_spells_the_paths_of_an_object_but_the_object() {
    let mut spelled = Vec::new();
    for path in ASK_OBJECTS_BY_NAME.into_iter().flat_map(rust_files).filter(|path| !is_test(path)) {
        if PATHS_ALLOWED.contains(&shown(&path).as_str()) {
            continue;
        }
        let text = product_code(&read(&path), "dependencies");
        let lines = text.lines().filter(|line| {
            ["[\"metadata\"]", "[\"spec\"]", "\"/spec/", "\"/metadata/"].iter().any(|path| line.contains(path))
        });
        spelled.extend(lines.map(|line| format!("{}: {}", shown(&path), line.trim())));
    }
    assert!(spelled.is_empty(), "ask `api::Object` by name:\n{}", spelled.join("\n"));
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

/// The code of tests in a file: all of it in a test's file, the unit tests alone in one of the product.
fn test_code<'a>(path: &Path, text: &'a str) -> &'a str {
    let is_product = shown(path).starts_with("src/") || shown(path).starts_with("tests/control-plane/src/");
    if is_product && !is_test(path) { &text[product(text).len()..] } else { text }
}

#[test]
fn no_test_sleeps() {
    let this_file = root().join("tests/tidy.rs");
    let mut sleeps = Vec::new();
    let mut polls = false;
    for path in ["src", "tests"].into_iter().flat_map(rust_files).filter(|path| *path != this_file) {
        let text = read(&path);
        let lines = test_code(&path, &text);
        let skipped = text[..text.len() - lines.len()].lines().count();
        for (number, _) in code(lines).filter(|(_, line)| SLEEPS.iter().any(|call| line.contains(call))) {
            match shown(&path) == POLLING {
                true => polls = true,
                false => sleeps.push(format!("{}:{}", shown(&path), number + skipped)),
            }
        }
    }
    assert!(sleeps.is_empty(), "a wait has a condition and a deadline ({POLLING}):\n{}", sleeps.join("\n"));
    assert!(polls, "{POLLING} polls no more");
}
