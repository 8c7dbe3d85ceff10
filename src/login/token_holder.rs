//! Which person an access token of the provider speaks of.
//!
//! A token is presented again and again, so the answer comes from memory and nothing is written: the link of an earlier login
//! tells, and before there is one the `externalId`, where Entra maps the object id to it. A name tells nothing here: it may make
//! a link once, at a login, where the person is read live.

use serde_json::json;

use crate::rules::access::{Account, Denial, LoginRules, decide};
use crate::rules::naming::{LINK, claim_name, claimed_value};
use crate::rules::resource::Resource;
use crate::store::index::{Index, KnownPerson, LookupKey};

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHolder {
    /// Nobody in the Directory has the account, or more than one person might.
    Unknown,
    /// The person has no access.
    Denied(Denial),
    /// The person logs in another way, so a token of the provider is not theirs to use.
    OtherMethod,
}

impl NoHolder {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "NotInDirectory",
            Self::Denied(denial) => denial.as_str(),
            Self::OtherMethod => "MethodUnavailable",
        }
    }
}

/// The person with this account, if access is granted now.
pub fn holder(index: &Index, directory: &str, account: &Account, rules: &LoginRules) -> Result<KnownPerson, NoHolder> {
    use crate::api::directory_user::LoginMethod;

    let person = linked(index, directory, account).or_else(|| provisioned(index, account)).ok_or(NoHolder::Unknown)?;
    match decide(&person.access, rules) {
        Ok(LoginMethod::OpenIDConnect) => Ok(person),
        Ok(_) => Err(NoHolder::OtherMethod),
        Err(denial) => Err(NoHolder::Denied(denial)),
    }
}

fn linked(index: &Index, directory: &str, account: &Account) -> Option<KnownPerson> {
    let link = json!({ "link": { "tenantID": &*account.tenant, "objectID": &*account.object } });
    let value = claimed_value(LINK, &link)?.value;
    let id = index.live_holder(&claim_name(directory, LINK, &value))?;
    index.person(&id).filter(|person| person.access.account.as_ref().is_some_and(|own| is_same(own, account)))
}

/// The one person whose externalId is the object id and who is linked to no account: with a link, another account is theirs.
fn provisioned(index: &Index, account: &Account) -> Option<KnownPerson> {
    let spellings =
        [account.object.to_string(), account.object.to_ascii_lowercase(), account.object.to_ascii_uppercase()];
    let mut found: Vec<String> = Vec::new();
    for spelling in spellings {
        found.extend(index.candidates(Resource::User, &LookupKey::ExternalId(spelling)));
    }
    found.sort_unstable();
    found.dedup();
    let [only] = &found[..] else { return None };
    let person = index.person(only)?;
    let is_theirs = person.access.account.is_none() && has_external_id(&person.scim, &account.object);
    is_theirs.then_some(person)
}

/// What the index finds by a hash is looked at once more.
fn has_external_id(scim: &[u8], object: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(default)]
        external_id: String,
    }
    serde_json::from_slice::<Body>(scim).is_ok_and(|body| body.external_id.eq_ignore_ascii_case(object))
}

fn is_same(own: &Account, other: &Account) -> bool {
    own.tenant.eq_ignore_ascii_case(&other.tenant) && own.object.eq_ignore_ascii_case(&other.object)
}
