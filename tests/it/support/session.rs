//! Sessions as the operator would give them to browsers, sealed with its own keys, which an administrator may read.
//!
//! The login has tests of its own; a test of the doors behind it needs a session and no provider.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use control_plane::ControlPlane;
use jiff::{SignedDuration, Timestamp};
use rollcall::api::directory_user::LoginMethod;
use rollcall::login::cookie::{self, CookieReach};
use rollcall::login::root_keys::RootKeys;
use rollcall::login::sealing::{Purpose, Use};
use rollcall::login::session::Session;
use serde_json::Value;

use super::cluster::{NAMESPACE, kubectl_on};
use super::until;

/// The keys of a cluster.
pub(crate) struct Seals(RootKeys);

impl Seals {
    /// The keys of the operator of this control plane, once it has made them.
    pub(crate) async fn read(plane: &ControlPlane) -> Self {
        let arguments = ["-n", NAMESPACE, "get", "secret", "rollcall-login-keys", "-o", "json"];
        let secret = until("the keys of sessions", async || kubectl_on(plane, &arguments, None).await.ok()).await;
        let secret: Value = serde_json::from_str(&secret).expect("kubectl prints JSON");
        let entries: BTreeMap<_, _> = secret["data"].as_object().expect("entries").iter().collect();
        let decode = |(name, value): (&String, &Value)| {
            (name.clone(), BASE64_STANDARD.decode(value.as_str().expect("text")).expect("Base64"))
        };
        Self(RootKeys::of(&entries.into_iter().map(decode).collect()).expect("keys"))
    }

    /// The cookie of a session that the person of this object has just begun at an application's host, as `Cookie` has it.
    pub(crate) fn cookie(&self, user: &Value, application: &str) -> String {
        self.edited(user, application, |_| {})
    }

    /// The same with another content.
    pub(crate) fn edited(&self, user: &Value, application: &str, edit: impl FnOnce(&mut Session)) -> String {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (namespace, directory) = (&user["metadata"]["namespace"], &user["spec"]["directoryRef"]["name"]);
        let (namespace, directory) = (text(namespace), text(directory));
        let now = Timestamp::now();
        let mut session = Session {
            id: rand::random(),
            user: text(&user["metadata"]["name"]),
            uid: text(&user["metadata"]["uid"]).as_bytes()[..8].try_into().expect("eight characters"),
            account_object: user["spec"]["link"]["objectID"].as_str().map(str::to_owned),
            epoch: user["spec"]["sessionEpoch"].as_i64().unwrap_or(0),
            issued_at: now,
            checked_at: now,
            seen_at: now,
            expires_at: now + SignedDuration::from_hours(8),
            method: LoginMethod::OpenIDConnect,
            login_hint: None,
        };
        edit(&mut session);
        let scope = format!("application:{application}");
        let sealed_for = Use { purpose: Purpose::Session, namespace: &namespace, directory: &directory, scope: &scope };
        let name = cookie::session(CookieReach::Host, &cookie::digest(&namespace, &directory));
        format!("{name}={}", self.0.seal(&sealed_for, &session.to_bytes()))
    }
}
