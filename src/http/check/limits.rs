//! The bounds of the check door.

use std::time::Duration;

/// Largest head of an answer, all headers together: nginx reads it into one page of memory, and answers 502 to a larger one.
pub(super) const MAX_HEAD: usize = 4_096;
/// What of [`MAX_HEAD`] the edge and the HTTP library may use: the status line, `date`, `content-length`, `connection`,
/// `cache-control` and an `x-request-id` of the longest form.
pub(super) const RESERVED: usize = 320;

/// Longest userName in a header. A person with a longer one is refused: half a name may be somebody else's.
pub(super) const MAX_USER_NAME: usize = 256;
/// Longest e-mail address in a header; a longer one is left out. RFC 5321 allows no more.
pub(super) const MAX_EMAIL: usize = 254;
/// Longest userType in a header; a longer one is left out.
pub(super) const MAX_USER_TYPE: usize = 128;
/// Longest displayName in a header; a longer one is cut.
pub(super) const MAX_DISPLAY_NAME: usize = 128;
/// Most groups in a header.
pub(super) const MAX_GROUPS: usize = 50;
/// Longest list of groups in a header.
pub(super) const MAX_GROUPS_BYTES: usize = 1_536;

/// Longest address of the login in an answer: with a longer one the application's front page is where the login ends.
pub(super) const MAX_LOGIN_URL: usize = 2_048;

/// `Retry-After` of a 503.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);
