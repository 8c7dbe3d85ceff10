//! The pages that people see, as values that become HTML. Nothing is decided and nothing is fetched here.
//!
//! A page is a struct with a template under `templates/`; whoever serves it fills the struct and calls [`answer()`]. Every
//! sentence stands in [`texts`], so a page has one place to be corrected and none of it repeats what a request said. The
//! pages need no script: [`answer()`] sends a Content-Security-Policy that allows none.

mod answer;
mod notice;
mod password;
mod portal;
mod sign_in;
mod stylesheet;
#[cfg(test)]
mod tests;
pub mod texts;

pub use answer::answer;
pub use notice::{NoticePage, PageLink, Tone};
pub use password::{NewPasswordPage, PasswordPage};
pub use portal::{PageFact, PersonRow, RollPage, SignedInPage, SuspensionPage, SuspensionSwitch};
pub use sign_in::{ProviderButton, SignInPage};

/// A page: a template, and what surrounds it.
pub trait View: askama::Template {
    /// What surrounds it.
    fn frame(&self) -> &PageFrame<'_>;
}

/// What every page shows around its own content.
#[derive(Clone, Debug, Default)]
pub struct PageFrame<'a> {
    /// The company's name, or that of the Directory.
    pub company: &'a str,
    /// The company's logo as a data URL.
    pub logo: Option<&'a str>,
    /// The ways through the portal, for a person who is signed in.
    pub navigation: Option<Navigation<'a>>,
    /// The origins, such as `https://wiki.contoso.example`, to which an answer to one of the page's forms may redirect beside
    /// our own. Browsers hold such redirects against `form-action` as well.
    pub form_targets: Vec<String>,
}

/// The ways through the portal.
#[derive(Clone, Debug)]
pub struct Navigation<'a> {
    /// The page about oneself.
    pub me: &'a str,
    /// The roll, for those who may see it.
    pub people: Option<&'a str>,
    /// Which of them is shown.
    pub place: PortalPart,
}

/// A part of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalPart {
    /// The page about oneself.
    Me,
    /// The roll of the people.
    People,
}
