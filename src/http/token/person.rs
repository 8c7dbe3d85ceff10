//! What is said of the person whose token it is.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::limits::{MAX_CACHE, MAX_GROUPS};
use crate::login::provider::VerifiedToken;
use crate::login::token_holder::{NoHolder, holder};
use crate::rules::access::{Account, LoginRules};
use crate::rules::profile::Profile;
use crate::store::{Store, WatchedDirectory};

/// What is said: all of it from the state of the cluster, save what only the token can know.
pub(super) struct TokenAnswer {
    id: Arc<str>,
    profile: Profile,
    groups: Vec<Arc<str>>,
    token: VerifiedToken,
    /// Until when whoever asked may go on without asking again.
    expires: Timestamp,
}

/// What is said of the holder of a token, if there is one who has access now.
pub(super) fn told(
    store: &Store,
    directory: &WatchedDirectory,
    rules: &LoginRules,
    token: VerifiedToken,
    now: Timestamp,
) -> Result<TokenAnswer, NoHolder> {
    let index = store.index(&directory.namespace, &directory.name);
    let account =
        Account { tenant: token.account.tenant.as_str().into(), object: token.account.object.as_str().into() };
    let person = holder(&index, &directory.name, &account, rules)?;
    let profile = Profile::read(&person.scim, &directory.spec).unwrap_or_default();
    let (groups, _) = index.group_names(&person.id, MAX_GROUPS);
    let soon = Timestamp::from_second(now.as_second() + MAX_CACHE).unwrap_or(now);
    Ok(TokenAnswer { id: person.id, profile, groups, expires: token.expires.min(soon), token })
}

impl TokenAnswer {
    /// The answer of RFC 7662 section 2.2.
    pub(super) fn introspected(&self) -> Value {
        let Self { id, profile, groups, token, expires } = self;
        let given = json!({
            "active": true,
            "token_type": "Bearer",
            "sub": &**id,
            "username": profile.user_name,
            "oid": token.account.object,
            "tid": token.account.tenant,
            "exp": expires.as_second(),
            "aud": token.audience,
            "client_id": token.client_id,
            "scope": token.scope,
            "groups": groups.iter().map(|group| &**group).collect::<Vec<_>>(),
            "role": profile.portal_role,
            "user_type": profile.user_type,
        });
        without_null(given)
    }

    /// The same for the app itself, under the names of OpenID Connect.
    pub(super) fn userinfo(&self) -> Value {
        let Self { id, profile, groups, token: _, expires: _ } = self;
        let given = json!({
            "sub": &**id,
            "preferred_username": profile.user_name,
            "name": profile.display_name,
            "email": profile.email,
            "groups": groups.iter().map(|group| &**group).collect::<Vec<_>>(),
            "role": profile.portal_role,
            "user_type": profile.user_type,
        });
        without_null(given)
    }
}

/// What there is nothing to say about is left out.
fn without_null(given: Value) -> Value {
    let Value::Object(given) = given else { return given };
    Value::Object(given.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}
