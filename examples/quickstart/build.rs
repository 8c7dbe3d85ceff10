//! The binaries beside this example: built as it was built itself, and run from where they then lie.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::root;

/// How Cargo was asked to build this example, as far as the place of the executable tells.
#[derive(Debug, PartialEq, Eq)]
struct Layout<'a> {
    /// `--target-dir`.
    target_dir: &'a Path,
    /// `--target`, where a platform was named.
    platform: Option<&'a str>,
    /// `--profile`.
    profile: &'a str,
}

/// Reads `TARGET_DIR[/PLATFORM]/PROFILE/examples/quickstart`.
fn layout(example: &Path) -> Option<Layout<'_>> {
    let folder = example.parent()?.parent()?;
    let profile = match folder.file_name()?.to_str()? {
        // The one profile whose folder has another name.
        "debug" => "dev",
        other => other,
    };
    let above = folder.parent()?;
    let is_platform = |name: &&str| name.starts_with(&format!("{}-", std::env::consts::ARCH));
    let platform = above.file_name().and_then(|name| name.to_str()).filter(is_platform);
    let target_dir = if platform.is_some() { above.parent()? } else { above };
    Some(Layout { target_dir, platform, profile })
}

/// What `cargo build` is told, so that what it makes lies beside this example.
///
/// The example is named beside the binaries, so that Cargo takes the dependencies as they were built for it, and not once
/// more without the features that only examples and tests ask for.
fn arguments(layout: &Layout<'_>) -> Vec<OsString> {
    let Layout { target_dir, platform, profile } = layout;
    let mut arguments =
        ["build", "--locked", "--bins", "--example", "quickstart", "--profile", profile].map(OsString::from).to_vec();
    arguments.extend(["--target-dir".into(), target_dir.as_os_str().to_owned()]);
    arguments.extend(platform.iter().flat_map(|platform| ["--target".into(), OsString::from(platform)]));
    arguments.extend(["--manifest-path".into(), root().join("Cargo.toml").into_os_string()]);
    arguments
}

/// Builds the binaries: `cargo run --example` builds the example and the library, and no more.
pub(crate) async fn binaries() -> Result<()> {
    let example = std::env::current_exe()?;
    let layout = layout(&example).context("the example lies in TARGET_DIR/PROFILE/examples")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments(&layout));
    // What `cargo run` told this example about itself: the build scripts of dependencies would take it for a change.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let status = command.status().await.context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo build --bins failed");
    }
    Ok(())
}

/// Where they are: beside the folder of this example.
pub(crate) fn folder() -> Result<PathBuf> {
    let example = std::env::current_exe()?;
    let folder = example.parent().and_then(Path::parent).context("the example lies in TARGET_DIR/PROFILE/examples")?;
    Ok(folder.to_owned())
}

/// The operator.
pub(crate) fn rollcall() -> Result<PathBuf> {
    Ok(folder()?.join("rollcall"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binaries_are_built_as_the_example_was() {
        let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let cross = format!("/t/{platform}/release/examples/quickstart");
        for (example, target_dir, platform, profile) in [
            ("/src/target/debug/examples/quickstart", "/src/target", None, "dev"),
            ("/src/target/release/examples/quickstart", "/src/target", None, "release"),
            ("/elsewhere/bench/examples/quickstart", "/elsewhere", None, "bench"),
            (&cross, "/t", Some(platform.as_str()), "release"),
        ] {
            let layout = layout(Path::new(example)).expect(example);
            assert_eq!(layout, Layout { target_dir: Path::new(target_dir), platform, profile }, "{example}");
            let told = arguments(&layout).iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
            let told = told.join(" ");
            assert!(told.contains(&format!("--profile {profile} --target-dir {target_dir} ")), "{told}");
            assert_eq!(told.contains("--target "), platform.is_some(), "{told}");
        }
        assert_eq!(layout(Path::new("quickstart")), None);
    }
}
