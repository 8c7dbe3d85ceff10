//! The command line of `entra-simulator`: what is said, and what it means.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::simulator::client::Token;
use crate::simulator::mapping::{DEFAULTS, Mappings};
use crate::simulator::patch::PatchDialect;
use crate::simulator::scenario::{Scenario, VERBS};
use crate::simulator::source::{Tenant, TenantSettings, attributes};
use crate::simulator::suites::SUITES;
use crate::simulator::{MatchBy, Options, Plan, clean_up};

/// The environment variable of the token.
const TOKEN_VARIABLE: &str = "ENTRA_SIMULATOR_TOKEN";
/// How many people `--print-source` shows unless told otherwise.
const SHOWN_PEOPLE: usize = 20;

/// Plays Microsoft Entra ID's provisioning service against a SCIM endpoint and reports what an administrator would see,
/// and what independent requests find after each cycle.
#[derive(Debug, Parser)]
#[command(name = "entra-simulator", version, after_help = AFTER_HELP)]
pub struct Args {
    /// The tenant URL, as it is typed into Entra; a flag such as ?aadOptscim062020 chooses the dialect.
    #[arg(long, value_name = "URL", required_unless_present_any = ["list", "print_mappings", "print_scenario", "print_source", "print_vocabulary"])]
    url: Option<String>,
    /// The secret token. In a list of processes others see it: prefer --token-file or ENTRA_SIMULATOR_TOKEN.
    #[arg(long, value_name = "TOKEN", env = TOKEN_VARIABLE, hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the secret token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// What is played: a scenario or one of Microsoft's test lists. --list shows them.
    #[arg(long, value_name = "NAME", default_value = "person", conflicts_with = "scenario_file")]
    scenario: String,
    /// A scenario of your own, as JSON.
    #[arg(long, value_name = "FILE")]
    scenario_file: Option<PathBuf>,
    /// How PATCH is written. Default: as the flag in the URL says, and legacy without one.
    #[arg(long, value_enum, value_name = "DIALECT")]
    dialect: Option<DialectArg>,
    /// How many people. Default: as the scenario says.
    #[arg(long, value_name = "N")]
    people: Option<usize>,
    /// How many groups; 0 leaves groups out altogether. Default: as the scenario says.
    #[arg(long, value_name = "N")]
    groups: Option<usize>,
    /// Decides all chance, names included: the same seed plays the same run. Default: another one each time.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// By what people are matched. Default: as the mappings say.
    #[arg(long = "match", value_enum, value_name = "ATTRIBUTE")]
    match_by: Option<MatchArg>,
    /// Attribute mappings in place of the defaults, in the form of --print-mappings.
    #[arg(long, value_name = "FILE")]
    mappings: Option<PathBuf>,
    /// How many members go into one PATCH of a group.
    #[arg(long, value_name = "N", default_value_t = 100)]
    batch: usize,
    /// How many objects are worked on at once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    parallel: usize,
    /// The guard: more people to disable or delete in one cycle end in quarantine. Default: as the scenario says.
    #[arg(long, value_name = "N")]
    deletion_threshold: Option<usize>,
    /// Leave alone who leaves the scope (SkipOutOfScopeDeletions).
    #[arg(long)]
    skip_out_of_scope_deletions: bool,
    /// Leave what the run made on the endpoint. Default: it is deleted at the end; what was there before never is.
    #[arg(long)]
    keep: bool,
    /// Only delete what earlier runs with this --seed left on the endpoint: everybody of their domain, and their groups.
    #[arg(long, requires = "seed", conflicts_with_all = ["scenario", "scenario_file", "keep"])]
    clean_up: bool,
    /// The longest that one request may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    deadline: u64,
    /// Certificate authorities to trust, in PEM, in place of the system's.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Print the report whole. Default: one line for each step in which nothing failed.
    #[arg(long)]
    verbose: bool,
    /// Say nothing of the progress.
    #[arg(long)]
    quiet: bool,
    /// Show what can be played.
    #[arg(long)]
    list: bool,
    /// Print the default attribute mappings, as JSON.
    #[arg(long)]
    print_mappings: bool,
    /// Print a scenario, as JSON: the form of --scenario-file.
    #[arg(long, value_name = "NAME")]
    print_scenario: Option<String>,
    /// Print what mappings and scenarios can name: the attributes of the source, and the verbs of "do" with their fields.
    #[arg(long)]
    print_vocabulary: bool,
    /// Print the people and groups that --seed, --people and --groups make, as JSON.
    #[arg(long)]
    print_source: bool,
}

const AFTER_HELP: &str = "Progress goes to standard error, the report to standard output.
Exit status: 0 passed, 1 findings, 2 could not run.
--print-vocabulary lists the attributes of the source and the verbs of scenarios.

Example:
  ENTRA_SIMULATOR_TOKEN=... entra-simulator --url https://scim.example/scim/v2 --scenario person --dialect standard";

/// `--dialect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectArg {
    /// Without the flag: one operation for each attribute, booleans as text.
    Legacy,
    /// With the flag: pathless operations, real booleans.
    Standard,
}

/// `--match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MatchArg {
    /// userName.
    #[value(name = "userName", alias = "username")]
    UserName,
    /// externalId.
    #[value(name = "externalId", alias = "externalid")]
    ExternalId,
    /// The work e-mail address.
    Mail,
}

/// What the arguments ask for.
pub enum Request {
    /// A text to print.
    Print(String),
    /// A run, and the form of its report.
    Run(Box<Options>, ReportFormat),
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people, one line for what is well.
    Short,
    /// For people, whole: `--verbose`.
    Whole,
    /// For programs: `--json`.
    Json,
}

/// What the arguments mean; an error is a sentence that names the flag.
pub fn read(arguments: Args) -> Result<Request, String> {
    if arguments.list {
        return Ok(Request::Print(list()));
    }
    if arguments.print_mappings {
        return Ok(Request::Print(DEFAULTS.to_owned()));
    }
    if let Some(name) = &arguments.print_scenario {
        let text = Scenario::text(name).ok_or_else(|| format!("--print-scenario: there is no scenario {name:?}"))?;
        return Ok(Request::Print(text.to_owned()));
    }
    if arguments.print_vocabulary {
        return Ok(Request::Print(vocabulary()));
    }
    if arguments.print_source {
        return Ok(Request::Print(source(&arguments)));
    }
    let file = |flag: &str, path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{flag}: cannot read {}: {error}", path.display()))
    };
    let token = match (&arguments.token_file, &arguments.token) {
        (Some(path), _) => file("--token-file", path)?,
        (None, Some(token)) => token.clone(),
        (None, None) => return Err(format!("a token is missing: --token-file, --token or {TOKEN_VARIABLE}")),
    };
    let token = Token::new(&token).map_err(|error| error.to_string())?;
    let plan = match &arguments.scenario_file {
        Some(path) => {
            let scenario = Scenario::parse(&file("--scenario-file", path)?);
            Plan::Given(Box::new(scenario.map_err(|error| format!("--scenario-file {}: {error}", path.display()))?))
        }
        None if arguments.clean_up => Plan::CleanUp,
        None => Plan::Named(arguments.scenario.clone()),
    };
    let mappings = match &arguments.mappings {
        Some(path) => {
            let text = file("--mappings", path)?;
            Mappings::parse(&text).map_err(|error| format!("--mappings {}: {error}", path.display()))?;
            Some(text)
        }
        None => None,
    };
    let options = Options {
        plan,
        mappings,
        dialect: arguments.dialect.map(|dialect| match dialect {
            DialectArg::Legacy => PatchDialect::Legacy,
            DialectArg::Standard => PatchDialect::Standard,
        }),
        people: arguments.people,
        groups: arguments.groups,
        seed: arguments.seed,
        match_by: arguments.match_by.map(|by| match by {
            MatchArg::UserName => MatchBy::UserName,
            MatchArg::ExternalId => MatchBy::ExternalId,
            MatchArg::Mail => MatchBy::Mail,
        }),
        batch: arguments.batch,
        parallel: arguments.parallel,
        deletion_threshold: arguments.deletion_threshold,
        skip_out_of_scope: arguments.skip_out_of_scope_deletions,
        keep: arguments.keep,
        deadline: Duration::from_secs(arguments.deadline),
        authorities: arguments.ca_file,
        progress: if arguments.quiet { Arc::new(|_| {}) } else { Arc::new(to_standard_error) },
        ..Options::new(arguments.url.unwrap_or_default(), token, arguments.scenario)
    };
    let form = match (arguments.json, arguments.verbose) {
        (true, _) => ReportFormat::Json,
        (false, true) => ReportFormat::Whole,
        (false, false) => ReportFormat::Short,
    };
    Ok(Request::Run(Box::new(options), form))
}

/// Progress of which nobody can read a line is no reason to stop.
fn to_standard_error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn list() -> String {
    let scenarios = Scenario::built_in().into_iter().map(|Scenario { name, description, people, groups, .. }| {
        (name, format!("{description} {people} people and {groups} groups, unless told otherwise."))
    });
    let suites = SUITES.iter().map(|suite| (suite.name.to_owned(), suite.description.to_owned()));
    let rows: Vec<_> = scenarios.chain(suites).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    rows.into_iter().map(|(name, description)| format!("{name:<width$}  {description}\n")).collect()
}

fn vocabulary() -> String {
    let mut text = format!(
        "Attributes that a mapping reads of a person: {}\n  and {} in a function for roles; \"manager\" alone in its row\n\
         Attributes that a mapping reads of a group: {}\n  and \"members\" alone in its row\n\
         Attributes that \"set\" sets: {}\n\
         What \"do\" takes, with its fields:\n",
        attributes::readable(),
        attributes::ROLES,
        attributes::OF_GROUPS.join(", "),
        attributes::settable(),
    );
    for (verb, fields) in VERBS {
        text.push_str(&format!("  {verb:<14}  {fields}\n"));
    }
    text.push_str(
        "\"who\" and \"groups\" take a position from 0 on, a list of positions, {\"from\": 0, \"count\": 2}, {\"percent\": 10}, \
         or \"all\".\nIn \"attributes\", {n} stands for the position, {domain} for the domain of the run; null empties.\n",
    );
    text
}

fn source(arguments: &Args) -> String {
    let seed = arguments.seed.unwrap_or_default();
    let settings = TenantSettings {
        seed,
        domain: clean_up::domain(seed),
        suffix: clean_up::suffix(seed),
        people: arguments.people.unwrap_or(SHOWN_PEOPLE),
        groups: arguments.groups.unwrap_or_default(),
    };
    format!("{:#}\n", Tenant::generate(&settings).to_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Request, String> {
        let words = ["entra-simulator"].iter().chain(words);
        read(Args::try_parse_from(words).map_err(|error| error.to_string())?)
    }

    #[test]
    fn the_command_line_says_what_is_played() {
        let words = "--url http://h.example --token t --match mail --dialect standard --people 5 --seed 3 --json";
        let words: Vec<_> = words.split(' ').collect();
        let Ok(Request::Run(options, form)) = read_words(&words) else { panic!("a run") };
        assert_eq!(
            (options.people, options.seed, options.match_by, form),
            (Some(5), Some(3), Some(MatchBy::Mail), ReportFormat::Json)
        );
        assert_eq!(options.dialect, Some(PatchDialect::Standard));
        for (words, text) in [
            ("--list", "person"),
            ("--print-mappings", "Switch("),
            ("--print-scenario restart", "\"reset\""),
            ("--print-source --seed 1", "run-1"),
            ("--print-vocabulary", "facsimileTelephoneNumber"),
            ("--print-vocabulary", "  takeName        who, from"),
        ] {
            let words: Vec<_> = words.split(' ').collect();
            assert!(matches!(read_words(&words), Ok(Request::Print(printed)) if printed.contains(text)), "{text}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("given.json").display().to_string();
        fs::write(&path, "[]").expect("a file");
        for flag in ["--mappings", "--scenario-file"] {
            let Err(error) = read_words(&["--url", "http://h.example", "--token", "t", flag, &path]) else {
                panic!("{flag} takes no list");
            };
            assert!(error.starts_with(&format!("{flag} {path}: ")), "the error names the file: {error}");
        }
        let clean_up = ["--url", "http://h.example", "--token", "t", "--clean-up", "--seed", "3"];
        let Ok(Request::Run(options, ReportFormat::Short)) = read_words(&clean_up) else { panic!("a run") };
        assert!(matches!(options.plan, Plan::CleanUp));
        for (words, reason) in [
            (&clean_up[..5], "--seed"),
            (&["--token", "t"], "--url"),
            (
                &["--url", "http://h.example", "--token-file", "/nowhere/token"],
                "--token-file: cannot read /nowhere/token",
            ),
        ] {
            let Err(error) = read_words(words) else { panic!("{words:?} is enough") };
            assert!(error.contains(reason), "{words:?}: {error}");
        }
    }
}
