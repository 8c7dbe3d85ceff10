//! The cgroups and namespaces of a node. Whoever holds them holds the node: with their process 1 everything in them ends.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::debian::Packages;
use crate::error::Error;
use crate::process::Process;

/// The scripts are written into the folder of a node, from where each of them finds the next one.
const SCRIPTS: [(&str, &str); 3] = [
    ("outer.sh", include_str!("outer.sh")),
    ("inner.sh", include_str!("inner.sh")),
    ("enter.sh", include_str!("enter.sh")),
];
/// The namespaces take well under a second.
const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// Cgroups and namespaces, with process 1 in them.
#[derive(Debug)]
pub(super) struct Namespaces {
    // Its end is the end of everything in the namespaces.
    _holder: Process,
    first: u32,
    folder: PathBuf,
}

impl Namespaces {
    /// Makes them; what they are told, and what they write, is in `folder`.
    pub(super) fn make(folder: &Path, packages: &Packages) -> Result<Self, Error> {
        for (name, script) in SCRIPTS {
            fs::write(folder.join(name), script)?;
        }
        // Two nodes may stand side by side.
        let name = folder.file_name().expect("a folder has a name");
        let mut command = environment(packages);
        command.extend(["/bin/sh".into(), folder.join("outer.sh").into(), folder.as_os_str().into(), name.into()]);
        let mut holder = Process::start("node", &command, folder)?;
        let deadline = Instant::now() + DEADLINE;
        while !folder.join("ready").exists() {
            if holder.has_ended()? || Instant::now() > deadline {
                return Err(Error::Ended { name: holder.name(), log: holder.log_tail() });
            }
            std::thread::sleep(POLL);
        }
        let first = child_of(holder.id())?;
        Ok(Self { _holder: holder, first, folder: folder.to_owned() })
    }

    /// Their process 1, as this process calls it.
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// Moves the calling thread into the network of the node, and so every thread and process that it starts from now on.
    pub(super) fn enter_network(&self) -> Result<(), Error> {
        let network = File::open(format!("/proc/{}/ns/net", self.first))?;
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).map_err(std::io::Error::from)?;
        Ok(())
    }

    /// Starts a program in all of them.
    pub(super) fn start(
        &self,
        name: &'static str,
        packages: &Packages,
        command: &[impl AsRef<OsStr>],
    ) -> Result<Process, Error> {
        let mut all = environment(packages);
        all.extend(["/bin/sh".into(), self.folder.join("enter.sh").into(), self.folder.as_os_str().into()]);
        all.push(self.first.to_string().into());
        all.extend(command.iter().map(|word| word.as_ref().to_owned()));
        Ok(Process::start(name, &all, &self.folder)?)
    }
}

/// `env` with what the programs of the packages need and the scripts ask for.
fn environment(packages: &Packages) -> Vec<OsString> {
    let assign = |(name, value): (&str, OsString)| {
        let mut word = OsString::from(format!("{name}="));
        word.push(value);
        word
    };
    let own = [("NODE_ADDRESS", super::ADDRESS.into()), ("NODE_SERVICES", crate::SERVICES.into())];
    let words = packages.environment().into_iter().chain(own).map(assign);
    std::iter::once(OsString::from("env")).chain(words).collect()
}

/// The process that `unshare` started. In its own namespace it is number 1; here it has another.
fn child_of(parent: u32) -> Result<u32, Error> {
    let namespace = |id: &str| fs::read_link(format!("/proc/{id}/ns/pid")).ok();
    let is_first = |id: u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let is_child =
            status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == parent.to_string()));
        // The shell that waits to remove the cgroups is a child too, and nothing must be started in the machine's namespaces.
        is_child && namespace(&id.to_string()).is_some_and(|found| Some(found) != namespace("self"))
    };
    let processes = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut children = processes.filter(|id| is_first(*id));
    children.next().ok_or_else(|| Error::Ended { name: "node", log: "process 1 of the node is gone".to_owned() })
}
