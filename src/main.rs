//! The process: arguments in, exit code and termination message out.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use rollcall::audit::AuditFile;
use rollcall::config::{
    Cli, Command, Config, DoctorArgs, InvalidFlag, KeyCommand, RunArgs, SelfTestArgs, termination_message_file,
};
use rollcall::telemetry::traces::Traces;
use rollcall::{app, cli, telemetry, termination_message};

/// The operator allocates with mimalloc; the plugin and the simulator keep the allocator of the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A flag is wrong, as clap has it.
const USAGE: u8 = 2;

/// How the process ends.
struct Ended {
    code: ExitCode,
    /// Why, in one line, if nobody asked it to. It has been told already.
    cause: Option<String>,
}

impl Ended {
    const WELL: Self = Self { code: ExitCode::SUCCESS, cause: None };
}

fn main() -> ExitCode {
    let Ended { code, cause } = match Cli::try_parse() {
        Ok(cli) => run(cli).unwrap_or_else(|error| fail(&error)),
        Err(error) => refuse(&error),
    };
    if let (Some(cause), Some(file)) = (cause, termination_message_file(std::env::args_os())) {
        leave(&file, &cause);
    }
    code
}

/// Writes the termination message. That it cannot be written is told and changes nothing: the cause is in the log.
#[allow(clippy::print_stderr, reason = "there need not be a log yet")]
fn leave(file: &Path, cause: &str) {
    let Err(error) = termination_message::write(file, cause) else { return };
    let (file, sentence) = (file.display(), "the termination message cannot be written");
    if tracing::dispatcher::has_been_set() {
        tracing::warn!(%file, %error, "{sentence}");
    } else {
        eprintln!("{sentence} to {file}: {error}");
    }
}

fn run(cli: Cli) -> anyhow::Result<Ended> {
    match cli.command {
        Command::Run(arguments) => return serve(*arguments),
        Command::SelfTest(arguments) => self_test(&arguments)?,
        Command::Doctor(arguments) => return doctor(&arguments),
        Command::Completions(arguments) => cli::write_completions(arguments.shell, Cli::command(), &mut io::stdout())?,
        Command::Crds(arguments) => cli::write_crds(&arguments, &mut io::stdout())?,
        Command::Key { command: KeyCommand::New(arguments) } => {
            cli::write_new_key(&arguments, &mut io::stdout(), &mut io::stderr())?;
        }
    }
    Ok(Ended::WELL)
}

/// What it prints is for the person who runs `helm test`; there is no log.
fn self_test(arguments: &SelfTestArgs) -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    Ok(runtime.block_on(cli::self_test(arguments, &mut io::stdout()))?)
}

/// What is wrong with a Directory is no failure of the process, and still is in its exit code.
fn doctor(arguments: &DoctorArgs) -> anyhow::Result<Ended> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let is_well = runtime.block_on(cli::doctor(arguments, &mut io::stdout()))?;
    Ok(Ended { code: if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }, cause: None })
}

/// Once there is a log, the last word is in it and nowhere else, save the termination message.
fn serve(arguments: RunArgs) -> anyhow::Result<Ended> {
    let config = Config::read(arguments)?;
    let audit = config.audit_file.clone().map(|path| {
        let place = path.display().to_string();
        AuditFile::open(path).with_context(|| format!("cannot write the audit stream to {place}"))
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let traces = config.traces.as_ref().map(|traces| {
        let started = Traces::start(traces, &config.replica_name, runtime.handle().clone());
        started.with_context(|| format!("cannot send traces to {}", traces.endpoint))
    });
    let traces = traces.transpose()?;
    let log_filter =
        telemetry::start(config.log_format, config.log_filter.clone(), audit.transpose()?, traces.as_ref());
    // A second provider in the tree would leave the choice open, and the first connection would panic.
    rustls::crypto::ring::default_provider().install_default().ok();
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(app::run(config, log_filter))));
    if let Some(traces) = traces {
        traces.end();
    }
    // What is still running after its deadline must not keep the process.
    runtime.shutdown_background();
    let ended = ended
        .map_err(|panic| anyhow::anyhow!("the process panicked: {}", telemetry::panic_reason(&*panic)))
        .and_then(|ended| ended.map_err(anyhow::Error::from));
    let Err(error) = ended else { return Ok(Ended::WELL) };
    let reason = format!("{error:#}");
    tracing::error!(reason, "the process ends");
    Ok(Ended { code: ExitCode::FAILURE, cause: Some(reason) })
}

/// Help is printed; an error is one line that names the flag.
#[allow(clippy::print_stderr, reason = "what is said before there is a log")]
fn refuse(error: &clap::Error) -> Ended {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let printed = cli::unless_unread(error.print());
        return Ended { code: if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }, cause: None };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{error}");
        return Ended { code: ExitCode::from(USAGE), cause: None };
    }
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let sentence = format!("{line} ({} --help lists what there is)", command_in(&text));
    eprintln!("{sentence}");
    Ended { code: ExitCode::from(USAGE), cause: Some(sentence) }
}

/// The command whose usage clap shows with an error: its words up to the first placeholder or flag.
fn command_in(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("rollcall");
    let words = usage.split_whitespace().take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    words.collect::<Vec<_>>().join(" ")
}

/// One line, and the causes below.
#[allow(clippy::print_stderr, reason = "the last word of a process that could not do its work")]
fn fail(error: &anyhow::Error) -> Ended {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    let could_not_begin =
        error.is::<InvalidFlag>() || matches!(error.downcast_ref(), Some(cli::Error::Flag(_) | cli::Error::Look(_)));
    let code = if could_not_begin { ExitCode::from(USAGE) } else { ExitCode::FAILURE };
    Ended { code, cause: Some(format!("{error:#}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_command_that_was_meant() {
        for (arguments, command) in [
            (&["rollcall", "key", "new"][..], "rollcall key new"),
            (&["rollcall", "key", "new", "--directory", "x", "--colour"], "rollcall key new"),
            (&["rollcall", "key", "old"], "rollcall key"),
            (&["rollcall", "run", "--colour"], "rollcall run"),
            (&["rollcall", "fly"], "rollcall"),
        ] {
            let error = Cli::try_parse_from(arguments).expect_err("it is wrong");
            assert_eq!(command_in(&error.to_string()), command, "{error}");
        }
        assert_eq!(command_in("error: something else"), "rollcall");
    }
}
