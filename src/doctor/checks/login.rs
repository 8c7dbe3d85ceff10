//! Whether people can log in, and applications let them in.

use super::{Scene, condition};
use crate::api::directory_login::LoginMode;
use crate::api::secret::CLIENT_SECRET;
use crate::doctor::blind::Blind;
use crate::doctor::finding::{Conclusion, ok, problem, unknown};

/// The condition `LoginReady`.
pub fn login(scene: &Scene<'_>) -> Conclusion {
    let Some(login) = &scene.spec.login else {
        return ok("nobody logs in: the Directory has no spec.login")
            .with_hint("provisioning alone works; docs/login.md says how to turn the other half on");
    };
    if login.method.counts_as() == LoginMode::Disabled {
        return problem(
            "spec.login.method is Disabled: nobody can log in",
            "set spec.login.method to OpenIDConnect or BuiltIn",
        );
    }
    match condition(scene.directory, "LoginReady") {
        Some(ready) if ready.holds => ok(ready.message),
        Some(ready) => problem(
            format!("people cannot log in ({}): {}", ready.reason, ready.message),
            "docs/login.md has what to do for each reason",
        ),
        None => unknown("no operator has asked the provider yet", "run the doctor again in a moment"),
    }
}

/// What has to stand in the registration.
pub fn redirect_uris(scene: &Scene<'_>) -> Conclusion {
    if scene.spec.login.as_ref().is_none_or(|login| login.oidc.is_none()) {
        return ok("no redirect URI is needed");
    }
    let web = scene.directory.status()["redirectURIs"]["web"].as_array();
    let uris: Vec<_> = web.into_iter().flatten().filter_map(|uri| uri.as_str()).collect();
    if uris.is_empty() {
        return problem(
            "the operator does not know its public address, so nobody is sent to the login",
            "set publicUrl of the chart (--public-url); then enter status.redirectURIs in the registration",
        );
    }
    ok(format!("to be registered on the platform Web: {}", uris.join(" ")))
        .with_hint("Entra: App registrations > Authentication > Add a platform > Web; a missing one shows as AADSTS50011 at the login")
}

/// Whether the Secret of the client is there, of the type that the operator opens.
pub fn client_secret(scene: &Scene<'_>) -> Conclusion {
    let oidc = scene.spec.login.as_ref().and_then(|login| login.oidc.as_ref());
    let (Some(reference), Some(secret)) =
        (oidc.and_then(|oidc| oidc.client_secret_ref.as_ref()), &scene.observed.client_secret)
    else {
        return ok("no client secret is needed");
    };
    let (name, key) = (&reference.name, &reference.key);
    let make = format!(
        "kubectl -n {} create secret generic {name} --type {CLIENT_SECRET} --from-literal={key}=\"$SECRET\"",
        scene.observed.namespace
    );
    match secret {
        Ok(secret) if secret.secret_type != CLIENT_SECRET => problem(
            format!("the Secret {name} is of the type {:?}, which the operator does not open", secret.secret_type),
            format!("the type of a Secret cannot be changed: delete it, then {make}"),
        ),
        Ok(secret) if !secret.has_entry => problem(format!("the Secret {name} has no entry {key}"), make),
        Ok(_) => ok(format!("the Secret {name} is there"))
            .with_hint("the check login tells whether Entra accepts it; App registrations > Certificates & secrets says when it ends"),
        Err(Blind::Absent) => problem(format!("there is no Secret {name}"), make),
        Err(blind) => blind.conclusion("the client secret"),
    }
}

/// Which applications let nobody in.
pub fn applications(scene: &Scene<'_>) -> Conclusion {
    let applications = match &scene.observed.applications {
        Ok(applications) => applications,
        Err(blind) => return blind.conclusion("the applications"),
    };
    let mut unready = Vec::new();
    for application in applications {
        match condition(application, "Ready") {
            Some(ready) if ready.holds => {}
            Some(ready) => unready.push(format!("{} ({}: {})", application.name(), ready.reason, ready.message)),
            None => unready.push(format!("{} (no operator has looked at it yet)", application.name())),
        }
    }
    match (applications.len(), unready.len()) {
        (0, _) => ok("there is no DirectoryApplication"),
        (all, 0) => ok(format!("{all} applications are Ready")),
        (all, some) => problem(
            format!("{some} of {all} applications are not Ready: {}", unready.join("; ")),
            "change what each sentence names; docs/applications.md shows a whole one",
        ),
    }
}
