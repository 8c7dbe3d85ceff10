//! What the test does, one step after the other, and how it is undone.

use std::io::Write;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

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

/// How long the steps of the clean-up wait at most.
pub(super) struct Limits {
    /// For a person whose creation was given up: longer than the operator works on a request.
    pub(super) late_person: Duration,
    /// For the end of the person, and of the claim.
    pub(super) person: Duration,
    /// For the end of the key, and of the Directory.
    pub(super) rest: Duration,
    /// For everything. Each step may take a few requests longer than it waits.
    pub(super) whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [late_person, person, rest, whole] = [30, 30, 10, 100].map(Duration::from_secs);
        Self { late_person, person, rest, whole }
    }
}

/// What is known of the person.
pub(super) enum TestPerson {
    /// Nobody was asked to create one.
    Nobody,
    /// The creation has begun, and no answer names an id: there may be a person, now or in a moment.
    Begun,
    /// The SCIM id.
    Created(String),
}

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
    /// The person whom the test makes.
    pub(super) person: TestPerson,
    /// How long the clean-up takes at most.
    pub(super) limits: Limits,
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
        self.person = TestPerson::Begun;
        let created = self.scim(Method::POST, "/Users", Some(&person), 201).await;
        let created = created.map_err(failed("create a person over SCIM"))?;
        let id =
            created["id"].as_str().ok_or_else(|| step_failed("create a person over SCIM", "the answer has no id"))?;
        self.person = TestPerson::Created(id.to_owned());
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

    /// Removes what there is, as far as it goes and as long as it may take.
    pub(super) async fn clean_up(&self) -> Result<(), Error> {
        let whole = self.limits.whole;
        timeout(whole, self.remove_all()).await.unwrap_or_else(|_| {
            let (namespace, directory, seconds) = (&self.namespace, &self.directory, whole.as_secs());
            let reason = format!("it took longer than {seconds} s: look for what is left of {namespace}/{directory}");
            Err(step_failed("clean up", &reason))
        })
    }

    async fn remove_all(&self) -> Result<(), Error> {
        let (name, limit) = (&self.directory, self.limits.rest);
        let person = self.remove_person().await;
        let key = self.remove(Kind::KEY, name, limit).await.map_err(failed("remove the key"));
        let directory = match person {
            Ok(()) => self.remove(Kind::DIRECTORY, name, limit).await.map_err(failed("remove the Directory")),
            Err(reason) => {
                let left = format!("the Directory {}/{name} is left: delete the person in it first", self.namespace);
                Err(step_failed("remove the person", &format!("{reason}; {left}")))
            }
        };
        directory.and(key)
    }

    /// Removes the person, and waits for the end of the claim.
    async fn remove_person(&self) -> Result<(), String> {
        let claim = claim_name(&self.directory, USER_NAME, &canonical(PERSON));
        let person = match &self.person {
            TestPerson::Nobody => None,
            TestPerson::Begun => self.late_person(&claim).await?,
            TestPerson::Created(id) => Some(id.clone()),
        };
        let Some(id) = person else { return Ok(()) };
        // As long as there is a claim, the person may still be about to be written.
        let removed = until(self.limits.person, async || {
            self.delete(Kind::USER, &id).await?;
            self.is_gone(Kind::CLAIM, &claim).await
        });
        removed.await
    }

    /// The person of a creation whose answer did not come: only the claim knows the id. Only an API server that says at the
    /// end that there is no claim says that there is nobody.
    async fn late_person(&self, claim: &str) -> Result<Option<String>, String> {
        let mut is_free = false;
        let holder = until(self.limits.late_person, async || {
            let found = self.store.objects().get(Kind::CLAIM, &self.namespace, claim).await;
            is_free = matches!(found, Err(store::Error::NotFound));
            match found {
                Ok(claim) => Ok(claim.spec()["holder"].as_str().map(str::to_owned)),
                Err(store::Error::NotFound) => Err(Failure::passing(&"there is no claim")),
                Err(error) => Err(refused(&error)),
            }
        });
        match holder.await {
            Err(_) if is_free => Ok(None),
            Err(reason) => Err(format!("whether there is one cannot be found out: {reason}")),
            Ok(None) => Err(format!("the claim {claim} names no holder")),
            Ok(holder) => Ok(holder),
        }
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

    async fn is_gone(&self, kind: Kind, name: &str) -> Result<(), Failure> {
        match self.store.objects().get(kind, &self.namespace, name).await {
            Err(store::Error::NotFound) => Ok(()),
            Ok(_) => Err(Failure::passing(&format!("{} {name} is still there", kind.plural))),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn remove(&self, kind: Kind, name: &str, limit: Duration) -> Result<(), String> {
        until(limit, async || self.delete(kind, name).await).await
    }

    /// Deletes an object as it is now. Where it has changed meanwhile or is not gone yet, it is to be asked again.
    async fn delete(&self, kind: Kind, name: &str) -> Result<(), Failure> {
        let object = match self.store.objects().get(kind, &self.namespace, name).await {
            Err(store::Error::NotFound) => return Ok(()),
            Err(error) => return Err(refused(&error)),
            Ok(object) => object,
        };
        // The id of the person came over the network, and the account of the test may delete everybody.
        if kind == Kind::USER && object.directory() != self.directory {
            let reason = format!("the DirectoryUser {name} is in another Directory than the test's and is left alone");
            return Err(Failure::lasting(&reason));
        }
        match self.store.objects().delete(kind, &self.namespace, &object).await {
            Ok(()) | Err(store::Error::NotFound | store::Error::Conflict) => self.is_gone(kind, name).await,
            Err(error) => Err(refused(&error)),
        }
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
