//! The hand-over of a session to a host of an application that the cookie at our host does not reach.
//!
//! A ticket travels in the address of one redirect. It is good for half a minute, for one application and one host, and what it
//! becomes there is a cookie that opens nothing else.

use jiff::{SignedDuration, Timestamp};

use super::fields::{FieldReader, FieldWriter};
use super::session::Session;

/// The version of the binary form.
const FORM: u8 = 1;
/// How long a redirect may take.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// A session on its way to the host of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The session.
    pub session: Session,
    /// The host, with its port where it is not the usual one.
    pub host: String,
    /// Where the person goes from there, a whole address at that host.
    pub return_to: String,
    /// When it is over.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// A ticket that is made at `now`.
    pub fn new(session: Session, host: String, return_to: String, now: Timestamp) -> Self {
        Self { session, host, return_to, expires_at: now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX) }
    }

    /// The binary form, which is then sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { session, host, return_to, expires_at } = self;
        let mut writer = FieldWriter::new(FORM);
        writer.time(*expires_at);
        writer.text(host);
        writer.text(return_to);
        writer.bytes(&session.to_bytes());
        writer.finish()
    }

    /// The ticket of a binary form, unless it is over at `now`.
    pub fn of_bytes(bytes: &[u8], now: Timestamp) -> Option<Self> {
        let mut reader = FieldReader::new(bytes, FORM)?;
        let (expires_at, host, return_to) = (reader.time()?, reader.text()?, reader.text()?);
        let session = Session::of_bytes(reader.rest())?;
        (now < expires_at).then_some(Self { session, host, return_to, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::directory_user::LoginMethod;

    #[test]
    fn a_ticket_is_good_for_half_a_minute() {
        let now = Timestamp::constant(1_767_225_600, 0);
        let session = Session {
            id: [1; 16],
            user: "ada-1".to_owned(),
            uid: *b"f81d4fae",
            account_object: None,
            epoch: 0,
            issued_at: now,
            checked_at: now,
            seen_at: now,
            expires_at: now,
            method: LoginMethod::BuiltIn,
            login_hint: None,
        };
        let ticket =
            Ticket::new(session, "wiki.contoso.example".to_owned(), "https://wiki.contoso.example/".to_owned(), now);
        let bytes = ticket.to_bytes();
        for (seconds, expected) in [(0, true), (29, true), (30, false), (31, false)] {
            let read = Ticket::of_bytes(&bytes, now + SignedDuration::from_secs(seconds));
            assert_eq!(read, expected.then(|| ticket.clone()), "after {seconds} s");
        }
        for end in 0..bytes.len() {
            assert_eq!(Ticket::of_bytes(&bytes[..end], now), None, "the first {end} bytes");
        }
    }
}
