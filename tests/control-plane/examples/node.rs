//! Starts a node, prints how to reach it, and stays up until Ctrl-C or the end of its standard input.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program is there to print")]

use std::time::Instant;

use control_plane::Error;
use control_plane::node::{NodeOptions, run};
use tokio::io::AsyncReadExt as _;

fn main() -> Result<(), Error> {
    let started = Instant::now();
    run(&NodeOptions::default(), async |node| {
        println!("nsenter --net=/proc/{}/ns/net", node.process_id());
        println!("export KUBECONFIG='{}'", node.plane().admin_kubeconfig().display());
        println!("export PATH='{}':\"$PATH\"", node.plane().kubectl_path().parent().unwrap_or(node.folder()).display());
        eprintln!("ready after {:.1} s; Ctrl-C ends it", started.elapsed().as_secs_f64());
        let (mut stdin, mut rest) = (tokio::io::stdin(), Vec::new());
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = stdin.read_to_end(&mut rest) => {}
        }
    })?;
    // A read from a terminal cannot be called off.
    std::process::exit(0)
}
