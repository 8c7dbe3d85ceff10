//! Guards where no operator runs: on the kinds, on a Directory that nobody has counted, and in the namespaces of a release.

use std::path::Path;

use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::cluster::{chart, crds_folder, helm, install, kubectl_on, root};
use crate::support::until;

static UNATTENDED: OnceCell<ControlPlane> = OnceCell::const_new();

/// A control plane with the chart installed, and no operator.
pub(crate) async fn unattended() -> &'static ControlPlane {
    UNATTENDED.get_or_init(installed).await
}

async fn installed() -> ControlPlane {
    let plane = ControlPlane::start(Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    install(&plane, &crds_folder()).await;
    refused(&plane, &plane.admin_kubeconfig(), &["delete", "crd", USERS, "--dry-run=server"], "denied request").await;
    plane
}

const USERS: &str = "directoryusers.rollcall.dev";
const EVERY_USER: &str = "Every DirectoryUser of this cluster goes with directoryusers.rollcall.dev";

/// Whoever looks after the kinds of a cluster, short of cluster-admin.
const PLATFORM: &str = "platform";

/// The rows of the table that are proven here.
pub(crate) const ROWS: [[&str; 5]; 5] = [
    ["delete a kind of Rollcall", "may delete kinds", "kinds", ANNOTATION, KINDS],
    ["the same", "`cluster-admin`", "kinds", ANNOTATION, KINDS],
    ["delete all kinds by one request", "may delete kinds", "kinds", ANNOTATION, KINDS],
    ["delete a Directory whose people nobody has counted", "`cluster-admin`", "directories", ANNOTATION, UNCOUNTED],
    [
        "write where another release looks after people",
        "the operator's account of one release",
        "claims",
        "`namespaces` of each release",
        RELEASES,
    ],
];
const ANNOTATION: &str = "the annotation `rollcall.dev/allow-delete=true`";
const KINDS: &str = "a_kind_is_deleted_by_nobody_without_the_annotation";
const UNCOUNTED: &str = "a_directory_that_nobody_has_counted_counts_as_full";
const RELEASES: &str = "a_release_guards_its_own_namespaces";

async fn run(plane: &ControlPlane, arguments: &[&str], input: Option<&str>) -> String {
    kubectl_on(plane, arguments, input).await.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// Tries it until the guard is in force, which it is a moment after it was installed; returns the complaint.
async fn refused(plane: &ControlPlane, kubeconfig: &Path, arguments: &[&str], says: &str) {
    let kubeconfig = kubeconfig.display().to_string();
    let arguments = [&["--kubeconfig", &kubeconfig], arguments].concat();
    until(&format!("kubectl {arguments:?} to be refused with {says:?}"), async || {
        kubectl_on(plane, &arguments, None).await.is_err_and(|complaint| complaint.contains(says)).then_some(())
    })
    .await;
}

async fn apply(plane: &ControlPlane, objects: Value) {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    run(plane, &["apply", "--server-side", "-f", "-"], Some(&list)).await;
}

fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": { "name": name, "namespace": namespace, "labels": { "rollcall.dev/directory": "staff" } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_is_deleted_by_nobody_without_the_annotation() {
    // One of its own: its people go in the end.
    let plane = installed().await;
    let rbac = "rbac.authorization.k8s.io";
    let rule =
        json!({ "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["*"] });
    let person = json!({
        "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": "ada", "active": true },
    });
    apply(&plane, json!([
        { "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": { "name": PLATFORM }, "rules": [rule] },
        {
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": PLATFORM },
            "roleRef": { "apiGroup": rbac, "kind": "ClusterRole", "name": PLATFORM },
            "subjects": [{ "apiGroup": rbac, "kind": "User", "name": PLATFORM }],
        },
        object("DirectoryUser", "default", "ada-1", person),
    ]))
    .await;
    let platform = plane.user_kubeconfig(PLATFORM, &["system:authenticated"]).expect("a kubeconfig");
    let admin = plane.admin_kubeconfig();
    let all = ["delete", "--raw", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"];
    for (who, deed, says) in [
        (&platform, &["delete", "crd", USERS][..], EVERY_USER),
        (&admin, &["delete", "crd", USERS], EVERY_USER),
        (&platform, &all, "of this cluster goes with"),
    ] {
        refused(&plane, who, deed, says).await;
    }
    let users = async || kubectl_on(&plane, &["get", USERS, "-A", "-o", "name"], None).await;
    assert_eq!(users().await.expect("they are there").trim(), "directoryuser.rollcall.dev/ada-1");

    // The way around.
    let platform = platform.display().to_string();
    run(&plane, &["--kubeconfig", &platform, "annotate", "crd", USERS, "rollcall.dev/allow-delete=true"], None).await;
    run(&plane, &["--kubeconfig", &platform, "delete", "crd", USERS], None).await;
    until("the people to be gone with their kind", async || users().await.is_err().then_some(())).await;

    // What the page says about removing the rest for good.
    let ours = ["-l", "app.kubernetes.io/name=rollcall"];
    run(&plane, &[&["annotate", "crd"], &ours[..], &["rollcall.dev/allow-delete=true"]].concat(), None).await;
    run(&plane, &[&["delete", "crd"], &ours[..]].concat(), None).await;
    let policies = "validatingadmissionpolicy,validatingadmissionpolicybinding";
    run(&plane, &["delete", policies, "rollcall-kinds"], None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_nobody_has_counted_counts_as_full() {
    let plane = unattended().await;
    apply(plane, json!([object("Directory", "default", "uncounted", json!({}))])).await;
    let delete = ["-n", "default", "delete", "directory", "uncounted"];
    let says = "The Directory uncounted holds people who are not counted yet";
    refused(plane, &plane.admin_kubeconfig(), &delete, says).await;
    let annotate = async |value: &str| {
        let annotation = format!("rollcall.dev/allow-delete={value}");
        run(plane, &["-n", "default", "annotate", "directory", "uncounted", "--overwrite", &annotation], None).await
    };
    annotate("false").await;
    refused(plane, &plane.admin_kubeconfig(), &delete, says).await;
    annotate("true").await;
    run(plane, &delete, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_guards_its_own_namespaces() {
    let plane = unattended().await;
    let second = chart(&["--set", "fullnameOverride=second,namespaces={second-people},crds.install=false"]).await;
    let namespaces = ["first-people", "second-people"]
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
    apply(plane, json!(namespaces)).await;
    run(plane, &["apply", "--server-side", "-f", "-"], Some(&second)).await;
    let first = plane.service_account_kubeconfig("rollcall-system", "rollcall").await.expect("a kubeconfig");
    let claim = |namespace: &str| {
        let spec = json!({
            "directoryRef": { "name": "staff" }, "attribute": "User.title", "value": "x", "holder": "x", "nonce": "1",
        });
        object("DirectoryClaim", namespace, "c-x", spec)
    };
    apply(plane, json!([claim("first-people"), claim("second-people")])).await;
    let delete = |namespace| ["-n", namespace, "delete", "directoryclaim", "c-x"];
    let dry = [&delete("second-people")[..], &["--dry-run=server"]].concat();
    refused(plane, &first, &dry, "ValidatingAdmissionPolicy 'second-claims'").await;
    refused(plane, &first, &delete("second-people"), "The operator alone writes claims").await;
    let first = first.display().to_string();
    run(plane, &[&["--kubeconfig", &first], &delete("first-people")[..]].concat(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_of_the_kinds_outlives_the_release() {
    let plane = unattended().await;
    let chart = root().join("charts/rollcall").display().to_string();
    let here = ["third", "--namespace", "third-system"];
    let settings = "fullnameOverride=third,namespaces={third-people},crds.install=false";
    let install = [&["install"], &here[..], &["--create-namespace", "--set", settings]].concat();
    let install = [&install[..], &[&chart]].concat();
    let policies = async || {
        let all = run(plane, &["get", "validatingadmissionpolicies", "-o", "name"], None).await;
        all.lines().filter_map(|line| line.split_once("/third-")).map(|(_, guard)| guard.to_owned()).collect::<Vec<_>>()
    };
    apply(plane, json!([{ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "third-people" } }])).await;
    helm(&install, &plane.admin_kubeconfig()).await;
    assert_eq!(policies().await.len(), 9);
    helm(&[&["uninstall"], &here[..]].concat(), &plane.admin_kubeconfig()).await;
    assert_eq!(policies().await, ["kinds"]);
    run(plane, &["get", "validatingadmissionpolicybinding", "third-kinds"], None).await;
    // A release of the same name takes it over again.
    helm(&install, &plane.admin_kubeconfig()).await;
    assert_eq!(policies().await.len(), 9);
}
