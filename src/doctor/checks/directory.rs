//! Whether the Directory is as its spec wants it, and where it is reached.

use super::{Scene, condition};
use crate::api::directory::ProvisioningMode;
use crate::doctor::finding::{Conclusion, ok, problem, unknown};

/// Where Entra has the fields of the connection.
const CREDENTIALS: &str = "Enterprise application > Provisioning > Admin Credentials";

/// The condition Ready, and whether it speaks of the spec as it is now.
pub fn ready(scene: &Scene<'_>) -> Conclusion {
    let seen = scene.directory.status()["observedGeneration"].as_i64();
    let Some(ready) = condition(scene.directory, "Ready") else {
        return problem(
            "no operator has looked at the Directory yet",
            "see the check operator; an operator with --namespace looks after the namespaces that it names and no other",
        );
    };
    if seen.is_some_and(|seen| seen < scene.directory.generation()) {
        return problem(
            "no operator has looked at the last change of the Directory yet",
            "run the doctor again in a moment; if it stays, see the check operator",
        );
    }
    match ready.holds {
        true => ok(format!("Ready ({})", ready.reason)).with_hint(ready.message),
        false => problem(format!("not Ready ({}): {}", ready.reason, ready.message), "change what the sentence names"),
    }
}

/// Whether anybody knows the address under which Entra reaches the Directory.
pub fn endpoint(scene: &Scene<'_>) -> Conclusion {
    let path = format!("/scim/v2/{}/{}", scene.observed.namespace, scene.observed.name);
    match scene.directory.status()["scimEndpoint"].as_str() {
        Some(url) if url.starts_with("https://") => ok(format!("the Tenant URL is {url}")),
        Some(url) => problem(
            format!("the Tenant URL {url} is not https, and Entra refuses it"),
            "set publicUrl of the chart to the https address of your ingress",
        ),
        None => unknown(
            format!("the operator does not know its public address; the Tenant URL ends with {path}"),
            "set publicUrl of the chart (--public-url): then status.scimEndpoint is what to paste into Entra",
        ),
    }
}

/// The connection test of Entra, made from here.
pub fn connection(scene: &Scene<'_>) -> Conclusion {
    let answer = match &scene.observed.probe {
        Ok(answer) => answer,
        Err(blind) => return blind.conclusion("whether the endpoint answers"),
    };
    let (url, status) = (&answer.url, answer.status);
    let other = || {
        problem(
            format!("{url} answers {status}, and not as this operator does"),
            "look at the ingress: the path /scim/v2 must reach the Service of Rollcall unchanged",
        )
    };
    match (status, answer.with_key) {
        _ if !answer.is_scim => other(),
        (200, true) => ok(format!("{url} accepts the key, as Test Connection of Entra asks for")),
        (401, false) => ok(format!("{url} is reached; name --key-file to try a key as well")),
        (401, true) => problem(
            format!("{url} refuses the key"),
            format!(
                "{CREDENTIALS}: the Secret Token must be the whole secret of a key that the check keys calls usable"
            ),
        ),
        (403, _) => problem(
            format!("{url} answers 403: the key lacks the scope provision"),
            "make a key with the scope provision: a key's scopes are its manifest's",
        ),
        (429, _) => problem(
            format!("{url} answers 429: too many requests from here failed to authenticate"),
            "wait a minute and name a good key with --key-file",
        ),
        (503, _) => problem(
            format!("{url} answers 503: {}", answer.detail),
            "see the checks provisioning, directory and replicas",
        ),
        _ => other(),
    }
}

/// Whether SCIM is served at all.
pub fn provisioning(scene: &Scene<'_>) -> Conclusion {
    let mode = scene.directory.spec()["provisioning"]["mode"].as_str().unwrap_or("Enabled");
    if mode == "Observe" {
        return ok("mode Observe: everything is checked and answered, and nothing is stored")
            .with_hint("read the DirectoryReport of this Directory, then set spec.provisioning.mode to Enabled");
    }
    match scene.spec.provisioning.mode.counts_as() {
        ProvisioningMode::Enabled => ok("SCIM is served"),
        _ => problem(
            "spec.provisioning.mode is Disabled: every SCIM request is answered 503",
            "set spec.provisioning.mode to Enabled; Entra tries again by itself",
        ),
    }
}
