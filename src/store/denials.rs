//! Bursts of refused logins: many within a short time are an attack or a mistake in the configuration, and either way somebody
//! should look.

use std::collections::HashMap;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::Store;
use super::events::Happening;
use super::index::dirty::DirectoryName;
use super::kind::Kind;
use crate::api::event::EventReason;
use crate::redaction::without_values;

/// How long refusals are counted together, in seconds. The times begin at the same moment on every replica, so that those that
/// tell of one time tell the same Event.
const WINDOW_SECONDS: i64 = 600;
/// So many refusals at one replica within that time are a burst.
const BURST: u32 = 20;

/// The refusals of the time that runs. As many entries as there are Directories that anybody was refused at.
#[derive(Debug, Default)]
pub(super) struct Denials(Mutex<HashMap<DirectoryName, Window>>);

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    /// In seconds since 1970.
    begin: i64,
    count: u32,
}

impl Denials {
    /// Counts a refusal at `now`; says when the time began with the one that makes a burst of them.
    fn note(&self, directory: &DirectoryName, now: Timestamp) -> Option<Timestamp> {
        let begin = now.as_second() - now.as_second().rem_euclid(WINDOW_SECONDS);
        let mut windows = self.0.lock();
        let window = windows.entry(directory.clone()).or_default();
        if window.begin != begin {
            *window = Window { begin, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        (window.count == BURST).then(|| Timestamp::from_second(begin).ok()).flatten()
    }
}

impl Store {
    /// Counts that somebody was refused who tried to log in to a Directory. A burst is told by an Event on the Directory, and
    /// nobody waits for it. Requests of applications are not counted here: a page that polls is refused every second.
    pub fn note_denial(&self, namespace: &str, directory: &str, now: Timestamp) {
        let Some(directory) = self.directory(namespace, directory) else { return };
        let name = DirectoryName::new(&directory.namespace, &directory.name);
        let Some(at) = self.0.denials.note(&name, now) else { return };
        let store = self.clone();
        tokio::spawn(async move {
            let note = format!(
                "{BURST} logins or more were refused within {} minutes: the lines of the log with the target audit say whose and why",
                WINDOW_SECONDS / 60
            );
            let (namespace, name, uid) = (&*directory.namespace, &*directory.name, &*directory.seen.uid);
            let reason = EventReason::ManyDenials;
            let happening = Happening { kind: Kind::DIRECTORY, namespace, name, uid, reason, at, note };
            if let Err(error) = store.event(&happening).await {
                let reason = without_values(&error.to_string());
                tracing::warn!(namespace, directory = name, reason, "an Event could not be written");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_told_once_in_its_time() {
        let (denials, staff) = (Denials::default(), DirectoryName::new("people", "staff"));
        let at = |second: i64| Timestamp::from_second(1_767_225_600 + second).expect("a time");
        let told = |from: i64, count: u32| -> Vec<_> {
            (0..count).filter_map(|number| denials.note(&staff, at(from + i64::from(number)))).collect()
        };
        assert_eq!(told(0, BURST - 1), []);
        assert_eq!(denials.note(&DirectoryName::new("people", "guests"), at(20)), None, "each Directory by itself");
        assert_eq!(told(30, 3), [at(0)], "the one that makes it, and none after it");
        assert_eq!(told(WINDOW_SECONDS, BURST - 1), [], "the next time begins at nothing");
        assert_eq!(told(WINDOW_SECONDS + 100, 1), [at(WINDOW_SECONDS)]);
    }
}
