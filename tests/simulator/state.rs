//! A job's memory, cycle by cycle: escrow, quarantine, links, restarts.

use std::time::Duration;

use serde_json::json;

use rollcall::simulator::client::{Client, DEADLINE, Endpoint, Token};
use rollcall::simulator::job::quarantine::QuarantineCause;
use rollcall::simulator::job::{CycleOutcome, Job, JobObject, JobSettings, Reach};
use rollcall::simulator::mapping::{DEFAULTS, Mappings};
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::{Action, EntryKind, ErrorCode, Status};
use rollcall::simulator::source::{self, Tenant};

use crate::server::{Defect, Server};

const HOUR: Duration = Duration::from_secs(3600);

struct Fixture {
    server: Server,
    job: Job,
    source: Tenant,
}

impl Fixture {
    /// Three people who joined, and what the first cycle was answered.
    async fn joined(defect: Defect, change: impl FnOnce(&mut JobSettings)) -> (Self, CycleOutcome) {
        let mut fixture = Self::new(defect, change).await;
        for index in 0..3 {
            fixture.source.change_person(index, |person| person.assigned = true);
        }
        let outcome = fixture.cycle(Duration::ZERO, Reach::Changes).await;
        (fixture, outcome)
    }

    async fn new(defect: Defect, change: impl FnOnce(&mut JobSettings)) -> Self {
        let server = Server::start(defect).await;
        let endpoint = Endpoint::parse(&server.url).expect("a URL");
        let client = Client::new(endpoint, Token::new("t0ken").expect("a token"), DEADLINE, 1, None).expect("a client");
        let mut settings = JobSettings {
            dialect: PatchDialect::Standard,
            mappings: Mappings::parse(DEFAULTS).expect("the defaults"),
            batch: 100,
            parallel: 1,
            with_groups: false,
            deletion_threshold: None,
            skip_out_of_scope: false,
        };
        change(&mut settings);
        let job = Job::new(client.clone(), client.counted_apart(), settings, 1);
        let source = Tenant::generate(&source::TenantSettings {
            seed: 1,
            domain: "s1.example".to_owned(),
            suffix: "s1".to_owned(),
            people: 3,
            groups: 0,
        });
        Self { server, job, source }
    }

    async fn cycle(&mut self, now: Duration, reach: Reach) -> CycleOutcome {
        self.job.cycle("a cycle", &self.source, reach, now, &|_| {}).await
    }

    fn set_title(&mut self, index: usize, title: &str) {
        self.source
            .change_person(index, |person| drop(person.attributes.insert("jobTitle".to_owned(), title.to_owned())));
    }
}

fn count(outcome: &CycleOutcome, action: Action, status: Status) -> u64 {
    outcome.section.log.count(EntryKind::User, action, status)
}

fn writes(outcome: &CycleOutcome) -> u64 {
    outcome.section.traffic.as_ref().map_or(0, |traffic| traffic.writes)
}

#[tokio::test]
async fn a_conflict_waits_in_escrow_and_the_match_is_asked_again() {
    let mut fixture = Fixture::new(Defect::None, |settings| {
        settings.mappings.users.match_by("externalId").expect("it is mapped");
    })
    .await;
    let name = fixture.source.people[0].user_principal_name();
    let id = fixture.server.add_user(json!({ "userName": name, "externalId": "somebody else" }));
    fixture.source.change_person(0, |person| person.assigned = true);
    let outcome = fixture.cycle(Duration::ZERO, Reach::Changes).await;
    assert_eq!(outcome.section.log.failures()[0].code, Some(ErrorCode::EntryConflict));
    assert!(fixture.job.is_held(JobObject::User(0)));
    for (hours, tries) in [(1, 0), (5, 0), (6, 1), (7, 0), (17, 0), (18, 1), (41, 0), (42, 1)] {
        let outcome = fixture.cycle(HOUR * hours, Reach::Changes).await;
        assert_eq!(count(&outcome, Action::Create, Status::Failure), tries, "after {hours} hours");
    }
    fixture.server.set(&id, "externalId", json!(fixture.source.people[0].object_id));
    let outcome = fixture.cycle(HOUR * 66, Reach::Changes).await;
    assert!(outcome.section.log.failures().is_empty());
    assert_eq!(fixture.job.user(0).map(|link| link.id.as_str()), Some(id.as_str()));
    assert!(!fixture.job.is_held(JobObject::User(0)));
}

#[tokio::test]
async fn two_objects_that_match_are_one_too_many() {
    let mut fixture = Fixture::new(Defect::None, |settings| {
        settings.mappings.users.match_by("externalId").expect("it is mapped");
    })
    .await;
    let external = fixture.source.people[0].object_id.clone();
    for name in ["a", "b"] {
        fixture.server.add_user(json!({ "userName": name, "externalId": external }));
    }
    fixture.source.change_person(0, |person| person.assigned = true);
    let outcome = fixture.cycle(Duration::ZERO, Reach::Changes).await;
    assert_eq!(outcome.section.log.failures()[0].code, Some(ErrorCode::DuplicateTargetEntries));
    assert_eq!(writes(&outcome), 0);
}

#[tokio::test]
async fn who_is_disabled_or_unassigned_at_first_sight_is_not_created() {
    let mut fixture = Fixture::new(Defect::None, |_| {}).await;
    fixture.source.change_person(0, |person| (person.assigned, person.enabled) = (true, false));
    fixture.source.change_person(1, |person| (person.assigned, person.soft_deleted) = (true, true));
    fixture.source.change_person(2, |person| person.enabled = true);
    let outcome = fixture.cycle(Duration::ZERO, Reach::Changes).await;
    assert_eq!((writes(&outcome), count(&outcome, Action::Other, Status::Skipped)), (0, 2));
}

#[tokio::test]
async fn somebody_deleted_in_the_target_by_hand_is_created_again_later() {
    let (mut fixture, _) = Fixture::joined(Defect::None, |_| {}).await;
    let id = fixture.job.user(1).expect("a link").id.clone();
    fixture.server.remove_user(&id);
    fixture.set_title(1, "Returner");
    let outcome = fixture.cycle(HOUR, Reach::Changes).await;
    assert_eq!(outcome.section.log.failures()[0].code, Some(ErrorCode::InvalidAnchor));
    assert_eq!((writes(&outcome), fixture.job.user(1)), (0, None));
    let outcome = fixture.cycle(HOUR * 7, Reach::Changes).await;
    assert_eq!(count(&outcome, Action::Create, Status::Success), 1);
    assert_ne!(fixture.job.user(1).expect("a link").id, id);
}

#[tokio::test]
async fn a_refused_token_stops_the_job_and_a_restart_forgets_it() {
    let (mut fixture, outcome) = Fixture::joined(Defect::RefusesToken, |_| {}).await;
    assert_eq!((writes(&outcome), fixture.job.quarantine().is_some()), (0, true));
    assert_eq!(fixture.job.next_cycle(), HOUR * 24);
    fixture.server.heal();
    fixture.job.restart();
    let outcome = fixture.cycle(HOUR, Reach::Changes).await;
    assert_eq!((count(&outcome, Action::Create, Status::Success), fixture.job.quarantine()), (3, None));
}

#[tokio::test]
async fn the_guard_counts_before_anything_is_sent() {
    let (mut fixture, _) = Fixture::joined(Defect::None, |settings| settings.deletion_threshold = Some(1)).await;
    for index in 0..2 {
        fixture.source.change_person(index, |person| person.assigned = false);
    }
    fixture.set_title(2, "Still here");
    for hours in [1, 25] {
        let outcome = fixture.cycle(HOUR * hours, Reach::Changes).await;
        assert_eq!(writes(&outcome), 0, "nobody is touched");
    }
    fixture.job.allow_deletions();
    let outcome = fixture.cycle(HOUR * 26, Reach::Changes).await;
    assert_eq!(count(&outcome, Action::Disable, Status::Success), 2);
    assert_eq!(count(&outcome, Action::Update, Status::Success), 1);
}

#[tokio::test]
async fn the_guard_counts_people_whose_deactivation_waits_in_escrow() {
    for (case, hours) in [("before the next try", 1), ("when it is due", 7)] {
        let (mut fixture, _) = Fixture::joined(Defect::None, |settings| settings.deletion_threshold = Some(1)).await;
        fixture.server.break_down(Defect::BreaksOnPatch);
        fixture.source.change_person(0, |person| person.assigned = false);
        let outcome = fixture.cycle(Duration::ZERO, Reach::Changes).await;
        assert_eq!(count(&outcome, Action::Disable, Status::Failure), 1, "{case}");
        assert!(fixture.job.is_held(JobObject::User(0)), "{case}");
        fixture.server.heal();
        fixture.source.change_person(1, |person| person.assigned = false);
        let outcome = fixture.cycle(HOUR * hours, Reach::Changes).await;
        let guarded = fixture.job.quarantine().map(|quarantine| quarantine.cause);
        assert_eq!(guarded, Some(QuarantineCause::AccidentalDeletions), "{case}");
        assert_eq!(writes(&outcome), 0, "{case}: nobody is touched");
        fixture.job.allow_deletions();
        let outcome = fixture.cycle(HOUR * 30, Reach::Changes).await;
        assert_eq!(count(&outcome, Action::Disable, Status::Success), 2, "{case}");
    }
}

#[tokio::test]
async fn without_active_in_the_mappings_who_leaves_is_deleted() {
    let (mut fixture, _) = Fixture::joined(Defect::None, |settings| {
        settings.mappings.users.rows.retain(|row| row.target.text() != "active");
    })
    .await;
    fixture.source.change_person(2, |person| person.assigned = false);
    let outcome = fixture.cycle(HOUR, Reach::Changes).await;
    assert_eq!((count(&outcome, Action::Delete, Status::Success), fixture.server.counts().0), (1, 2));
}

#[tokio::test]
async fn who_leaves_the_scope_is_left_alone_where_that_is_set() {
    let (mut fixture, _) = Fixture::joined(Defect::None, |settings| settings.skip_out_of_scope = true).await;
    fixture.source.change_person(2, |person| person.assigned = false);
    let outcome = fixture.cycle(HOUR, Reach::Changes).await;
    assert_eq!((writes(&outcome), count(&outcome, Action::Other, Status::Skipped)), (0, 1));
}

#[tokio::test]
async fn on_demand_speaks_the_legacy_dialect_whatever_the_flag_says() {
    let (mut fixture, _) = Fixture::joined(Defect::None, |_| {}).await;
    fixture.set_title(1, "On demand");
    fixture.server.take_operations();
    let outcome = fixture.cycle(HOUR, Reach::OnDemand(JobObject::User(1))).await;
    assert_eq!(count(&outcome, Action::Update, Status::Success), 1);
    let operations = fixture.server.take_operations();
    assert!(operations.iter().all(|op| ["Add", "Replace"].contains(&op.as_str())), "{operations:?}");
    fixture.set_title(1, "Cycle");
    fixture.cycle(HOUR, Reach::Changes).await;
    assert_eq!(fixture.server.take_operations(), ["replace"]);
}
