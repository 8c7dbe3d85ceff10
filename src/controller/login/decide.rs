//! What a Directory's status should say of its login, and when to look again: pure functions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory_login::{Login, LoginMode};
use crate::api::directory_status::RedirectUris;
use crate::controller::dirty_names::REVIEW_INTERVAL;
use crate::controller::status::conditions::{Wanted, insert_list, merge};
use crate::login::cookie;
use crate::login::provider::{ProviderProblem, configured, redirect_uri, signed_out_uri};

/// The conditions that are written here; those of others stay as they are.
const OWNED: [ConditionType; 1] = [ConditionType::LoginReady];
/// The fields that are written here.
pub const FIELDS: &[&str] = &["conditions", "redirectURIs"];
/// What does not work while the operator does not know its public address.
const NO_PUBLIC_URL: &str = "start the operator with --public-url: without it /check sends nobody to the login, applications get no \
                             X-Rollcall-Assertion";
/// After the first failure, until the next look; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// Longest wait after a failure: somebody may have made the Secret meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What came of the last probe of a Directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `spec.login`, as it was.
    pub login: Option<Login>,
    /// The tenant, or why people cannot log in.
    pub result: Result<Arc<str>, ProviderProblem>,
    /// How often it failed in a row.
    pub failures: u32,
    /// When to probe again.
    pub again: Instant,
}

impl Outcome {
    /// Whether it is about this login.
    pub fn is_about(&self, login: Option<&Login>) -> bool {
        self.login.as_ref() == login
    }
}

/// How long after a probe the next one is due, when so many have failed in a row.
pub fn again(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => REVIEW_INTERVAL,
        Some(before) => FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(before)).min(LONGEST_PAUSE),
    }
}

/// Whether a provider has to be asked to know whether people can log in.
pub fn needs_probe(login: Option<&Login>) -> bool {
    configured(login).is_some() || login.is_some_and(|login| login.method.counts_as() == LoginMode::OpenIDConnect)
}

/// What is seen of the login of a Directory.
#[derive(Clone, Copy, Debug)]
pub struct ObservedLogin<'a> {
    /// The namespace of the Directory.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// `spec.login`.
    pub login: Option<&'a Login>,
    /// What the last probe of it came to: the tenant, or the problem. None before the first one.
    pub probed: Option<Result<&'a str, &'a ProviderProblem>>,
    /// The public address of the operator, if it was told.
    pub public_url: Option<&'a str>,
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
}

/// The part of the status that is written here, as it should stand.
pub fn status(observed: &ObservedLogin<'_>, now: Timestamp) -> Map<String, Value> {
    let mut wanted = Map::new();
    let conditions = &observed.status["conditions"];
    let ready = login_ready(observed).into_iter().collect();
    insert_list(&mut wanted, "conditions", merge(conditions, &OWNED, ready, observed.generation, now));
    if let Some(uris) = redirect_uris(observed) {
        wanted.insert("redirectURIs".to_owned(), json!(uris));
    }
    wanted
}

/// Whether people can log in. Nothing is said of a Directory where nobody is meant to.
fn login_ready(observed: &ObservedLogin<'_>) -> Option<Wanted> {
    let login = observed.login.filter(|login| login.method.counts_as() != LoginMode::Disabled)?;
    let wanted = |holds, reason, message| Some(Wanted { name: ConditionType::LoginReady, holds, reason, message });
    let ready = |message: String| {
        let message = [Some(message), cookie_note(login, observed.public_url)];
        wanted(true, Reason::Answering, message.into_iter().flatten().collect::<Vec<_>>().join("; "))
    };
    if !needs_probe(Some(login)) {
        let message = "people log in with a password of this operator, and there is no provider";
        return ready(match observed.public_url {
            Some(_) => message.to_owned(),
            None => format!("{message}; {NO_PUBLIC_URL}"),
        });
    }
    match observed.probed? {
        Err(problem) => wanted(false, problem.reason(), problem.to_string()),
        Ok(tenant) => {
            let registration = match observed.public_url {
                Some(_) => "enter status.redirectURIs in its registration".to_owned(),
                None => {
                    format!("{NO_PUBLIC_URL}, and status.redirectURIs does not tell what to enter in its registration")
                }
            };
            ready(format!("the provider answers for {tenant}; {registration}"))
        }
    }
}

/// What is said of a domain for cookies that browsers would not take from this operator: people log in all the same.
fn cookie_note(login: &Login, public_url: Option<&str>) -> Option<String> {
    let domain = login.session.cookie_domain.as_deref()?;
    let own = Url::parse(public_url?).ok()?;
    let fits = own.host_str().is_some_and(|host| cookie::reaches(domain, host));
    (!fits).then(|| {
        format!(
            "spec.login.session.cookieDomain {domain} is neither the host of --public-url nor a domain above it, so each host \
             has a cookie of its own"
        )
    })
}

/// What is to be entered in the registration.
fn redirect_uris(observed: &ObservedLogin<'_>) -> Option<RedirectUris> {
    let oidc = configured(observed.login)?;
    let web = observed.public_url.map(|public_url| {
        [redirect_uri, signed_out_uri].map(|uri| uri(public_url, observed.namespace, observed.name)).to_vec()
    });
    let uris = RedirectUris { web: web.unwrap_or_default(), native: oidc.native_redirect_uris.clone() };
    (uris != RedirectUris::default()).then_some(uris)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T10:00:00Z";

    fn login(login: Value) -> Login {
        serde_json::from_value(login).expect("a login")
    }

    fn oidc() -> Value {
        json!({ "oidc": { "authority": "https://login.microsoftonline.com/contoso.example", "clientID": "web",
            "nativeRedirectURIs": ["com.contoso.app:/callback"] } })
    }

    fn built_in() -> Value {
        json!({ "method": "BuiltIn", "builtIn": { "enabled": true } })
    }

    /// Status, reason and message of `LoginReady`.
    fn ready(
        spec: Option<Value>,
        probed: Option<Result<&str, &ProviderProblem>>,
        public_url: Option<&str>,
    ) -> Option<(String, String, String)> {
        let (login, stands) = (spec.map(login), json!({}));
        let status = status(&observed(login.as_ref(), probed, public_url, &stands), NOW.parse().expect("a time"));
        let condition = status.get("conditions")?.as_array()?.first()?.clone();
        let text = |field: &str| condition[field].as_str().expect("a text").to_owned();
        assert_eq!((text("type").as_str(), &condition["observedGeneration"]), ("LoginReady", &json!(3)));
        Some((text("status"), text("reason"), text("message")))
    }

    fn observed<'a>(
        login: Option<&'a Login>,
        probed: Option<Result<&'a str, &'a ProviderProblem>>,
        public_url: Option<&'a str>,
        status: &'a Value,
    ) -> ObservedLogin<'a> {
        ObservedLogin { namespace: "people", name: "staff", login, probed, public_url, generation: 3, status }
    }

    #[test]
    fn the_condition_says_whether_people_can_log_in_and_why_not() {
        let problem = ProviderProblem::SecretOfOtherType { name: "entra".to_owned() };
        let public = Some("https://rollcall.example");
        for (case, spec, probed, expected) in [
            ("nobody logs in", None, None, None),
            ("nobody logs in for a while", Some(json!({ "method": "Disabled" })), Some(Ok("t")), None),
            ("a method of a newer version", Some(json!({ "method": "Later" })), Some(Ok("t")), None),
            ("before the first look", Some(oidc()), None, None),
            ("the provider answers", Some(oidc()), Some(Ok("t")), Some(("True", "Ready"))),
            ("a Secret is wrong", Some(oidc()), Some(Err(&problem)), Some(("False", "ClientSecretOfOtherType"))),
            ("passwords alone", Some(built_in()), None, Some(("True", "Ready"))),
            (
                "no provider where there has to be one",
                Some(json!({ "method": "OpenIDConnect" })),
                Some(Err(&ProviderProblem::NotConfigured)),
                Some(("False", "ProviderInvalid")),
            ),
        ] {
            let found = ready(spec, probed, public);
            let found = found.as_ref().map(|(status, reason, _)| (status.as_str(), reason.as_str()));
            assert_eq!(found, expected, "{case}");
        }
        let (_, _, message) = ready(Some(oidc()), Some(Err(&problem)), public).expect("a condition");
        assert!(message.contains("entra") && message.contains("rollcall.dev/client-secret"), "{message}");
        for (spec, probed) in [(oidc(), Some(Ok("t"))), (built_in(), None)] {
            let (_, _, message) = ready(Some(spec.clone()), probed, None).expect("a condition");
            assert!(message.contains("--public-url") && message.contains("/check"), "{message}");
            let (_, _, message) = ready(Some(spec), probed, public).expect("a condition");
            assert!(!message.contains("--public-url"), "{message}");
        }
    }

    #[test]
    fn a_domain_for_cookies_that_no_browser_would_take_is_named_and_keeps_nobody_out() {
        for (domain, public_url, is_named) in [
            ("contoso.example", Some("https://rollcall.contoso.example:8443/base"), false),
            ("rollcall.contoso.example", Some("https://rollcall.contoso.example"), false),
            ("apps.contoso.example", Some("https://rollcall.contoso.example"), true),
            ("toso.example", Some("https://rollcall.contoso.example"), true),
            ("apps.contoso.example", None, false),
        ] {
            for mut spec in [oidc(), built_in()] {
                spec["session"] = json!({ "cookieDomain": domain });
                let (status, _, message) = ready(Some(spec), Some(Ok("t")), public_url).expect("a condition");
                assert_eq!(status, "True", "{domain} {public_url:?}");
                assert_eq!(message.contains(&format!("cookieDomain {domain} ")), is_named, "{public_url:?}: {message}");
            }
        }
    }

    #[test]
    fn the_status_tells_what_to_enter_in_the_registration() {
        let base = "https://rollcall.example/base/login/people/staff";
        let web = json!([format!("{base}/callback"), format!("{base}/signed-out")]);
        let native = json!(["com.contoso.app:/callback"]);
        let mut bare = oidc();
        bare["oidc"]["nativeRedirectURIs"] = json!([]);
        let public = Some("https://rollcall.example/base");
        for (case, spec, public_url, expected) in [
            ("both", oidc(), public, json!({ "web": web, "native": native })),
            ("nobody knows the public address", oidc(), None, json!({ "native": native })),
            ("no native app", bare.clone(), public, json!({ "web": web })),
            ("nothing", bare, None, json!(null)),
            ("no provider", built_in(), public, json!(null)),
            ("nobody logs in", json!({ "method": "Disabled", "oidc": oidc()["oidc"] }), public, json!(null)),
        ] {
            let (login, stands) = (login(spec), json!({}));
            let seen = observed(Some(&login), Some(Ok("t")), public_url, &stands);
            let status = status(&seen, NOW.parse().expect("a time"));
            assert_eq!(status.get("redirectURIs").unwrap_or(&Value::Null), &expected, "{case}");
        }
    }

    #[test]
    fn what_others_say_of_a_directory_stays() {
        let stands = json!({
            "conditions": [
                { "type": "LoginReady", "status": "True" }, { "type": "Ready", "status": "True", "reason": "Serving" },
            ],
            "counts": { "users": 3 },
        });
        let status = status(&observed(None, None, None, &stands), NOW.parse().expect("a time"));
        assert_eq!(Value::Object(status), json!({ "conditions": [stands["conditions"][1]] }));
    }

    #[test]
    fn a_failure_is_looked_at_again_sooner_than_a_success_and_less_often_each_time() {
        let waits: Vec<_> = (0..8).map(|failures| again(failures).as_secs()).collect();
        assert_eq!(waits, [600, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(again(u32::MAX), LONGEST_PAUSE);
    }
}
