//! Where the programs come from: `KUBEBUILDER_ASSETS`, or a build from a Go module beside this crate, kept in a cache.
#![allow(clippy::print_stderr, reason = "a build of five minutes says what it does, or it looks like a hang")]

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::process::Process;

/// Names a folder that holds the cache instead of `$XDG_CACHE_HOME/rollcall` or `~/.cache/rollcall`.
pub const CACHE_VARIABLE: &str = "ROLLCALL_CACHE";
/// The oldest Go that builds this version of Kubernetes.
pub(crate) const GO_VERSION: &str = "1.26";

/// The version that `/version` reports; without it version-dependent features misbehave.
const KUBERNETES_VERSION: (&str, &str, &str) = ("v1.36.3", "1", "36");
/// Between two signs of life.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(200);

/// Programs of one Go module, which are built and kept together.
#[derive(Clone, Copy, Debug)]
struct Module {
    /// The folder of the module beside this crate.
    folder: &'static str,
    /// Each program, and the package that it is built from.
    programs: &'static [(&'static str, &'static str)],
    /// How long the build of all of them takes, for whoever waits for it.
    takes: &'static str,
}

const CONTROL_PLANE: Module = Module {
    folder: "go",
    programs: &[
        ("etcd", "./etcd"),
        ("kubectl", "./kubectl"),
        ("kube-apiserver", "./kube-apiserver"),
        ("kube-controller-manager", "./kube-controller-manager"),
    ],
    takes: "about five minutes",
};

/// A module of its own, so that the control plane is not built anew when a node's programs change.
const NODE: Module = Module {
    folder: "go-node",
    programs: &[
        ("kubelet", "./kubelet"),
        ("kube-scheduler", "./kube-scheduler"),
        ("kube-proxy", "./kube-proxy"),
        ("pause", "./pause"),
    ],
    takes: "about two minutes after a control plane, and five by themselves",
};

/// The programs that a node has beside the control plane.
#[derive(Clone, Debug)]
pub(crate) struct NodePrograms {
    pub(crate) kubelet: PathBuf,
    pub(crate) scheduler: PathBuf,
    pub(crate) proxy: PathBuf,
    /// What holds the namespaces of a pod open.
    pub(crate) pause: PathBuf,
}

/// Builds those that are missing.
pub(crate) fn node_programs() -> Result<NodePrograms, Error> {
    let cache = cache_folder(NODE)?;
    build_missing(NODE, &cache, &[const { None }; 4])?;
    let [kubelet, scheduler, proxy, pause] =
        ["kubelet", "kube-scheduler", "kube-proxy", "pause"].map(|program| cache.join(program));
    Ok(NodePrograms { kubelet, scheduler, proxy, pause })
}

/// The Helm of a major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helm {
    /// Helm 3, which many teams still run.
    Three,
    /// Helm 4.
    Four,
}

impl Helm {
    fn module(self) -> Module {
        match self {
            Self::Three => {
                Module { folder: "helm-3", programs: &[("helm", "helm.sh/helm/v3/cmd/helm")], takes: "about a minute" }
            }
            Self::Four => {
                Module { folder: "helm-4", programs: &[("helm", "helm.sh/helm/v4/cmd/helm")], takes: "about a minute" }
            }
        }
    }

    /// The program, built if it is not there yet.
    pub fn locate(self) -> Result<PathBuf, Error> {
        let module = self.module();
        let [(program, _)] = module.programs else { unreachable!("a module of Helm holds one program") };
        let cache = cache_folder(module)?;
        build_missing(module, &cache, &[None])?;
        Ok(cache.join(program))
    }
}

const CADDY: Module = Module {
    folder: "caddy",
    programs: &[("caddy", "github.com/caddyserver/caddy/v2/cmd/caddy")],
    takes: "about two minutes",
};

/// Caddy, built if it is not there yet.
pub(crate) fn caddy() -> Result<PathBuf, Error> {
    let cache = cache_folder(CADDY)?;
    build_missing(CADDY, &cache, &[None])?;
    Ok(cache.join("caddy"))
}

const KSTATUS: Module = Module {
    folder: "kstatus",
    programs: &[("kstatus", "./kstatus"), ("argocd-health", "./argocd-health")],
    takes: "about half a minute",
};

/// What asks kstatus, and what runs health checks of Argo CD, built if they are not there yet.
pub(crate) fn kstatus() -> Result<[PathBuf; 2], Error> {
    let cache = cache_folder(KSTATUS)?;
    build_missing(KSTATUS, &cache, &[None, None])?;
    Ok(["kstatus", "argocd-health"].map(|program| cache.join(program)))
}

/// The paths of the programs.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) etcd: PathBuf,
    pub(crate) kubectl: PathBuf,
    pub(crate) kube_apiserver: PathBuf,
    pub(crate) kube_controller_manager: PathBuf,
}

/// What the benchmark measures our check door against.
const OAUTH2_PROXY: Module = Module {
    folder: "oauth2-proxy",
    programs: &[("oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")],
    takes: "about two minutes",
};

/// oauth2-proxy, built if it is not there yet.
pub fn oauth2_proxy() -> Result<PathBuf, Error> {
    let cache = cache_folder(OAUTH2_PROXY)?;
    build_missing(OAUTH2_PROXY, &cache, &[None])?;
    Ok(cache.join("oauth2-proxy"))
}

impl Binaries {
    /// Takes what `KUBEBUILDER_ASSETS` has (it usually lacks kube-controller-manager) and builds what is missing.
    pub(crate) fn locate() -> Result<Self, Error> {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let in_assets = |(program, _): &(&str, &str)| {
            assets.as_ref().map(|assets| assets.join(program)).filter(|path| path.is_file())
        };
        let mut paths: Vec<_> = CONTROL_PLANE.programs.iter().map(in_assets).collect();
        if paths.iter().any(Option::is_none) {
            let cache = cache_folder(CONTROL_PLANE)?;
            build_missing(CONTROL_PLANE, &cache, &paths)?;
            for (path, (program, _)) in paths.iter_mut().zip(CONTROL_PLANE.programs) {
                path.get_or_insert_with(|| cache.join(program));
            }
        }
        let mut found = paths.into_iter().map(|path| path.expect("found or built"));
        let mut next = || found.next().expect("one path for each program");
        Ok(Self { etcd: next(), kubectl: next(), kube_apiserver: next(), kube_controller_manager: next() })
    }
}

impl Module {
    fn path(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }
}

/// Where everything is kept that is dear to make again, outside the work tree: `cargo clean` and a fresh clone do not pay twice.
pub(crate) fn cache_base() -> Result<PathBuf, Error> {
    let folder = |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder(CACHE_VARIABLE)
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("rollcall")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/rollcall")))
        .ok_or(Error::NoCache)
}

/// The beginning of a digest, which is enough to tell the folders of a cache apart.
pub(crate) fn digest_name(digest: &[u8]) -> String {
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder of this exact set of sources.
fn cache_folder(module: Module) -> Result<PathBuf, Error> {
    let base = cache_base()?;
    let mut hash = Sha256::new();
    hash.update(KUBERNETES_VERSION.0);
    let own =
        module.programs.iter().filter_map(|(_, package)| Some(format!("{}/main.go", package.strip_prefix("./")?)));
    for source in ["go.mod", "go.sum"].into_iter().map(str::to_owned).chain(own) {
        hash.update(fs::read(module.path().join(source))?);
    }
    let digest = digest_name(&hash.finalize());
    let kind = match module.folder {
        "go" => "control-plane",
        "go-node" => "node",
        other => other,
    };
    Ok(base.join(kind).join(digest))
}

/// Builds those programs that were found nowhere else and are not in the cache.
fn build_missing(module: Module, cache: &Path, found: &[Option<PathBuf>]) -> Result<(), Error> {
    let missing = || -> Vec<(&'static str, &'static str)> {
        let wanted = module.programs.iter().zip(found);
        let wanted = wanted.filter(|((program, _), path)| path.is_none() && !cache.join(program).is_file());
        wanted.map(|(program, _)| *program).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(cache)?;
    let _lock = lock(&cache.join("lock"))?;
    // Somebody else may have built them while we waited.
    let programs = missing();
    for (number, (program, package)) in programs.iter().copied().enumerate() {
        eprintln!(
            "control plane: building {program} ({} of {}; together they take {} on two cores, once, and stay in {})",
            number + 1,
            programs.len(),
            module.takes,
            cache.display()
        );
        build(module, program, package, cache)?;
    }
    Ok(())
}

/// One build at a time: two test processes would otherwise do the same work twice.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("control plane: another process is building it; waiting for {}", path.display());
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(file)
}

fn build(module: Module, program: &'static str, package: &str, cache: &Path) -> Result<(), Error> {
    Command::new("go").arg("version").stdin(Stdio::null()).output().map_err(Error::NoGo)?;
    // Everything of this build is in one folder, which goes with it, and so does `go`, however this process ends.
    let folder = tempfile::Builder::new().prefix("building-").tempdir_in(cache)?;
    let unfinished = folder.path().join(program);
    let (version, major, minor) = KUBERNETES_VERSION;
    let stamp = "k8s.io/component-base/version.git";
    let flags = format!("-s -w -X {stamp}Version={version} -X {stamp}Major={major} -X {stamp}Minor={minor}");
    let mut work = OsString::from("GOTMPDIR=");
    work.push(folder.path());
    let mut command: Vec<OsString> = vec!["env".into(), "CGO_ENABLED=0".into(), work, "go".into(), "-C".into()];
    command.extend([
        module.path().into_os_string(),
        "build".into(),
        "-trimpath".into(),
        "-ldflags".into(),
        flags.into(),
    ]);
    command.extend(["-o".into(), unfinished.clone().into_os_string(), package.into()]);
    let started = Instant::now();
    let mut go = Process::start("go", &command, folder.path())?;
    let mut reported = Instant::now();
    let status = loop {
        if let Some(status) = go.exit_status()? {
            break status;
        }
        if reported.elapsed() >= PROGRESS_INTERVAL {
            reported = Instant::now();
            eprintln!("control plane: still building {program} ({} s)", started.elapsed().as_secs());
        }
        std::thread::sleep(POLL);
    };
    if !status.success() {
        return Err(Error::Build { program, output: go.log_tail() });
    }
    // A file under its final name is whole.
    fs::rename(&unfinished, cache.join(program))?;
    eprintln!("control plane: built {program} in {} s", started.elapsed().as_secs());
    Ok(())
}
