//! The manifest of a new DirectoryKey, and the file with its secret.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::directory_key::{DirectoryKey, MAX_DESCRIPTION, MAX_DISPLAY_NAME, Scope};
use crate::api::{DirectoryKeySpec, DirectoryRef, to_yaml};
use crate::config::{InvalidFlag, KeyNewArgs, dns_label};
use crate::rules::key::secret::KeySecret;
use crate::rules::naming::{DIRECTORY_LABEL, random};

/// Letters at the end of a default name: two keys of one day differ.
const SUFFIX_LENGTH: usize = 4;

/// The end of a default name.
pub(super) fn random_suffix() -> String {
    random(rand::random(), SUFFIX_LENGTH)
}

/// The manifest to commit.
pub(super) fn manifest(
    arguments: &KeyNewArgs,
    secret: &KeySecret,
    now: Timestamp,
    suffix: &str,
) -> Result<String, InvalidFlag> {
    let KeyNewArgs {
        directory,
        namespace: place,
        name,
        display_name,
        description,
        expires_at,
        expires_in,
        scope,
        secret_file: _,
    } = arguments;
    let directory = dns_label("directory", directory)?;
    let name = match name {
        Some(name) => object_name(name)?,
        None => format!("{directory}-{}-{suffix}", now.strftime("%Y%m%d")),
    };
    let spec = DirectoryKeySpec {
        directory_ref: DirectoryRef { name: directory.clone() },
        sha256: Some(secret.sha256()),
        mint: None,
        not_before: None,
        expires_at: expiry(expires_at.as_deref(), expires_in.as_deref(), now)?.map(Time),
        revoked: None,
        display_name: display_name
            .as_deref()
            .map(|text| bounded("display-name", text, MAX_DISPLAY_NAME))
            .transpose()?,
        description: description.as_deref().map(|text| bounded("description", text, MAX_DESCRIPTION)).transpose()?,
        scopes: scopes(scope),
    };
    let mut key = DirectoryKey::new(&name, spec);
    key.metadata.namespace = place.as_deref().map(|place| dns_label("namespace", place)).transpose()?;
    key.metadata.labels = Some([(DIRECTORY_LABEL.to_owned(), directory)].into());
    Ok(to_yaml(&key))
}

/// What the key may do, each scope once.
fn scopes(wanted: &[String]) -> Vec<Scope> {
    let known = [("provision", Scope::Provision), ("introspect", Scope::Introspect)];
    let named = known.into_iter().filter(|(name, _)| wanted.iter().any(|wanted| wanted == name));
    let named: Vec<_> = named.map(|(_, scope)| scope).collect();
    if named.is_empty() { vec![Scope::Provision] } else { named }
}

fn invalid(flag: &'static str, reason: String) -> InvalidFlag {
    InvalidFlag { flag, reason }
}

/// A name of an object: RFC 1123 labels between dots.
fn object_name(text: &str) -> Result<String, InvalidFlag> {
    if text.len() > 253 || text.split('.').any(|label| dns_label("name", label).is_err()) {
        return Err(invalid(
            "name",
            format!("{text:?} is no object name: lower-case letters, digits, dashes and dots"),
        ));
    }
    Ok(text.to_owned())
}

fn bounded(flag: &'static str, text: &str, most: usize) -> Result<String, InvalidFlag> {
    if text.is_empty() || text.chars().count() > most {
        return Err(invalid(flag, format!("must have 1 to {most} characters")));
    }
    Ok(text.to_owned())
}

/// When the key expires, to the second.
fn expiry(at: Option<&str>, after: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, InvalidFlag> {
    let (flag, time) = match (at, after) {
        (Some(at), _) => {
            let time = at.parse::<Timestamp>().map_err(|_| {
                invalid("expires-at", format!("{at:?} is no RFC 3339 time, such as 2027-01-31T00:00:00Z"))
            })?;
            ("expires-at", time)
        }
        (None, Some(after)) => {
            let wrong = || invalid("expires-in", format!("{after:?} is no duration, such as 365d or 12h"));
            let span: Span = after.parse().map_err(|_| wrong())?;
            // Days have 24 hours in UTC; a time stamp alone knows no days.
            let time = now.to_zoned(TimeZone::UTC).checked_add(span).map_err(|_| wrong())?;
            ("expires-in", time.timestamp())
        }
        (None, None) => return Ok(None),
    };
    if time <= now {
        return Err(invalid(flag, "the key would have expired already".to_owned()));
    }
    Ok(Some(Timestamp::from_second(time.as_second()).unwrap_or(time)))
}

/// Writes the secret into a file that is made for it: one that is there is never overwritten, as it may hold the only
/// copy of another secret.
pub(super) fn write_private(path: &Path, secret: &KeySecret) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.expose().as_bytes())?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::{Value, json};

    use super::*;

    const NOW: &str = "2026-11-24T20:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().expect("a time")
    }

    fn staff() -> KeyNewArgs {
        KeyNewArgs { directory: "staff".to_owned(), ..KeyNewArgs::default() }
    }

    fn made(arguments: &KeyNewArgs) -> Result<Value, String> {
        let manifest =
            manifest(arguments, &KeySecret::from_bytes([7; 32]), now(), "bcdf").map_err(|error| error.to_string())?;
        Ok(serde_yaml::from_str(&manifest).expect("YAML"))
    }

    #[test]
    fn the_smallest_manifest_names_directory_and_hash() {
        let text = manifest(&staff(), &KeySecret::from_bytes([7; 32]), now(), "bcdf").expect("a manifest");
        assert!(text.starts_with("apiVersion: rollcall.dev/v1alpha1\nkind: DirectoryKey\n"), "{text}");
        let expected = json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryKey",
            "metadata": { "name": "staff-20261124-bcdf", "labels": { "rollcall.dev/directory": "staff" } },
            "spec": {
                "directoryRef": { "name": "staff" }, "scopes": ["provision"],
                "sha256": KeySecret::from_bytes([7; 32]).sha256(),
            },
        });
        assert_eq!(made(&staff()).expect("a manifest"), expected);
    }

    #[test]
    fn every_flag_finds_its_field() {
        let text = |text: &str| Some(text.to_owned());
        let arguments = KeyNewArgs {
            namespace: text("acme"),
            name: text("entra.2027"),
            display_name: text("Entra"),
            description: text("on"),
            expires_in: text("365d"),
            scope: ["introspect", "provision", "introspect"].map(str::to_owned).into(),
            ..staff()
        };
        let made = made(&arguments).expect("a manifest");
        assert_eq!((&made["metadata"]["namespace"], &made["metadata"]["name"]), (&json!("acme"), &json!("entra.2027")));
        assert_eq!((&made["spec"]["displayName"], &made["spec"]["description"]), (&json!("Entra"), &json!("on")));
        assert_eq!(made["spec"]["expiresAt"], "2027-11-24T20:00:00Z");
        assert_eq!(made["spec"]["scopes"], json!(["provision", "introspect"]));
    }

    #[test]
    fn a_wrong_flag_is_named() {
        let text = |text: &str| Some(text.to_owned());
        for (arguments, flag) in [
            (KeyNewArgs { directory: "Not a name".to_owned(), ..staff() }, "--directory"),
            (KeyNewArgs { namespace: text("-"), ..staff() }, "--namespace"),
            (KeyNewArgs { name: text("a..b"), ..staff() }, "--name"),
            (KeyNewArgs { display_name: text(""), ..staff() }, "--display-name"),
            (KeyNewArgs { description: Some("x".repeat(MAX_DESCRIPTION + 1)), ..staff() }, "--description"),
            (KeyNewArgs { expires_at: text("tomorrow"), ..staff() }, "--expires-at"),
            (KeyNewArgs { expires_at: text("2020-01-01T00:00:00Z"), ..staff() }, "--expires-at"),
            (KeyNewArgs { expires_in: text("soon"), ..staff() }, "--expires-in"),
            (KeyNewArgs { expires_in: text("-1d"), ..staff() }, "--expires-in"),
        ] {
            let error = made(&arguments).expect_err(flag);
            assert!(error.starts_with(&format!("{flag}: ")), "{error}");
        }
    }

    #[test]
    fn a_secret_file_is_its_owners_and_is_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("rollcall-key-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("secret");
        write_private(&path, &KeySecret::from_bytes([1; 32])).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let again = write_private(&path, &KeySecret::from_bytes([2; 32])).expect_err("it is there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
