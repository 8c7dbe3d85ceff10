//! Where the programs come from: `KUBEBUILDER_ASSETS`, or a build from the Go module beside this crate, kept in a cache.
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
const PROGRAMS: [&str; 4] = ["etcd", "kubectl", "kube-apiserver", "kube-controller-manager"];
/// Between two signs of life.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(200);

/// The paths of the programs.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    pub(crate) etcd: PathBuf,
    pub(crate) kubectl: PathBuf,
    pub(crate) kube_apiserver: PathBuf,
    pub(crate) kube_controller_manager: PathBuf,
}

impl Binaries {
    /// Takes what `KUBEBUILDER_ASSETS` has (it usually lacks kube-controller-manager) and builds what is missing.
    pub(crate) fn locate() -> Result<Self, Error> {
        let assets = env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let mut paths =
            PROGRAMS.map(|program| assets.as_ref().map(|assets| assets.join(program)).filter(|path| path.is_file()));
        if paths.iter().any(Option::is_none) {
            let cache = cache_folder()?;
            build_missing(&cache, &paths)?;
            for (path, program) in paths.iter_mut().zip(PROGRAMS) {
                path.get_or_insert_with(|| cache.join(program));
            }
        }
        let [etcd, kubectl, kube_apiserver, kube_controller_manager] = paths.map(|path| path.expect("found or built"));
        Ok(Self { etcd, kubectl, kube_apiserver, kube_controller_manager })
    }
}

fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("go")
}

/// A folder of this exact set of sources, outside the work tree: `cargo clean` and a fresh clone do not pay again.
fn cache_folder() -> Result<PathBuf, Error> {
    let folder = |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = folder(CACHE_VARIABLE)
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("rollcall")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/rollcall")))
        .ok_or(Error::NoCache)?;
    let mut hash = Sha256::new();
    hash.update(KUBERNETES_VERSION.0);
    let sources = PROGRAMS.map(|program| format!("{program}/main.go"));
    for source in ["go.mod", "go.sum"].into_iter().chain(sources.iter().map(String::as_str)) {
        hash.update(fs::read(module().join(source))?);
    }
    let digest: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(base.join("control-plane").join(digest))
}

fn build_missing(cache: &Path, found: &[Option<PathBuf>]) -> Result<(), Error> {
    let missing = || -> Vec<&'static str> {
        let wanted =
            PROGRAMS.iter().zip(found).filter(|(program, path)| path.is_none() && !cache.join(program).is_file());
        wanted.map(|(program, _)| *program).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    fs::create_dir_all(cache)?;
    let _lock = lock(&cache.join("lock"))?;
    // Somebody else may have built them while we waited.
    let programs = missing();
    for (number, program) in programs.iter().copied().enumerate() {
        eprintln!(
            "control plane: building {program} ({} of {}; all four take about five minutes on two cores, once, and stay in {})",
            number + 1,
            programs.len(),
            cache.display()
        );
        build(program, cache)?;
    }
    Ok(())
}

/// One build at a time: two test processes would otherwise do the same work twice.
fn lock(path: &Path) -> io::Result<File> {
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

fn build(program: &'static str, cache: &Path) -> Result<(), Error> {
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
    command.extend([module().into_os_string(), "build".into(), "-trimpath".into(), "-ldflags".into(), flags.into()]);
    command.extend(["-o".into(), unfinished.clone().into_os_string(), format!("./{program}").into()]);
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
