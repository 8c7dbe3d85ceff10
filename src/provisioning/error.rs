//! Why an operation was not carried out, in words that know neither HTTP nor Kubernetes.

use std::time::Duration;

use crate::scim;
use crate::store::{self, claims};

/// The outcome of an operation that was not carried out. Nothing of it has taken effect, or what has is
/// idempotent and healed by the janitor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong; the text says what to mend.
    #[error(transparent)]
    Scim(#[from] scim::Error),
    /// No such resource in this Directory, a deleted one, or one of another Directory.
    #[error("no resource with this id in this directory")]
    NotFound,
    /// Another resource of this Directory holds the value.
    #[error("{attribute} is taken by {holder}; give one of the two another value")]
    Taken {
        /// The SCIM name of the attribute.
        attribute: String,
        /// Who has the value.
        holder: TakenBy,
    },
    /// The API server refuses the object itself: a bound of the kind's schema that `scim` did not check. Its own words.
    #[error("{0}")]
    Refused(String),
    /// The request was refused, and the person whom it asked to deactivate was deactivated all the same.
    #[error("{}. The person was deactivated all the same; nothing else of the request was stored.", open_ended(.0))]
    Deactivated(Box<Error>),
    /// The request was refused, and the person whom it asked to deactivate was inactive before.
    #[error("{}. The person is inactive already; nothing of the request was stored.", open_ended(.0))]
    Inactive(Box<Error>),
    /// The resource has moved on since the version in If-Match was read.
    #[error("the resource has changed since this version was read; read it again and repeat the change")]
    PreconditionFailed,
    /// As many people of the Directory were deleted within the hour as may be.
    #[error(
        "the deletion was not carried out: {deleted} people of this directory were deleted within an hour, and \
         spec.maxDeletesPerHour allows {limit}. It can be sent again later; spec.massDeleteOverrideUntil of the Directory \
         lifts the limit until the time in it. A deactivation (active: false) is never limited."
    )]
    Braked {
        /// How many were deleted, those included whose deletion is under way.
        deleted: usize,
        /// How many may be.
        limit: usize,
        /// After what time a deletion goes through, if it will by itself.
        opens_in: Option<Duration>,
    },
    /// Lost races, a resource that the janitor is about to settle, an index that is not fresh, an API server
    /// that is away: may heal by itself. The reason is for the log.
    #[error("{reason}")]
    Unavailable {
        /// For the log and the metric, never for the client.
        reason: String,
    },
    /// A fault that a repetition does not heal. For the log.
    #[error("{0}")]
    Broken(String),
}

/// Who has a value that was asked for. Whoever asks over SCIM may read the Directory, and no more than that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakenBy {
    /// The resource of this id, which the client sees.
    #[error("the resource with the id \"{0}\"")]
    Resource(String),
    /// An account that people wrote, in a Directory that hides these: of it nothing is told.
    #[error("an account of the directory's own")]
    BuiltIn,
    /// The object of this name, of which nobody has asked yet whether the client sees it: of it nothing is told.
    #[error("another resource of this directory")]
    Unknown(String),
}

/// The text of a refusal, so that another sentence can follow.
fn open_ended(refusal: &Error) -> String {
    let text = refusal.to_string();
    text.trim_end().trim_end_matches('.').to_owned()
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            store::Error::Invalid(message) => Self::Refused(message),
            store::Error::TooLarge => {
                Self::Scim(scim::Error::TooLarge("the resource is larger than the cluster stores".to_owned()))
            }
            // A right may be granted, and is there again a moment after an API server has started.
            error @ (store::Error::Conflict | store::Error::Forbidden(_) | store::Error::Unavailable { .. }) => {
                Self::Unavailable { reason: error.to_string() }
            }
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<claims::Error> for Error {
    fn from(error: claims::Error) -> Self {
        match error {
            // `User.userName` is `userName` for whoever reads the answer.
            claims::Error::Taken { attribute, holder } => {
                tracing::debug!(attribute, holder, "a value is taken");
                let attribute = attribute.split_once('.').map_or(attribute.as_str(), |(_, name)| name);
                Self::Taken { attribute: attribute.to_owned(), holder: TakenBy::Unknown(holder) }
            }
            claims::Error::NotFound => Self::NotFound,
            claims::Error::Busy { reason } => Self::Unavailable { reason },
            claims::Error::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_goes_on_with_what_became_of_the_person() {
        let refused = |sentence: &str| Box::new(Error::Scim(scim::Error::InvalidValue(sentence.to_owned())));
        let cases = [
            (
                Error::Deactivated(refused("title is wrong.")),
                "title is wrong. The person was deactivated all the same; nothing else of the request was stored.",
            ),
            (
                Error::Deactivated(Box::new(Error::Taken {
                    attribute: "userName".to_owned(),
                    holder: TakenBy::Resource("ada-1".to_owned()),
                })),
                "userName is taken by the resource with the id \"ada-1\"; give one of the two another value. The person \
                 was deactivated all the same; nothing else of the request was stored.",
            ),
            (
                Error::Inactive(refused("title is wrong\n")),
                "title is wrong. The person is inactive already; nothing of the request was stored.",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(error.to_string(), expected);
        }
    }
}
