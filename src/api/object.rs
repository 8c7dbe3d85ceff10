//! One object of the Kubernetes API, as the raw JSON that it is.
//!
//! Readers ask it by name for what they need, so that the paths of the kinds stand here and nowhere else. Writers change it
//! in place: every edit keeps what it does not know, so a field that a newer version wrote survives an older replica.
//! Nothing here decides anything; what is missing reads as empty.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const ANNOTATIONS: &str = "annotations";
const DELETED_AT: &str = "deletedAt";
const ENDED_SESSIONS: &str = "endedSessions";
const INVITATION: &str = "invitation";
const LAST_DEACTIVATION: &str = "lastDeactivation";
const MEMBER_OF: &str = "memberOf";
const PENDING: &str = "pending";
const PORTAL_SUSPENSION: &str = "portalSuspension";
const PURGING: &str = "purging";
const REJECTED: &str = "rejected";
const SESSION_EPOCH: &str = "sessionEpoch";
/// The fields of `metadata` that say which state of which object this is.
const IDENTITY: [&str; 6] = ["name", "namespace", "uid", "resourceVersion", "generation", "managedFields"];

/// One object of the Kubernetes API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(Value);

impl From<Value> for Object {
    fn from(json: Value) -> Self {
        Self(json)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.0
    }
}

/// What the API server sent, or is to be sent.
impl Object {
    /// The whole object.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// `kind`, such as `DirectoryUser`.
    pub fn kind(&self) -> &str {
        text_or_empty(&self.0["kind"])
    }

    /// `type` of a Secret.
    pub fn secret_type(&self) -> &str {
        text_or_empty(&self.0["type"])
    }
}

/// `metadata`.
impl Object {
    /// `metadata.name`; of a user or group the SCIM id.
    pub fn name(&self) -> &str {
        text_or_empty(&self.metadata()["name"])
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> &str {
        text_or_empty(&self.metadata()["namespace"])
    }

    /// `metadata.uid`: after a restore it is another one.
    pub fn uid(&self) -> &str {
        text_or_empty(&self.metadata()["uid"])
    }

    /// The first eight characters of the uid, which tell an object from one that was made anew under its name.
    pub fn uid_start(&self) -> [u8; 8] {
        let mut start = [b'0'; 8];
        start.iter_mut().zip(self.uid().bytes()).for_each(|(place, byte)| *place = byte);
        start
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        text_or_empty(&self.metadata()["resourceVersion"])
    }

    /// `metadata.generation`; 0 where there is none.
    pub fn generation(&self) -> i64 {
        self.metadata()["generation"].as_i64().unwrap_or_default()
    }

    /// `metadata.creationTimestamp`, in whole seconds of the API server's clock.
    pub fn creation_timestamp(&self) -> Option<Timestamp> {
        time(&self.metadata()["creationTimestamp"])
    }

    /// When anybody last wrote the object, or when it was created.
    pub fn last_written_at(&self) -> Option<Timestamp> {
        let written = self.metadata()["managedFields"].as_array().into_iter().flatten();
        written.filter_map(|entry| time(&entry["time"])).chain(self.creation_timestamp()).max()
    }

    /// Whether the object carries this annotation, whatever its value is.
    pub fn has_annotation(&self, name: &str) -> bool {
        !self.metadata()[ANNOTATIONS][name].is_null()
    }

    /// The value of this annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata()[ANNOTATIONS][name].as_str()
    }

    /// The uid of the one owner, if there is exactly one.
    pub fn only_owner(&self) -> Option<&str> {
        match self.metadata()["ownerReferences"].as_array()?.as_slice() {
            [owner] => owner["uid"].as_str(),
            _ => None,
        }
    }

    /// What an object that belongs to this one names as its owner.
    pub fn owner_reference(&self) -> Value {
        json!({ "apiVersion": self.0["apiVersion"], "kind": self.kind(), "name": self.name(), "uid": self.uid() })
    }

    /// The label of this name.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata()["labels"][name].as_str()
    }

    /// Whether somebody has deleted the object and finalizers keep it (`metadata.deletionTimestamp`).
    pub fn is_terminating(&self) -> bool {
        !self.metadata()["deletionTimestamp"].is_null()
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.metadata()["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// Gives an object that is not created yet another name.
    pub fn set_name(&mut self, name: String) {
        self.0["metadata"]["name"] = name.into();
    }

    /// Sets a label.
    pub fn set_label(&mut self, name: &str, value: &str) {
        self.0["metadata"]["labels"][name] = value.into();
    }

    /// Takes a label off.
    pub fn remove_label(&mut self, name: &str) {
        if let Some(labels) = self.0.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove(name);
        }
    }

    /// Sets an annotation.
    pub fn set_annotation(&mut self, name: &str, value: &str) {
        self.0["metadata"][ANNOTATIONS][name] = value.into();
    }

    /// Takes an annotation off.
    pub fn remove_annotation(&mut self, name: &str) {
        if let Some(annotations) = self.0["metadata"][ANNOTATIONS].as_object_mut() {
            annotations.remove(name);
        }
    }

    /// Puts this reference in the place of all owners.
    pub fn set_owner(&mut self, owner: Value) {
        self.0["metadata"]["ownerReferences"] = Value::Array(vec![owner]);
    }

    /// Takes over which state of which object `read` is, so that writing this content succeeds only if nobody wrote since.
    pub fn set_version_of(&mut self, read: &Self) {
        for field in IDENTITY {
            self.0["metadata"][field] = read.metadata()[field].clone();
        }
    }

    /// Takes this resourceVersion.
    pub fn set_version(&mut self, version: &str) {
        self.0["metadata"]["resourceVersion"] = version.into();
    }

    /// Takes this uid and this generation.
    pub fn set_created(&mut self, uid: &str, generation: i64) {
        self.0["metadata"]["uid"] = uid.into();
        self.0["metadata"]["generation"] = generation.into();
    }

    /// Forgets which state of which object it is, save its name, so that it can be created as a new one.
    pub fn forget_version(&mut self) {
        self.forget_metadata(&["uid", "resourceVersion", "generation", "managedFields"]);
    }

    /// Forgets who manages which field.
    pub fn forget_managers(&mut self) {
        self.forget_metadata(&["managedFields"]);
    }

    fn forget_metadata(&mut self, fields: &[&str]) {
        if let Some(metadata) = self.0["metadata"].as_object_mut() {
            fields.iter().for_each(|field| drop(metadata.remove(*field)));
        }
    }

    fn metadata(&self) -> &Value {
        &self.0["metadata"]
    }
}

/// `spec` of the kinds of Rollcall.
impl Object {
    /// `spec`.
    pub fn spec(&self) -> &Value {
        &self.0["spec"]
    }

    /// `spec.directoryRef.name`: the Directory that the object belongs to.
    pub fn directory(&self) -> &str {
        text_or_empty(&self.spec()["directoryRef"]["name"])
    }

    /// `spec.scim`: the resource as the identity provider sent it.
    pub fn scim(&self) -> &Value {
        &self.spec()["scim"]
    }

    /// `spec.scim.active` of a user, if it says anything.
    pub fn active(&self) -> Option<bool> {
        self.scim()["active"].as_bool()
    }

    /// `spec.scim.meta.created`, if it is a time.
    pub fn scim_created_at(&self) -> Option<Timestamp> {
        time(&self.scim()["meta"]["created"])
    }

    /// Whether `spec.scim.meta` tells of a change after the creation.
    pub fn is_changed_since_created(&self) -> bool {
        let meta = &self.scim()["meta"];
        !meta["lastModified"].is_null() && meta["lastModified"] != meta["created"]
    }

    /// `spec.managedBy`.
    pub fn managed_by(&self) -> &str {
        text_or_empty(&self.spec()["managedBy"])
    }

    /// Whether the object is a tombstone (`spec.deletedAt`).
    pub fn is_deleted(&self) -> bool {
        !self.spec()[DELETED_AT].is_null()
    }

    /// When the object became a tombstone; nothing where it is none, or nobody can read the time.
    pub fn deleted_at(&self) -> Option<Timestamp> {
        time(&self.spec()[DELETED_AT])
    }

    /// Whether the purge of a tombstone has begun (`spec.purging`).
    pub fn is_purging(&self) -> bool {
        self.spec()[PURGING] == Value::Bool(true)
    }

    /// Whether the janitor has marked the object as never acknowledged (`spec.rejected`).
    pub fn is_rejected(&self) -> bool {
        self.spec()[REJECTED] == Value::Bool(true)
    }

    /// Whether `spec.suspended` is there and not false.
    pub fn is_suspended(&self) -> bool {
        !matches!(self.spec()["suspended"], Value::Null | Value::Bool(false))
    }

    /// Whether `spec.scim.active` is true or not there.
    pub fn is_let_in(&self) -> bool {
        matches!(self.scim()["active"], Value::Null | Value::Bool(true))
    }

    /// Whether there is a `spec.portalSuspension`.
    pub fn is_suspended_by_portal(&self) -> bool {
        !self.portal_suspension().is_null()
    }

    /// `spec.portalSuspension`.
    pub fn portal_suspension(&self) -> &Value {
        &self.spec()[PORTAL_SUSPENSION]
    }

    /// Lets the portal keep the person out, or no longer.
    pub fn set_portal_suspension(&mut self, suspension: Option<Value>) {
        self.set_or_remove(PORTAL_SUSPENSION, suspension);
    }

    /// `spec.invitation`: the name of the Secret for the link, and until when somebody wants it to work.
    pub fn invitation(&self) -> Option<(&str, Timestamp)> {
        let invitation = &self.spec()[INVITATION];
        Some((invitation["secretName"].as_str()?, time(&invitation["expiresAt"])?))
    }

    /// Whether somebody is invited, or was and the status still tells of it.
    pub fn is_invited(&self) -> bool {
        !self.spec()[INVITATION].is_null() || !self.status()[INVITATION].is_null()
    }

    /// `spec.loginMethod`; one that is no text reads as an empty one.
    pub fn login_method(&self) -> Option<&str> {
        let method = &self.spec()["loginMethod"];
        (!method.is_null()).then(|| text_or_empty(method))
    }

    /// `tenantID` and `objectID` of `spec.link`; both are empty where one of them cannot be read.
    pub fn link(&self) -> Option<(&str, &str)> {
        let link = &self.spec()["link"];
        let parts = || Some((link["tenantID"].as_str()?, link["objectID"].as_str()?));
        (!link.is_null()).then(|| parts().unwrap_or_default())
    }

    /// The ids in `spec.endedSessions`.
    pub fn ended_sessions(&self) -> impl Iterator<Item = &str> {
        let sessions = self.spec()[ENDED_SESSIONS].as_array().into_iter().flatten();
        sessions.filter_map(|session| session["id"].as_str())
    }

    /// `spec.link.linkedAt`; nothing where there is no link, or nobody can read the time.
    pub fn linked_at(&self) -> Option<Timestamp> {
        time(&self.spec()["link"]["linkedAt"])
    }

    /// Those of `spec.endedSessions` that would not have ended by themselves before `now`: id and end. One whose end cannot be
    /// read never ends.
    pub fn ended_sessions_at(&self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let sessions = self.spec()[ENDED_SESSIONS].as_array().into_iter().flatten();
        let sessions = sessions.filter_map(|session| {
            let until = time(&session["until"]).unwrap_or(Timestamp::MAX);
            Some((session["id"].as_str()?.to_owned(), until))
        });
        sessions.filter(|(_, until)| *until > now).collect()
    }

    /// `spec.pending`: each attribute and the value that a change in progress wants for it.
    pub fn pending(&self) -> impl Iterator<Item = (&str, &str)> {
        let pending = self.spec()[PENDING].as_object().into_iter().flatten();
        pending.filter_map(|(attribute, value)| Some((attribute.as_str(), value.as_str()?)))
    }

    /// `spec.memberOf`: the ids of the groups that the object names, deleted ones included.
    pub fn member_of(&self) -> Vec<&str> {
        self.spec()[MEMBER_OF].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// `spec.lastDeactivation`: the request that last deactivated or deleted a person.
    pub fn last_deactivation(&self) -> &Value {
        &self.spec()[LAST_DEACTIVATION]
    }

    /// `spec.sessionEpoch`, which each deactivation and each deletion raises.
    pub fn session_epoch(&self) -> i64 {
        self.spec()[SESSION_EPOCH].as_i64().unwrap_or(0)
    }

    /// Sets `spec.scim`.
    pub fn set_scim(&mut self, scim: Value) {
        self.set("scim", scim);
    }

    /// Sets `spec.managedBy`.
    pub fn set_managed_by(&mut self, manager: &str) {
        self.set("managedBy", manager.into());
    }

    /// Makes the object a tombstone, or with nothing a live object again.
    pub fn set_deleted_at(&mut self, time: Option<String>) {
        self.set_or_remove(DELETED_AT, time.map(Value::from));
    }

    /// Marks a tombstone whose purge begins, so that nobody brings it back from now on, or takes the mark off.
    pub fn set_purging(&mut self, purging: bool) {
        self.set_or_remove(PURGING, purging.then_some(Value::Bool(true)));
    }

    /// Sets or takes off the mark of the janitor.
    pub fn set_rejected(&mut self, rejected: bool) {
        self.set_or_remove(REJECTED, rejected.then_some(Value::Bool(true)));
    }

    /// Names these values as a change in progress, and none of an older one.
    pub fn set_pending(&mut self, values: Map<String, Value>) {
        self.set_or_remove(PENDING, (!values.is_empty()).then_some(Value::Object(values)));
    }

    /// Names these groups, sorted and each once; without any the object has no such field.
    pub fn set_member_of(&mut self, mut groups: Vec<String>) {
        groups.sort_unstable();
        groups.dedup();
        self.set_or_remove(MEMBER_OF, (!groups.is_empty()).then(|| json!(groups)));
    }

    /// Raises `spec.sessionEpoch`: every session that carries an older one is over.
    pub fn raise_session_epoch(&mut self) {
        self.set(SESSION_EPOCH, self.session_epoch().saturating_add(1).into());
    }

    /// Names the request that deactivates or deletes the person.
    pub fn set_last_deactivation(&mut self, request: Value) {
        self.set(LAST_DEACTIVATION, request);
    }

    /// Names these sessions, each with its end, as those that were signed out; without any the object has no such field.
    pub fn set_ended_sessions(&mut self, sessions: Vec<(String, Timestamp)>) {
        let sessions: Vec<_> =
            sessions.into_iter().map(|(id, until)| json!({ "id": id, "until": until.to_string() })).collect();
        self.set_or_remove(ENDED_SESSIONS, (!sessions.is_empty()).then(|| json!(sessions)));
    }

    /// Takes `spec.link` off.
    pub fn remove_link(&mut self) {
        self.set_or_remove("link", None);
    }

    /// The text in a field of the spec that is this kind's alone; empty where there is none.
    pub fn text(&self, field: &str) -> &str {
        text_or_empty(&self.spec()[field])
    }

    /// Sets a field of the spec that is this kind's alone.
    pub fn set(&mut self, field: &str, value: Value) {
        self.0["spec"][field] = value;
    }

    fn set_or_remove(&mut self, field: &str, value: Option<Value>) {
        match (value, self.0["spec"].as_object_mut()) {
            (Some(value), _) => self.set(field, value),
            (None, Some(spec)) => drop(spec.remove(field)),
            (None, None) => {}
        }
    }
}

/// `status`.
impl Object {
    /// `status`.
    pub fn status(&self) -> &Value {
        &self.0["status"]
    }

    /// The types of the conditions that stand.
    pub fn condition_types(&self) -> impl Iterator<Item = &str> {
        self.status()["conditions"].as_array().into_iter().flatten().map(|condition| text_or_empty(&condition["type"]))
    }
}

fn text_or_empty(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A time as Kubernetes or the operator writes it; one that nobody can read is as good as none.
fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Tests look into objects by path.
#[cfg(test)]
impl std::ops::Deref for Object {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

#[cfg(test)]
impl std::ops::DerefMut for Object {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edit_keeps_what_it_does_not_know() {
        let before = json!({
            "metadata": { "name": "ada-1", "annotations": { "a": "1", "b": "2" }, "fromTheFuture": 1 },
            "spec": { "scim": { "userName": "ada" }, "memberOf": ["x"], "fromTheFuture": { "y": 1 } },
            "status": { "fromTheFuture": true },
        });
        type Edit = fn(&mut Object);
        let edits: [(&str, Edit); 11] = [
            ("name", |object| object.set_name("eve-1".to_owned())),
            ("label", |object| object.set_label("l", "x")),
            ("annotation", |object| object.remove_annotation("a")),
            ("scim", |object| object.set_scim(json!({}))),
            ("purge", |object| object.set_purging(true)),
            ("tombstone", |object| object.set_deleted_at(Some("2026-01-01T00:00:00Z".to_owned()))),
            ("rejected", |object| object.set_rejected(true)),
            ("pending", |object| object.set_pending(Map::from_iter([("User.userName".to_owned(), "eve".into())]))),
            ("groups", |object| object.set_member_of(vec!["z".to_owned(), "y".to_owned(), "z".to_owned()])),
            ("epoch", Object::raise_session_epoch),
            ("version", |object| object.set_version_of(&Object::from(json!({ "metadata": { "uid": "u" } })))),
        ];
        for (name, edit) in edits {
            let mut object = Object::from(before.clone());
            edit(&mut object);
            assert_ne!(*object, before, "{name} changes something");
            assert_eq!(object["spec"]["fromTheFuture"], json!({ "y": 1 }), "{name}");
            assert_eq!(object["metadata"]["fromTheFuture"], 1, "{name}");
            assert_eq!(object["status"]["fromTheFuture"], true, "{name}");
        }
    }

    #[test]
    fn an_edit_that_is_taken_back_leaves_nothing_behind() {
        let before = Object::from(json!({ "metadata": { "name": "ada-1" }, "spec": { "scim": {} } }));
        let mut object = before.clone();
        object.set_deleted_at(Some("2026-01-01T00:00:00Z".to_owned()));
        object.set_rejected(true);
        object.set_member_of(vec!["x".to_owned()]);
        object.set_pending(Map::from_iter([("User.link".to_owned(), "t/o".into())]));
        assert_eq!((object.is_deleted(), object.is_rejected(), object.member_of()), (true, true, vec!["x"]));
        assert_eq!(object.pending().collect::<Vec<_>>(), [("User.link", "t/o")]);
        object.set_deleted_at(None);
        object.set_rejected(false);
        object.set_member_of(Vec::new());
        object.set_pending(Map::new());
        assert_eq!(object, before);
    }

    #[test]
    fn what_is_missing_reads_as_empty() {
        let nothing = Object::default();
        assert_eq!((nothing.name(), nothing.directory(), nothing.generation()), ("", "", 0));
        assert_eq!((nothing.active(), nothing.creation_timestamp(), nothing.last_written_at()), (None, None, None));
        assert!(nothing.member_of().is_empty() && nothing.pending().next().is_none());
        assert!(!nothing.is_deleted() && !nothing.is_rejected() && !nothing.is_changed_since_created());
    }
}
