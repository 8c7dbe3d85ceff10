//! Acquires a value for one holder: the only writer of the claiming.

use crate::controller::tools::Tools;
use crate::rules::resource::Resource;
use crate::store::Error as StoreError;
use crate::store::claims::{Claimed, Error, acquire_for_rule};
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// Acquires the value of an attribute for an object; returns who has it, if that is somebody else.
pub async fn acquire(
    tools: &Tools,
    directory: &DirectoryName,
    kind: Resource,
    attribute: &str,
    name: &str,
) -> Result<Option<String>, Error> {
    tools.write_rate.turn().await;
    match acquire_for_rule(&tools.store, Kind::of(kind), directory.namespace(), name, attribute).await {
        Ok(Claimed::Taken { holder }) => Ok(Some(holder)),
        // Somebody may have deleted it meanwhile.
        Ok(Claimed::Owned | Claimed::NoValue) | Err(Error::NotFound | Error::Store(StoreError::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}
