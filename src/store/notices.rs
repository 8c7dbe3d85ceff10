//! What somebody outside the cluster may want to be told at once: alarms, and changes that were refused.
//!
//! Nothing waits for anybody here. Without a listener nothing is kept, and with one at most [`MAX_WAITING`] notices: what comes
//! beyond is dropped and counted, so that a receiver which hangs costs nobody anything.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Most notices that wait to be sent.
pub const MAX_WAITING: usize = 1_000;

/// What a notice tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeSort {
    /// An Event of the type Warning.
    Alarm,
    /// A change over SCIM that was refused.
    Refusal,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it tells of.
    pub sort: NoticeSort,
    /// The namespace of the object.
    pub namespace: String,
    /// The Directory, where it is about one.
    pub directory: Option<String>,
    /// The kind and the name of the object, such as `Directory/staff`; of a refusal without one the Directory.
    pub subject: String,
    /// The reason in one word.
    pub reason: String,
    /// A sentence without values of people.
    pub note: String,
    /// When it happened.
    pub at: Timestamp,
    /// The request that was refused: its id, its method and the key that it came with.
    pub request: Option<NoticeRequest>,
}

/// A request, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRequest {
    /// The id that the log has as well.
    pub id: String,
    /// Method and path, without values.
    pub operation: String,
    /// The DirectoryKey.
    pub key: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// The way to whoever wants to be told.
#[derive(Debug, Default)]
pub struct Notices {
    sender: OnceLock<Sender<Notice>>,
    dropped: AtomicU64,
}

impl Notices {
    /// Keeps notices from now on, for the one who listens. Nothing where somebody listens already.
    pub fn listen(&self) -> Option<Receiver<Notice>> {
        let (sender, receiver) = channel(MAX_WAITING);
        self.sender.set(sender).ok().map(|()| receiver)
    }

    /// Tells what happened, if anybody listens.
    pub fn tell(&self, notice: impl FnOnce() -> Notice) {
        let Some(sender) = self.sender.get() else { return };
        if sender.try_send(notice()).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many notices were dropped because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl Notice {
    /// An alarm with this reason.
    pub(crate) fn alarm(reason: &str) -> Self {
        Self {
            sort: NoticeSort::Alarm,
            namespace: "acme".to_owned(),
            directory: Some("staff".to_owned()),
            subject: "Directory/staff".to_owned(),
            reason: reason.to_owned(),
            note: "people cannot log in".to_owned(),
            at: "2026-03-01T10:00:00Z".parse().expect("a time"),
            request: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_dropped_and_counted_and_without_a_listener_nothing_is_made() {
        let notices = Notices::default();
        notices.tell(|| panic!("nobody listens"));
        let mut receiver = notices.listen().expect("the first listener");
        assert!(notices.listen().is_none(), "one listener takes all");
        for number in 0..MAX_WAITING + 3 {
            notices.tell(|| Notice::alarm(&number.to_string()));
        }
        assert_eq!(notices.dropped(), 3);
        assert_eq!(receiver.try_recv().expect("a notice").reason, "0", "the oldest first");
    }
}
