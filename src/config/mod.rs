//! What was said on the command line and in the environment, and what it means.
//!
//! [`Cli`] is what was said: texts, as clap takes them from a flag or from its environment variable. [`Config`] is what
//! it means, after [`Config::read`]: addresses, networks and files that need no further check. Nothing else reads the
//! environment. Whatever belongs to one Directory stands in the Directory, not here.

mod login;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use http::Uri;
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub use login::{LoginArgs, LoginConfig, ProxyConfig};

/// Keeps a Kubernetes cluster's roll of people in step with Microsoft Entra ID.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve SCIM and look after the objects.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinitions, or write them as files.
    Crds(CrdsArgs),
    /// Make credentials.
    Key {
        /// What to do with them.
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Say what is wrong with a Directory and what to do about it. Exits with 0 where nothing is, with 1 where something is,
    /// and with 2 where nothing could be looked at.
    Doctor(DoctorArgs),
    /// Print what a shell completes the commands and flags with.
    Completions(CompletionsArgs),
    /// Test an installation: create a Directory, a key and a person through its Service, and remove them again.
    SelfTest(SelfTestArgs),
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a secret: the manifest of its DirectoryKey goes to standard output, the secret to standard error, once.
    New(KeyNewArgs),
}

/// `rollcall crds`.
#[derive(Debug, Default, Args)]
pub struct CrdsArgs {
    /// Write one file for each kind into this folder.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Write a page of reference for each kind into this folder, in Markdown.
    #[arg(long, value_name = "DIR")]
    pub reference: Option<PathBuf>,
}

/// `rollcall key new`.
#[derive(Debug, Default, Args)]
pub struct KeyNewArgs {
    /// The Directory that the key opens.
    #[arg(long, value_name = "NAME")]
    pub directory: String,
    /// The namespace of the Directory and of the key. Default: none in the manifest; kubectl decides.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
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

/// `rollcall doctor`.
#[derive(Debug, Default, Args)]
pub struct DoctorArgs {
    /// The Directory to look at, such as acme/staff.
    #[arg(value_name = "NAMESPACE/DIRECTORY")]
    pub directory: String,
    /// What else is looked at.
    #[command(flatten)]
    pub look: LookArgs,
    /// How the answer is printed.
    #[arg(long, short, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: OutputFormat,
    /// A kubeconfig. Default: the service account of the pod, then the usual places.
    #[arg(long, env = "ROLLCALL_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: its current one.
    #[arg(long, env = "ROLLCALL_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
}

/// What `rollcall doctor` and `kubectl directory doctor` look at beside the objects of the Directory.
#[derive(Clone, Debug, Default, Args)]
pub struct LookArgs {
    /// Ask the endpoint from here as well, at this Tenant URL or the address before /scim/v2. Default: it is not asked.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A file with the secret of a key, for --url: then the key is tried too.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub key_file: Option<PathBuf>,
    /// Certificate authorities to trust for --url in place of the system's, in PEM.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca_file: Option<PathBuf>,
    /// The namespace of the operator. Default: the one with its Lease, which takes the right to list Leases everywhere.
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `rollcall completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `rollcall self-test`.
#[derive(Debug, Args)]
pub struct SelfTestArgs {
    /// Where the Service serves SCIM, such as `http://rollcall.rollcall-system.svc`.
    #[arg(long, value_name = "URL")]
    pub service_url: String,
    /// Where the Service serves /readyz, such as `http://rollcall.rollcall-system.svc:9090`.
    #[arg(long, value_name = "URL")]
    pub admin_url: String,
    /// The namespace of what the test makes; one that the operator looks after.
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: String,
    /// The certificate chain that the Service presents, in PEM. Default: one that the system's authorities vouch for.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// How long each step waits for what heals by itself, such as a replica that starts.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait_seconds: u64,
    /// A kubeconfig. Default: the service account of the pod, then the usual places.
    #[arg(long, env = "ROLLCALL_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: its current one.
    #[arg(long, env = "ROLLCALL_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
}

/// `rollcall run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Where SCIM is served.
    #[arg(long, env = "ROLLCALL_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub listen: String,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, env = "ROLLCALL_ADMIN_LISTEN", value_name = "ADDRESS", default_value = "0.0.0.0:9090")]
    pub admin_listen: String,
    /// Write the addresses that are listened on into this file, as JSON; for port 0.
    #[arg(long, env = "ROLLCALL_ADDRESSES_FILE", value_name = "FILE")]
    pub addresses_file: Option<PathBuf>,
    /// The address by which Entra reaches SCIM, with the path before /scim/v2 if there is one; answers carry it.
    /// Default: the request's own.
    #[arg(long, env = "ROLLCALL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Networks whose X-Forwarded-* and Forwarded headers are believed, such as 10.0.0.0/8.
    #[arg(long, env = "ROLLCALL_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,
    /// Look after this namespace only. Repeatable. Default: all.
    #[arg(long = "namespace", env = "ROLLCALL_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',')]
    pub namespaces: Vec<String>,
    /// The certificate chain for TLS, in PEM; read again when it changes. Default: plain HTTP.
    #[arg(long, env = "ROLLCALL_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The private key for TLS, in PEM.
    #[arg(long, env = "ROLLCALL_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// A kubeconfig. Default: the service account of the pod, then the usual places.
    #[arg(long, env = "ROLLCALL_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: its current one.
    #[arg(long, env = "ROLLCALL_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// The namespace of the Lease that elects which replica does the work in the background; one for all replicas.
    /// Default: the operator's own, that of the pod's service account or of the kubeconfig's context.
    #[arg(long, env = "ROLLCALL_LEASE_NAMESPACE", value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// What this replica is called in the Lease. Default: $HOSTNAME, which in a pod is the name of the pod.
    #[arg(long, env = "ROLLCALL_REPLICA_NAME", value_name = "NAME", default_value_t = host_name(), hide_default_value = true)]
    pub replica_name: String,
    /// How the log is written: json or text.
    #[arg(long, env = "ROLLCALL_LOG_FORMAT", value_name = "FORMAT", default_value = "json")]
    pub log_format: String,
    /// Write into this file why the process ends, unless it was asked to: what terminationMessagePath of a container names.
    #[arg(long = MESSAGE_FLAG, env = MESSAGE_VARIABLE, value_name = "FILE")]
    pub termination_message_file: Option<PathBuf>,
    /// What is logged: a level (error, warn, info, debug, trace) or a list such as info,rollcall=debug.
    #[arg(long, env = "ROLLCALL_LOG_LEVEL", value_name = "FILTER", default_value = "info")]
    pub log_level: String,
    /// Append the audit stream to this file as well, as JSON lines. It is opened anew when it was renamed or removed.
    #[arg(long, env = "ROLLCALL_AUDIT_FILE", value_name = "FILE")]
    pub audit_file: Option<PathBuf>,
    /// Send alarms and refused changes as CloudEvents to this http or https address. Default: nowhere.
    #[arg(long, env = "ROLLCALL_WEBHOOK_URL", value_name = "URL")]
    pub webhook_url: Option<String>,
    /// A file with the secret that signs what is sent, whsec_ and Base64 as Standard Webhooks has it. Default: no signature.
    #[arg(long, env = "ROLLCALL_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// Send traces to this OpenTelemetry collector, with OTLP over HTTP, such as http://collector:4318. Default: nowhere.
    #[arg(long, env = "ROLLCALL_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The part of the requests that are traced, 0 to 1. A request that comes with a trace is decided by whoever began it.
    #[arg(long, env = "ROLLCALL_OTLP_RATIO", value_name = "RATIO", default_value = "1")]
    pub otlp_ratio: String,
    /// Which providers may be asked about logins, and by which way.
    #[command(flatten)]
    pub login: LoginArgs,
}

/// The flag and the variable that are read although others are wrong.
const MESSAGE_FLAG: &str = "termination-message-file";
const MESSAGE_VARIABLE: &str = "ROLLCALL_TERMINATION_MESSAGE_FILE";

fn host_name() -> String {
    std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "rollcall".to_owned())
}

/// What a log level leaves out unless it names it: kube's client logs each refused call as an error of its own, and what
/// matters of it is in our lines.
const QUIET: &str = "kube_client=off";

/// What `rollcall run` was told, checked.
#[derive(Debug)]
pub struct Config {
    /// Where SCIM is served.
    pub listen: SocketAddr,
    /// Where probes and metrics are served.
    pub admin_listen: SocketAddr,
    /// Where the bound addresses are written.
    pub addresses_file: Option<PathBuf>,
    /// The address in answers: scheme, host and path prefix, without a slash at the end.
    pub public_url: Option<String>,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The namespaces to look after; none means all.
    pub namespaces: Vec<String>,
    /// The files of certificate and key.
    pub tls: Option<TlsFiles>,
    /// The kubeconfig.
    pub kubeconfig: Option<PathBuf>,
    /// Its context.
    pub context: Option<String>,
    /// Where the Lease is; none: in the operator's own namespace.
    pub lease_namespace: Option<String>,
    /// What this replica is called in the Lease.
    pub replica_name: String,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_filter: EnvFilter,
    /// Where the audit stream is written beside the log.
    pub audit_file: Option<PathBuf>,
    /// Who is told of alarms and refused changes.
    pub webhook: Option<WebhookConfig>,
    /// Where traces are sent.
    pub traces: Option<TracesConfig>,
    /// Which providers may be asked about logins, and by which way.
    pub login: LoginConfig,
}

/// Certificate chain and private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, in PEM.
    pub cert: PathBuf,
    /// The key, in PEM.
    pub key: PathBuf,
}

/// Who is told of alarms and refused changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// The address, an http or https URL.
    pub url: Uri,
    /// The file of the secret that signs what is sent.
    pub secret_file: Option<PathBuf>,
}

fn webhook(url: Option<String>, secret_file: Option<PathBuf>) -> Result<Option<WebhookConfig>, InvalidFlag> {
    match (url.filter(|url| !url.is_empty()), secret_file) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(invalid("webhook-secret-file", "needs --webhook-url beside it")),
        (Some(url), secret_file) => {
            let url = outgoing_url("webhook-url", &url, "https://hooks.example.com/rollcall")?;
            Ok(Some(WebhookConfig { url, secret_file }))
        }
    }
}

/// Where traces are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct TracesConfig {
    /// The address of the collector, without the path of traces.
    pub endpoint: String,
    /// The part of the requests that are traced, 0 to 1.
    pub ratio: f64,
}

fn traces(endpoint: Option<&str>, ratio: &str) -> Result<Option<TracesConfig>, InvalidFlag> {
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else { return Ok(None) };
    outgoing_url("otlp-endpoint", endpoint, "http://collector:4318")?;
    let ratio = ratio.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    let ratio = ratio.ok_or_else(|| invalid("otlp-ratio", "is no number from 0 to 1, such as 0.1"))?;
    Ok(Some(TracesConfig { endpoint: endpoint.to_owned(), ratio }))
}

/// The address of the webhook's receiver or of the collector of traces.
fn outgoing_url(flag: &'static str, text: &str, example: &str) -> Result<Uri, InvalidFlag> {
    let uri = text.parse::<Uri>().ok();
    let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
    let uri = uri.filter(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    uri.ok_or_else(|| invalid(flag, format!("{text:?} is no address such as {example}")))
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// A flag whose value cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag}: {reason}")]
pub struct InvalidFlag {
    /// The flag, without dashes.
    pub flag: &'static str,
    /// What is wrong with the value, and what one looks like that is not.
    pub reason: String,
}

fn invalid(flag: &'static str, reason: impl Into<String>) -> InvalidFlag {
    InvalidFlag { flag, reason: reason.into() }
}

impl Config {
    /// What the arguments mean.
    pub fn read(arguments: RunArgs) -> Result<Self, InvalidFlag> {
        let RunArgs {
            listen,
            admin_listen,
            addresses_file,
            public_url,
            trusted_proxies,
            namespaces,
            tls_cert,
            tls_key,
            kubeconfig,
            context,
            lease_namespace,
            replica_name,
            log_format,
            log_level,
            audit_file,
            webhook_url,
            webhook_secret_file,
            otlp_endpoint,
            otlp_ratio,
            login,
            // It is wanted before anybody knows whether the other flags are good.
            termination_message_file: _,
        } = arguments;
        let tls = match (tls_cert, tls_key) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => return Err(invalid("tls-cert", "needs --tls-key beside it")),
            (None, Some(_)) => return Err(invalid("tls-key", "needs --tls-cert beside it")),
        };
        let log_format = match log_format.as_str() {
            "json" => LogFormat::Json,
            "text" => LogFormat::Text,
            other => return Err(invalid("log-format", format!("{other:?} is neither json nor text"))),
        };
        Ok(Self {
            listen: address("listen", &listen)?,
            admin_listen: address("admin-listen", &admin_listen)?,
            addresses_file,
            public_url: public_url.as_deref().filter(|url| !url.is_empty()).map(read_public_url).transpose()?,
            trusted_proxies: given(&trusted_proxies).map(network).collect::<Result<_, _>>()?,
            namespaces: given(&namespaces).map(|name| dns_label("namespace", name)).collect::<Result<_, _>>()?,
            tls,
            kubeconfig,
            context,
            lease_namespace: given(lease_namespace.as_slice())
                .next()
                .map(|name| dns_label("lease-namespace", name))
                .transpose()?,
            replica_name,
            log_format,
            log_filter: log_filter(&log_level)?,
            audit_file,
            webhook: webhook(webhook_url, webhook_secret_file)?,
            traces: traces(otlp_endpoint.as_deref(), &otlp_ratio)?,
            login: LoginConfig::read(login, |name| std::env::var(name).ok())?,
        })
    }
}

/// What a log level means: a level, or a list of levels for targets.
pub fn log_filter(text: &str) -> Result<EnvFilter, InvalidFlag> {
    if let Some(word) = given_levels(text).find(|word| word.parse::<LevelFilter>().is_err()) {
        let levels = "error, warn, info, debug, trace or off";
        let reason = format!("{word:?} is no level: {levels}, or a list such as info,rollcall=debug");
        return Err(invalid("log-level", reason));
    }
    EnvFilter::try_new(format!("{QUIET},{text}"))
        .map_err(|error| invalid("log-level", format!("{text:?} is neither a level nor a filter: {error}")))
}

/// The file of `--termination-message-file` or of its variable, whatever else is wrong with the arguments: a flag that
/// nobody knows is a cause that has to be told as well. clap stops at the first that is wrong, even where it is told to
/// ignore errors, and this one may stand behind it. Only `run` has a message to leave: another command that somebody starts
/// in the pod of a running operator has the same variable.
pub fn termination_message_file(arguments: impl IntoIterator<Item = OsString>) -> Option<PathBuf> {
    let mut arguments =
        arguments.into_iter().skip(1).skip_while(|argument| argument.as_encoded_bytes().starts_with(b"-"));
    arguments.next().filter(|command| command == "run")?;
    while let Some(argument) = arguments.next() {
        match argument.to_str().and_then(|text| text.strip_prefix("--")?.strip_prefix(MESSAGE_FLAG)) {
            Some("") => return arguments.next().map(PathBuf::from),
            Some(value) if value.starts_with('=') => return Some(PathBuf::from(&value[1..])),
            _ => {}
        }
    }
    std::env::var_os(MESSAGE_VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from)
}

/// The entries of a filter that name no target. A mistyped level would pass for the name of a target, and silence
/// everything else.
fn given_levels(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(',').map(str::trim).filter(|entry| !entry.contains(['=', '[', ':']))
}

/// The entries of a list; an environment variable that is set to nothing has one empty entry.
fn given(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty())
}

fn address(flag: &'static str, text: &str) -> Result<SocketAddr, InvalidFlag> {
    text.parse()
        .map_err(|_| invalid(flag, format!("{text:?} is no address and port, such as 0.0.0.0:8080 or [::]:8080")))
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, InvalidFlag> {
    text.parse::<IpNet>()
        .map(|network| network.trunc())
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| invalid("trusted-proxies", format!("{text:?} is no network, such as 10.0.0.0/8 or fd00::/8")))
}

fn read_public_url(text: &str) -> Result<String, InvalidFlag> {
    let wrong = |why: &str| {
        invalid(
            "public-url",
            format!("{text:?} {why}; it looks like https://scim.example.com or https://example.com/rollcall"),
        )
    };
    let url: Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(wrong("starts neither with https:// nor with http://"));
    }
    let authority = url.authority().map_or("", http::uri::Authority::as_str);
    if authority.contains('@') {
        // Not quoted: a password would go into the log and into the termination message.
        return Err(invalid("public-url", "has a user name before its host; it looks like https://scim.example.com"));
    }
    if authority.is_empty() {
        return Err(wrong("has no plain host name"));
    }
    if url.query().is_some() || text.contains('#') {
        return Err(wrong("has a query or a fragment"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The name of a namespace or of a Directory: an RFC 1123 label.
pub fn dns_label(flag: &'static str, text: &str) -> Result<String, InvalidFlag> {
    let is_label = !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        return Ok(text.to_owned());
    }
    Err(invalid(flag, format!("{text:?} is no name: lower-case letters, digits and dashes, at most 63 characters")))
}
