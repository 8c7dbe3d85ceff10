//! Five reverse proxies, as real programs: the applications of a company stand behind one of them, and it asks Rollcall.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::binaries::caddy;
use crate::debian::packages;
use crate::error::Error;
use crate::process::Process;
use crate::wheels::wheels;

/// Each of them takes less than a second on two idle cores.
const START_DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A reverse proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// nginx of Debian.
    Nginx,
    /// Caddy, built from its Go module.
    Caddy,
    /// HAProxy of Debian.
    HAProxy,
    /// Traefik.
    Traefik,
    /// Envoy.
    Envoy,
}

/// A program with the variables that it runs with.
#[derive(Clone, Debug)]
struct Located {
    program: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Proxy {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nginx, Self::Caddy, Self::HAProxy, Self::Traefik, Self::Envoy];

    /// What its program is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::HAProxy => "haproxy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
        }
    }

    /// Downloads or builds the program if it is not in the cache, and returns its path.
    pub fn locate(self) -> Result<PathBuf, Error> {
        self.find().map(|located| located.program)
    }

    fn find(self) -> Result<Located, Error> {
        let plain = |program| Located { program, environment: Vec::new() };
        Ok(match self {
            Self::Nginx | Self::HAProxy => {
                let fetched = packages(&[self.name()])?;
                let [_, libraries] = fetched.environment();
                Located { program: fetched.program(self.name())?, environment: vec![libraries] }
            }
            Self::Caddy => plain(caddy()?),
            Self::Traefik => plain(wheels()?.join("bin/traefik")),
            Self::Envoy => plain(wheels()?.join("envoy/_bin/envoy")),
        })
    }

    /// Has the program look at a configuration, as its users do before they load one. Traefik alone cannot do that.
    pub fn check(self, configuration: &Path) -> Result<(), Error> {
        let folder = tempfile::Builder::new().prefix("rollcall-proxy-").tempdir()?;
        let Some(arguments) = self.check_arguments(configuration, folder.path()) else { return Ok(()) };
        let located = self.find()?;
        let mut command = Command::new(located.program);
        command.args(arguments).envs(located.environment).envs(self.own_files(folder.path()));
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        let what = format!("{} does not accept {}", self.name(), configuration.display());
        Err(Error::Failed { what, output: String::from_utf8_lossy(&said).trim().to_owned() })
    }

    fn check_arguments(self, configuration: &Path, folder: &Path) -> Option<Vec<OsString>> {
        let with = |before: &[&str], after: &[&str]| {
            let mut arguments: Vec<OsString> = before.iter().map(OsString::from).collect();
            arguments.push(configuration.into());
            arguments.extend(after.iter().map(OsString::from));
            arguments
        };
        match self {
            Self::Nginx => {
                let mut arguments: Vec<OsString> = vec!["-p".into(), folder.into()];
                arguments.extend(with(&["-t", "-e", "stderr", "-c"], &[]));
                Some(arguments)
            }
            Self::Caddy => Some(with(&["validate", "--adapter", "caddyfile", "--config"], &[])),
            Self::HAProxy => Some(with(&["-c", "-f"], &[])),
            Self::Traefik => None,
            Self::Envoy => Some(with(&["--mode", "validate", "--log-level", "warn", "-c"], &[])),
        }
    }

    fn start_arguments(self, configuration: &Path, folder: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        match self {
            Self::Nginx => {
                arguments.extend(["-p".into(), folder.into()]);
                arguments.extend(["-e", "stderr", "-g", "daemon off;", "-c"].map(OsString::from));
            }
            Self::Caddy => arguments.extend(["run", "--adapter", "caddyfile", "--config"].map(OsString::from)),
            Self::HAProxy => arguments.extend(["-db", "-f"].map(OsString::from)),
            Self::Traefik => {
                let mut file = OsString::from("--configFile=");
                file.push(configuration);
                return vec![file];
            }
            // Several of them run at once, which is what they share memory for by default.
            Self::Envoy => {
                let flags = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn", "-c"];
                arguments.extend(flags.map(OsString::from));
            }
        }
        arguments.push(configuration.into());
        arguments
    }

    /// Keeps what a program writes by itself in the folder.
    fn own_files(self, folder: &Path) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Caddy => {
                let mut admin = OsString::from("unix/");
                admin.push(folder.join("admin.sock"));
                vec![("CADDY_ADMIN", admin), ("XDG_DATA_HOME", folder.into()), ("XDG_CONFIG_HOME", folder.into())]
            }
            _ => Vec::new(),
        }
    }

    /// Starts it with a complete configuration and waits until it listens at an address.
    pub async fn start(self, configuration: &Path, address: SocketAddr) -> Result<RunningProxy, Error> {
        let folder = tempfile::Builder::new().prefix("rollcall-proxy-").tempdir()?;
        let located = tokio::task::spawn_blocking(move || self.find()).await.expect("the search does not panic")?;
        let mut command: Vec<OsString> = vec!["env".into()];
        for (name, value) in located.environment.into_iter().chain(self.own_files(folder.path())) {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            command.push(variable);
        }
        command.push(located.program.into());
        command.extend(self.start_arguments(configuration, folder.path()));
        let mut process = Process::start(self.name(), &command, folder.path())?;
        let deadline = Instant::now() + START_DEADLINE;
        while TcpStream::connect(address).await.is_err() {
            if process.has_ended()? {
                return Err(Error::Ended { name: self.name(), log: process.log_tail() });
            }
            if Instant::now() > deadline {
                let log = process.log_tail();
                return Err(Error::NotListening { name: self.name(), after: START_DEADLINE, log });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(RunningProxy { process, folder })
    }
}

/// A running proxy.
#[derive(Debug)]
pub struct RunningProxy {
    // Before the folder: fields are dropped in this order.
    process: Process,
    folder: TempDir,
}

impl RunningProxy {
    /// All that it has printed.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Its folder, which goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        self.process.has_ended()
    }
}
