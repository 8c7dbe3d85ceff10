//! Rollcall in one command: a Kubernetes control plane, the operator under its own service account, a Directory,
//! people and groups whom the simulator provisions the way Entra ID does, and a login to an application behind a proxy.
//!
//! `cargo run --example quickstart` stays up until Ctrl-C; `-- --once` ends after the tour; `-- --context NAME` uses
//! a cluster of yours in place of the embedded control plane.
#![allow(clippy::print_stdout, reason = "a tour speaks to the person who started it")]

mod application;
mod build;
mod cluster;
mod login;
mod operator;
mod tour;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use cluster::Cluster;
use login::{Login, Provider};
use operator::Operator;

/// A tour of Rollcall on a real Kubernetes API server.
#[derive(Parser)]
struct Args {
    /// End after the tour instead of staying up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Use this context of your kubeconfig in place of the embedded control plane.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

/// Where the objects of the tour live.
const NAMESPACE: &str = "rollcall-demo";
/// The Directory of `examples/directory.yaml`.
const DIRECTORY: &str = "staff";

#[tokio::main]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&told(&error));
            ExitCode::FAILURE
        }
    }
}

/// One line, and the causes below it. Never a backtrace, also where `RUST_BACKTRACE` asks for one: what goes wrong here is
/// mended by the person who reads it, and not in the code.
fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(|cause| format!("\n  because: {cause}"));
    format!("error: {error}{}", causes.collect::<String>())
}

#[allow(clippy::print_stderr, reason = "a tour speaks to the person who started it")]
fn print_error(text: &str) {
    eprintln!("{text}");
}

async fn tour() -> Result<()> {
    let Args { once, context } = Args::parse();
    rustls::crypto::ring::default_provider().install_default().ok();
    let (state, _lock) = state_folder()?;

    tokio::select! {
        done = run(once, context, &state) => return done,
        () = interrupted() => {}
    }
    println!("\nInterrupted: everything that was started is ended.");
    // At once: a build of the control plane in its own thread cannot be called off, and ends with this process.
    std::process::exit(0)
}

async fn run(once: bool, context: Option<String>, state: &Path) -> Result<()> {
    heading("Building the operator");
    build::binaries().await?;

    heading(match &context {
        Some(_) => "Using your cluster",
        None => "Starting a control plane: etcd, kube-apiserver, kube-controller-manager",
    });
    let cluster = Cluster::start(context, state).await?;
    println!("The API server answers at {}.", cluster.url().await?);

    heading("Installing the kinds and the operator's rights");
    cluster.install().await?;

    let provider = Provider::start().await?;

    heading("Starting the operator under its own service account");
    let flags = provider.as_ref().map(Provider::operator_flags).unwrap_or_default();
    let operator = Operator::start(&cluster.operator_kubeconfig().await?, state, &flags).await?;
    println!(
        "SCIM at {}, probes and metrics at {}. Its log: {}",
        operator.public_url,
        operator.admin_url,
        operator.log.display()
    );

    heading("Applying examples/directory.yaml and a new key for it");
    cluster.apply(&root().join("examples/directory.yaml")).await?;
    let token = operator::new_key(&cluster, state).await?;
    let scim_url = format!("{}/scim/v2/{NAMESPACE}/{DIRECTORY}", operator.public_url);
    let mut tour = tour::Tour::new(&scim_url, &token)?;
    tour.provision(&cluster).await?;
    let login = match provider {
        Some(provider) => Some(Login::start(provider, &cluster, &operator, state).await?),
        None => None,
    };
    let environment = write_environment(state, &cluster, &operator, (&scim_url, &token), login.as_ref())?;
    let browsers = match &login {
        Some(login) => {
            heading("Browsers: Ada and Emeka open the application");
            let (mut ada, mut emeka) = (login.browser(tour::ADA_ACCOUNT)?, login.browser(tour::EMEKA_ACCOUNT)?);
            login.visit(&mut ada).await?;
            login.visit(&mut emeka).await?;
            Some((login, ada, emeka))
        }
        None => None,
    };
    tour.deactivate(&cluster, login.is_some()).await?;
    if let Some((login, mut ada, mut emeka)) = browsers {
        heading("Browsers: the next click of both, with the sessions that they have");
        login.visit(&mut ada).await?;
        login.visit(&mut emeka).await?;
    }
    tour.compare().await?;

    if once {
        heading("Done");
    } else {
        look_around(&environment, login.as_ref());
        std::future::pending::<()>().await;
    }
    // The operator ends before the cluster it watches.
    drop(login);
    drop(operator);
    drop(cluster);
    Ok(())
}

/// Resolves at Ctrl-C or SIGTERM.
async fn interrupted() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("the process may handle SIGTERM");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// `target/quickstart`, emptied: what an earlier run wrote names servers that are gone. The lock beside it is held for as
/// long as this process lives: a second run would take the folder from under the first.
fn state_folder() -> Result<(PathBuf, File)> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    std::fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    let lock = File::create(target.join("quickstart.lock")).context("cannot lock the folder of the quickstart")?;
    if lock.try_lock().is_err() {
        bail!("another quickstart is running in this folder: end it first, or use another clone");
    }
    let state = target.join("quickstart");
    if state.exists() {
        std::fs::remove_dir_all(&state).with_context(|| format!("cannot empty {}", state.display()))?;
    }
    std::fs::create_dir_all(&state).with_context(|| format!("cannot make {}", state.display()))?;
    Ok((state, lock))
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn write_environment(
    state: &Path,
    cluster: &Cluster,
    operator: &Operator,
    (scim_url, token): (&str, &str),
    login: Option<&Login>,
) -> Result<PathBuf> {
    let path = state.join("env");
    let kubeconfig = cluster.kubeconfig().display();
    let metrics = &operator.admin_url;
    let mut text = format!(
        "export KUBECONFIG='{kubeconfig}'\nexport SCIM_URL='{scim_url}'\nexport SCIM_TOKEN='{token}'\nexport METRICS_URL='{metrics}/metrics'\n"
    );
    if let Some(Login { login_url, app_url, .. }) = login {
        text.push_str(&format!("export LOGIN_URL='{login_url}'\nexport APP_URL='{app_url}'\n"));
    }
    // Who has no kubectl finds the one that was built; who has one keeps it. `rollcall` and `entra-simulator` likewise.
    let binaries = build::folder()?;
    for programs in cluster.programs().into_iter().chain([binaries.as_path()]) {
        text.push_str(&format!("export PATH=\"$PATH\":'{}'\n", programs.display()));
    }
    operator::write_private(&path, &text)?;
    Ok(path)
}

fn look_around(environment: &Path, login: Option<&Login>) {
    heading("It stays up. Look around from another terminal, in this folder");
    println!("    source {}", environment.display());
    println!("    kubectl -n {NAMESPACE} get directoryusers,directorygroups");
    println!("    kubectl explain directoryuser.spec.scim");
    println!("    curl -H \"Authorization: Bearer $SCIM_TOKEN\" \"$SCIM_URL/Users?count=2\"");
    println!("    curl \"$METRICS_URL\"");
    println!("    entra-simulator --url \"$SCIM_URL\" --token \"$SCIM_TOKEN\" --scenario person");
    if let Some(Login { app_url, .. }) = login {
        println!("or open {app_url} in a browser of this machine. The provider asks who you are and believes it:");
        println!("    {} may use the application; {} was deactivated.", tour::ADA_ACCOUNT, tour::EMEKA_ACCOUNT);
        println!("    (Its certificate is made for this tour, so the browser warns of it.)");
    }
    println!("Ctrl-C ends everything.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_without_a_backtrace() {
        let error = anyhow::anyhow!("no such file").context("cannot lock the folder of the quickstart");
        assert_eq!(told(&error), "error: cannot lock the folder of the quickstart\n  because: no such file");
    }
}
