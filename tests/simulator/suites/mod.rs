//! Microsoft's lists of tests against a server in memory: a server without a defect passes, whatever else it holds, and
//! each defect is found by the test that is there for it.

mod defects;
mod server;

use rollcall::simulator::client::{Client, DEADLINE, Endpoint, Token};
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::{Check, Section};
use rollcall::simulator::suites::{SUITES, SuiteContext};

use self::defects::Defect;
use self::server::Server;

const DIALECTS: [PatchDialect; 2] = [PatchDialect::Legacy, PatchDialect::Standard];
/// More than two pages of the suites.
const OTHERS: usize = 33;

async fn run(suite: &str, dialect: PatchDialect, server: &Server, keep: bool) -> Vec<Section> {
    let endpoint = Endpoint::parse(&server.url).expect("a URL");
    let token = Token::new("token").expect("a token");
    let client = Client::new(endpoint, token, DEADLINE, 1, None).expect("a client");
    let context = SuiteContext { client, seed: 1, domain: "run-1.example".to_owned(), keep, dialect };
    let suite = SUITES.iter().find(|known| known.name == suite).expect("a suite");
    (suite.run)(&context).await
}

fn failed(sections: &[Section]) -> Vec<&Check> {
    sections.iter().flat_map(|section| &section.checks).filter(|check| !check.passed).collect()
}

#[tokio::test]
async fn a_server_without_a_defect_passes_and_is_left_as_it_was() {
    for dialect in DIALECTS {
        for (suite, least) in [("validator", 35), ("onboarding", 24), ("reference-collection", 77)] {
            let server = Server::start(None, OTHERS).await;
            let sections = run(suite, dialect, &server, false).await;
            assert!(failed(&sections).is_empty(), "{suite}, {dialect:?}: {:#?}", failed(&sections));
            let checks = sections.iter().map(|section| section.checks.len()).sum::<usize>();
            assert!(checks >= least, "{suite} makes {checks} checks");
            assert_eq!(server.counts(), (OTHERS, OTHERS), "{suite} leaves something behind");
        }
    }
}

#[tokio::test]
async fn what_was_made_stays_where_that_is_asked_for() {
    let server = Server::start(None, 0).await;
    run("validator", PatchDialect::Standard, &server, true).await;
    let (users, groups) = server.counts();
    assert!(users > 20 && groups > 5, "{users} users, {groups} groups");
}

#[tokio::test]
async fn each_defect_is_found_by_the_test_that_is_there_for_it() {
    let (legacy, standard) = (PatchDialect::Legacy, PatchDialect::Standard);
    for (defect, suite, dialect, test) in [
        (Defect::PlainJson, "validator", standard, "Create a new User"),
        (Defect::PlainJson, "onboarding", standard, "SCIM_User_Create_Test"),
        (Defect::Duplicates, "validator", standard, "Create a duplicate User"),
        (Defect::Duplicates, "validator", standard, "Create a duplicate Group"),
        (Defect::Duplicates, "reference-collection", standard, "Post emp3 exists"),
        (Defect::ExactNames, "validator", standard, "Filter for an existing user with a different case"),
        (Defect::ExactNames, "validator", standard, "Filter for an existing group with a different case"),
        (Defect::NotFoundForNoHit, "validator", standard, "Filter for a non-existing user"),
        (Defect::NotFoundForNoHit, "validator", standard, "Filter for a non-existing group"),
        (Defect::NotFoundForNoHit, "onboarding", standard, "Create_User_Test"),
        (Defect::FilterIgnored, "validator", standard, "Filter for an existing user"),
        (Defect::FilterIgnored, "reference-collection", standard, "On Demand"),
        (Defect::QuotesNeeded, "reference-collection", standard, "filter starts with"),
        (Defect::QuotesNeeded, "reference-collection", standard, "filter eq and (val or val)"),
        (Defect::MembersAlways, "validator", standard, "Get group by id excluding members"),
        (Defect::MembersAlways, "validator", standard, "Filter for an existing group excluding members"),
        (Defect::MembersAlways, "onboarding", standard, "Create_Group_Test"),
        (Defect::BooleansAsText, "validator", legacy, "Patch User - Disable User"),
        (Defect::BooleansAsText, "reference-collection", standard, "Post emp1 with string \"True\""),
        (Defect::PathlessIgnored, "validator", legacy, "Patch User - Update userName"),
        (Defect::PathlessIgnored, "validator", legacy, "Patch User - Replace Attributes (non-verbose)"),
        (Defect::PathlessIgnored, "validator", legacy, "Patch Group - Update displayName"),
        (Defect::PathlessIgnored, "onboarding", standard, "Update_User_Test"),
        (Defect::ElementNeeded, "validator", standard, "Patch User - Add Attributes (verbose)"),
        (Defect::ElementNeeded, "onboarding", standard, "SCIM_Null_Update_Test (verbose)"),
        (Defect::NothingIgnored, "validator", standard, "Patch User - Remove Manager (text)"),
        (Defect::NothingIgnored, "validator", standard, "Patch User - Remove Manager (object)"),
        (Defect::NothingIgnored, "onboarding", standard, "SCIM_Null_Update_Test (non-verbose)"),
        (Defect::ManagerAsTextLost, "validator", standard, "Patch User - Add Manager (text)"),
        (Defect::ManagerAsTextLost, "onboarding", standard, "SCIM_Update_Manager_Test"),
        (Defect::RemovalEmptiesGroup, "onboarding", legacy, "Group_Update_Remove_Member_Test"),
        (Defect::RemovalEmptiesGroup, "onboarding", standard, "POD_Group_Test"),
        (Defect::MembersChecked, "reference-collection", standard, "Group patch add member"),
        (Defect::NoDotAfterUrn, "reference-collection", standard, "Update User (manager)"),
        (Defect::DisablingLeavesGroups, "onboarding", standard, "Restore_User_Test (optional)"),
        (Defect::DeletesNothing, "validator", standard, "Delete a User"),
        (Defect::DeletesNothing, "reference-collection", standard, "Get all users: cleared"),
        (Defect::DeletesTwice, "validator", standard, "Delete the same User twice"),
        (Defect::DeletesTwice, "validator", standard, "Delete a non-existent Group"),
        (Defect::TitlesLowered, "validator", standard, "Create a new User"),
        (Defect::TitlesLowered, "onboarding", legacy, "Update_User_Test"),
        (Defect::FormatsChecked, "onboarding", standard, "SCIM_User_Update_Test"),
        (Defect::FormatsChecked, "reference-collection", standard, "Create Employee"),
        (Defect::PagesOverlap, "onboarding", standard, "SCIM_User_Pagination_Test"),
        (Defect::PagesOverlap, "onboarding", standard, "SCIM_Group_Pagination_Test"),
        (Defect::ExternalIdInNoSchema, "onboarding", standard, "Schema_Discoverability_Test"),
        (Defect::GroupsFirst, "reference-collection", standard, "Get ResourceTypes"),
        (Defect::NameInvented, "reference-collection", standard, "Post no username"),
        (Defect::NameInvented, "reference-collection", standard, "Put a user no username"),
    ] {
        let server = Server::start(Some(defect), OTHERS).await;
        let sections = run(suite, dialect, &server, false).await;
        let failed = failed(&sections);
        let found = failed.iter().find(|check| check.name == test);
        let found = found.unwrap_or_else(|| panic!("{defect:?}: {test} passes; what fails: {failed:#?}"));
        assert!(!found.expected.is_empty() && found.found.contains("request: "), "the request shows it: {found:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_fails_every_test_and_ends_the_run() {
    let mut server = Server::start(None, 0).await;
    // The port of the discard service, which nobody runs.
    server.url = "http://127.0.0.1:9/scim".to_owned();
    for suite in SUITES {
        let sections = run(suite.name, PatchDialect::Standard, &server, false).await;
        let checks: Vec<_> = sections.iter().flat_map(|section| &section.checks).collect();
        assert!(!checks.is_empty() && checks.iter().all(|check| !check.passed), "{}: {checks:#?}", suite.name);
    }
}
