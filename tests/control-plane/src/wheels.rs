//! Programs that are published as Python wheels, installed into the cache by version and hash.
#![allow(clippy::print_stderr, reason = "a download says what it does, or it looks like a hang")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::binaries::{cache_base, digest_name, lock};
use crate::error::Error;

/// The folder of exactly the wheels that are pinned in `wheels/requirements.txt`.
pub(crate) fn wheels() -> Result<PathBuf, Error> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("wheels/requirements.txt");
    let base = cache_base()?.join("wheels");
    let root = base.join(digest_name(&Sha256::digest(fs::read(&requirements)?)));
    // A folder under its final name is whole.
    if !root.is_dir() {
        fs::create_dir_all(&base)?;
        let _lock = lock(&base.join("lock"))?;
        if !root.is_dir() {
            eprintln!("control plane: installing wheels into {}", root.display());
            let unfinished = tempfile::Builder::new().prefix("installing-").tempdir_in(&base)?;
            let (environment, folder) = (unfinished.path().join("environment"), unfinished.path().join("root"));
            // Only for its pip, which a system's Python may lack.
            run("python3".as_ref(), &["-m".as_ref(), "venv".as_ref(), environment.as_os_str()])?;
            let mut arguments: Vec<&OsStr> = Vec::new();
            let pip =
                ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
            arguments.extend(pip.map(OsStr::new));
            arguments.extend(["--require-hashes", "--target"].map(OsStr::new));
            arguments.extend([folder.as_os_str(), "--requirement".as_ref(), requirements.as_os_str()]);
            run(environment.join("bin/python").as_os_str(), &arguments)?;
            fs::rename(&folder, &root)?;
        }
    }
    Ok(root)
}

fn run(program: &OsStr, arguments: &[&OsStr]) -> Result<(), Error> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(Error::NoPython)?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let what = "Python's venv and pip, which install wheels (Debian has them in the package python3-venv)".to_owned();
    Err(Error::Failed { what, output: String::from_utf8_lossy(&said).trim().to_owned() })
}
