//! What a person is, in the one word that `kubectl get` shows.

use super::decide::{Denial, Person, own_denial};
use crate::api::directory_user::UserState;

/// The state of a person: what keeps the person out by itself, in the order in which every door asks. What the Directory says
/// about logins is no state of a person; the condition AccessGranted tells it.
pub fn state(person: &Person) -> UserState {
    match own_denial(person) {
        Some(Denial::Deleted) => UserState::Deleted,
        Some(Denial::Rejected | Denial::ValueTaken) => UserState::Conflict,
        Some(Denial::Inactive) => UserState::Inactive,
        Some(Denial::Suspended | Denial::SuspendedByPortal) => UserState::Suspended,
        // The others are the Directory's.
        Some(Denial::LoginDisabled | Denial::MethodUnavailable | Denial::ForeignLink) | None => UserState::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_holds_is_the_state() {
        type Edit = fn(&mut Person);
        // Each is true of the cases before it as well, so the order is tested with the words.
        let cases: [(UserState, Edit); 6] = [
            (UserState::Active, |_| {}),
            (UserState::Suspended, |person| person.is_suspended_by_portal = true),
            (UserState::Suspended, |person| person.is_suspended = true),
            (UserState::Inactive, |person| person.is_active = false),
            (UserState::Conflict, |person| person.owns_its_values = false),
            (UserState::Deleted, |person| person.is_deleted = true),
        ];
        let mut person = Person::in_order();
        for (expected, edit) in cases {
            edit(&mut person);
            assert_eq!(state(&person), expected, "{person:?}");
        }
        let rejected = Person { is_rejected: true, ..Person::in_order() };
        assert_eq!(state(&rejected), UserState::Conflict);
    }
}
