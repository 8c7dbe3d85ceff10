//! `Schema_Discoverability_Test`: every mapped attribute can be derived from `/Schemas`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::simulator::suites::bodies::MAPPED;
use crate::simulator::suites::exchange::CheckResult;
use crate::simulator::suites::path::{GROUP, MANAGER, USER};
use crate::simulator::suites::session::SuiteSession;

/// What a job maps beside [`MAPPED`].
const ALSO_MAPPED: [&str; 3] = ["userName", "active", MANAGER];
/// What a job maps of a group.
const MAPPED_OF_GROUPS: [&str; 3] = ["displayName", "externalId", "members"];
/// Complex attributes that are mapped by their name.
const BY_NAME: [&str; 2] = ["manager", "members"];

/// The one test.
pub(super) async fn run(session: &SuiteSession) {
    session.record("Schema_Discoverability_Test", discover(session).await);
}

async fn discover(session: &SuiteSession) -> CheckResult {
    let answer = session.get("/Schemas").await?.scim(&[200])?;
    let schemas = answer.resources()?;
    let of = |urn: &str| schemas.iter().find(|schema| schema["id"].as_str() == Some(urn));
    let (Some(user), Some(group)) = (of(USER), of(GROUP)) else {
        return Err(answer.miss(format!("{USER} and {GROUP}"), answer.answer()));
    };
    let null = null_in(answer.body()?, "");
    answer.expect(null.is_none(), "no null anywhere", || format!("null at {}", null.as_deref().unwrap_or_default()))?;
    let mut targets = targets(user, "");
    for schema in schemas.iter().filter(|schema| ![USER, GROUP].map(Some).contains(&schema["id"].as_str())) {
        targets.extend(self::targets(schema, &format!("{}:", schema["id"].as_str().unwrap_or_default())));
    }
    let of_groups = self::targets(group, "");
    let missing = |mapped: &[&str], targets: &BTreeSet<String>| {
        let missing = mapped.iter().filter(|path| !targets.contains(&path.to_lowercase()));
        missing.map(|path| (*path).to_owned()).collect::<Vec<_>>()
    };
    let mut missed = missing(&[MAPPED, &ALSO_MAPPED].concat(), &targets);
    missed.extend(missing(&MAPPED_OF_GROUPS, &of_groups).into_iter().map(|path| format!("{path} of groups")));
    answer.expect(missed.is_empty(), "every mapped attribute is among the schemas", || {
        format!("no schema leads to {}", missed.join(", "))
    })
}

/// The targets that the attributes of a schema lead to, in lower case: names are compared without regard to it.
fn targets(schema: &Value, prefix: &str) -> BTreeSet<String> {
    let attributes = schema["attributes"].as_array().into_iter().flatten();
    let paths = attributes.flat_map(targets_of).map(|path| format!("{prefix}{path}").to_lowercase());
    paths.collect()
}

/// The targets of one attribute: by its name, by its sub-attributes, or by these for each canonical type.
fn targets_of(attribute: &Value) -> Vec<String> {
    let name = attribute["name"].as_str().unwrap_or_default();
    match attribute["type"].as_str() {
        Some("complex") if !BY_NAME.contains(&name) => {}
        // Addresses of other things are not mapped.
        Some("reference") => return Vec::new(),
        _ => return vec![name.to_owned()],
    }
    let subs: Vec<_> = attribute["subAttributes"].as_array().into_iter().flatten().collect();
    let names = |left_out: &[&str]| -> Vec<String> {
        let names = subs.iter().filter_map(|sub| sub["name"].as_str()).filter(|name| !left_out.contains(name));
        names.map(str::to_owned).collect()
    };
    if attribute["multiValued"] != true {
        return names(&[]).iter().map(|sub| format!("{name}.{sub}")).collect();
    }
    let types = subs.iter().find(|sub| sub["name"] == "type").and_then(|sub| sub["canonicalValues"].as_array());
    match types.filter(|types| !types.is_empty()) {
        Some(types) => {
            let subs = names(&["type", "primary"]);
            let types = types.iter().filter_map(Value::as_str);
            types.flat_map(|of| subs.iter().map(move |sub| format!("{name}[type eq \"{of}\"].{sub}"))).collect()
        }
        None => names(&["primary"]).iter().map(|sub| format!("{name}[primary eq \"True\"].{sub}")).collect(),
    }
}

/// Where the first null stands.
fn null_in(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Null => Some(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(number, item)| null_in(item, &format!("{at}/{number}")))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| null_in(member, &format!("{at}/{name}"))),
        _ => None,
    }
}
