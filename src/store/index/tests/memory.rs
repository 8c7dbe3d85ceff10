//! What the index takes for each person, by what the kernel says of the process.

use serde_json::json;

use super::objects::claims_of;
use super::*;

const PEOPLE: usize = 20_000;
/// Most bytes for each person, with the claims.
const GOAL: usize = 2048;

/// A person as Entra provisions one, who has logged in and whose status has been written.
fn person(number: usize) -> Object {
    let user_name = format!("person-{number}@contoso.example");
    let since = "2026-11-27T20:31:04Z";
    let condition = |name: &str, reason: &str| json!({ "type": name, "status": "True", "reason": reason, "message": "", "observedGeneration": 2, "lastTransitionTime": since });
    json!({
        "kind": "DirectoryUser",
        "metadata": {
            "name": format!("person-{number}-bcdfghjklmnpqr"), "resourceVersion": "17", "generation": 2,
            "uid": "0a21f0f2-8d2a-4f8e-bf98-26a2b1b3c4d5", "labels": { "rollcall.dev/directory": DIRECTORY },
        },
        "spec": {
            "directoryRef": { "name": DIRECTORY }, "managedBy": "Provisioning", "sessionEpoch": 1,
            "link": { "tenantID": "11111111-2222-3333-4444-555555555555", "objectID": format!("0a21f0f2-8d2a-4f8e-bf98-{number:012}") },
            "scim": {
                "externalId": format!("0a21f0f2-8d2a-4f8e-bf98-{user_name}"),
                "userName": user_name, "active": true, "displayName": format!("Person {user_name}"), "title": "Engineer",
                "emails": [{ "primary": true, "type": "work", "value": format!("mail-{user_name}") }],
                "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" },
                "addresses": [{ "type": "work", "locality": "Bucharest", "country": "RO", "postalCode": "010011" }],
                "phoneNumbers": [{ "type": "work", "value": "+40 21 555 0134" }],
                "extensions": { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "employeeNumber": "701984", "department": "Bicycles" } },
                "meta": { "created": "2026-11-27T20:31:04.123Z", "lastModified": "2026-11-27T20:31:04.123Z" },
            },
        },
        "status": {
            "observedGeneration": 2, "state": "Active", "stateSince": since,
            "conditions": [condition("AccessGranted", "Granted"), condition("Ready", "Claimed")],
        },
    })
    .into()
}

/// The resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel's word");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("kibibytes") * 1024
}

#[test]
#[ignore = "measures the whole process: run it alone, with --ignored memory"]
fn a_person_who_has_logged_in_takes_no_more_than_the_goal() {
    let index = Index::default();
    let fill = |numbers: std::ops::Range<usize>| {
        for number in numbers {
            let person = person(number);
            index.put(Kind::USER, DIRECTORY, &person, WATCH);
            for claim in claims_of(Resource::User, &person, &IndexRules::default(), 18) {
                index.put(Kind::CLAIM, DIRECTORY, &claim, WATCH);
            }
        }
    };
    // What every process has, and what the tables take before they grow, is the base.
    fill(0..10);
    let base = resident();
    fill(10..PEOPLE);
    assert_eq!(index.visible(Resource::User), PEOPLE);
    let each = (resident() - base) / PEOPLE;
    assert!(each <= GOAL, "{each} bytes for each person");
    assert!(each > 500, "{each} bytes: nothing was measured");
}
