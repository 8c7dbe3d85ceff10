//! A DirectoryUser or DirectoryGroup and its claims as raw JSON: a field of a newer version survives every step.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::change::Edited;
use super::step::Subject;
use crate::api::API_VERSION;
use crate::api::conditions::ConditionType;
use crate::rules::naming::{self, ClaimedValue, DIRECTORY_LABEL, Force, Resource, UniqueRules};
use crate::store::objects::Kind;
use crate::store::undelete::{UNDELETE_ANNOTATION, is_asked_back};

/// How long the janitor leaves a change in progress, or a create, to whoever is at work on it.
pub const IDLE_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// From this age on an object counts as acknowledged. No request lives nearly as long.
pub const KNOWN_AFTER: SignedDuration = SignedDuration::from_mins(10);

const PENDING: &str = "pending";
const DELETED_AT: &str = "deletedAt";
const REJECTED: &str = "rejected";

/// One value as it is claimed. The order of the fields makes the order of acquisition: the name last, the others by
/// claim name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueValue {
    is_name: bool,
    /// The name of the claim object.
    pub claim_name: String,
    /// What is claimed.
    pub claimed: ClaimedValue,
    /// Whether its rule is only being turned on, so that the object goes on without it where it is taken.
    pub optional: bool,
}

/// A DirectoryClaim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim(pub Value);

/// A DirectoryUser or DirectoryGroup, when it was read, and under which rules of its Directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The object.
    pub object: Value,
    now: Timestamp,
    rules: Arc<UniqueRules>,
    /// Whether this process has seen it own its name.
    was_visible: bool,
}

impl Claim {
    /// A new claim on `value` for a holder that exists. The reference lets the garbage collector remove it with its
    /// holder; it is no controller and blocks no deletion.
    pub fn new(namespace: &str, directory: &str, value: &UniqueValue, holder: &Holder, nonce: &str) -> Self {
        Self(json!({
            "apiVersion": API_VERSION,
            "kind": "DirectoryClaim",
            "metadata": {
                "name": value.claim_name,
                "namespace": namespace,
                "labels": { DIRECTORY_LABEL: directory },
                "ownerReferences": [holder.owner_reference()],
            },
            "spec": {
                "directoryRef": { "name": directory },
                "attribute": value.claimed.attribute,
                "value": value.claimed.value,
                "holder": holder.name(),
                "nonce": nonce,
            },
        }))
    }

    /// The same claim with another nonce, and with the reference to its holder where a restore has dropped it.
    pub fn touched(&self, holder: &Holder, nonce: &str) -> Self {
        let mut claim = self.0.clone();
        claim["spec"]["nonce"] = nonce.into();
        claim["metadata"]["ownerReferences"] = json!([holder.owner_reference()]);
        Self(claim)
    }

    /// Whether this is the claim on `value` in `directory`, and not one on another value with the same digest.
    pub fn is_on(&self, directory: &str, value: &UniqueValue) -> bool {
        self.directory() == directory
            && self.attribute() == value.claimed.attribute
            && self.value() == value.claimed.value
    }

    /// The kind of its holder: the attribute says it, for a user and a group never meet.
    pub fn holder_kind(&self) -> Option<Kind> {
        Kind::of_attribute(self.attribute())
    }

    fn directory(&self) -> &str {
        text(&self.0["spec"]["directoryRef"]["name"])
    }

    fn attribute(&self) -> &str {
        text(&self.0["spec"]["attribute"])
    }

    fn value(&self) -> &str {
        text(&self.0["spec"]["value"])
    }
}

impl Holder {
    /// An object as read or made at `now` under these rules.
    pub fn new(object: Value, now: Timestamp, rules: &Arc<UniqueRules>) -> Self {
        Self { object, now, rules: Arc::clone(rules), was_visible: false }
    }

    /// The same object, which this process has seen own its name, or not.
    #[must_use]
    pub fn seen_visible(self, was_visible: bool) -> Self {
        Self { was_visible, ..self }
    }

    /// The same object, seen at `now`.
    #[must_use]
    pub fn seen_at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Another content of the same object, at the same time and under the same rules.
    #[must_use]
    pub fn with_object(&self, object: Value) -> Self {
        Self { object, now: self.now, rules: Arc::clone(&self.rules), was_visible: self.was_visible }
    }

    /// The value of one attribute, whatever the rules are.
    pub fn value_of(&self, attribute: &str) -> Option<UniqueValue> {
        let is_own = Resource::of_attribute(attribute) == Some(self.kind().resource());
        let claimed = is_own.then(|| naming::claimed_value(attribute, self.spec()))?;
        claimed.map(|claimed| self.unique(claimed))
    }

    /// [`Kind::User`] or [`Kind::Group`], as the object says.
    pub fn kind(&self) -> Kind {
        if self.object["kind"] == kind_name(Kind::Group) { Kind::Group } else { Kind::User }
    }

    /// The name of its Directory.
    pub fn directory(&self) -> &str {
        text(&self.object["spec"]["directoryRef"]["name"])
    }

    /// Whether somebody asks for a tombstone back.
    pub fn is_asked_back(&self) -> bool {
        self.is_deleted() && is_asked_back(&self.object)
    }

    /// The object brought back, as the commit of an undelete writes it.
    pub fn brought_back(&self) -> Edited<Self> {
        if !self.is_asked_back() {
            return Edited::NotMine;
        }
        let mut holder = self.clone();
        holder.remove(DELETED_AT);
        if let Some(annotations) = holder.object["metadata"]["annotations"].as_object_mut() {
            annotations.remove(UNDELETE_ANNOTATION);
        }
        Edited::To(holder)
    }

    fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": API_VERSION,
            "kind": kind_name(self.kind()),
            "name": self.name(),
            "uid": self.object["metadata"]["uid"],
        })
    }

    fn spec(&self) -> &Value {
        &self.object["spec"]
    }

    fn set(&mut self, field: &str, value: Value) {
        self.object["spec"][field] = value;
    }

    fn remove(&mut self, field: &str) {
        if let Some(spec) = self.object["spec"].as_object_mut() {
            spec.remove(field);
        }
    }

    fn unique(&self, claimed: ClaimedValue) -> UniqueValue {
        UniqueValue {
            is_name: claimed.attribute == self.kind().resource().name_attribute(),
            claim_name: naming::claim_name(self.directory(), &claimed.attribute, &claimed.value),
            optional: self.rules.force(&claimed.attribute) == Some(Force::Claiming),
            claimed,
        }
    }

    /// When anybody last wrote it, or when it was made.
    fn last_written(&self) -> Option<Timestamp> {
        let metadata = &self.object["metadata"];
        let written = metadata["managedFields"].as_array().into_iter().flatten().map(|entry| &entry["time"]);
        written.chain([&metadata["creationTimestamp"]]).filter_map(time).max()
    }

    fn is_older_than(&self, age: SignedDuration, since: Option<Timestamp>) -> bool {
        since.is_none_or(|since| self.now.duration_since(since) >= age)
    }
}

impl Subject for Holder {
    type Name = String;
    type Value = UniqueValue;
    type ClaimName = String;
    type Claim = Claim;

    fn name(&self) -> String {
        text(&self.object["metadata"]["name"]).to_owned()
    }

    fn committed(&self) -> Vec<UniqueValue> {
        let claimed = naming::claimed_values(self.kind().resource(), self.spec(), &self.rules);
        claimed.into_iter().map(|claimed| self.unique(claimed)).collect()
    }

    fn pending(&self) -> Vec<UniqueValue> {
        let pending = self.spec()[PENDING].as_object().into_iter().flatten();
        let named = pending.filter_map(|(attribute, value)| {
            Some(ClaimedValue { attribute: attribute.clone(), value: value.as_str()?.to_owned() })
        });
        named.map(|claimed| self.unique(claimed)).collect()
    }

    fn name_claim(&self) -> String {
        let attribute = self.kind().resource().name_attribute();
        let name = naming::claimed_value(attribute, self.spec());
        naming::claim_name(self.directory(), attribute, name.as_ref().map_or("", |name| &name.value))
    }

    fn is_deleted(&self) -> bool {
        !self.spec()[DELETED_AT].is_null()
    }

    fn is_rejected(&self) -> bool {
        self.spec()[REJECTED] == Value::Bool(true)
    }

    /// It has been settled before, is old enough, was not made over SCIM (groups all are), or somebody may have used its id:
    /// it has been visible, was changed, or is a member of a group. A person whose claim is taken away by hand so keeps the
    /// object, whoever takes the name meanwhile. The mark alone is never evidence, so an
    /// object that [`Self::acknowledge`] spared is known by its age soon.
    fn is_known(&self) -> bool {
        let meta = &self.spec()["scim"]["meta"];
        let conditions = self.object["status"]["conditions"].as_array().into_iter().flatten();
        conditions.map(|condition| text(&condition["type"])).any(|name| name == ConditionType::NameClaimed.as_str())
            || self.is_older_than(KNOWN_AFTER, time(&meta["created"]))
            || self.was_visible
            || !meta["lastModified"].is_null() && meta["lastModified"] != meta["created"]
            || !self.spec()["memberOf"].is_null()
            || self.kind() == Kind::User && self.spec()["managedBy"] != "Provisioning"
    }

    fn is_idle(&self) -> bool {
        self.is_older_than(IDLE_AFTER, self.last_written())
    }

    fn wants(&self, claim: &Claim) -> bool {
        self.directory() == claim.directory() && self.spec()[PENDING][claim.attribute()] == claim.value()
    }

    fn has(&self, claim: &Claim) -> bool {
        let is_kind = Resource::of_attribute(claim.attribute()) == Some(self.kind().resource());
        let named = || naming::claimed_value(claim.attribute(), self.spec());
        self.directory() == claim.directory() && is_kind && named().is_some_and(|named| named.value == claim.value())
    }

    fn set_pending(&mut self, values: &[UniqueValue]) {
        if values.is_empty() {
            return self.remove(PENDING);
        }
        let named =
            values.iter().map(|UniqueValue { claimed, .. }| (claimed.attribute.clone(), claimed.value.clone().into()));
        self.set(PENDING, Value::Object(named.collect::<Map<_, _>>()));
    }

    fn reject(&mut self) {
        self.set(REJECTED, true.into());
    }

    fn acknowledge(&mut self) {
        self.remove(REJECTED);
    }

    fn at_version_of(mut self, read: &Self) -> Self {
        for field in ["name", "namespace", "uid", "resourceVersion", "generation", "managedFields"] {
            self.object["metadata"][field] = read.object["metadata"][field].clone();
        }
        self
    }

    fn is_optional(value: &UniqueValue) -> bool {
        value.optional
    }

    fn claim_name(value: &UniqueValue) -> String {
        value.claim_name.clone()
    }

    fn holder(claim: &Claim) -> String {
        text(&claim.0["spec"]["holder"]).to_owned()
    }

    fn understands(claim: &Claim) -> bool {
        naming::is_known_attribute(claim.attribute())
    }
}

/// The kind of a holder as objects state it.
fn kind_name(kind: Kind) -> &'static str {
    match kind.resource() {
        Resource::User => "DirectoryUser",
        Resource::Group => "DirectoryGroup",
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A time as Kubernetes or the operator writes it; one that nobody can read is as good as none.
fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
