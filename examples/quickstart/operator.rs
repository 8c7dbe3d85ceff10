//! The real `rollcall` binary as a process of its own.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use control_plane::Process;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::cluster::{Cluster, OPERATOR_NAMESPACE};
use crate::{DIRECTORY, NAMESPACE, build};

/// How long the operator may take to become ready.
const READY_DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks at whether it is.
const POLL: Duration = Duration::from_millis(100);

/// The running operator. It ends with this value, and with the tour however that ends.
pub(crate) struct Operator {
    _process: Process,
    pub(crate) public_url: String,
    pub(crate) admin_url: String,
    pub(crate) log: PathBuf,
}

impl Operator {
    /// Starts `rollcall run`, with these flags as well, and waits until it is ready.
    pub(crate) async fn start(kubeconfig: &Path, state: &Path, flags: &[String]) -> Result<Self> {
        let addresses = state.join("addresses.json");
        let mut command = vec![build::rollcall()?.into_os_string(), "run".into()];
        let public = free_address().await?;
        command
            .extend(["--listen", &public.to_string(), "--public-url", &format!("http://{public}")].map(OsString::from));
        command.extend(["--admin-listen", "127.0.0.1:0"].map(OsString::from));
        command.extend(["--addresses-file".into(), addresses.clone().into_os_string()]);
        command.extend(["--kubeconfig".into(), kubeconfig.as_os_str().to_owned()]);
        command.extend(["--lease-namespace", OPERATOR_NAMESPACE].map(OsString::from));
        command.extend(flags.iter().map(OsString::from));
        let mut process = Process::start_in("rollcall", &command, state).context("cannot start rollcall")?;
        let deadline = Instant::now() + READY_DEADLINE;
        loop {
            if let Some(status) = process.exit_status()? {
                bail!("rollcall ended with {status}:\n{}", process.log());
            }
            if let Some((public_url, admin_url)) = listening(&addresses)
                && is_ready(&admin_url).await
            {
                return Ok(Self { _process: process, public_url, admin_url, log: state.join("rollcall.log") });
            }
            if Instant::now() > deadline {
                bail!("rollcall is not ready after {READY_DEADLINE:?}:\n{}", process.log());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// An address that nobody uses at this moment.
pub(crate) async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

/// The addresses that the operator listens on, once it has written them.
fn listening(addresses: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(addresses).ok()?;
    let addresses: serde_json::Value = serde_json::from_str(&text).ok()?;
    let url = |name: &str| Some(format!("http://{}", addresses[name].as_str()?));
    Some((url("public")?, url("admin")?))
}

async fn is_ready(admin_url: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().no_proxy().build() else { return false };
    client.get(format!("{admin_url}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// Makes a key with `rollcall key new`, applies its manifest and returns the secret.
pub(crate) async fn new_key(cluster: &Cluster, state: &Path) -> Result<String> {
    let (secret, manifest) = (state.join("token"), state.join("directory-key.yaml"));
    let output = Command::new(build::rollcall()?)
        .args([
            "key",
            "new",
            "--directory",
            DIRECTORY,
            "--namespace",
            NAMESPACE,
            "--name",
            "quickstart",
            "--secret-file",
        ])
        .arg(&secret)
        .output()
        .await
        .context("cannot run rollcall key new")?;
    if !output.status.success() {
        bail!("rollcall key new: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::write(&manifest, output.stdout)?;
    // A key's hash never changes, so that of an earlier tour on this cluster gives way.
    cluster.kubectl(&["-n", NAMESPACE, "delete", "directorykey", "quickstart", "--ignore-not-found"]).await?;
    cluster.apply(&manifest).await?;
    Ok(std::fs::read_to_string(&secret)?.trim().to_owned())
}

/// A secret that nobody can guess.
pub(crate) fn random_secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Writes a file that only its owner may read: it holds a secret.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
