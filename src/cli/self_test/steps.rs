//! What the test does, one step after the other, and how it is undone.

use std::io::Write;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{Error, Failure, failed, say, step_failed, until};
use crate::api::{API_VERSION, Object};
use crate::rules::naming::{DIRECTORY_LABEL, USER_NAME, canonical, claim_name};
use crate::simulator::client::{Client, Response};
use crate::store::kind::Kind;
use crate::store::{self, Store};

/// Lets a Directory be deleted while the guards of the chart are on.
const ALLOW_DELETE_ANNOTATION: &str = "rollcall.dev/allow-delete";
/// The person. No mail leaves this domain (RFC 2606).
const PERSON: &str = "self-test@example.invalid";

/// One run of the test.
pub(super) struct Test {
    pub(super) store: Store,
    /// The Directory's endpoint, through the Service.
    pub(super) scim: Client,
    /// The probes.
    pub(super) admin: Client,
    pub(super) namespace: String,
    /// The Directory, and its key of the same name.
    pub(super) directory: String,
    /// The hash of the key's secret.
    pub(super) sha256: String,
    /// How long a step waits for what heals by itself, such as a replica that starts.
    pub(super) wait: Duration,
    /// The SCIM id of the person, once it is known.
    pub(super) person: Option<String>,
}

impl Test {
    pub(super) async fn run(&mut self, out: &mut impl Write) -> Result<(), Error> {
        let ready = until(self.wait, async || self.ask_probe().await).await;
        ready.map_err(failed("find a replica that is ready"))?;
        say(out, "ok: a replica is ready")?;

        self.create(Kind::DIRECTORY, json!({})).await.map_err(failed("create a Directory"))?;
        let key = json!({ "directoryRef": { "name": self.directory }, "sha256": self.sha256 });
        self.create(Kind::KEY, key).await.map_err(failed("create a DirectoryKey"))?;
        say(out, &format!("ok: created the Directory {}/{} and its key", self.namespace, self.directory))?;

        let opened = until(self.wait, async || self.ask(Method::GET, "/ServiceProviderConfig", None, 200).await);
        opened.await.map_err(failed("open the Directory with its key"))?;
        say(out, "ok: the key opens the Directory through the Service")?;

        let person = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": PERSON, "active": true,
        });
        let created = self.scim(Method::POST, "/Users", Some(&person), 201).await;
        let created = created.map_err(failed("create a person over SCIM"))?;
        let id =
            created["id"].as_str().ok_or_else(|| step_failed("create a person over SCIM", "the answer has no id"))?;
        self.person = Some(id.to_owned());
        say(out, &format!("ok: created the person {id} over SCIM"))?;

        let path = format!("/Users/{id}");
        let read = self.scim(Method::GET, &path, None, 200).await.map_err(failed("read the person over SCIM"))?;
        same_name("read the person over SCIM", &read["userName"])?;
        say(out, "ok: read the person over SCIM")?;

        let stored = self.store.objects().get(Kind::USER, &self.namespace, id).await;
        let stored = stored.map_err(failed("read the DirectoryUser in the API server"))?;
        same_name("read the DirectoryUser in the API server", &stored.scim()["userName"])?;
        say(out, "ok: read the DirectoryUser in the API server")?;

        self.scim(Method::DELETE, &path, None, 204).await.map_err(failed("delete the person over SCIM"))?;
        self.scim(Method::GET, &path, None, 404).await.map_err(failed("see the person deleted over SCIM"))?;
        say(out, "ok: deleted the person over SCIM")
    }

    /// Removes what there is, as far as it goes.
    pub(super) async fn clean_up(&self) -> Result<(), Error> {
        let name = &self.directory;
        let claim = claim_name(name, USER_NAME, &canonical(PERSON));
        // An answer that was lost leaves a person whose id only the claim knows.
        let person = match &self.person {
            Some(id) => Some(id.clone()),
            None => self.holder(&claim).await,
        };
        let mut results = Vec::new();
        if let Some(id) = person {
            results.push(self.remove(Kind::USER, &id).await.map_err(failed("remove the person")));
        }
        let gone = until(self.wait, async || self.is_gone(Kind::CLAIM, &claim).await).await;
        results.push(gone.map_err(failed("see the person's claim go")));
        results.push(self.remove(Kind::KEY, name).await.map_err(failed("remove the key")));
        results.push(self.remove(Kind::DIRECTORY, name).await.map_err(failed("remove the Directory")));
        results.into_iter().collect()
    }

    async fn ask_probe(&self) -> Result<(), Failure> {
        let answer = self.admin.send(Method::GET, "/readyz", None).await.map_err(|error| Failure::passing(&error))?;
        expect(200, &answer)
    }

    /// Sends a SCIM request that must be answered with this status.
    async fn scim(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Result<Value, String> {
        self.ask(method, path, body, status).await.map_err(|failure| failure.reason)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Result<Value, Failure> {
        let answer = self.scim.send(method, path, body).await.map_err(|error| Failure::passing(&error))?;
        expect(status, &answer)?;
        Ok(answer.json.unwrap_or_default())
    }

    async fn create(&self, kind: Kind, spec: Value) -> Result<Object, store::Error> {
        let object = json!({
            "apiVersion": API_VERSION, "kind": kind.name,
            "metadata": {
                "name": self.directory, "namespace": self.namespace,
                "labels": { DIRECTORY_LABEL: self.directory },
                "annotations": { ALLOW_DELETE_ANNOTATION: "true" },
            },
            "spec": spec,
        });
        self.store.objects().create(kind, &self.namespace, &Object::from(object)).await
    }

    /// The person who holds this claim, if there is such a claim.
    async fn holder(&self, claim: &str) -> Option<String> {
        let claim = self.store.objects().get(Kind::CLAIM, &self.namespace, claim).await.ok()?;
        claim.spec()["holder"].as_str().map(str::to_owned)
    }

    async fn is_gone(&self, kind: Kind, name: &str) -> Result<(), Failure> {
        match self.store.objects().get(kind, &self.namespace, name).await {
            Err(store::Error::NotFound) => Ok(()),
            Ok(_) => Err(Failure::passing(&format!("{} {name} is still there", kind.plural))),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Deletes an object as it is now, again where it has changed meanwhile, until it is gone.
    async fn remove(&self, kind: Kind, name: &str) -> Result<(), String> {
        let removed = until(self.wait, async || {
            match self.store.objects().get(kind, &self.namespace, name).await {
                Err(store::Error::NotFound) => return Ok(()),
                Err(error) => return Err(refused(&error)),
                Ok(object) => match self.store.objects().delete(kind, &self.namespace, &object).await {
                    Ok(()) | Err(store::Error::NotFound | store::Error::Conflict) => {}
                    Err(error) => return Err(refused(&error)),
                },
            }
            self.is_gone(kind, name).await
        });
        removed.await
    }
}

/// What the API server says: a right that is missing stays so.
fn refused(error: &store::Error) -> Failure {
    match error {
        store::Error::Unavailable { .. } => Failure::passing(error),
        _ => Failure::lasting(error),
    }
}

/// Checks the status. A key that is not known yet is 401, a replica that is not ready 503.
fn expect(status: u16, answer: &Response) -> Result<(), Failure> {
    if answer.status == status {
        return Ok(());
    }
    let reason = format!("the answer is {} and not {status}: {}", answer.status, answer.detail());
    Err(Failure { reason, may_heal: matches!(answer.status, 401 | 429 | 500..) })
}

fn same_name(step: &'static str, name: &Value) -> Result<(), Error> {
    if name == PERSON {
        return Ok(());
    }
    Err(step_failed(step, &format!("the userName is {name} and not {PERSON}")))
}
