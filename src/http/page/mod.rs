//! What the doors that show pages share: what surrounds a page, refusals as pages, and forms that come back.

mod form;

pub use form::{Form, FormRefused};

use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};

use crate::http::edge::{Answer, Refused, RequestNote};
use crate::pages::{self, NoticePage, PageFrame, texts};
use crate::rules::access::Denial;
use crate::store::WatchedDirectory;

/// What pages are called that belong to no Directory.
const NO_COMPANY: &str = "Rollcall";

/// What surrounds the pages of a Directory.
pub fn frame(directory: &WatchedDirectory) -> PageFrame<'_> {
    let branding = directory.spec.login.as_ref().map(|login| &login.branding);
    let company = branding.and_then(|branding| branding.display_name.as_deref()).unwrap_or(&directory.name);
    PageFrame { company, logo: branding.and_then(|branding| branding.logo.as_deref()), ..PageFrame::default() }
}

/// Whom somebody asks who is refused, if the Directory says so.
pub fn contact(directory: &WatchedDirectory) -> Option<&str> {
    directory.spec.login.as_ref()?.branding.contact.as_deref()
}

/// 403: a person may not come in, for a reason of [`texts::denied`].
pub fn denied(directory: &WatchedDirectory, reason: &str, note: &RequestNote, other_account: Option<&str>) -> Answer {
    let page = NoticePage::denied(frame(directory), reason, contact(directory), note.request_id(), other_account);
    pages::answer(StatusCode::FORBIDDEN, &page)
}

/// Something went wrong, as one of [`texts::error`] says.
pub fn error(
    status: StatusCode,
    directory: Option<&WatchedDirectory>,
    what: &str,
    note: &RequestNote,
    again: Option<&str>,
) -> Answer {
    let frame = directory.map_or(PageFrame { company: NO_COMPANY, ..PageFrame::default() }, frame);
    pages::answer(status, &NoticePage::error(frame, what, note.request_id(), again))
}

/// What the edge refuses, as a page. Its request is not known any more.
pub fn refused(refused: &Refused) -> Answer {
    let (status, what) = match refused {
        Refused::UrlTooLong => (StatusCode::URI_TOO_LONG, texts::error::TOO_LARGE),
        Refused::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, texts::error::TOO_LARGE),
        Refused::NoHost => (StatusCode::BAD_REQUEST, texts::error::BAD_REQUEST),
        Refused::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, texts::error::METHOD),
        Refused::Panic => (StatusCode::INTERNAL_SERVER_ERROR, texts::error::INTERNAL),
    };
    let frame = PageFrame { company: NO_COMPANY, ..PageFrame::default() };
    pages::answer(status, &NoticePage::error(frame, what, "", None))
}

/// 303: the browser goes on with GET. An address that no header can hold is a bug, and leads nowhere.
pub fn see_other(location: &str) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    answer.headers_mut().insert(LOCATION, location);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Why a person has no access, in the words that the person may read.
pub fn denial(denial: Denial) -> &'static str {
    match denial {
        Denial::Deleted | Denial::Rejected => texts::denied::NOT_IN_DIRECTORY,
        Denial::ValueTaken => texts::denied::CONFLICT,
        Denial::Inactive => texts::denied::INACTIVE,
        Denial::Suspended | Denial::SuspendedByPortal => texts::denied::SUSPENDED,
        Denial::LoginDisabled => texts::denied::LOGIN_DISABLED,
        Denial::MethodUnavailable => texts::denied::METHOD_UNAVAILABLE,
        Denial::ForeignLink => texts::denied::OTHER_TENANT,
    }
}
