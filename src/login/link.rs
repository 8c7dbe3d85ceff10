//! Which person an account of the provider is.
//!
//! An account is known by what never changes about it: tenant and object id. A name can be given to somebody else, so it may
//! make the link once and is never asked again; and an e-mail address, which people can set themselves, is never asked at all.

use jiff::Timestamp;
use serde_json::json;

use super::provider::VerifiedAccount;
use crate::api::Object;
use crate::api::directory_login::{AccountMatch, Oidc};
use crate::rules::guid::is_guid;
use crate::rules::mapping::time_text;

/// What joins an account and a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinedBy {
    /// An earlier login.
    Link,
    /// `externalId` is the account's object id.
    ExternalId,
    /// `userName` is the account's upn.
    UserName,
}

impl JoinedBy {
    /// As `spec.link.by` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::ExternalId => "externalId",
            Self::UserName => "upn",
        }
    }
}

/// Why an account is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// Nobody in the Directory has it.
    NotInDirectory,
    /// The person that it would be is linked to another account, or was provisioned for another one.
    IdentityConflict,
    /// Several people match.
    Ambiguous,
}

impl Unmatched {
    /// The reason as metrics, Events and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotInDirectory => "NotInDirectory",
            Self::IdentityConflict => "IdentityConflict",
            Self::Ambiguous => "Ambiguous",
        }
    }
}

/// That an account is nobody's among the people who were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMatch {
    /// Why.
    pub why: Unmatched,
    /// The place of the person whose account it would be but for that.
    pub near: Option<usize>,
}

impl From<Unmatched> for NoMatch {
    fn from(why: Unmatched) -> Self {
        Self { why, near: None }
    }
}

/// An account that a login has shown, and how the Directory matches it.
#[derive(Clone, Debug)]
pub struct Claimant<'a> {
    /// The account.
    pub account: &'a VerifiedAccount,
    /// Whether a name may make the first link.
    pub by_name: bool,
}

impl<'a> Claimant<'a> {
    /// The account under the rules of a Directory.
    pub fn new(account: &'a VerifiedAccount, oidc: &Oidc) -> Self {
        Self { account, by_name: oidc.matching.counts_as() == AccountMatch::ObjectIdThenUpn }
    }

    /// The name that may make the first link.
    pub fn name(&self) -> Option<&'a str> {
        self.account.upn.as_deref().filter(|name| self.by_name && !name.is_empty())
    }

    /// Which of `people` has the account, and what says so. They are objects that live in the Directory, as they were just
    /// read.
    pub fn find(&self, people: &[Object]) -> Result<(usize, JoinedBy), NoMatch> {
        let conflict = |place| NoMatch { why: Unmatched::IdentityConflict, near: Some(place) };
        if let Some(place) = only(people, |person| self.is_linked(person))? {
            return Ok((place, JoinedBy::Link));
        }
        if let Some(place) = only(people, |person| self.is_external_id(external_id(person)))? {
            return match people[place].link() {
                None => Ok((place, JoinedBy::ExternalId)),
                Some(_) => Err(conflict(place)),
            };
        }
        let Some(name) = self.name() else { return Err(Unmatched::NotInDirectory.into()) };
        // ASCII alone: to fold other letters would make one name of two.
        let is_named =
            |person: &Object| person.scim()["userName"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name));
        let place = only(people, is_named)?.ok_or(Unmatched::NotInDirectory)?;
        let person = &people[place];
        if person.link().is_some() || self.is_of_another(external_id(person)) {
            return Err(conflict(place));
        }
        Ok((place, JoinedBy::UserName))
    }

    /// The person with the link, as it is stored; nothing where the link is there.
    pub fn link(&self, person: &Object, by: JoinedBy, now: Timestamp) -> Option<Object> {
        if by == JoinedBy::Link {
            return None;
        }
        let VerifiedAccount { tenant, object, .. } = self.account;
        let mut linked = person.clone();
        linked.set(
            "link",
            json!({ "tenantID": tenant, "objectID": object, "linkedAt": time_text(now), "by": by.as_str() }),
        );
        Some(linked)
    }

    fn is_linked(&self, person: &Object) -> bool {
        let VerifiedAccount { tenant, object, .. } = self.account;
        person.link().is_some_and(|(linked_tenant, linked_object)| {
            is_same(linked_tenant, tenant) && is_same(linked_object, object)
        })
    }

    fn is_external_id(&self, external_id: Option<&str>) -> bool {
        external_id.is_some_and(|external_id| is_same(external_id, &self.account.object))
    }

    /// Whether an `externalId` is the object id of some other account, as far as that can be told.
    fn is_of_another(&self, external_id: Option<&str>) -> bool {
        let object = &self.account.object;
        external_id.is_some_and(|external_id| is_guid(external_id) && is_guid(object) && !is_same(external_id, object))
    }
}

/// The tenant and object of an account, as the claim on a link has them.
pub fn link_value(account: &VerifiedAccount) -> String {
    format!("{}/{}", account.tenant, account.object).to_lowercase()
}

/// The spellings of an account's object id that an `externalId` may have: Entra and its mapping may differ in the letter case of a
/// GUID. The ids of other providers have one spelling.
pub(super) fn external_ids(object: &str) -> Vec<String> {
    let mut spellings = vec![object.to_owned()];
    if is_guid(object) {
        spellings.extend([object.to_ascii_lowercase(), object.to_ascii_uppercase()]);
        spellings.dedup();
    }
    spellings
}

/// Ids are compared as they are, and GUIDs whatever their letter case.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    a == b || (is_guid(a) && a.eq_ignore_ascii_case(b))
}

fn external_id(person: &Object) -> Option<&str> {
    person.scim()["externalId"].as_str()
}

/// The place of the only one of these people of whom this holds.
fn only(people: &[Object], holds: impl Fn(&Object) -> bool) -> Result<Option<usize>, Unmatched> {
    let mut found = people.iter().enumerate().filter(|(_, person)| holds(person)).map(|(place, _)| place);
    let first = found.next();
    if found.next().is_some() { Err(Unmatched::Ambiguous) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
    const B: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    fn person(name: &str, spec: &Value) -> Object {
        json!({ "metadata": { "name": name }, "spec": spec }).into()
    }

    fn account(object: &str, upn: Option<&str>) -> VerifiedAccount {
        VerifiedAccount {
            tenant: TENANT.to_owned(),
            object: object.to_owned(),
            upn: upn.map(str::to_owned),
            is_guest: false,
            display: None,
            login_hint: None,
            idp: None,
            roles: Vec::new(),
        }
    }

    fn check(
        account: &VerifiedAccount,
        by_name: bool,
        people: &[(&str, Value)],
    ) -> Result<(String, JoinedBy), Unmatched> {
        let people: Vec<_> = people.iter().map(|(name, spec)| person(name, spec)).collect();
        let found = Claimant { account, by_name }.find(&people);
        found.map(|(place, by)| (people[place].name().to_owned(), by)).map_err(|none| none.why)
    }

    fn link(tenant: &str, object: &str) -> Value {
        json!({ "tenantID": tenant, "objectID": object })
    }

    fn named(name: &str) -> Value {
        json!({ "scim": { "userName": name } })
    }

    fn ada() -> VerifiedAccount {
        account(A, Some("Ada@Contoso.example"))
    }

    fn found(by: JoinedBy) -> Result<(String, JoinedBy), Unmatched> {
        Ok(("p".to_owned(), by))
    }

    #[test]
    fn an_account_is_matched_by_what_never_changes_first() {
        use JoinedBy::{ExternalId, Link};
        use Unmatched::{Ambiguous, IdentityConflict, NotInDirectory};

        let ada = ada();
        for (name, account, by_name, people, expected) in [
            ("linked", &ada, true, vec![("p", json!({ "link": link(TENANT, A) }))], found(Link)),
            (
                "linked, in another letter case",
                &ada,
                true,
                vec![("p", json!({ "link": link(TENANT, &A.to_uppercase()) }))],
                found(Link),
            ),
            (
                "linked, and renamed since",
                &ada,
                true,
                vec![
                    ("p", json!({ "link": link(TENANT, A), "scim": { "userName": "eve" } })),
                    ("q", named("ada@contoso.example")),
                ],
                found(Link),
            ),
            (
                "externalId is the object id",
                &ada,
                false,
                vec![("p", json!({ "scim": { "externalId": A.to_uppercase() } }))],
                found(ExternalId),
            ),
            (
                "externalId, and linked to another account",
                &ada,
                true,
                vec![("p", json!({ "scim": { "externalId": A }, "link": link(TENANT, B) }))],
                Err(IdentityConflict),
            ),
            (
                "externalId, and linked in another tenant",
                &ada,
                true,
                vec![("p", json!({ "scim": { "externalId": A }, "link": link(B, A) }))],
                Err(IdentityConflict),
            ),
            (
                "externalId of two",
                &ada,
                true,
                vec![("p", json!({ "scim": { "externalId": A } })), ("q", json!({ "scim": { "externalId": A } }))],
                Err(Ambiguous),
            ),
            ("nobody", &ada, true, vec![], Err(NotInDirectory)),
            (
                "another provider's subject is compared exactly",
                &account("Sub", None),
                true,
                vec![("p", json!({ "scim": { "externalId": "sub" } }))],
                Err(NotInDirectory),
            ),
            (
                "another provider's subject",
                &account("Sub", None),
                true,
                vec![("p", json!({ "scim": { "externalId": "Sub" } }))],
                found(ExternalId),
            ),
        ] {
            assert_eq!(check(account, by_name, &people), expected, "{name}");
        }
    }

    #[test]
    fn a_name_makes_the_first_link_alone_and_only_where_nothing_is_in_doubt() {
        use JoinedBy::UserName;
        use Unmatched::{Ambiguous, IdentityConflict, NotInDirectory};

        let ada = ada();
        for (name, account, by_name, people, expected) in [
            ("userName", &ada, true, vec![("p", named("ada@contoso.EXAMPLE"))], found(UserName)),
            (
                "userName, and mailNickname",
                &ada,
                true,
                vec![("p", json!({ "scim": { "userName": "ada@contoso.example", "externalId": "ada" } }))],
                found(UserName),
            ),
            (
                "userName, where names do not count",
                &ada,
                false,
                vec![("p", named("ada@contoso.example"))],
                Err(NotInDirectory),
            ),
            (
                "threat 22: the upn was given to somebody else",
                &ada,
                true,
                vec![("p", json!({ "scim": { "userName": "ada@contoso.example" }, "link": link(TENANT, B) }))],
                Err(IdentityConflict),
            ),
            (
                "userName, and provisioned for another account",
                &ada,
                true,
                vec![("p", json!({ "scim": { "userName": "ada@contoso.example", "externalId": B } }))],
                Err(IdentityConflict),
            ),
            (
                "threat 21: somebody else's e-mail address",
                &account(A, None),
                true,
                vec![("p", json!({ "scim": { "userName": "ada", "emails": [{ "value": "ada@contoso.example" }] } }))],
                Err(NotInDirectory),
            ),
            (
                "letters that only look alike",
                &ada,
                true,
                vec![("p", named("\u{430}da@contoso.example"))],
                Err(NotInDirectory),
            ),
            (
                "letters that fold alike",
                &account(A, Some("\u{212a}im")),
                true,
                vec![("p", named("kim"))],
                Err(NotInDirectory),
            ),
            ("an empty name", &account(A, Some("")), true, vec![("p", named(""))], Err(NotInDirectory)),
            (
                "userName of two",
                &ada,
                true,
                vec![("p", named("ada@contoso.example")), ("q", named("ADA@contoso.example"))],
                Err(Ambiguous),
            ),
        ] {
            assert_eq!(check(account, by_name, &people), expected, "{name}");
        }
    }

    #[test]
    fn a_conflict_is_about_the_person_whom_the_account_would_be() {
        let ada = ada();
        let claimant = Claimant { account: &ada, by_name: true };
        let (other, taken) = (json!({ "scim": { "userName": "bob" } }), json!({ "link": link(TENANT, B) }));
        let with = |mut spec: Value, scim: Value| {
            spec["scim"] = scim;
            spec
        };
        for (name, people, expected) in [
            (
                "by userName",
                [other.clone(), with(taken.clone(), json!({ "userName": "ada@contoso.example" }))],
                NoMatch { why: Unmatched::IdentityConflict, near: Some(1) },
            ),
            (
                "by externalId",
                [other.clone(), with(taken, json!({ "externalId": A }))],
                NoMatch { why: Unmatched::IdentityConflict, near: Some(1) },
            ),
            ("nobody", [other.clone(), other], NoMatch { why: Unmatched::NotInDirectory, near: None }),
        ] {
            let people = people.map(|spec| person("p", &spec));
            assert_eq!(claimant.find(&people), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_link_names_the_account_and_what_made_it_and_is_made_once() {
        let account = account(A, None);
        let claimant = Claimant { account: &account, by_name: true };
        let now = "2026-03-01T10:00:00Z".parse().expect("a time");
        let before = person("p", &json!({ "scim": { "userName": "ada" }, "fromTheFuture": 1 }));
        let linked = claimant.link(&before, JoinedBy::ExternalId, now).expect("a link");
        let expected =
            json!({ "tenantID": TENANT, "objectID": A, "linkedAt": "2026-03-01T10:00:00.000Z", "by": "externalId" });
        assert_eq!((&linked["spec"]["link"], &linked["spec"]["fromTheFuture"]), (&expected, &json!(1)));
        assert_eq!(claimant.find(std::slice::from_ref(&linked)).map(|(_, by)| by), Ok(JoinedBy::Link));
        assert_eq!(claimant.link(&linked, JoinedBy::Link, now), None);
        let value = crate::rules::naming::claimed_value(crate::rules::naming::LINK, linked.spec()).expect("a value");
        assert_eq!(value.value, link_value(&account), "it is claimed under the value that it is looked up by");
    }
}
