//! A real Kubernetes control plane on loopback: etcd, kube-apiserver and kube-controller-manager as processes.
//!
//! The tests, the quickstart and the benchmark stand on it. There is no kubelet, so pods do not run; all that the API
//! server does by itself is real: storage, RBAC, admission, garbage collection, watches. Where pods must run, [`node`] starts
//! the rest of a cluster around it.
//!
//! `cargo run -p control-plane --example up` starts one by itself and prints how to reach it, for a look around or a test
//! by hand.
//!
//! Every process that is started here ends with the [`ControlPlane`], and also when the process that holds it panics, is
//! killed, or ends without running destructors: see [`Process`].

mod binaries;
mod browser;
mod debian;
pub mod entra;
mod error;
mod image;
mod kstatus;
mod kubeconfig;
pub mod node;
mod npm;
mod ports;
mod process;
mod proxy;
mod wheels;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use binaries::Binaries;
pub use binaries::{CACHE_VARIABLE, Helm, oauth2_proxy};
pub use browser::{Browser, Tour};
pub use debian::{Packages, packages};
pub use error::Error;
pub use image::Image;
pub use kstatus::{argocd_health, kstatus};
use kubeconfig::Kubeconfig;
pub use process::Process;
pub use proxy::{Proxy, RunningProxy};

/// How long the API server may take to become ready. It takes 3 s on two idle cores.
const READY_DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks at whether it is.
const POLL: Duration = Duration::from_millis(100);
/// Free ports may be taken by somebody else between the choice and the use: so often others are chosen.
const START_ATTEMPTS: usize = 3;

/// What can be chosen about a control plane.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether etcd syncs each write to the disk. Tests do without; the benchmark must not.
    pub fsync: bool,
}

/// The addresses of Services.
pub(crate) const SERVICES: &str = "10.0.0.0/24";

/// Where a control plane stands, and for whom.
#[derive(Clone, Debug)]
enum Place {
    /// On loopback, for programs that need an API server.
    Loopback,
    /// In the network of a node, for its kubelet and its pods.
    Node { address: &'static str, audit_policy: Option<PathBuf> },
}

impl Place {
    fn url(&self, port: u16) -> String {
        match self {
            Self::Loopback => format!("https://127.0.0.1:{port}"),
            Self::Node { address, .. } => format!("https://{address}:{port}"),
        }
    }

    /// What the API server is told beside what it is told everywhere.
    fn api_server_flags(&self, data: &Path) -> Vec<OsString> {
        match self {
            Self::Loopback => ["--bind-address=127.0.0.1", "--authorization-mode=RBAC"].map(OsString::from).to_vec(),
            Self::Node { address, audit_policy } => {
                let mut flags = [
                    "--bind-address=0.0.0.0".to_owned(),
                    format!("--advertise-address={address}"),
                    "--authorization-mode=Node,RBAC".to_owned(),
                    "--kubelet-preferred-address-types=InternalIP".to_owned(),
                ]
                .map(OsString::from)
                .to_vec();
                if let Some(policy) = audit_policy {
                    flags.push(flag("--audit-policy-file=", policy));
                    flags.push(flag("--audit-log-path=", &data.join(AUDIT_LOG)));
                }
                flags
            }
        }
    }

    /// The controllers that are needed; pods need nearly all of them, and the authority that verifies the API server.
    fn controller_manager_flags(&self, data: &Path) -> Vec<OsString> {
        match self {
            Self::Loopback => {
                vec![format!("--controllers={}", CONTROLLERS.join(",")).into()]
            }
            Self::Node { .. } => {
                vec![flag("--root-ca-file=", &data.join(kubeconfig::CERTIFICATES).join("apiserver.crt"))]
            }
        }
    }
}

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    // The processes stand before the folder they write to: fields are dropped in this order.
    controller_manager: Process,
    api_server: Process,
    etcd: Process,
    ports: ports::Ports,
    place: Place,
    binaries: Binaries,
    data: TempDir,
}

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();

/// The one control plane of this process, started by whoever asks first.
///
/// # Panics
///
/// Where it cannot be started; the message says how to get what is missing. A test has nothing better to do.
pub async fn shared() -> &'static ControlPlane {
    let start = || async { ControlPlane::start(Options::default()).await.unwrap_or_else(|error| panic!("{error}")) };
    SHARED.get_or_init(start).await
}

impl ControlPlane {
    /// Finds or builds the programs, starts them on free ports and waits until the API server is ready.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let binaries = tokio::task::spawn_blocking(Binaries::locate).await.expect("the search does not panic")?;
        Self::start_with(options, Place::Loopback, binaries).await
    }

    /// The same somewhere else, without syncing.
    async fn start_at(place: Place, binaries: Binaries) -> Result<Self, Error> {
        Self::start_with(Options::default(), place, binaries).await
    }

    async fn start_with(options: Options, place: Place, binaries: Binaries) -> Result<Self, Error> {
        let mut attempt = 1;
        loop {
            match Self::try_start(options, place.clone(), binaries.clone()).await {
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
                started => return started,
            }
        }
    }

    async fn try_start(options: Options, place: Place, binaries: Binaries) -> Result<Self, Error> {
        let data = tempfile::Builder::new().prefix("rollcall-control-plane-").tempdir()?;
        let ports = ports::free()?;
        kubeconfig::write_secrets(data.path())?;
        let mut etcd = Process::start("etcd", &etcd(&binaries, data.path(), ports, options), data.path())?;
        let command = api_server(&binaries, data.path(), ports, &place);
        let mut api_server = Process::start("kube-apiserver", &command, data.path())?;
        let kubeconfig = data.path().join(ADMIN_KUBECONFIG);
        kubeconfig::admin(&place.url(ports.api_server), data.path()).write(&kubeconfig)?;
        let kubectl = || kubectl(&binaries, &kubeconfig);
        wait_until_ready(kubectl, &mut [&mut etcd, &mut api_server]).await?;
        // Last: it reads the certificate that the API server makes at its first start, once.
        let controller_manager = controller_manager(&binaries, data.path(), ports, &place);
        let controller_manager = Process::start("kube-controller-manager", &controller_manager, data.path())?;
        Ok(Self { controller_manager, api_server, etcd, ports, place, binaries, data })
    }

    /// Where the API server listens.
    pub fn url(&self) -> String {
        self.place.url(self.ports.api_server)
    }

    /// The kubeconfig of a member of `system:masters`, whom neither RBAC nor fairness limits.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.data.path().join(ADMIN_KUBECONFIG)
    }

    /// Writes a kubeconfig for a plain user with any name and groups; what the user may do is RBAC's to say.
    pub fn user_kubeconfig(&self, user: &str, groups: &[&str]) -> Result<PathBuf, Error> {
        let kubeconfig = kubeconfig::admin(&self.url(), self.data.path()).acting_as(user, groups);
        self.write_kubeconfig(&format!("user-{user}"), &kubeconfig)
    }

    /// Writes a kubeconfig with a token of this service account, as the API server issues it to a pod.
    pub async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf, Error> {
        let token = self.run_kubectl(&["-n", namespace, "create", "token", name, "--duration=24h"]).await?;
        let kubeconfig = self.token_kubeconfig(token.trim()).in_namespace(namespace);
        self.write_kubeconfig(&format!("service-account-{namespace}-{name}"), &kubeconfig)
    }

    /// For whoever holds this token.
    fn token_kubeconfig(&self, token: &str) -> Kubeconfig {
        kubeconfig::with_token(&self.url(), self.data.path(), token)
    }

    /// The audit log, where the API server was told to write one.
    pub fn audit_log(&self) -> PathBuf {
        self.data.path().join(AUDIT_LOG)
    }

    fn write_kubeconfig(&self, name: &str, kubeconfig: &Kubeconfig) -> Result<PathBuf, Error> {
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = self.data.path().join(format!("kubeconfig-{safe}"));
        kubeconfig.write(&path)?;
        Ok(path)
    }

    /// The kubectl that belongs to this version.
    pub fn kubectl_path(&self) -> &Path {
        &self.binaries.kubectl
    }

    /// That kubectl, as an administrator.
    pub fn kubectl(&self) -> Command {
        kubectl(&self.binaries, &self.admin_kubeconfig())
    }

    /// Kills the API server and starts it again, on the same port and with the same data.
    pub async fn restart_api_server(&mut self) -> Result<(), Error> {
        self.stop_api_server();
        self.api_server = Process::start(
            "kube-apiserver",
            &api_server(&self.binaries, self.data.path(), self.ports, &self.place),
            self.data.path(),
        )?;
        let kubeconfig = self.admin_kubeconfig();
        wait_until_ready(|| kubectl(&self.binaries, &kubeconfig), &mut [&mut self.etcd, &mut self.api_server]).await
    }

    /// Kills the API server; [`Self::restart_api_server`] brings it back.
    pub fn stop_api_server(&mut self) {
        self.api_server.kill();
    }

    /// Stops the API server where it stands, so that its connections are open and silent.
    pub fn pause_api_server(&self) -> Result<(), Error> {
        Ok(self.api_server.signal("STOP")?)
    }

    /// Lets a paused API server go on.
    pub fn resume_api_server(&self) -> Result<(), Error> {
        Ok(self.api_server.signal("CONT")?)
    }

    /// The process ids of the three programs.
    pub fn process_ids(&self) -> [u32; 3] {
        [self.etcd.id(), self.api_server.id(), self.controller_manager.id()]
    }

    async fn run_kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        run(self.kubectl(), arguments).await
    }
}

fn kubectl(binaries: &Binaries, kubeconfig: &Path) -> Command {
    let mut command = Command::new(&binaries.kubectl);
    // What kubectl learns about a server is kept by address, and these addresses are used again by other servers.
    command.env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", kubeconfig.with_file_name("kubectl-cache"));
    command
}

async fn run(kubectl: Command, arguments: &[&str]) -> Result<String, Error> {
    let output = tokio::process::Command::from(kubectl).args(arguments).kill_on_drop(true).output().await?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::Kubectl(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

async fn wait_until_ready(kubectl: impl Fn() -> Command, processes: &mut [&mut Process]) -> Result<(), Error> {
    let deadline = Instant::now() + READY_DEADLINE;
    while run(kubectl(), &["--request-timeout=2s", "get", "--raw", "/readyz"]).await.is_err() {
        for process in processes.iter_mut() {
            if process.has_ended()? {
                return Err(Error::Ended { name: process.name(), log: process.log_tail() });
            }
        }
        if Instant::now() > deadline {
            let log = processes.last().map(|process| process.log_tail()).unwrap_or_default();
            return Err(Error::NotReady { after: READY_DEADLINE, log });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

const ADMIN_KUBECONFIG: &str = "kubeconfig";
const AUDIT_LOG: &str = "audit.log";

fn etcd(binaries: &Binaries, data: &Path, ports: ports::Ports, options: Options) -> Vec<OsString> {
    let (clients, peers) =
        (format!("http://127.0.0.1:{}", ports.etcd), format!("http://127.0.0.1:{}", ports.etcd_peers));
    let mut command = vec![binaries.etcd.clone().into_os_string()];
    command.push(flag("--data-dir=", &data.join("etcd")));
    command.extend(
        [
            format!("--listen-client-urls={clients}"),
            format!("--advertise-client-urls={clients}"),
            format!("--listen-peer-urls={peers}"),
            format!("--initial-advertise-peer-urls={peers}"),
            format!("--initial-cluster=default={peers}"),
            "--log-level=warn".to_owned(),
        ]
        .map(OsString::from),
    );
    if !options.fsync {
        command.push("--unsafe-no-fsync".into());
    }
    command
}

fn api_server(binaries: &Binaries, data: &Path, ports: ports::Ports, place: &Place) -> Vec<OsString> {
    let mut command = vec![binaries.kube_apiserver.clone().into_os_string()];
    command.extend(
        [
            format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd),
            format!("--secure-port={}", ports.api_server),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-cluster-ip-range={SERVICES}"),
        ]
        .map(OsString::from),
    );
    command.extend([
        flag("--cert-dir=", &data.join(kubeconfig::CERTIFICATES)),
        flag("--service-account-key-file=", &data.join(kubeconfig::SERVICE_ACCOUNT_PUBLIC_KEY)),
        flag("--service-account-signing-key-file=", &data.join(kubeconfig::SERVICE_ACCOUNT_KEY)),
        flag("--token-auth-file=", &data.join(kubeconfig::TOKENS)),
    ]);
    command.extend(place.api_server_flags(data));
    command
}

/// What the API server leaves to controllers and tests rely on: objects go with their owners and namespaces, accounts come with
/// namespaces, ClusterRoles are put together, and admission policies are checked for mistakes.
const CONTROLLERS: [&str; 5] = [
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
    "validatingadmissionpolicy-status-controller",
];

fn controller_manager(binaries: &Binaries, data: &Path, ports: ports::Ports, place: &Place) -> Vec<OsString> {
    let mut command = vec![binaries.kube_controller_manager.clone().into_os_string()];
    command.extend(
        [
            "--leader-elect=false".to_owned(),
            // Each under its own account, as clusters run them: admission tells them from an administrator.
            "--use-service-account-credentials=true".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", ports.controller_manager),
        ]
        .map(OsString::from),
    );
    command.extend([
        flag("--kubeconfig=", &data.join(ADMIN_KUBECONFIG)),
        flag("--cert-dir=", &data.join("kube-controller-manager")),
        flag("--service-account-private-key-file=", &data.join(kubeconfig::SERVICE_ACCOUNT_KEY)),
    ]);
    command.extend(place.controller_manager_flags(data));
    command
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}
