//! Microsoft Entra ID's provisioning service, played against any SCIM endpoint: arguments in, report and exit code out.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser as _;

use rollcall::simulator::cli::{Args, ReportFormat, Request, read};
use rollcall::simulator::run;

/// The run could not be made, as `Verdict::CouldNotRun` has it and clap too.
const COULD_NOT_RUN: u8 = 2;

#[allow(clippy::print_stderr, reason = "what is said in place of a report")]
fn main() -> ExitCode {
    let request = match read(Args::parse()) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let (options, form) = match request {
        Request::Print(text) => return print(&text, ExitCode::SUCCESS),
        Request::Run(options, form) => (options, form),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let stop = Arc::clone(&options.stop);
    runtime.spawn(end_on_interrupt(stop));
    let report = runtime.block_on(run(*options));
    let text = match form {
        ReportFormat::Short => report.to_short_text(),
        ReportFormat::Whole => report.to_text(),
        ReportFormat::Json => format!("{:#}\n", report.to_json()),
    };
    print(&text, ExitCode::from(report.verdict().exit_status()))
}

/// The first Ctrl-C ends the run and cleans up; the second one ends the process.
#[allow(clippy::print_stderr, reason = "what is said to the person at the keyboard")]
async fn end_on_interrupt(stop: Arc<AtomicBool>) {
    for is_first in [true, false] {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        if is_first {
            eprintln!("Interrupted: what the run made is cleaned up. Ctrl-C again ends at once and leaves it there.");
            stop.store(true, Ordering::Relaxed);
        }
    }
    std::process::exit(COULD_NOT_RUN.into());
}

/// A reader that has seen enough is no failure.
fn print(text: &str, code: ExitCode) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(COULD_NOT_RUN),
        _ => code,
    }
}
