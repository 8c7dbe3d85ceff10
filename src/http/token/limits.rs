//! The bounds of the doors for tokens.

use std::time::Duration;

/// Largest form: a token of Entra with many roles has about 4 KiB.
pub(super) const MAX_FORM: usize = 64 * 1024;
/// From the head to the last byte of the form.
pub(super) const FORM_READ: Duration = Duration::from_secs(20);
/// Tokens that are verified at the same time. Each costs a check of an RSA signature, or waits for the provider's keys; more
/// of them are answered 503.
pub(super) const MAX_VERIFICATIONS: usize = 64;
/// `Retry-After` of a 503.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Longest time, in seconds, for which whoever asked may go on without asking again: a deactivation acts after it at the latest.
pub(super) const MAX_CACHE: i64 = 60;
/// Most groups that are told of a person: as many as one may be a direct member of.
pub(super) const MAX_GROUPS: usize = 2_048;
