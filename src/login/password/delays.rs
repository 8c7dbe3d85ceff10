//! How long somebody waits after wrong passwords.
//!
//! The first few are free, and then each doubles the wait, up to a quarter of an hour: a delay and never a lock, because a lock
//! would let anybody keep anybody out. Failures are counted by the name that was tried, whether anybody has it or not, and by
//! the network that tried. An attempt counts as a failure before it is looked at, so attempts side by side are no way round.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// Failures of one name before there is a wait.
pub const FREE_OF_NAME: u32 = 5;
/// Failures of one network before there is a wait: an office has one address for everybody.
pub const FREE_OF_SOURCE: u32 = 30;
/// The first wait.
const FIRST: SignedDuration = SignedDuration::from_secs(10);
/// The longest wait.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// After so long without a failure they are forgotten.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// Most names and networks that are kept.
const MAX_KEPT: usize = 20_000;

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Suspect {
    /// A user name in its canonical form: namespace, Directory, name.
    Name(String, String, String),
    /// A network: /24 of IPv4, /64 of IPv6.
    Source(IpAddr),
}

impl Suspect {
    /// The network of an address.
    pub fn source(address: IpAddr) -> Self {
        Self::Source(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4((u32::from(address) & !0xff).into()),
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        })
    }

    fn free(&self) -> u32 {
        match self {
            Self::Name(..) => FREE_OF_NAME,
            Self::Source(_) => FREE_OF_SOURCE,
        }
    }
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streak {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub last: Timestamp,
}

impl Streak {
    /// Until when the next attempt waits, if it does.
    fn wait_until(&self, free: u32) -> Option<Timestamp> {
        let beyond = self.failures.checked_sub(free)?;
        let wait = FIRST.checked_mul(1_i32.checked_shl(beyond).filter(|factor| *factor > 0).unwrap_or(i32::MAX));
        self.last.checked_add(wait.unwrap_or(LONGEST).min(LONGEST)).ok()
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.last) >= MEMORY
    }
}

/// The failures that this process has seen, and what other replicas told of theirs.
#[derive(Debug, Default)]
pub struct Delays(Mutex<HashMap<Suspect, Streak>>);

impl Delays {
    /// Begins an attempt, unless one of these must wait: then the error is until when. It counts as a failure of each until
    /// [`Delays::succeeded`] is called.
    pub fn begin(&self, suspects: &[Suspect], now: Timestamp) -> Result<(), Timestamp> {
        let mut kept = self.0.lock();
        if let Some(until) = longest_wait(&kept, suspects, now) {
            return Err(until);
        }
        for suspect in suspects {
            make_room(&mut kept, now);
            let streak = kept.entry(suspect.clone()).or_insert(Streak { failures: 0, last: now });
            let failures = if streak.is_forgotten(now) { 0 } else { streak.failures };
            *streak = Streak { failures: failures.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// Until when an attempt of these would have to wait, if it would.
    pub fn wait(&self, suspects: &[Suspect], now: Timestamp) -> Option<Timestamp> {
        longest_wait(&self.0.lock(), suspects, now)
    }

    /// The attempt was no failure: the name begins anew, and the network gets back the one that was counted.
    pub fn succeeded(&self, suspects: &[Suspect]) {
        let mut kept = self.0.lock();
        for suspect in suspects {
            match suspect {
                Suspect::Name(..) => drop(kept.remove(suspect)),
                Suspect::Source(_) => take_back_one(&mut kept, suspect),
            }
        }
    }

    /// Nothing was found out about the password, so the attempt was neither a failure nor a success: what [`Delays::begin`] counted is
    /// taken back, and the failures before it stand.
    pub fn undecided(&self, suspects: &[Suspect]) {
        let mut kept = self.0.lock();
        for suspect in suspects {
            take_back_one(&mut kept, suspect);
        }
    }

    /// The failures in a row.
    pub fn streak(&self, suspect: &Suspect) -> Option<Streak> {
        self.0.lock().get(suspect).copied()
    }

    /// Takes over what another replica has seen, where that is more. Returns until when the next attempt waits, if it does.
    pub fn learn(&self, suspect: &Suspect, told: Streak, now: Timestamp) -> Option<Timestamp> {
        // A clock that runs ahead must not keep anybody out for longer than the longest wait.
        let told = Streak { last: told.last.min(now), ..told };
        if told.is_forgotten(now) {
            return None;
        }
        let mut kept = self.0.lock();
        make_room(&mut kept, now);
        let streak = kept.entry(suspect.clone()).or_insert(told);
        if told.failures > streak.failures {
            *streak = told;
        }
        streak.wait_until(suspect.free()).filter(|until| *until > now)
    }
}

fn take_back_one(kept: &mut HashMap<Suspect, Streak>, suspect: &Suspect) {
    if let Some(streak) = kept.get_mut(suspect) {
        streak.failures = streak.failures.saturating_sub(1);
    }
}

fn longest_wait(kept: &HashMap<Suspect, Streak>, suspects: &[Suspect], now: Timestamp) -> Option<Timestamp> {
    let waits = suspects.iter().filter_map(|suspect| {
        let streak = kept.get(suspect).filter(|streak| !streak.is_forgotten(now))?;
        streak.wait_until(suspect.free()).filter(|until| *until > now)
    });
    waits.max()
}

/// Keeps the number bounded: what is forgotten goes first, then whoever has failed least.
fn make_room(kept: &mut HashMap<Suspect, Streak>, now: Timestamp) {
    if kept.len() < MAX_KEPT {
        return;
    }
    kept.retain(|_, streak| !streak.is_forgotten(now));
    let mut least = 1;
    while kept.len() >= MAX_KEPT {
        kept.retain(|_, streak| streak.failures > least);
        least = least.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn name(name: &str) -> Suspect {
        Suspect::Name("n".to_owned(), "staff".to_owned(), name.to_owned())
    }

    #[test]
    fn threat_49_after_five_failures_each_doubles_the_wait_up_to_a_quarter_of_an_hour() {
        let (delays, ada) = (Delays::default(), [name("ada")]);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..14 {
            assert_eq!(delays.begin(&ada, at(now)), Ok(()));
            let until = delays.begin(&ada, at(now)).map_or_else(Timestamp::as_second, |()| now);
            if until == now {
                // Both attempts were let in.
                waits.push(0);
                continue;
            }
            assert!(delays.begin(&ada, at(until - 1)).is_err(), "a second too early");
            waits.push(until - now);
            now = until;
        }
        assert_eq!(waits, [0, 0, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900, 900]);
        assert_eq!(delays.begin(&[name("eve")], at(now)), Ok(()), "nobody else waits");
        delays.succeeded(&ada);
        assert_eq!(delays.streak(&ada[0]), None);
    }

    #[test]
    fn failures_are_forgotten_after_an_hour() {
        let (delays, ada) = (Delays::default(), [name("ada")]);
        (0..5).for_each(|_| delays.begin(&ada, at(0)).expect("free"));
        assert!(delays.begin(&ada, at(1)).is_err());
        assert_eq!(delays.begin(&ada, at(3_600)), Ok(()));
        assert_eq!(delays.streak(&ada[0]).expect("a streak").failures, 1);
    }

    #[test]
    fn a_network_waits_after_many_failures_and_a_success_gives_one_back() {
        let delays = Delays::default();
        let network = |text: &str| Suspect::source(text.parse().expect("an address"));
        assert_eq!(network("192.0.2.7"), network("192.0.2.200"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.1"));
        assert_eq!(network("2001:db8:1:2::7"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("192.0.2.7"), network("192.0.3.7"));
        let mut tried = 0;
        while delays.begin(&[name(&format!("n{tried}")), network("192.0.2.7")], at(0)).is_ok() {
            tried += 1;
        }
        assert_eq!(tried, FREE_OF_SOURCE, "one guess for each of many names is seen by the network");
        delays.succeeded(&[name("n0"), network("192.0.2.7")]);
        assert_eq!(delays.streak(&network("192.0.2.9")).expect("a streak").failures, FREE_OF_SOURCE - 1);
    }

    #[test]
    fn an_attempt_that_nobody_looked_at_leaves_the_failures_before_it() {
        let (delays, ada) =
            (Delays::default(), [name("ada"), Suspect::source("192.0.2.7".parse().expect("an address"))]);
        for _ in 0..4 {
            delays.begin(&ada, at(0)).expect("free");
        }
        delays.begin(&ada, at(0)).expect("free");
        delays.undecided(&ada);
        let failures = ada.each_ref().map(|suspect| delays.streak(suspect).expect("a streak").failures);
        assert_eq!(failures, [4, 4], "a full queue must not wipe out the guesses before it");
        delays.begin(&ada, at(0)).expect("the fifth is free");
        assert!(delays.begin(&ada, at(0)).is_err());
    }

    #[test]
    fn what_another_replica_saw_counts_here_and_a_wrong_clock_keeps_nobody_out() {
        let (delays, ada) = (Delays::default(), name("ada"));
        let told = |failures, last| Streak { failures, last: at(last) };
        assert_eq!(delays.learn(&ada, told(6, 100), at(110)), Some(at(120)));
        assert!(delays.begin(std::slice::from_ref(&ada), at(110)).is_err());
        assert_eq!(delays.learn(&ada, told(5, 110), at(110)), Some(at(120)), "the larger number stands");
        assert_eq!(delays.learn(&name("eve"), told(5, 999_999), at(110)), Some(at(120)));
        assert_eq!(delays.learn(&name("old"), told(50, 100), at(3_700)), None);
    }

    #[test]
    fn the_number_of_names_is_bounded_and_whoever_failed_often_is_kept() {
        let (delays, ada) = (Delays::default(), name("ada"));
        (0..5).for_each(|_| delays.begin(std::slice::from_ref(&ada), at(0)).expect("free"));
        for number in 0..MAX_KEPT + 10 {
            delays.begin(&[name(&number.to_string())], at(1)).expect("free");
        }
        assert!(delays.0.lock().len() <= MAX_KEPT);
        assert!(delays.begin(&[ada], at(2)).is_err());
    }
}
