//! Starts a control plane, prints how to reach it, and stays up until Ctrl-C, SIGTERM or the end of its standard input.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program is there to print")]

use std::path::Path;
use std::time::Instant;

use control_plane::{ControlPlane, Error, Options};
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let started = Instant::now();
    let control_plane = ControlPlane::start(Options::default()).await?;
    let programs = control_plane.kubectl_path().parent().unwrap_or(Path::new("/"));
    println!("export KUBECONFIG='{}'", control_plane.admin_kubeconfig().display());
    println!("export PATH='{}':\"$PATH\"", programs.display());
    eprintln!("ready after {:.1} s; Ctrl-C ends it", started.elapsed().as_secs_f64());
    let mut terminate = signal(SignalKind::terminate())?;
    let (mut stdin, mut rest) = (tokio::io::stdin(), Vec::new());
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = stdin.read_to_end(&mut rest) => {}
    }
    drop(control_plane);
    // A read from a terminal cannot be called off, and the runtime would wait for it.
    std::process::exit(0)
}
