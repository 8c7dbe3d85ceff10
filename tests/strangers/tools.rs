//! The tools: their virtual environment, and how each is run.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::support::directory::sha256;

/// A tool that prints JSON.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// How many checks it carries out. With fewer it has given up, and its silence proves nothing.
    pub(crate) least_checks: usize,
    command: &'static [&'static str],
}

/// The program of a command lies in the environment; `$FOLDER`, `$URL` and `$TOKEN` stand for what they say.
pub(crate) const TOOLS: &[Tool] = &[
    Tool { name: "scim2-tester", least_checks: 133, command: &["python", "$FOLDER/scim2_tester.py"] },
    Tool {
        name: "scim-sanity",
        least_checks: 28,
        command: &["scim-sanity", "probe", "$URL", "--token", "$TOKEN", "--json-output", "--i-accept-side-effects"],
    },
];

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The folder of this lane.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers")
}

/// Makes the virtual environment of these requirements, unless it is there; returns the folder of its programs.
pub(crate) async fn install() -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let environment = base.join(format!("strangers-{}", &sha256(REQUIREMENTS)[..16]));
    let programs = environment.join("bin");
    let complete = environment.join("complete");
    if !complete.is_file() {
        let make = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).output().await;
        must_succeed("python3 -m venv (Debian has it in the package python3-venv)", make);
        let requirements = folder().join("requirements.txt");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let install = Command::new(programs.join("python")).args(pip).arg(requirements).output().await;
        must_succeed("pip install", install);
        std::fs::write(complete, "").expect("a mark that all is installed");
    }
    programs
}

fn must_succeed(what: &str, output: std::io::Result<Output>) {
    let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(output.status.success(), "{what}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// Runs a tool and returns what it printed. Its exit status says that it found something, which its output says better;
/// what it complained about comes last, so that a tool that fell over is seen to have done so.
pub(crate) async fn run(tool: &Tool, programs: &Path, url: &str, token: &str) -> String {
    let folder = folder().display().to_string();
    let argument = |text: &&str| text.replace("$FOLDER", &folder).replace("$URL", url).replace("$TOKEN", token);
    let mut words = tool.command.iter().map(argument);
    let mut command = Command::new(programs.join(words.next().expect("a command has a program")));
    command.args(words).env("SCIM_URL", url).env("SCIM_TOKEN", token).stdin(Stdio::null()).kill_on_drop(true);
    // Warnings of the tools' own libraries go nowhere, so that standard error is a complaint.
    let output = command.env("PYTHONWARNINGS", "ignore").output().await;
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", tool.name));
    let complaint = String::from_utf8_lossy(&output.stderr);
    format!("{}{complaint}", String::from_utf8_lossy(&output.stdout))
}
