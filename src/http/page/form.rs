//! A form that comes back: its type, its size, the time that it may take, and that it is one of ours.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;

use crate::http::urlencoded;
use crate::login::form::is_same_origin;

/// Largest form.
const MAX_FORM: usize = 16 * 1024;
/// Most fields: no form of ours has more than a handful.
const MAX_FIELDS: usize = 16;
/// How long a form may take to arrive.
const FORM_READ: Duration = Duration::from_secs(10);
/// The field with the token.
const TOKEN: &str = "form";

/// The fields of a form. One that came twice says nothing. Nothing prints the values: passwords are among them.
#[derive(Default)]
pub struct Form(BTreeMap<String, String>);

/// Why a form is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormRefused {
    /// It comes from another site.
    Foreign,
    /// It is of another type, too large, too slow or broken.
    Unreadable,
}

impl Form {
    /// Reads a form that a page of ours at `own_origin` has sent.
    pub async fn read(headers: &HeaderMap, own_origin: &str, body: Body) -> Result<Self, FormRefused> {
        if !is_same_origin(headers, own_origin) {
            return Err(FormRefused::Foreign);
        }
        let bytes = urlencoded::read(headers, body, MAX_FORM, FORM_READ).await;
        bytes.map(|bytes| Self::of(&bytes)).map_err(|_| FormRefused::Unreadable)
    }

    fn of(bytes: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        let mut twice = Vec::new();
        for (name, value) in url::form_urlencoded::parse(bytes).take(MAX_FIELDS) {
            if fields.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                twice.push(name.into_owned());
            }
        }
        twice.iter().for_each(|name| drop(fields.remove(name)));
        Self(fields)
    }

    /// A field; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The token that proves that the form is ours.
    pub fn token(&self) -> &str {
        self.field(TOKEN)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::http::urlencoded::URLENCODED;

    async fn read(lines: &[(&'static str, &'static str)], body: String) -> Result<String, FormRefused> {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = lines.iter().map(line).collect();
        let form = Form::read(&headers, "https://login.contoso.example", Body::from(body)).await?;
        Ok(format!("{}|{}", form.field("userName"), form.token()))
    }

    #[tokio::test]
    async fn a_form_of_ours_is_read_and_no_other() {
        let (ours, urlencoded) = (("sec-fetch-site", "same-origin"), ("content-type", URLENCODED));
        let body = || "userName=ada%40contoso.example&form=t+1&password=x".to_owned();
        let large = "a".repeat(MAX_FORM + 1);
        for (name, lines, body, expected) in [
            ("ours", &[ours, urlencoded][..], body(), Ok("ada@contoso.example|t 1")),
            (
                "with a charset",
                &[ours, ("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
                body(),
                Ok("ada@contoso.example|t 1"),
            ),
            ("twice", &[ours, urlencoded], format!("{}&userName=eve", body()), Ok("|t 1")),
            ("nothing", &[ours, urlencoded], String::new(), Ok("|")),
            ("another site's", &[("sec-fetch-site", "cross-site"), urlencoded], body(), Err(FormRefused::Foreign)),
            ("no browser's", &[urlencoded], body(), Err(FormRefused::Foreign)),
            ("JSON", &[ours, ("content-type", "application/json")], body(), Err(FormRefused::Unreadable)),
            ("no type", &[ours], body(), Err(FormRefused::Unreadable)),
            ("a large one", &[ours, urlencoded], large, Err(FormRefused::Unreadable)),
        ] {
            assert_eq!(read(lines, body).await.as_deref().map_err(|refused| *refused), expected, "{name}");
        }
    }
}
