//! The form of a question: `token=...`, and other parameters that say nothing to us.

use axum::body::Body;
use http::HeaderMap;

use super::answer::TokenFailure;
use super::limits::{FORM_READ, MAX_FORM};
use crate::http::urlencoded::{self, UnreadableBody};

/// The token that is asked about.
pub(super) async fn token(headers: &HeaderMap, body: Body) -> Result<String, TokenFailure> {
    let body = urlencoded::read(headers, body, MAX_FORM, FORM_READ).await.map_err(|unreadable| match unreadable {
        UnreadableBody::Type => {
            TokenFailure::Request("send the token as a form: Content-Type application/x-www-form-urlencoded")
        }
        UnreadableBody::TooLarge => TokenFailure::TooLarge,
        UnreadableBody::TooSlow => TokenFailure::TooSlow,
    })?;
    let mut tokens = url::form_urlencoded::parse(&body).filter(|(name, _)| name == "token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) if !token.is_empty() => Ok(token.into_owned()),
        _ => Err(TokenFailure::Request("send exactly one parameter token")),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CONTENT_TYPE;

    use super::*;

    #[tokio::test]
    async fn exactly_one_token_is_asked_about() {
        let form = "application/x-www-form-urlencoded";
        let long = format!("token={}", "x".repeat(MAX_FORM));
        for (name, media_type, body, expected) in [
            ("a token", form, "token=a.b.c", Some("a.b.c")),
            (
                "a hint beside it",
                "Application/X-WWW-Form-URLencoded; charset=utf-8",
                "token_type_hint=x&token=a%2Eb",
                Some("a.b"),
            ),
            ("none", form, "tokens=a", None),
            ("an empty one", form, "token=", None),
            ("two", form, "token=a&token=b", None),
            ("JSON", "application/json", "token=a", None),
            ("too large", form, &long, None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(media_type).expect("a value"))]);
            let found = token(&headers, Body::from(body.to_owned())).await;
            assert_eq!(found.ok().as_deref(), expected, "{name}");
        }
    }
}
