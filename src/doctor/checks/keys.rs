//! Whether a key opens the Directory, and for how long.

use jiff::{SignedDuration, Timestamp};

use super::{Scene, shown, time};
use crate::api::directory_key::Scope;
use crate::api::{DirectoryKeySpec, Object};
use crate::doctor::finding::{Conclusion, ok, problem};
use crate::rules::key::{KeyVerdict, check};

/// From when on the end of a key is worth a warning.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// After what time without use a key looks forgotten.
const UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What makes a key.
const NEW_KEY: &str = "rollcall key new --directory NAME --namespace NAMESPACE (or kubectl directory token new): apply the \
                       manifest, and paste the secret into Entra: Provisioning > Admin Credentials > Secret Token";

/// A key and whether it opens the Directory to a provider now.
struct JudgedKey<'a> {
    object: &'a Object,
    spec: Option<DirectoryKeySpec>,
    verdict: Option<KeyVerdict>,
}

impl JudgedKey<'_> {
    fn is_usable(&self) -> bool {
        self.verdict == Some(KeyVerdict::Valid) && self.spec.as_ref().is_some_and(|spec| spec.sha256.is_some())
    }

    fn ends_at(&self) -> Option<Timestamp> {
        self.spec.as_ref()?.expires_at.as_ref().map(|time| time.0)
    }

    /// Why it opens nothing.
    fn obstacle(&self) -> &'static str {
        match self.verdict {
            None => "cannot be read",
            Some(KeyVerdict::Valid) => "has no secret yet",
            Some(KeyVerdict::NotYetValid) => "is not valid yet",
            Some(KeyVerdict::Expired) => "has expired",
            Some(KeyVerdict::Revoked) => "is revoked",
            Some(KeyVerdict::WrongScope) => "lacks the scope provision",
        }
    }
}

fn judged<'a>(scene: &'a Scene<'_>) -> Result<Vec<JudgedKey<'a>>, Conclusion> {
    let keys = scene.observed.keys.as_ref().map_err(|blind| blind.conclusion("the keys"))?;
    Ok(keys
        .iter()
        .map(|object| {
            let spec: Option<DirectoryKeySpec> = serde_json::from_value(object.spec().clone()).ok();
            let verdict = spec.as_ref().map(|spec| check(spec, Scope::Provision, scene.now));
            JudgedKey { object, spec, verdict }
        })
        .collect())
}

/// Whether at least one key opens the Directory now.
pub fn keys(scene: &Scene<'_>) -> Conclusion {
    let keys = match judged(scene) {
        Ok(keys) => keys,
        Err(blind) => return blind,
    };
    let usable: Vec<_> = keys.iter().filter(|key| key.is_usable()).map(|key| key.object.name()).collect();
    if !usable.is_empty() {
        return ok(format!("usable: {}", usable.join(", ")));
    }
    if keys.is_empty() {
        return problem("there is no key: nobody can provision", NEW_KEY);
    }
    let obstacles: Vec<_> = keys.iter().map(|key| format!("{} {}", key.object.name(), key.obstacle())).collect();
    problem(format!("no key opens the Directory: {}", obstacles.join(", ")), NEW_KEY)
}

/// When the last usable key ends.
pub fn expiry(scene: &Scene<'_>) -> Conclusion {
    let keys = match judged(scene) {
        Ok(keys) => keys,
        Err(blind) => return blind,
    };
    let usable: Vec<_> = keys.iter().filter(|key| key.is_usable()).collect();
    let permanent: Vec<_> = usable.iter().filter(|key| key.ends_at().is_none()).map(|key| key.object.name()).collect();
    let soon = usable.iter().filter_map(|key| {
        let left = key.ends_at()?.duration_since(scene.now);
        (left <= SOON).then(|| format!("{} in {}", key.object.name(), shown(left)))
    });
    let soon: Vec<_> = soon.collect();
    let lasting = usable.len() - soon.len();
    if !soon.is_empty() && lasting == 0 {
        return problem(
            format!("no key lasts longer than 30 days; expires: {}", soon.join(", ")),
            format!("make its successor now, both work at the same time: {NEW_KEY}"),
        );
    }
    if !permanent.is_empty() {
        return ok(format!("never expires: {}", permanent.join(", "))).with_hint(
            "a key with expiresAt limits what a leaked secret is worth: rollcall key new --expires-in 365d",
        );
    }
    match usable.iter().filter_map(|key| key.ends_at()).max() {
        Some(end) => ok(format!("the last key lasts {} more", shown(end.duration_since(scene.now)))),
        None => ok("no usable key can expire: see the check keys"),
    }
}

/// Which usable keys nobody uses.
pub fn usage(scene: &Scene<'_>) -> Conclusion {
    let keys = match judged(scene) {
        Ok(keys) => keys,
        Err(blind) => return blind,
    };
    let last_used = |key: &&JudgedKey<'_>| time(&key.object.status()["lastUsed"]);
    let usable: Vec<_> = keys.iter().filter(|key| key.is_usable()).collect();
    let unused = usable.iter().filter(|key| {
        let since = last_used(key).or_else(|| key.object.creation_timestamp());
        since.is_some_and(|since| scene.now.duration_since(since) > UNUSED)
    });
    let unused: Vec<_> = unused.map(|key| key.object.name()).collect();
    if !unused.is_empty() {
        return problem(
            format!("not used for 30 days: {}", unused.join(", ")),
            "revoke what nobody needs: kubectl patch directorykey NAME --type merge -p '{\"spec\":{\"revoked\":true}}'",
        );
    }
    let used: Vec<_> = usable
        .iter()
        .filter_map(|key| {
            Some(format!("{} {} ago", key.object.name(), shown(scene.now.duration_since(last_used(key)?))))
        })
        .collect();
    if used.is_empty() { ok("no key was used yet") } else { ok(format!("last used: {}", used.join(", "))) }
}
