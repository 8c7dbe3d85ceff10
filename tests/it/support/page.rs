//! The commands of a page of the documentation, which a test runs as its readers would.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;

use super::cluster::{self, apply, kubectl};
use super::{Directory, until};

/// A page below `docs/`.
pub(crate) struct Page {
    path: &'static str,
    commands: Vec<String>,
}

/// Who reads the page: with these rights, in this folder.
pub(crate) struct Reader<'a> {
    pub(crate) kubeconfig: &'a Path,
    pub(crate) folder: &'a Path,
}

impl Page {
    pub(crate) fn read(path: &'static str) -> Self {
        let text = std::fs::read_to_string(cluster::root().join("docs").join(path)).expect("the page");
        Self { path, commands: commands(&text) }
    }

    /// The command of the page that is this text, or else the one that holds it, with what stands for the reader's own replaced by
    /// theirs.
    pub(crate) fn command(&self, text: &str, own: &[(&str, &str)]) -> String {
        let is_whole = self.commands.iter().any(|command| command == text);
        let fits = |command: &&String| if is_whole { *command == text } else { command.contains(text) };
        let mut found = self.commands.iter().filter(fits);
        let command = found.next().unwrap_or_else(|| panic!("{} has no command with {text:?}", self.path));
        let other = found.find(|other| *other != command);
        assert!(other.is_none(), "{} has several commands with {text:?}: {command} and {other:?}", self.path);
        own.iter().fold(command.clone(), |command, (from, to)| command.replace(from, to))
    }
}

/// What is indented as code, lines that go on with the next one put together, and what stands between backquotes.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let code = line.trim();
        let (part, is_continued) = code.strip_suffix('\\').map_or((code, false), |part| (part, true));
        match commands.last_mut() {
            Some(last) if goes_on => last.push_str(part),
            _ if line.starts_with("    ") => commands.push(part.to_owned()),
            // In a table the pipe of a command is escaped.
            _ => commands.extend(code.split('`').skip(1).step_by(2).map(|command| command.replace("\\|", "|"))),
        }
        goes_on = is_continued;
    }
    commands
}

impl Reader<'_> {
    /// Runs a command, with our programs on PATH; returns what it printed. It fails where the last part of a pipe does: the test looks
    /// at what was printed as well.
    pub(crate) async fn run(&self, command: &str) -> String {
        let kubectl = cluster::shared().await.plane.kubectl_path().parent().expect("a folder");
        let ours = Path::new(env!("CARGO_BIN_EXE_kubectl-directory")).parent().expect("a folder");
        let mut path = OsString::from(kubectl);
        for more in [Some(ours.as_os_str().to_owned()), std::env::var_os("PATH")].into_iter().flatten() {
            path.push(":");
            path.push(more);
        }
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-euc", command]).current_dir(self.folder).kill_on_drop(true).env("PATH", path);
        shell.env("KUBECONFIG", self.kubeconfig).env("KUBECACHEDIR", self.folder.join("cache"));
        let output = shell.stdin(Stdio::null()).output().await.expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{command}\n{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }
}

/// The kubeconfig of somebody who has this ClusterRole in the namespace of a Directory, and no other right.
pub(crate) async fn kubeconfig_with(directory: &Directory, role: &str) -> PathBuf {
    let group = "rbac.authorization.k8s.io";
    let user = format!("{role}-of-{}", directory.namespace);
    apply(&json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
        "metadata": { "name": role, "namespace": directory.namespace },
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": user }],
    }))
    .await;
    let plane = cluster::shared().await.plane;
    let kubeconfig = plane.user_kubeconfig(&user, &["system:authenticated"]).expect("a kubeconfig");
    let can_i = ["auth", "can-i", "get", "directoryusers", "--as", &user, "-n", &directory.namespace];
    until("the binding to count", async || kubectl(&can_i, None).await.ok()).await;
    kubeconfig
}
