//! The kubectl plugin: arguments in, an answer and an exit code out. Found on PATH, it is `kubectl directory`; under the name
//! `kubectl_complete-directory` it tells kubectl how its command line may go on.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use rollcall::plugin::{PluginCli, PluginError, complete, run};

/// The answer is no: the person may not get in, or something is wrong.
const NO: u8 = 1;
/// Nothing could be done: the command line, the cluster or what was asked for.
const FAILED: u8 = 2;

#[allow(clippy::print_stderr, reason = "what is said in place of an answer")]
fn main() -> ExitCode {
    if complete::is_asked(env::args_os().next().as_deref()) {
        return answer_kubectl();
    }
    let arguments = PluginCli::parse();
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            return ExitCode::from(FAILED);
        }
    };
    match runtime.block_on(run(arguments, &mut io::stdout(), &mut io::stderr())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NO),
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// Answers kubectl, which shows no error of ours: it offers no candidates then.
fn answer_kubectl() -> ExitCode {
    let answer = complete::answer(env::args_os().skip(1).collect());
    match answer.and_then(|answer| io::stdout().write_all(answer.as_bytes())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

/// The error with its causes, without line ends.
fn one_line(error: &PluginError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
