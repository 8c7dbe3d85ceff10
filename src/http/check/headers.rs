//! The headers that tell an application who asks.
//!
//! Always all of them, empty where there is nothing to say: where one was left out, nginx let the client's own one pass to the
//! application. A value that an application takes for an identity (userName, e-mail, userType) is told exactly or not at all,
//! because half of it, or the same without its line break, may be somebody else's; a displayName may be changed to fit.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::limits::{
    MAX_DISPLAY_NAME, MAX_EMAIL, MAX_GROUPS, MAX_GROUPS_BYTES, MAX_HEAD, MAX_USER_NAME, MAX_USER_TYPE, RESERVED,
};
use crate::api::directory::PortalRole;
use crate::rules::profile::Profile;

const USER: HeaderName = HeaderName::from_static("x-auth-request-user");
const PREFERRED_USERNAME: HeaderName = HeaderName::from_static("x-auth-request-preferred-username");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-request-email");
const GROUPS: HeaderName = HeaderName::from_static("x-auth-request-groups");
const GROUPS_TRUNCATED: HeaderName = HeaderName::from_static("x-auth-request-groups-truncated");
const ROLE: HeaderName = HeaderName::from_static("x-auth-request-role");
const USER_TYPE: HeaderName = HeaderName::from_static("x-auth-request-user-type");
const UID: HeaderName = HeaderName::from_static("x-auth-request-uid");
const ASSERTION: HeaderName = HeaderName::from_static("x-rollcall-assertion");
const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
const REMOTE_EMAIL: HeaderName = HeaderName::from_static("remote-email");
const REMOTE_NAME: HeaderName = HeaderName::from_static("remote-name");
const REMOTE_GROUPS: HeaderName = HeaderName::from_static("remote-groups");

/// What is escaped in the name of a group: what separates two of them, the escape itself, and what is not ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b',').add(b'%');
/// The same where blanks at an end would be lost.
const ESCAPED_WITH_BLANKS: &AsciiSet = &ESCAPED.add(b' ');

/// What is told.
pub(super) struct ToldIdentity<'a> {
    /// The SCIM id.
    pub(super) id: &'a str,
    pub(super) profile: &'a Profile,
    /// Names of groups; the first [`MAX_GROUPS`] are told.
    pub(super) groups: &'a [Arc<str>],
    /// Whether there are more groups than these.
    pub(super) has_more_groups: bool,
    /// Whether `Remote-*` are told as well.
    pub(super) with_remote: bool,
    /// Bytes of the headers that the answer has beside these.
    pub(super) others: usize,
}

/// What an assertion may say of a person beside the SCIM id.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AssertedAttributes<'a> {
    pub(super) user_name: Option<&'a str>,
    pub(super) email: Option<&'a str>,
}

/// The userName cannot be told exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UntellableName;

/// The headers, in no more bytes than a proxy reads. `sign` makes the assertion, with these attributes; where it gets too long
/// with them it is asked once more, with none.
pub(super) fn headers(
    identity: &ToldIdentity<'_>,
    sign: impl Fn(AssertedAttributes<'_>) -> Option<Arc<str>>,
) -> Result<Vec<(HeaderName, HeaderValue)>, UntellableName> {
    let ToldIdentity { id, profile, groups, has_more_groups, with_remote, others } = *identity;
    let user_name = profile.user_name.as_deref().unwrap_or_default();
    let user_name = exact(user_name, MAX_USER_NAME).ok_or(UntellableName)?;
    let email = profile.email.as_deref().and_then(|email| exact(email, MAX_EMAIL)).unwrap_or_default();
    let user_type = profile.user_type.as_deref().and_then(|user_type| exact(user_type, MAX_USER_TYPE));
    let role = profile.portal_role.map_or("", PortalRole::as_str);

    let mut told = Told { headers: Vec::with_capacity(16), left: MAX_HEAD.saturating_sub(RESERVED + others) };
    told.add(USER, user_name);
    told.add(PREFERRED_USERNAME, user_name);
    told.add(EMAIL, email);
    told.add(ROLE, role);
    told.add(USER_TYPE, user_type.unwrap_or_default());
    told.add(UID, id);
    if with_remote {
        told.add(REMOTE_USER, user_name);
        told.add(REMOTE_EMAIL, email);
        told.add(REMOTE_NAME, &adapted(profile.display_name.as_deref().unwrap_or_default(), MAX_DISPLAY_NAME));
    }
    // Room for the headers of groups, which come last and may be empty.
    told.left = told.left.saturating_sub(cost(&GROUPS, 0) + cost(&GROUPS_TRUNCATED, "false".len()));
    told.left = told.left.saturating_sub(if with_remote { cost(&REMOTE_GROUPS, 0) } else { 0 });
    let attributes =
        AssertedAttributes { user_name: Some(user_name), email: Some(email).filter(|email| !email.is_empty()) };
    let fits = |assertion: &Arc<str>| cost(&ASSERTION, assertion.len()) <= told.left;
    let assertion = sign(attributes).filter(fits).or_else(|| sign(AssertedAttributes::default()).filter(fits));
    told.add(ASSERTION, assertion.as_deref().unwrap_or_default());

    let room = if with_remote { told.left / 2 } else { told.left };
    let (list, is_whole) = list(groups, room.min(MAX_GROUPS_BYTES));
    told.add(GROUPS, &list);
    told.add(GROUPS_TRUNCATED, if is_whole && !has_more_groups { "false" } else { "true" });
    if with_remote {
        told.add(REMOTE_GROUPS, &list);
    }
    Ok(told.headers)
}

/// Bytes of a header on the wire: `name: value` and the end of the line.
pub(super) fn cost(name: &HeaderName, value: usize) -> usize {
    name.as_str().len() + value + 4
}

struct Told {
    headers: Vec<(HeaderName, HeaderValue)>,
    left: usize,
}

impl Told {
    fn add(&mut self, name: HeaderName, value: &str) {
        // Every value here went through `exact`, `adapted` or an encoding: it has no control characters.
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static(""));
        self.left = self.left.saturating_sub(cost(&name, value.len()));
        self.headers.push((name, value));
    }
}

/// A value that reaches the application as it is; nothing where it would not.
fn exact(text: &str, most: usize) -> Option<&str> {
    let is_exact = !text.is_empty() && text.len() <= most && text.trim() == text && !text.chars().any(char::is_control);
    is_exact.then_some(text)
}

/// A value for people to read: each control character, line breaks among them, becomes a blank, and the rest is cut.
fn adapted(text: &str, most: usize) -> String {
    let mut adapted: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let end = adapted.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= most).last();
    adapted.truncate(end.unwrap_or_default());
    adapted.trim().to_owned()
}

/// As many names as fit, with commas between them, and whether all of them did.
fn list(groups: &[Arc<str>], most: usize) -> (String, bool) {
    let mut list = String::with_capacity(groups.iter().map(|group| group.len() + 1).sum::<usize>().min(most));
    for group in groups.iter().take(MAX_GROUPS) {
        let escaped = if group.trim() == &**group { ESCAPED } else { ESCAPED_WITH_BLANKS };
        // Most names need no escape, and are not copied.
        let name = Cow::from(utf8_percent_encode(group, escaped));
        if list.len() + name.len() + 1 > most {
            return (list, false);
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&name);
    }
    (list, groups.len() <= MAX_GROUPS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::directory::PortalRole;

    fn profile() -> Profile {
        Profile {
            user_name: Some("ada@contoso.example".to_owned()),
            display_name: Some("Ada L".to_owned()),
            email: Some("ada.l@contoso.example".to_owned()),
            user_type: Some("Premium".to_owned()),
            portal_role: Some(PortalRole::Admin),
        }
    }

    fn told(profile: &Profile, groups: &[&str], with_remote: bool) -> Result<Vec<(String, String)>, UntellableName> {
        let groups: Vec<Arc<str>> = groups.iter().map(|group| Arc::from(*group)).collect();
        let identity =
            ToldIdentity { id: "ada-1", profile, groups: &groups, has_more_groups: false, with_remote, others: 0 };
        let headers = headers(&identity, |_| Some("a.b.c".into()))?;
        let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).expect("UTF-8");
        Ok(headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect())
    }

    fn value(told: &[(String, String)], name: &str) -> String {
        told.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no {name}")).1.clone()
    }

    #[test]
    fn every_header_is_there_and_empty_where_there_is_nothing_to_say() {
        let expected = [
            ("x-auth-request-user", "ada@contoso.example"),
            ("x-auth-request-preferred-username", "ada@contoso.example"),
            ("x-auth-request-email", "ada.l@contoso.example"),
            ("x-auth-request-role", "Admin"),
            ("x-auth-request-user-type", "Premium"),
            ("x-auth-request-uid", "ada-1"),
            ("remote-user", "ada@contoso.example"),
            ("remote-email", "ada.l@contoso.example"),
            ("remote-name", "Ada L"),
            ("x-rollcall-assertion", "a.b.c"),
            ("x-auth-request-groups", "Wiki,Sales"),
            ("x-auth-request-groups-truncated", "false"),
            ("remote-groups", "Wiki,Sales"),
        ];
        let all = told(&profile(), &["Wiki", "Sales"], true).expect("a name");
        assert_eq!(all, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let bare = Profile { user_name: Some("bob".to_owned()), ..Profile::default() };
        let bare = told(&bare, &[], false).expect("a name");
        let without_remote: Vec<_> = expected.iter().filter(|(name, _)| !name.starts_with("remote")).collect();
        assert_eq!(bare.len(), without_remote.len());
        for name in ["x-auth-request-email", "x-auth-request-role", "x-auth-request-user-type", "x-auth-request-groups"]
        {
            assert_eq!(value(&bare, name), "", "{name}");
        }
    }

    #[test]
    fn threat_42_no_line_break_of_a_value_reaches_a_header() {
        let with = |edit: fn(&mut Profile)| {
            let mut profile = profile();
            edit(&mut profile);
            profile
        };
        let broken = with(|profile| profile.display_name = Some("Ada\r\nX-Admin: yes\u{7f}\u{85}".to_owned()));
        assert_eq!(value(&told(&broken, &[], true).expect("a name"), "remote-name"), "Ada  X-Admin: yes");
        for (sent, is_told) in [("ada\r\n", false), ("a\nda", false), (" ada", false), ("", false), ("a da", true)] {
            let mut profile = profile();
            profile.user_name = Some(sent.to_owned());
            profile.email = Some(sent.to_owned());
            assert_eq!(told(&profile, &[], false).is_ok(), is_told, "{sent:?}: half an identity is none");
            profile.user_name = Some("ada".to_owned());
            let email = value(&told(&profile, &[], false).expect("a name"), "x-auth-request-email");
            assert_eq!(email, if is_told { sent } else { "" }, "{sent:?}");
        }
        let groups = told(&profile(), &["a\r\nb", "c,d", "50%", "Zürich", " e "], false).expect("a name");
        assert_eq!(value(&groups, "x-auth-request-groups"), "a%0D%0Ab,c%2Cd,50%25,Z%C3%BCrich,%20e%20");
    }

    #[test]
    fn a_list_of_groups_is_cut_between_names_and_says_so() {
        let names: Vec<String> = (0..60).map(|number| format!("group-{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (count, length, truncated) in [(50, 50, "false"), (51, 50, "true")] {
            let told = told(&profile(), &names[..count], false).expect("a name");
            assert_eq!(value(&told, "x-auth-request-groups").split(',').count(), length);
            assert_eq!(value(&told, "x-auth-request-groups-truncated"), truncated);
        }
        let long = "x".repeat(800);
        let told = told(&profile(), &[&long, &long, "short"], false).expect("a name");
        assert_eq!(value(&told, "x-auth-request-groups"), long, "the rest is not looked through for one that fits");
        assert_eq!(value(&told, "x-auth-request-groups-truncated"), "true");
    }

    #[test]
    fn an_assertion_that_does_not_fit_says_less_or_is_empty() {
        let profile = profile();
        let identity = |others| ToldIdentity {
            id: "ada-1",
            profile: &profile,
            groups: &[],
            has_more_groups: false,
            with_remote: false,
            others,
        };
        let sign = |attributes: AssertedAttributes<'_>| {
            Some("x".repeat(if attributes.user_name.is_some() { 3_000 } else { 9 }).into())
        };
        for (others, length) in [(0, 3_000), (500, 9), (4_000, 0)] {
            let told = headers(&identity(others), sign).expect("a name");
            let assertion = told.iter().find(|(name, _)| *name == ASSERTION).expect("always there");
            assert_eq!(assertion.1.len(), length, "beside {others} bytes");
        }
    }

    proptest! {
        #[test]
        fn the_head_of_an_answer_never_exceeds_what_nginx_reads(
            user_name in "[a-z]{1,256}",
            [display_name, email, user_type] in proptest::array::uniform3(proptest::option::of(".{0,400}")),
            groups in proptest::collection::vec(".{0,300}", 0..60),
            with_remote: bool,
            others in 0..600_usize,
        ) {
            let profile =
                Profile { user_name: Some(user_name), display_name, email, user_type, portal_role: Some(PortalRole::EnterpriseAdmin) };
            let groups: Vec<Arc<str>> = groups.into_iter().map(Arc::from).collect();
            let id = "x".repeat(63);
            let identity = ToldIdentity { id: &id, profile: &profile, groups: &groups, has_more_groups: false, with_remote, others };
            let sign = |attributes: AssertedAttributes<'_>| {
                let length = |text: Option<&str>| text.map_or(0, str::len);
                Some("x".repeat(900 + (length(attributes.user_name) + length(attributes.email)) * 4 / 3).into())
            };
            let told = headers(&identity, sign).expect("a name");
            let bytes: usize = told.iter().map(|(name, value)| cost(name, value.len())).sum();
            prop_assert!(bytes + RESERVED + others <= MAX_HEAD, "{bytes}");
        }
    }
}
