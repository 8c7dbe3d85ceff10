//! What was said on the command line of `kubectl directory`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{CompletionsArgs, LookArgs, OutputFormat};

/// Looks after the people of a Rollcall Directory.
#[derive(Debug, Parser)]
#[command(name = "kubectl-directory", bin_name = "kubectl directory", version, disable_help_subcommand = true)]
pub struct PluginCli {
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: PluginCommand,
}

/// Which cluster, which Directory, and how the answer is printed.
#[derive(Debug, Default, Args)]
pub struct PlaceArgs {
    /// The namespace of the Directory. Default: that of the kubeconfig's context.
    #[arg(long, short, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The Directory. Default: the only one in the namespace.
    #[arg(long, short, global = true, value_name = "NAME")]
    pub directory: Option<String>,
    /// A kubeconfig. Default: as kubectl finds it.
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: its current one.
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// How the answer is printed.
    #[arg(long, short, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Find people by a part of their userName, name or e-mail address, or by their SCIM id or externalId.
    Find {
        /// What to look for.
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// List who is a direct member of a group.
    Members {
        /// The displayName or the SCIM id of the group.
        group: String,
    },
    /// Say whether a person may get in; if not, why, since when, and by which request. Exits with 1 where they may not.
    Why {
        /// The userName or the SCIM id.
        #[arg(value_name = "USERNAME")]
        person: String,
        /// Ask about this DirectoryApplication as well.
        #[arg(long, value_name = "NAME")]
        application: Option<String>,
    },
    /// Keep a person out, whatever the identity provider says.
    Suspend {
        /// The userName or the SCIM id.
        #[arg(value_name = "USERNAME")]
        person: String,
    },
    /// Let a person in again who was suspended with `suspend`.
    Unsuspend {
        /// The userName or the SCIM id.
        #[arg(value_name = "USERNAME")]
        person: String,
    },
    /// Ask a deleted person back, until the retention is over.
    Undelete {
        /// The userName or the SCIM id.
        #[arg(value_name = "USERNAME")]
        person: String,
    },
    /// Make credentials for the identity provider.
    Token {
        /// What to do with them.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Print what to enter in the portal of Entra ID for this Directory, field by field.
    EntraSetup,
    /// Say what is wrong with the Directory and what to do about it. Exits with 1 where something is.
    Doctor(LookArgs),
    /// Print what a shell completes the commands and flags with.
    Completions(CompletionsArgs),
}

/// What to do with credentials.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a secret: the manifest of its DirectoryKey goes to standard output, the secret to standard error, once.
    New(TokenNewArgs),
}

/// `kubectl directory token new`.
#[derive(Debug, Default, Args)]
pub struct TokenNewArgs {
    /// The name of the DirectoryKey. Default: the Directory's, the date and four letters.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A name that people recognise.
    #[arg(long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// What the key is for.
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// When the key expires, such as 2027-01-31T00:00:00Z. Default: never.
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    pub expires_at: Option<String>,
    /// After what time the key expires, such as 365d or 12h.
    #[arg(long, value_name = "DURATION")]
    pub expires_in: Option<String>,
    /// What the key may do; give it once for each scope. Default: provision.
    #[arg(long, value_name = "SCOPE", value_parser = ["provision", "introspect"])]
    pub scope: Vec<String>,
    /// Write the secret into this new file, which only its owner may read, in place of standard error.
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}
