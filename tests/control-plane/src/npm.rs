//! Programs in JavaScript that lie beside this crate, with the modules that their lock files pin.
#![allow(clippy::print_stderr, reason = "a download says what it does, or it looks like a hang")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::binaries::{cache_base, digest_name, lock};
use crate::error::Error;

/// The oldest Node.js that all of the pinned modules run on.
pub(crate) const NODE_VERSION: u32 = 20;
const MODULES: &str = "node_modules";

/// A folder beside this crate with `package.json`, `package-lock.json` and scripts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scripts {
    pub(crate) folder: &'static str,
}

impl Scripts {
    fn path(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }

    /// Copies the scripts to a folder from which they find their modules, which are installed if they are not there yet. The
    /// project's own folder stays as it is.
    pub(crate) fn lay_out(self, into: &Path) -> Result<(), Error> {
        check_node()?;
        symlink(self.modules()?, into.join(MODULES))?;
        for entry in fs::read_dir(self.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "mjs") {
                fs::copy(&path, into.join(path.file_name().expect("a file has a name")))?;
            }
        }
        Ok(())
    }

    /// Where the modules are, of this exact lock file.
    fn modules(self) -> Result<PathBuf, Error> {
        let manifests = ["package.json", "package-lock.json"];
        let mut hash = Sha256::new();
        for manifest in manifests {
            hash.update(fs::read(self.path().join(manifest))?);
        }
        let base = cache_base()?.join("npm");
        let root = base.join(digest_name(&hash.finalize()));
        // A folder under its final name is whole.
        if !root.is_dir() {
            fs::create_dir_all(&base)?;
            let _lock = lock(&base.join("lock"))?;
            if !root.is_dir() {
                eprintln!("control plane: installing the modules of {} into {}", self.folder, root.display());
                let unfinished = tempfile::Builder::new().prefix("installing-").tempdir_in(&base)?;
                let folder = unfinished.path().join("root");
                fs::create_dir(&folder)?;
                for manifest in manifests {
                    fs::copy(self.path().join(manifest), folder.join(manifest))?;
                }
                install(&folder)?;
                fs::rename(&folder, &root)?;
            }
        }
        Ok(root.join(MODULES))
    }
}

/// Installs what the lock file pins. No script of a module runs.
fn install(folder: &Path) -> Result<(), Error> {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    let output = npm
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::NoJavaScript(format!("`npm` cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Failed { what: "npm ci".to_owned(), output })
}

/// Whether this machine has a Node.js that is new enough.
pub(crate) fn check_node() -> Result<(), Error> {
    let output = Command::new("node").arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|error| Error::NoJavaScript(format!("`node` cannot be run: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim();
    match major(version) {
        Some(major) if major >= NODE_VERSION => Ok(()),
        _ => Err(Error::NoJavaScript(format!("`node` is {version}"))),
    }
}

/// The first part of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn a_version_is_read_up_to_its_first_point() {
        for (text, expected) in
            [("v20.20.2", Some(20)), ("v9.0.0", Some(9)), ("v22", Some(22)), ("20.1.0", None), ("", None), ("v", None)]
        {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
