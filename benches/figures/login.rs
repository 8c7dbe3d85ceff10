//! What the operator adds to a login: from the code that the provider gave to the session of the browser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use control_plane::entra::Visit;
use rollcall::login::provider::code_challenge;
use serde_json::Value;

use crate::load::{median, percentile};
use crate::support::login::{Browser, Company, PUBLIC_URL, SECRET, encoded};
use crate::table::{Figure, Goal};

/// Milliseconds that a login may take beside the provider's own time.
const GOAL: f64 = 50.0;
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Alternates logins over the operator and exchanges of a bare client with the same provider. Each person logs in once, so that
/// every login also joins the account to the person, which is a write.
pub(crate) async fn measure(logins: usize) -> Result<Option<Vec<Figure>>> {
    let Some(company) = Company::new().await else { return Ok(None) };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // The first makes connections and reads documents that are kept afterwards.
    for number in 0..=logins {
        let (_, upn, _) = company.person(&format!("person-{number}")).await;
        let (bare, ours) = (exchange(&company, &upn).await?, log_in(&company, &upn).await?);
        if number > 0 {
            without.push(bare);
            with.push(ours);
        }
    }
    let milliseconds = |times: &[Duration]| median(times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect());
    let (ours, provider) = (milliseconds(&with), milliseconds(&without));
    let p99 = percentile(with, 99).as_secs_f64() * 1_000.0;
    let measured = format!("{ours:.1} ms and {provider:.1} ms, {logins} first logins; slowest {p99:.1} ms");
    Ok(Some(vec![Figure {
        name: "login beside the provider, in ms",
        measured,
        value: ours - provider,
        goal: Goal::AtMost(GOAL),
    }]))
}

/// How long the operator takes from the browser's return with a code to the redirect with a session.
async fn log_in(company: &Company, upn: &str) -> Result<Duration> {
    let mut browser = Browser::new(company, 0);
    let answer = browser.open(&company.start_at("wiki", None)).await;
    let Visit::Left(callback) = visit(company, answer.header("location"), upn).await? else {
        anyhow::bail!("the provider keeps {upn}")
    };
    let began = Instant::now();
    let answer = browser.open(&callback).await;
    let elapsed = began.elapsed();
    ensure!(answer.status == 303, "{}: {}", answer.status, answer.text);
    browser.session("login.contoso.example").context("a session")?;
    Ok(elapsed)
}

/// How long the provider takes to give a token for a code.
async fn exchange(company: &Company, upn: &str) -> Result<Duration> {
    let (provider, client) = (&company.site.provider, &company.directory.namespace);
    let callback = format!("{PUBLIC_URL}/login/{client}/{}/callback", company.directory.name);
    let challenge = code_challenge(VERIFIER);
    let authority = provider.authority();
    let address = format!(
        "{authority}/oauth2/v2.0/authorize?client_id={client}&response_type=code&scope={}&redirect_uri={}&state=bare&nonce=bare\
         &code_challenge={challenge}&code_challenge_method=S256",
        encoded("openid profile"),
        encoded(&callback),
    );
    let Visit::Left(location) = visit(company, &address, upn).await? else { anyhow::bail!("the provider keeps {upn}") };
    let location: url::Url = location.parse()?;
    let code = location.query_pairs().find(|(name, _)| name == "code").context("a code")?.1.into_owned();
    let root = provider.certificate_authority().context("the provider's authority")?;
    let root = reqwest::Certificate::from_pem_bundle(root.as_bytes())?;
    let http = reqwest::Client::builder().no_proxy().tls_certs_only(root).build()?;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &callback),
        ("client_id", client),
        ("client_secret", SECRET),
        ("code_verifier", VERIFIER),
    ];
    let body = form.map(|(name, value)| format!("{name}={}", encoded(value))).join("&");
    let url = format!("{authority}/oauth2/v2.0/token");
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    // The connection is made before the clock starts: the operator keeps its own open.
    http.get(provider.origin()).send().await?.bytes().await?;
    let began = Instant::now();
    let answer = request.send().await?.error_for_status()?;
    let token: Value = answer.json().await?;
    let elapsed = began.elapsed();
    ensure!(token["id_token"].is_string(), "no ID token");
    Ok(elapsed)
}

/// A browser of its own for each, so that both sign in anew.
async fn visit(company: &Company, address: &str, upn: &str) -> Result<Visit> {
    let browser = format!("figures-{:x}", rand::random::<u64>());
    Ok(company.site.provider.visit(address, Some(upn), &browser).await?)
}
