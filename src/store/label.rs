//! The label of its Directory, for objects that people made without it.

use super::kind::Kind;
use super::{Error, Store};
use crate::rules::naming::DIRECTORY_LABEL;

impl Store {
    /// Gives an object the label of its Directory, unless it has it already; says whether it was written. It is a PUT of the
    /// object as it was just read, so it fails where anybody was quicker: then nothing is written, and whoever sees the
    /// new state decides anew.
    pub async fn write_label(&self, kind: Kind, namespace: &str, name: &str) -> Result<bool, Error> {
        let _turn = self.write_turn(kind, namespace, name).await;
        let mut object = match self.objects().get(kind, namespace, name).await {
            Err(Error::NotFound) => return Ok(false),
            read => read?,
        };
        let directory = object.directory().to_owned();
        if object.label(DIRECTORY_LABEL) == Some(&directory) {
            return Ok(false);
        }
        object.set_label(DIRECTORY_LABEL, &directory);
        match self.objects().replace(kind, namespace, &object).await {
            Err(Error::Conflict | Error::NotFound) => Ok(false),
            written => {
                self.apply(kind, &written?);
                Ok(true)
            }
        }
    }
}
