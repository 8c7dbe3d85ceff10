//! The process: arguments in, exit code out.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use clap::error::ErrorKind;

use rollcall::config::{Cli, Command, Config, InvalidFlag, KeyCommand, RunArgs};
use rollcall::{app, cli, telemetry};

/// A flag is wrong, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    run(cli).unwrap_or_else(|error| fail(&error))
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(arguments) => return serve(*arguments),
        Command::Crds(arguments) => cli::write_crds(&arguments, &mut io::stdout())?,
        Command::Key { command: KeyCommand::New(arguments) } => {
            cli::write_new_key(&arguments, &mut io::stdout(), &mut io::stderr())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Once there is a log, the last word is in it and nowhere else.
fn serve(arguments: RunArgs) -> anyhow::Result<ExitCode> {
    let config = Config::read(arguments)?;
    telemetry::start(config.log_format, config.log_filter.clone());
    // A second provider in the tree would leave the choice open, and the first connection would panic.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let ended = runtime.block_on(app::run(config));
    // What is still running after its deadline must not keep the process.
    runtime.shutdown_background();
    if let Err(error) = ended.map_err(anyhow::Error::from) {
        tracing::error!(reason = format!("{error:#}"), "the process ends");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Help is printed; an error is one line that names the flag.
#[allow(clippy::print_stderr, reason = "what is said before there is a log")]
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let printed = cli::unless_unread(error.print());
        return if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{error}");
        return ExitCode::from(USAGE);
    }
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let line = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    eprintln!("{line} ({} --help lists what there is)", command_in(&text));
    ExitCode::from(USAGE)
}

/// The command whose usage clap shows with an error: its words up to the first placeholder or flag.
fn command_in(text: &str) -> String {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or("rollcall");
    let words = usage.split_whitespace().take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
    words.collect::<Vec<_>>().join(" ")
}

/// One line, and the causes below.
#[allow(clippy::print_stderr, reason = "the last word of a process that could not do its work")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    let is_flag = error.is::<InvalidFlag>() || matches!(error.downcast_ref(), Some(cli::Error::Flag(_)));
    if is_flag { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
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
