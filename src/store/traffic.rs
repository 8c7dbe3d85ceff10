//! What this replica has seen the identity providers do, until it stands in the statuses of their Directories.
//!
//! Only Directories that are there are noted, so there are as many entries as Directories; none of them grows with the requests
//! ([`crate::rules::traffic`]). A Directory that is deleted and made again is another one: what was seen of the old one is dropped.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::WatchedDirectory;
use super::index::dirty::DirectoryName;
use crate::rules::traffic::SeenTraffic;

/// What was seen of the Directories and is in no status yet.
#[derive(Debug, Default)]
pub struct TrafficRecord {
    directories: Mutex<BTreeMap<DirectoryName, Recorded>>,
    changed: Notify,
}

/// What was seen of one Directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// `metadata.uid` of the Directory.
    pub uid: String,
    /// What was seen.
    pub traffic: SeenTraffic,
}

impl TrafficRecord {
    /// Notes something about a Directory.
    pub fn note(&self, of: &WatchedDirectory, note: impl FnOnce(&mut SeenTraffic)) {
        let mut directories = self.directories.lock();
        let recorded = directories.entry(DirectoryName::new(&of.namespace, &of.name)).or_default();
        if recorded.uid != of.seen.uid {
            *recorded = Recorded { uid: of.seen.uid.clone(), ..Recorded::default() };
        }
        note(&mut recorded.traffic);
        drop(directories);
        self.changed.notify_one();
    }

    /// The Directories of which something was seen.
    pub fn names(&self) -> Vec<DirectoryName> {
        self.directories.lock().keys().cloned().collect()
    }

    /// Takes what was seen of a Directory.
    pub fn take(&self, name: &DirectoryName) -> Option<Recorded> {
        self.directories.lock().remove(name)
    }

    /// Puts back what could not be written. What has been seen since stays.
    pub fn put_back(&self, name: &DirectoryName, before: Recorded) {
        let mut directories = self.directories.lock();
        match directories.get_mut(name) {
            Some(recorded) if recorded.uid == before.uid => recorded.traffic.put_back(before.traffic),
            // Another Directory of the same name has been seen since.
            Some(_) => {}
            None => drop(directories.insert(name.clone(), before)),
        }
    }

    /// Waits until something is noted.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::api::DirectorySpec;
    use crate::store::Seen;

    fn directory(uid: &str) -> WatchedDirectory {
        WatchedDirectory {
            namespace: "people".to_owned(),
            name: "staff".to_owned(),
            spec: DirectorySpec::default(),
            unique: std::sync::Arc::default(),
            seen: Seen { uid: uid.to_owned(), ..Seen::default() },
        }
    }

    fn traffic(reasons: &[&'static str]) -> SeenTraffic {
        let mut traffic = SeenTraffic::default();
        for reason in reasons {
            traffic.note_failure(Timestamp::UNIX_EPOCH, reason, None);
        }
        traffic
    }

    #[test]
    fn what_cannot_be_written_is_kept_for_this_directory_and_no_other_one() {
        let (record, name) = (TrafficRecord::default(), DirectoryName::new("people", "staff"));
        let note = |uid, reason| {
            record.note(&directory(uid), |traffic| traffic.note_failure(Timestamp::UNIX_EPOCH, reason, None));
        };
        note("u1", "missing");
        let taken = record.take(&name).expect("something was seen");
        assert_eq!((record.take(&name), record.names()), (None, Vec::new()));
        note("u1", "expired");
        record.put_back(&name, taken.clone());
        let joined = record.take(&name).expect("both");
        assert_eq!(joined, Recorded { uid: "u1".to_owned(), traffic: traffic(&["missing", "expired"]) });
        // Made again, it is another Directory.
        note("u2", "missing");
        record.put_back(&name, taken);
        let anew = Recorded { uid: "u2".to_owned(), traffic: traffic(&["missing"]) };
        assert_eq!(record.take(&name), Some(anew));
    }
}
