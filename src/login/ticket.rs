//! The hand-over of a session to a host of an application that the cookie at our host does not reach.
//!
//! It begins at that host: the browser is given a cookie there and sent back to us with its digest ([`TicketRequest`]). The
//! [`Ticket`] then is good for half a minute, for one application, one host and the browser with that cookie. Nobody can log
//! another person's browser in at an application by sending a ticket, and one that was read from a log opens nothing.

use jiff::{SignedDuration, Timestamp};

use super::binding::BrowserDigest;
use super::fields::{FieldReader, FieldWriter};
use super::session::Session;

/// The version of the binary form of a ticket.
const FORM: u8 = 2;
/// The same of what asks for one: neither is ever read as the other.
const REQUEST_FORM: u8 = 3;
/// How long a redirect may take.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// A session on its way to the host of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The session.
    pub session: Session,
    /// The browser that may use it.
    pub browser: BrowserDigest,
    /// The host, with its port where it is not the usual one.
    pub host: String,
    /// Where the person goes from there, a whole address at that host.
    pub return_to: String,
}

/// What the host of an application is shown before there is a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRequest {
    /// The address of the login of the Directory, without a query: our own host is not known at that of an application.
    pub login_page: String,
    /// The host, with its port where it is not the usual one.
    pub host: String,
    /// Where the person goes in the end, a whole address at that host.
    pub return_to: String,
}

impl Ticket {
    /// The binary form of a ticket that is made at `now`, which is then sealed.
    pub fn to_bytes(&self, now: Timestamp) -> Vec<u8> {
        let Self { session, browser, host, return_to } = self;
        let mut writer = FieldWriter::new(FORM);
        writer.time(end(now));
        writer.bytes(&browser.0);
        writer.text(host);
        writer.text(return_to);
        writer.bytes(&session.to_bytes());
        writer.finish()
    }

    /// The ticket of a binary form, unless it is over at `now`.
    pub fn of_bytes(bytes: &[u8], now: Timestamp) -> Option<Self> {
        let mut reader = FieldReader::new(bytes, FORM)?;
        let expires_at = reader.time()?;
        let (browser, host, return_to) = (BrowserDigest(reader.bytes()?), reader.text()?, reader.text()?);
        let session = Session::of_bytes(reader.rest())?;
        (now < expires_at).then_some(Self { session, browser, host, return_to })
    }
}

impl TicketRequest {
    /// The binary form of what is made at `now`, which is then sealed.
    pub fn to_bytes(&self, now: Timestamp) -> Vec<u8> {
        let Self { login_page, host, return_to } = self;
        let mut writer = FieldWriter::new(REQUEST_FORM);
        writer.time(end(now));
        [login_page, host, return_to].into_iter().for_each(|text| writer.text(text));
        writer.finish()
    }

    /// That of a binary form, unless it is over at `now`.
    pub fn of_bytes(bytes: &[u8], now: Timestamp) -> Option<Self> {
        let mut reader = FieldReader::new(bytes, REQUEST_FORM)?;
        let expires_at = reader.time()?;
        let request = Self { login_page: reader.text()?, host: reader.text()?, return_to: reader.text()? };
        reader.end()?;
        (now < expires_at).then_some(request)
    }
}

fn end(now: Timestamp) -> Timestamp {
    now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX)
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
        let (host, return_to) = ("wiki.contoso.example".to_owned(), "https://wiki.contoso.example/".to_owned());
        let login_page = "https://id.contoso.example/login/acme/staff".to_owned();
        let request = TicketRequest { login_page, host: host.clone(), return_to: return_to.clone() };
        let ticket = Ticket { session, browser: BrowserDigest::of("mine"), host, return_to };
        let (bytes, asking) = (ticket.to_bytes(now), request.to_bytes(now));
        for (seconds, expected) in [(0, true), (29, true), (30, false), (31, false)] {
            let read = Ticket::of_bytes(&bytes, now + SignedDuration::from_secs(seconds));
            assert_eq!(read, expected.then(|| ticket.clone()), "after {seconds} s");
            let read = TicketRequest::of_bytes(&asking, now + SignedDuration::from_secs(seconds));
            assert_eq!(read, expected.then(|| request.clone()), "what asks for it after {seconds} s");
        }
        assert_eq!((Ticket::of_bytes(&asking, now), TicketRequest::of_bytes(&bytes, now)), (None, None));
        for end in 0..bytes.len() {
            assert_eq!(Ticket::of_bytes(&bytes[..end], now), None, "the first {end} bytes");
        }
        for end in 0..asking.len() {
            assert_eq!(TicketRequest::of_bytes(&asking[..end], now), None, "the first {end} bytes");
        }
    }
}
