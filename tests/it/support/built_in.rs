//! People with passwords of ours, and the browsers in which they use the pages of the operator.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::client::Answer;
use super::{Client, Directory, Operator, until};

const PUBLIC_URL: &str = "https://login.contoso.example";
/// A password that nothing is wrong with.
pub(crate) const PASSWORD: &str = "tide-lamp-orbit-4711";

static OPERATOR: OnceCell<Operator> = OnceCell::const_new();

/// A Directory whose people log in with passwords of ours.
pub(crate) struct BuiltIn {
    pub(crate) operator: &'static Operator,
    pub(crate) directory: Directory,
    scim: Client,
}

impl BuiltIn {
    pub(crate) async fn new() -> Self {
        Self::at(OPERATOR.get_or_init(|| Operator::start(&["--public-url", PUBLIC_URL])).await).await
    }

    /// The same at an operator of the test's own, which ends with the test process.
    pub(crate) async fn on_its_own() -> Self {
        Self::at(Box::leak(Box::new(Operator::start(&["--public-url", PUBLIC_URL]).await))).await
    }

    async fn at(operator: &'static Operator) -> Self {
        let spec = json!({
            "login": {
                "method": "BuiltIn", "builtIn": { "enabled": true },
                "branding": { "displayName": "Contoso & Partners", "contact": "Ask the service desk, telephone 4711." },
            },
            "users": { "roles": { "maxFromScim": "EnterpriseAdmin" } },
        });
        let directory = Directory::with_spec(spec).await;
        let scim = directory.client(operator).await;
        Self { operator, directory, scim }
    }

    /// The path of a page of the Directory, such as `login` and `/password`.
    pub(crate) fn path(&self, door: &str, page: &str) -> String {
        format!("/{door}/{}/{}{page}", self.directory.namespace, self.directory.name)
    }

    /// A person of this name and role; returns the SCIM id.
    pub(crate) async fn person(&self, name: &str, role: Option<&str>) -> String {
        let roles: Vec<_> = role.into_iter().map(|role| json!({ "value": role })).collect();
        let display_name = format!("{name} of Contoso");
        let person =
            json!({ "userName": self.user_name(name), "displayName": display_name, "active": true, "roles": roles });
        self.scim.create(&person).await
    }

    pub(crate) fn user_name(&self, name: &str) -> String {
        format!("{name}@{}.example", self.directory.namespace)
    }

    pub(crate) async fn object(&self, id: &str) -> Value {
        self.directory.get("directoryuser", id).await.expect("the person")
    }

    /// Changes fields of a person as an administrator does.
    pub(crate) async fn patch(&self, id: &str, spec: Value) {
        let patch = json!({ "spec": spec }).to_string();
        let arguments = ["patch", "directoryuser", id, "--type", "merge", "-p", &patch];
        self.directory.kubectl(&arguments).await.expect("kubectl patch");
    }

    /// Invites a person; returns the path of the link.
    pub(crate) async fn invite(&self, id: &str) -> String {
        let ends = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let secret = format!("{id}-invitation");
        self.patch(id, json!({ "invitation": { "secretName": secret, "expiresAt": ends.to_string() } })).await;
        until("the link of the invitation", async || {
            let secret = self.directory.get("secret", &secret).await?;
            let path = BASE64.decode(secret["data"]["path"].as_str()?.as_bytes()).expect("base64");
            Some(String::from_utf8(path).expect("text"))
        })
        .await
    }

    /// Gives a person the usual password, by an invitation.
    pub(crate) async fn give_password(&self, id: &str) {
        let link = self.invite(id).await;
        let answer = Visitor::new(self).submit(&link, &[("new", PASSWORD), ("again", PASSWORD)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// A browser in which somebody has logged in.
    pub(crate) async fn logged_in(&self, name: &str) -> Visitor<'_> {
        let mut visitor = Visitor::new(self);
        let answer = visitor.log_in(name, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        visitor
    }
}

/// A browser with its cookies.
pub(crate) struct Visitor<'a> {
    people: &'a BuiltIn,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(people: &'a BuiltIn) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Self { people, http: http.expect("a client"), cookies: BTreeMap::new() }
    }

    /// GET of a path.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.people.operator.public_url));
        self.send(request).await
    }

    /// POST of a form, as a page of this site sends it.
    pub(crate) async fn post(&mut self, path: &str, site: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.http.post(format!("{}{path}", self.people.operator.public_url));
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", site);
        self.send(request.body(body.finish())).await
    }

    /// Opens the page with a form, fills it in and sends it, with the token that stands in it.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.open(path).await;
        let token = token_of(&page.text);
        self.post(path, "same-origin", &[fields, &[("form", &token)]].concat()).await
    }

    /// Fills in the form for a password.
    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let (path, user_name) = (self.people.path("login", "/password"), self.people.user_name(name));
        self.submit(&path, &[("userName", &user_name), ("password", password)]).await
    }

    /// Whether the browser has a session that counts.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        let portal = self.people.path("portal", "");
        self.open(&portal).await.status == 200
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("host", "login.contoso.example").header("cookie", cookies.join("; "));
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            match cookie.contains("Max-Age=0") {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        Answer { status, headers, text: answer.text().await.expect("a text") }
    }
}

/// The token in the first form of a page.
pub(crate) fn token_of(page: &str) -> String {
    let value = page.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no form: {page}")).to_owned()
}
