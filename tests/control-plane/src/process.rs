//! A process that ends with the one that started it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Runs a program and kills it when standard input ends. The writing end of that pipe is held by the process that
/// started us and by nobody else, so it ends however that process ends: also by SIGKILL, also where destructors never
/// run, as for statics in a test binary. What is in `CONTROL_PLANE_DATA` goes with it.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo "$child" >"$CONTROL_PLANE_PID.new" && mv "$CONTROL_PLANE_PID.new" "$CONTROL_PLANE_PID"
(
    read -r _ <&3
    # The end of the program lets the shell below send TERM, and there is work left.
    trap '' TERM
    kill -KILL "$child"
    # Others that share the folder clear it at the same moment, or still write to it.
    attempts=10
    until [ -z "$CONTROL_PLANE_DATA" ] || rm -rf "$CONTROL_PLANE_DATA" || [ "$attempts" -eq 0 ]; do
        attempts=$((attempts - 1))
        sleep 1
    done
) 2>/dev/null &
watcher=$!
exec 3<&-
wait "$child"
status=$?
kill -TERM "$watcher" 2>/dev/null
exit "$status"
"#;

/// How long the shell may take to say which process it started.
const PID_DEADLINE: Duration = Duration::from_secs(10);
/// How much of a log an error shows.
const LOG_TAIL_LINES: usize = 25;

/// A running program. Dropping it kills the program and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    supervisor: Child,
    id: u32,
    log: PathBuf,
}

impl Process {
    /// Starts `command` (program and arguments) with its output in `NAME.log` in `data`, in a process group of its own:
    /// Ctrl-C in a terminal reaches whoever started it, who then ends it in good order.
    pub fn start(name: &'static str, command: &[impl AsRef<OsStr>], data: &Path) -> io::Result<Self> {
        Self::start_logging_to(name, command, data, Some(data))
    }

    /// The same for a program that shares its folder with others and leaves it behind.
    pub fn start_in(name: &'static str, command: &[impl AsRef<OsStr>], folder: &Path) -> io::Result<Self> {
        Self::start_logging_to(name, command, folder, None)
    }

    fn start_logging_to(
        name: &'static str,
        command: &[impl AsRef<OsStr>],
        folder: &Path,
        remove: Option<&Path>,
    ) -> io::Result<Self> {
        let (log, pid_file) = (folder.join(format!("{name}.log")), folder.join(format!("{name}.pid")));
        let output = File::options().create(true).append(true).open(&log)?;
        // An earlier process of this name is over.
        match fs::remove_file(&pid_file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let supervisor = Command::new("/bin/sh")
            .args(["-c", SUPERVISOR, name])
            .args(command)
            .env("CONTROL_PLANE_PID", &pid_file)
            .env("CONTROL_PLANE_DATA", remove.map_or(OsStr::new(""), Path::as_os_str))
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        let id = wait_for_id(&pid_file)?;
        Ok(Self { name, supervisor, id, log })
    }

    /// The process id of the program.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What it was called at its start.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// All that it has printed.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    /// Whether the program has ended.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        self.exit_status().map(|status| status.is_some())
    }

    /// How the program ended, if it has.
    pub fn exit_status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.supervisor.try_wait()
    }

    /// Sends a signal by its name without `SIG`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.id.to_string()]).stderr(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{} cannot be sent {name}", self.name))) }
    }

    /// Kills the program and waits until it is gone: the process, not its port.
    pub fn kill(&mut self) {
        // Waiting closes the pipe, and its end would take the folder away: it is held until the program is gone.
        let pipe = self.supervisor.stdin.take();
        if !self.has_ended().unwrap_or(false) {
            drop(self.signal("KILL"));
        }
        drop(self.supervisor.wait());
        drop(pipe);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_for_id(path: &Path) -> io::Result<u32> {
    let deadline = Instant::now() + PID_DEADLINE;
    loop {
        if let Some(id) = fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()) {
            return Ok(id);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("no process id in {}", path.display())));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
