//! Programs of Debian's packages, downloaded and unpacked into the cache: nothing is installed, and no script of a package runs.
#![allow(clippy::print_stderr, reason = "a download says what it does, or it looks like a hang")]

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::binaries::{cache_base, digest_name, lock};
use crate::error::Error;

/// Packages that are unpacked below one folder, with everything that they depend on and this machine lacks.
#[derive(Clone, Debug)]
pub struct Packages {
    root: PathBuf,
}

/// Downloads these packages and what they depend on, once; the same names are found in the cache the next time.
///
/// A library that this machine has already is taken from the machine, so a cache is not to be carried to another one.
pub fn packages(names: &[&str]) -> Result<Packages, Error> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let base = cache_base()?.join("debian");
    let root = base.join(digest_name(&Sha256::digest(sorted.join(" "))));
    // A folder under its final name is whole.
    if !root.is_dir() {
        fs::create_dir_all(&base)?;
        let _lock = lock(&base.join("lock"))?;
        if !root.is_dir() {
            eprintln!("control plane: fetching Debian's {} into {}", sorted.join(", "), root.display());
            let unfinished = tempfile::Builder::new().prefix("fetching-").tempdir_in(&base)?;
            fetch(&sorted, unfinished.path(), &base)?;
            fs::rename(unfinished.path().join("root"), &root)?;
        }
    }
    Ok(Packages { root })
}

impl Packages {
    /// A file or folder of the packages by its path on an installed system, such as `/usr/lib/cni`.
    pub fn path(&self, installed: &str) -> PathBuf {
        self.root.join(installed.trim_start_matches('/'))
    }

    /// Where a program is.
    pub fn program(&self, name: &str) -> Result<PathBuf, Error> {
        let found = self.program_folders().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        found.ok_or_else(|| Error::Packages {
            names: name.to_owned(),
            output: format!("{} holds no program of this name", self.root.display()),
        })
    }

    /// A program with the environment that it needs.
    pub fn command(&self, name: &str) -> Result<Command, Error> {
        let mut command = Command::new(self.program(name)?);
        command.envs(self.environment());
        Ok(command)
    }

    /// Where programs find each other and their libraries.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        let joined = |folders: Vec<PathBuf>| env::join_paths(folders).expect("no colon in a folder of the cache");
        let inherited = env::var_os("PATH").unwrap_or_default();
        let programs = self.program_folders().into_iter().chain(env::split_paths(&inherited));
        [("PATH", joined(programs.collect())), ("LD_LIBRARY_PATH", joined(self.library_folders()))]
    }

    fn program_folders(&self) -> Vec<PathBuf> {
        ["usr/bin", "usr/sbin", "bin", "sbin"].map(|folder| self.root.join(folder)).to_vec()
    }

    /// Debian keeps libraries in a folder for each architecture, such as `usr/lib/x86_64-linux-gnu`, and some that only a few
    /// programs share one folder deeper.
    fn library_folders(&self) -> Vec<PathBuf> {
        let common = ["usr/lib", "lib"].iter().flat_map(|folder| folders(&self.root.join(folder)));
        let common: Vec<_> = common.filter(|path| path.to_string_lossy().ends_with("-linux-gnu")).collect();
        let deeper = common.iter().flat_map(|folder| folders(folder)).filter(|folder| holds_libraries(folder));
        let deeper: Vec<_> = deeper.collect();
        [common, deeper].concat()
    }
}

/// The folders in a folder; none where it is not there.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir()).collect()
}

fn holds_libraries(folder: &Path) -> bool {
    let mut names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_str().is_some_and(|name| name.starts_with("lib") && name.contains(".so")))
}

fn fetch(names: &[&str], folder: &Path, base: &Path) -> Result<(), Error> {
    let (archives, root) = (folder.join("archives"), folder.join("root"));
    fs::create_dir_all(archives.join("partial"))?;
    fs::create_dir_all(&root)?;
    // The machine's own lists may be missing, as in a container, or older than what the mirror holds.
    if let Err(error) = download(names, &archives, &[]) {
        if has_lists() && error.to_string().contains("Unable to locate package") {
            return Err(error);
        }
        eprintln!("control plane: fetching Debian's lists, as the machine's own did not do ({error})");
        let lists = base.join("lists");
        fs::create_dir_all(lists.join("partial"))?;
        let option = option("Dir::State::Lists=", &lists);
        apt(&[option.clone(), "update".into()], "lists of packages")?;
        download(names, &archives, &[option])?;
    }
    for archive in fs::read_dir(&archives)? {
        let archive = archive?.path();
        if archive.extension() == Some(OsStr::new("deb")) {
            let arguments = [OsStr::new("-x"), archive.as_os_str(), root.as_os_str()];
            run("dpkg-deb", &arguments, &archive.display().to_string())?;
        }
    }
    Ok(())
}

/// Whether this machine knows which packages there are.
fn has_lists() -> bool {
    let files = fs::read_dir("/var/lib/apt/lists").into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| name.to_string_lossy().contains("_Packages"))
}

fn download(names: &[&str], archives: &Path, options: &[OsString]) -> Result<(), Error> {
    let mut arguments = options.to_vec();
    arguments.push(option("Dir::Cache::archives=", archives));
    // `--reinstall`: a package that this machine has installed is downloaded all the same.
    arguments.extend(
        ["install", "--download-only", "--reinstall", "--no-install-recommends", "--assume-yes"].map(OsString::from),
    );
    arguments.extend(names.iter().map(OsString::from));
    apt(&arguments, &names.join(", "))
}

fn apt(arguments: &[OsString], what: &str) -> Result<(), Error> {
    // Nothing of the machine is written, so its locks, which root alone may take, are not needed.
    let mut all: Vec<&OsStr> = ["-q", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="].map(OsStr::new).to_vec();
    all.extend(arguments.iter().map(OsString::as_os_str));
    run("apt-get", &all, what)
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from("-o");
    option.push(name);
    option.push(path);
    option
}

fn run(program: &'static str, arguments: &[&OsStr], what: &str) -> Result<(), Error> {
    let mut command = Command::new(program);
    let output = command.args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output().map_err(Error::NoDebian)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Packages { names: what.to_owned(), output: text })
}
