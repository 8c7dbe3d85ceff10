//! `entra-setup`: what to enter in the portal of Entra ID for one Directory, field by field.

mod mapping;
mod text;

use serde_json::{Value, json};

use super::place::ChosenDirectory;
use super::{Answer, PluginError, failed};
use crate::api::directory::GroupsMode;
use crate::api::directory_login::Oidc;
use crate::api::{DirectorySpec, Object};
use mapping::{CustomAttribute, MappedAttribute};

/// What there is to enter.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The namespace of the Directory.
    pub namespace: String,
    /// Its name.
    pub directory: String,
    /// The Tenant URL, where the operator knows it; else with the host left to be filled in.
    pub tenant_url: String,
    /// The rows of the mapping of users.
    pub rows: Vec<MappedAttribute>,
    /// The attributes that *Edit attribute list* has to be told of.
    pub custom: Vec<CustomAttribute>,
    /// What could be mapped as well.
    pub further: Vec<String>,
    /// Whether groups have an effect.
    pub syncs_groups: bool,
    /// The limit on active people, if there is one.
    pub quota: Option<i64>,
    /// The login, if people log in at Entra.
    pub login: Option<LoginSetup>,
}

/// What to enter in the registration.
#[derive(Clone, Debug)]
pub struct LoginSetup {
    /// Redirect URIs of the platform Web.
    pub web: Vec<String>,
    /// Those of the platform Mobile and desktop applications.
    pub native: Vec<String>,
    /// The scopes beside openid, profile and email.
    pub scopes: Vec<String>,
    /// The Secret of the client and its entry; nothing where the service account's token proves the client.
    pub secret: Option<(String, String)>,
}

impl Setup {
    /// What a Directory asks for.
    pub fn of(directory: &Object, spec: &DirectorySpec) -> Self {
        let (namespace, name) = (directory.namespace().to_owned(), directory.name().to_owned());
        let known = directory.status()["scimEndpoint"].as_str().map(str::to_owned);
        let tenant_url = known.unwrap_or_else(|| format!("https://YOUR-HOST/scim/v2/{namespace}/{name}"));
        let rows = mapping::rows(spec);
        let further = mapping::further(&rows);
        let oidc = spec.login.as_ref().and_then(|login| login.oidc.as_ref());
        Self {
            tenant_url,
            further,
            rows,
            custom: mapping::custom(spec),
            syncs_groups: spec.groups.mode.counts_as() == GroupsMode::Sync,
            quota: spec.users.quota.as_ref().and_then(|quota| quota.active_users),
            login: oidc.map(|oidc| LoginSetup::of(directory, oidc)),
            namespace,
            directory: name,
        }
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| json!({ "target": row.target, "source": row.source, "note": row.note }));
        let custom = self.custom.iter().map(|attribute| {
            json!({ "name": attribute.name, "type": attribute.kind, "multiValued": attribute.multi_valued })
        });
        json!({
            "namespace": self.namespace, "directory": self.directory, "tenantURL": self.tenant_url,
            "userMapping": rows.collect::<Vec<_>>(), "customAttributes": custom.collect::<Vec<_>>(),
            "furtherAttributes": self.further, "groups": if self.syncs_groups { "Sync" } else { "Ignore" },
            "redirectURIs": self.login.as_ref().map(|login| json!({ "web": login.web, "native": login.native })),
        })
    }
}

impl LoginSetup {
    fn of(directory: &Object, oidc: &Oidc) -> Self {
        let uris = |platform: &str| -> Vec<String> {
            let uris = directory.status()["redirectURIs"][platform].as_array().into_iter().flatten();
            uris.filter_map(|uri| uri.as_str().map(str::to_owned)).collect()
        };
        let mut web = uris("web");
        if web.is_empty() {
            let (namespace, name) = (directory.namespace(), directory.name());
            let page = |page| format!("https://YOUR-HOST/login/{namespace}/{name}/{page}");
            web = ["callback", "signed-out"].map(page).into();
        }
        let secret = oidc.client_secret_ref.as_ref().map(|secret| (secret.name.clone(), secret.key.clone()));
        Self { web, native: oidc.native_redirect_uris.clone(), scopes: oidc.extra_scopes.clone(), secret }
    }
}

/// `entra-setup`.
pub async fn entra_setup(place: &ChosenDirectory) -> Result<Answer, PluginError> {
    let directory = place.read_directory().await?;
    let spec: DirectorySpec =
        serde_json::from_value(directory.spec().clone()).map_err(failed("read spec of the Directory"))?;
    let setup = Setup::of(&directory, &spec);
    Ok(Answer { text: text::text(&setup), json: setup.json(), is_yes: true })
}
