//! Every text that the pages show, in English. None repeats what a request said; a name that stands in one is escaped where
//! the page is written.
//!
//! A sentence for somebody who was refused says what that person may know and can do: never whether somebody else exists,
//! and never what a provider or a proxy sent.

use jiff::Timestamp;

/// The language of all of them, as HTML names it.
pub const LANGUAGE: &str = "en";

/// Shortest password, in characters.
pub const MIN_PASSWORD: usize = 12;
/// What the field of a password takes: more than a password may have, so that a longer one is refused and not cut.
pub(super) const MAX_PASSWORD_FIELD: usize = 200;

pub(super) const SKIP: &str = "Skip to the content";
pub(super) const NAVIGATION: &str = "Portal";
pub(super) const NAVIGATION_ME: &str = "You";
pub(super) const NAVIGATION_PEOPLE: &str = "People";
pub(super) const FOOTER: &str = "Sign-in and access by Rollcall";
pub(super) const REQUEST_ID: &str = "Request id:";
pub(super) const CANCEL: &str = "Cancel";

/// The title of the sign-in, and what leads to it.
pub const SIGN_IN: &str = "Sign in";
pub(super) const SIGN_IN_MICROSOFT: &str = "Sign in with Microsoft";
pub(super) const SIGN_IN_PROVIDER: &str = "Sign in with your company account";
pub(super) const SIGN_IN_PASSWORD: &str = "Sign in with a password";
pub(super) const SIGN_IN_PASSWORD_HINT: &str =
    "For people without a company account who were invited and have set a password.";

/// What one signs in to.
pub(super) fn sign_in_lead(company: &str, application: &Option<&str>) -> String {
    match application {
        Some(application) => format!("to continue to {application}."),
        None => format!("to continue to {company}."),
    }
}

pub(super) const PASSWORD_TITLE: &str = "Sign in with your password";
pub(super) const USER_NAME: &str = "User name";
pub(super) const PASSWORD: &str = "Password";
pub(super) const OLD_PASSWORD: &str = "Current password";
pub(super) const NEW_PASSWORD: &str = "New password";
pub(super) const NEW_PASSWORD_AGAIN: &str = "New password, once more";
pub(super) const PASSWORD_HINT: &str =
    "At least 12 characters. A few words that do not belong together are easy to remember and hard to guess.";
pub(super) const SAVE_PASSWORD: &str = "Save password";
pub(super) const PASSWORD_SAVED: &str = "Your password is saved";
pub(super) const PASSWORD_SAVED_LEAD: &str = "Every earlier session of yours is over. Sign in with the new password.";

/// Heading of the form that an invitation leads to.
pub const SET_PASSWORD: &str = "Choose a password";
/// Heading of the form that replaces a password.
pub const CHANGE_PASSWORD: &str = "Change your password";
/// An attempt to log in failed, for whatever reason.
pub const WRONG_PASSWORD: &str = "User name or password is wrong, or the account may not sign in here.";
/// Too many attempts.
pub const TOO_MANY_ATTEMPTS: &str = "There were too many attempts. Wait a few minutes and try again.";
/// So many people sign in that one has to wait.
pub const BUSY: &str = "Too many people are signing in at this moment. Try again in a few seconds.";
/// The old password is wrong.
pub const WRONG_OLD_PASSWORD: &str = "The current password is wrong.";
/// The two fields differ.
pub const PASSWORDS_DIFFER: &str = "The two new passwords are not the same.";
/// Too short.
pub const PASSWORD_TOO_SHORT: &str = "The password is too short. Choose one of at least 12 characters.";
/// Too long.
pub const PASSWORD_TOO_LONG: &str = "The password is too long. Choose one of at most 128 characters.";
/// Among the common ones.
pub const PASSWORD_TOO_COMMON: &str =
    "This password is among those that are guessed first. Choose one that nobody else would think of.";
/// The user name as a password.
pub const PASSWORD_IS_NAME: &str = "The password contains the user name. Choose another one.";
/// The new password is the old one.
pub const PASSWORD_UNCHANGED: &str = "The new password is the current one. Choose another one.";

/// Whose password is set.
pub(super) fn new_password_lead(user_name: &str) -> String {
    format!("For the account {user_name}.")
}

pub(super) const SIGNED_IN: &str = "You are signed in";
pub(super) const ENTRY: &str = "Your entry";
pub(super) const ENTRY_HINT: &str = "Your company's administrators keep this entry. Ask them where something is wrong.";
pub(super) const GROUPS: &str = "Your groups";
pub(super) const NO_GROUPS: &str = "You are in no group.";
pub(super) const MORE_GROUPS: &str = "You are in more groups than are shown here.";
pub(super) const SESSION: &str = "This session";
pub(super) const SESSION_METHOD: &str = "Signed in with";
pub(super) const SESSION_SINCE: &str = "Since";
pub(super) const SESSION_UNTIL: &str = "Ends at the latest";
pub(super) const SIGN_OUT: &str = "Sign out";
pub(super) const SIGN_OUT_EVERYWHERE: &str = "Sign out everywhere";
pub(super) const SIGN_OUT_EVERYWHERE_HINT: &str =
    "Signing out everywhere ends your sessions on every device, in every application.";

/// Somebody's greeting.
pub(super) fn signed_in_as(name: &str) -> String {
    format!("You are signed in as {name}")
}

pub(super) fn signed_in_lead(company: &str) -> String {
    format!("This is what {company} knows about you, and the session of this browser.")
}

/// The session began at Microsoft.
pub const METHOD_MICROSOFT: &str = "Microsoft";
/// The session began at another provider.
pub const METHOD_PROVIDER: &str = "Company account";
/// The session began with a password of ours.
pub const METHOD_PASSWORD: &str = "Password";

/// Label of a fact.
pub const FACT_NAME: &str = "Name";
/// Label of a fact.
pub const FACT_USER_NAME: &str = "User name";
/// Label of a fact.
pub const FACT_EMAIL: &str = "E-mail";
/// Label of a fact.
pub const FACT_TITLE: &str = "Title";
/// Label of a fact.
pub const FACT_DEPARTMENT: &str = "Department";
/// Label of a fact.
pub const FACT_USER_TYPE: &str = "User type";
/// Label of a fact.
pub const FACT_ROLE: &str = "Portal role";
/// Label of a fact.
pub const FACT_ID: &str = "Id";
/// Label of a fact.
pub const FACT_SUSPENDED_SINCE: &str = "Suspended since";
/// Label of a fact.
pub const FACT_SUSPENSION_REASON: &str = "Reason";

/// A time, as the pages show it.
pub fn time(time: &Timestamp) -> String {
    time.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

pub(super) const PEOPLE: &str = "People";
pub(super) const SEARCH: &str = "Search by name or user name";
pub(super) const SEARCH_BUTTON: &str = "Search";
pub(super) const SHOW_ALL: &str = "Show everybody";
pub(super) const COLUMN_NAME: &str = "Name";
pub(super) const COLUMN_USER_NAME: &str = "User name";
pub(super) const COLUMN_TYPE: &str = "User type";
pub(super) const COLUMN_ROLE: &str = "Portal role";
pub(super) const COLUMN_ACCESS: &str = "Access";
pub(super) const COLUMN_ACTION: &str = "Action";
pub(super) const NO_ACTION: &str = "Nothing that you may do";
pub(super) const PAGER: &str = "Pages";
pub(super) const PREVIOUS: &str = "Previous page";
pub(super) const NEXT: &str = "Next page";
pub(super) const SUSPEND: &str = "Suspend";
pub(super) const LIFT: &str = "Lift the suspension";
pub(super) const SUSPENSION_REASON: &str = "Reason (optional)";
pub(super) const SUSPENSION_REASON_HINT: &str = "Administrators see it. The person does not.";

/// Somebody may log in.
pub const ACCESS_GRANTED: &str = "Active";
/// The provider deactivated the person.
pub const ACCESS_INACTIVE: &str = "Deactivated";
/// An administrator of the cluster suspended the person.
pub const ACCESS_SUSPENDED: &str = "Suspended by an administrator";
/// The portal did.
pub const ACCESS_SUSPENDED_BY_PORTAL: &str = "Suspended";
/// The person has none for another reason.
pub const ACCESS_NONE: &str = "No access";

/// A field of the roll that says nothing.
pub const NOTHING: &str = "–";

/// How many people there are, or were found.
pub fn count(found: usize, first: usize, last: usize, is_search: bool) -> String {
    match (found, is_search) {
        (0, true) => "Nobody was found. Try a part of the name.".to_owned(),
        (0, false) => "There is nobody in this directory yet.".to_owned(),
        (1, true) => "One person was found.".to_owned(),
        (1, false) => "One person.".to_owned(),
        (_, true) => format!("{found} people were found; {first} to {last} are shown."),
        (_, false) => format!("{found} people; {first} to {last} are shown."),
    }
}

/// The same where a search ended before it had seen everybody.
pub fn count_of_part(first: usize, last: usize) -> String {
    format!("Many people were found; {first} to {last} are shown. Type more of the name to find fewer.")
}

/// What a screen reader says of the way to a suspension.
pub(super) fn switch_label(is_suspended: &bool, name: &str) -> String {
    if *is_suspended { format!("Lift the suspension of {name}") } else { format!("Suspend {name}") }
}

pub(super) fn suspension_heading(is_suspended: &bool) -> &'static str {
    if *is_suspended { "Lift the suspension?" } else { "Suspend this person?" }
}

pub(super) fn suspension_lead(is_suspended: &bool, name: &str) -> String {
    if *is_suspended {
        format!("{name} may sign in again at once. Earlier sessions stay over.")
    } else {
        format!(
            "{name} is signed out everywhere within a second and cannot sign in until somebody lifts the suspension."
        )
    }
}

/// Somebody else changed the person at the same moment.
pub const CHANGED_MEANWHILE: &str = "Somebody changed this person at the same moment. Look at the state and try again.";
/// The reason of a suspension is longer than 1,024 characters.
pub const REASON_TOO_LONG: &str = "The reason is too long. Write at most 1,024 characters.";

pub(super) const SIGNED_OUT: &str = "You are signed out";
pub(super) const SIGNED_OUT_HERE: &str =
    "The session of this browser is over. On a shared computer, sign out of your Microsoft account as well.";
pub(super) const SIGNED_OUT_EVERYWHERE: &str = "All your sessions are over, on every device and in every application.";
pub(super) const SIGN_IN_AGAIN: &str = "Sign in again";

pub(super) const DENIED: &str = "You do not have access";
pub(super) const OTHER_ACCOUNT: &str = "Use another account";
pub(super) const DEFAULT_CONTACT: &str = "If you think that this is wrong, ask your administrator.";

/// Why somebody is refused, in the words that the person may read.
pub mod denied {
    /// The account of the provider is nobody's in this Directory, or that of a deleted person.
    pub const NOT_IN_DIRECTORY: &str = "Your account is not in this directory. Somebody has to add it first.";
    /// The provider deactivated the person.
    pub const INACTIVE: &str = "Your account has been deactivated.";
    /// An administrator or the portal suspended the person.
    pub const SUSPENDED: &str = "Your access has been suspended.";
    /// Two entries have the same user name, or the entry is linked to another account.
    pub const CONFLICT: &str =
        "Your account does not match the entry under your name. An administrator has to look at it.";
    /// More than one entry matches the account.
    pub const AMBIGUOUS: &str = "More than one entry matches your account. An administrator has to look at it.";
    /// Nobody logs in to this Directory.
    pub const LOGIN_DISABLED: &str = "Nobody can sign in to this directory at the moment.";
    /// The person signs in another way.
    pub const OTHER_METHOD: &str = "Your account signs in another way. Go back and choose the other one.";
    /// The way to log in is not open.
    pub const METHOD_UNAVAILABLE: &str = "The way in which your account signs in is switched off.";
    /// The account is of another tenant.
    pub const OTHER_TENANT: &str = "Your account belongs to another organization.";
    /// Guests are not let in.
    pub const GUEST: &str = "Guest accounts cannot sign in here.";
    /// The application is not for this person.
    pub const APPLICATION: &str = "You are signed in, but this application is not open to you.";
    /// The portal is not for this person.
    pub const PORTAL: &str = "You are signed in, but this page is for administrators.";
    /// One cannot suspend oneself.
    pub const OWN_SUSPENSION: &str = "You cannot suspend yourself. Ask another administrator.";
    /// The role of the other person is higher.
    pub const HIGHER_ROLE: &str = "You cannot suspend somebody with a higher role. Ask somebody with that role.";
}

pub(super) const ERROR: &str = "That did not work";
pub(super) const TRY_AGAIN: &str = "Try again";

/// What went wrong, in the words that anybody may read.
pub mod error {
    /// No such page.
    pub const NOT_FOUND: &str = "There is no such page. Check the address.";
    /// The address of the request is not one that we take.
    pub const BAD_REQUEST: &str = "The address is not complete or not allowed. Start again from the application.";
    /// The request is too large.
    pub const TOO_LARGE: &str = "The request is too large.";
    /// The method does not fit.
    pub const METHOD: &str = "This page cannot be used in that way. Go back and try again.";
    /// The state of the login is too old, or of another browser.
    pub const EXPIRED: &str = "This sign-in took too long or was begun in another browser. Start it again.";
    /// A form that is not ours, or too old.
    pub const FORM: &str = "This form is too old or comes from another page. Open the page again and repeat it.";
    /// The invitation has been used, replaced or has expired.
    pub const INVITATION: &str =
        "This link has been used already or has expired. Ask your administrator for a new one.";
    /// The link of an invitation was used up, and the password could not be saved.
    pub const INVITATION_LOST: &str =
        "Your password could not be saved, and this link cannot be used again. Ask your administrator for a new one.";
    /// The provider cannot be reached or does not answer as it should.
    pub const PROVIDER: &str = "The sign-in service of your company cannot be reached. Try again in a minute.";
    /// The provider said that the login failed.
    pub const PROVIDER_REFUSED: &str = "The sign-in service of your company did not let you in.";
    /// What we know of the cluster is too old.
    pub const STALE: &str = "The directory cannot be read at the moment. Try again in a few seconds.";
    /// A bug.
    pub const INTERNAL: &str = "Something went wrong here. The administrators find the reason in the log.";
    /// Too many requests.
    pub const TOO_MANY: &str = "There were too many requests. Wait a minute and try again.";
}
