//! Who writes which field of a person or a group.

use serde_json::{Value, json};

use super::super::scene::{ACCOUNT_OF_PEOPLE, Act, Names, Who, annotate, create, label, object, patch, user_object};
use super::{Deed, Step, scim, scim_patch, spec};

const USER: &str = "directoryuser";
const GROUP: &str = "directorygroup";

pub(crate) fn fields(names: &Names) -> Vec<Deed> {
    [of_the_provider(names), marks(names), creation(names), metadata(names), of_people(names)]
        .into_iter()
        .flatten()
        .collect()
}

fn refused(deed: &'static str, who: Who, act: Act, says: impl Into<String>) -> Deed {
    Deed::refused("fields", deed, who, act, says)
}

fn restored(act: Act) -> Step {
    Step::As(Who::Restorer, act)
}

fn of_the_provider(Names { ada, sales, .. }: &Names) -> Vec<Deed> {
    let says =
        |field: &str, name: &str| format!("The identity provider writes {field} of {name} over SCIM: change it there");
    let title = |title: &str| patch(USER, ada, spec(json!({ "scim": { "title": title } })));
    let groups = |groups: Value| patch(USER, ada, spec(json!({ "memberOf": groups })));
    let name = |name: &str| patch(GROUP, sales, spec(json!({ "scim": { "displayName": name } })));
    let managed_by = |manager: &str| patch(USER, ada, spec(json!({ "managedBy": manager })));
    let (user_path, group_path) = (format!("/Users/{ada}"), format!("/Groups/{sales}"));
    vec![
        refused("change `spec.scim` of a person", Who::Editor, title("Boss"), says("spec.scim", ada)).around(
            "change it in the identity provider; `override`",
            [
                scim_patch(user_path, json!({ "op": "replace", "path": "title", "value": "Boss" })),
                restored(title("Chief")),
            ],
        ),
        refused(
            "put a person into a group (`spec.memberOf`)",
            Who::Editor,
            groups(json!([sales])),
            says("spec.memberOf", ada),
        )
        .around(
            "add the member in the identity provider; `override`",
            [
                scim_patch(group_path.clone(), json!({ "op": "add", "path": "members", "value": [{ "value": ada }] })),
                restored(groups(Value::Null)),
            ],
        ),
        refused("rename a group", Who::Editor, name("Us"), says("spec.scim", sales)).around(
            "rename it in the identity provider; `override`",
            [
                scim_patch(group_path, json!({ "op": "replace", "path": "displayName", "value": "Us" })),
                restored(name("We")),
            ],
        ),
        refused(
            "take a person over (`spec.managedBy: People`)",
            Who::Editor,
            managed_by("People"),
            says("spec.managedBy", ada),
        )
        .around("make a built-in account of another name; `override`", [restored(managed_by("People"))]),
        // A built-in account by now, and no more than the operator's first write or an override makes her the provider's.
        refused(
            "hand a built-in account to the provider",
            Who::Editor,
            managed_by("Provisioning"),
            says("spec.managedBy", ada),
        )
        .around(
            "let the provider write it (`builtInUsers: Listed`); `override`",
            [restored(managed_by("Provisioning"))],
        ),
    ]
}

fn marks(names @ Names { bob, gone, .. }: &Names) -> Vec<Deed> {
    let says = |mark: &str| format!("The operator alone writes spec.{mark}: leave it out");
    let epoch = patch(USER, bob, spec(json!({ "sessionEpoch": 7 })));
    let link = json!({ "tenantID": "t", "objectID": "o", "linkedAt": "2026-01-01T00:00:00Z", "by": "me" });
    let link = patch(USER, ACCOUNT_OF_PEOPLE, spec(json!({ "link": link })));
    let pending = json!({ "managedBy": "People", "pending": { "User.userName": "ada@contoso.com" } });
    vec![
        refused("keep ended sessions alive (`spec.sessionEpoch`)", Who::Editor, epoch.clone(), says("sessionEpoch"))
            .around("`override`", [restored(epoch)]),
        refused(
            "bring back who was deleted (`spec.deletedAt`)",
            Who::Editor,
            patch(USER, gone, spec(json!({ "deletedAt": null }))),
            "To bring back who was deleted, set the annotation rollcall.dev/undelete",
        )
        .around(
            "the annotation `rollcall.dev/undelete`; `override`",
            [Step::As(Who::Editor, annotate(USER, gone, "rollcall.dev/undelete=true"))],
        ),
        refused(
            "let an account of the provider log in as a built-in account (`spec.link`)",
            Who::Editor,
            link.clone(),
            says("link"),
        )
        .around("`override`", [restored(link)]),
        refused(
            "create a built-in account that carries a mark (`spec.pending`)",
            Who::Editor,
            create(user_object(names, "max", pending)),
            says("pending"),
        )
        .around(
            "leave the mark out",
            [Step::As(Who::Editor, create(user_object(names, "max", json!({ "managedBy": "People" }))))],
        ),
    ]
}

fn creation(names: &Names) -> Vec<Deed> {
    let person = |name: &str| create(user_object(names, name, json!({ "managedBy": "Provisioning" })));
    let group = |name: &str| {
        let spec = json!({ "directoryRef": { "name": "staff" }, "scim": { "displayName": name } });
        create(object(names, "DirectoryGroup", name, spec))
    };
    let says = |name: &str| format!("People and groups come over SCIM: assign {name} in the identity provider");
    vec![
        refused("create a person with `managedBy: Provisioning`", Who::Editor, person("eve-1"), says("eve-1")).around(
            "assign the person in the identity provider; `override`, as in a restore",
            [scim("POST", "/Users", json!({ "userName": "eve@contoso.com" })), restored(person("eli-1"))],
        ),
        refused("create a group", Who::OwnerOfAllResources, group("ours-1"), says("ours-1")).around(
            "assign the group in the identity provider; `override`, as in a restore",
            [scim("POST", "/Groups", json!({ "displayName": "Ours" })), restored(group("theirs-1"))],
        ),
    ]
}

fn metadata(Names { bob, sales, .. }: &Names) -> Vec<Deed> {
    let label_is = |name: &str| format!("The label rollcall.dev/directory of {name} is staff");
    let metadata = |change: Value| patch(USER, bob, json!({ "metadata": change }));
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "0a21f0f2-8d2a-4f8e-bf98-5e1ec7a0b0c1" }]);
    let (kept, unlabelled) =
        (json!({ "finalizers": ["example.com/keep"] }), label(GROUP, sales, "rollcall.dev/directory-"));
    let no_owners = "People set no finalizers and no owners on what SCIM manages";
    vec![
        refused(
            "label an object with another Directory",
            Who::Editor,
            label(USER, bob, "rollcall.dev/directory=other"),
            label_is(bob),
        )
        .around("any other label", [Step::As(Who::Editor, label(USER, bob, "team=blue"))]),
        refused("remove that label", Who::Editor, unlabelled.clone(), label_is(sales))
            .around("`override`; the operator sets it again", [restored(unlabelled)]),
        refused(
            "hand a person to the garbage collector (`metadata.ownerReferences`)",
            Who::Editor,
            metadata(json!({ "ownerReferences": owner })),
            no_owners,
        )
        .around(
            "delete the person in the identity provider; `override`",
            [restored(metadata(json!({ "ownerReferences": [] })))],
        ),
        refused(
            "keep a person from being purged (`metadata.finalizers`)",
            Who::Editor,
            metadata(kept.clone()),
            no_owners,
        )
        .around(
            "a longer `retention` of the Directory; `override`",
            [
                Step::As(Who::Editor, patch("directory", "staff", spec(json!({ "retention": "60d" })))),
                restored(metadata(kept)),
                restored(metadata(json!({ "finalizers": null }))),
            ],
        ),
    ]
}

/// The other way round: what the operator leaves to people.
fn of_people(Names { bob, .. }: &Names) -> Vec<Deed> {
    let says = "spec.suspended and spec.loginMethod are the administrators' to write";
    let deed = |deed, field: Value| {
        let act = patch(USER, bob, spec(field));
        refused(deed, Who::Operator, act.clone(), says).around("`rollcall-edit`", [Step::As(Who::Editor, act)])
    };
    vec![
        deed("suspend a person or lift a suspension", json!({ "suspended": true })),
        deed("choose how a person logs in", json!({ "loginMethod": "BuiltIn" })),
    ]
}
