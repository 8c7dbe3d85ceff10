use std::fmt::Debug;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use kube::CustomResourceExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::directory::{
    Basic, BuiltInUsers, DeletionPolicy, ExtensionType, ExternalIdRule, GroupsMode, Naming, OnInvalid, PortalRole,
    ProvisioningMode, Source,
};
use super::directory_application::{HeaderFamily, HostScheme};
use super::directory_group::GroupState;
use super::directory_key::Scope;
use super::directory_login::{AccountMatch, ClientAssertion, Flavor, LoginMode, UpnClaim};
use super::directory_status::{SetupStepName, UniqueAttributeState};
use super::directory_user::{LoginMethod, ManagedBy, UserState};
use super::provisioning_status::CyclePhase;
use super::*;
use crate::rules::access::{self, LoginRules};
use crate::rules::key::{self, KeyVerdict};
use crate::rules::standing::{Standing, standing};
use crate::scim::limits;

#[test]
fn the_files_in_crds_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    for (name, content) in crds::files() {
        let there = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(there == content, "{name} is not current: run `cargo run -- crds --output crds`");
    }
}

/// Every field below spec and status of every kind: its path, its schema and whether its parent requires it.
fn fields() -> Vec<(String, Value, bool)> {
    fn walk(path: &str, schema: &Value, found: &mut Vec<(String, Value, bool)>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let required = schema["required"].as_array().is_some_and(|required| required.contains(&json!(name)));
            found.push((path.clone(), field.clone(), required));
            // Conditions are Kubernetes' own.
            if name != "conditions" {
                walk(&path, field, found);
                walk(&path, &field["items"], found);
            }
        }
    }
    let mut found = Vec::new();
    for crd in crds::crds() {
        let crd = serde_json::to_value(&crd).expect("JSON");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        for part in ["spec", "status"] {
            walk(
                &format!("{}.{part}", crd["spec"]["names"]["kind"].as_str().expect("a kind")),
                &schema[part],
                &mut found,
            );
        }
    }
    assert!(found.len() > 100, "only {} fields", found.len());
    found
}

/// The paths of the fields that break a rule.
fn breaking(rule: impl Fn(&str, &Value, bool) -> bool) -> String {
    let broken = fields().into_iter().filter(|(path, field, required)| !rule(path, field, *required));
    broken.map(|(path, ..)| path).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_field_has_a_sentence() {
    let missing = breaking(|_, field, _| field["description"].as_str().is_some_and(|text| text.trim().ends_with('.')));
    assert!(missing.is_empty(), "no sentence:\n{missing}");
}

#[test]
fn the_page_of_the_directory_tells_of_every_field_of_its_status() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/directory.md")).expect("the page");
    let told = |path: &str| page.contains(&format!("`{path}`")) || path.starts_with("provisioning.earlierCycles.");
    let is_leaf = |field: &Value| field["properties"].is_null() && field["items"]["properties"].is_null();
    let fields = fields().into_iter().filter(|(_, field, _)| is_leaf(field));
    let of_status = fields.filter_map(|(path, ..)| path.strip_prefix("Directory.status.").map(str::to_owned));
    let (told, silent): (Vec<_>, Vec<_>) = of_status.partition(|path| told(path));
    assert!(told.len() > 40 && silent.is_empty(), "docs/directory.md does not tell of:\n{}", silent.join("\n"));
}

#[test]
fn every_field_has_a_bound() {
    fn is_bounded(schema: &Value) -> bool {
        let has = |name: &str| schema.get(name).is_some_and(|bound| !bound.is_null());
        match schema["type"].as_str().unwrap_or_default() {
            "string" => has("maxLength") || has("enum") || schema["format"] == "date-time",
            "integer" => has("minimum") && has("maximum"),
            "array" => has("maxItems") && is_bounded(&schema["items"]),
            "object" if has("additionalProperties") => {
                has("maxProperties") && is_bounded(&schema["additionalProperties"])
            }
            kind => ["boolean", "object"].contains(&kind),
        }
    }
    // The generation is the API server's.
    let unbounded = breaking(|path, field, _| path.ends_with(".observedGeneration") || is_bounded(field));
    assert!(unbounded.is_empty(), "no bound:\n{unbounded}");
}

#[test]
fn every_field_of_a_spec_says_that_it_is_required_or_what_its_default_is() {
    let silent = breaking(|path, field, required| {
        let text = field["description"].as_str().unwrap_or_default();
        let word = if required { "Required" } else { "efault" };
        // `spec.scim` says once that all but two of its attributes may be absent.
        path.contains(".status") || (path.contains(".spec.scim.") && !required) || text.contains(word)
    });
    assert!(silent.is_empty(), "neither required nor a default:\n{silent}");
}

#[test]
fn no_enumeration_lists_null_or_a_value_that_yaml_misreads() {
    fn walk(schema: &Value) {
        for value in schema["enum"].as_array().into_iter().flatten() {
            let text = value.as_str().expect("an enumeration lists text");
            assert!(!["on", "off", "yes", "no", "y", "n", "unknown"].contains(&text.to_lowercase().as_str()), "{text}");
        }
        match schema {
            Value::Object(members) => members.values().for_each(walk),
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    crds::crds().iter().for_each(|crd| walk(&serde_json::to_value(crd).expect("JSON")));
}

#[test]
fn a_value_of_a_newer_version_is_read_and_reported_not_a_fault() {
    let spec = json!({ "provisioning": { "mode": "Later" }, "groups": { "mode": "Mirror" }, "fromTheFuture": 1 });
    let spec: DirectorySpec = serde_json::from_value(spec).expect("a lenient read");
    assert_eq!(spec.provisioning.mode, directory::ProvisioningMode::Unknown);
    assert_eq!(spec.groups.mode, directory::GroupsMode::Unknown);
}

/// What a value counts as that no version has written yet; nothing where it counts as none.
fn counted<T: DeserializeOwned + Debug>(known: impl Fn(T) -> Option<T>) -> Option<String> {
    let value = serde_json::from_value(json!("FromTheFuture")).expect("an unknown value is read");
    known(value).map(|value| format!("{value:?}"))
}

#[test]
fn every_enumeration_counts_a_value_of_a_newer_version_as_the_careful_one() {
    let opens = |scope: Scope| {
        let key = json!({ "directoryRef": { "name": "staff" }, "scopes": [scope] });
        let key: DirectoryKeySpec = serde_json::from_value(key).expect("a key");
        matches!(key::check(&key, Scope::Provision, Timestamp::UNIX_EPOCH), KeyVerdict::Valid).then_some(scope)
    };
    let is_shown = |managed_by: ManagedBy| {
        let spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": managed_by });
        let found = standing(&json!({ "spec": spec }).into(), "staff", BuiltInUsers::Listed);
        (found == Standing::Present).then_some(managed_by)
    };
    let role = || counted(PortalRole::known);
    let lets_in = |login_method: LoginMethod| {
        let login = json!({ "method": "BuiltIn", "builtIn": { "enabled": true } });
        let login = serde_json::from_value(login).expect("a login");
        let person = json!({ "spec": { "loginMethod": login_method } }).into();
        access::decide(&access::person(&person, true), &LoginRules::of(Some(&login), None)).ok()
    };
    let expected = [
        (
            "Directory.spec.provisioning.mode",
            counted(|mode: ProvisioningMode| Some(mode.counts_as())),
            Some("Disabled"),
        ),
        ("Directory.spec.provisioning.source", counted(|source: Source| Some(source.counts_as())), Some("Generic")),
        ("Directory.spec.provisioning.basic", counted(|basic: Basic| Some(basic.counts_as())), Some("Refuse")),
        (
            "Directory.spec.provisioning.builtInUsers",
            counted(|users: BuiltInUsers| Some(users.counts_as())),
            Some("Hidden"),
        ),
        ("Directory.spec.users.userTypes.onInvalid", counted(|rule: OnInvalid| Some(rule.counts_as())), Some("Reject")),
        ("Directory.spec.users.roles.maxFromScim", role(), None),
        (
            "Directory.spec.users.extensions.attributes.type",
            counted(|kind: ExtensionType| Some(kind.counts_as())),
            Some("String"),
        ),
        ("Directory.spec.groups.mode", counted(|mode: GroupsMode| Some(mode.counts_as())), Some("Sync")),
        (
            "Directory.spec.uniqueExternalId.users",
            counted(|rule: ExternalIdRule| Some(rule.counts_as())),
            Some("Enforce"),
        ),
        (
            "Directory.spec.uniqueExternalId.groups",
            counted(|rule: ExternalIdRule| Some(rule.counts_as())),
            Some("Enforce"),
        ),
        ("Directory.spec.deletionPolicy", counted(|policy: DeletionPolicy| Some(policy.counts_as())), Some("Retain")),
        ("Directory.spec.naming", counted(|naming: Naming| Some(naming.counts_as())), Some("Opaque")),
        (
            "Directory.status.uniqueAttributes.state",
            counted(|state: UniqueAttributeState| Some(state.counts_as())),
            Some("Claiming"),
        ),
        ("Directory.status.setup.steps.name", counted(SetupStepName::known), None),
        (
            "Directory.status.provisioning.cycle.phase",
            counted(|phase: CyclePhase| Some(phase.counts_as())),
            Some("Incremental"),
        ),
        (
            "Directory.status.provisioning.earlierCycles.phase",
            counted(|phase: CyclePhase| Some(phase.counts_as())),
            Some("Incremental"),
        ),
        ("DirectoryKey.spec.scopes", counted(opens), None),
        ("DirectoryUser.spec.managedBy", counted(is_shown), None),
        ("DirectoryUser.status.effective.portalRole", role(), None),
        ("DirectoryUser.spec.loginMethod", counted(lets_in), None),
        ("DirectoryUser.status.state", counted(UserState::known), None),
        ("DirectoryGroup.status.state", counted(GroupState::known), None),
        ("Directory.spec.login.method", counted(|mode: LoginMode| Some(mode.counts_as())), Some("Disabled")),
        ("Directory.spec.login.oidc.flavor", counted(Flavor::known), None),
        ("Directory.spec.login.oidc.clientAssertion", counted(ClientAssertion::known), None),
        (
            "Directory.spec.login.oidc.match",
            counted(|matching: AccountMatch| Some(matching.counts_as())),
            Some("ObjectId"),
        ),
        ("Directory.spec.login.oidc.upnClaim", counted(|claim: UpnClaim| Some(claim.counts_as())), Some("Upn")),
        ("DirectoryApplication.spec.scheme", counted(|scheme: HostScheme| Some(scheme.counts_as())), Some("Https")),
        ("DirectoryApplication.spec.headers", counted(HeaderFamily::known), None),
        ("DirectoryApplication.spec.require.roles", role(), None),
    ];
    let is_enumeration = |field: &Value| !field["enum"].is_null() || !field["items"]["enum"].is_null();
    let mut there: Vec<_> =
        fields().into_iter().filter(|(_, field, _)| is_enumeration(field)).map(|field| field.0).collect();
    let mut named: Vec<_> = expected.iter().map(|(path, ..)| (*path).to_owned()).collect();
    there.sort();
    named.sort();
    assert_eq!(there, named, "the enumerations of the kinds, and those of this table");
    for (path, found, expected) in expected {
        assert_eq!(found.as_deref(), expected, "{path}");
    }
}

#[test]
fn every_kind_has_the_same_group_and_version() {
    assert_eq!(API_VERSION, format!("{GROUP}/{VERSION}"));
    for crd in crds::crds() {
        let versions: Vec<_> = crd.spec.versions.iter().map(|version| version.name.as_str()).collect();
        assert_eq!((crd.spec.group.as_str(), versions), (GROUP, vec![VERSION]));
    }
}

#[test]
fn kinds_have_their_short_names_and_one_category() {
    let names: Vec<_> = crds::crds().iter().map(|crd| crd.spec.names.clone()).collect();
    for (names, short) in names.iter().zip(["dir", "dkey", "dapp", "duser", "dgroup", "dclaim"]) {
        assert_eq!(names.short_names.as_deref(), Some(&[short.to_owned()][..]));
        assert_eq!(names.categories.as_deref(), Some(&["rollcall".to_owned()][..]));
    }
    assert_eq!(DirectoryUser::crd_name(), "directoryusers.rollcall.dev");
}

#[test]
fn the_bounds_of_scim_are_those_that_the_kind_states() {
    // `scim::limits` refuses earlier and with a better sentence; were it wider, the API server's words would reach Entra.
    let schema = serde_json::to_value(DirectoryUser::crd()).expect("JSON");
    let scim = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["scim"];
    let property = |path: &str| scim.pointer(path).and_then(Value::as_u64).map(|bound| bound as usize);
    let cases = [
        ("/properties/userName/maxLength", limits::MAX_USER_NAME),
        ("/properties/displayName/maxLength", limits::MAX_TEXT),
        ("/properties/externalId/maxLength", limits::MAX_TEXT),
        ("/properties/name/properties/familyName/maxLength", limits::MAX_TEXT),
        ("/properties/profileUrl/maxLength", limits::MAX_REFERENCE),
        ("/properties/emails/items/properties/value/maxLength", limits::MAX_VALUE),
        ("/properties/addresses/items/properties/formatted/maxLength", limits::MAX_TEXT),
        ("/properties/emails/maxItems", limits::MAX_ELEMENTS),
        ("/properties/extensions/maxProperties", limits::MAX_EXTENSIONS),
    ];
    for (path, bound) in cases {
        assert_eq!(property(path), Some(bound), "{path}");
    }
}
