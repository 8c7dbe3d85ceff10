//! Where the hash of a person's password stands: a Secret of our type that belongs to the person's DirectoryUser and is named
//! after it. It goes with the person, and nothing else that anybody reads holds the hash.

use jiff::Timestamp;

use super::delays::Streak;
use crate::api::secret::PASSWORD;
use crate::api::{Object, Secret};
use crate::rules::naming::DIRECTORY_LABEL;

/// The entry with the hash, a PHC string.
const HASH: &str = "hash";
/// The annotation that tells other replicas of failures in a row: their number and the time of the last.
const FAILURES_ANNOTATION: &str = "rollcall.dev/failed-logins";

/// The name of the Secret of a person.
pub fn name_of(person: &str) -> String {
    format!("{person}-password")
}

/// A Secret for a person that has none, with this hash.
pub fn new(person: &Object, hash: &str) -> Secret {
    let mut secret = Secret::new(&name_of(person.name()), PASSWORD);
    adopt(&mut secret, person, hash);
    secret
}

/// Makes a Secret that of a person, with this hash.
pub fn adopt(secret: &mut Secret, person: &Object, hash: &str) {
    secret.data.insert(HASH.to_owned(), hash.as_bytes().to_vec());
    let object = secret.object_mut();
    object.set_label(DIRECTORY_LABEL, person.directory());
    object.set_owner(person.owner_reference());
    object.remove_annotation(FAILURES_ANNOTATION);
}

/// The hash for a person. That of an object which was made anew under the same name is somebody else's.
pub fn hash_for(secret: &Secret, person: &Object) -> Option<String> {
    if secret.object().only_owner() != Some(person.uid()) {
        return None;
    }
    Some(str::from_utf8(secret.entry(HASH)?).ok()?.to_owned())
}

/// What other replicas tell of failures in a row.
pub fn failures(secret: &Secret) -> Option<Streak> {
    let (failures, last) = secret.object().annotation(FAILURES_ANNOTATION)?.split_once(' ')?;
    Some(Streak { failures: failures.parse().ok()?, last: last.parse().ok()? })
}

/// Tells other replicas of failures in a row, or of none.
pub fn set_failures(secret: &mut Secret, streak: Option<Streak>) {
    match streak {
        Some(Streak { failures, last }) => {
            let last = Timestamp::from_second(last.as_second()).unwrap_or(last);
            secret.object_mut().set_annotation(FAILURES_ANNOTATION, &format!("{failures} {last}"));
        }
        None => secret.object_mut().remove_annotation(FAILURES_ANNOTATION),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(uid: &str) -> Object {
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "metadata": { "name": "ada-1", "uid": uid },
            "spec": { "directoryRef": { "name": "staff" } },
        })
        .into()
    }

    #[test]
    fn a_hash_is_that_of_one_object_and_goes_with_it() {
        let mut secret = new(&person("u1"), "$argon2id$x");
        let object = secret.to_object();
        assert_eq!((object.name(), object.label(DIRECTORY_LABEL)), ("ada-1-password", Some("staff")));
        assert_eq!(object["metadata"]["ownerReferences"][0]["kind"], "DirectoryUser");
        assert_eq!(hash_for(&secret, &person("u1")).as_deref(), Some("$argon2id$x"));
        assert_eq!(hash_for(&secret, &person("u2")), None, "made anew under the same name");
        adopt(&mut secret, &person("u2"), "$argon2id$y");
        assert_eq!(hash_for(&secret, &person("u2")).as_deref(), Some("$argon2id$y"));
    }

    #[test]
    fn failures_are_told_in_an_annotation_and_a_new_password_ends_them() {
        let mut secret = new(&person("u1"), "x");
        let streak = Streak { failures: 7, last: Timestamp::from_second(1_000).expect("a time") };
        set_failures(&mut secret, Some(streak));
        assert_eq!(failures(&secret), Some(streak));
        for wrong in ["", "7", "x 1970-01-01T00:16:40Z", "7 yesterday"] {
            let mut secret = secret.clone();
            secret.object_mut().set_annotation(FAILURES_ANNOTATION, wrong);
            assert_eq!(failures(&secret), None, "{wrong}");
        }
        adopt(&mut secret, &person("u1"), "y");
        assert_eq!(failures(&secret), None);
    }
}
