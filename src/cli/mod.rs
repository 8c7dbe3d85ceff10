//! The subcommands beside `run`: what they print, and where.

mod doctor;
mod key;
mod progress;
mod self_test;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use crate::api::{crds, reference};
use crate::config::{CrdsArgs, InvalidFlag, KeyNewArgs};
use crate::rules::key::secret::KeySecret;
pub use doctor::{doctor, examine};
pub use progress::{ProgressLine, watched};
pub use self_test::self_test;

/// Why a subcommand could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A flag has a value that cannot be used.
    #[error(transparent)]
    Flag(#[from] InvalidFlag),
    /// A file cannot be written.
    #[error("cannot write {place}")]
    Write {
        /// The file, or what it is that is written to.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The cluster, or what was asked for in it, cannot be looked at.
    #[error("{0}")]
    Look(String),
    /// A step of the test of an installation failed.
    #[error("cannot {step}: {reason}")]
    SelfTest {
        /// What it was to do.
        step: &'static str,
        /// What happened.
        reason: String,
    },
}

fn write_error(place: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
    let place = place.into();
    |source| Error::Write { place, source }
}

/// A reader that has seen enough is no failure: `rollcall crds | head` ends as other tools do.
pub fn unless_unread(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Prints a text as it is.
pub fn print(out: &mut impl Write, text: &str) -> Result<(), Error> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    unless_unread(written).map_err(write_error("to standard output"))
}

/// `rollcall crds`: the files of `crds/` and those of `docs/reference/`, each into its folder; without a folder the former to
/// `out`, one after the other.
pub fn write_crds(arguments: &CrdsArgs, out: &mut impl Write) -> Result<(), Error> {
    let CrdsArgs { output, reference } = arguments;
    if let Some(folder) = output {
        write_files(folder, crds::files())?;
    }
    if let Some(folder) = reference {
        write_files(folder, reference::files())?;
    }
    if output.is_none() && reference.is_none() {
        let documents = crds::files().into_iter().map(|(_, content)| format!("---\n{content}"));
        print(out, &documents.collect::<String>())?;
    }
    Ok(())
}

fn write_files(folder: &Path, files: Vec<(String, String)>) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(write_error(folder.display().to_string()))?;
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).map_err(write_error(path.display().to_string()))?;
    }
    Ok(())
}

/// What `shell` completes a command and its flags with.
pub fn write_completions(shell: Shell, mut command: Command, out: &mut impl Write) -> Result<(), Error> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print(out, &String::from_utf8_lossy(&script))
}

/// `rollcall key new`: the manifest to `out`, the secret to `err` or into its file.
pub fn write_new_key(arguments: &KeyNewArgs, out: &mut impl Write, err: &mut impl Write) -> Result<(), Error> {
    let secret = KeySecret::from_bytes(rand::random());
    let manifest = key::manifest(arguments, &secret, jiff::Timestamp::now(), &key::random_suffix())?;
    // The secret first: a manifest whose secret nobody has is of no use.
    match &arguments.secret_file {
        Some(path) => key::write_private(path, &secret).map_err(write_error(path.display().to_string()))?,
        None => writeln!(
            err,
            "The secret, shown this once (in Entra ID it is the \"Secret Token\"):\n\n{}\n",
            secret.expose()
        )
        .map_err(write_error("to standard error"))?,
    }
    print(out, &manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_one_stream_of_documents() {
        let mut out = Vec::new();
        write_crds(&CrdsArgs::default(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.matches("---\napiVersion: apiextensions.k8s.io/v1").count(), 7);
    }

    /// Refuses every write.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let crds = CrdsArgs::default();
        write_crds(&crds, &mut Broken(io::ErrorKind::BrokenPipe)).expect("head has its lines");
        let full = write_crds(&crds, &mut Broken(io::ErrorKind::StorageFull)).expect_err("the disk is full");
        assert_eq!(full.to_string(), "cannot write to standard output");
        let key = KeyNewArgs { directory: "staff".to_owned(), ..KeyNewArgs::default() };
        let mut broken = Broken(io::ErrorKind::BrokenPipe);
        write_new_key(&key, &mut broken, &mut Vec::new()).expect("the reader of the manifest has gone");
    }

    #[test]
    fn the_secret_goes_to_standard_error_and_its_hash_to_standard_output() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let arguments = KeyNewArgs { directory: "staff".to_owned(), ..KeyNewArgs::default() };
        write_new_key(&arguments, &mut out, &mut err).expect("written");
        let (out, err) = (String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"));
        let secret = err.lines().find(|line| line.starts_with("dk1_")).expect("a secret");
        assert_eq!(err.matches("dk1_").count(), 1);
        assert!(!out.contains(secret), "{out}");
        let secret = KeySecret::parse(secret.as_bytes()).expect("a secret");
        assert!(out.contains(&secret.sha256()), "{out}");
    }
}
