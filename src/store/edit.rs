//! Small edits of one object that the claim protocol has no part in.

use super::kind::Kind;
use super::{Error, Store};
use crate::api::Object;
use crate::rules::labels;

impl Store {
    /// Makes the labels of an object say what its spec says, unless they do; says whether it was written.
    pub async fn write_label(&self, kind: Kind, namespace: &str, name: &str) -> Result<bool, Error> {
        let label = |object: &Object| {
            (!labels::are_right(object)).then(|| {
                let mut labelled = object.clone();
                labels::set(&mut labelled);
                labelled
            })
        };
        self.edit(kind, namespace, name, label).await
    }

    /// Creates an object, and takes it in at once. [`Error::Exists`] where there is one of this name.
    pub async fn create(&self, kind: Kind, namespace: &str, object: &Object) -> Result<(), Error> {
        let created = self.objects().create(kind, namespace, object).await?;
        self.apply(kind, &created);
        Ok(())
    }

    /// Writes what `edit` makes of an object, if it makes anything; says whether it was written. It is a PUT of the object as
    /// it was just read, so it fails where anybody was quicker: then nothing is written, and whoever sees the new state
    /// decides anew.
    pub async fn edit(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        edit: impl FnOnce(&Object) -> Option<Object> + Send,
    ) -> Result<bool, Error> {
        let _turn = self.write_turn(kind, namespace, name).await;
        let object = match self.objects().get(kind, namespace, name).await {
            Err(Error::NotFound) => return Ok(false),
            read => read?,
        };
        let Some(edited) = edit(&object) else { return Ok(false) };
        match self.objects().replace(kind, namespace, &edited).await {
            Err(Error::Conflict | Error::NotFound) => Ok(false),
            written => {
                self.apply(kind, &written?);
                Ok(true)
            }
        }
    }
}
