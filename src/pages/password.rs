//! The forms of accounts with a password of ours.

use askama::Template;

use super::{PageFrame, PortalPart, ProviderButton, View, stylesheet, texts};

/// The form that signs in with a password: fields `userName`, `password` and `form`, the token.
#[derive(Clone, Debug, Template)]
#[template(path = "password.html")]
pub struct PasswordPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// What the application is called that one wants to go to, if it is one.
    pub application: Option<&'a str>,
    /// Where the form goes.
    pub action: &'a str,
    /// The token that proves that the form is ours.
    pub token: &'a str,
    /// Why the last attempt failed, a sentence of [`texts`].
    pub problem: Option<&'a str>,
    /// The other way to sign in, where there is one.
    pub provider: Option<ProviderButton<'a>>,
}

/// The form that sets a password: fields `new`, `again`, `form`, and `password` where the old one is asked for.
#[derive(Clone, Debug, Template)]
#[template(path = "new_password.html")]
pub struct NewPasswordPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// What the form is for, a heading of [`texts`].
    pub heading: &'a str,
    /// Whose password it is, which is what a password manager keeps it under.
    pub user_name: &'a str,
    /// Whether the old password is asked for.
    pub asks_for_old: bool,
    /// Where the form goes.
    pub action: &'a str,
    /// The token that proves that the form is ours.
    pub token: &'a str,
    /// Why the last attempt failed, a sentence of [`texts`].
    pub problem: Option<&'a str>,
    /// Where one leaves the form.
    pub cancel: Option<&'a str>,
}

impl View for PasswordPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}

impl View for NewPasswordPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}
