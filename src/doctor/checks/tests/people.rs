//! The cases of the traffic, the people and the login.

use serde_json::{Value, json};

use super::*;

#[test]
fn the_checks_of_the_traffic() {
    check_all(&[
        (
            "nobody ever came",
            |seen| {
                seen.directory["status"]["provisioning"] = Value::Null;
                seen.keys.clear();
            },
            "contact",
            Problem,
            "Start provisioning",
        ),
        (
            "silent for three cycles",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastContact": "2026-03-01T07:50:00Z" } } }));
                seen.keys[0] = {
                    let mut key: Value = seen.keys[0].clone().into();
                    key["status"] = json!({});
                    key.into()
                };
            },
            "contact",
            Problem,
            "last heard 2 hours ago",
        ),
        (
            "silent, as the operator says",
            |seen| seen.stand("Stale", "True", "Silent", "nothing for 3 cycles"),
            "contact",
            Problem,
            "nothing for 3 cycles",
        ),
        (
            "a wrong token",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "failedAuthentications":
                    { "count": 3, "lastTime": "2026-03-01T09:55:00Z", "reason": "unknown_key" } } } }));
            },
            "authentication",
            Problem,
            "Test Connection",
        ),
        (
            "a wrong token, long ago",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "failedAuthentications":
                    { "count": 3, "lastTime": "2026-02-01T09:55:00Z", "reason": "expired" } } } }));
            },
            "authentication",
            Fine,
            "28 days ago",
        ),
        (
            "mapping without mail",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastError": {
                    "time": "2026-03-01T09:55:00Z", "request": "POST /Users", "subject": "ada@contoso.example", "status": 400,
                    "scimType": "invalidValue", "detail": "This directory requires emails", "requestID": "r-1" } } } }));
            },
            "last-error",
            Problem,
            "Provisioning > Mappings; then Provision on demand for that person (request r-1 in the log)",
        ),
        (
            "an error that has not come again",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastError": { "time": "2026-03-01T08:00:00Z", "status": 409 } } } }));
            },
            "last-error",
            Fine,
            "the last refusal is old",
        ),
        (
            "refusals",
            |seen| seen.set(json!({ "status": { "provisioning": { "cycle": { "refused": 7 } } } })),
            "refusals",
            Problem,
            "Incremental: 1 created, 0 updated, 0 deactivated, 0 deleted, 7 refused",
        ),
    ]);
}

#[test]
fn the_checks_of_the_people() {
    check_all(&[
        ("nobody although the provider comes", |seen| seen.users.clear(), "people", Problem, "Default Access"),
        ("nobody, and the records are scoped", |seen| seen.users.clear(), "people", Problem, "All Records"),
        (
            "nobody, and nobody came",
            |seen| {
                seen.users.clear();
                seen.keys.clear();
                seen.directory["status"]["provisioning"] = Value::Null;
            },
            "people",
            Fine,
            "nobody is here yet",
        ),
        (
            "nobody, and the Directory is observed",
            |seen| {
                seen.users.clear();
                seen.set(json!({ "spec": { "provisioning": { "mode": "Observe" } } }));
            },
            "people",
            Fine,
            "stored nowhere",
        ),
        (
            "people may not be listed",
            |seen| seen.observed.people = Err(Blind::Forbidden("list directoryusers in acme".to_owned())),
            "people",
            Unknown,
            "list directoryusers in acme",
        ),
        (
            "mail is required",
            |seen| {
                seen.set(json!({ "spec": { "users": { "requiredAttributes": ["emails[type eq \"work\"].value"] } } }));
            },
            "mapping",
            Problem,
            "usually mapped from mail",
        ),
        (
            "mail is required, of somebody inactive",
            |seen| {
                seen.set(json!({ "spec": { "users": { "requiredAttributes": ["title"] } } }));
                seen.users = vec![user("ada@contoso.example", json!({ "scim": { "active": false } }))];
            },
            "mapping",
            Fine,
            "",
        ),
        (
            "no e-mail address, and people log in by name",
            |seen| {
                seen.login(json!({}));
                seen.users.push(user("ada", json!({ "scim": { "externalId": "ada" } })));
            },
            "user-names",
            Problem,
            "userNames without the form of an e-mail address: 1 (ada)",
        ),
        (
            "no e-mail address, and nobody logs in",
            |seen| seen.users.push(user("ada", json!({}))),
            "user-names",
            Fine,
            "map userPrincipalName to userName",
        ),
        (
            "no object id, and people log in by it",
            |seen| {
                seen.login(json!({ "match": "ObjectId" }));
                seen.users.push(user("bob@contoso.example", json!({ "scim": { "externalId": "bob" } })));
            },
            "user-names",
            Problem,
            "map objectId to externalId",
        ),
    ]);
}

#[test]
fn the_checks_of_what_stands_between_people_and_of_limits() {
    check_all(&[
        (
            "a name taken",
            |seen| {
                let mut ada: Value = seen.users[0].clone().into();
                ada["status"]["conditions"] = json!([condition_json("NameClaimed", "False", "Taken", "")]);
                seen.users[0] = ada.into();
            },
            "conflicts",
            Problem,
            "ada@contoso.example (ada)",
        ),
        (
            "an undelete that waits",
            |seen| {
                let mut ada: Value = seen.users[0].clone().into();
                ada["spec"]["deletedAt"] = NOW.into();
                ada["metadata"]["annotations"] = json!({ "rollcall.dev/undelete": "true" });
                seen.users.push(ada.into());
            },
            "deleted",
            Problem,
            "1 deleted objects are asked back and wait: ada",
        ),
        (
            "groups ignored",
            |seen| seen.set(json!({ "spec": { "groups": { "mode": "Ignore" } } })),
            "groups",
            Fine,
            "disable Provision Microsoft Entra ID Groups",
        ),
        (
            "groups ignored and required",
            |seen| {
                seen.set(json!({ "spec": { "groups": { "mode": "Ignore" } } }));
                let spec = json!({ "require": { "groups": ["Ops"] } });
                let status = json!({ "conditions": [condition_json("Ready", "True", "", "")] });
                seen.observed.applications = Ok(vec![object("DirectoryApplication", "wiki", spec, status)]);
            },
            "groups",
            Problem,
            "an application requires groups",
        ),
        ("no groups", |seen| seen.groups.clear(), "groups", Fine, "no group was sent"),
        (
            "duplicates",
            |seen| seen.stand("DuplicateExternalId", "True", "Duplicates", "2 users have an externalId"),
            "duplicates",
            Problem,
            "map objectId to externalId",
        ),
        (
            "the quota is reached",
            |seen| seen.stand("QuotaReached", "True", "Reached", "5 of 5 active users"),
            "quota",
            Problem,
            "5 of 5 active users",
        ),
        (
            "the quota is near",
            |seen| seen.stand("QuotaReached", "False", "Nearly", "4 of 5 active users"),
            "quota",
            Fine,
            "raise spec.users.quota",
        ),
        (
            "deletions are braked",
            |seen| seen.stand("MassDeleteBlocked", "True", "LimitReached", "50 people were deleted"),
            "mass-delete",
            Problem,
            "massDeleteOverrideUntil",
        ),
        (
            "many people were deactivated at once",
            |seen| seen.stand("ManyDeactivated", "True", "Burst", "60 of 300 people were deactivated"),
            "deactivations",
            Problem,
            "mend the assignments",
        ),
        (
            "the operator suspects the mapping",
            |seen| seen.stand("MappingSuspect", "True", "AttributesUnusable", "2 users have an empty externalId"),
            "user-names",
            Problem,
            "2 users have an empty externalId",
        ),
    ]);
}

#[test]
fn the_checks_of_the_login() {
    check_all(&[
        ("no login", |_| {}, "login", Fine, "the Directory has no spec.login"),
        ("a login", |seen| seen.login(json!({})), "login", Fine, "the provider answers"),
        (
            "disabled",
            |seen| seen.set(json!({ "spec": { "login": { "method": "Disabled" } } })),
            "login",
            Problem,
            "spec.login.method is Disabled",
        ),
        (
            "not ready",
            |seen| {
                seen.login(json!({}));
                seen.stand("LoginReady", "False", "ProviderUnreachable", "no route");
            },
            "login",
            Problem,
            "(ProviderUnreachable): no route",
        ),
        ("redirect URIs", |seen| seen.login(json!({})), "redirect-uris", Fine, "login/acme/staff/callback"),
        (
            "no redirect URIs",
            |seen| {
                seen.login(json!({}));
                seen.directory["status"]["redirectURIs"] = Value::Null;
            },
            "redirect-uris",
            Problem,
            "publicUrl",
        ),
        (
            "no Secret",
            |seen| {
                seen.login(json!({}));
                seen.observed.client_secret = Some(Err(Blind::Absent));
            },
            "client-secret",
            Problem,
            "kubectl -n acme create secret generic entra --type rollcall.dev/client-secret",
        ),
        (
            "a Secret of another type",
            |seen| {
                seen.login(json!({}));
                let secret = ClientSecret { secret_type: "Opaque".to_owned(), has_entry: true };
                seen.observed.client_secret = Some(Ok(secret));
            },
            "client-secret",
            Problem,
            "delete it, then",
        ),
        (
            "Secrets may not be read",
            |seen| {
                seen.login(json!({}));
                seen.observed.client_secret = Some(Err(Blind::Forbidden("get secrets in acme".to_owned())));
            },
            "client-secret",
            Unknown,
            "get secrets in acme",
        ),
        (
            "an application whose host is taken",
            |seen| {
                let status = json!({ "conditions": [condition_json("Ready", "False", "HostTaken", "wiki.example")] });
                seen.observed.applications = Ok(vec![object("DirectoryApplication", "wiki", json!({}), status)]);
            },
            "applications",
            Problem,
            "wiki (HostTaken: wiki.example)",
        ),
    ]);
}
