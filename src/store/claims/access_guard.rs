//! Keeps a change that was given up, or that has slept, from giving access back that somebody has taken away meanwhile.
//!
//! A replica can stand still between any two of its steps: a paused process, a long pause of its machine. Its client then
//! hangs up and asks another replica, which may acknowledge the opposite. The version of the object fences the write of the
//! one that slept, but a change that reads again and applies its edit again would win. `docs/decisions/given-up.md` says
//! what remains possible.

use std::time::{Duration, Instant};

use super::{Error, busy};
use crate::api::Object;
use crate::rules::access;
use crate::store::Presence;

/// How long after its first read a change may still give access. A deactivation of somebody who was inactive at that
/// read, or a removal of somebody who was no member, writes nothing that the version could fence.
pub const LATEST: Duration = Duration::from_secs(10);

/// Longest time between two reads of one change that is explained by others who write the same object. A change that took
/// longer has stood still, and then writes that its reads do not tell apart count as a loss of access.
pub const STOOD_STILL: Duration = Duration::from_secs(2);

const GIVEN_UP: &str = "the client has gone: nothing is begun anew for it";

/// What one change has seen. An `Instant` goes on while the process is stopped.
pub(super) struct AccessGuard<'a> {
    client: &'a Presence,
    first_read: Option<Instant>,
    last_read: Option<Instant>,
    stood_still: bool,
    /// The object as it was seen before the try that is running.
    before: Option<Object>,
}

/// That somebody waits for what is about to be begun.
pub(super) fn require_client(client: &Presence) -> Result<(), Error> {
    if client.is_gone() { Err(busy(GIVEN_UP)) } else { Ok(()) }
}

impl<'a> AccessGuard<'a> {
    pub(super) fn new(client: &'a Presence) -> Self {
        Self { client, first_read: None, last_read: None, stood_still: false, before: None }
    }

    /// A try is about to read the object, which was seen last as `before`.
    pub(super) fn begin_try(&mut self, before: Option<&Object>, now: Instant) -> Result<(), Error> {
        require_client(self.client)?;
        self.first_read.get_or_insert(now);
        self.stood_still = self.last_read.is_some_and(|last| now.saturating_duration_since(last) > STOOD_STILL);
        self.last_read = Some(now);
        self.before = before.cloned();
        Ok(())
    }

    /// The edit has made `new` of what the try has read.
    pub(super) fn edited(&self, read: &Object, new: &Object) -> Result<(), Error> {
        let Some(before) = &self.before else { return Ok(()) };
        let is_hidden = self.stood_still && !access::tell_all(before, read) && access::gives(read, new);
        if is_hidden || access::gives_back(before, read, new) {
            return Err(busy("access may have been taken away since the change began, so the change does not give it"));
        }
        Ok(())
    }

    /// `new` is about to take the place of what was `read`.
    pub(super) fn before_commit(&self, read: &Object, new: &Object, now: Instant) -> Result<(), Error> {
        if !access::gives(read, new) {
            return Ok(());
        }
        require_client(self.client)?;
        match self.first_read {
            Some(first) if now.saturating_duration_since(first) > LATEST => {
                Err(busy("the change has taken too long to give access without a new look"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(generation: i64, active: bool) -> Object {
        json!({ "metadata": { "generation": generation }, "spec": { "scim": { "active": active } } }).into()
    }

    #[test]
    fn what_gives_access_is_not_written_late_or_for_nobody() {
        let start = Instant::now();
        let (active, inactive) = (user(1, true), user(1, false));
        for (name, read, new, age, is_gone, expected) in [
            ("an activation in time", &inactive, &active, LATEST, false, true),
            ("an activation that slept", &inactive, &active, LATEST + Duration::from_millis(1), false, false),
            ("an activation for nobody", &inactive, &active, Duration::ZERO, true, false),
            ("a deactivation that slept", &active, &inactive, LATEST * 2, false, true),
            ("a deactivation for nobody", &active, &inactive, Duration::ZERO, true, true),
        ] {
            let client = Presence::default();
            let mut guard = AccessGuard::new(&client);
            guard.begin_try(None, start).expect("the client is there");
            if is_gone {
                client.end();
            }
            assert_eq!(guard.before_commit(read, new, start + age).is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn a_later_try_does_not_go_over_a_loss_that_the_first_one_had_not_seen() {
        let client = Presence::default();
        let mut guard = AccessGuard::new(&client);
        let now = Instant::now();
        guard.begin_try(None, now).expect("the client is there");
        assert!(guard.edited(&user(1, false), &user(1, true)).is_ok(), "nothing was seen before the first read");
        guard.begin_try(Some(&user(1, true)), now).expect("the client is there");
        assert!(guard.edited(&user(2, false), &user(2, true)).is_err());
        guard.begin_try(Some(&user(2, false)), now + STOOD_STILL).expect("the client is there");
        assert!(guard.edited(&user(9, false), &user(9, true)).is_ok(), "others write as well");
        guard.begin_try(Some(&user(9, false)), now + STOOD_STILL * 3).expect("the client is there");
        assert!(guard.edited(&user(10, false), &user(10, true)).is_ok(), "the two reads tell all");
        guard.begin_try(Some(&user(10, false)), now + STOOD_STILL * 5).expect("the client is there");
        assert!(guard.edited(&user(12, false), &user(12, true)).is_err(), "what was written meanwhile is hidden");
        client.end();
        assert!(guard.begin_try(Some(&user(12, false)), now).is_err(), "no try begins for nobody");
    }
}
