//! `users.userTypes`: which values there are, spelled exactly.
//!
//! An absent userType is no wrong one: it counts as the default, or as none where there is no default. Who wants every
//! user to have one lists `userType` among the required attributes, or gives a default.

use super::effective::{Note, note};
use crate::api::directory::{OnInvalid, UserTypes};
use crate::scim::path::shown;
use crate::scim::{Attributes, Error};

fn sent(attributes: &Attributes) -> Option<&str> {
    attributes.get("userType")?.as_str()
}

fn is_allowed(types: &UserTypes, user_type: &str) -> bool {
    types.allowed.iter().any(|allowed| allowed == user_type)
}

/// Refuses a userType that is not allowed, where it is not to count as the default.
pub fn check(types: &UserTypes, attributes: &Attributes) -> Result<(), Error> {
    match sent(attributes) {
        Some(user_type) if types.on_invalid.counts_as() == OnInvalid::Reject && !is_allowed(types, user_type) => {
            let allowed: Vec<_> = types.allowed.iter().map(|allowed| shown(allowed)).collect();
            Err(Error::InvalidValue(format!(
                "userType {} is not allowed in this directory; it must be {}, in exactly this spelling. Correct the \
                 source attribute or the mapping of userType.",
                shown(user_type),
                one_of(&allowed)
            )))
        }
        _ => Ok(()),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(names: &[String]) -> String {
    match names {
        [] => "absent".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// What a userType counts as. One that was allowed when it came stands: a rule that is tightened stops nobody who is
/// there.
pub fn counts_as<'a>(types: Option<&'a UserTypes>, sent: Option<&'a str>) -> Option<&'a str> {
    let Some(types) = types else { return sent };
    match sent {
        None => types.default.as_deref(),
        Some(sent) if types.on_invalid.counts_as() == OnInvalid::UseDefault && !is_allowed(types, sent) => {
            types.default.as_deref()
        }
        Some(sent) => Some(sent),
    }
}

/// The effective userType.
pub fn effective(types: Option<&UserTypes>, attributes: &Attributes, notes: &mut Vec<Note>) -> Option<String> {
    let sent = sent(attributes);
    let effective = counts_as(types, sent);
    if let (Some(types), Some(sent)) = (types, sent)
        && !is_allowed(types, sent)
    {
        let counts_as = effective.filter(|effective| *effective != sent).map(str::to_owned);
        note(notes, Note::UserTypeNotAllowed { sent: sent.to_owned(), counts_as });
    }
    effective.map(str::to_owned)
}
