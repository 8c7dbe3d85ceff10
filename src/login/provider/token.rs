//! What a token of a provider must be to be believed: pure functions with the key and the time as arguments.
//!
//! The crate checks the signature, the issuer, the audience, the expiry and the type of the token. What it leaves open is
//! checked around it: which tenant, for whom, since when, from which client, for a person. Its sentences repeat what stands in
//! the token, so none of them is passed on.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jiff::Timestamp;
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IssuerUrl, JsonWebTokenType, Nonce,
    SignatureVerificationError,
};
use serde::{Deserialize, Serialize};

use super::account::{VerifiedAccount, VerifiedToken, is_guest};
use super::keys::MAX_KEY_ID;
use super::problem::ProviderProblem;
use crate::api::directory_login::{Flavor, UpnClaim};
use crate::rules::guid::is_guid;

/// Longest token that is looked at; one of Entra with many roles has about 4 KiB.
pub const MAX_TOKEN: usize = 16 * 1024;
/// How long before a login its ID token may have been issued.
const LOGIN_AGE_SECONDS: i64 = 600;
/// The most that clocks may differ by, in seconds.
const MAX_SKEW_SECONDS: i64 = 300;

/// Why a token is not believed. Nothing that stands in the token is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is longer than any token is.
    #[error("the token is longer than {} KiB", MAX_TOKEN / 1024)]
    TooLong,
    /// It is no token, or a claim has a wrong type.
    #[error("the token is no JSON Web Token, or one of its claims is missing or of the wrong type")]
    Malformed,
    /// It is signed in another way than RS256, or not at all.
    #[error("the token is not signed with RS256")]
    Algorithm,
    /// Its header has something that nobody may pass over.
    #[error("the token's header asks for something that is not supported")]
    Header,
    /// It does not say which key it was signed with.
    #[error("the token names no key")]
    NoKeyId,
    /// The provider does not publish its key.
    #[error("the token names a key that the provider does not publish")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("the token's signature is wrong")]
    Signature,
    /// It is not from this provider.
    #[error("the token is from another issuer")]
    Issuer,
    /// It is a token of the first version.
    #[error(
        "the token is of version 1.0; set requestedAccessTokenVersion (api.requestedAccessTokenVersion in the manifest) of the \
         registration that the token is for to 2"
    )]
    Version,
    /// It is about another tenant.
    #[error("the token is of another tenant")]
    Tenant,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It was given to another client.
    #[error("the token was given to another client")]
    AuthorizedParty,
    /// It is over.
    #[error("the token has expired")]
    Expired,
    /// It does not count yet.
    #[error("the token is not valid yet; compare the clocks")]
    NotYetValid,
    /// It is not from this login.
    #[error("the token was issued too long before the login")]
    TooOld,
    /// It answers another request.
    #[error("the token does not belong to this login")]
    Nonce,
    /// It is about an application.
    #[error("the token is about an application and not about a person")]
    AppOnly,
    /// It does not say which account it is about.
    #[error("the token does not say which account it is about; ask for the scope profile")]
    NoObjectId,
    /// It was not given for this.
    #[error("the token lacks the scope of spec.login.tokens.scope")]
    Scope,
    /// It is about a guest.
    #[error("the token is about a guest of the tenant; see spec.login.oidc.allowGuests")]
    Guest,
    /// The Directory accepts no tokens.
    #[error("the Directory accepts no such tokens; see spec.login.tokens")]
    NotAccepted,
    /// Whether it is good cannot be told.
    #[error("the token cannot be judged just now: {0}")]
    Unavailable(ProviderProblem),
}

impl TokenRefused {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::TooLong => "TooLong",
            Self::Malformed => "Malformed",
            Self::Algorithm => "Algorithm",
            Self::Header => "Header",
            Self::NoKeyId => "NoKeyId",
            Self::UnknownKey => "UnknownKey",
            Self::Signature => "Signature",
            Self::Issuer => "Issuer",
            Self::Version => "Version",
            Self::Tenant => "Tenant",
            Self::Audience => "Audience",
            Self::AuthorizedParty => "AuthorizedParty",
            Self::Expired => "Expired",
            Self::NotYetValid => "NotYetValid",
            Self::TooOld => "TooOld",
            Self::Nonce => "Nonce",
            Self::AppOnly => "AppOnly",
            Self::NoObjectId => "NoObjectId",
            Self::Scope => "Scope",
            Self::Guest => "Guest",
            Self::NotAccepted => "NotAccepted",
            Self::Unavailable(_) => "Unavailable",
        }
    }

    /// Whether nobody knows if the token is good: the answer is then 503.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// The claims that the crate does not know. A claim of another JSON type makes the token malformed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ProviderClaims {
    tid: Option<String>,
    oid: Option<String>,
    ver: Option<String>,
    upn: Option<String>,
    acct: Option<i64>,
    idp: Option<String>,
    idtyp: Option<String>,
    nbf: Option<f64>,
    scp: Option<String>,
    scope: Option<String>,
    login_hint: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    uti: Option<String>,
    jti: Option<String>,
}

impl AdditionalClaims for ProviderClaims {}

/// A token as it is read. Access tokens of Entra have the form of ID tokens.
type ProviderToken =
    IdToken<ProviderClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<ProviderClaims, CoreGenderClaim>;

/// What is expected of a token.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// What the provider is.
    pub flavor: Flavor,
    /// Its issuer.
    pub issuer: &'a IssuerUrl,
    /// Its tenant.
    pub tenant: &'a str,
    /// By how many seconds clocks may differ.
    pub skew_seconds: i64,
    /// The claim that is compared with userName.
    pub upn_claim: UpnClaim,
    /// What the token is for.
    pub purpose: TokenUse<'a>,
}

/// What a token is for.
#[derive(Clone, Copy, Debug)]
pub enum TokenUse<'a> {
    /// The ID token of a login.
    Login {
        /// The web registration.
        client_id: &'a str,
        /// What the request said.
        nonce: &'a str,
    },
    /// An ID token of the native registration, which somebody shows.
    NativeIdToken {
        /// The native registration.
        client_id: &'a str,
    },
    /// An access token, which somebody shows.
    Access {
        /// The audiences that are accepted.
        audiences: &'a [String],
        /// The scope that it must have.
        scope: &'a str,
    },
}

/// What an unverified token says of itself: enough to look for the key, and to turn away what is not meant for us before any
/// signature is verified.
#[derive(Debug)]
pub struct Unverified {
    /// The id of the key.
    pub key_id: String,
    /// The issuer.
    pub issuer: String,
    /// The audiences.
    pub audiences: Vec<String>,
    is_version_1: bool,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Preview {
    iss: String,
    #[serde(default)]
    aud: OneOrMany,
    ver: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// Reads what a token says of itself. Nothing of it is believed.
pub fn unverified(token: &str) -> Result<Unverified, TokenRefused> {
    if token.len() > MAX_TOKEN {
        return Err(TokenRefused::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(TokenRefused::Malformed);
    };
    let header: Header = part(header)?;
    if header.alg != "RS256" {
        return Err(TokenRefused::Algorithm);
    }
    let key_id = header.kid.filter(|id| !id.is_empty()).ok_or(TokenRefused::NoKeyId)?;
    if key_id.len() > MAX_KEY_ID {
        return Err(TokenRefused::UnknownKey);
    }
    let Preview { iss, aud, ver } = part(payload)?;
    let audiences = match aud {
        OneOrMany::One(audience) => vec![audience],
        OneOrMany::Many(audiences) => audiences,
    };
    let is_version_1 = ver.as_deref() == Some("1.0") || is_issuer_of_version_1(&iss);
    Ok(Unverified { key_id, issuer: iss, audiences, is_version_1 })
}

/// Whether an issuer is that of the first version of Entra's tokens. They are refused, in words that say what to change.
pub fn is_issuer_of_version_1(issuer: &str) -> bool {
    issuer.starts_with("https://sts.windows.net/")
}

fn part<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenRefused> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRefused::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenRefused::Malformed)
}

impl Unverified {
    /// Turns away what cannot be meant for us.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), TokenRefused> {
        if expected.flavor == Flavor::EntraID && self.is_version_1 {
            return Err(TokenRefused::Version);
        }
        if self.issuer != expected.issuer.as_str() {
            return Err(TokenRefused::Issuer);
        }
        let is_ours = |audience: &String| match expected.purpose {
            TokenUse::Login { client_id, .. } | TokenUse::NativeIdToken { client_id } => audience == client_id,
            TokenUse::Access { audiences, .. } => audiences.contains(audience),
        };
        // More than one audience is more than one that can use it against us.
        let is_for_us = !self.audiences.is_empty() && self.audiences.iter().all(is_ours);
        if is_for_us { Ok(()) } else { Err(TokenRefused::Audience) }
    }
}

/// Verifies a token with this key at `now`.
pub fn verify(
    token: &str,
    key: &CoreJsonWebKey,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<VerifiedToken, TokenRefused> {
    let audience = {
        let unverified = unverified(token)?;
        unverified.check(expected)?;
        unverified.audiences.into_iter().next().ok_or(TokenRefused::Audience)?
    };
    let token: ProviderToken = token.parse().map_err(|_| TokenRefused::Malformed)?;
    let skew = expected.skew_seconds.clamp(0, MAX_SKEW_SECONDS);
    let expired_before = DateTime::<Utc>::from_timestamp(now.as_second() - skew, 0).ok_or(TokenRefused::Expired)?;
    let keys = CoreJsonWebKeySet::new(vec![key.clone()]);
    let mut verifier =
        CoreIdTokenVerifier::new_public_client(ClientId::new(audience.clone()), expected.issuer.clone(), keys)
            .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256])
            // The audiences were compared above, each of them.
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(move || expired_before);
    if matches!((&expected.purpose, expected.flavor), (TokenUse::Access { .. }, Flavor::Generic)) {
        // RFC 9068 gives access tokens a type of their own, and Entra does not use it.
        let types = ["at+jwt", "jwt"].map(|name| JsonWebTokenType::new(name.to_owned()).normalize());
        verifier = verifier.set_allowed_jose_types(types.into_iter().flatten());
    }
    let nonce = match expected.purpose {
        TokenUse::Login { nonce, .. } => Some(Nonce::new(nonce.to_owned())),
        TokenUse::NativeIdToken { .. } | TokenUse::Access { .. } => None,
    };
    let claims = match &nonce {
        Some(nonce) => token.claims(&verifier, nonce),
        None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
    };
    let claims = claims.map_err(|error| refused(&error))?;
    check_times(claims, expected, skew, now)?;
    check_claims(claims, expected)?;
    verified(claims, audience, expected)
}

/// What the crate found, without its words.
fn refused(error: &ClaimsVerificationError) -> TokenRefused {
    match error {
        ClaimsVerificationError::Expired(_) => TokenRefused::Expired,
        ClaimsVerificationError::InvalidAudience(_) => TokenRefused::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => TokenRefused::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => TokenRefused::Nonce,
        ClaimsVerificationError::Unsupported(_) => TokenRefused::Header,
        ClaimsVerificationError::SignatureVerification(error) => match error {
            SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::NoSignature
            | SignatureVerificationError::UnsupportedAlg(_) => TokenRefused::Algorithm,
            SignatureVerificationError::NoMatchingKey => TokenRefused::UnknownKey,
            _ => TokenRefused::Signature,
        },
        _ => TokenRefused::Malformed,
    }
}

/// When a token counts. That it has not expired is the crate's to say.
fn check_times(claims: &Claims, expected: &Expected<'_>, skew: i64, now: Timestamp) -> Result<(), TokenRefused> {
    let (now, issued) = (now.as_second(), claims.issue_time().timestamp());
    #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
    let is_too_early = claims.additional_claims().nbf.is_some_and(|from| from > (now + skew) as f64);
    if is_too_early || issued > now + skew {
        return Err(TokenRefused::NotYetValid);
    }
    let is_of_login = matches!(expected.purpose, TokenUse::Login { .. });
    if is_of_login && issued < now - LOGIN_AGE_SECONDS - skew { Err(TokenRefused::TooOld) } else { Ok(()) }
}

/// Of which tenant, for which client and for what a token is.
fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenRefused> {
    let more = claims.additional_claims();
    if more.idtyp.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("app")) {
        return Err(TokenRefused::AppOnly);
    }
    if expected.flavor == Flavor::EntraID {
        if more.ver.as_deref() != Some("2.0") {
            return Err(TokenRefused::Version);
        }
        // The issuer was compared, and its tenant is the expected one: a token whose tid is another one contradicts itself.
        if more.tid.as_deref().is_none_or(|tenant| !tenant.eq_ignore_ascii_case(expected.tenant)) {
            return Err(TokenRefused::Tenant);
        }
    }
    match expected.purpose {
        TokenUse::Login { client_id, .. } | TokenUse::NativeIdToken { client_id } => {
            // An access token for our own registration is no ID token, although it has nearly all that one has.
            if more.scp.is_some() {
                return Err(TokenRefused::Audience);
            }
            let foreign = claims.authorized_party().is_some_and(|party| party.as_str() != client_id);
            if foreign { Err(TokenRefused::AuthorizedParty) } else { Ok(()) }
        }
        TokenUse::Access { scope, .. } => {
            let scopes = match expected.flavor {
                Flavor::EntraID => more.scp.as_deref(),
                Flavor::Generic | Flavor::Unknown => more.scope.as_deref().or(more.scp.as_deref()),
            };
            // An application that acts for nobody has roles and no scopes.
            let Some(scopes) = scopes else {
                return Err(if more.roles.is_empty() { TokenRefused::Scope } else { TokenRefused::AppOnly });
            };
            if scopes.split(' ').any(|found| found == scope) { Ok(()) } else { Err(TokenRefused::Scope) }
        }
    }
}

/// What is told of a token that is believed.
fn verified(claims: &Claims, audience: String, expected: &Expected<'_>) -> Result<VerifiedToken, TokenRefused> {
    let more = claims.additional_claims();
    let object = match expected.flavor {
        Flavor::EntraID => {
            let object = more.oid.as_deref().filter(|object| is_guid(object)).ok_or(TokenRefused::NoObjectId)?;
            object.to_ascii_lowercase()
        }
        Flavor::Generic | Flavor::Unknown => claims.subject().to_string(),
    };
    if object.is_empty() {
        return Err(TokenRefused::NoObjectId);
    }
    let is_guest = is_guest(more.acct, more.idp.as_deref(), expected.tenant);
    let preferred = claims.preferred_username().map(|name| name.to_string());
    let upn = match expected.upn_claim.counts_as() {
        // With an alternate login id it need not be the upn, and a guest's is an address of elsewhere.
        UpnClaim::PreferredUsername => preferred.clone().filter(|_| !is_guest),
        UpnClaim::Upn | UpnClaim::Unknown => more.upn.clone(),
    };
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
    let account = VerifiedAccount {
        tenant: expected.tenant.to_owned(),
        object,
        upn,
        is_guest,
        display: name.or(preferred),
        login_hint: more.login_hint.clone(),
        idp: more.idp.clone(),
        roles: more.roles.clone(),
    };
    let client_id = match expected.purpose {
        TokenUse::Access { .. } => claims.authorized_party().map(|party| party.to_string()),
        TokenUse::Login { client_id, .. } | TokenUse::NativeIdToken { client_id } => Some(client_id.to_owned()),
    };
    let expires = Timestamp::from_second(claims.expiration().timestamp()).map_err(|_| TokenRefused::Malformed)?;
    Ok(VerifiedToken {
        account,
        client_id,
        scope: more.scp.clone().or_else(|| more.scope.clone()),
        expires,
        audience,
        token_id: more.uti.clone().or_else(|| more.jti.clone()),
    })
}
