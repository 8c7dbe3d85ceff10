//! A real node beside the control plane: containerd, kubelet, kube-proxy and the scheduler, in namespaces of their own.
//!
//! Pods really run: with an image, a network, a token, a security context, probes and Services. Only root can make one, and the
//! kernel must have what a node needs; [`run`] says precisely what a machine lacks. Network policies are accepted and ignored,
//! and there is no cluster DNS.
//!
//! Nothing of the machine changes: mounts, interfaces, rules and settings are those of the node's namespaces, its files are in
//! one folder, its cgroups below those of the caller. All of it ends with the value, and with the process that holds it however
//! that ends. On a machine with cgroups of version 2 it has not been seen working.

mod files;
mod namespaces;
mod probe;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binaries::{self, Binaries};
use crate::debian::{Packages, packages};
use crate::error::Error;
use crate::image::Image;
use crate::process::Process;
use crate::{ControlPlane, Place, flag, kubeconfig};
use namespaces::Namespaces;

/// What the node is called.
pub const NAME: &str = "node1";
/// Its address in its own network, where pods reach it and where the API server listens.
pub const ADDRESS: &str = "10.88.0.1";
/// The network of the pods.
const PODS: &str = "10.244.0.0/24";
const PAUSE_IMAGE: &str = "rollcall.test/pause:1";
/// What a node takes from Debian, and what builds images for it.
const PACKAGES: [&str; 5] = ["buildah", "containerd", "containernetworking-plugins", "nftables", "runc"];
/// It takes 2 s on two idle cores.
const READY_DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);
/// The code of a test that runs on the thread of a node has large futures.
const STACK: usize = 16 << 20;

/// What can be chosen about a node.
#[derive(Clone, Debug, Default)]
pub struct NodeOptions {
    /// The policy by which the API server writes its audit log; without one it writes none.
    pub audit_policy: Option<PathBuf>,
}

/// A running node with its control plane.
#[derive(Debug)]
pub struct Node {
    // First: with it all end that run in the namespaces, and nobody has to wait for them.
    namespaces: Namespaces,
    kubelet: Process,
    proxy: Process,
    scheduler: Process,
    containerd: Process,
    plane: ControlPlane,
    packages: Packages,
    folder: TempDir,
}

/// Debian's packages with which a node runs and images are built.
pub fn node_packages() -> Result<Packages, Error> {
    packages(&PACKAGES)
}

/// Whether this machine can run a node; the error says what is missing.
pub fn probe() -> Result<(), Error> {
    probe::probe(&node_packages()?)
}

/// Starts a node and visits it from a thread in its network: every address of the node, its pods and its Services is reached
/// from there, also by the threads and processes which the visitor starts.
pub fn run<T: Send>(options: &NodeOptions, visit: impl AsyncFnOnce(&mut Node) -> T + Send) -> Result<T, Error> {
    let visit = move || {
        let packages = node_packages()?;
        probe::probe(&packages)?;
        let folder = tempfile::Builder::new().prefix("rollcall-node-").tempdir()?;
        let namespaces = Namespaces::make(folder.path(), &packages)?;
        namespaces.enter_network()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut node = Node::start(options, namespaces, packages, folder).await?;
            Ok(visit(&mut node).await)
        })
    };
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("node".to_owned()).stack_size(STACK).spawn_scoped(scope, visit)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Node {
    async fn start(
        options: &NodeOptions,
        namespaces: Namespaces,
        packages: Packages,
        folder: TempDir,
    ) -> Result<Self, Error> {
        let located = tokio::task::spawn_blocking(|| Ok((Binaries::locate()?, binaries::node_programs()?)));
        let (binaries, programs) = located.await.expect("the search does not panic").map_err(|error: Error| error)?;
        let path = folder.path();
        files::write(path, &packages)?;
        let containerd = containerd(&namespaces, &packages, path)?;
        let place = Place::Node { address: ADDRESS, audit_policy: options.audit_policy.clone() };
        let plane = ControlPlane::start_at(place, binaries).await?;
        for user in kubeconfig::NODE_USERS {
            plane.token_kubeconfig(user.token).write(&path.join(format!("{}.kubeconfig", user.program)))?;
        }
        let scheduler = Process::start("kube-scheduler", &scheduler(&programs.scheduler, path), path)?;
        let proxy = namespaces.start(
            "kube-proxy",
            &packages,
            &[programs.proxy.into_os_string(), flag("--config=", &path.join("kube-proxy.json"))],
        )?;
        wait_for(&path.join("containerd.sock"), &containerd).await?;
        let kubelet = namespaces.start("kubelet", &packages, &kubelet(&programs.kubelet, path))?;
        let mut node = Self { namespaces, kubelet, proxy, scheduler, containerd, plane, packages, folder };
        node.import_pause(&programs.pause).await?;
        node.wait_until_ready().await?;
        Ok(node)
    }

    /// The control plane. It is reached from the threads of [`run`] alone.
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// Kills the API server and starts it again; pods and kubelet live on.
    pub async fn restart_api_server(&mut self) -> Result<(), Error> {
        self.plane.restart_api_server().await
    }

    /// The process whose namespaces are the node's, for `nsenter`.
    pub fn process_id(&self) -> u32 {
        self.namespaces.first()
    }

    /// The folder of the node.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes an image known to the node under its name; a pod that asks for it must not ask for it to be pulled.
    pub async fn import(&self, image: &Image) -> Result<(), Error> {
        let mut ctr = self.packages.command("ctr")?;
        ctr.arg("--address").arg(self.folder().join("containerd.sock"));
        ctr.args(["--namespace", "k8s.io", "images", "import", "--base-name", &image.repository, "--digests"]);
        ctr.arg(&image.archive);
        succeed(ctr).await.map(drop)
    }

    /// The ends of the logs of the programs, for whoever has to find out why a pod does not run.
    pub fn logs(&self) -> String {
        let processes = [&self.kubelet, &self.containerd, &self.proxy, &self.scheduler];
        processes.map(|process| format!("--- {}\n{}\n", process.name(), process.log_tail())).concat()
    }

    async fn import_pause(&self, program: &Path) -> Result<(), Error> {
        let context = self.folder().join("pause-image");
        fs::create_dir_all(&context)?;
        fs::copy(program, context.join("pause"))?;
        fs::write(context.join("Dockerfile"), "FROM scratch\nCOPY pause /pause\nENTRYPOINT [\"/pause\"]\n")?;
        let archive = self.folder().join("pause.tar");
        let packages = self.packages.clone();
        let build = move || Image::build(&packages, &context, None, PAUSE_IMAGE, archive);
        let image = tokio::task::spawn_blocking(build).await.expect("the build does not panic")?;
        self.import(&image).await
    }

    async fn wait_until_ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + READY_DEADLINE;
        let jsonpath = "-o=jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        loop {
            let account = ["-n", "default", "get", "serviceaccount", "default"];
            let status = self.plane.run_kubectl(&["get", "node", NAME, jsonpath]).await;
            if status.is_ok_and(|status| status == "True") && self.plane.run_kubectl(&account).await.is_ok() {
                return Ok(());
            }
            for process in [&mut self.kubelet, &mut self.containerd, &mut self.proxy, &mut self.scheduler] {
                if process.has_ended()? {
                    return Err(Error::Ended { name: process.name(), log: process.log_tail() });
                }
            }
            if Instant::now() > deadline {
                return Err(Error::NodeNotReady { after: READY_DEADLINE, log: self.logs() });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn containerd(namespaces: &Namespaces, packages: &Packages, folder: &Path) -> Result<Process, Error> {
    let program = packages.program("containerd")?.into_os_string();
    namespaces.start("containerd", packages, &[program, flag("--config=", &folder.join("containerd.toml"))])
}

fn kubelet(program: &Path, folder: &Path) -> Vec<OsString> {
    let mut command = vec![program.as_os_str().to_owned()];
    command.extend([
        flag("--config=", &folder.join("kubelet.json")),
        flag("--kubeconfig=", &folder.join("kubelet.kubeconfig")),
        flag("--root-dir=", &folder.join("kubelet")),
        flag("--cert-dir=", &folder.join("kubelet-certificates")),
    ]);
    command.extend([format!("--hostname-override={NAME}"), format!("--node-ip={ADDRESS}")].map(OsString::from));
    command
}

fn scheduler(program: &Path, folder: &Path) -> Vec<OsString> {
    let mut command =
        vec![program.as_os_str().to_owned(), flag("--kubeconfig=", &folder.join("kube-scheduler.kubeconfig"))];
    let own = ["--leader-elect=false", "--bind-address=127.0.0.1", "--authentication-tolerate-lookup-failure=true"];
    command.extend(own.map(OsString::from));
    command.push(flag("--cert-dir=", &folder.join("kube-scheduler-certificates")));
    command
}

/// Waits for a socket of a program that runs.
async fn wait_for(socket: &Path, process: &Process) -> Result<(), Error> {
    let deadline = Instant::now() + READY_DEADLINE;
    while !socket.exists() {
        if Instant::now() > deadline {
            return Err(Error::NodeNotReady { after: READY_DEADLINE, log: process.log_tail() });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn succeed(command: std::process::Command) -> Result<String, Error> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Failed { what, output: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
