//! An OpenID provider that looks like Microsoft Entra ID, as a process on loopback.
//!
//! It is the certified `oidc-provider` of npm behind the addresses, documents, claims and error codes of Entra: codes work once,
//! clients prove who they are, and sessions make the next sign-in silent. Its scripts are in `entra-provider/` beside this crate.
//! It needs Node.js and, once, the registry of npm.

mod control;
mod wishes;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::Error;
use crate::npm::{self, Scripts};
use crate::process::Process;
pub use wishes::{Client, Credential, Fault, Forgery, Place, SigningKey};

const SCRIPTS: Scripts = Scripts { folder: "entra-provider" };
/// It takes half a second on two idle cores.
const START_DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// What can be chosen about a provider.
#[derive(Clone, Debug)]
pub struct EntraOptions {
    /// The id of its tenant, which is a GUID.
    pub tenant: String,
    /// A verified domain of the tenant, which works in the place of its id.
    pub domain: String,
    /// The host of its addresses, which has to mean loopback.
    pub host: String,
    /// The port; 0 for one that is free.
    pub port: u16,
    /// Whether it speaks HTTPS, with a certificate of an authority of its own.
    pub tls: bool,
    /// How long an ID token is valid.
    pub id_token_lifetime: Duration,
}

impl Default for EntraOptions {
    fn default() -> Self {
        Self {
            tenant: "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d".to_owned(),
            domain: "contoso.example".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 0,
            tls: false,
            id_token_lifetime: Duration::from_secs(3600),
        }
    }
}

/// Whether this machine has what a provider needs; the error says how to get it.
pub fn check() -> Result<(), Error> {
    npm::check_node()
}

/// Whether this machine can run a provider. Where it cannot, a test that needs one proves nothing, and this says so where the test
/// harness does not hide it.
pub fn can_run() -> bool {
    let missing = check().err();
    if let Some(error) = &missing {
        drop(writeln!(io::stderr(), "\n!!! NO LOGIN IS PROVEN BY THIS TEST: {error}\n"));
    }
    missing.is_none()
}

/// Where a visit of the provider's pages ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// At an address of somebody else, which was not opened.
    Left(String),
    /// At a page of the provider.
    Page {
        /// Its status.
        status: u16,
        /// Its HTML.
        body: String,
    },
}

/// A running provider.
#[derive(Debug)]
pub struct EntraProvider {
    // Before the folder: fields are dropped in this order.
    process: Process,
    origin: String,
    control: String,
    certificate_authority: Option<String>,
    options: EntraOptions,
    folder: TempDir,
}

impl EntraProvider {
    /// Installs what is missing, starts the provider and waits until it listens.
    pub async fn start(options: EntraOptions) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("rollcall-entra-").tempdir()?;
        let path = folder.path().to_owned();
        tokio::task::spawn_blocking(move || SCRIPTS.lay_out(&path)).await.expect("the installation does not panic")?;
        let certificate_authority = options.tls.then(|| write_certificate(folder.path(), &options.host)).transpose()?;
        let file = folder.path().join("options.json");
        fs::write(&file, options.to_json(folder.path()).to_string())?;
        let command: [OsString; 3] = ["node".into(), folder.path().join("server.mjs").into(), file.into()];
        let mut process = Process::start("entra-provider", &command, folder.path())?;
        let addresses = wait_for_addresses(&mut process).await?;
        let address = |name: &str| addresses[name].as_str().unwrap_or_default().to_owned();
        let (origin, control) = (address("authority"), address("control").replace("http://", ""));
        Ok(Self { process, origin, control, certificate_authority, options, folder })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The authority as people copy it from the portal: without `/v2.0`.
    pub fn authority(&self) -> String {
        format!("{}/{}", self.origin, self.options.tenant)
    }

    /// The issuer of its tokens.
    pub fn issuer(&self) -> String {
        format!("{}/v2.0", self.authority())
    }

    /// The id of the tenant.
    pub fn tenant(&self) -> &str {
        &self.options.tenant
    }

    /// The authority that signed its certificate, as PEM, where it speaks HTTPS.
    pub fn certificate_authority(&self) -> Option<&str> {
        self.certificate_authority.as_deref()
    }

    /// The process id of the provider.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// All that it has printed.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Its folder, which goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds users, each an object with `oid` and further claims (`upn`, `preferred_username`, `email`, `acct`, `idp`, `name`,
    /// `groups`, `_claim_names` and others); one with a known `oid` is replaced. `blocked: true` is a user whom Entra turns away
    /// with AADSTS50105; `blocked: {error, error_description}` one whom it turns away with that.
    pub async fn add_users(&self, users: &[Value]) -> Result<(), Error> {
        self.post("users", &json!(users)).await.map(drop)
    }

    /// Adds app registrations; one with a known id is replaced.
    pub async fn add_clients(&self, clients: &[Client]) -> Result<(), Error> {
        let clients: Vec<_> = clients.iter().map(Client::to_json).collect();
        self.post("clients", &clients.into()).await.map(drop)
    }

    /// Signs with a new key from now on and returns its id. The old keys stay published.
    pub async fn rotate(&self) -> Result<String, Error> {
        self.rotate_keys(false).await
    }

    /// The same; the old keys are published no more.
    pub async fn rotate_and_forget(&self) -> Result<String, Error> {
        self.rotate_keys(true).await
    }

    async fn rotate_keys(&self, forget: bool) -> Result<String, Error> {
        let answer = self.post("rotate", &json!({ "forget": forget })).await?;
        Ok(answer["kid"].as_str().unwrap_or_default().to_owned())
    }

    /// The key set that it publishes.
    pub async fn keys(&self) -> Result<Value, Error> {
        self.get("keys").await
    }

    /// Signs a token as `user` would get it for the client `audience`, but for what the forgery changes. Without a user it holds
    /// nothing about a person.
    pub async fn sign(&self, user: Option<&str>, audience: &str, forgery: &Forgery) -> Result<String, Error> {
        let mut wish = forgery.to_json();
        wish["client_id"] = audience.into();
        if let Some(user) = user {
            wish["user"] = user.into();
        }
        let answer = self.post("sign", &wish).await?;
        Ok(answer["token"].as_str().unwrap_or_default().to_owned())
    }

    /// Lets requests at one place go wrong: the next `times`, or all until [`Self::heal`].
    pub async fn fail(&self, place: Place, fault: &Fault, times: Option<u32>) -> Result<(), Error> {
        self.post("fault", &fault.to_json(place, times)).await.map(drop)
    }

    /// Ends the fault at one place.
    pub async fn heal(&self, place: Place) -> Result<(), Error> {
        self.post("fault", &json!({ "where": place.name(), "kind": "none" })).await.map(drop)
    }

    /// Opens a page of the provider as a person at a browser would, follows its redirects and, on the sign-in page, signs in as
    /// `user`. Each browser keeps its cookies under its name, so that a second visit may pass without a question.
    pub async fn visit(&self, url: &str, user: Option<&str>, browser: &str) -> Result<Visit, Error> {
        let mut visit = json!({ "url": url, "browser": browser });
        if let Some(user) = user {
            visit["user"] = user.into();
        }
        let answer = self.post("visit", &visit).await?;
        if let Some(location) = answer["location"].as_str() {
            return Ok(Visit::Left(location.to_owned()));
        }
        let status = answer["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default();
        Ok(Visit::Page { status, body: answer["body"].as_str().unwrap_or_default().to_owned() })
    }

    /// How many requests each route has had: `discovery`, `jwks`, `token`, `authorize`, `logout`, `devicecode`, `userinfo`, `other`.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, Error> {
        let counts = self.get("counts").await?;
        let counts = counts.as_object().into_iter().flatten();
        Ok(counts.map(|(route, count)| (route.clone(), count.as_u64().unwrap_or_default())).collect())
    }

    /// The requests themselves, up to 2,000: `route`, `method`, `path`, `query`, `form`, `authorization`.
    pub async fn requests(&self) -> Result<Vec<Value>, Error> {
        Ok(self.get("requests").await?.as_array().cloned().unwrap_or_default())
    }

    /// Forgets counts and requests.
    pub async fn forget_requests(&self) -> Result<(), Error> {
        self.post("forget", &json!({})).await.map(drop)
    }

    async fn post(&self, action: &str, body: &Value) -> Result<Value, Error> {
        control::ask(&self.control, &format!("/_test/{action}"), Some(body)).await
    }

    async fn get(&self, action: &str) -> Result<Value, Error> {
        control::ask(&self.control, &format!("/_test/{action}"), None).await
    }
}

impl EntraOptions {
    fn to_json(&self, folder: &Path) -> Value {
        let Self { tenant, domain, host, port, tls, id_token_lifetime } = self;
        let mut options = json!({
            "tenant": tenant, "domain": domain, "host": host, "port": port, "idTokenSeconds": id_token_lifetime.as_secs(),
        });
        if *tls {
            options["tls"] = json!({ "certificate": folder.join(CERTIFICATE), "key": folder.join(KEY) });
        }
        options
    }
}

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Makes an authority and a certificate of it, and returns the authority as PEM. No private key lies in the repository.
fn write_certificate(folder: &Path, host: &str) -> Result<String, Error> {
    let make = || -> Result<(String, String, String), rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let root = authority.self_signed(&authority_key)?.pem();
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let leaf = CertificateParams::new(vec![host.to_owned()])?.signed_by(&key, &issuer)?;
        Ok((root, leaf.pem(), key.serialize_pem()))
    };
    let (root, leaf, key) = make().map_err(io::Error::other)?;
    // The agent that signs people in trusts what the server sends, which is why the root is part of it.
    fs::write(folder.join(CERTIFICATE), format!("{leaf}{root}"))?;
    fs::write(folder.join(KEY), key)?;
    Ok(root)
}

/// Waits for the line in which the provider says where it listens.
async fn wait_for_addresses(process: &mut Process) -> Result<Value, Error> {
    let deadline = Instant::now() + START_DEADLINE;
    loop {
        let log = process.log();
        let addresses = log.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(addresses) = addresses.filter(Value::is_object) {
            return Ok(addresses);
        }
        if process.has_ended()? {
            return Err(Error::Ended { name: process.name(), log: process.log_tail() });
        }
        if Instant::now() > deadline {
            return Err(Error::NotListening { name: process.name(), after: START_DEADLINE, log: process.log_tail() });
        }
        tokio::time::sleep(POLL).await;
    }
}
