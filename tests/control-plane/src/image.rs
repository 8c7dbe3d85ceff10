//! Images, built by Debian's buildah, which needs no daemon and no installation.

use std::fs;
use std::path::{Path, PathBuf};

use crate::debian::Packages;
use crate::error::Error;

/// An image as an OCI archive.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its name without the tag.
    pub repository: String,
    /// Its tag.
    pub tag: String,
    /// The archive.
    pub archive: PathBuf,
}

impl Image {
    /// Builds the `Dockerfile` of `context` under the name `REPOSITORY:TAG`. With `stage`, a folder stands for the stage of that
    /// name, which is then not built.
    pub fn build(
        packages: &Packages,
        context: &Path,
        stage: Option<(&str, &Path)>,
        name: &str,
        archive: PathBuf,
    ) -> Result<Self, Error> {
        let (repository, tag) = name.rsplit_once(':').expect("the name of an image has a tag");
        let storage = tempfile::Builder::new().prefix("rollcall-image-").tempdir()?;
        let mut buildah = packages.command("buildah")?;
        buildah.arg("--root").arg(storage.path().join("root")).arg("--runroot").arg(storage.path().join("run"));
        buildah.args(["--storage-driver", "vfs", "bud", "--isolation", "chroot", "--timestamp", "0"]);
        // Pulling is what no build here does, so whose signatures are trusted does not matter.
        let policy = storage.path().join("policy.json");
        fs::write(&policy, r#"{"default":[{"type":"insecureAcceptAnything"}]}"#)?;
        buildah.arg("--signature-policy").arg(policy);
        if let Some((stage, folder)) = stage {
            buildah.arg("--build-context").arg(format!("{stage}={}", folder.display()));
        }
        buildah.arg("--tag").arg(format!("oci-archive:{}:{tag}", archive.display())).arg(context);
        let output = buildah.env("TMPDIR", storage.path()).output()?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Failed { what: format!("buildah for {name}"), output });
        }
        Ok(Self { repository: repository.to_owned(), tag: tag.to_owned(), archive })
    }

    /// The name that a pod asks for.
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}
