//! A run: options in, report out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::Value;

use crate::simulator::check::{Checker, silent};
use crate::simulator::clean_up::{delete, domain, of_seed, suffix};
use crate::simulator::client::{Client, Endpoint, Flag, Token};
use crate::simulator::contact::first_contact;
use crate::simulator::job::quarantine::QuarantineCause;
use crate::simulator::job::{CycleOutcome, Job, JobObject, JobSettings, Reach};
use crate::simulator::mapping::{DEFAULTS, Mappings};
use crate::simulator::patch::PatchDialect;
use crate::simulator::random::Random;
use crate::simulator::report::{Action, Check, Entry, EntryKind, Remains, Report, Section, Status};
use crate::simulator::scenario::{Expect, Run, Scenario, ScenarioStep};
use crate::simulator::source::{self, Tenant};
use crate::simulator::suites::{SUITES, Suite, SuiteContext};

/// The most people of a run.
pub const MAX_PEOPLE: usize = 200_000;
/// The most groups of a run.
pub const MAX_GROUPS: usize = 20_000;
/// The most objects that are worked on at once.
pub const MAX_PARALLEL: usize = 256;
/// The most members in one PATCH.
pub const MAX_BATCH: usize = 1_000;

/// How often a cycle tells how far it is.
const PROGRESS: Duration = Duration::from_secs(2);

/// By what people are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchBy {
    /// `userName`, which is the default of a job.
    UserName,
    /// `externalId`.
    ExternalId,
    /// The work e-mail address. People without one can then not be provisioned.
    Mail,
}

impl MatchBy {
    fn target(self) -> &'static str {
        match self {
            Self::UserName => "userName",
            Self::ExternalId => "externalId",
            Self::Mail => "emails[type eq \"work\"].value",
        }
    }
}

/// What is run.
#[derive(Clone, Debug)]
pub enum Plan {
    /// One of the scenarios or suites that come with the simulator.
    Named(String),
    /// Another scenario.
    Given(Box<Scenario>),
    /// Nothing but deleting what earlier runs with the seed left on the endpoint.
    CleanUp,
}

/// What a run is told.
#[derive(Clone)]
pub struct Options {
    /// The tenant URL.
    pub url: String,
    /// The secret token.
    pub token: Token,
    /// What is run.
    pub plan: Plan,
    /// How PATCH is written. Default: what a flag in the tenant URL says, and legacy without one.
    pub dialect: Option<PatchDialect>,
    /// How many people. Default: what the scenario says.
    pub people: Option<usize>,
    /// How many groups; with 0 no group is provisioned or asked for.
    pub groups: Option<usize>,
    /// Decides all chance, and with it the names of people and groups. Default: chance.
    pub seed: Option<u64>,
    /// By what people are matched. Default: what the mappings say.
    pub match_by: Option<MatchBy>,
    /// Attribute mappings as JSON. Default: [`DEFAULTS`].
    pub mappings: Option<String>,
    /// How many members go into one PATCH.
    pub batch: usize,
    /// How many objects are worked on at once.
    pub parallel: usize,
    /// The guard against accidental deletions. Default: what the scenario says.
    pub deletion_threshold: Option<usize>,
    /// `SkipOutOfScopeDeletions`.
    pub skip_out_of_scope: bool,
    /// Whether what the run made is left on the endpoint.
    pub keep: bool,
    /// The longest that one request may take.
    pub deadline: Duration,
    /// A PEM file of certificate authorities in place of the system's.
    pub authorities: Option<PathBuf>,
    /// Is told how far the run is.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
    /// Ends the run early when it is set; what the run made is cleaned up all the same.
    pub stop: Arc<AtomicBool>,
}

impl Options {
    /// A quiet run of a scenario with the defaults of the command line.
    pub fn new(url: impl Into<String>, token: Token, scenario: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token,
            plan: Plan::Named(scenario.into()),
            dialect: None,
            people: None,
            groups: None,
            seed: None,
            match_by: None,
            mappings: None,
            batch: 100,
            parallel: 1,
            deletion_threshold: None,
            skip_out_of_scope: false,
            keep: false,
            deadline: crate::simulator::client::DEADLINE,
            authorities: None,
            progress: Arc::new(|_| {}),
            stop: Arc::default(),
        }
    }
}

/// What is run, found by its name.
enum Found {
    Scenario(Box<Scenario>),
    Suite(&'static Suite),
    CleanUp,
}

/// Runs it. What keeps it from running is in [`Report::error`].
pub async fn run(options: Options) -> Report {
    let start = Instant::now();
    let seed = options.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut report = Report::default();
    let result = match find(&options.plan) {
        Ok(Found::CleanUp) => run_clean_up(&options, seed, &mut report).await,
        Ok(Found::Scenario(scenario)) => run_scenario(&options, &scenario, seed, &mut report).await,
        Ok(Found::Suite(suite)) => run_suite(&options, suite, seed, &mut report).await,
        Err(error) => Err(error),
    };
    report.error = result.err();
    report.elapsed = start.elapsed();
    report
}

fn find(plan: &Plan) -> Result<Found, String> {
    let name = match plan {
        Plan::Given(scenario) => return Ok(Found::Scenario(scenario.clone())),
        Plan::CleanUp => return Ok(Found::CleanUp),
        Plan::Named(name) => name,
    };
    if let Some(scenario) = Scenario::built_in().into_iter().find(|scenario| scenario.name == *name) {
        return Ok(Found::Scenario(Box::new(scenario)));
    }
    let suite = SUITES.iter().find(|suite| suite.name == name);
    suite.map(Found::Suite).ok_or_else(|| format!("there is no scenario {name:?}; --list shows those that there are"))
}

fn client(options: &Options, seed: u64) -> Result<Client, String> {
    let endpoint = Endpoint::parse(&options.url).map_err(|error| error.to_string())?;
    if !endpoint.ignored().is_empty() {
        (options.progress)(&format!("warning: the URL holds {}, which is ignored", endpoint.ignored().join(", ")));
    }
    Client::new(endpoint, options.token.clone(), options.deadline, seed, options.authorities.as_deref())
        .map_err(|error| error.to_string())
}

async fn run_clean_up(options: &Options, seed: u64, report: &mut Report) -> Result<(), String> {
    let client = client(options, seed)?;
    report.settings = vec![("endpoint", client.endpoint().base().into()), ("seed", seed.into())];
    first_contact(&client).await?;
    let (section, (users, groups)) = of_seed(&client, seed, options.parallel).await?;
    report.sections.push(section);
    report.remains = (users + groups > 0).then_some(Remains { users, groups, seed });
    Ok(())
}

async fn run_suite(options: &Options, suite: &Suite, seed: u64, report: &mut Report) -> Result<(), String> {
    let client = client(options, seed)?;
    let dialect = dialect(options, &client)?;
    report.settings = vec![
        ("suite", suite.name.into()),
        ("endpoint", client.endpoint().base().into()),
        ("dialect", dialect_text(dialect).into()),
        ("seed", seed.into()),
    ];
    first_contact(&client).await?;
    // Whoever ends the process by force finds here by which seed to clean up.
    (options.progress)(&format!("seed {seed}: people of {}", domain(seed)));
    let context = SuiteContext { client, seed, domain: domain(seed), keep: options.keep, dialect };
    report.sections = (suite.run)(&context).await;
    Ok(())
}

/// How PATCH is written.
fn dialect(options: &Options, client: &Client) -> Result<PatchDialect, String> {
    let of_url = client.endpoint().flag().map(|flag| match flag {
        Flag::Standard => PatchDialect::Standard,
        Flag::Legacy => PatchDialect::Legacy,
    });
    match (options.dialect, of_url) {
        (Some(chosen), Some(flagged)) if chosen != flagged => Err(format!(
            "--dialect says {}, and the flag in the URL says {}: leave one of them out",
            dialect_text(chosen),
            dialect_text(flagged)
        )),
        (chosen, flagged) => Ok(chosen.or(flagged).unwrap_or(PatchDialect::Legacy)),
    }
}

fn dialect_text(dialect: PatchDialect) -> &'static str {
    match dialect {
        PatchDialect::Legacy => "legacy (without the flag aadOptscim062020)",
        PatchDialect::Standard => "standard (with the flag aadOptscim062020)",
    }
}

/// The settings of the job, checked against what can be.
fn settings(options: &Options, scenario: &Scenario, client: &Client) -> Result<(JobSettings, usize, usize), String> {
    let people = options.people.unwrap_or(scenario.people);
    let groups = options.groups.unwrap_or(scenario.groups);
    for (name, value, most) in [
        ("people", people, MAX_PEOPLE),
        ("groups", groups, MAX_GROUPS),
        ("parallel", options.parallel, MAX_PARALLEL),
        ("batch", options.batch, MAX_BATCH),
    ] {
        if value > most || (value == 0 && name != "groups") {
            return Err(format!(
                "--{name} is {value}, and has to be between {} and {most}",
                usize::from(name != "groups")
            ));
        }
    }
    let needs = scenario.needs();
    for (kind, chosen, needed) in [("people", options.people, needs.0), ("groups", options.groups, needs.1)] {
        // Without any group the scenario is played without its groups.
        if let Some(chosen) = chosen.filter(|chosen| *chosen < needed && !(kind == "groups" && *chosen == 0)) {
            let name = &scenario.name;
            return Err(format!("the scenario {name} needs at least {needed} {kind}; --{kind} says {chosen}"));
        }
    }
    scenario.fit(people, groups)?;
    let deletion_threshold = options.deletion_threshold.or_else(|| scenario.deletion_threshold(people));
    if scenario.steps.iter().any(|step| step.expect == Expect::Guard)
        && deletion_threshold.is_none_or(|threshold| threshold >= people)
    {
        let threshold = deletion_threshold.map_or_else(|| "missing".to_owned(), |threshold| threshold.to_string());
        return Err(format!(
            "the scenario expects that the guard stops the job, and the threshold is {threshold}: with {people} people it \
             never does; choose --deletion-threshold below {people}"
        ));
    }
    let text = options.mappings.as_deref().unwrap_or(DEFAULTS);
    let mut mappings = Mappings::parse(text).map_err(|error| format!("the mappings cannot be used: {error}"))?;
    if let Some(by) = options.match_by {
        mappings.users.match_by(by.target())?;
    }
    let settings = JobSettings {
        dialect: dialect(options, client)?,
        mappings,
        batch: options.batch,
        parallel: options.parallel,
        with_groups: groups > 0,
        deletion_threshold,
        skip_out_of_scope: options.skip_out_of_scope,
    };
    Ok((settings, people, groups))
}

async fn run_scenario(options: &Options, scenario: &Scenario, seed: u64, report: &mut Report) -> Result<(), String> {
    let client = client(options, seed)?;
    let (settings, people, groups) = settings(options, scenario, &client)?;
    report.settings = described(scenario, &settings, &client, seed, people, groups);
    first_contact(&client).await?;
    // Whoever ends the process by force finds here by which seed to clean up.
    (options.progress)(&format!("seed {seed}: people of {}", domain(seed)));
    let source =
        Tenant::generate(&source::TenantSettings { seed, domain: domain(seed), suffix: suffix(seed), people, groups });
    let checker =
        Checker::new(client.counted_apart(), settings.parallel, settings.with_groups, seed, Arc::clone(&options.stop))
            .await;
    let observer = client.counted_apart();
    let mut player = Player {
        job: Job::new(client.clone(), observer, settings, seed),
        source,
        now: Duration::ZERO,
        random: Random::fork(seed, scenario.name.as_str()),
        progress: Arc::clone(&options.progress),
        is_gone: false,
    };
    // What Entra says when "Test Connection" fails; there is no job yet that could be in quarantine.
    if let Some(section) = player.connection_test().await {
        report.sections.push(section);
        return Ok(());
    }
    let mut checker = checker?;
    player.job.stop_with(Arc::clone(&options.stop));
    let is_interrupted = || options.stop.load(Ordering::Relaxed);
    for (number, step) in scenario.steps.iter().enumerate() {
        if is_interrupted() {
            break;
        }
        let section = player.step(number + 1, step, &mut checker).await;
        report.sections.push(section);
        let cause = player.job.quarantine().map(|quarantine| quarantine.cause);
        let is_stopped = player.is_gone
            || cause == Some(QuarantineCause::Target)
            || (cause.is_some() && step.expect == Expect::Done);
        if is_stopped && number + 1 < scenario.steps.len() {
            let left = scenario.steps.len() - number - 1;
            let mut section = Section::new("The run ends here");
            section.checks.push(Check::failed(
                "every step runs",
                "an endpoint that answers, and no quarantine",
                format!("{left} steps were not run"),
            ));
            report.sections.push(section);
            break;
        }
    }
    if !options.keep {
        report.sections.push(player.clean_up(&checker).await);
    }
    let (users, groups) = player.job.created();
    let (users, groups) = (users.len(), groups.len());
    report.remains = (users + groups > 0).then_some(Remains { users, groups, seed });
    if is_interrupted() { Err("it was interrupted".to_owned()) } else { Ok(()) }
}

fn described(
    scenario: &Scenario,
    settings: &JobSettings,
    client: &Client,
    seed: u64,
    people: usize,
    groups: usize,
) -> Vec<(&'static str, Value)> {
    let matching = settings.mappings.users.matching();
    let matching: Vec<_> = matching.iter().map(|row| row.target.text()).collect();
    vec![
        ("scenario", format!("{}: {}", scenario.name, scenario.description).into()),
        ("endpoint", client.endpoint().base().into()),
        ("dialect", dialect_text(settings.dialect).into()),
        ("matching", matching.join(", then ").into()),
        ("people", people.into()),
        ("groups", groups.into()),
        ("members in a PATCH", settings.batch.into()),
        ("at once", settings.parallel.into()),
        ("seed", seed.into()),
        ("domain", domain(seed).into()),
    ]
}

/// A job, its source and the simulated clock.
struct Player {
    job: Job,
    source: Tenant,
    now: Duration,
    random: Random,
    progress: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether the endpoint has stopped answering.
    is_gone: bool,
}

impl Player {
    /// A section if the connection test fails.
    async fn connection_test(&mut self) -> Option<Section> {
        let problem = self.job.test_connection().await.err();
        let traffic = self.job.client().take_traffic();
        let problem = problem?;
        let mut section = Section::new("Connection test");
        section.traffic = Some(traffic);
        section.log.add(Entry {
            kind: EntryKind::Job,
            object: "(the job)".to_owned(),
            action: Action::Other,
            status: Status::Failure,
            code: Some(problem.code),
            reason: problem.reason,
        });
        Some(section)
    }

    async fn cycle(&mut self, title: &str, reach: Reach) -> CycleOutcome {
        let progress = Arc::clone(&self.progress);
        let last = Mutex::new(Instant::now());
        let tell = move |text: &str| {
            let mut last = last.lock();
            if last.elapsed() >= PROGRESS {
                *last = Instant::now();
                progress(&format!("{title}: {text}"));
            }
        };
        self.job.cycle(title, &self.source, reach, self.now, &tell).await
    }

    /// Changes the source, runs the job, and checks.
    async fn step(&mut self, number: usize, step: &ScenarioStep, checker: &mut Checker) -> Section {
        for change in &step.changes {
            change.apply(&mut self.source, &mut self.random);
        }
        self.now += step.hours.map_or_else(|| self.job.next_cycle(), |hours| Duration::from_secs(3600) * hours);
        let reach = match step.run {
            Run::OnDemandUser(index) => Reach::OnDemand(JobObject::User(index)),
            Run::OnDemandGroup(index) => Reach::OnDemand(JobObject::Group(index)),
            _ => Reach::Changes,
        };
        match step.run {
            Run::Restart => self.job.restart(),
            Run::Reset => self.job.reset(),
            Run::AllowDeletions => self.job.allow_deletions(),
            _ => {}
        }
        let title = format!("{}. {}", number, step.title);
        (self.progress)(&title);
        let mut outcome = self.cycle(&title, reach).await;
        let mut checks = self.ended_as_expected(step);
        if outcome.section.traffic.as_ref().is_some_and(|traffic| traffic.unanswered() > 0)
            && let Err(reason) = first_contact(self.job.client()).await
        {
            // Every check would say the same about everybody.
            self.is_gone = true;
            checks.push(Check::failed("the endpoint still answers after the cycle", "an answer", reason));
        } else if self.job.quarantine().is_none() {
            checks.extend(checker.after(&self.job, &self.source, &outcome).await);
            if step.run == Run::Reset {
                let created = [EntryKind::User, EntryKind::Group]
                    .map(|kind| outcome.section.log.count(kind, Action::Create, Status::Success));
                checks.push(Check::equal(
                    "after a full reset nobody is created twice",
                    &0,
                    &created.iter().sum::<u64>(),
                ));
            }
            if !matches!(reach, Reach::OnDemand(_)) {
                let second = self.cycle(&format!("{title}: second cycle"), Reach::Everything).await;
                checks.push(silent(&second));
            }
        }
        outcome.section.checks = checks;
        outcome.section
    }

    fn ended_as_expected(&self, step: &ScenarioStep) -> Vec<Check> {
        let name = "the job is in quarantine only where it should be";
        let quarantine = self.job.quarantine().map(|quarantine| (quarantine.cause, quarantine.reason.as_str()));
        match (step.expect, quarantine) {
            (Expect::Done, None) => Vec::new(),
            (Expect::Guard, Some((QuarantineCause::AccidentalDeletions, reason))) => vec![Check::passed(name, reason)],
            (Expect::Done, Some((_, reason))) => vec![Check::failed(name, "no quarantine", reason)],
            (Expect::Guard, Some((QuarantineCause::Target, reason))) => {
                vec![Check::failed(name, "the guard stops the job", reason)]
            }
            (Expect::Guard, None) => vec![Check::failed(name, "the guard stops the job", "it ran")],
        }
    }

    /// Deletes what the run made, and nothing else.
    async fn clean_up(&mut self, checker: &Checker) -> Section {
        (self.progress)("clean-up");
        let start = Instant::now();
        let client = self.job.client().clone();
        let mut section = Section::new("Clean-up: what this run made is deleted");
        let (users, groups) = self.job.created();
        let (users, groups) = (users.clone(), groups.clone());
        let parallel = self.job.settings().parallel;
        for (kind, ids) in [(EntryKind::Group, groups), (EntryKind::User, users)] {
            for id in delete(&client, parallel, kind, ids, &mut section).await {
                self.job.forget_created(kind, &id);
            }
        }
        section.traffic = Some(client.take_traffic());
        section.elapsed = start.elapsed();
        section.checks = checker.totals(&self.job).await;
        section
    }
}
