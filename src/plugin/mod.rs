//! `kubectl directory`: the commands of a kubectl plugin, for the people who look after a Directory.
//!
//! Everything is read live with the rights of the caller, and nothing depends on a running operator. A decision is the one that
//! the doors make ([`crate::rules::access`]); nothing is decided here a second time.

mod args;
mod change;
pub mod complete;
mod people;
mod place;
mod setup;
mod table;
mod why;

use std::io::Write;

use clap::CommandFactory as _;
use jiff::Timestamp;
use serde_json::Value;

use crate::cli;
use crate::config::{KeyNewArgs, OutputFormat};
pub use args::{PlaceArgs, PluginCli, PluginCommand, TokenCommand, TokenNewArgs};
use change::PersonChange;
use place::ChosenDirectory;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// What was asked for is not there, in a sentence.
    #[error("{0}")]
    Absent(String),
    /// The cluster refused or did not answer.
    #[error("cannot {what}: {reason}")]
    Failed {
        /// What was to be done.
        what: String,
        /// What happened.
        reason: String,
    },
    /// As the same command of `rollcall` has it.
    #[error(transparent)]
    Cli(#[from] cli::Error),
}

fn failed<E: ToString>(what: impl Into<String>) -> impl FnOnce(E) -> PluginError {
    let what = what.into();
    move |error| PluginError::Failed { what, reason: error.to_string() }
}

/// What a command has to say.
struct Answer {
    text: String,
    json: Value,
    /// Whether the answer to the question is yes; commands that ask nothing say yes.
    is_yes: bool,
}

/// Carries out a command; says whether its answer is yes.
pub async fn run(arguments: PluginCli, out: &mut impl Write, err: &mut impl Write) -> Result<bool, PluginError> {
    let PluginCli { place, command } = arguments;
    let output = place.output;
    let answer = match command {
        PluginCommand::Completions(arguments) => {
            cli::write_completions(arguments.shell, PluginCli::command(), out)?;
            return Ok(true);
        }
        PluginCommand::Token { command: TokenCommand::New(arguments) } => {
            let place = ChosenDirectory::find(&place).await?;
            cli::write_new_key(&new_key(&place, arguments), out, err)?;
            return Ok(true);
        }
        PluginCommand::Doctor(look) => {
            let place = ChosenDirectory::find(&place).await?;
            return Ok(cli::examine(&place.store, (&place.namespace, &place.directory), &look, output, out).await?);
        }
        PluginCommand::Find { text } => people::find(&ChosenDirectory::find(&place).await?, &text).await?,
        PluginCommand::Members { group } => people::members(&ChosenDirectory::find(&place).await?, &group).await?,
        PluginCommand::Why { person, application } => {
            why::why(&ChosenDirectory::find(&place).await?, &person, application.as_deref(), Timestamp::now()).await?
        }
        PluginCommand::Suspend { person } => {
            change::change(&ChosenDirectory::find(&place).await?, &person, PersonChange::Suspend).await?
        }
        PluginCommand::Unsuspend { person } => {
            change::change(&ChosenDirectory::find(&place).await?, &person, PersonChange::Unsuspend).await?
        }
        PluginCommand::Undelete { person } => {
            change::change(&ChosenDirectory::find(&place).await?, &person, PersonChange::Undelete).await?
        }
        PluginCommand::EntraSetup => setup::entra_setup(&ChosenDirectory::find(&place).await?).await?,
    };
    let text = match output {
        OutputFormat::Text => answer.text,
        OutputFormat::Json => format!("{:#}\n", answer.json),
    };
    cli::print(out, &text)?;
    Ok(answer.is_yes)
}

/// The flags of `rollcall key new` for a key of this Directory.
fn new_key(place: &ChosenDirectory, arguments: TokenNewArgs) -> KeyNewArgs {
    let TokenNewArgs { name, display_name, description, expires_at, expires_in, scope, secret_file } = arguments;
    KeyNewArgs {
        directory: place.directory.clone(),
        namespace: Some(place.namespace.clone()),
        name,
        display_name,
        description,
        expires_at,
        expires_in,
        scope,
        secret_file,
    }
}
