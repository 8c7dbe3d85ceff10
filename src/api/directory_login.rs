//! `Directory.spec.login`: who may log in to a Directory, and how.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::directory_user::LoginMethod;

/// Who may log in, and how. Nobody may where the field is absent.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.method != 'OpenIDConnect' || has(self.oidc)")
    .message("method: OpenIDConnect needs oidc: the provider's authority and clientID"))]
#[x_kube(validation = Rule::new("self.method != 'BuiltIn' || (has(self.builtIn) && self.builtIn.enabled)")
    .message("method: BuiltIn needs builtIn.enabled: true"))]
pub struct Login {
    /// How people log in unless their own loginMethod says otherwise: OpenIDConnect (the default), BuiltIn, or Disabled, which
    /// ends every session and lets nobody log in.
    #[serde(default)]
    pub method: LoginMode,
    /// The OpenID provider. Default: none; required where method is OpenIDConnect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    /// How long a session lasts and where its cookie goes. Default: eight hours, and a cookie for each host.
    #[serde(default)]
    pub session: SessionRules,
    /// Which access tokens of the provider introspection, userinfo and applications accept. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<TokenRules>,
    /// Accounts with a password of ours, for people who are not at the provider. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_in: Option<BuiltInLogin>,
    /// What the pages show of the company. Default: the name of the Directory.
    #[serde(default)]
    pub branding: Branding,
}

/// How people log in to a Directory.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginMode {
    /// At the OpenID provider.
    #[default]
    OpenIDConnect,
    /// With a password of ours.
    BuiltIn,
    /// Not at all.
    Disabled,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

impl From<LoginMethod> for LoginMode {
    fn from(method: LoginMethod) -> Self {
        match method {
            LoginMethod::OpenIDConnect => Self::OpenIDConnect,
            LoginMethod::BuiltIn => Self::BuiltIn,
            LoginMethod::Unknown => Self::Unknown,
        }
    }
}

/// An OpenID provider and our registration with it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.clientSecretRef) && has(self.clientAssertion))")
    .message("give clientSecretRef or clientAssertion, not both"))]
#[x_kube(validation = Rule::new("has(self.clientSecretRef) || has(self.clientAssertion)")
    .message("give clientSecretRef (a Secret of type rollcall.dev/client-secret) or clientAssertion: ServiceAccountToken"))]
pub struct Oidc {
    /// What the provider is: EntraID (the default) or Generic, any other one that has OpenID Connect Discovery.
    #[serde(default)]
    pub flavor: Flavor,
    /// The provider's address. Of Entra `https://login.microsoftonline.com/TENANT`, with or without `/v2.0`, where TENANT is
    /// the tenant's id or a verified domain; not common, organizations or consumers. Otherwise the issuer, exactly. An https
    /// URL of at most 512 characters. Required.
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = Rule::new("isURL(self) && url(self).getScheme() == 'https' && url(self).getQuery().size() == 0")
        .message("authority is an https URL without a query"))]
    pub authority: String,
    /// The application (client) ID of the web registration, 1 to 256 characters. Required.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,
    /// The Secret with the client's secret, in the namespace of the Directory. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<ClientSecretRef>,
    /// What proves the client in place of a secret: ServiceAccountToken, the token of the pod's service account (workload
    /// identity federation). Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClientAssertion")]
    pub client_assertion: Option<ClientAssertion>,
    /// The application (client) ID of the registration of native apps, 1 to 256 characters. Default: that of clientID.
    #[serde(default, rename = "nativeClientID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub native_client_id: Option<String>,
    /// Redirect URIs of native apps, which client-config tells them; at most 16 of at most 512 characters. Default: none.
    #[serde(default, rename = "nativeRedirectURIs", skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 16), inner(length(min = 1, max = 512)))]
    pub native_redirect_uris: Vec<String>,
    /// Scopes beside openid, profile and email, such as User.Read, for the consent of an administrator; at most 16 of at most
    /// 256 characters. The operator uses no access token. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256), regex(pattern = r"^[\x21\x23-\x5B\x5D-\x7E]+$")))]
    pub extra_scopes: Vec<String>,
    /// The domain that the sign-in page of Entra starts with, 1 to 253 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[A-Za-z0-9.-]+$"))]
    pub domain_hint: Option<String>,
    /// Certificates in PEM, at most 65,536 characters, that are trusted for the provider beside those of the system.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65_536))]
    pub ca_bundle: Option<String>,
    /// How an account of the provider is matched with a person at the first login: ObjectIdThenUpn (the default): externalId
    /// is the account's object id, or else userName is its upn; or ObjectId: the former alone. Later logins go by the account
    /// that was linked.
    #[serde(default, rename = "match")]
    pub matching: AccountMatch,
    /// The claim that is compared with userName at the first login: upn (the default) or preferred_username. Add the optional
    /// claim upn to the registration's ID tokens.
    #[serde(default)]
    pub upn_claim: UpnClaim,
    /// Whether guests of the tenant may log in. Default true.
    #[serde(default = "yes")]
    pub allow_guests: bool,
    /// By how many seconds clocks may differ, 0 to 300. Default 60.
    #[serde(default = "default_clock_skew")]
    #[schemars(range(min = 0, max = 300))]
    pub clock_skew_seconds: i64,
}

fn yes() -> bool {
    true
}

fn default_clock_skew() -> i64 {
    60
}

/// What an OpenID provider is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Microsoft Entra ID.
    #[default]
    EntraID,
    /// Any other.
    Generic,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// A Secret of type `rollcall.dev/client-secret`.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretRef {
    /// The name of the Secret, whose type is rollcall.dev/client-secret; 1 to 253 characters. Required.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The entry of the Secret, 1 to 253 characters. Default clientSecret.
    #[serde(default = "default_secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

fn default_secret_key() -> String {
    "clientSecret".to_owned()
}

/// What proves a client in place of a secret.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAssertion {
    /// The projected token of the pod's service account.
    ServiceAccountToken,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How an account is matched with a person at the first login.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountMatch {
    /// By externalId, or else by userName.
    #[default]
    ObjectIdThenUpn,
    /// By externalId alone.
    ObjectId,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// The claim that is compared with `userName`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpnClaim {
    /// The optional claim `upn`.
    #[default]
    #[serde(rename = "upn")]
    Upn,
    /// `preferred_username`, which people can change in some tenants.
    #[serde(rename = "preferred_username")]
    PreferredUsername,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How long a session lasts, and where its cookie goes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SessionRules {
    /// After what time a session is over in any case, such as 8h; at most 720h. Default 8h.
    #[serde(default = "default_absolute")]
    #[schemars(length(max = 32), regex(pattern = r"^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"))]
    #[x_kube(validation = Rule::new("size(self) > 0 && duration(self) > duration('0s') && duration(self) <= duration('720h')")
        .message("absolute is a duration such as 8h, at most 720h"))]
    pub absolute: String,
    /// After what time without a request a session is over, such as 30m; at most 720h. The proxy must pass on the cookie that
    /// /check renews. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"))]
    #[x_kube(validation = Rule::new("size(self) > 0 && duration(self) >= duration('60s') && duration(self) <= duration('720h')")
        .message("idle is a duration such as 30m, 1m to 720h"))]
    pub idle: Option<String>,
    /// After what time the next navigation goes to the provider once more, which tells of an account that was disabled there,
    /// such as 1h; 0s is never. At most 720h. Default 1h.
    #[serde(default = "default_revalidation")]
    #[schemars(length(max = 32), regex(pattern = r"^([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"))]
    #[x_kube(validation = Rule::new("size(self) > 0 && duration(self) <= duration('720h')")
        .message("revalidateAfter is a duration such as 1h, at most 720h"))]
    pub revalidate_after: String,
    /// The domain whose hosts all get the session's cookie, such as apps.contoso.example; it must be the host of the operator
    /// or a part of it. Every application below it then sees the cookie. 1 to 253 characters. Default: each host has a
    /// cookie of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 3, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$")
    )]
    pub cookie_domain: Option<String>,
}

impl Default for SessionRules {
    fn default() -> Self {
        let (absolute, revalidate_after) = (default_absolute(), default_revalidation());
        Self { absolute, idle: None, revalidate_after, cookie_domain: None }
    }
}

fn default_absolute() -> String {
    "8h".to_owned()
}

fn default_revalidation() -> String {
    "1h".to_owned()
}

/// Which tokens of the provider are accepted.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TokenRules {
    /// The audiences of accepted access tokens, such as api://CLIENT-ID; at most 16 of at most 256 characters. Default: none,
    /// and then no access token is accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256)))]
    pub audiences: Vec<String>,
    /// The scope that an access token must have, 1 to 256 characters. Default access_as_user.
    #[serde(default = "default_scope")]
    #[schemars(length(min = 1, max = 256))]
    pub scope: String,
    /// Whether ID tokens whose audience is the native registration are accepted as well. Default false.
    #[serde(default)]
    pub accept_id_tokens: bool,
}

fn default_scope() -> String {
    "access_as_user".to_owned()
}

/// Accounts with a password of ours.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct BuiltInLogin {
    /// Whether people whose loginMethod is BuiltIn may log in with a password. Default false.
    #[serde(default)]
    pub enabled: bool,
}

/// What the pages show of a company.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// The company's name, 1 to 100 characters. Default: the name of the Directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// The company's logo as a data URL of a PNG or WebP image, such as data:image/png;base64,AAAA; at most 65,536
    /// characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65_536), regex(pattern = "^data:image/(png|webp);base64,[A-Za-z0-9+/]+=*$"))]
    pub logo: Option<String>,
    /// Whom somebody who is refused should ask, as a sentence of at most 250 characters. Default: the administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 250))]
    pub contact: Option<String>,
}
