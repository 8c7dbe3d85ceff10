//! An answer in place of the one that was asked for.

use axum::response::IntoResponse;

use super::VisitFailure;
use crate::http::edge::Answer;

/// The answer to somebody who does not get the page: another page, or the way to one. In a box, because it is large and seldom.
#[derive(Debug)]
pub struct Turned(Box<Answer>);

impl From<Answer> for Turned {
    fn from(answer: Answer) -> Self {
        Self(Box::new(answer))
    }
}

impl From<VisitFailure> for Turned {
    fn from(failure: VisitFailure) -> Self {
        failure.into_response().into()
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Answer {
        *self.0
    }
}
