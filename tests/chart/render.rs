//! Running Helm and reading what it prints.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use control_plane::Helm;
use serde::Deserialize as _;
use serde_json::Value;

use crate::support::cluster::root;

/// Where every release of these tests lies, unless a test says otherwise.
pub(crate) const NAMESPACE: &str = "rollcall-system";

/// The folder of the chart.
pub(crate) fn chart() -> PathBuf {
    root().join("charts/rollcall")
}

/// A file of the chart.
pub(crate) fn chart_file(path: &str) -> String {
    let path = chart().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A command of Helm that reads and writes nothing of the person who runs the tests.
pub(crate) fn helm(version: Helm) -> Command {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::Builder::new().prefix("rollcall-helm-").tempdir().expect("a folder"));
    let mut command = Command::new(version.locate().unwrap_or_else(|error| panic!("{error}")));
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(variable, folder.path());
    }
    command.env_remove("KUBECONFIG").stdin(Stdio::null());
    command
}

/// Runs a command to its end: what it printed, or its complaint.
pub(crate) fn run(mut command: Command, input: &str) -> Result<String, String> {
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    process.stdin.take().expect("an input").write_all(input.as_bytes()).expect("it reads its input");
    let Output { status, stdout, stderr } = process.wait_with_output().expect("it ends");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.success() { Ok(stdout.into_owned()) } else { Err(format!("{stdout}{stderr}")) }
}

/// The cluster that is rendered for. Helm otherwise takes the version that it was built for, and Helm 3 an old one.
const CLUSTER: &str = "1.36.3";

/// The text of `helm template` with these values and further arguments, or its complaint.
pub(crate) fn template(version: Helm, values: &Value, arguments: &[&str]) -> Result<String, String> {
    let mut command = helm(version);
    command
        .args(["template", "rollcall"])
        .arg(chart())
        .args(["-n", NAMESPACE, "--kube-version", CLUSTER, "-f", "-"])
        .args(arguments);
    run(command, &values.to_string())
}

/// Says that the kinds of the chart are in the cluster, as they are on every upgrade.
pub(crate) const KINDS_ARE_THERE: [&str; 2] = ["--api-versions", "rollcall.dev/v1alpha1/Directory"];

/// The objects that the chart makes of these values, where its kinds are in the cluster already.
pub(crate) fn render(values: &Value) -> Vec<Value> {
    let text = template(Helm::Four, values, &KINDS_ARE_THERE).unwrap_or_else(|error| panic!("{values}: {error}"));
    documents(&text)
}

/// The documents of a YAML stream.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let documents =
        serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).expect("YAML"));
    documents.filter(|document| !document.is_null()).collect()
}

/// The objects of this kind.
pub(crate) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The object of this kind and name.
pub(crate) fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// The hash of some secret.
pub(crate) const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The path of a file of a Go module, which is downloaded into Go's own cache.
pub(crate) fn go_module(module: &str, path: &str) -> PathBuf {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("go");
    // Outside of every module: the version is in the argument.
    command.current_dir(folder.path()).args(["mod", "download", "-json", module]);
    let said = run(command, "").unwrap_or_else(|error| panic!("go mod download {module}: {error}"));
    let said: Value = serde_json::from_str(&said).expect("go prints JSON");
    Path::new(said["Dir"].as_str().expect("the folder of the module")).join(path)
}
