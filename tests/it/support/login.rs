//! People at browsers: a provider that looks like Entra, two replicas that know their public address, and browsers that keep
//! cookies and follow redirects as real ones do.

use std::collections::BTreeMap;

use control_plane::entra::{Client as Registration, EntraOptions, EntraProvider, Visit, can_run};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::client::Answer;
use super::cluster::apply;
use super::{Client, Directory, Operator, until};

/// Where people find the operator.
pub(crate) const PUBLIC_URL: &str = "https://login.contoso.example";
/// The secret of every registration.
pub(crate) const SECRET: &str = "secret-of-the-registration";
/// More redirects in a row are a loop.
const MAX_REDIRECTS: usize = 12;

/// What the tests of the login share.
pub(crate) struct Site {
    pub(crate) provider: EntraProvider,
    pub(crate) replicas: [Operator; 2],
}

static SITE: OnceCell<Option<Site>> = OnceCell::const_new();

/// The site of this test process; nothing where the machine cannot run a provider, which is said aloud.
pub(crate) async fn site() -> Option<&'static Site> {
    SITE.get_or_init(start).await.as_ref()
}

async fn start() -> Option<Site> {
    start_with(&[]).await
}

async fn start_with(more: &[&str]) -> Option<Site> {
    if !can_run() {
        return None;
    }
    let provider = EntraProvider::start(EntraOptions { tls: true, ..EntraOptions::default() }).await;
    let provider = provider.unwrap_or_else(|error| panic!("{error}"));
    let host = provider.origin().replace("https://", "");
    let flags =
        ["--public-url", PUBLIC_URL, "--allowed-authority-hosts", &host, "--private-authorities"].map(str::to_owned);
    let flags: Vec<_> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let replicas = [Operator::start(&flags).await, Operator::start(&flags).await];
    Some(Site { provider, replicas })
}

/// A site for one test, whose provider may fail. It ends with the test process, as the shared one does.
pub(crate) async fn own_site() -> Option<&'static Site> {
    own_site_with(&[]).await
}

/// The same with these flags of the operator beside the usual ones.
pub(crate) async fn own_site_with(flags: &[&str]) -> Option<&'static Site> {
    Some(Box::leak(Box::new(start_with(flags).await?)))
}

/// A Directory whose people log in at the provider, with the application `wiki`.
pub(crate) struct Company {
    pub(crate) site: &'static Site,
    pub(crate) directory: Directory,
    pub(crate) scim: Client,
}

/// Where following redirects ended.
#[derive(Debug)]
pub(crate) enum End {
    /// At a page of the operator.
    Page(Answer),
    /// At an address of an application, which the application would answer.
    Application(String),
    /// At a page of the provider.
    Provider,
}

impl End {
    #[track_caller]
    pub(crate) fn page(self) -> Answer {
        match self {
            Self::Page(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn application(self) -> String {
        match self {
            Self::Application(url) => url,
            other => panic!("{other:?}"),
        }
    }
}

impl Company {
    /// A new one; nothing where there is no provider.
    pub(crate) async fn new() -> Option<Self> {
        Self::with_login(json!({})).await
    }

    /// The same with further rules of `spec.login`.
    pub(crate) async fn with_login(more: Value) -> Option<Self> {
        Some(Self::at(site().await?, more).await)
    }

    /// The same at another site.
    pub(crate) async fn at(site: &'static Site, more: Value) -> Self {
        let directory = Directory::new().await;
        let client_id = directory.namespace.clone();
        let redirect_uris = ["callback", "signed-out"]
            .map(|page| format!("{PUBLIC_URL}/login/{}/{}/{page}", directory.namespace, directory.name));
        let registration = Registration::Web {
            id: client_id.clone(),
            secret: SECRET.to_owned(),
            redirect_uris: redirect_uris.to_vec(),
        };
        site.provider.add_clients(&[registration]).await.expect("a registration");
        apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "rollcall.dev/client-secret",
            "metadata": { "name": "entra", "namespace": directory.namespace },
            "stringData": { "clientSecret": SECRET },
        }))
        .await;
        let mut login = json!({ "oidc": {
            "authority": site.provider.authority(), "clientID": client_id,
            "clientSecretRef": { "name": "entra" }, "caBundle": site.provider.certificate_authority(),
        } });
        merge(&mut login, more);
        directory.apply_directory(json!({ "login": login })).await;
        let scim = directory.client(&site.replicas[0]).await;
        directory.client(&site.replicas[1]).await;
        let company = Self { site, directory, scim };
        company.apply_application("wiki", "wiki.contoso.example").await;
        for replica in 0..site.replicas.len() {
            let start = company.start_at("wiki", None);
            until("both replicas to know the application", async || {
                (Browser::new(&company, replica).open(&start).await.status == 303).then_some(())
            })
            .await;
        }
        company
    }

    /// Applies an application with this host.
    pub(crate) async fn apply_application(&self, name: &str, host: &str) {
        let spec = json!({ "directoryRef": { "name": self.directory.name }, "hosts": [host] });
        apply(&self.directory.object("DirectoryApplication", name, spec)).await;
    }

    /// A person whom Entra has provisioned and who has an account there; returns the SCIM id, the upn and the object id.
    pub(crate) async fn person(&self, name: &str) -> (String, String, String) {
        let upn = format!("{name}@{}.example", self.directory.namespace);
        let oid = self.account(&upn, json!({})).await;
        (self.scim.create(&json!({ "userName": upn, "active": true })).await, upn, oid)
    }

    /// An account of the provider alone; returns its object id.
    pub(crate) async fn account(&self, upn: &str, more: Value) -> String {
        let oid = format!("aaaaaaaa-0000-4000-8000-{:012x}", rand::random::<u32>());
        let mut account = json!({ "oid": oid, "upn": upn, "name": "A Person", "acct": 0 });
        merge(&mut account, more);
        self.site.provider.add_users(&[account]).await.expect("an account");
        oid
    }

    /// The address at which a login begins.
    pub(crate) fn start_at(&self, application: &str, rd: Option<&str>) -> String {
        let rd = rd.map(|rd| format!("&rd={}", encoded(rd))).unwrap_or_default();
        format!("{}?app={application}{rd}", self.login_page(""))
    }

    /// A page of the login.
    pub(crate) fn login_page(&self, page: &str) -> String {
        format!("{PUBLIC_URL}/login/{}/{}{page}", self.directory.namespace, self.directory.name)
    }

    /// The object of a person.
    pub(crate) async fn object(&self, id: &str) -> Value {
        self.directory.get("directoryuser", id).await.expect("the person")
    }
}

/// What a parameter of a query holds, escaped whole.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn merge(object: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    for (name, value) in more {
        match &mut object[&name] {
            inner @ Value::Object(_) if value.is_object() => merge(inner, value),
            place => *place = value,
        }
    }
}

/// A browser. It asks one replica, and applications route `/.rollcall/` there as their proxies do.
pub(crate) struct Browser<'a> {
    company: &'a Company,
    http: reqwest::Client,
    /// Under this name it keeps its cookies at the provider.
    name: String,
    pub(crate) replica: usize,
    /// By host, then by name.
    pub(crate) cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    /// A new one without any cookie.
    pub(crate) fn new(company: &'a Company, replica: usize) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let name = format!("browser-{:x}", rand::random::<u64>());
        Self { company, http: http.expect("a client"), name, replica, cookies: BTreeMap::new() }
    }

    /// The same browser with copies of its cookies, at another replica: what somebody has who stole them.
    pub(crate) fn copied_to(&self, replica: usize) -> Self {
        Self { replica, cookies: self.cookies.clone(), ..Self::new(self.company, replica) }
    }

    /// The cookie of the session at a host.
    pub(crate) fn session(&self, host: &str) -> Option<(&str, &str)> {
        let mut cookies = self.cookies.get(host)?.iter();
        cookies.find(|(name, _)| name.contains("rollcall-session")).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// GET of an address of the operator.
    pub(crate) async fn open(&mut self, url: &str) -> Answer {
        self.send("GET", url, &[], None).await
    }

    /// Sends a request and keeps the cookies of the answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let url: url::Url = url.parse().expect("an address");
        let host = url.host_str().expect("a host").to_owned();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = match url.path().strip_prefix("/.rollcall/") {
            Some(rest) => {
                let Directory { namespace, name, .. } = &self.company.directory;
                let application = host.split('.').next().expect("a label");
                format!("/app/{namespace}/{name}/{application}/{rest}")
            }
            None => url.path().to_owned(),
        };
        let address = format!("{}{path}{query}", self.company.site.replicas[self.replica].public_url);
        let mut request = self.http.request(method.parse().expect("a method"), address).header("host", &host);
        let cookies =
            self.cookies.iter().filter(|(domain, _)| *domain == &host || host.ends_with(&format!(".{domain}")));
        let cookies: Vec<_> =
            cookies.flat_map(|(_, cookies)| cookies).map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        headers.get_all("set-cookie").iter().for_each(|cookie| self.keep(&host, cookie.to_str().expect("text")));
        Answer { status, headers, text: answer.text().await.expect("a text") }
    }

    fn keep(&mut self, host: &str, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
        let attributes: Vec<_> = parts.collect();
        for needed in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&needed), "{needed} is missing: {name}; {attributes:?}");
        }
        let domain = attributes.iter().find_map(|attribute| attribute.strip_prefix("Domain="));
        assert_eq!(domain.is_none(), name.starts_with("__Host-"), "browsers refuse {name}; {attributes:?}");
        let of_host = self.cookies.entry(domain.unwrap_or(host).to_owned()).or_default();
        if attributes.contains(&"Max-Age=0") {
            of_host.remove(name);
        } else {
            of_host.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Follows redirects from an address on, and signs in at the provider as this account where it asks.
    pub(crate) async fn follow(&mut self, url: &str, account: Option<&str>) -> End {
        let mut url = url.to_owned();
        for _ in 0..MAX_REDIRECTS {
            if url.starts_with(self.company.site.provider.origin()) {
                match self.company.site.provider.visit(&url, account, &self.name).await.expect("a visit") {
                    Visit::Left(location) => url = location,
                    Visit::Page { .. } => return End::Provider,
                }
            } else if !url.starts_with(PUBLIC_URL) && !url.contains("/.rollcall/") {
                return End::Application(url);
            } else {
                let answer = self.open(&url).await;
                // The portal is a door of its own.
                if answer.status != 303 || answer.header("location").starts_with(&format!("{PUBLIC_URL}/portal/")) {
                    return End::Page(answer);
                }
                answer.header("location").clone_into(&mut url);
            }
        }
        panic!("a loop of redirects ends at {url}");
    }

    /// Logs in for an application and is at its front page.
    pub(crate) async fn log_in(&mut self, account: &str) {
        let start = self.company.start_at("wiki", None);
        assert_eq!(self.follow(&start, Some(account)).await.application(), "https://wiki.contoso.example/");
    }

    /// Whether the browser has a session at our host that counts: it is sent on at once, and not to the provider.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        // A copy, because the question itself sets cookies.
        let mut asking = self.copied_to(self.replica);
        let answer = asking.open(&self.company.login_page("")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.header("location").starts_with(&format!("{PUBLIC_URL}/portal/"))
    }
}
