//! People at a real browser: the running operator, a provider that looks like Microsoft Entra ID, and an application behind Traefik.
//! A lane of its own, because it downloads a browser and a proxy:
//!
//! ```text
//! cargo test --workspace --test browser -- --ignored --nocapture
//! ```
//!
//! The tour signs in with the keyboard alone, uses every page, and signs out. Each page is looked at on a phone and on a desk, light and
//! dark: axe must find nothing, nothing may be too wide, and no policy may be broken. Where `ROLLCALL_SCREENSHOTS` names a folder,
//! pictures of all of them are put there.
#![allow(clippy::print_stdout, reason = "the pages that the tour has seen are worth reading")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]

#[path = "../doors/application.rs"]
#[allow(dead_code, reason = "the lane of the doors counts what reaches the application")]
mod application;
#[path = "../doors/company.rs"]
#[allow(dead_code, reason = "the lane of the doors asks for more")]
mod company;
#[path = "../doors/places.rs"]
#[allow(dead_code, reason = "the lane of the doors looks at the proxy's certificate")]
mod places;
#[path = "../doors/server.rs"]
mod server;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the operator's tests stand on more than these")]
mod support;
#[path = "../doors/traefik.rs"]
mod traefik;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use control_plane::{Browser, Proxy, RunningProxy, Tour};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use application::Application;
use company::{Company, PUBLIC_URL, Person};
use places::{HOST, Places};

const TOUR_DEADLINE: Duration = Duration::from_secs(300);
/// Given name, family name, title, userType.
const PEOPLE: [(&str, &str, &str, &str); 5] = [
    ("Bogdan", "Marin", "Site Reliability Engineer", "Employee"),
    ("Chiara", "D'Amico", "Controller", "Employee"),
    ("Dagný", "Þórsdóttir", "Designer", "Employee"),
    ("Emeka", "Okafor", "Support Lead", "Contractor"),
    ("Farida", "Haddad", "Auditor", "Contractor"),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "downloads a browser and a proxy; see the top of this file"]
async fn people_sign_in_find_their_way_and_sign_out_in_a_real_browser() {
    let branding = json!({ "displayName": "Contoso", "contact": "Ask the service desk: extension 4711." });
    let company = Company::found(json!({ "builtIn": { "enabled": true }, "branding": branding })).await;
    let ada = join(&company, ("Ada", "Lindqvist", "Head of Platform", "Employee"), json!([{ "value": "Admin" }])).await;
    company.join_group(&ada).await;
    let mut others = Vec::new();
    for person in PEOPLE {
        others.push(join(&company, person, json!([])).await);
    }
    let [bogdan, .., farida] = &others[..] else { panic!("five people") };
    company.join_group(bogdan).await;
    let invitation = invite(&company, farida).await;
    let application = Application::start().await;
    let (_folder, _proxy, proxy) = proxy(&company, &application).await;
    let proxy = proxy.to_string();

    let browser = tokio::task::spawn_blocking(Browser::locate).await.expect("no panic");
    let browser = browser.unwrap_or_else(|error| panic!("{error}"));
    let root = support::cluster::root();
    let tour = Tour {
        script: &root.join("tests/browser/tour.mjs"),
        input: json!({
            "origin": PUBLIC_URL, "application": format!("https://{HOST}"), "directory": "acme/staff",
            "administrator": ada.user_name, "person": bogdan.user_name, "invited": farida.user_name, "invitation": invitation,
            "suspended": { "id": bogdan.id, "name": "Bogdan Marin" }, "screenshots": screenshots(root),
        }),
        hosts: &[(HOST, &proxy), (PUBLIC_URL.trim_start_matches("https://"), &proxy)],
        deadline: TOUR_DEADLINE,
    };
    let result = browser.run(tour).await.unwrap_or_else(|error| panic!("{error}\n{}", company.operator.log()));
    println!("seen: {}", result["seen"]);
    assert_eq!(result["wrong"], json!([]));
    let object = company.object(bogdan).await;
    assert!(object["spec"]["portalSuspension"].is_null(), "it was lifted: {object}");
    assert!(object["spec"]["sessionEpoch"].as_i64() > Some(0), "the sessions were ended: {object}");
}

/// Where the pictures go, if anybody wants them.
fn screenshots(root: &Path) -> Option<PathBuf> {
    let folder = root.join(std::env::var_os("ROLLCALL_SCREENSHOTS")?);
    fs::create_dir_all(&folder).expect("a folder");
    Some(folder)
}

async fn join(company: &Company, (given, family, title, kind): (&str, &str, &str, &str), roles: Value) -> Person {
    let name = given.to_lowercase().replace('ý', "y");
    let mail = json!({ "value": format!("{name}@contoso.example"), "type": "work", "primary": true });
    let user = json!({
        "displayName": format!("{given} {family}"), "name": { "givenName": given, "familyName": family }, "title": title,
        "userType": kind, "emails": [mail], "roles": roles,
    });
    company.join_as(&name, user).await
}

/// Invites somebody to sign in with a password, and returns the address of the link.
async fn invite(company: &Company, person: &Person) -> String {
    let expires = Timestamp::now() + SignedDuration::from_hours(1);
    let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let invitation = json!({ "secretName": "invitation", "expiresAt": expires });
    let patch = json!({ "spec": { "loginMethod": "BuiltIn", "invitation": invitation } }).to_string();
    let arguments = ["patch", "directoryuser", &person.id, "--type=merge", "-p", &patch];
    company.directory.kubectl(&arguments).await.expect("kubectl patch");
    let link = support::until("the link of the invitation", async || {
        let secret = company.directory.get("secret", "invitation").await?;
        Some(BASE64_STANDARD.decode(secret["data"]["url"].as_str()?).expect("Base64"))
    })
    .await;
    String::from_utf8(link).expect("an address")
}

/// The proxy of the example, which also carries the operator's own host, and its address.
async fn proxy(company: &Company, application: &Application) -> (TempDir, RunningProxy, std::net::SocketAddr) {
    let folder = tempfile::Builder::new().prefix("rollcall-browser-").tempdir().expect("a folder");
    let places = Places::lay_out(folder.path(), company.address(), application.server.address).await;
    let configuration = traefik::configure(&places);
    let routes = folder.path().join("wiki.yaml");
    let text = fs::read_to_string(&routes).expect("the routes");
    let host = PUBLIC_URL.trim_start_matches("https://");
    let own = format!(
        "  routers:\n    rollcall:\n      rule: Host(`{host}`)\n      entryPoints: [websecure]\n      service: rollcall\n      tls: {{}}\n"
    );
    assert!(text.contains("  routers:\n"), "the example has routers");
    fs::write(&routes, text.replace("  routers:\n", &own)).expect("the routes");
    let running = Proxy::Traefik.start(&configuration, places.proxy).await.unwrap_or_else(|error| panic!("{error}"));
    (folder, running, places.proxy)
}
