//! People sign in: an OpenID provider that looks like Microsoft Entra ID, an application behind Traefik, and a browser.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use control_plane::entra::{Client, EntraOptions, EntraProvider, Visit};
use control_plane::{Proxy, RunningProxy};
use http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::application::Application;
use crate::cluster::Cluster;
use crate::operator::{self, Operator, free_address};
use crate::{DIRECTORY, NAMESPACE, heading, tour};

const APPLICATION: &str = "wiki";
const CLIENT_ID: &str = "5d2f3c1e-6a54-4c86-9d0a-7a2b8f1c9e10";
const CLIENT_SECRET_NAME: &str = "entra-client";
/// Most redirects that the browser of the tour follows from one page to the next.
const MAX_REDIRECTS: usize = 12;
/// How long the proxy may take to know its routes.
const ROUTES_DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// What the login needs before the operator starts.
pub(crate) struct Provider(EntraProvider);

/// What runs for the login. It ends with this value.
pub(crate) struct Login {
    /// Where people sign in.
    pub(crate) login_url: String,
    /// The application behind the proxy.
    pub(crate) app_url: String,
    provider: EntraProvider,
    _proxy: RunningProxy,
    _application: Application,
}

impl Provider {
    /// Starts the provider; nothing where this machine has no Node.js, which it says in a line.
    pub(crate) async fn start() -> Result<Option<Self>> {
        if let Err(missing) = control_plane::entra::check() {
            println!("The tour leaves the login out: {missing}");
            return Ok(None);
        }
        heading("Starting an OpenID provider that looks like Microsoft Entra ID");
        let provider = EntraProvider::start(EntraOptions { tls: true, ..EntraOptions::default() }).await?;
        println!("It answers at {}.", provider.origin());
        Ok(Some(Self(provider)))
    }

    /// What the operator has to be told, because this provider is none of Microsoft's.
    pub(crate) fn operator_flags(&self) -> Vec<String> {
        let host = self.0.origin().trim_start_matches("https://").to_owned();
        vec!["--allowed-authority-hosts".to_owned(), host, "--private-authorities".to_owned()]
    }
}

impl Login {
    /// Registers the operator with the provider, gives the Directory its login and puts an application behind a proxy.
    pub(crate) async fn start(
        provider: Provider,
        cluster: &Cluster,
        operator: &Operator,
        state: &Path,
    ) -> Result<Self> {
        let Provider(provider) = provider;
        heading("Login: the Directory gets a provider, and an application a proxy that asks Rollcall");
        let login_url = format!("{}/login/{NAMESPACE}/{DIRECTORY}", operator.public_url);
        let secret = operator::random_secret();
        let redirect_uris = ["callback", "signed-out"].map(|end| format!("{login_url}/{end}")).to_vec();
        provider
            .add_clients(&[Client::Web { id: CLIENT_ID.to_owned(), secret: secret.clone(), redirect_uris }])
            .await?;
        provider.add_users(&tour::accounts()).await?;

        let application = Application::start().await?;
        let address = free_address().await?;
        let manifest = state.join("login.json");
        operator::write_private(&manifest, &objects(&provider, &secret, address).to_string())?;
        cluster.apply(&manifest).await?;
        let ready = ["-n", NAMESPACE, "wait", "--for=condition=LoginReady", "--timeout=60s", "directory", DIRECTORY];
        print!("{}", cluster.kubectl(&ready).await?);

        let configuration = write_configuration(state, address, operator, application.address)?;
        let proxy = Proxy::Traefik.start(&configuration, address).await?;
        // Cookies know no ports: with one name for both, the application would share those of Rollcall.
        let app_url = format!("http://localhost:{}/", address.port());
        let login = Self { login_url, app_url, provider, _proxy: proxy, _application: application };
        login.wait_for_routes().await?;
        Ok(login)
    }

    /// Traefik listens before it knows its routes, and answers 404 until then.
    async fn wait_for_routes(&self) -> Result<()> {
        let mut nobody = self.browser("nobody")?;
        let deadline = Instant::now() + ROUTES_DEADLINE;
        while nobody.get(&self.app_url).await?.0 == 404 {
            if Instant::now() > deadline {
                bail!("Traefik knows no route after {ROUTES_DEADLINE:?}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// A new browser of this person.
    pub(crate) fn browser(&self, user: &'static str) -> Result<Browser> {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        Ok(Browser { user, client, cookies: BTreeMap::new() })
    }

    /// What a person sees who opens the application and signs in where that is asked for.
    pub(crate) async fn visit(&self, browser: &mut Browser) -> Result<()> {
        let user = browser.user;
        println!("\n{user} opens {}", self.app_url);
        let mut url = self.app_url.clone();
        for _ in 0..MAX_REDIRECTS {
            if url.starts_with(self.provider.origin()) {
                url = match self.provider.visit(&url, Some(user), user).await? {
                    Visit::Left(location) => location,
                    Visit::Page { status, .. } => bail!("the provider shows a page with status {status}"),
                };
                println!("  signs in at the provider");
                continue;
            }
            let (status, location, body) = browser.get(&url).await?;
            match location {
                Some(location) => url = location,
                None => {
                    println!("  {status}: {}", first_heading(&body));
                    return Ok(());
                }
            }
        }
        bail!("{user} is sent from page to page")
    }
}

/// A client that keeps cookies, as a browser does.
pub(crate) struct Browser {
    user: &'static str,
    client: reqwest::Client,
    /// By host, then by name.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    /// Opens a page; returns its status, where it leads, and its text.
    async fn get(&mut self, url: &str) -> Result<(u16, Option<String>, String)> {
        let host = url.split('/').nth(2).and_then(|host| host.split(':').next()).unwrap_or_default();
        let kept = self.cookies.entry(host.to_owned()).or_default();
        let cookies: Vec<_> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.get(url).header(ACCEPT, "text/html").header("Sec-Fetch-Mode", "navigate");
        let answer = request.header(COOKIE, cookies.join("; ")).send().await?;
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            match pair.split_once('=') {
                // An empty one takes the place of a cookie that is to go.
                Some((name, "")) => drop(kept.remove(name)),
                Some((name, value)) => drop(kept.insert(name.to_owned(), value.to_owned())),
                None => {}
            }
        }
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location = location.map(|location| answer.url().join(location).map(String::from)).transpose()?;
        Ok((answer.status().as_u16(), location, answer.text().await?))
    }
}

/// The first heading of a page, or the first line of a text.
fn first_heading(body: &str) -> &str {
    let heading =
        body.split("<h1").nth(1).and_then(|rest| rest.split_once('>')).and_then(|(_, rest)| rest.split('<').next());
    heading.or_else(|| body.lines().next()).unwrap_or_default().trim()
}

/// The Secret, the Directory's login and the application.
fn objects(provider: &EntraProvider, secret: &str, address: SocketAddr) -> Value {
    let metadata = |name: &str| json!({ "namespace": NAMESPACE, "name": name });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata(CLIENT_SECRET_NAME),
            "type": "rollcall.dev/client-secret", "stringData": { "clientSecret": secret },
        },
        {
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "Directory", "metadata": metadata(DIRECTORY),
            "spec": { "maxDeletesPerHour": 1_000_000, "login": { "branding": { "displayName": "Contoso" }, "oidc": {
                "authority": provider.authority(), "clientID": CLIENT_ID, "caBundle": provider.certificate_authority(),
                "clientSecretRef": { "name": CLIENT_SECRET_NAME },
            } } },
        },
        {
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryApplication", "metadata": metadata(APPLICATION),
            "spec": {
                "directoryRef": { "name": DIRECTORY }, "displayName": "Wiki", "hosts": [format!("localhost:{}", address.port())],
                "scheme": "http", "require": { "groups": ["All Staff"] },
            },
        },
    ] })
}

/// The configuration of the proxy, as in `examples/proxies/traefik`, for addresses of this machine.
fn write_configuration(
    state: &Path,
    address: SocketAddr,
    operator: &Operator,
    application: SocketAddr,
) -> Result<std::path::PathBuf> {
    let place = format!("{NAMESPACE}/{DIRECTORY}/{APPLICATION}");
    let headers = ["User", "Preferred-Username", "Email", "Groups", "Groups-Truncated", "Role", "User-Type", "Uid"];
    let mut headers: Vec<_> = headers.iter().map(|name| format!("X-Auth-Request-{name}")).collect();
    headers.push("X-Rollcall-Assertion".to_owned());
    let server = |url: String| json!({ "loadBalancer": { "servers": [{ "url": url }] } });
    let ours = "PathPrefix(`/.rollcall/`) || Path(`/.well-known/oauth-protected-resource`)";
    let routes = json!({ "http": {
        "routers": {
            "app": { "rule": "PathPrefix(`/`)", "middlewares": ["check"], "service": "app" },
            "rollcall": { "rule": ours, "middlewares": ["rollcall"], "service": "rollcall" },
        },
        "middlewares": {
            "check": { "forwardAuth": {
                "address": format!("{}/check/forward/{place}", operator.public_url), "authResponseHeaders": headers,
            } },
            "rollcall": { "replacePathRegex": {
                "regex": r"^/\.(?:rollcall|well-known)/(.*)", "replacement": format!("/app/{place}/$1"),
            } },
        },
        "services": { "app": server(format!("http://{application}")), "rollcall": server(operator.public_url.clone()) },
    } });
    let (routes_file, file) = (state.join("traefik-routes.yaml"), state.join("traefik.yaml"));
    std::fs::write(&routes_file, routes.to_string())?;
    let configuration = json!({
        "entryPoints": { "web": { "address": address.to_string() } },
        "providers": { "file": { "filename": routes_file } },
        "global": { "checkNewVersion": false, "sendAnonymousUsage": false },
    });
    std::fs::write(&file, configuration.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
