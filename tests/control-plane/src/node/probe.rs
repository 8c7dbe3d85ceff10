//! Whether this machine can run a node, and if it cannot, exactly why.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::debian::Packages;
use crate::error::Error;

const SCRIPT: &str = include_str!("probe.sh");

/// Fails with what is missing. Takes about a tenth of a second.
pub(super) fn probe(packages: &Packages) -> Result<(), Error> {
    let missing = |reason: String| Err(Error::NoNode(reason));
    let status = fs::read_to_string("/proc/self/status")?;
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    if user != Some("0") {
        return missing(format!("the effective user is {}, and only root can make a node", user.unwrap_or("unknown")));
    }
    let cache = packages.path("");
    if ["/run", "/var/lib", "/var/log"].iter().any(|hidden| cache.starts_with(hidden)) {
        let (cache, variable) = (cache.display(), crate::CACHE_VARIABLE);
        return missing(format!("the cache is in {cache}, which a node hides: name another folder in {variable}"));
    }
    let namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup"];
    let output = Command::new("unshare").args(namespaces).args(["--fork", "--kill-child", "true"]).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return missing(format!("`unshare` of util-linux cannot be run: {error}")),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return missing(format!("namespaces cannot be made with `unshare {}`: {said}", namespaces.join(" ")));
    }
    for program in ["nft", "runc", "containerd", "ctr"] {
        packages.program(program)?;
    }
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--net", "--fork", "--kill-child", "/bin/sh"]).envs(packages.environment());
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = shell.stdin.take() {
        input.write_all(SCRIPT.as_bytes())?;
    }
    let output = shell.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    missing(format!("{}: {}", text(output.stdout), text(output.stderr)))
}
