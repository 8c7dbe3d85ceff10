//! The company behind the doors: a control plane with the chart, the operator under its account, the provider, and the people.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use control_plane::ControlPlane;
use control_plane::entra::{Client as Registration, EntraOptions, EntraProvider, Forgery};
use serde_json::{Value, json};

use crate::places::HOST;
use crate::support::cluster::{self, apply, kubectl};
use crate::support::directory::sha256;
use crate::support::session::Seals;
use crate::support::{Client, Directory, Operator, until};

/// Where people find the operator.
pub(crate) const PUBLIC_URL: &str = "https://rollcall.contoso.example";
/// Where a login for the examples' application begins.
pub(crate) const LOGIN: &str = "https://rollcall.contoso.example/login/acme/staff?app=wiki&rd=";
/// Who may use the application.
const GROUP: &str = "Wiki, North";
const CLIENT_ID: &str = "5d2f3c1e-6a54-4c86-9d0a-7a2b8f1c9e10";
const SECRET: &str = "secret-of-the-registration";
/// Whom access tokens are for that the application takes.
const AUDIENCE: &str = "api://wiki";
/// Memberships of the person who is in very many groups.
const MANY: usize = 2_000;
const AT_ONCE: usize = 16;

pub(crate) struct Company {
    pub(crate) operator: Operator,
    pub(crate) provider: EntraProvider,
    pub(crate) directory: Directory,
    pub(crate) scim: Client,
    pub(crate) seals: Seals,
    group: String,
}

/// Somebody whom the provider has provisioned and who has an account there.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) user_name: String,
}

impl Company {
    /// The names are those of the examples: namespace `acme`, Directory `staff`, application `wiki`. `more` are fields of
    /// `spec.login` beside the provider.
    pub(crate) async fn found(more: Value) -> Self {
        let provider = EntraProvider::start(EntraOptions { tls: true, ..EntraOptions::default() }).await;
        let provider = provider.unwrap_or_else(|error| panic!("{error}"));
        let host = provider.origin().replace("https://", "");
        let flags = ["--public-url", PUBLIC_URL, "--allowed-authority-hosts", &host, "--private-authorities"];
        let operator = Operator::start(&flags).await;

        let (namespace, name) = ("acme".to_owned(), "staff".to_owned());
        let directory = Directory { namespace, name, secret: "secret-of-acme".to_owned() };
        apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "acme" } })).await;
        let redirect_uris = ["callback", "signed-out"].map(|page| format!("{PUBLIC_URL}/login/acme/staff/{page}"));
        let registration = Registration::Web {
            id: CLIENT_ID.to_owned(),
            secret: SECRET.to_owned(),
            redirect_uris: redirect_uris.to_vec(),
        };
        provider.add_clients(&[registration]).await.expect("a registration");
        apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "type": "rollcall.dev/client-secret",
            "metadata": { "name": "entra", "namespace": "acme" }, "stringData": { "clientSecret": SECRET },
        }))
        .await;
        let oidc = json!({
            "authority": provider.authority(), "clientID": CLIENT_ID, "clientSecretRef": { "name": "entra" },
            "caBundle": provider.certificate_authority(),
        });
        let mut login = json!({ "oidc": oidc, "tokens": { "audiences": [AUDIENCE] } });
        login.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        directory.apply_directory(json!({ "login": login })).await;
        directory.apply_key("key", json!({ "sha256": sha256(&directory.secret) })).await;
        let wiki = json!({
            "directoryRef": { "name": "staff" }, "displayName": "Wiki", "hosts": [HOST], "require": { "groups": [GROUP] },
            "acceptBearer": true,
        });
        apply(&directory.object("DirectoryApplication", "wiki", wiki)).await;
        let wait = ["wait", "--for=condition=LoginReady", "--timeout=60s", "directory", "staff"];
        directory.kubectl(&wait).await.expect("a Directory whose people can log in");

        let scim = directory.client(&operator).await;
        let group = scim.post("/Groups", &json!({ "displayName": GROUP })).await.expect(201);
        let group = group["id"].as_str().expect("an id").to_owned();
        let seals = Seals::read(cluster::shared().await.plane).await;
        Self { operator, provider, directory, scim, seals, group }
    }

    pub(crate) async fn plane(&self) -> &'static ControlPlane {
        cluster::shared().await.plane
    }

    /// Where the operator listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.operator.public_url.trim_start_matches("http://").parse().expect("an address")
    }

    /// Lets somebody join who may use the application.
    pub(crate) async fn join(&self, name: &str) -> Person {
        let mail = json!({ "value": format!("{name}.mail@contoso.example"), "type": "work", "primary": true });
        let user = json!({ "displayName": "A Person", "userType": "Employee", "emails": [mail] });
        let person = self.join_as(name, user).await;
        self.join_group(&person).await;
        person
    }

    /// Lets somebody join with these attributes, who may not use the application yet.
    pub(crate) async fn join_as(&self, name: &str, mut user: Value) -> Person {
        let user_name = format!("{name}@contoso.example");
        let oid = format!("aaaaaaaa-0000-4000-8000-{:012x}", rand::random::<u32>());
        let account = json!({ "oid": oid, "upn": user_name, "name": user["displayName"], "acct": 0 });
        self.provider.add_users(&[account]).await.expect("an account");
        (user["userName"], user["active"]) = (user_name.as_str().into(), true.into());
        Person { id: self.scim.create(&user).await, user_name }
    }

    /// Gives somebody the group that may use the application.
    pub(crate) async fn join_group(&self, person: &Person) {
        self.membership(person, "Add").await;
    }

    /// Takes from somebody the group that may use the application.
    pub(crate) async fn leave_group(&self, person: &Person) {
        self.membership(person, "Remove").await;
    }

    async fn membership(&self, person: &Person, operation: &str) {
        let change = json!([{ "op": operation, "path": "members", "value": [{ "value": person.id }] }]);
        let answer = self.scim.patch(&format!("/Groups/{}", self.group), change).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }

    /// Makes somebody a member of very many groups, as a restore writes it.
    pub(crate) async fn join_many_groups(&self, person: &Person) {
        let make = async |number: usize| {
            let group = json!({ "displayName": format!("Department of everything, number {number:04}") });
            let group = self.scim.post("/Groups", &group).await.expect(201);
            group["id"].as_str().expect("an id").to_owned()
        };
        let mut groups = vec![self.group.clone()];
        for start in (1..MANY).step_by(AT_ONCE) {
            groups.extend(futures::future::join_all((start..(start + AT_ONCE).min(MANY)).map(&make)).await);
        }
        groups.sort();
        let patch = json!({ "spec": { "memberOf": groups } }).to_string();
        let arguments = ["-n", "acme", "patch", "directoryuser", &person.id, "--type=merge", "--patch-file=/dev/stdin"];
        kubectl(&arguments, Some(&patch)).await.expect("an administrator may override what guards the field");
        until("the memberships to count", async || {
            let read = self.scim.get(&format!("/Users/{}", person.id)).await.expect(200);
            (read["groups"].as_array().map(Vec::len) == Some(MANY)).then_some(())
        })
        .await;
    }

    /// Entra says that somebody has left.
    pub(crate) async fn deactivate(&self, person: &Person) {
        let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        self.scim.patch(&format!("/Users/{}", person.id), off).await.expect(200);
    }

    /// An access token that the provider gives a program for somebody.
    pub(crate) async fn access_token(&self, person: &Person) -> String {
        let claims = json!({ "aud": AUDIENCE, "scp": "access_as_user", "azp": CLIENT_ID, "nonce": null });
        let token = Forgery { claims, ..Forgery::default() };
        self.provider.sign(Some(&person.user_name), CLIENT_ID, &token).await.expect("a token")
    }

    /// The object of a person.
    pub(crate) async fn object(&self, person: &Person) -> Value {
        self.directory.get("directoryuser", &person.id).await.expect("the person")
    }

    /// The public keys of assertions, by their ids.
    pub(crate) async fn assertion_keys(&self) -> BTreeMap<String, String> {
        let url = format!("{}/oauth2/acme/staff/jwks", self.operator.public_url);
        let answer = crate::support::client::http().get(url).send().await.expect("an answer");
        let set: Value = serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON");
        let keys = set["keys"].as_array().expect("keys").iter();
        let text = |key: &Value, name: &str| key[name].as_str().expect("text").to_owned();
        keys.map(|key| (text(key, "kid"), text(key, "x"))).collect()
    }
}
