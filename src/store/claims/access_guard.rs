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
    /// The object as this change read or wrote it last. What it meets on its way, as the holder of a claim that it frees, is
    /// no read: its edit was not asked about that.
    seen: Option<Object>,
}

/// That somebody waits for what is about to be begun.
pub(super) fn require_client(client: &Presence) -> Result<(), Error> {
    if client.is_gone() { Err(busy(GIVEN_UP)) } else { Ok(()) }
}

/// That access which an operation gives that began at `begun` may still be given at `now`: somebody waits for it, and it has
/// not slept. Whoever was created anew meanwhile and deleted again must not come back.
pub(super) fn require_timely(client: &Presence, begun: Instant, now: Instant) -> Result<(), Error> {
    require_client(client)?;
    if now.saturating_duration_since(begun) > LATEST {
        return Err(busy("the operation has taken too long to give access without a new look"));
    }
    Ok(())
}

impl<'a> AccessGuard<'a> {
    pub(super) fn new(client: &'a Presence) -> Self {
        Self { client, first_read: None, last_read: None, stood_still: false, seen: None }
    }

    /// A try is about to read the object.
    pub(super) fn begin_try(&mut self, now: Instant) -> Result<(), Error> {
        require_client(self.client)?;
        self.first_read.get_or_insert(now);
        self.stood_still = self.last_read.is_some_and(|last| now.saturating_duration_since(last) > STOOD_STILL);
        self.last_read = Some(now);
        Ok(())
    }

    /// The change has read the object, or written its intent.
    pub(super) fn saw(&mut self, object: Object) {
        self.seen = Some(object);
    }

    /// The edit has made `new` of what the try has just read.
    pub(super) fn edited(&self, read: &Object, new: &Object) -> Result<(), Error> {
        let Some(before) = &self.seen else { return Ok(()) };
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
        require_timely(self.client, self.first_read.unwrap_or(now), now)
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
            guard.begin_try(start).expect("the client is there");
            if is_gone {
                client.end();
            }
            assert_eq!(guard.before_commit(read, new, start + age).is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn a_later_try_does_not_go_over_a_loss_that_the_first_one_had_not_seen() {
        let client = Presence::default();
        let now = Instant::now();
        for (name, before, read, stood_still, expected) in [
            ("a deactivation", user(1, true), user(2, false), false, false),
            ("others write as well", user(2, false), user(9, false), false, true),
            ("one write, which the two reads tell", user(9, false), user(10, false), true, true),
            ("several writes, which they do not tell", user(10, false), user(12, false), true, false),
        ] {
            let mut guard = AccessGuard::new(&client);
            guard.begin_try(now).expect("the client is there");
            assert!(guard.edited(&before, &user(before.generation(), true)).is_ok(), "{name}: nothing was seen before");
            guard.saw(before);
            let pause = if stood_still { STOOD_STILL * 2 } else { STOOD_STILL };
            guard.begin_try(now + pause).expect("the client is there");
            assert_eq!(guard.edited(&read, &user(read.generation(), true)).is_ok(), expected, "{name}");
        }
        client.end();
        assert!(AccessGuard::new(&client).begin_try(now).is_err(), "no try begins for nobody");
    }
}
