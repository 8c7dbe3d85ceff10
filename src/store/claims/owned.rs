//! Whether an object owns its name and every other value that must be unique, read live: a login asks it before there is a
//! session, and what the index says of it may be a moment old.

use super::holder::Claim;
use crate::api::Object;
use crate::rules::naming::{self, ambiguous, claimed_values};
use crate::rules::resource::Resource;
use crate::store::kind::Kind;
use crate::store::{Error, Store};

/// Whether a DirectoryUser, as it was just read, holds the claims on its name, its link and the values whose rules are in force.
pub async fn owns_its_values(store: &Store, person: &Object) -> Result<bool, Error> {
    let (namespace, directory) = (person.namespace(), person.directory());
    let rules = store.unique_rules(namespace, directory).in_force();
    let values = claimed_values(Resource::User, person.spec(), &rules);
    let has_name = values.iter().any(|value| value.attribute == naming::USER_NAME);
    if !has_name || ambiguous(Resource::User, person.spec(), &rules).is_some() {
        return Ok(false);
    }
    for value in values {
        let claim = naming::claim_name(directory, &value.attribute, &value.value);
        let holder = match store.objects().get(Kind::CLAIM, namespace, &claim).await {
            Err(Error::NotFound) => return Ok(false),
            claim => Claim(claim?),
        };
        if holder.holder() != person.name() {
            return Ok(false);
        }
    }
    Ok(true)
}
