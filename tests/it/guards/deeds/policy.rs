//! Who makes keys, who writes a status, and what the operator leaves alone.

use serde_json::{Value, json};

use super::super::scene::{Act, Names, Who, annotate, create, delete, label, object, patch, patch_status, replace};
use super::{Deed, RBAC, Step, spec};
use crate::support::directory::sha256;

const DIRECTORY: &str = "directory";
const KEY: &str = "directorykey";
const REPORT: &str = "The operator alone writes the report staff";
/// No secret of anybody: what `rollcall key new` makes of 32 times the byte 7.
const SECRET: &str = "dk1_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc_mkFNnA";

pub(crate) fn keys(names: &Names) -> Vec<Deed> {
    [making_keys(names), changing_keys(names)].into_iter().flatten().collect()
}

fn key(names: &Names, name: &str, description: &str) -> Act {
    let spec = json!({ "directoryRef": { "name": "staff" }, "sha256": sha256(name), "description": description });
    create(object(names, "DirectoryKey", name, spec))
}

fn minted(names: &Names, name: &str) -> Act {
    let spec = json!({ "directoryRef": { "name": "staff" }, "mint": { "secretName": name } });
    create(object(names, "DirectoryKey", name, spec))
}

const MINT: &str = "the verb `mint`, which `rollcall-admin` holds; `override`";
const TAKES_MINT: &str = "Making or changing the DirectoryKey mine takes the verb mint on directorykeys";

fn making_keys(names: &Names) -> Vec<Deed> {
    let deed = "make a key";
    let mine = key(names, "mine", "");
    let no_right = "cannot create resource \"directorykeys\"";
    let told = "There is a secret of a key in a text of this object";
    vec![
        Deed::refused(RBAC, deed, Who::NamespaceAdmin, mine.clone(), no_right).around("`rollcall-admin`", []),
        Deed::refused(RBAC, deed, Who::Editor, mine.clone(), no_right).around("`rollcall-admin`", []),
        Deed::refused("keys", deed, Who::OwnerOfAllResources, mine.clone(), TAKES_MINT)
            .around(MINT, [Step::As(Who::Administrator, mine), Step::As(Who::Restorer, key(names, "restored", ""))]),
        Deed::refused(
            "keys",
            "write the secret of a key into its description",
            Who::Administrator,
            key(names, "told", &format!("the token is {SECRET}")),
            told,
        )
        .around("the hash alone", [Step::As(Who::Administrator, key(names, "told", "for the portal"))]),
        Deed::refused(
            "keys",
            "annotate a key with its secret",
            Who::Administrator,
            annotate(KEY, "told", &format!("token={SECRET}")),
            told,
        )
        .around("any other annotation", [Step::As(Who::Administrator, annotate(KEY, "told", "owner=blue"))]),
        Deed::refused(
            "keys",
            "label a key with its secret",
            Who::Administrator,
            label(KEY, "told", &format!("token={SECRET}")),
            told,
        )
        .around("any other label", [Step::As(Who::Administrator, label(KEY, "told", "owner=blue"))]),
    ]
}

/// The key was made by the rows above.
fn changing_keys(_: &Names) -> Vec<Deed> {
    let change = |change: Value| patch(KEY, "mine", spec(change));
    let longer = change(json!({ "expiresAt": "2036-01-01T00:00:00Z" }));
    let refused = |deed, act| Deed::refused("keys", deed, Who::OwnerOfAllResources, act, TAKES_MINT);
    let (open, unmarked) = (change(json!({ "revoked": false })), change(json!({ "revoked": null })));
    vec![
        refused("let a key live longer", longer.clone()).around(
            "the verb `mint`; to close a key takes no more than `update`",
            [
                Step::As(Who::Administrator, longer),
                Step::As(Who::OwnerOfAllResources, change(json!({ "revoked": true }))),
                Step::As(Who::OwnerOfAllResources, annotate(KEY, "mine", "why=lost")),
            ],
        ),
        refused("open a revoked key again", open.clone())
            .around("the verb `mint`; better a new key", [Step::As(Who::Administrator, open)]),
        refused("take the revocation of a key away", unmarked.clone()).around(
            "the same",
            [Step::As(Who::Administrator, unmarked), Step::As(Who::OwnerOfAllResources, delete(KEY, "mine"))],
        ),
    ]
}

pub(crate) fn status(names @ Names { ada, sales, .. }: &Names) -> Vec<Deed> {
    let deed = |deed, kind, name: &str, status: Value| {
        let says = format!("The operator alone writes the status of {name}");
        let act = patch_status(kind, name, status);
        Deed::refused("status", deed, Who::OwnerOfAllResources, act.clone(), says)
            .around("leave it to the operator; `override`", [Step::As(Who::Restorer, act)])
    };
    let report = object(names, "DirectoryReport", "staff", json!({ "directoryRef": { "name": "staff" } }));
    let report = create(report);
    let empty = json!({ "counts": { "users": 0, "activeUsers": 0, "groups": 0 } });
    vec![
        deed("let a Directory look empty", DIRECTORY, "staff", empty),
        deed("let a key look unused", KEY, "key", json!({ "observedGeneration": 7 })),
        deed("change what counts for a person", "directoryuser", ada, json!({ "effective": { "userType": "x" } })),
        deed("change the member count of a group", "directorygroup", sales, json!({ "memberCount": 7 })),
        Deed::refused("status", "make a report of an observation", Who::OwnerOfAllResources, report.clone(), REPORT)
            .around("leave it to the operator; `override`", [Step::As(Who::Restorer, report)]),
    ]
}

pub(crate) fn operator(names: &Names) -> Vec<Deed> {
    let refused = |deed, act| {
        Deed::refused("operator", deed, Who::Operator, act, "People write Directories, keys and applications")
    };
    let deed =
        |deed, act: Act| refused(deed, act.clone()).around("`rollcall-admin`", [Step::As(Who::Administrator, act)]);
    let allow = |name: &str| annotate(DIRECTORY, name, "rollcall.dev/allow-delete=true");
    let application = json!({ "directoryRef": { "name": "staff" }, "hosts": ["wiki.contoso.example"] });
    let application = object(names, "DirectoryApplication", "wiki", application);
    vec![
        deed("change the spec of a Directory", patch(DIRECTORY, "staff", spec(json!({ "maxDeletesPerHour": 7 })))),
        deed("allow the deletion of a Directory", allow("staff")),
        deed("label a Directory", label(DIRECTORY, "staff", "team=blue")),
        deed("create a Directory", create(object(names, "Directory", "second", json!({})))),
        refused("delete a Directory", delete(DIRECTORY, "staff")).around(
            "`rollcall-admin`",
            [Step::As(Who::Administrator, allow("second")), Step::As(Who::Administrator, delete(DIRECTORY, "second"))],
        ),
        deed("make a key", key(names, "stolen", "")),
        deed("make a minted key", minted(names, "minted")),
        deed("describe a key", patch(KEY, "stolen", spec(json!({ "description": "x" })))),
        deed("let a key of people end", patch(KEY, "stolen", spec(json!({ "expiresAt": "2099-01-01T00:00:00Z" })))),
        deed("revoke a key", patch(KEY, "stolen", spec(json!({ "revoked": true })))),
        deed("delete a key", delete(KEY, "stolen")),
        deed("let an application in (create a DirectoryApplication)", create(application)),
        deed(
            "change who may use an application",
            patch("directoryapplication", "wiki", spec(json!({ "require": {} }))),
        ),
        deed("delete an application", delete("directoryapplication", "wiki")),
    ]
}

pub(crate) fn secrets(names: &Names) -> Vec<Deed> {
    let secret = |name: &str, secret_type: &str| {
        create(json!({
            "apiVersion": "v1", "kind": "Secret", "type": secret_type, "stringData": { "token": "x" },
            "metadata": { "name": name, "namespace": names.namespace },
        }))
    };
    // Merge patches take a right that the operator lacks; its writes replace whole objects.
    let replaced = |name: &str| {
        replace(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "rollcall.dev/client-secret", "stringData": { "clientSecret": "y" },
            "metadata": { "name": name, "namespace": names.namespace },
        }))
    };
    let says = "The operator writes Secrets of the types rollcall.dev/login-keys, rollcall.dev/password, \
                rollcall.dev/invitation and rollcall.dev/key-token alone";
    let deed = |deed, act: Act, way: Vec<Step>| {
        Deed::refused("secrets", deed, Who::Operator, act, says).around("`edit` of the namespace", way)
    };
    let people = |act| Step::As(Who::NamespaceAdmin, act);
    let of_people = "rollcall.dev/client-secret";
    vec![
        deed(
            "create a Secret of another type than its own",
            secret("loot", "Opaque"),
            vec![people(secret("loot", "Opaque"))],
        ),
        deed("make a client secret", secret("entra", of_people), vec![people(secret("entra", of_people))]),
        deed("change a client secret", replaced("entra"), vec![people(replaced("entra"))]),
        deed(
            "delete somebody's Secret",
            delete("secret", "loot"),
            vec![
                people(delete("secret", "loot")),
                Step::As(Who::Operator, secret("ada", "rollcall.dev/password")),
                Step::As(Who::Operator, delete("secret", "ada")),
            ],
        ),
    ]
}
