//! Pages that say one thing: you are signed out, you may not come in, something went wrong.

use askama::Template;

use super::{PageFrame, PortalPart, View, stylesheet, texts};

/// A page that says one thing.
#[derive(Clone, Debug, Template)]
#[template(path = "notice.html")]
pub struct NoticePage<'a> {
    frame: PageFrame<'a>,
    tone: Tone,
    heading: &'a str,
    sentence: &'a str,
    contact: Option<&'a str>,
    request_id: Option<&'a str>,
    links: Vec<PageLink<'a>>,
}

/// What sort of news a page brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done.
    Good,
    /// Refused.
    Denied,
    /// Something went wrong.
    Problem,
}

impl std::fmt::Display for Tone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Good => "good",
            Self::Denied => "denied",
            Self::Problem => "problem",
        })
    }
}

/// A way onward.
#[derive(Clone, Debug)]
pub struct PageLink<'a> {
    /// The address.
    pub href: &'a str,
    /// What it leads to.
    pub label: &'a str,
}

impl<'a> NoticePage<'a> {
    /// Somebody is known, or not, and may not come in. `reason` is one of the sentences of [`texts`], `contact` whom the
    /// company says to ask, and `other_account` where one signs in as somebody else.
    pub fn denied(
        frame: PageFrame<'a>,
        reason: &'a str,
        contact: Option<&'a str>,
        request_id: &'a str,
        other_account: Option<&'a str>,
    ) -> Self {
        let links = other_account.map(|href| PageLink { href, label: texts::OTHER_ACCOUNT }).into_iter().collect();
        Self {
            frame,
            tone: Tone::Denied,
            heading: texts::DENIED,
            sentence: reason,
            contact: Some(contact.unwrap_or(texts::DEFAULT_CONTACT)),
            request_id: Some(request_id),
            links,
        }
    }

    /// Something went wrong. `what` is one of the sentences of [`texts`], and `again` where one begins anew.
    pub fn error(frame: PageFrame<'a>, what: &'a str, request_id: &'a str, again: Option<&'a str>) -> Self {
        let links = again.map(|href| PageLink { href, label: texts::TRY_AGAIN }).into_iter().collect();
        Self {
            frame,
            tone: Tone::Problem,
            heading: texts::ERROR,
            sentence: what,
            contact: None,
            request_id: Some(request_id),
            links,
        }
    }

    /// One session is over, or all are; `again` is where one signs in.
    pub fn signed_out(frame: PageFrame<'a>, everywhere: bool, again: &'a str) -> Self {
        let sentence = if everywhere { texts::SIGNED_OUT_EVERYWHERE } else { texts::SIGNED_OUT_HERE };
        Self::good(frame, texts::SIGNED_OUT, sentence, PageLink { href: again, label: texts::SIGN_IN_AGAIN })
    }

    /// A password was set; `next` is where one goes on.
    pub fn password_saved(frame: PageFrame<'a>, next: PageLink<'a>) -> Self {
        Self::good(frame, texts::PASSWORD_SAVED, texts::PASSWORD_SAVED_LEAD, next)
    }

    fn good(frame: PageFrame<'a>, heading: &'a str, sentence: &'a str, next: PageLink<'a>) -> Self {
        Self { frame, tone: Tone::Good, heading, sentence, contact: None, request_id: None, links: vec![next] }
    }
}

impl View for NoticePage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}
