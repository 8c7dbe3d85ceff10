//! Hosts for which requests with good keys come although `--public-url` names another. Nothing is refused: the tenant URL in
//! Entra and the addresses in answers differ, and whoever runs the operator should know that. Only the holder of a key can
//! make such a line of the log, once an hour for each host.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::limits::MAX_TOLD_HOSTS;

/// How long the log is not told of a host again.
const PAUSE: Duration = Duration::from_secs(3600);

/// When the log was told of which host; at most [`MAX_TOLD_HOSTS`].
#[derive(Debug, Default)]
pub(super) struct ToldHosts(Mutex<HashMap<String, Instant>>);

impl ToldHosts {
    /// Whether the log is to be told of this host at `now`; it counts as told then.
    pub(super) fn is_news(&self, host: &str, now: Instant) -> bool {
        let mut told = self.0.lock();
        if told.get(host).is_some_and(|at| now.saturating_duration_since(*at) < PAUSE) {
            return false;
        }
        told.retain(|_, at| now.saturating_duration_since(*at) < PAUSE);
        let has_room = told.len() < MAX_TOLD_HOSTS;
        if has_room {
            told.insert(host.to_owned(), now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_once_an_hour() {
        let (told, start) = (ToldHosts::default(), Instant::now());
        for (minutes, host, is_news) in [
            (0, "a.example.com", true),
            (0, "a.example.com", false),
            (1, "b.example.com", true),
            (59, "a.example.com", false),
            (60, "a.example.com", true),
            (60, "b.example.com", false),
            (61, "b.example.com", true),
        ] {
            let now = start + Duration::from_secs(minutes * 60);
            assert_eq!(told.is_news(host, now), is_news, "{host} after {minutes} minutes");
        }
    }

    #[test]
    fn so_many_hosts_are_told_and_no_more() {
        let (told, now) = (ToldHosts::default(), Instant::now());
        let count = |now| (0..2 * MAX_TOLD_HOSTS).filter(|number| told.is_news(&number.to_string(), now)).count();
        assert_eq!((count(now), count(now), count(now + PAUSE)), (MAX_TOLD_HOSTS, 0, MAX_TOLD_HOSTS));
    }
}
