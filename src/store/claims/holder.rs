//! A DirectoryUser or DirectoryGroup and its claims as raw JSON: a field of a newer version survives every step.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::change::Edited;
use super::known::{Provenance, known_from, provenance};
use super::step::Subject;
use crate::api::{API_VERSION, Object};
use crate::rules::labels;
use crate::rules::naming::{self, ClaimedValue, DIRECTORY_LABEL, Force, UNDELETE_ANNOTATION, UniqueRules};
use crate::rules::resource::Resource;
use crate::rules::retention::is_asked_back;
use crate::store::kind::Kind;

/// How long the janitor leaves a change in progress, or a create, to whoever is at work on it.
pub const IDLE_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// From this age on an object counts as acknowledged. No request lives nearly as long.
pub const KNOWN_AFTER: SignedDuration = SignedDuration::from_mins(10);

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
pub struct Claim(pub Object);

/// A DirectoryUser or DirectoryGroup, when it was read, and under which rules of its Directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The object.
    pub object: Object,
    now: Timestamp,
    rules: Arc<UniqueRules>,
    /// Whether this process has seen it own its name.
    was_visible: bool,
}

impl Claim {
    /// A new claim on `value` for a holder that exists. The reference lets the garbage collector remove it with its
    /// holder; it is no controller and blocks no deletion.
    pub fn new(namespace: &str, directory: &str, value: &UniqueValue, holder: &Holder, nonce: &str) -> Self {
        let claim = json!({
            "apiVersion": API_VERSION,
            "kind": Kind::CLAIM.name,
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
        });
        Self(claim.into())
    }

    /// The same claim with another nonce, and with the reference to its holder where a restore has dropped it.
    pub fn touched(&self, holder: &Holder, nonce: &str) -> Self {
        let mut claim = self.0.clone();
        claim.set("nonce", nonce.into());
        claim.set_owner(holder.owner_reference());
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
        Resource::of_attribute(self.attribute()).map(Kind::of)
    }

    fn directory(&self) -> &str {
        self.0.directory()
    }

    /// The name of the object that holds it.
    pub fn holder(&self) -> &str {
        self.0.text("holder")
    }

    fn attribute(&self) -> &str {
        self.0.text("attribute")
    }

    fn value(&self) -> &str {
        self.0.text("value")
    }
}

impl Holder {
    /// An object as read or made at `now` under these rules.
    pub fn new(object: Object, now: Timestamp, rules: &Arc<UniqueRules>) -> Self {
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
    pub fn with_object(&self, object: Object) -> Self {
        Self { object, now: self.now, rules: Arc::clone(&self.rules), was_visible: self.was_visible }
    }

    /// The value of one attribute, whatever the rules are.
    pub fn value_of(&self, attribute: &str) -> Option<UniqueValue> {
        let is_own = Resource::of_attribute(attribute) == Some(self.resource());
        let claimed = is_own.then(|| naming::claimed_value(attribute, self.object.spec()))?;
        claimed.map(|claimed| self.unique(claimed))
    }

    /// Whether it is a user or a group, as the object says.
    pub fn resource(&self) -> Resource {
        if self.object.kind() == Kind::GROUP.name { Resource::Group } else { Resource::User }
    }

    /// The kind of the object.
    pub fn kind(&self) -> Kind {
        Kind::of(self.resource())
    }

    /// The name of its Directory.
    pub fn directory(&self) -> &str {
        self.object.directory()
    }

    /// Whether somebody asks for a tombstone back.
    pub fn is_asked_back(&self) -> bool {
        is_asked_back(&self.object)
    }

    /// The object brought back, as the commit of an undelete writes it.
    pub fn brought_back(&self) -> Edited<Self> {
        if !self.is_asked_back() {
            return Edited::NotMine;
        }
        let mut holder = self.clone();
        holder.object.set_deleted_at(None);
        labels::set_deleted(&mut holder.object);
        holder.object.remove_annotation(UNDELETE_ANNOTATION);
        Edited::To(holder)
    }

    fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": API_VERSION,
            "kind": self.kind().name,
            "name": self.object.name(),
            "uid": self.object.uid(),
        })
    }

    fn unique(&self, claimed: ClaimedValue) -> UniqueValue {
        UniqueValue {
            is_name: claimed.attribute == self.resource().name_attribute(),
            claim_name: naming::claim_name(self.directory(), &claimed.attribute, &claimed.value),
            optional: self.rules.force(&claimed.attribute) == Some(Force::Claiming),
            claimed,
        }
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
        self.object.name().to_owned()
    }

    fn committed(&self) -> Vec<UniqueValue> {
        let claimed = naming::claimed_values(self.resource(), self.object.spec(), &self.rules);
        claimed.into_iter().map(|claimed| self.unique(claimed)).collect()
    }

    fn pending(&self) -> Vec<UniqueValue> {
        let named = self
            .object
            .pending()
            .map(|(attribute, value)| ClaimedValue { attribute: attribute.to_owned(), value: value.to_owned() });
        named.map(|claimed| self.unique(claimed)).collect()
    }

    fn name_claim(&self) -> String {
        let attribute = self.resource().name_attribute();
        let name = naming::claimed_value(attribute, self.object.spec());
        naming::claim_name(self.directory(), attribute, name.as_ref().map_or("", |name| &name.value))
    }

    fn is_deleted(&self) -> bool {
        self.object.is_deleted()
    }

    fn is_rejected(&self) -> bool {
        self.object.is_rejected()
    }

    /// It says so itself, has been visible, is old enough or came from a restore. A person whose claim is taken away by hand so
    /// keeps the object, whoever takes the name meanwhile. The mark alone is never evidence, so an object that
    /// [`Self::acknowledge`] spared is known by its age soon.
    fn is_known(&self) -> bool {
        self.was_visible || self.now >= known_from(&self.object)
    }

    fn is_spared(&self) -> bool {
        provenance(&self.object) != Provenance::Created
    }

    fn is_idle(&self) -> bool {
        self.is_older_than(IDLE_AFTER, self.object.last_written_at())
    }

    fn wants(&self, claim: &Claim) -> bool {
        self.directory() == claim.directory()
            && self.object.pending().any(|wanted| wanted == (claim.attribute(), claim.value()))
    }

    fn has(&self, claim: &Claim) -> bool {
        let is_kind = Resource::of_attribute(claim.attribute()) == Some(self.resource());
        let named = || naming::claimed_value(claim.attribute(), self.object.spec());
        self.directory() == claim.directory() && is_kind && named().is_some_and(|named| named.value == claim.value())
    }

    fn set_pending(&mut self, values: &[UniqueValue]) {
        let named =
            values.iter().map(|UniqueValue { claimed, .. }| (claimed.attribute.clone(), claimed.value.as_str().into()));
        self.object.set_pending(named.collect());
    }

    fn reject(&mut self) {
        self.object.set_rejected(true);
    }

    fn acknowledge(&mut self) {
        self.object.set_rejected(false);
    }

    fn at_version_of(mut self, read: &Self) -> Self {
        self.object.set_version_of(&read.object);
        self
    }

    fn is_optional(value: &UniqueValue) -> bool {
        value.optional
    }

    fn claim_name(value: &UniqueValue) -> String {
        value.claim_name.clone()
    }

    fn holder(claim: &Claim) -> String {
        claim.holder().to_owned()
    }

    fn understands(claim: &Claim) -> bool {
        naming::is_known_attribute(claim.attribute())
    }
}
