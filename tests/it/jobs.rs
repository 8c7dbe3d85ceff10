//! The example Directories, each driven by a provisioning job as its owners describe it. Some people break the rules: who is
//! refused, and with which sentence, is the point; everybody else arrives, and the next cycle is silent.
//!
//! `cargo test --workspace --test it jobs -- --nocapture` shows the tables of what was refused.
#![allow(clippy::print_stdout, reason = "what each example refuses is worth reading")]

use std::collections::BTreeSet;
use std::time::Duration;

use rollcall::simulator::check::silent;
use rollcall::simulator::client::{self, DEADLINE, Endpoint, Token};
use rollcall::simulator::job::{CycleOutcome, Job, JobSettings, Reach};
use rollcall::simulator::mapping::{DEFAULTS, Mappings};
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::{Action, EntryKind, ErrorCode, Status, Verdict};
use rollcall::simulator::source::{self, Tenant};
use rollcall::simulator::{Options, run};
use serde_json::{Value, json};

use crate::support::cluster::root;
use crate::support::{Client, Directory, Operator, until};

/// Decides names and attributes of everybody.
const SEED: u64 = 4;
/// Longer than an object waits in escrow after its first failure.
const HELD: Duration = Duration::from_secs(7 * 60 * 60);

/// A job, and the Directory that it provisions to.
pub(crate) struct Run {
    pub(crate) directory: Directory,
    pub(crate) client: Client,
    pub(crate) job: Job,
    pub(crate) source: Tenant,
    now: Duration,
}

/// Who was refused: the position in the source, Entra's code, and words that the reason has.
pub(crate) type Refused<'a> = (usize, ErrorCode, &'a [&'a str]);

impl Run {
    /// Applies a Directory in a namespace of its own, and makes a job for it.
    pub(crate) async fn start(spec: Value, mappings: &str, source: Tenant) -> Self {
        let directory = Directory::with_spec(spec).await;
        let client = directory.client(Operator::shared().await).await;
        until("the rules to be in force", async || {
            let conditions = directory.get("directory", &directory.name).await?["status"]["conditions"].take();
            let mut conditions = conditions.as_array()?.iter();
            conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True").then_some(())
        })
        .await;
        let settings = JobSettings {
            dialect: PatchDialect::Legacy,
            mappings: Mappings::parse(mappings).expect("mappings"),
            batch: 5,
            // One after the other, so that a quota meets the last ones.
            parallel: 1,
            with_groups: true,
            deletion_threshold: None,
            skip_out_of_scope: false,
        };
        let endpoint = Endpoint::parse(&client.base).expect("a tenant URL");
        let token = Token::new(&directory.secret).expect("a token");
        let entra = client::Client::new(endpoint, token, DEADLINE, SEED, None).expect("a client");
        let job = Job::new(entra.clone(), entra.counted_apart(), settings, SEED);
        Self { directory, client, job, source, now: Duration::ZERO }
    }

    /// Runs a cycle after everything that waits in escrow is due.
    pub(crate) async fn cycle(&mut self, reach: Reach) -> CycleOutcome {
        self.now += HELD;
        self.job.cycle("cycle", &self.source, reach, self.now, &|_| ()).await
    }

    /// Exactly these people were refused for these reasons, and nothing else failed.
    #[track_caller]
    pub(crate) fn expect_refused(&self, title: &str, outcome: &CycleOutcome, expected: &[Refused<'_>]) {
        let failures = outcome.section.log.failures();
        println!("\n{title}\n");
        for entry in failures {
            let code = entry.code.map_or_else(String::new, |code| format!("{code:?}"));
            println!("| {} | {code} | {} |", entry.object, entry.reason);
        }
        assert_eq!(failures.len(), expected.len(), "{failures:#?}");
        for (index, code, words) in expected {
            let name = self.source.people[*index].user_principal_name();
            let entry = failures.iter().find(|entry| entry.object == name);
            let entry = entry.unwrap_or_else(|| panic!("{name} was not refused: {failures:#?}"));
            assert_eq!(
                (entry.kind, entry.status, entry.code),
                (EntryKind::User, Status::Failure, Some(*code)),
                "{entry:?}"
            );
            for word in *words {
                assert!(entry.reason.contains(word), "{word:?} is missing: {}", entry.reason);
            }
        }
    }

    /// Compares everybody and every group again: nothing is written, nothing fails.
    pub(crate) async fn expect_silence(&mut self) {
        self.now += Duration::from_secs(1);
        let outcome = self.job.cycle("silence", &self.source, Reach::Everything, self.now, &|_| ()).await;
        let silence = silent(&outcome);
        assert!(silence.passed, "{silence:?}");
    }

    /// The people whom SCIM shows are these positions of the source.
    pub(crate) async fn expect_arrived(&self, expected: impl IntoIterator<Item = usize>) {
        let list = self.client.get("/Users?count=200&attributes=externalId").await.expect(200);
        let external_id = |value: &Value| value["externalId"].as_str().expect("an externalId").to_owned();
        let arrived: BTreeSet<_> = list["Resources"].as_array().expect("Resources").iter().map(external_id).collect();
        let expected = expected.into_iter().map(|index| self.source.people[index].object_id.clone()).collect();
        assert_eq!(arrived, expected);
    }

    /// The object of a person in the cluster.
    async fn person(&self, index: usize) -> Value {
        let link = self.job.user(index).expect("the job has a link to the person");
        self.directory.get("directoryuser", &link.id).await.expect("the object")
    }
}

/// `spec` of an example.
fn spec(example: &str) -> Value {
    let text = std::fs::read_to_string(root().join("examples").join(example)).expect("an example");
    let mut manifest: Value = serde_yaml::from_str(&text).expect("a manifest");
    manifest["spec"].take()
}

/// Everybody is assigned, has a mailbox and every required attribute; the test takes some of it away.
pub(crate) fn company(people: usize, groups: usize) -> Tenant {
    let settings = source::TenantSettings {
        seed: SEED,
        domain: "contoso.example".to_owned(),
        suffix: String::new(),
        people,
        groups,
    };
    let mut source = Tenant::generate(&settings);
    for index in 0..people {
        source.change_person(index, |person| {
            let name = person.user_principal_name();
            person.attributes.insert("mail".to_owned(), format!("{}@mail.example", name.replace(['#', '@'], ".")));
            person.assigned = true;
        });
    }
    for index in 0..groups {
        source.change_group(index, |group| group.assigned = true);
    }
    source
}

/// Gives a person a value in the source, or takes it away.
pub(crate) fn set(source: &mut Tenant, index: usize, attribute: &str, value: Option<&str>) {
    source.change_person(index, |person| match value {
        Some(value) => drop(person.attributes.insert(attribute.to_owned(), value.to_owned())),
        None => drop(person.attributes.remove(attribute)),
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn federated_directory_wants_a_display_name_and_no_groups() {
    let (no_name, emptied) = (3, 7);
    let mut source = company(12, 4);
    set(&mut source, no_name, "displayName", None);
    set(&mut source, emptied, "displayName", Some(""));
    let mut run = Run::start(spec("federated-directory.yaml"), DEFAULTS, source).await;

    let first = run.cycle(Reach::Changes).await;
    run.expect_refused(
        "examples/federated-directory.yaml",
        &first,
        &[(no_name, ErrorCode::BadRequest, &["displayName"]), (emptied, ErrorCode::BadRequest, &["displayName"])],
    );
    run.expect_arrived((0..12).filter(|index| ![no_name, emptied].contains(index))).await;
    run.expect_silence().await;

    // The job sent groups and members, although it was told not to: the groups are there, and have no effect.
    assert_eq!(first.section.log.count(EntryKind::Group, Action::Create, Status::Success), 4);
    let groups = run.client.get("/Groups").await.expect(200);
    assert_eq!(groups["totalResults"], 4);
    for group in groups["Resources"].as_array().expect("Resources") {
        assert_eq!(group.get("members"), None, "{group}");
    }
    for user in run.directory.list("directoryusers").await {
        assert_eq!(user["spec"].get("memberOf"), None, "{user}");
    }

    set(&mut run.source, no_name, "displayName", Some("Ada Able"));
    set(&mut run.source, emptied, "displayName", Some("Bea Able"));
    let mended = run.cycle(Reach::Changes).await;
    run.expect_refused("examples/federated-directory.yaml, mended", &mended, &[]);
    run.expect_arrived(0..12).await;
    run.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enterprise_toolkit_wants_names_a_mail_of_ones_own_and_exact_user_types() {
    const MAPPINGS: &str = include_str!("../../examples/mappings/enterprise-toolkit.json");
    let (no_surname, wrong_type, no_mail, taken_mail, chief) = (2, 5, 8, 11, 13);
    let refused = [no_surname, wrong_type, no_mail, taken_mail];
    let mut source = company(21, 1);
    for index in 0..21 {
        set(&mut source, index, "companyName", [Some("Premium"), Some("Standard"), None][index % 3]);
        set(&mut source, index, "jobTitle", Some("folder-1, folder-2"));
        set(&mut source, index, "extensionAttribute1", Some("4711"));
    }
    set(&mut source, no_surname, "surname", None);
    set(&mut source, wrong_type, "companyName", Some("premium"));
    set(&mut source, no_mail, "mail", None);
    set(&mut source, taken_mail, "mail", Some("reception@mail.example"));
    source.change_person(chief, |person| person.roles[0].value = "EnterpriseAdmin".to_owned());
    source.change_group(0, |group| {
        group.display_name = "Sales and Marketing".to_owned();
        group.members = (0..21).filter(|index| !refused.contains(index)).collect();
    });
    let mut run = Run::start(spec("enterprise-toolkit.yaml"), MAPPINGS, source).await;
    // An account of the time before the connector: another userName, and the mail of somebody.
    let reception = json!({
        "userName": "reception", "externalId": "none", "name": { "givenName": "Front", "familyName": "Desk" },
        "emails": [{ "type": "work", "value": "Reception@mail.example" }], "userType": "Standard",
    });
    let reception = run.client.create(&reception).await;

    let first = run.cycle(Reach::Changes).await;
    run.expect_refused(
        "examples/enterprise-toolkit.yaml",
        &first,
        &[
            (no_surname, ErrorCode::BadRequest, &["name.familyName", "surname"]),
            (wrong_type, ErrorCode::BadRequest, &["userType", "\"premium\"", "Premium", "Standard"]),
            (taken_mail, ErrorCode::EntryConflict, &["emails"]),
        ],
    );
    assert_eq!(
        first.section.log.count(EntryKind::User, Action::Other, Status::Skipped),
        1,
        "who has no mail has no name"
    );
    run.client.delete(&format!("/Users/{reception}")).await.expect(204);
    run.expect_arrived((0..21).filter(|index| !refused.contains(index))).await;
    run.expect_silence().await;

    let group = &run.job.group(0).expect("the group").id;
    until("all seventeen members are counted", async || {
        let status = run.directory.get("directorygroup", group).await?["status"].take();
        (status["memberCount"] == 17).then_some(())
    })
    .await;
    let effective = until("the effective values are shown", async || {
        let effective = run.person(chief).await["status"]["effective"].take();
        effective.is_object().then_some(effective)
    })
    .await;
    assert_eq!(effective["portalRole"], "Admin", "what SCIM may give: {effective}");
    let folders = &effective["extensions"]["urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName"]["folders"];
    assert_eq!(*folders, json!(["folder-1", "folder-2"]), "{effective}");

    set(&mut run.source, no_surname, "surname", Some("Able"));
    set(&mut run.source, wrong_type, "companyName", Some("Premium"));
    set(&mut run.source, no_mail, "mail", Some("new@mail.example"));
    let mended = run.cycle(Reach::Changes).await;
    // The mail is free again, and the escrow is over.
    run.expect_refused("examples/enterprise-toolkit.yaml, mended", &mended, &[]);
    run.expect_arrived(0..21).await;
    run.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keepnet_wants_a_mail_and_has_so_many_licences() {
    let (quota, no_mail) = (20, 1);
    let people = quota + 3;
    let mut source = company(people, 2);
    set(&mut source, no_mail, "mail", None);
    // Fewer licences than the example has, so that few people use them up.
    let mut spec = spec("keepnet.yaml");
    spec["users"]["quota"]["activeUsers"] = quota.into();
    let mut run = Run::start(spec, DEFAULTS, source).await;

    let first = run.cycle(Reach::Changes).await;
    let (last, words) = ([people - 2, people - 1], ["quota", "activeUsers"].as_slice());
    run.expect_refused(
        "examples/keepnet.yaml",
        &first,
        &[
            (no_mail, ErrorCode::BadRequest, &["emails[type eq \"work\"].value", "mail"]),
            (last[0], ErrorCode::BadRequest, words),
            (last[1], ErrorCode::BadRequest, words),
        ],
    );
    let arrived = (0..people).filter(|index| ![no_mail, last[0], last[1]].contains(index));
    run.expect_arrived(arrived.clone()).await;
    run.expect_silence().await;

    // Who is switched off makes room for one; other changes were never refused.
    run.source.change_person(2, |person| person.enabled = false);
    set(&mut run.source, 3, "jobTitle", Some("Promoted"));
    let later = run.cycle(Reach::Changes).await;
    run.expect_refused(
        "examples/keepnet.yaml, one licence free",
        &later,
        &[(no_mail, ErrorCode::BadRequest, &["mail"]), (last[1], ErrorCode::BadRequest, words)],
    );
    run.expect_arrived(arrived.chain([last[0]])).await;
    assert_eq!(run.person(2).await["spec"]["scim"]["active"], false);
    assert_eq!(run.person(3).await["spec"]["scim"]["title"], "Promoted");
    run.expect_silence().await;
}

/// Every scenario that comes with the simulator passes; each run has people of its own.
async fn expect_passed(dialect: PatchDialect) {
    // The clean-up at the end of a run deletes everybody at once.
    let directory = Directory::with_spec(json!({ "maxDeletesPerHour": 1_000_000 })).await;
    let client = directory.client(Operator::shared().await).await;
    for (scenario, people, groups) in [
        ("person", None, None),
        ("reorganisation", Some(160), None),
        ("unassign-everybody", None, None),
        ("restart", None, None),
        ("company", Some(150), Some(8)),
    ] {
        let token = Token::new(&directory.secret).expect("a token");
        let mut options = Options::new(&client.base, token, scenario);
        (options.people, options.groups, options.dialect) = (people, groups, Some(dialect));
        (options.parallel, options.seed) = (8, Some(SEED));
        let report = run(options).await;
        assert_eq!(report.verdict(), Verdict::Passed, "{}", report.to_text());
        println!("{}", report.to_text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes_in_the_legacy_dialect() {
    expect_passed(PatchDialect::Legacy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_passes_in_the_standard_dialect() {
    expect_passed(PatchDialect::Standard).await;
}
