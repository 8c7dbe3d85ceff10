//! The portal: what one is to the company, the roll, and the switch that suspends a person.

use askama::Template;
use jiff::Timestamp;

use super::{PageFrame, PortalPart, View, stylesheet, texts};

/// You are signed in: one's own entry, groups and session.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// What the person is called.
    pub name: &'a str,
    /// What the Directory knows of the person.
    pub facts: Vec<PageFact<'a>>,
    /// The names of the groups, or the first of them.
    pub groups: Vec<&'a str>,
    /// Whether there are more groups.
    pub has_more_groups: bool,
    /// How the person signed in, a text of [`texts`].
    pub method: &'a str,
    /// When.
    pub since: Timestamp,
    /// When the session is over in any case.
    pub until: Timestamp,
    /// The token that proves that the forms are ours.
    pub token: &'a str,
    /// Where the form goes that ends this session.
    pub sign_out: &'a str,
    /// Where the form goes that ends all sessions.
    pub sign_out_everywhere: &'a str,
    /// Where one changes the password, if there is one.
    pub change_password: Option<&'a str>,
}

/// One thing that is known of a person.
#[derive(Clone, Debug)]
pub struct PageFact<'a> {
    /// What it is, a text of [`texts`].
    pub label: &'a str,
    /// What it says.
    pub value: &'a str,
}

/// The roll of the people.
#[derive(Clone, Debug, Template)]
#[template(path = "roll.html")]
pub struct RollPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// The page itself, without a query.
    pub action: &'a str,
    /// What is searched for; empty where everybody is shown.
    pub query: &'a str,
    /// How many people were found, a sentence of [`texts`].
    pub count: &'a str,
    /// The people of this page.
    pub rows: Vec<PersonRow<'a>>,
    /// The page before this one.
    pub previous: Option<&'a str>,
    /// The page after this one.
    pub next: Option<&'a str>,
}

/// One person of the roll.
#[derive(Clone, Debug)]
pub struct PersonRow<'a> {
    /// What the person is called.
    pub name: &'a str,
    /// The userName.
    pub user_name: &'a str,
    /// The userType as it counts.
    pub user_type: &'a str,
    /// The portal role as it counts.
    pub role: &'a str,
    /// Whether the person may log in.
    pub has_access: bool,
    /// The same in words, a text of [`texts`].
    pub access: &'a str,
    /// What the reader may do about it.
    pub switch: Option<SuspensionSwitch<'a>>,
}

/// The way to the page that suspends a person or lifts a suspension.
#[derive(Clone, Debug)]
pub struct SuspensionSwitch<'a> {
    /// The page.
    pub href: &'a str,
    /// Whether the portal keeps the person out now.
    pub is_suspended: bool,
}

/// Asks whether a person is to be suspended, or no longer: fields `suspended`, `reason` and `form`.
#[derive(Clone, Debug, Template)]
#[template(path = "suspension.html")]
pub struct SuspensionPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// What the person is called.
    pub name: &'a str,
    /// The userName.
    pub user_name: &'a str,
    /// Whether the portal keeps the person out now.
    pub is_suspended: bool,
    /// Since when, and why.
    pub facts: Vec<PageFact<'a>>,
    /// Where the form goes.
    pub action: &'a str,
    /// The token that proves that the form is ours.
    pub token: &'a str,
    /// Why the last attempt failed, a sentence of [`texts`].
    pub problem: Option<&'a str>,
    /// Back to the roll.
    pub cancel: &'a str,
}

impl View for SignedInPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}

impl View for RollPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}

impl View for SuspensionPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}
