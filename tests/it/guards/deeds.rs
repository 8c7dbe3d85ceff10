//! What somebody tries and is refused, the sentence that refuses it, and the way around. `docs/guards.md` holds the same table.

use serde_json::{Value, json};

use super::scene::{
    ACCOUNT_OF_PEOPLE, Act, Names, Who, annotate, create, delete, delete_collection, label, object, patch,
    patch_status, user_object,
};
use crate::support::directory::sha256;

/// One row of the table.
pub(crate) struct Deed {
    /// What is tried.
    pub(crate) deed: &'static str,
    pub(crate) who: Who,
    pub(crate) act: Act,
    /// The guard that refuses it, by the name of its value; or RBAC.
    pub(crate) guard: &'static str,
    /// Words of the sentence that whoever tries it reads.
    pub(crate) says: String,
    /// How it is done properly.
    pub(crate) around: &'static str,
    /// The same as it is done.
    pub(crate) way: Vec<Step>,
}

/// One step of a way around; each has to succeed.
pub(crate) enum Step {
    As(Who, Act),
    Scim(&'static str, String, Value),
}

/// What refuses where no guard is needed.
pub(crate) const RBAC: &str = "RBAC";

/// The tests and the rows that each of them proves.
pub(crate) const TESTS: [(&str, fn(&Names) -> Vec<Deed>); 7] = [
    ("fields_belong_to_who_writes_them", fields),
    ("what_scim_manages_is_deleted_over_scim", deletion),
    ("a_directory_with_people_is_deleted_by_nobody_without_the_annotation", directories),
    ("claims_are_nobodys_to_write", claims),
    ("keys_take_a_right_of_their_own", keys),
    ("a_status_is_the_operators", status),
    ("the_operator_changes_no_policy", operator),
];

fn spec(change: Value) -> Value {
    json!({ "spec": change })
}

fn metadata(change: Value) -> Value {
    json!({ "metadata": change })
}

fn scim_patch(path: String, operation: Value) -> Step {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    Step::Scim("PATCH", path, json!({ "schemas": schemas, "Operations": [operation] }))
}

pub(crate) fn fields(names: &Names) -> Vec<Deed> {
    let (user, group) = ("directoryuser", "directorygroup");
    let (ada, sales) = (names.ada.as_str(), names.sales.as_str());
    let provider_writes =
        |field: &str, name: &str| format!("The identity provider writes {field} of {name} over SCIM: change it there");
    let title = |title: &str| spec(json!({ "scim": { "title": title } }));
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "0a21f0f2-8d2a-4f8e-bf98-5e1ec7a0b0c1" }]);
    let link = json!({ "tenantID": "t", "objectID": "o", "linkedAt": "2026-01-01T00:00:00Z", "by": "me" });
    vec![
        Deed {
            deed: "change `spec.scim` of a person",
            who: Who::Editor,
            act: patch(user, ada, title("Boss")),
            guard: "fields",
            says: provider_writes("spec.scim", ada),
            around: "change it in the identity provider; `override`",
            way: vec![
                scim_patch(format!("/Users/{ada}"), json!({ "op": "replace", "path": "title", "value": "Boss" })),
                Step::As(Who::Restorer, patch(user, ada, title("Chief"))),
            ],
        },
        Deed {
            deed: "put a person into a group (`spec.memberOf`)",
            who: Who::Editor,
            act: patch(user, ada, spec(json!({ "memberOf": [sales] }))),
            guard: "fields",
            says: provider_writes("spec.memberOf", ada),
            around: "add the member in the identity provider; `override`",
            way: vec![
                scim_patch(
                    format!("/Groups/{sales}"),
                    json!({ "op": "add", "path": "members", "value": [{ "value": ada }] }),
                ),
                Step::As(Who::Restorer, patch(user, ada, spec(json!({ "memberOf": null })))),
            ],
        },
        Deed {
            deed: "take a person over (`spec.managedBy: People`)",
            who: Who::Editor,
            act: patch(user, ada, spec(json!({ "managedBy": "People" }))),
            guard: "fields",
            says: provider_writes("spec.managedBy", ada),
            around: "make a built-in account of another name; `override`",
            way: vec![
                Step::As(Who::Editor, create(user_object(names, "ada-of-our-own", json!({ "managedBy": "People" })))),
                Step::As(Who::Restorer, patch(user, ada, spec(json!({ "managedBy": "People" })))),
            ],
        },
        Deed {
            deed: "rename a group",
            who: Who::Editor,
            act: patch(group, sales, spec(json!({ "scim": { "displayName": "Us" } }))),
            guard: "fields",
            says: provider_writes("spec.scim", sales),
            around: "rename it in the identity provider; `override`",
            way: vec![
                scim_patch(
                    format!("/Groups/{sales}"),
                    json!({ "op": "replace", "path": "displayName", "value": "Us" }),
                ),
                Step::As(Who::Restorer, patch(group, sales, spec(json!({ "scim": { "displayName": "We" } })))),
            ],
        },
        Deed {
            deed: "keep ended sessions alive (`spec.sessionEpoch`)",
            who: Who::Editor,
            act: patch(user, &names.bob, spec(json!({ "sessionEpoch": 7 }))),
            guard: "fields",
            says: "The operator alone writes spec.sessionEpoch: leave it out".to_owned(),
            around: "`override`",
            way: vec![Step::As(Who::Restorer, patch(user, &names.bob, spec(json!({ "sessionEpoch": 7 }))))],
        },
        Deed {
            deed: "bring back who was deleted (`spec.deletedAt`)",
            who: Who::Editor,
            act: patch(user, &names.gone, spec(json!({ "deletedAt": null }))),
            guard: "fields",
            says: "To bring back who was deleted, set the annotation rollcall.dev/undelete".to_owned(),
            around: "the annotation `rollcall.dev/undelete`; `override`",
            way: vec![Step::As(Who::Editor, annotate(user, &names.gone, "rollcall.dev/undelete=true"))],
        },
        Deed {
            deed: "let an account of the provider log in as a built-in account (`spec.link`)",
            who: Who::Editor,
            act: patch(user, ACCOUNT_OF_PEOPLE, spec(json!({ "link": link }))),
            guard: "fields",
            says: "The operator alone writes spec.link".to_owned(),
            around: "`override`",
            way: vec![Step::As(Who::Restorer, patch(user, ACCOUNT_OF_PEOPLE, spec(json!({ "link": link }))))],
        },
        Deed {
            deed: "create a person with `managedBy: Provisioning`",
            who: Who::Editor,
            act: create(user_object(names, "eve-1", json!({ "managedBy": "Provisioning" }))),
            guard: "fields",
            says: "People and groups come over SCIM: assign eve-1 in the identity provider".to_owned(),
            around: "assign the person in the identity provider; `override`, as in a restore",
            way: vec![
                Step::Scim("POST", "/Users".to_owned(), json!({ "userName": "eve@contoso.com" })),
                Step::As(Who::Restorer, create(user_object(names, "eli-1", json!({ "managedBy": "Provisioning" })))),
            ],
        },
        Deed {
            deed: "create a group",
            who: Who::OwnerOfAllResources,
            act: create(group_object(names, "ours-1")),
            guard: "fields",
            says: "People and groups come over SCIM: assign ours-1 in the identity provider".to_owned(),
            around: "assign the group in the identity provider; `override`, as in a restore",
            way: vec![
                Step::Scim("POST", "/Groups".to_owned(), json!({ "displayName": "Ours" })),
                Step::As(Who::Restorer, create(group_object(names, "theirs-1"))),
            ],
        },
        Deed {
            deed: "create a built-in account that carries a mark (`spec.pending`)",
            who: Who::Editor,
            act: create(user_object(
                names,
                "max",
                json!({ "managedBy": "People", "pending": { "User.userName": "ada@contoso.com" } }),
            )),
            guard: "fields",
            says: "The operator alone writes spec.pending: leave it out".to_owned(),
            around: "leave the mark out",
            way: vec![Step::As(Who::Editor, create(user_object(names, "max", json!({ "managedBy": "People" }))))],
        },
        Deed {
            deed: "label an object with another Directory",
            who: Who::Editor,
            act: label(user, &names.bob, "rollcall.dev/directory=other"),
            guard: "fields",
            says: format!("The label rollcall.dev/directory of {} is staff", names.bob),
            around: "any other label",
            way: vec![Step::As(Who::Editor, label(user, &names.bob, "team=blue"))],
        },
        Deed {
            deed: "remove that label",
            who: Who::Editor,
            act: label(group, sales, "rollcall.dev/directory-"),
            guard: "fields",
            says: format!("The label rollcall.dev/directory of {sales} is staff"),
            around: "`override`; the operator sets it again",
            way: vec![Step::As(Who::Restorer, label(group, sales, "rollcall.dev/directory-"))],
        },
        Deed {
            deed: "hand a person to the garbage collector (`metadata.ownerReferences`)",
            who: Who::Editor,
            act: patch(user, &names.bob, metadata(json!({ "ownerReferences": owner }))),
            guard: "fields",
            says: "People set no finalizers and no owners on what SCIM manages".to_owned(),
            around: "delete the person in the identity provider; `override`",
            way: vec![Step::As(Who::Restorer, patch(user, &names.bob, metadata(json!({ "ownerReferences": [] }))))],
        },
        Deed {
            deed: "keep a person from being purged (`metadata.finalizers`)",
            who: Who::Editor,
            act: patch(user, &names.bob, metadata(json!({ "finalizers": ["example.com/keep"] }))),
            guard: "fields",
            says: "People set no finalizers and no owners on what SCIM manages".to_owned(),
            around: "a longer `retention` of the Directory; `override`",
            way: vec![
                Step::As(Who::Editor, patch("directory", "staff", spec(json!({ "retention": "60d" })))),
                Step::As(
                    Who::Restorer,
                    patch(user, &names.bob, metadata(json!({ "finalizers": ["example.com/keep"] }))),
                ),
                Step::As(Who::Restorer, patch(user, &names.bob, metadata(json!({ "finalizers": null })))),
            ],
        },
        Deed {
            deed: "lift or set a suspension",
            who: Who::Operator,
            act: patch(user, &names.bob, spec(json!({ "suspended": true }))),
            guard: "fields",
            says: "spec.suspended and spec.loginMethod are the administrators' to write".to_owned(),
            around: "`rollcall-edit`",
            way: vec![Step::As(Who::Editor, patch(user, &names.bob, spec(json!({ "suspended": true }))))],
        },
        Deed {
            deed: "choose how a person logs in",
            who: Who::Operator,
            act: patch(user, &names.bob, spec(json!({ "loginMethod": "BuiltIn" }))),
            guard: "fields",
            says: "spec.suspended and spec.loginMethod are the administrators' to write".to_owned(),
            around: "`rollcall-edit`",
            way: vec![Step::As(Who::Editor, patch(user, &names.bob, spec(json!({ "loginMethod": "BuiltIn" }))))],
        },
    ]
}

fn group_object(names: &Names, name: &str) -> Value {
    object(
        names,
        "DirectoryGroup",
        name,
        json!({ "directoryRef": { "name": "staff" }, "scim": { "displayName": name } }),
    )
}

pub(crate) fn deletion(names: &Names) -> Vec<Deed> {
    let (user, group) = ("directoryuser", "directorygroup");
    let (ada, bob, sales, gone) = (names.ada.as_str(), names.bob.as_str(), names.sales.as_str(), names.gone.as_str());
    let allow = "rollcall.dev/allow-delete=true";
    let not_with_kubectl = |name: &str| format!("Delete {name} in the identity provider, and not with kubectl");
    vec![
        Deed {
            deed: "delete all people by one request",
            who: Who::Administrator,
            act: delete_collection(names, "directoryusers"),
            guard: "deletion",
            says: not_with_kubectl(ada),
            around: "`spec.suspended: true` on each; delete them in the identity provider",
            way: vec![Step::As(Who::Administrator, patch(user, ada, spec(json!({ "suspended": true }))))],
        },
        Deed {
            deed: "delete a person",
            who: Who::Editor,
            act: delete(user, ada),
            guard: "deletion",
            says: not_with_kubectl(ada),
            around: "delete the person in the identity provider",
            way: vec![Step::Scim("DELETE", format!("/Users/{ada}"), Value::Null)],
        },
        Deed {
            deed: "delete a person who carries the annotation",
            who: Who::Administrator,
            act: delete(user, bob),
            guard: "deletion",
            says: not_with_kubectl(bob),
            around: "`override`",
            way: vec![Step::As(Who::Restorer, delete(user, bob))],
        },
        Deed {
            deed: "delete a group",
            who: Who::Editor,
            act: delete(group, sales),
            guard: "deletion",
            says: not_with_kubectl(sales),
            around: "delete the group in the identity provider",
            way: vec![Step::Scim("DELETE", format!("/Groups/{sales}"), Value::Null)],
        },
        Deed {
            deed: "delete a tombstone before its time",
            who: Who::Editor,
            act: delete(user, gone),
            guard: "deletion",
            says: format!("{gone} was deleted over SCIM, can be brought back"),
            around: "the annotation `rollcall.dev/allow-delete=true`; wait for the purge",
            way: vec![Step::As(Who::Editor, annotate(user, gone, allow)), Step::As(Who::Editor, delete(user, gone))],
        },
    ]
}

pub(crate) fn directories(names: &Names) -> Vec<Deed> {
    let holds = "The Directory staff holds people (users: 2, groups: 1)";
    let annotated = |who| {
        vec![
            Step::As(who, annotate("directory", "staff", "rollcall.dev/allow-delete=true")),
            Step::As(who, annotate("directory", "staff", "rollcall.dev/allow-delete-")),
        ]
    };
    let deed = |deed, who, act| Deed {
        deed,
        who,
        act,
        guard: "directories",
        says: holds.to_owned(),
        around: "the annotation `rollcall.dev/allow-delete=true`",
        way: annotated(who),
    };
    let mut deeds = vec![
        deed("delete a Directory with people in it", Who::Editor, delete("directory", "staff")),
        deed("the same", Who::Restorer, delete("directory", "staff")),
        deed("the same", Who::ClusterAdmin, delete("directory", "staff")),
        Deed {
            way: Vec::new(),
            ..deed("delete a Directory after its owner", Who::GarbageCollector, delete("directory", "staff"))
        },
        deed("delete all Directories by one request", Who::Administrator, delete_collection(names, "directories")),
    ];
    if let Some(last) = deeds.last_mut() {
        last.way = vec![
            Step::As(Who::Administrator, annotate("directory", "staff", "rollcall.dev/allow-delete=true")),
            Step::As(Who::Administrator, delete_collection(names, "directories")),
        ];
    }
    deeds
}

pub(crate) fn claims(names: &Names) -> Vec<Deed> {
    let kind = "directoryclaim";
    let claim = |name: &str| {
        let spec = json!({
            "directoryRef": { "name": "staff" }, "attribute": "User.title", "value": name, "holder": names.ada, "nonce": "1",
        });
        object(names, "DirectoryClaim", name, spec)
    };
    let nonce = spec(json!({ "nonce": "mine" }));
    let deed = |deed, who, act, around, way| Deed {
        deed,
        who,
        act,
        guard: "claims",
        says: "The operator alone writes claims".to_owned(),
        around,
        way,
    };
    vec![
        deed(
            "take a value for somebody (create a claim)",
            Who::OwnerOfAllResources,
            create(claim("c-mine")),
            "give the person the value in the identity provider; `override`",
            vec![Step::As(Who::Restorer, create(claim("c-mine")))],
        ),
        deed(
            "change a claim",
            Who::OwnerOfAllResources,
            patch(kind, &names.claim, nonce.clone()),
            "`override`",
            vec![Step::As(Who::Restorer, patch(kind, "c-mine", nonce))],
        ),
        deed(
            "free a value (delete a claim)",
            Who::OwnerOfAllResources,
            delete(kind, &names.claim),
            "change or delete its holder in the identity provider; `override`",
            vec![
                Step::As(Who::Restorer, delete(kind, &names.claim)),
                Step::Scim("DELETE", format!("/Users/{}", names.bob), Value::Null),
            ],
        ),
        deed(
            "delete all claims by one request",
            Who::OwnerOfAllResources,
            delete_collection(names, "directoryclaims"),
            "`override`",
            vec![Step::As(Who::Restorer, delete_collection(names, "directoryclaims"))],
        ),
        Deed {
            guard: RBAC,
            says: "cannot delete resource \"directoryclaims\"".to_owned(),
            ..deed("delete a claim", Who::Administrator, delete(kind, &names.claim), "see above", Vec::new())
        },
    ]
}

pub(crate) fn keys(names: &Names) -> Vec<Deed> {
    let kind = "directorykey";
    let key = |name: &str, more: Value| {
        let mut spec = json!({ "directoryRef": { "name": "staff" }, "sha256": sha256(name) });
        for (field, value) in more.as_object().expect("fields") {
            spec[field] = value.clone();
        }
        object(names, "DirectoryKey", name, spec)
    };
    let takes_mint =
        |name: &str| format!("To make or change the DirectoryKey {name} takes the verb mint on directorykeys");
    let secret = "dk1_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc_mkFNnA";
    vec![
        Deed {
            deed: "make a key",
            who: Who::NamespaceAdmin,
            act: create(key("mine", json!({}))),
            guard: RBAC,
            says: "cannot create resource \"directorykeys\"".to_owned(),
            around: "`rollcall-admin`",
            way: vec![Step::As(Who::Administrator, create(key("theirs", json!({}))))],
        },
        Deed {
            deed: "make a key",
            who: Who::Editor,
            act: create(key("mine", json!({}))),
            guard: RBAC,
            says: "cannot create resource \"directorykeys\"".to_owned(),
            around: "`rollcall-admin`",
            way: Vec::new(),
        },
        Deed {
            deed: "make a key",
            who: Who::OwnerOfAllResources,
            act: create(key("mine", json!({}))),
            guard: "keys",
            says: takes_mint("mine"),
            around: "the verb `mint`, which `rollcall-admin` holds; `override`",
            way: vec![
                Step::As(Who::Administrator, create(key("mine", json!({})))),
                Step::As(Who::Restorer, create(key("restored", json!({})))),
            ],
        },
        Deed {
            deed: "let a key live longer",
            who: Who::OwnerOfAllResources,
            act: patch(kind, "mine", spec(json!({ "expiresAt": "2036-01-01T00:00:00Z" }))),
            guard: "keys",
            says: takes_mint("mine"),
            around: "the verb `mint`; to close a key takes no more than `update`",
            way: vec![
                Step::As(Who::Administrator, patch(kind, "mine", spec(json!({ "expiresAt": "2036-01-01T00:00:00Z" })))),
                Step::As(Who::OwnerOfAllResources, patch(kind, "mine", spec(json!({ "revoked": true })))),
                Step::As(Who::OwnerOfAllResources, annotate(kind, "mine", "why=lost")),
            ],
        },
        Deed {
            deed: "open a revoked key again",
            who: Who::OwnerOfAllResources,
            act: patch(kind, "mine", spec(json!({ "revoked": false }))),
            guard: "keys",
            says: takes_mint("mine"),
            around: "the verb `mint`; better a new key",
            way: vec![Step::As(Who::Administrator, patch(kind, "mine", spec(json!({ "revoked": false }))))],
        },
        Deed {
            deed: "take the revocation of a key away",
            who: Who::OwnerOfAllResources,
            act: patch(kind, "mine", spec(json!({ "revoked": null }))),
            guard: "keys",
            says: takes_mint("mine"),
            around: "the same",
            way: vec![
                Step::As(Who::Administrator, patch(kind, "mine", spec(json!({ "revoked": null })))),
                Step::As(Who::OwnerOfAllResources, delete(kind, "mine")),
            ],
        },
        Deed {
            deed: "write the secret of a key into its description",
            who: Who::Administrator,
            act: create(key("told", json!({ "description": format!("the token is {secret}") }))),
            guard: "keys",
            says: "There is a secret of a key in a text of this object".to_owned(),
            around: "the hash alone",
            way: vec![Step::As(Who::Administrator, create(key("told", json!({ "description": "for the portal" }))))],
        },
        Deed {
            deed: "annotate a key with its secret",
            who: Who::Administrator,
            act: annotate(kind, "told", &format!("token={secret}")),
            guard: "keys",
            says: "There is a secret of a key in a text of this object".to_owned(),
            around: "any other annotation",
            way: vec![Step::As(Who::Administrator, annotate(kind, "told", "owner=blue"))],
        },
    ]
}

pub(crate) fn status(names: &Names) -> Vec<Deed> {
    let deed = |deed, kind, name: &str, status: Value| Deed {
        deed,
        who: Who::OwnerOfAllResources,
        act: patch_status(kind, name, status.clone()),
        guard: "status",
        says: format!("The operator alone writes the status of {name}"),
        around: "leave it to the operator; `override`",
        way: vec![Step::As(Who::Restorer, patch_status(kind, name, status))],
    };
    vec![
        deed(
            "let a Directory look empty",
            "directory",
            "staff",
            json!({ "counts": { "users": 0, "activeUsers": 0, "groups": 0 } }),
        ),
        deed("let a key look unused", "directorykey", "key", json!({ "observedGeneration": 7 })),
        deed("give a person another effective role", "directoryuser", &names.ada, json!({ "observedGeneration": 7 })),
        deed("change the member count of a group", "directorygroup", &names.sales, json!({ "memberCount": 7 })),
    ]
}

pub(crate) fn operator(names: &Names) -> Vec<Deed> {
    let (directory, key) = ("directory", "directorykey");
    let deed = |deed, act: Act| Deed {
        deed,
        who: Who::Operator,
        way: vec![Step::As(Who::Administrator, act.clone())],
        act,
        guard: "operator",
        says: "People write Directories and keys".to_owned(),
        around: "`rollcall-admin`",
    };
    let hash = json!({ "directoryRef": { "name": "staff" }, "sha256": sha256("stolen") });
    vec![
        deed("change the spec of a Directory", patch(directory, "staff", spec(json!({ "maxDeletesPerHour": 7 })))),
        deed("allow the deletion of a Directory", annotate(directory, "staff", "rollcall.dev/allow-delete=true")),
        deed("label a Directory", label(directory, "staff", "team=blue")),
        deed("create a Directory", create(object(names, "Directory", "second", json!({})))),
        Deed {
            way: vec![
                Step::As(Who::Administrator, annotate(directory, "second", "rollcall.dev/allow-delete=true")),
                Step::As(Who::Administrator, delete(directory, "second")),
            ],
            ..deed("delete a Directory", delete(directory, "staff"))
        },
        deed("make a key", create(object(names, "DirectoryKey", "stolen", hash))),
        deed("revoke a key", patch(key, "stolen", spec(json!({ "revoked": true })))),
        deed("delete a key", delete(key, "stolen")),
    ]
}
