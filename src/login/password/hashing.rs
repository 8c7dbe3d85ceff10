//! Hashes of passwords: Argon2id, and never more of them at a time than this machine can bear.
//!
//! A hash takes 19 MiB and some 30 ms on purpose. So many logins at once would be a way to take the operator down, hence two
//! hashes at a time, a short queue, and nothing for whoever comes then.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Hashes at a time.
pub const IN_FLIGHT: usize = 2;
/// Hashes that wait for their turn.
pub const QUEUE: usize = 16;
/// Memory of a hash, in KiB.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// So many wait already that no other one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being hashed")]
pub struct QueueFull;

/// Whether a password is the one of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is.
    Right,
    /// It is, and the hash was made with other parameters than those of today.
    RightButOld,
    /// It is not, or the text is no hash.
    Wrong,
}

/// What a password is compared with where there is none, so that the answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| compute("a password that nobody has"));

/// The hashes of this process. Cheap to clone.
#[derive(Clone)]
pub struct Hashing {
    waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { waiting: Arc::new(Semaphore::new(IN_FLIGHT + QUEUE)), running: Arc::new(Semaphore::new(IN_FLIGHT)) }
    }
}

impl Hashing {
    /// The hash of a password with a salt of its own, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, QueueFull> {
        self.in_turn(move || compute(&password)).await
    }

    /// Compares a password with a hash, or with that of nobody.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<PasswordVerdict, QueueFull> {
        self.in_turn(move || compare(&password, hash.as_deref())).await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, QueueFull> {
        let _place = self.waiting.try_acquire().map_err(|_| QueueFull)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.expect("nobody closes the semaphore");
        // The turn goes along: a client that leaves does not let a third hash in while its own still runs.
        let result = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        Ok(result.await.expect("a hash does not panic"))
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("parameters within the bounds of Argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn compute(password: &str) -> String {
    let hash = argon2().hash_password(password.as_bytes()).expect("a password within the bounds of Argon2");
    hash.to_string()
}

fn compare(password: &str, hash: Option<&str>) -> PasswordVerdict {
    let hash = hash.and_then(|hash| PasswordHash::new(hash).ok().filter(has_bearable_parameters));
    let Some(hash) = hash else {
        let nobody = PasswordHash::new(&NOBODY).expect("a hash of ours");
        // The same work; what comes of it does not matter.
        let _same_work = argon2().verify_password(password.as_bytes(), &nobody);
        return PasswordVerdict::Wrong;
    };
    match argon2().verify_password(password.as_bytes(), &hash) {
        Err(_) => PasswordVerdict::Wrong,
        Ok(()) if parameters(&hash) == Some((MEMORY, PASSES, LANES)) => PasswordVerdict::Right,
        Ok(()) => PasswordVerdict::RightButOld,
    }
}

fn parameters(hash: &PasswordHash) -> Option<(u32, u32, u32)> {
    let params = Params::try_from(hash).ok()?;
    Some((params.m_cost(), params.t_cost(), params.p_cost()))
}

/// Whether comparing with a hash takes no more than four times what one of ours takes: whoever may write a Secret must not
/// decide how much memory the operator uses.
fn has_bearable_parameters(hash: &PasswordHash) -> bool {
    parameters(hash).is_some_and(|(memory, passes, lanes)| memory <= 2 * MEMORY && passes <= 2 * PASSES && lanes <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash that is quickly made, by other parameters.
    fn old(password: &str) -> String {
        let params = Params::new(64, 1, 1, None).expect("parameters");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password(password.as_bytes()).expect("a hash").to_string()
    }

    #[test]
    fn a_password_is_right_for_its_own_hash_alone() {
        let hash = compute("correct horse battery");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, compute("correct horse battery"), "each has a salt of its own");
        let huge = hash.replace("m=19456", "m=4194304");
        let short = old("correct horse battery");
        for (name, password, hash, expected) in [
            ("the password", "correct horse battery", Some(hash.as_str()), PasswordVerdict::Right),
            ("by parameters of yesterday", "correct horse battery", Some(&short), PasswordVerdict::RightButOld),
            ("another letter case", "Correct horse battery", Some(&hash), PasswordVerdict::Wrong),
            ("nothing", "", Some(&hash), PasswordVerdict::Wrong),
            ("of nobody", "a password that nobody has", None, PasswordVerdict::Wrong),
            ("no hash", "x", Some("x"), PasswordVerdict::Wrong),
            ("four GiB", "correct horse battery", Some(&huge), PasswordVerdict::Wrong),
        ] {
            assert_eq!(compare(password, hash), expected, "{name}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn threat_49_two_hashes_run_a_few_wait_and_the_others_are_refused() {
        let hashing = Hashing::default();
        let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(parking_lot::Mutex::new(gate));
        let attempts = (0..200).map(|_| {
            let (hashing, most, gate) = (hashing.clone(), Arc::clone(&most), Arc::clone(&gate));
            tokio::spawn(async move {
                let running = Arc::clone(&hashing.running);
                let work = move || {
                    let now = IN_FLIGHT - running.available_permits();
                    most.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
                    gate.lock().recv().expect("the test lets each one go");
                };
                hashing.in_turn(work).await
            })
        });
        let attempts: Vec<_> = attempts.collect();
        // Those that are refused end by themselves; only then may the others go on.
        while attempts.iter().filter(|attempt| attempt.is_finished()).count() < 200 - IN_FLIGHT - QUEUE {
            tokio::task::yield_now().await;
        }
        (0..IN_FLIGHT + QUEUE).for_each(|_| release.send(()).expect("somebody waits"));
        let results = futures::future::join_all(attempts).await;
        let done = results.iter().filter(|result| matches!(result, Ok(Ok(())))).count();
        assert_eq!(done, IN_FLIGHT + QUEUE);
        assert_eq!(most.load(std::sync::atomic::Ordering::Relaxed), IN_FLIGHT);
    }
}
