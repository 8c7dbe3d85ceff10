//! The steps in the portal, in its own words.

use std::fmt::Write as _;

use super::{LoginSetup, Setup};
use crate::api::secret::CLIENT_SECRET;
use crate::plugin::table::table;

/// All of it.
pub fn text(setup: &Setup) -> String {
    let Setup { namespace, directory, .. } = setup;
    let mut text = format!("Entra ID for the Directory {namespace}/{directory}\n");
    text.push_str(
        "\nYou need the role Application Administrator or Cloud Application Administrator, and Entra ID P1 for whoever is \
         assigned by a group.\n",
    );
    application(&mut text);
    connection(&mut text, setup);
    attributes(&mut text, setup);
    users(&mut text, setup);
    groups(&mut text, setup);
    start(&mut text, setup);
    if let Some(login) = &setup.login {
        registration(&mut text, setup, login);
    }
    writeln!(text, "\nAfterwards: kubectl directory -n {namespace} -d {directory} doctor").ok();
    text
}

fn application(text: &mut String) {
    text.push_str(
        "\n1. The application\n\
         \x20  Enterprise applications > New application > Create your own application\n\
         \x20    What's the name of your app?        a name that your people recognise; it is free\n\
         \x20    What are you looking to do?         Integrate any other application you don't find in the gallery (Non-gallery)\n\
         \x20  Where your company has an application in the gallery that stands for this endpoint, search for its name instead; every\n\
         \x20  field below is the same there, and its mapping may be preset.\n",
    );
}

fn connection(text: &mut String, Setup { namespace, directory, tenant_url, .. }: &Setup) {
    write!(
        text,
        "\n2. The connection\n\
         \x20  Provisioning > Get started (later: Update credentials)\n\
         \x20    Provisioning Mode                   Automatic\n\
         \x20    Authentication Method               Bearer Authentication\n\
         \x20    Tenant URL                          {tenant_url}\n\
         \x20    Secret Token                        the secret of: kubectl directory -n {namespace} -d {directory} token new\n\
         \x20  Test Connection, and Save once it succeeds.\n\
         \x20  A connector that asks for a user name and a password takes the name of the key and its secret.\n"
    )
    .ok();
}

fn attributes(text: &mut String, Setup { custom, .. }: &Setup) {
    if custom.is_empty() {
        return;
    }
    text.push_str(
        "\n3a. Attributes that the portal does not know yet\n\
         \x20  Provisioning > Mappings > Provision Microsoft Entra ID Users > Show advanced options > Edit attribute list for customappsso\n",
    );
    let rows: Vec<_> = custom
        .iter()
        .map(|attribute| {
            let list = if attribute.multi_valued { "yes" } else { "no" };
            vec![attribute.name.clone(), attribute.kind.to_owned(), list.to_owned()]
        })
        .collect();
    text.push_str(&indented(&table(&["Name", "Type", "Multi-value?"], &rows)));
}

fn users(text: &mut String, Setup { rows, further, .. }: &Setup) {
    text.push_str(
        "\n3. The mapping of users\n\
         \x20  Provisioning > Mappings > Provision Microsoft Entra ID Users\n\
         \x20    Enabled                             Yes\n\
         \x20    Source Object Scope                 All Records\n\
         \x20    Target Object Actions               Create, Update, Delete\n",
    );
    let rows: Vec<_> = rows.iter().map(|row| vec![row.target.clone(), row.source.clone(), row.note.clone()]).collect();
    text.push_str(&indented(&table(&["Application attribute", "Source", ""], &rows)));
    text.push_str("   Rows that you do not need may go, save userName and active; what has no row is not sent.\n");
    writeln!(text, "   Also understood: {}", further.join(", ")).ok();
}

fn groups(text: &mut String, Setup { syncs_groups, .. }: &Setup) {
    text.push_str("\n4. The mapping of groups\n   Provisioning > Mappings > Provision Microsoft Entra ID Groups\n");
    if *syncs_groups {
        let rows = [
            ["displayName", "displayName", "matching precedence 1"],
            ["externalId", "objectId", ""],
            ["members", "members", ""],
        ];
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        text.push_str("     Enabled                             Yes\n");
        text.push_str(&indented(&table(&["Application attribute", "Source", ""], &rows)));
    } else {
        text.push_str(
            "     Enabled                             No: this Directory ignores groups (spec.groups.mode)\n",
        );
    }
}

fn start(text: &mut String, Setup { quota, .. }: &Setup) {
    text.push_str(
        "\n5. Who is sent\n\
         \x20  Users and groups > Add user/group: one test user first, with a role other than Default Access, which is never sent\n\
         \x20  Provisioning > Settings > Scope       Sync only assigned users and groups\n",
    );
    if let Some(quota) = quota {
        writeln!(
            text,
            "   This Directory takes {quota} active people and refuses more: do not choose Sync all users and groups."
        )
        .ok();
    }
    text.push_str(
        "\n6. Start\n\
         \x20  Provisioning > Provision on demand: the test user; kubectl get directoryusers shows the person within seconds\n\
         \x20  Provisioning > Overview > Start provisioning: the first cycle sends everybody, the next ones come every 40 minutes\n\
         \x20  Provisioning > Settings > Notification Email, and Send an email notification when a failure occurs\n",
    );
}

fn registration(text: &mut String, Setup { namespace, .. }: &Setup, login: &LoginSetup) {
    let LoginSetup { web, native, scopes, secret } = login;
    text.push_str("\n7. The login\n   App registrations > the application > Authentication > Add a platform\n");
    for uri in web {
        writeln!(text, "     Web                                 {uri}").ok();
    }
    for uri in native {
        writeln!(text, "     Mobile and desktop applications     {uri}").ok();
    }
    text.push_str(
        "   Token configuration > Add optional claim > ID\n\
         \x20                                         upn, login_hint, acct\n\
         \x20  API permissions > Microsoft Graph > Delegated permissions, then Grant admin consent\n",
    );
    let scopes = ["openid", "profile", "email"].into_iter().chain(scopes.iter().map(String::as_str));
    writeln!(text, "                                         {}", scopes.collect::<Vec<_>>().join(", ")).ok();
    match secret {
        Some((name, key)) => writeln!(
            text,
            "   Certificates & secrets > New client secret; its value is shown once:\n     kubectl -n {namespace} create secret \
             generic {name} --type {CLIENT_SECRET} --from-literal={key}=\"$SECRET\""
        )
        .ok(),
        None => writeln!(
            text,
            "   Certificates & secrets > Federated credentials > Kubernetes accessing Azure resources: the service account of the \
             operator"
        )
        .ok(),
    };
    text.push_str("   Enterprise applications > Properties > Assignment required: Yes (recommended)\n");
}

fn indented(table: &str) -> String {
    table.lines().map(|line| format!("     {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{DirectorySpec, Object};

    fn setup(spec: &serde_json::Value, status: &serde_json::Value) -> String {
        let directory: Object =
            json!({ "metadata": { "name": "staff", "namespace": "acme" }, "spec": spec, "status": status }).into();
        let spec: DirectorySpec = serde_json::from_value(directory.spec().clone()).expect("a spec");
        text(&Setup::of(&directory, &spec))
    }

    #[test]
    fn every_step_stands_in_the_words_of_the_portal() {
        let smallest = setup(&json!({}), &json!(null));
        for words in [
            "Tenant URL                          https://YOUR-HOST/scim/v2/acme/staff\n",
            "kubectl directory -n acme -d staff token new",
            "Source Object Scope                 All Records",
            "Entra ID P1",
            "(Non-gallery)",
            "search for its name instead",
            "Sync only assigned users and groups",
            "Default Access",
            "userPrincipalName",
            "members",
            "Provision on demand",
        ] {
            assert!(smallest.contains(words), "{words}: {smallest}");
        }
        for words in ["7. The login", "customappsso", "refuses more"] {
            assert!(!smallest.contains(words), "{words}: {smallest}");
        }
        let spec = json!({
            "groups": { "mode": "Ignore" },
            "users": {
                "quota": { "activeUsers": 50 },
                "extensions": [{ "schema": "urn:x", "attributes": [{ "name": "badge", "type": "String" }] }],
            },
            "login": { "oidc": { "authority": "https://login.microsoftonline.com/contoso.example", "clientID": "web",
                "clientSecretRef": { "name": "entra" }, "nativeRedirectURIs": ["com.contoso:/cb"], "extraScopes": ["User.Read"] } },
        });
        let status = json!({ "scimEndpoint": "https://scim.contoso.example/scim/v2/acme/staff",
            "redirectURIs": { "web": ["https://scim.contoso.example/login/acme/staff/callback"] } });
        let whole = setup(&spec, &status);
        for words in [
            "https://scim.contoso.example/scim/v2/acme/staff",
            "customappsso",
            "urn:x:badge",
            "this Directory ignores groups",
            "takes 50 active people",
            "Web                                 https://scim.contoso.example/login/acme/staff/callback",
            "com.contoso:/cb",
            "openid, profile, email, User.Read",
            "create secret generic entra --type rollcall.dev/client-secret --from-literal=clientSecret",
        ] {
            assert!(whole.contains(words), "{words}: {whole}");
        }
    }
}
