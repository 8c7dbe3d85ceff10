use super::*;

const BASE: &str = "https://host/scim/v2/ns/staff";
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn walk(value: &Value, check: &mut dyn FnMut(&Value)) {
    check(value);
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, check)),
        Value::Object(members) => members.values().for_each(|member| walk(member, check)),
        _ => {}
    }
}

#[test]
fn nothing_is_null_and_everything_knows_where_it_is() {
    for value in [service_provider_config(BASE), resource_types(BASE, &[]), schemas(BASE, &[])] {
        walk(&value, &mut |part| assert!(!part.is_null(), "{value}"));
    }
    let lists = [resource_types(BASE, &[]), schemas(BASE, &[])];
    let resources = lists.iter().flat_map(|list| list["Resources"].as_array().into_iter().flatten());
    for resource in resources.chain([&service_provider_config(BASE)]) {
        let kind = resource["schemas"][0].as_str().and_then(|urn| urn.rsplit(':').next()).expect("a URN");
        assert_eq!(resource["meta"]["resourceType"], kind);
        let location = resource["meta"]["location"].as_str().expect("a location");
        let parts: Vec<_> = location.strip_prefix(BASE).expect("below the base").split('/').collect();
        let found = match parts[1..] {
            ["Schemas", urn] => schema(&urn.to_uppercase(), BASE, &[]),
            ["ResourceTypes", name] => resource_type(&name.to_lowercase(), BASE, &[]),
            _ => Some(service_provider_config(BASE)),
        };
        assert_eq!(found.as_ref(), Some(resource), "{location} is where the same is found alone");
    }
    assert_eq!(schema("urn:nobody", BASE, &[]), None);
    assert_eq!(resource_type("Nothing", BASE, &[]), None);
}

#[test]
fn the_service_provider_announces_what_it_does() {
    let config = service_provider_config(BASE);
    assert_eq!(config["bulk"], json!({ "supported": false, "maxOperations": 0, "maxPayloadSize": 0 }));
    assert_eq!(config["filter"], json!({ "supported": true, "maxResults": 200 }));
    for (feature, supported) in [("patch", true), ("sort", true), ("etag", true), ("changePassword", false)] {
        assert_eq!(config[feature], json!({ "supported": supported }), "{feature}");
    }
    let schemes = config["authenticationSchemes"].as_array().expect("a list");
    let types: Vec<_> = schemes.iter().map(|scheme| scheme["type"].clone()).collect();
    assert_eq!(types, ["oauthbearertoken", "httpbasic"]);
}

#[test]
fn users_come_before_groups() {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "endpoint": "/Users", "description": "User Account", "schema": CORE,
        "schemaExtensions": [{ "schema": ENTERPRISE, "required": false }],
        "meta": { "resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/User") },
    });
    let types = resource_types(BASE, &[]);
    assert_eq!(types["Resources"][0], user);
    assert_eq!(types["Resources"][1]["endpoint"], "/Groups");
    assert_eq!((&types["totalResults"], &types["itemsPerPage"]), (&json!(2), &json!(2)));
    let list = schemas(BASE, &[]);
    let ids: Vec<_> = list["Resources"].as_array().expect("a list").iter().map(|schema| schema["id"].clone()).collect();
    assert_eq!(ids, [CORE, ENTERPRISE, "urn:ietf:params:scim:schemas:core:2.0:Group"]);
}

#[test]
fn an_attribute_is_described_as_the_rfc_asks() {
    let user = schema(CORE, BASE, &[]).expect("the User schema");
    assert!(user["description"].as_str().is_some_and(|text| text.contains("User Account")));
    let find = |name: &str| {
        let mut attributes = user["attributes"].as_array().into_iter().flatten();
        attributes.find(|attribute| attribute["name"] == name).cloned()
    };
    let name = json!({
        "name": "userName", "type": "string", "multiValued": false, "required": true, "caseExact": false,
        "description": "The name to log in with, unique whatever its letter case.",
        "mutability": "readWrite", "returned": "default", "uniqueness": "server",
    });
    assert_eq!(find("userName"), Some(name));
    let emails = find("emails").expect("emails");
    assert_eq!((&emails["type"], &emails["multiValued"]), (&json!("complex"), &json!(true)));
    assert_eq!(emails["subAttributes"][1]["canonicalValues"], json!(["work", "home", "other"]));
    assert_eq!(find("profileUrl").expect("profileUrl")["referenceTypes"], json!(["external"]));
    assert_eq!(find("groups").expect("groups")["mutability"], "readOnly");
    for absent in ["password", "meta", "schemas"] {
        assert_eq!(find(absent), None, "{absent}");
    }
}

/// What Microsoft's onboarding test makes of `/Schemas`: the targets that an admin can map to.
fn targets() -> Vec<String> {
    let list = schemas(BASE, &[]);
    let mut targets = Vec::new();
    for schema in list["Resources"].as_array().expect("a list") {
        let urn = schema["id"].as_str().expect("an id");
        for attribute in schema["attributes"].as_array().expect("attributes") {
            let found = targets_of(attribute);
            let is_core = urn.contains(":core:");
            targets.extend(found.into_iter().map(|target| if is_core { target } else { format!("{urn}:{target}") }));
        }
    }
    targets
}

fn targets_of(attribute: &Value) -> Vec<String> {
    let name = attribute["name"].as_str().expect("a name");
    if attribute["type"] == "reference" {
        return Vec::new();
    }
    let Some(parts) = attribute["subAttributes"].as_array().filter(|_| !["manager", "members"].contains(&name)) else {
        return vec![name.to_owned()];
    };
    let names = |but: &'static [&str]| {
        parts.iter().filter_map(|part| part["name"].as_str()).filter(move |name| !but.contains(name))
    };
    let of_type = parts.iter().find(|part| part["name"] == "type").and_then(|part| part["canonicalValues"].as_array());
    match of_type {
        _ if attribute["multiValued"] == false => names(&[]).map(|sub| format!("{name}.{sub}")).collect(),
        Some(types) => types
            .iter()
            .flat_map(|kind| names(&["type", "primary"]).map(move |sub| format!("{name}[type eq {kind}].{sub}")))
            .collect(),
        None => names(&["primary"]).map(|sub| format!("{name}[primary eq \"True\"].{sub}")).collect(),
    }
}

#[test]
fn entra_finds_every_target_of_its_default_mapping() {
    let targets = targets();
    let address = ["formatted", "streetAddress", "locality", "region", "postalCode", "country"];
    let phones = ["work", "mobile", "fax"];
    let expected = [
        "userName",
        "active",
        "displayName",
        "title",
        "emails[type eq \"work\"].value",
        "preferredLanguage",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "externalId",
        "members",
        "nickName",
        "userType",
        "locale",
        "timezone",
        "roles[primary eq \"True\"].value",
        "roles[primary eq \"True\"].display",
        "roles[primary eq \"True\"].type",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(address.map(|part| format!("addresses[type eq \"work\"].{part}")))
    .chain(phones.map(|kind| format!("phoneNumbers[type eq \"{kind}\"].value")))
    .chain(["employeeNumber", "department", "manager"].map(|name| format!("{ENTERPRISE}:{name}")));
    for target in expected {
        assert!(targets.contains(&target), "{target} is in none of {targets:#?}");
    }
    assert_eq!(targets.iter().filter(|target| *target == "externalId").count(), 2, "of users and of groups");
}

#[test]
fn what_a_directory_declares_is_shown_for_users_alone() {
    let folders = ExtensionAttribute { name: "folders".to_owned(), kind: AttributeType::String, multi_valued: true };
    let (urn, free) = ("urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName", "urn:example:Metadata");
    let declared = [
        Extension { urn: urn.to_owned(), attributes: vec![folders] },
        Extension { urn: free.to_owned(), attributes: Vec::new() },
    ];
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn, "name": "CustomExtensionName", "description": "An extension that this directory declares.",
        "attributes": [{
            "name": "folders", "type": "string", "multiValued": true, "required": false, "caseExact": false,
            "description": "An attribute that this directory declares.",
            "mutability": "readWrite", "returned": "default", "uniqueness": "none",
        }],
        "meta": { "resourceType": "Schema", "location": format!("{BASE}/Schemas/{urn}") },
    });
    assert_eq!(schema(&urn.to_uppercase(), BASE, &declared), Some(body.clone()));
    assert_eq!(schema(urn, BASE, &[]), None);
    let list = schemas(BASE, &declared);
    let ids: Vec<_> = list["Resources"].as_array().expect("a list").iter().map(|schema| schema["id"].clone()).collect();
    assert_eq!(ids, [CORE, ENTERPRISE, urn, free, "urn:ietf:params:scim:schemas:core:2.0:Group"]);
    assert_eq!((&list["Resources"][2], &list["totalResults"]), (&body, &json!(5)));
    assert_eq!(list["Resources"][3]["attributes"], json!([]), "an extension of arbitrary keys has none to show");
    let types = resource_types(BASE, &declared);
    let extension = |urn: &str| json!({ "schema": urn, "required": false });
    assert_eq!(
        types["Resources"][0]["schemaExtensions"],
        json!([extension(ENTERPRISE), extension(urn), extension(free)])
    );
    assert_eq!(types["Resources"][1].get("schemaExtensions"), None, "groups have none");
    assert_eq!(resource_type("User", BASE, &declared).as_ref(), Some(&types["Resources"][0]));
}
