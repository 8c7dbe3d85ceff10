//! What the API server takes and refuses: every rule and every bound worth it, with an object on each side of it.

use serde_json::{Value, json};

use crate::support::{Directory, until};

/// What kubectl shows of a retention that is none: a sentence, and no regular expression.
const RETENTION: &str =
    "retention is a time such as 30d, 720h or 1d12h: days, hours, minutes and seconds, in this order";

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The smallest object of each kind.
fn smallest(kind: &str) -> Value {
    let reference = json!({ "name": "staff" });
    let spec = match kind {
        "Directory" => json!({}),
        "DirectoryKey" => json!({ "directoryRef": reference, "sha256": HASH }),
        "DirectoryUser" => json!({
            "directoryRef": reference, "managedBy": "Provisioning", "scim": { "userName": "alice", "active": true },
        }),
        "DirectoryClaim" => json!({
            "directoryRef": reference, "attribute": "User.userName", "value": "alice", "holder": "alice-1", "nonce": "1",
        }),
        _ => panic!("{kind} is no kind of ours"),
    };
    json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "metadata": { "name": "x" }, "spec": spec })
}

/// Lays `change` over `object` as a JSON merge patch does (RFC 7396): null removes.
fn merge(object: &mut Value, change: &Value) {
    let Value::Object(change) = change else {
        object.clone_from(change);
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in change {
        if value.is_null() {
            object.as_object_mut().expect("an object").remove(name);
        } else {
            merge(&mut object[name], value);
        }
    }
}

/// The smallest object of a kind with a change to it.
fn changed(kind: &str, change: &Value) -> Value {
    let mut object = smallest(kind);
    merge(&mut object, change);
    object
}

/// A change to a spec.
fn spec(change: Value) -> Value {
    json!({ "spec": change })
}

/// A change to `spec.scim`.
fn scim(change: Value) -> Value {
    json!({ "spec": { "scim": change } })
}

/// A change to `spec.users` of a Directory.
fn users(change: Value) -> Value {
    json!({ "spec": { "users": change } })
}

/// What becomes of a change: accepted, or refused with these words.
type Case = (&'static str, Value, Result<(), &'static str>);

const ACCEPTED: Result<(), &str> = Ok(());

/// Hands every case to the real API server, which decides and stores nothing.
async fn check_created(kind: &str, cases: Vec<Case>) {
    let directory = Directory::new().await;
    for (name, change, expected) in cases {
        let object = changed(kind, &change);
        let answer = directory.kubectl_with(&["create", "--dry-run=server", "-f", "-"], &object.to_string()).await;
        check(kind, name, &answer, expected);
    }
}

/// Stores the smallest object with `before` laid over it, and hands every case to the API server as an update of it.
async fn check_updated(kind: &str, before: Value, cases: Vec<Case>) {
    let directory = Directory::new().await;
    let stored = changed(kind, &before);
    directory.kubectl_with(&["create", "-f", "-"], &stored.to_string()).await.expect("the object before the update");
    for (name, change, expected) in cases {
        let mut object = stored.clone();
        merge(&mut object, &change);
        let replace = ["replace", "--dry-run=server", "-f", "-"];
        // The operator claims the name of what was stored and writes its status; kubectl replaces what it has just read.
        let answer = until("an answer about the change itself", async || {
            let answer = directory.kubectl_with(&replace, &object.to_string()).await;
            let is_overtaken = answer.as_ref().is_err_and(|complaint| complaint.contains("(Conflict)"));
            (!is_overtaken).then_some(answer)
        })
        .await;
        check(kind, name, &answer, expected);
    }
}

#[track_caller]
fn check(kind: &str, name: &str, answer: &Result<String, String>, expected: Result<(), &str>) {
    match (answer, expected) {
        (Ok(_), Ok(())) => {}
        (Err(complaint), Err(word)) => assert!(complaint.contains(word), "{kind}, {name}: {complaint}"),
        (answer, expected) => panic!("{kind}, {name}: {answer:?}, expected {expected:?}"),
    }
}

/// As many different texts.
fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("text-{number}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn directories() {
    let named = |name: &str| json!({ "metadata": { "name": name } });
    let retention = |text: &str| spec(json!({ "retention": text }));
    let rotation = |every: &str, overlap: &str| spec(json!({ "keyRotation": { "every": every, "overlap": overlap } }));
    check_created(
        "Directory",
        vec![
            ("the smallest", json!({}), ACCEPTED),
            ("a name as long as a label value", named(&"n".repeat(63)), ACCEPTED),
            ("a longer name", named(&"n".repeat(64)), Err("at most 63 characters")),
            ("a name that begins like Kubernetes' own accounts", named("systems"), ACCEPTED),
            ("the name of Kubernetes' own accounts", named("system"), Err("may not be called system")),
            ("a name of one sign", named("7"), ACCEPTED),
            ("a name with a dash", named("staff-of-2026"), ACCEPTED),
            // Kubernetes takes it for the name of an object; a label value, and a part of a host, it is not.
            ("a name with a dot", named("staff.emea"), Err("the name of a Directory is a label")),
            ("a retention of two units", retention("36h30m"), ACCEPTED),
            ("a retention in days", retention("30d"), ACCEPTED),
            ("one in days and hours", retention("30d12h"), ACCEPTED),
            ("one of all units", retention("1d2h3m4s"), ACCEPTED),
            ("no time to keep anybody", retention("0s"), ACCEPTED),
            ("no retention", retention(""), Err(RETENTION)),
            ("a word", retention("banana"), Err(RETENTION)),
            ("a number without a unit", retention("30"), Err(RETENTION)),
            ("a unit without a number", retention("d"), Err(RETENTION)),
            ("units in another order", retention("12h30d"), Err(RETENTION)),
            ("a unit twice", retention("1h1h"), Err(RETENTION)),
            ("weeks", retention("4w"), Err(RETENTION)),
            ("a fraction", retention("1.5h"), Err(RETENTION)),
            ("less than nothing", retention("-1h"), Err(RETENTION)),
            ("a number that nobody can mean", retention("9999999999s"), Err(RETENTION)),
            ("the longest retention", retention("87600h"), ACCEPTED),
            ("a retention that is too long", retention("87601h"), Err("at most 87600h")),
            ("the longest in days", retention("3650d"), ACCEPTED),
            ("a second more", retention("3650d1s"), Err("at most 87600h")),
            ("the largest numbers", retention("999999999d999999999h"), Err("at most 87600h")),
            ("seconds alone", retention("315360001s"), Err("at most 87600h")),
            ("a rotation", rotation("90d", "14d"), ACCEPTED),
            ("the shortest rotation", rotation("24h", "1h"), ACCEPTED),
            ("the longest", rotation("3650d", "87599h"), ACCEPTED),
            ("one that is too short", rotation("23h", "1h"), Err("every is 24h to 3650d")),
            ("one that is too long", rotation("3651d", "1h"), Err("every is 24h to 3650d")),
            ("no overlap", rotation("24h", "0h"), Err("overlap is at least 1h")),
            ("an overlap as long as the rotation", rotation("1d", "24h"), Err("overlap must be shorter than every")),
            ("a rotation in minutes", rotation("1440m", "1h"), Err("every")),
            ("a rotation without an overlap", spec(json!({ "keyRotation": { "every": "90d" } })), Err("overlap")),
            ("no deletions at all", spec(json!({ "maxDeletesPerHour": 0 })), ACCEPTED),
            ("fewer than none", spec(json!({ "maxDeletesPerHour": -1 })), Err("maxDeletesPerHour")),
            (
                "a mode that does not exist",
                spec(json!({ "provisioning": { "mode": "Off" } })),
                Err("Unsupported value"),
            ),
            ("a field that does not exist", spec(json!({ "provisionning": {} })), Err("unknown field")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies() {
    let types = |types: Value| users(json!({ "userTypes": types }));
    let quota = |quota: Value| users(json!({ "quota": quota }));
    check_created(
        "Directory",
        vec![
            ("a default that is allowed", types(json!({ "allowed": ["A", "B"], "default": "B" })), ACCEPTED),
            (
                "one that is not",
                types(json!({ "allowed": ["A"], "default": "B" })),
                Err("default must be one of allowed"),
            ),
            (
                "a use for a default",
                types(json!({ "allowed": ["A"], "default": "A", "onInvalid": "UseDefault" })),
                ACCEPTED,
            ),
            ("and none", types(json!({ "allowed": ["A"], "onInvalid": "UseDefault" })), Err("needs a default")),
            ("no type allowed", types(json!({ "allowed": [] })), Err("allowed")),
            ("a type twice", types(json!({ "allowed": ["A", "A"] })), Err("Duplicate value")),
            ("a count of a type", quota(json!({ "byUserType": { "Premium": 1 } })), ACCEPTED),
            ("a type without a name", quota(json!({ "byUserType": { "": 1 } })), Err("1 to 256 characters")),
            ("less than nobody", quota(json!({ "byUserType": { "Premium": -1 } })), Err("byUserType")),
            (
                "a quota of a type that is allowed",
                users(json!({ "userTypes": { "allowed": ["A"] }, "quota": { "byUserType": { "A": 1 } } })),
                ACCEPTED,
            ),
            (
                "of one that is not",
                users(json!({ "userTypes": { "allowed": ["A"] }, "quota": { "byUserType": { "a": 1 } } })),
                Err("names a userType that userTypes.allowed does not have"),
            ),
            ("a type as large as the whole", quota(json!({ "activeUsers": 5, "byUserType": { "A": 5 } })), ACCEPTED),
            (
                "a type that is larger",
                quota(json!({ "activeUsers": 5, "byUserType": { "A": 6 } })),
                Err("more active users than activeUsers allows"),
            ),
            ("a type that is required", users(json!({ "userTypes": { "allowed": ["A"] }, "requiredAttributes": ["userType"] })), ACCEPTED),
            (
                "one that is required and has a default",
                users(json!({
                    "userTypes": { "allowed": ["A"], "default": "A" }, "requiredAttributes": ["UserType"],
                })),
                Err("cannot be required and have a default"),
            ),
            (
                "required attributes",
                users(json!({ "requiredAttributes": ["displayName", "emails[type eq \"work\"].value", "urn:x:y:Cost Center"] })),
                ACCEPTED,
            ),
            ("a required userName", users(json!({ "requiredAttributes": ["UserName"] })), Err("userName is always required")),
            (
                "an attribute that is required twice",
                users(json!({ "requiredAttributes": ["title", "Title"] })),
                Err("differ in letter case alone"),
            ),
            ("a required nothing", users(json!({ "requiredAttributes": ["  "] })), Err("is a SCIM path")),
            ("a required empty text", users(json!({ "requiredAttributes": [""] })), Err("requiredAttributes")),
            ("as many as may be", users(json!({ "requiredAttributes": texts(32) })), ACCEPTED),
            ("one more", users(json!({ "requiredAttributes": texts(33) })), Err("requiredAttributes")),
            ("a unique userName", users(json!({ "uniqueAttributes": ["USERNAME"] })), Err("userName is always unique")),
            ("a unique externalId", users(json!({ "uniqueAttributes": ["externalId"] })), Err("uniqueExternalId.users")),
            (
                "an attribute that is unique twice",
                users(json!({ "uniqueAttributes": ["title", "TITLE"] })),
                Err("differ in letter case alone"),
            ),
            ("a limit for roles", users(json!({ "roles": { "maxFromScim": "EnterpriseAdmin" } })), ACCEPTED),
            ("a limit that is no role", users(json!({ "roles": { "maxFromScim": "admin" } })), Err("Unsupported value")),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_attributes_and_extensions() {
    let extension = |schema: &str, attribute: &str| {
        users(json!({ "extensions": [{ "schema": schema, "attributes": [{ "name": attribute }] }] }))
    };
    let default_of = |attribute: Value| {
        let mut attribute = attribute;
        attribute["name"] = "a".into();
        users(json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [attribute] }] }))
    };
    check_created(
        "Directory",
        vec![
            ("five unique attributes", users(json!({ "uniqueAttributes": texts(5) })), ACCEPTED),
            ("six of them", users(json!({ "uniqueAttributes": texts(6) })), Err("uniqueAttributes")),
            ("an extension", extension("urn:example:badge", "number"), ACCEPTED),
            ("one that is no URN", extension("https://example.com", "number"), Err("schema")),
            ("an attribute that is no name", extension("urn:example:badge", "my number"), Err("name")),
            ("a URN of SCIM itself", extension("urn:ietf:params:scim:schemas:core:2.0:User", "number"), Err("SCIM itself")),
            (
                "the enterprise extension in another letter case",
                extension("URN:ietf:params:scim:schemas:extension:Enterprise:2.0:user", "number"),
                Err("SCIM itself"),
            ),
            ("a URN with a blank", extension("urn:example:my badge", "number"), Err("schema")),
            ("a URN that ends in a separator", extension("urn:example:", "number"), Err("schema")),
            (
                "an extension twice",
                users(json!({ "extensions": [{ "schema": "urn:x:y" }, { "schema": "URN:x:Y" }] })),
                Err("URNs that differ in letter case alone"),
            ),
            (
                "an attribute twice",
                users(json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [{ "name": "a" }, { "name": "A" }] }] })),
                Err("two attributes differ in letter case alone"),
            ),
            ("arbitrary keys", users(json!({ "extensions": [{ "schema": "urn:x:y" }] })), ACCEPTED),
            ("a default of a Boolean", default_of(json!({ "type": "Boolean", "default": "true" })), ACCEPTED),
            (
                "another one",
                default_of(json!({ "type": "Boolean", "default": "True" })),
                Err("the default of a Boolean is true or false"),
            ),
            ("a default of an Integer", default_of(json!({ "type": "Integer", "default": "-7" })), ACCEPTED),
            (
                "one with a fraction",
                default_of(json!({ "type": "Integer", "default": "7.5" })),
                Err("the default of an Integer is a whole number"),
            ),
            (
                "one of a list",
                default_of(json!({ "type": "Integer", "multiValued": true, "default": "1, 2" })),
                ACCEPTED,
            ),
            ("a default of a text", default_of(json!({ "default": "7.5" })), ACCEPTED),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory_keys() {
    let mint = |mint: Value| spec(json!({ "sha256": null, "mint": mint }));
    let time = |from: &str, to: &str| spec(json!({ "notBefore": from, "expiresAt": to }));
    let scopes = |scopes: Value| spec(json!({ "scopes": scopes }));
    check_created(
        "DirectoryKey",
        vec![
            ("the smallest", json!({}), ACCEPTED),
            ("a hash in capitals", spec(json!({ "sha256": HASH.to_uppercase() })), Err("sha256")),
            ("a hash that is cut", spec(json!({ "sha256": &HASH[1..] })), Err("sha256")),
            ("a key to be minted", mint(json!({ "secretName": "token", "deleteSecretAfter": "24h" })), ACCEPTED),
            ("neither hash nor mint", spec(json!({ "sha256": null })), Err("give sha256")),
            ("a Secret that cannot be", mint(json!({ "secretName": "Token" })), Err("secretName")),
            ("after no time", mint(json!({ "secretName": "token", "deleteSecretAfter": "" })), Err("such as 24h")),
            ("a time in which it is valid", time("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"), ACCEPTED),
            ("none", time("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), Err("notBefore must be earlier")),
            // As text the first were earlier.
            ("none in two zones", time("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+02:00"), Err("must be earlier")),
            ("a name of 100 letters of two bytes", spec(json!({ "displayName": "é".repeat(100) })), ACCEPTED),
            ("a name of 101", spec(json!({ "displayName": "é".repeat(101) })), Err("displayName")),
            ("a name of nothing", spec(json!({ "displayName": "" })), Err("displayName")),
            ("a description of 250 letters of four bytes", spec(json!({ "description": "🔑".repeat(250) })), ACCEPTED),
            ("a description of 251", spec(json!({ "description": "🔑".repeat(251) })), Err("description")),
            ("the one scope", scopes(json!(["provision"])), ACCEPTED),
            ("no scope", scopes(json!([])), Err("scopes")),
            ("a scope that does not exist", scopes(json!(["admin"])), Err("Unsupported value")),
            ("a Directory with a dash", spec(json!({ "directoryRef": { "name": "staff-2" } })), ACCEPTED),
            ("one that cannot be", spec(json!({ "directoryRef": { "name": "staff.emea" } })), Err("directoryRef.name")),
            ("one in capitals", spec(json!({ "directoryRef": { "name": "Staff" } })), Err("directoryRef.name")),
            ("one of another path", spec(json!({ "directoryRef": { "name": "../x" } })), Err("directoryRef.name")),
            ("a secret in the open", spec(json!({ "secret": "dk1_x" })), Err("unknown field")),
        ],
    )
    .await;
    check_updated(
        "DirectoryKey",
        json!({}),
        vec![
            ("revoked", spec(json!({ "revoked": true, "expiresAt": "2026-01-01T00:00:00Z" })), ACCEPTED),
            ("another hash", spec(json!({ "sha256": "0".repeat(64) })), Err("a key's hash never changes")),
            ("no hash any more", spec(json!({ "sha256": null, "mint": { "secretName": "x" } })), Err("never changes")),
            (
                "another Directory",
                spec(json!({ "directoryRef": { "name": "other" } })),
                Err("directoryRef is immutable"),
            ),
        ],
    )
    .await;
    // The operator writes such a hash (`key_life`), so no other one can be tried beside it.
    let minted = spec(json!({ "sha256": HASH, "mint": { "secretName": "x" } }));
    check_created("DirectoryKey", vec![("a minted hash", minted, ACCEPTED)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory_users() {
    let named = |metadata: Value| json!({ "metadata": metadata });
    let user_name = |length: usize| scim(json!({ "userName": "u".repeat(length) }));
    let pending = |pending: Value| spec(json!({ "pending": pending }));
    let eight: Value = texts(8).into_iter().map(|text| (text, json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let nine: Value = texts(9).into_iter().map(|text| (text, json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let link = json!({ "tenantID": "t", "objectID": "o", "linkedAt": "2026-01-01T00:00:00Z", "by": "login" });
    let mut cases = vec![
        ("the smallest", json!({}), ACCEPTED),
        ("a name as long as a label value", named(json!({ "name": "n".repeat(63) })), ACCEPTED),
        ("a longer name", named(json!({ "name": "n".repeat(64) })), Err("at most 63 characters")),
        (
            "a name by the server",
            named(json!({ "name": null, "generateName": "x-" })),
            Err("generateName is not supported"),
        ),
        ("nobody's", spec(json!({ "managedBy": null })), Err("managedBy: Required value")),
        ("a robot's", spec(json!({ "managedBy": "Robots" })), Err("Unsupported value")),
        ("no Directory", spec(json!({ "directoryRef": null })), Err("directoryRef: Required value")),
        ("one that cannot be", spec(json!({ "directoryRef": { "name": "-staff" } })), Err("directoryRef.name")),
        ("the longest userName", user_name(320), ACCEPTED),
        ("a longer one", user_name(321), Err("userName")),
        ("none", user_name(0), Err("userName")),
        ("neither active nor not", scim(json!({ "active": null })), Err("active: Required value")),
        ("active as text", scim(json!({ "active": "True" })), Err("must be of type boolean")),
        ("a member of a name that nobody knows", scim(json!({ "name": { "preferredGivenName": "Al" } })), ACCEPTED),
        ("a member of an e-mail address", scim(json!({ "emails": [{ "value": "a", "verified": true }] })), ACCEPTED),
        ("an attribute that nobody knows", scim(json!({ "shoeSize": 42 })), Err("unknown field")),
        ("an extension", scim(json!({ "extensions": { "urn:x": { "a": [1, { "b": null }] } } })), ACCEPTED),
        ("an extension that is text", scim(json!({ "extensions": { "urn:x": "a" } })), Err("must be of type object")),
        ("as many groups as there may be", spec(json!({ "memberOf": texts(2_048) })), ACCEPTED),
        ("one more", spec(json!({ "memberOf": texts(2_049) })), Err("memberOf")),
        ("eight values wanted", pending(eight), ACCEPTED),
        ("nine", pending(nine), Err("pending")),
        ("a value of no attribute", pending(json!({ "": "v" })), Err("1 to 300 characters")),
        ("no value of an attribute", pending(json!({ "User.userName": "" })), Err("pending")),
        ("an epoch", spec(json!({ "sessionEpoch": 0 })), ACCEPTED),
        ("one before all", spec(json!({ "sessionEpoch": -1 })), Err("sessionEpoch")),
        ("a link", spec(json!({ "link": link })), ACCEPTED),
        ("half a link", spec(json!({ "link": { "tenantID": "t" } })), Err("objectID: Required value")),
        ("a login method", spec(json!({ "loginMethod": "BuiltIn" })), ACCEPTED),
        ("one that does not exist", spec(json!({ "loginMethod": "Password" })), Err("Unsupported value")),
        ("64 e-mail addresses", scim(json!({ "emails": vec![json!({ "value": "a" }); 64] })), ACCEPTED),
        ("65", scim(json!({ "emails": vec![json!({ "value": "a" }); 65] })), Err("emails")),
    ];
    for list in ["emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509Certificates"] {
        let primary = json!({ "type": "work", "primary": true });
        cases.push(("one primary", scim(json!({ list: [primary, { "type": "home" }] })), ACCEPTED));
        cases.push(("two of them", scim(json!({ list: [primary, primary] })), Err("at most one element is primary")));
    }
    check_created("DirectoryUser", cases).await;
    check_updated(
        "DirectoryUser",
        json!({}),
        vec![
            ("suspended", spec(json!({ "suspended": true })), ACCEPTED),
            ("another userName", scim(json!({ "userName": "bob" })), ACCEPTED),
            (
                "another Directory",
                spec(json!({ "directoryRef": { "name": "other" } })),
                Err("directoryRef is immutable"),
            ),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory_claims() {
    check_created(
        "DirectoryClaim",
        vec![
            ("the smallest", json!({}), ACCEPTED),
            ("no value", spec(json!({ "value": "" })), Err("value")),
            ("the longest value", spec(json!({ "value": "v".repeat(2_048) })), ACCEPTED),
            ("a longer one", spec(json!({ "value": "v".repeat(2_049) })), Err("value")),
            (
                "a Directory that cannot be",
                spec(json!({ "directoryRef": { "name": "staff-" } })),
                Err("directoryRef.name"),
            ),
            ("a holder that cannot be", spec(json!({ "holder": "h".repeat(64) })), Err("holder")),
        ],
    )
    .await;
    let only_nonce = Err("only the nonce of a claim may change");
    check_updated(
        "DirectoryClaim",
        json!({}),
        vec![
            ("touched", spec(json!({ "nonce": "2" })), ACCEPTED),
            ("handed over", spec(json!({ "holder": "bob-1" })), only_nonce),
            ("another value", spec(json!({ "value": "bob" })), only_nonce),
            ("another attribute", spec(json!({ "attribute": "User.link" })), only_nonce),
            ("another Directory", spec(json!({ "directoryRef": { "name": "other" } })), only_nonce),
        ],
    )
    .await;
}
