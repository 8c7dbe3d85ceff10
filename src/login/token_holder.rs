//! Which person an access token of the provider speaks of.
//!
//! A token is presented again and again, so the answer comes from memory and nothing is written: the link of an earlier login
//! tells, and before there is one the `externalId`, where Entra maps the object id to it. A name tells nothing here: it may make
//! a link once, at a login, where the person is read live.

use serde_json::json;

use super::link::{external_ids, is_same};
use crate::api::directory_user::LoginMethod;
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
    index.person(&id).filter(|person| person.access.account.as_ref().is_some_and(|own| is_same_account(own, account)))
}

/// The one person whose externalId is the object id and who is linked to no account: with a link, another account is theirs.
fn provisioned(index: &Index, account: &Account) -> Option<KnownPerson> {
    let mut found: Vec<String> = Vec::new();
    for spelling in external_ids(&account.object) {
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
    serde_json::from_slice::<Body>(scim).is_ok_and(|body| is_same(&body.external_id, object))
}

/// The claim on a link does not tell letter cases apart, and the subjects of providers other than Entra do.
fn is_same_account(own: &Account, other: &Account) -> bool {
    is_same(&own.tenant, &other.tenant) && is_same(&own.object, &other.object)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::naming::USER_NAME;
    use crate::store::kind::Kind;
    use crate::store::memory::Memory;

    const ISSUER: &str = "https://op.contoso.example";
    const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
    const OBJECT: &str = "bbbbbbbb-0000-4000-8000-000000000002";

    /// Who holds a token of this account where one person has this `externalId`, or this link.
    fn check(
        (tenant, object): (&str, &str),
        external_id: &str,
        link: Option<(&str, &str)>,
    ) -> Result<String, NoHolder> {
        let memory = Memory::default();
        let put = |kind, name: &str, more: Value| {
            let mut spec = json!({ "directoryRef": { "name": "staff" } });
            spec.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
            let metadata = json!({ "name": name, "namespace": "n", "uid": format!("{name}-uid-0") });
            memory.put(kind, &json!({ "metadata": metadata, "spec": spec }));
        };
        let claim = |attribute: &str, value: &str| {
            let spec = json!({ "attribute": attribute, "value": value, "holder": "ada-1", "nonce": "0" });
            put(Kind::CLAIM, &claim_name("staff", attribute, value), spec);
        };
        put(Kind::DIRECTORY, "staff", json!({}));
        let mut ada = json!({ "managedBy": "Provisioning", "scim": { "userName": "ada", "externalId": external_id } });
        if let Some((tenant, object)) = link {
            ada["link"] = json!({ "tenantID": tenant, "objectID": object });
            claim(LINK, &claimed_value(LINK, &ada).expect("a value").value);
        }
        put(Kind::USER, "ada-1", ada);
        claim(USER_NAME, "ada");
        let store = memory.store(|_| None);
        memory.fill(&store);
        let account = Account { tenant: tenant.into(), object: object.into() };
        let method = Some(LoginMethod::OpenIDConnect);
        let rules = LoginRules { method, has_provider: true, ..LoginRules::default() };
        holder(&store.index("n", "staff"), "staff", &account, &rules).map(|person| person.id.to_string())
    }

    #[tokio::test]
    async fn a_token_speaks_of_the_person_with_exactly_its_account() {
        let (found, unknown) = (Ok("ada-1".to_owned()), Err(NoHolder::Unknown));
        let upper = OBJECT.to_uppercase();
        for (name, account, external_id, link, expected) in [
            ("externalId", (TENANT, OBJECT), OBJECT, None, &found),
            ("externalId in another letter case", (TENANT, OBJECT), upper.as_str(), None, &found),
            ("linked", (TENANT, OBJECT), "ada", Some((TENANT, OBJECT)), &found),
            ("linked in another letter case", (TENANT, OBJECT), "ada", Some((TENANT, upper.as_str())), &found),
            ("linked to another account", (TENANT, OBJECT), OBJECT, Some((TENANT, TENANT)), &unknown),
            ("a subject as externalId", (ISSUER, "Ada"), "Ada", None, &found),
            ("a subject that differs in letter case alone", (ISSUER, "ada"), "Ada", None, &unknown),
            ("linked to a subject", (ISSUER, "Ada"), "x", Some((ISSUER, "Ada")), &found),
            ("linked to one that differs in letter case alone", (ISSUER, "ada"), "x", Some((ISSUER, "Ada")), &unknown),
            ("nobody", (TENANT, OBJECT), "ada", None, &unknown),
        ] {
            assert_eq!(&check(account, external_id, link), expected, "{name}");
        }
    }
}
