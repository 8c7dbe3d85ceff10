//! The built binary as a process, under the account that has the chart's rights and no others.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use control_plane::Process;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::wait::{DEADLINE, within};
use super::{client, cluster, until};

/// A running `rollcall run`. It ends with this value, and with the test process however that ends.
pub(crate) struct Operator {
    // Before the folder that it writes to: fields are dropped in this order.
    process: Process,
    addresses: PathBuf,
    pub(crate) public_url: String,
    pub(crate) admin_url: String,
    _folder: TempDir,
}

static SHARED: OnceCell<Operator> = OnceCell::const_new();
static SECOND: OnceCell<Operator> = OnceCell::const_new();

impl Operator {
    /// The replica that most tests talk to.
    pub(crate) async fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(&[])).await
    }

    /// Another replica of it.
    pub(crate) async fn second() -> &'static Self {
        SECOND.get_or_init(|| Self::start(&[])).await
    }

    /// One of the test's own, with these flags beside the usual ones; it is ready.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        let mut operator = Self::launch(&cluster::shared().await.operator_kubeconfig, flags).await;
        operator.ready().await;
        operator
    }

    /// Starts the process for the cluster of this kubeconfig and waits until it listens, ready or not.
    pub(crate) async fn launch(kubeconfig: &Path, flags: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("rollcall-test-").tempdir().expect("a folder");
        let addresses = folder.path().join("addresses.json");
        let mut command = vec![env!("CARGO_BIN_EXE_rollcall").into(), "run".into()];
        command.extend(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"].map(Into::into));
        command.extend(["--addresses-file".into(), addresses.clone().into_os_string()]);
        command.extend(["--kubeconfig".into(), kubeconfig.as_os_str().to_owned()]);
        command.extend(flags.iter().map(Into::into));
        let process = Process::start("rollcall", &command, folder.path()).expect("the operator starts");
        let (public_url, admin_url) = (String::new(), String::new());
        let mut operator = Self { process, addresses, public_url, admin_url, _folder: folder };
        let urls = within(DEADLINE, async || operator.listening()).await;
        let urls = urls.unwrap_or_else(|| panic!("rollcall does not listen:\n{}", operator.log()));
        (operator.public_url, operator.admin_url) = urls;
        operator
    }

    /// Where it listens, once it has written that down.
    fn listening(&mut self) -> Option<(String, String)> {
        self.must_run();
        let addresses: Value = serde_json::from_slice(&std::fs::read(&self.addresses).ok()?).ok()?;
        let url = |name: &str| Some(format!("http://{}", addresses[name].as_str()?));
        Some((url("public")?, url("admin")?))
    }

    /// Waits until it is ready; a failure shows what it was waiting for itself.
    pub(crate) async fn ready(&mut self) {
        let mut last = String::new();
        let ready = within(DEADLINE, async || {
            self.must_run();
            let (status, text) = self.admin("/readyz").await;
            last = text;
            (status == 200).then_some(())
        })
        .await;
        assert!(ready.is_some(), "rollcall is not ready: {last}\n{}", self.log());
    }

    fn must_run(&mut self) {
        let ended = self.process.exit_status().expect("a status");
        assert!(ended.is_none(), "rollcall ended by itself ({ended:?}):\n{}", self.log());
    }

    /// Asks the admin listener: status and text; status 0 where nobody answers.
    pub(crate) async fn admin(&self, path: &str) -> (u16, String) {
        let Ok(answer) = client::http().get(format!("{}{path}", self.admin_url)).send().await else {
            return (0, String::new());
        };
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }

    /// The metrics as text.
    pub(crate) async fn metrics(&self) -> String {
        let (status, text) = self.admin("/metrics").await;
        assert_eq!(status, 200, "{text}");
        text
    }

    /// Its process id.
    #[allow(dead_code, reason = "the benchmark, which shares this module, reads the memory of the process")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Ends it as a crash does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, as the kubelet does.
    pub(crate) fn terminate(&self) {
        self.process.signal("TERM").expect("a signal");
    }

    /// Stops it where it stands, as a pause of its machine does.
    pub(crate) fn pause(&self) {
        self.process.signal("STOP").expect("a signal");
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.process.signal("CONT").expect("a signal");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the operator to end", async || self.process.exit_status().expect("a status")).await
    }
}
