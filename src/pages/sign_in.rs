//! The page that asks how one wants to sign in. It is shown where there is a choice.

use askama::Template;

use super::{PageFrame, PortalPart, View, stylesheet, texts};

/// The ways to sign in.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    /// What surrounds it.
    pub frame: PageFrame<'a>,
    /// What the application is called that one wants to go to, if it is one.
    pub application: Option<&'a str>,
    /// At the provider.
    pub provider: Option<ProviderButton<'a>>,
    /// Where the form for a password is.
    pub password: Option<&'a str>,
}

/// The way to the provider.
#[derive(Clone, Debug)]
pub struct ProviderButton<'a> {
    /// Where the login at the provider begins.
    pub href: &'a str,
    /// Whether the provider is Microsoft's.
    pub is_microsoft: bool,
}

impl View for SignInPage<'_> {
    fn frame(&self) -> &PageFrame<'_> {
        &self.frame
    }
}
