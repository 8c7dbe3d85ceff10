//! A Directory with people in it, and the identities that try something there, each with the bindings it says and no others.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::cluster::{ACCOUNT, NAMESPACE, apply, kubectl, shared};
use crate::support::{Client, Directory, Operator, until};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Holds the ClusterRole rollcall-edit in the namespace.
    Editor,
    /// Holds rollcall-admin.
    Administrator,
    /// Holds rollcall-override.
    Restorer,
    /// Holds a Role with `resources: ["*"]` of the group and the usual verbs: what RBAC alone would have to stop.
    OwnerOfAllResources,
    /// Holds the ClusterRole admin of Kubernetes.
    NamespaceAdmin,
    /// A member of system:masters.
    ClusterAdmin,
    /// The account of Kubernetes' garbage collector.
    GarbageCollector,
    /// The operator's account with a token of its own, which somebody has given the Role of [`Self::OwnerOfAllResources`].
    Operator,
}

impl Who {
    const BOUND: [(Self, &'static str, &'static str); 6] = [
        (Self::Editor, "ClusterRole", "rollcall-edit"),
        (Self::Administrator, "ClusterRole", "rollcall-admin"),
        (Self::Restorer, "ClusterRole", "rollcall-override"),
        (Self::OwnerOfAllResources, "Role", ALL_RESOURCES),
        (Self::NamespaceAdmin, "ClusterRole", "admin"),
        (Self::Operator, "Role", ALL_RESOURCES),
    ];

    /// As the page calls them.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Editor => "`rollcall-edit`",
            Self::Administrator => "`rollcall-admin`",
            Self::Restorer => "`rollcall-override`",
            Self::OwnerOfAllResources => "a Role with `resources: [\"*\"]` and the usual verbs",
            Self::NamespaceAdmin => "`admin` of the namespace",
            Self::ClusterAdmin => "`cluster-admin`",
            Self::GarbageCollector => "the garbage collector",
            Self::Operator => "the operator's account",
        }
    }
}

const ALL_RESOURCES: &str = "all-resources";

/// The names of the objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) namespace: String,
    /// Two people and a group who came over SCIM, one who was deleted over SCIM, and a claim of the first.
    pub(crate) ada: String,
    pub(crate) bob: String,
    pub(crate) sales: String,
    pub(crate) gone: String,
    pub(crate) claim: String,
}

/// The built-in account.
pub(crate) const ACCOUNT_OF_PEOPLE: &str = "break-glass";

/// A namespace with a Directory, people, and identities.
pub(crate) struct Scene {
    pub(crate) directory: Directory,
    pub(crate) client: Client,
    pub(crate) names: Names,
}

impl Scene {
    /// Makes it, once the guards are in force.
    pub(crate) async fn new() -> Self {
        let directory = Directory::new().await;
        bind(&directory.namespace).await;
        let client = directory.client(Operator::shared().await).await;
        let user = async |name: &str| client.create(&json!({ "userName": format!("{name}@contoso.com") })).await;
        let (ada, bob, gone) = (user("ada").await, user("bob").await, user("gone").await);
        client.delete(&format!("/Users/{gone}")).await.expect(204);
        let sales = client.post("/Groups", &json!({ "displayName": "Sales" })).await.expect(201);
        let sales = sales["id"].as_str().expect("an id").to_owned();
        let claims = directory.list("directoryclaims").await;
        let claim = claims.iter().find(|claim| claim["spec"]["holder"] == ada.as_str()).expect("ada owns her name");
        let claim = claim["metadata"]["name"].as_str().expect("a name").to_owned();
        let names = Names { namespace: directory.namespace.clone(), ada, bob, sales, gone, claim };
        let scene = Self { directory, client, names };
        scene.guards_are_in_force().await;
        scene.must(Who::Editor, &create(account(&scene.names))).await;
        scene
    }

    /// The API server learns of a policy and of a binding a moment after they are stored; nothing is stored by the question.
    async fn guards_are_in_force(&self) {
        let dry = |mut act: Act| {
            act.arguments.push("--dry-run=server".to_owned());
            act
        };
        let names = &self.names;
        let bait = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "bait", "namespace": names.namespace },
        });
        let probes = [
            (Who::Editor, patch("directoryuser", &names.ada, json!({ "spec": { "rejected": true } }))),
            (Who::Editor, delete("directoryuser", &names.ada)),
            (Who::ClusterAdmin, delete("directory", "staff")),
            (Who::OwnerOfAllResources, delete("directoryclaim", &names.claim)),
            (Who::OwnerOfAllResources, patch("directorykey", "key", json!({ "spec": { "description": "x" } }))),
            (Who::OwnerOfAllResources, patch_status("directory", "staff", json!({ "observedGeneration": 7 }))),
            (Who::Operator, delete("directorykey", "key")),
            (Who::Operator, create(bait)),
        ];
        for (who, probe) in probes {
            let probe = dry(probe);
            until(&format!("the guards to be in force: {probe:?}"), async || {
                self.act(who, &probe)
                    .await
                    .is_err_and(|complaint| complaint.contains("ValidatingAdmissionPolicy"))
                    .then_some(())
            })
            .await;
        }
    }

    /// Does it as this identity: what kubectl printed, or its complaint.
    pub(crate) async fn act(&self, who: Who, act: &Act) -> Result<String, String> {
        let kubeconfig = kubeconfig(&self.directory.namespace, who).await.display().to_string();
        let identity = ["--kubeconfig", &kubeconfig, "-n", &self.directory.namespace];
        let arguments: Vec<_> = identity.into_iter().chain(act.arguments.iter().map(String::as_str)).collect();
        kubectl(&arguments, act.input.as_deref()).await
    }

    /// The same where it has to succeed.
    #[track_caller]
    pub(crate) fn must<'a>(&'a self, who: Who, act: &'a Act) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let done = self.act(who, act).await;
            done.unwrap_or_else(|complaint| panic!("{caller}: {who:?} {act:?}: {complaint}"))
        }
    }
}

/// A name of this identity in a namespace: a kubeconfig is a file, and tests run beside each other.
fn user(namespace: &str, who: Who) -> String {
    format!("{who:?}-of-{namespace}")
}

/// Gives each identity what it holds, in the namespace and nowhere else.
async fn bind(namespace: &str) {
    let metadata = |name: &str| json!({ "name": name, "namespace": namespace });
    let all = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata(ALL_RESOURCES),
        "rules": [{ "apiGroups": ["rollcall.dev"], "resources": ["*"],
            "verbs": ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"] }],
    });
    let bindings = Who::BOUND.map(|(who, kind, role)| {
        let subject = match who {
            Who::Operator => json!({ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE }),
            _ => json!({ "kind": "User", "name": user(namespace, who), "apiGroup": "rbac.authorization.k8s.io" }),
        };
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": metadata(&format!("{who:?}").to_lowercase()), "subjects": [subject],
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role },
        })
    });
    let items: Vec<_> = std::iter::once(all).chain(bindings).collect();
    apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await;
}

async fn kubeconfig(namespace: &str, who: Who) -> PathBuf {
    let cluster = shared().await;
    match who {
        Who::ClusterAdmin => cluster.plane.admin_kubeconfig(),
        Who::Operator => cluster.operator_kubeconfig.clone(),
        Who::GarbageCollector => {
            let account = ("kube-system", "generic-garbage-collector");
            cluster.plane.service_account_kubeconfig(account.0, account.1).await.expect("a token")
        }
        _ => cluster.plane.user_kubeconfig(&user(namespace, who), &["system:authenticated"]).expect("a kubeconfig"),
    }
}

/// What somebody asks of kubectl.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) arguments: Vec<String>,
    input: Option<String>,
}

fn arguments(words: &[&str]) -> Act {
    Act { arguments: words.iter().map(|word| (*word).to_owned()).collect(), input: None }
}

/// Changes an object by a JSON merge patch.
pub(crate) fn patch(kind: &str, name: &str, change: Value) -> Act {
    arguments(&["patch", kind, name, "--type=merge", "-p", &change.to_string()])
}

/// Changes the status of an object.
pub(crate) fn patch_status(kind: &str, name: &str, status: Value) -> Act {
    let change = json!({ "status": status }).to_string();
    arguments(&["patch", kind, name, "--subresource=status", "--type=merge", "-p", &change])
}

/// Creates an object in the namespace of the scene.
pub(crate) fn create(object: Value) -> Act {
    Act { input: Some(object.to_string()), ..arguments(&["create", "-f", "-"]) }
}

/// Puts an object in the place of the one that is there.
pub(crate) fn replace(object: Value) -> Act {
    Act { input: Some(object.to_string()), ..arguments(&["replace", "-f", "-"]) }
}

/// Applies an object as a tool for GitOps does.
pub(crate) fn apply_from_git(object: Value) -> Act {
    Act {
        input: Some(object.to_string()),
        ..arguments(&["apply", "--server-side", "--field-manager=argocd", "-f", "-"])
    }
}

/// Deletes an object and waits until it is gone.
pub(crate) fn delete(kind: &str, name: &str) -> Act {
    arguments(&["delete", kind, name])
}

/// Deletes all objects of a kind by one request.
pub(crate) fn delete_collection(names: &Names, plural: &str) -> Act {
    let path = format!("/apis/rollcall.dev/v1alpha1/namespaces/{}/{plural}", names.namespace);
    arguments(&["delete", "--raw", &path])
}

/// Sets an annotation.
pub(crate) fn annotate(kind: &str, name: &str, annotation: &str) -> Act {
    arguments(&["annotate", kind, name, annotation])
}

/// Sets or removes a label.
pub(crate) fn label(kind: &str, name: &str, label: &str) -> Act {
    arguments(&["label", kind, name, "--overwrite", label])
}

/// An object of ours that belongs to the Directory of the scene.
pub(crate) fn object(names: &Names, kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": { "name": name, "namespace": names.namespace, "labels": { "rollcall.dev/directory": "staff" } },
    })
}

/// A user with this name, with more in its spec.
pub(crate) fn user_object(names: &Names, name: &str, more: Value) -> Value {
    let mut spec = json!({
        "directoryRef": { "name": "staff" }, "scim": { "userName": format!("{name}@contoso.com"), "active": true },
    });
    for (field, value) in more.as_object().expect("fields") {
        spec[field] = value.clone();
    }
    object(names, "DirectoryUser", name, spec)
}

fn account(names: &Names) -> Value {
    user_object(names, ACCOUNT_OF_PEOPLE, json!({ "managedBy": "People" }))
}
