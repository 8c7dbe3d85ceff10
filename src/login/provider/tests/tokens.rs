//! Which tokens are believed: every forgery that the reference names, at the limits of what is allowed.

use jiff::Timestamp;
use openidconnect::IssuerUrl;
use serde_json::{Value, json};

use super::super::token::{Expected, MAX_TOKEN, TokenRefused, TokenUse, verify};
use super::super::{VerifiedToken, token};
use super::signer::{FOREIGN, OWN, Signed, changed, token as signed_token};
use crate::api::directory_login::{Flavor, UpnClaim};

const TENANT: &str = "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d";
const OTHER_TENANT: &str = "11111111-1111-4111-8111-111111111111";
const ISSUER: &str = "https://login.example.com/7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d/v2.0";
const OBJECT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const WEB: &str = "web-client";
const NATIVE: &str = "native-client";
const API: &str = "api://rollcall";
const NOW: i64 = 1_800_000_000;
const SKEW: i64 = 60;

const LOGIN: TokenUse<'_> = TokenUse::Login { client_id: WEB, nonce: "the-nonce" };
const NATIVE_ID: TokenUse<'_> = TokenUse::NativeIdToken { client_id: NATIVE };

fn header() -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": "own" })
}

fn claims_for(audience: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": audience, "sub": "pairwise", "tid": TENANT, "oid": OBJECT, "ver": "2.0",
        "iat": NOW - 5, "nbf": NOW - 5, "exp": NOW + 3600, "name": "Adele Vance", "upn": "Adele@contoso.example",
        "preferred_username": "adele.v@contoso.example", "email": "somebody.else@contoso.example",
        "acct": 0, "roles": ["Admin"], "uti": "the-uti",
    })
}

/// The ID token of a login.
fn id_token() -> Value {
    changed(claims_for(WEB), &json!({ "nonce": "the-nonce" }))
}

/// An access token of the native registration for the API.
fn access_token() -> Value {
    changed(claims_for(API), &json!({ "scp": "openid access_as_user", "azp": NATIVE }))
}

fn judge(token: &str, purpose: TokenUse<'_>, flavor: Flavor) -> Result<VerifiedToken, TokenRefused> {
    let issuer = IssuerUrl::new(ISSUER.to_owned()).expect("an issuer");
    let tenant = if flavor == Flavor::EntraID { TENANT } else { ISSUER };
    let expected = Expected { flavor, issuer: &issuer, tenant, skew_seconds: SKEW, upn_claim: UpnClaim::Upn, purpose };
    verify(token, &OWN.public(), &expected, Timestamp::from_second(NOW).expect("a time"))
}

fn api() -> Vec<String> {
    vec![API.to_owned(), WEB.to_owned()]
}

/// What is said of a token whose claims are changed like this.
fn reason(claims: Value, changes: &Value, purpose: TokenUse<'_>) -> &'static str {
    let token = signed_token(&header(), &changed(claims, changes), Signed::By(&OWN));
    judge(&token, purpose, Flavor::EntraID).map_or_else(|refused| refused.as_str(), |_| "good")
}

#[test]
fn a_good_token_says_whose_account_it_is_about() {
    let token = signed_token(&header(), &id_token(), Signed::By(&OWN));
    let verified = judge(&token, LOGIN, Flavor::EntraID).expect("a good token");
    let account = &verified.account;
    assert_eq!((account.tenant.as_str(), account.object.as_str()), (TENANT, OBJECT));
    assert_eq!((account.upn.as_deref(), account.is_guest), (Some("Adele@contoso.example"), false));
    assert_eq!(account.display.as_deref(), Some("Adele Vance"));
    assert_eq!((verified.audience.as_str(), verified.expires.as_second()), (WEB, NOW + 3600));
    let audiences = api();
    let access = TokenUse::Access { audiences: &audiences, scope: "access_as_user" };
    let verified = judge(&signed_token(&header(), &access_token(), Signed::By(&OWN)), access, Flavor::EntraID);
    let verified = verified.expect("a good access token");
    assert_eq!(
        (verified.client_id.as_deref(), verified.scope.as_deref()),
        (Some(NATIVE), Some("openid access_as_user"))
    );
    assert_eq!((verified.audience.as_str(), verified.token_id.as_deref()), (API, Some("the-uti")));
}

#[test]
fn threat_21_the_mail_address_of_a_token_is_nowhere_in_what_is_told_of_it() {
    for changes in [json!({}), json!({ "upn": null }), json!({ "email_verified": "true" }), json!({ "name": null })] {
        let token = signed_token(&header(), &changed(id_token(), &changes), Signed::By(&OWN));
        let verified = judge(&token, LOGIN, Flavor::EntraID).expect("a good token");
        assert!(!format!("{verified:?}").contains("somebody.else"), "{verified:?}");
    }
}

#[test]
fn threat_24_a_token_that_is_signed_in_another_way_is_refused() {
    let jwk = OWN.to_json().to_string();
    let public = jwk.as_bytes();
    let (with, without) = (|changes: Value| changed(header(), &changes), json!({ "kid": null }));
    for (case, header, signed, expected) in [
        ("good", header(), Signed::By(&OWN), "good"),
        ("without a type", with(json!({ "typ": null })), Signed::By(&OWN), "good"),
        ("no signature", with(json!({ "alg": "none" })), Signed::Not, "Algorithm"),
        ("none in capitals", with(json!({ "alg": "NONE" })), Signed::Not, "Algorithm"),
        ("none without a key", changed(with(json!({ "alg": "none" })), &without), Signed::Not, "Algorithm"),
        ("the public key as a secret", with(json!({ "alg": "HS256" })), Signed::WithSecret(public), "Algorithm"),
        ("the client's secret", with(json!({ "alg": "HS256" })), Signed::WithSecret(b"s3cret"), "Algorithm"),
        ("an HMAC that says RS256", header(), Signed::WithSecret(public), "Signature"),
        ("another hash", with(json!({ "alg": "RS512" })), Signed::By(&OWN), "Algorithm"),
        ("another padding", with(json!({ "alg": "PS256" })), Signed::By(&OWN), "Algorithm"),
        ("a foreign key", header(), Signed::By(&FOREIGN), "Signature"),
        ("an empty signature", header(), Signed::Not, "Signature"),
        ("no key id", changed(header(), &without), Signed::By(&OWN), "NoKeyId"),
        ("an empty key id", with(json!({ "kid": "" })), Signed::By(&OWN), "NoKeyId"),
        ("another key id", with(json!({ "kid": "other" })), Signed::By(&OWN), "UnknownKey"),
        ("an endless key id", with(json!({ "kid": "x".repeat(257) })), Signed::By(&OWN), "UnknownKey"),
        ("a key id that is none", with(json!({ "kid": 7 })), Signed::By(&OWN), "Malformed"),
        ("an access token's type", with(json!({ "typ": "at+jwt" })), Signed::By(&OWN), "Header"),
        ("a logout token's type", with(json!({ "typ": "logout+jwt" })), Signed::By(&OWN), "Header"),
        ("something that must be understood", with(json!({ "crit": ["b64"] })), Signed::By(&OWN), "Header"),
        ("a token in a token", with(json!({ "cty": "JWT" })), Signed::By(&OWN), "Header"),
        ("a key of its own", with(json!({ "jwk": FOREIGN.to_json() })), Signed::By(&FOREIGN), "Signature"),
        ("a key somewhere else", with(json!({ "jku": "https://example.com" })), Signed::By(&FOREIGN), "Signature"),
    ] {
        let token = signed_token(&header, &id_token(), signed);
        let found = judge(&token, LOGIN, Flavor::EntraID).map_or_else(|refused| refused.as_str(), |_| "good");
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn threat_24_a_token_with_any_letter_changed_is_refused() {
    let good = signed_token(&header(), &id_token(), Signed::By(&OWN));
    let letters: Vec<char> = good.chars().collect();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    for at in (0..letters.len()).step_by(7) {
        let mut changed = letters.clone();
        // The letter with the first of its six bits turned: the last bits of the last letter of a part say nothing.
        let value = alphabet.iter().position(|letter| *letter == letters[at]);
        changed[at] = value.map_or('A', |value| alphabet[value ^ 32]);
        let changed: String = changed.into_iter().collect();
        assert!(judge(&changed, LOGIN, Flavor::EntraID).is_err(), "letter {at} of {}", letters.len());
    }
}

#[test]
fn threat_23_a_token_of_another_tenant_is_refused() {
    let issuer = |tenant: &str| format!("https://login.example.com/{tenant}/v2.0");
    for (case, changes, expected) in [
        ("the tenant in capitals", json!({ "tid": TENANT.to_uppercase() }), "good"),
        ("another tenant in the claim", json!({ "tid": OTHER_TENANT }), "Tenant"),
        ("no tenant", json!({ "tid": null }), "Tenant"),
        ("another issuer", json!({ "iss": issuer(OTHER_TENANT) }), "Issuer"),
        ("another tenant altogether", json!({ "iss": issuer(OTHER_TENANT), "tid": OTHER_TENANT }), "Issuer"),
        ("a slash behind the issuer", json!({ "iss": format!("{ISSUER}/") }), "Issuer"),
        ("the template of every tenant", json!({ "iss": issuer("{tenantid}") }), "Issuer"),
        ("the first version", json!({ "iss": format!("https://sts.windows.net/{TENANT}/"), "ver": "1.0" }), "Version"),
        ("a version that the issuer contradicts", json!({ "ver": "1.0" }), "Version"),
        ("no version", json!({ "ver": null }), "Version"),
    ] {
        assert_eq!(reason(id_token(), &changes, LOGIN), expected, "{case}");
    }
}

#[test]
fn threat_25_a_token_for_somebody_else_is_refused_at_a_login() {
    for (case, changes, expected) in [
        ("a list with us alone", json!({ "aud": [WEB] }), "good"),
        ("given to us", json!({ "azp": WEB }), "good"),
        ("for another client", json!({ "aud": NATIVE }), "Audience"),
        ("for Microsoft Graph", json!({ "aud": "00000003-0000-0000-c000-000000000000" }), "Audience"),
        ("for us and another", json!({ "aud": [WEB, NATIVE] }), "Audience"),
        ("for nobody", json!({ "aud": [] }), "Audience"),
        ("without an audience", json!({ "aud": null }), "Audience"),
        ("given to another client", json!({ "azp": NATIVE }), "AuthorizedParty"),
        ("another login's nonce", json!({ "nonce": "other" }), "Nonce"),
        ("no nonce", json!({ "nonce": null }), "Nonce"),
        ("an access token for ourselves", json!({ "scp": "access_as_user" }), "Audience"),
        ("about an application", json!({ "idtyp": "app" }), "AppOnly"),
        ("without an object id", json!({ "oid": null }), "NoObjectId"),
        ("with an object id that is none", json!({ "oid": "../../x" }), "NoObjectId"),
    ] {
        assert_eq!(reason(id_token(), &changes, LOGIN), expected, "{case}");
    }
}

#[test]
fn threat_25_a_token_for_somebody_else_is_refused_where_tokens_are_shown() {
    let audiences = api();
    let access = TokenUse::Access { audiences: &audiences, scope: "access_as_user" };
    for (case, changes, expected) in [
        ("good", json!({}), "good"),
        ("another audience that is accepted", json!({ "aud": WEB }), "good"),
        ("an audience that is not", json!({ "aud": "api://other" }), "Audience"),
        ("an audience that begins alike", json!({ "aud": format!("{API}.example") }), "Audience"),
        ("one that is and one that is not", json!({ "aud": [API, "api://other"] }), "Audience"),
        ("another scope", json!({ "scp": "User.Read" }), "Scope"),
        ("a scope that begins alike", json!({ "scp": "access_as_user.admin" }), "Scope"),
        ("an application for itself", json!({ "scp": null, "idtyp": "app" }), "AppOnly"),
        ("an application that does not say so", json!({ "scp": null }), "AppOnly"),
        ("an ID token", json!({ "scp": null, "roles": null }), "Scope"),
        ("a scope in another claim", json!({ "scp": null, "scope": "access_as_user", "roles": null }), "Scope"),
        ("issued long ago and still good", json!({ "iat": NOW - 80_000 }), "good"),
    ] {
        assert_eq!(reason(access_token(), &changes, access), expected, "{case}");
    }
    for (case, changes, expected) in [
        ("good", json!({}), "good"),
        ("for the web registration", json!({ "aud": WEB }), "Audience"),
        ("given to the web registration", json!({ "azp": WEB }), "AuthorizedParty"),
        ("an access token", json!({ "scp": "access_as_user" }), "Audience"),
    ] {
        assert_eq!(reason(claims_for(NATIVE), &changes, NATIVE_ID), expected, "{case}");
    }
}

#[test]
fn threat_26_a_token_counts_within_its_times_and_the_difference_of_the_clocks() {
    for (case, changes, expected) in [
        ("expired within the difference", json!({ "exp": NOW - SKEW + 1 }), "good"),
        ("expired", json!({ "exp": NOW - SKEW }), "Expired"),
        ("expired a year ago", json!({ "exp": NOW - 31_536_000 }), "Expired"),
        ("expired before 1970", json!({ "exp": -1 }), "Expired"),
        ("valid within the difference", json!({ "nbf": NOW + SKEW }), "good"),
        ("not yet valid", json!({ "nbf": NOW + SKEW + 1 }), "NotYetValid"),
        ("without a beginning", json!({ "nbf": null }), "good"),
        ("a beginning that no clock reaches", json!({ "nbf": 1e300 }), "NotYetValid"),
        ("issued within the difference", json!({ "iat": NOW + SKEW }), "good"),
        ("issued in the future", json!({ "iat": NOW + SKEW + 1 }), "NotYetValid"),
        ("issued just long enough ago", json!({ "iat": NOW - 600 - SKEW }), "good"),
        ("issued before the login", json!({ "iat": NOW - 600 - SKEW - 1 }), "TooOld"),
    ] {
        assert_eq!(reason(id_token(), &changes, LOGIN), expected, "{case}");
    }
}

#[test]
fn a_claim_of_another_type_makes_a_token_malformed() {
    for (name, value) in [
        ("iss", json!(7)),
        ("aud", json!({ "x": 1 })),
        ("aud", json!([7])),
        ("exp", json!("tomorrow")),
        ("exp", json!(null)),
        ("iat", json!([])),
        ("nbf", json!("now")),
        ("sub", json!(null)),
        ("tid", json!([TENANT])),
        ("oid", json!({ "x": OBJECT })),
        ("ver", json!(2)),
        ("acct", json!("1")),
        ("azp", json!(7)),
        ("idtyp", json!(true)),
        ("nonce", json!(7)),
        ("roles", json!("Admin")),
        ("upn", json!(7)),
    ] {
        let mut claims = id_token();
        claims[name] = value.clone();
        let token = signed_token(&header(), &claims, Signed::By(&OWN));
        let found = judge(&token, LOGIN, Flavor::EntraID).expect_err(name);
        assert_eq!(found, TokenRefused::Malformed, "{name}: {value}");
    }
    let long = "x".repeat(MAX_TOKEN + 1);
    for garbage in ["", ".", "..", "a.b.c", "a.b", "a.b.c.d", "e30.e30.", "e30.e30.AA", "ä.ö.ü", long.as_str()] {
        assert!(judge(garbage, LOGIN, Flavor::EntraID).is_err(), "{garbage:.20}");
    }
}

#[test]
fn threat_20_nothing_that_stands_in_a_token_is_repeated() {
    let planted = "x\n{\"level\":\"ERROR\",\"message\":\"forged\"}";
    let headers =
        [json!({ "kid": planted }), json!({ "alg": planted }), json!({ "typ": planted }), json!({ "crit": [planted] })];
    let claims = ["iss", "aud", "sub", "tid", "oid", "ver", "azp", "nonce", "idtyp", "scp", "upn", "exp"];
    let tokens = headers.iter().map(|changes| signed_token(&changed(header(), changes), &id_token(), Signed::By(&OWN)));
    let changed_claims = claims.iter().map(|claim| changed(id_token(), &json!({ *claim: planted })));
    let tokens = tokens.chain(changed_claims.map(|claims| signed_token(&header(), &claims, Signed::By(&OWN))));
    let mut refusals = 0;
    for token in tokens {
        if let Err(refused) = judge(&token, LOGIN, Flavor::EntraID) {
            refusals += 1;
            let told = format!("{refused} {refused:?} {}", refused.as_str());
            assert!(!told.contains("forged") && told.lines().count() == 1, "{told}");
        }
    }
    assert!(refusals > 10, "{refusals}");
}

#[test]
fn a_token_of_another_provider_is_judged_by_its_issuer_and_its_subject() {
    let generic = json!({ "tid": null, "oid": null, "ver": null, "acct": null, "uti": null, "jti": "the-jti" });
    let judge_generic = |claims: Value, header: &Value, purpose: TokenUse<'_>| {
        judge(&signed_token(header, &changed(claims, &generic), Signed::By(&OWN)), purpose, Flavor::Generic)
    };
    let verified = judge_generic(id_token(), &header(), LOGIN).expect("a good token");
    assert_eq!((verified.account.tenant.as_str(), verified.account.object.as_str()), (ISSUER, "pairwise"));
    assert_eq!(verified.token_id.as_deref(), Some("the-jti"));
    let audiences = api();
    let access = TokenUse::Access { audiences: &audiences, scope: "access_as_user" };
    let typed = changed(header(), &json!({ "typ": "at+jwt" }));
    let scoped = changed(access_token(), &json!({ "scp": null, "scope": "openid access_as_user" }));
    judge_generic(scoped.clone(), &typed, access).expect("the type of RFC 9068 and its scope");
    assert_eq!(judge_generic(id_token(), &typed, LOGIN), Err(TokenRefused::Header));
    let empty = changed(scoped, &json!({ "sub": "" }));
    assert_eq!(judge_generic(empty, &typed, access), Err(TokenRefused::NoObjectId));
}

#[test]
fn what_is_compared_with_the_user_name_is_what_the_directory_names() {
    let issuer = IssuerUrl::new(ISSUER.to_owned()).expect("an issuer");
    for (case, upn_claim, changes, expected) in [
        ("the upn", UpnClaim::Upn, json!({}), Some("Adele@contoso.example")),
        ("no upn", UpnClaim::Upn, json!({ "upn": null }), None),
        ("a newer version's", UpnClaim::Unknown, json!({}), Some("Adele@contoso.example")),
        ("the other claim", UpnClaim::PreferredUsername, json!({}), Some("adele.v@contoso.example")),
        ("the other claim of a guest", UpnClaim::PreferredUsername, json!({ "acct": 1 }), None),
        ("a guest's upn", UpnClaim::Upn, json!({ "acct": 1 }), Some("Adele@contoso.example")),
    ] {
        let token = signed_token(&header(), &changed(id_token(), &changes), Signed::By(&OWN));
        let expected_of = Expected {
            flavor: Flavor::EntraID,
            issuer: &issuer,
            tenant: TENANT,
            skew_seconds: SKEW,
            upn_claim,
            purpose: LOGIN,
        };
        let now = Timestamp::from_second(NOW).expect("a time");
        let verified = token::verify(&token, &OWN.public(), &expected_of, now).expect(case);
        assert_eq!(verified.account.upn.as_deref(), expected, "{case}");
    }
}
