//! A form of ours that comes back: its fields, and the proof that it is ours.

use axum::body::Bytes;
use http::StatusCode;

use super::{Browser, Failure, Query, Visit};
use crate::login::form::is_same_origin;
use crate::pages::texts::error;

/// The field with the token.
const TOKEN: &str = "form";

/// A form that came back from a page of ours.
#[derive(Clone, Debug)]
pub struct SignedForm(Query);

impl SignedForm {
    /// The fields of a form, if a page of ours sent it and `owner` was shown it: the id of a session, or the cookie of a login.
    pub fn read(browser: &Browser, visit: &Visit, owner: &str, body: &Bytes) -> Result<Self, Failure> {
        let forbidden = |reason: &str| visit.failure(StatusCode::FORBIDDEN, error::FORM, reason);
        if !is_same_origin(&visit.headers, &visit.origin()) {
            return Err(forbidden("the form does not come from a page of ours"));
        }
        let fields = Query::parse(body);
        let token = fields.one(TOKEN).map_err(forbidden)?.unwrap_or_default();
        if !browser.logins.is_form_valid(&visit.directory, owner, token, visit.now) {
            return Err(forbidden("the token of the form is not valid"));
        }
        Ok(Self(fields))
    }

    /// A field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.one(name).ok().flatten()
    }
}
