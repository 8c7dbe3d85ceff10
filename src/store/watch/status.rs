//! How far a watch has come, and when it was last heard of.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::FRESHNESS_LIMIT;
use crate::store::Error;
use crate::store::kind::Kind;

/// One kind in one namespace or in all, and what its watch has reached.
#[derive(Debug)]
pub(in crate::store) struct Watch {
    pub(in crate::store) kind: Kind,
    /// None: all.
    pub(in crate::store) namespace: Option<String>,
    started: Instant,
    /// How often the whole state has been asked for.
    epoch: AtomicU32,
    progress: Mutex<Progress>,
    /// Why the last attempt failed; nothing while the watch works.
    failure: Mutex<Option<String>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Whether the whole state has been taken in.
    synced: bool,
    /// When the watch was last known to tell everything.
    heard: Option<Instant>,
    /// The resourceVersion up to which it has told everything.
    told: u128,
}

impl Watch {
    pub(in crate::store) fn new(kind: Kind, namespace: Option<String>) -> Self {
        Self {
            kind,
            namespace,
            started: Instant::now(),
            epoch: AtomicU32::default(),
            progress: Mutex::default(),
            failure: Mutex::default(),
        }
    }

    /// Whether it watches this kind in this namespace.
    pub(in crate::store) fn covers(&self, kind: Kind, namespace: &str) -> bool {
        self.kind == kind && self.namespace.as_ref().is_none_or(|mine| mine == namespace)
    }

    /// The number of a new synchronisation: 1 for the first.
    pub(super) fn next_epoch(&self) -> u32 {
        self.epoch.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the latest synchronisation.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// For the log.
    pub(super) fn scope(&self) -> &str {
        self.namespace.as_deref().unwrap_or("*")
    }

    /// Whether the whole state has been taken in.
    pub(in crate::store) fn synced(&self) -> bool {
        self.progress.lock().synced
    }

    /// Up to which resourceVersion it has told everything.
    pub(in crate::store) fn told(&self) -> u128 {
        self.progress.lock().told
    }

    /// How long it has been silent; before the first word, since the start.
    pub(in crate::store) fn silence(&self, now: Instant) -> Duration {
        let heard = self.progress.lock().heard;
        self.since(heard, now)
    }

    fn since(&self, heard: Option<Instant>, now: Instant) -> Duration {
        now.saturating_duration_since(heard.unwrap_or(self.started))
    }

    /// Whether what it told may be believed at `now`.
    pub(in crate::store) fn fresh(&self, now: Instant) -> Result<(), Error> {
        let Progress { synced, heard, told: _ } = *self.progress.lock();
        let kind = self.kind.plural;
        let scope = match self.scope() {
            "*" => "all namespaces",
            namespace => namespace,
        };
        let why = || self.failure.lock().as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        if !synced {
            let reason = format!("the watch of {kind} in {scope} is not synced yet{}", why());
            return Err(Error::Unavailable { reason });
        }
        let silence = self.since(heard, now);
        if silence > FRESHNESS_LIMIT {
            let seconds = silence.as_secs();
            return Err(Error::Unavailable {
                reason: format!("the watch of {kind} in {scope} is silent for {seconds} s{}", why()),
            });
        }
        Ok(())
    }

    /// Notes an event or a bookmark of this version.
    pub(super) fn hear(&self, version: u128, now: Instant) {
        let mut progress = self.progress.lock();
        progress.told = progress.told.max(version);
        progress.heard = Some(now);
    }

    /// Notes that a list of this version has been read. From here on own writes of before it are no news.
    pub(super) fn list(&self, version: u128) {
        self.progress.lock().told = version;
    }

    /// Notes that the whole state of the moment `asked` has been taken in. It may have grown old while it was read.
    pub(super) fn sync(&self, asked: Instant) {
        let mut progress = self.progress.lock();
        progress.synced = true;
        progress.heard = Some(asked);
    }

    /// Notes why an attempt failed, or that the watch works.
    pub(super) fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock() = failure;
    }

    /// Notes that nothing is known any more.
    pub(super) fn forget(&self) {
        *self.progress.lock() = Progress::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_believed_once_synced_and_while_it_speaks() {
        let watch = Watch::new(Kind::USER, Some("n".to_owned()));
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let reason = |now| watch.fresh(now).map_err(|error| error.to_string());
        assert_eq!(reason(start), Err("the watch of directoryusers in n is not synced yet".to_owned()));

        watch.list(7);
        watch.sync(start);
        assert_eq!((watch.told(), watch.synced()), (7, true));
        assert_eq!(reason(start + FRESHNESS_LIMIT), Ok(()));
        assert_eq!(reason(after(31)), Err("the watch of directoryusers in n is silent for 31 s".to_owned()));
        watch.hear(9, after(20));
        assert_eq!((watch.told(), reason(after(31))), (9, Ok(())));
        assert_eq!(watch.silence(after(31)), Duration::from_secs(11));
        assert_eq!(watch.silence(after(10)), Duration::ZERO, "a request that began before the event");

        let forbidden = "the API server says 403: directoryusers is forbidden";
        watch.set_failure(Some(forbidden.to_owned()));
        let silent = "the watch of directoryusers in n is silent for 40 s";
        assert_eq!(reason(after(60)), Err(format!("{silent}: {forbidden}")));
        watch.set_failure(None);
        assert_eq!(reason(after(60)), Err(silent.to_owned()));

        watch.forget();
        watch.set_failure(Some(forbidden.to_owned()));
        let unsynced = "the watch of directoryusers in n is not synced yet";
        assert_eq!(reason(start), Err(format!("{unsynced}: {forbidden}")));
        assert_eq!(watch.told(), 0);
        assert!(watch.fresh(after(20)).is_err());
    }

    #[test]
    fn a_watch_covers_its_kind_in_its_namespace() {
        let all = Watch::new(Kind::USER, None);
        assert!(all.covers(Kind::USER, "n") && !all.covers(Kind::KEY, "n"));
        let one = Watch::new(Kind::USER, Some("n".to_owned()));
        assert!(one.covers(Kind::USER, "n") && !one.covers(Kind::USER, "m"));
    }
}
