//! What clients learn before they have a token: how a native app logs in, and which tokens an application takes.

use serde_json::{Value, json};

use crate::api::directory_login::{Flavor, Login, Oidc};
use crate::login::provider::configured;
use crate::rules::application::{first_host, origin, own_host};
use crate::store::WatchedApplication;

/// What a native app needs for authorization code with PKCE, so that no tenant is built into it. Nothing where people do not
/// log in at a provider.
pub(super) fn client_config(login: &Login) -> Option<Value> {
    let oidc = configured(Some(login))?;
    let standard = ["openid", "profile", "offline_access"].map(str::to_owned);
    let scopes: Vec<_> = standard.into_iter().chain(api_scope(login)).collect();
    Some(json!({
        "authority": oidc.authority.trim_end_matches('/'),
        "client_id": oidc.native_client_id.as_ref().unwrap_or(&oidc.client_id),
        "redirect_uris": oidc.native_redirect_uris,
        "scopes": scopes,
    }))
}

/// The metadata of an application as a protected resource (RFC 9728 section 2). Nothing where it takes no tokens, or where it
/// cannot be told at which of its hosts it was asked.
pub(super) fn protected_resource(
    application: &WatchedApplication,
    login: &Login,
    tenant: Option<&str>,
    asked_host: Option<&str>,
) -> Option<Value> {
    let spec = &application.spec;
    let (oidc, scope) = (configured(Some(login))?, api_scope(login)?);
    let asked = asked_host.and_then(|host| own_host(spec, host));
    let host = asked.or_else(|| first_host(spec).map(str::to_owned)).filter(|_| spec.accept_bearer)?;
    Some(json!({
        "resource": origin(spec, &host),
        "resource_name": spec.display_name.as_deref().unwrap_or(&application.name),
        "authorization_servers": [authorization_server(oidc, tenant)],
        "scopes_supported": [scope],
        "bearer_methods_supported": ["header"],
    }))
}

/// The scope by which a client asks for an access token that is accepted, as Entra spells it: the audience and the scope.
fn api_scope(login: &Login) -> Option<String> {
    let tokens = login.tokens.as_ref()?;
    Some(format!("{}/{}", tokens.audiences.first()?.trim_end_matches('/'), tokens.scope))
}

/// The issuer of the provider. Of Entra it has the tenant's id in it, once that is known.
fn authorization_server(oidc: &Oidc, tenant: Option<&str>) -> String {
    let authority = oidc.authority.trim_end_matches('/');
    if oidc.flavor != Flavor::EntraID {
        return tenant.unwrap_or(&oidc.authority).to_owned();
    }
    let authority = authority.strip_suffix("/v2.0").unwrap_or(authority);
    match (tenant, authority.rsplit_once('/')) {
        (Some(tenant), Some((host, _))) => format!("{host}/{tenant}/v2.0"),
        _ => format!("{authority}/v2.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Seen;

    fn login(difference: &Value) -> Login {
        let mut login =
            json!({ "oidc": { "authority": "https://login.microsoftonline.com/contoso.example/", "clientID": "web" } });
        login.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
        serde_json::from_value(login).expect("a login")
    }

    fn tokens() -> Value {
        json!({ "tokens": { "audiences": ["api://web", "web"] } })
    }

    fn with_method(method: &str) -> Value {
        let mut login = tokens();
        login["method"] = method.into();
        login
    }

    #[test]
    fn a_native_app_is_told_what_it_needs_and_nothing_else() {
        let oidc = json!({
            "authority": "https://login.microsoftonline.com/t", "clientID": "web", "nativeClientID": "native",
            "nativeRedirectURIs": ["http://127.0.0.1/cb"], "clientSecretRef": { "name": "entra" }, "extraScopes": ["User.Read"],
        });
        let mut full = tokens();
        full["oidc"] = oidc;
        let expected = json!({
            "authority": "https://login.microsoftonline.com/t", "client_id": "native",
            "redirect_uris": ["http://127.0.0.1/cb"],
            "scopes": ["openid", "profile", "offline_access", "api://web/access_as_user"],
        });
        assert_eq!(client_config(&login(&full)), Some(expected));
        let plain = client_config(&login(&json!({}))).expect("a document");
        assert_eq!((&plain["client_id"], plain["scopes"].as_array().map(Vec::len)), (&json!("web"), Some(3)));
        for (name, difference) in
            [("no provider", json!({ "oidc": null })), ("nobody logs in", json!({ "method": "Disabled" }))]
        {
            assert_eq!(client_config(&login(&difference)), None, "{name}");
        }
    }

    #[test]
    fn an_application_that_takes_tokens_says_which_ones() {
        let application = |accept_bearer: bool, hosts: Value| {
            let spec = json!({ "directoryRef": { "name": "staff" }, "hosts": hosts, "acceptBearer": accept_bearer });
            let spec = serde_json::from_value(spec).expect("a spec");
            WatchedApplication { namespace: "n".to_owned(), name: "mcp".to_owned(), spec, seen: Seen::default() }
        };
        let hosts = || json!(["mcp.contoso.example", "*.mcp.contoso.example"]);
        let document = |application: &WatchedApplication, login: &Login, tenant, host| {
            protected_resource(application, login, tenant, Some(host))
        };
        let takes = application(true, hosts());
        let found = document(&takes, &login(&tokens()), Some("guid"), "a.mcp.contoso.example").expect("a document");
        let expected = json!({
            "resource": "https://a.mcp.contoso.example", "resource_name": "mcp",
            "authorization_servers": ["https://login.microsoftonline.com/guid/v2.0"],
            "scopes_supported": ["api://web/access_as_user"], "bearer_methods_supported": ["header"],
        });
        assert_eq!(found, expected);
        let elsewhere = document(&takes, &login(&tokens()), None, "evil.example").expect("a document");
        assert_eq!(elsewhere["resource"], "https://mcp.contoso.example", "what was sent is not repeated");
        assert_eq!(
            elsewhere["authorization_servers"],
            json!(["https://login.microsoftonline.com/contoso.example/v2.0"])
        );
        for (name, application, login) in [
            ("no tokens at the application", application(false, hosts()), login(&tokens())),
            ("no tokens in the Directory", application(true, hosts()), login(&json!({}))),
            ("nobody logs in", application(true, hosts()), login(&with_method("Disabled"))),
            ("patterns alone", application(true, json!(["*.mcp.contoso.example"])), login(&tokens())),
        ] {
            assert_eq!(document(&application, &login, None, "evil.example"), None, "{name}");
        }
    }
}
