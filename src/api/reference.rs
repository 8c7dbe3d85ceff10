//! A page of reference for each kind, made from its definition: the columns that `kubectl get` prints, every field with its
//! type and bounds, and the rules that the API server checks.
//!
//! The shape of a condition is left out: it is the same for all of Kubernetes, and the page that people wrote about a kind
//! lists its conditions.

use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};

use super::crds;

/// The page that people wrote about each kind, as seen from the page of reference.
const PAGES_ABOUT: [(&str, &str); 7] = [
    ("Directory", "../directory.md"),
    ("DirectoryKey", "../keys.md"),
    ("DirectoryApplication", "../applications.md"),
    ("DirectoryUser", "../people.md"),
    ("DirectoryGroup", "../people.md"),
    ("DirectoryReport", "../observe.md"),
    ("DirectoryClaim", "../decisions/claims.md"),
];

/// The largest integer that JSON carries exactly. It bounds every counter, so as a bound it tells a reader nothing.
const LARGEST_EXACT_INTEGER: f64 = 9_007_199_254_740_991.0;

/// The files of `docs/reference/`: name and content, one for each kind.
pub fn files() -> Vec<(String, String)> {
    crds::crds().iter().map(|crd| (format!("{}.md", crd.spec.names.kind.to_lowercase()), page(crd))).collect()
}

fn page(crd: &CustomResourceDefinition) -> String {
    let names = &crd.spec.names;
    let mut text = format!(
        "# {kind}\n\n<!-- Made from the types in src/api. To change it, change them and run: .ci/generated --write -->\n\n",
        kind = names.kind
    );
    for version in &crd.spec.versions {
        let schema = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
        let Some(schema) = schema else { continue };
        writeln!(text, "{}", schema.description.as_deref().unwrap_or_default()).ok();
        if let Some((_, about)) = PAGES_ABOUT.iter().find(|(kind, _)| *kind == names.kind) {
            let file = about.rsplit('/').next().unwrap_or(about);
            writeln!(text, "[{file}]({about}) says how to work with it.").ok();
        }
        let version_name = format!("{}/{}", crd.spec.group, version.name);
        let mut rows = vec![
            ["apiVersion".to_owned(), format!("`{version_name}`")],
            ["kind".to_owned(), format!("`{}`", names.kind)],
            ["names for kubectl".to_owned(), kubectl_names(crd)],
            ["scope".to_owned(), crd.spec.scope.clone()],
        ];
        let selectable = version
            .selectable_fields
            .iter()
            .flatten()
            .map(|field| format!("`{}`", field.json_path.trim_start_matches('.')));
        let selectable: Vec<_> = selectable.collect();
        if !selectable.is_empty() {
            rows.push(["fields for --field-selector".to_owned(), selectable.join(", ")]);
        }
        text.push('\n');
        table(&mut text, ["Property", "Value"], rows);
        columns(&mut text, version.additional_printer_columns.iter().flatten());
        for part in ["spec", "status"] {
            if let Some(schema) = schema.properties.as_ref().and_then(|properties| properties.get(part)) {
                fields(&mut text, part, schema);
            }
        }
        rules(&mut text, schema);
    }
    text
}

fn kubectl_names(crd: &CustomResourceDefinition) -> String {
    let names = &crd.spec.names;
    let short = names.short_names.iter().flatten();
    let all = [&names.plural].into_iter().chain(&names.singular).chain(short);
    let all = all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let categories = names.categories.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    if categories.is_empty() {
        all
    } else {
        format!("{all}; with all kinds of its category: {}", categories.join(", "))
    }
}

fn columns<'a>(text: &mut String, columns: impl Iterator<Item = &'a CustomResourceColumnDefinition>) {
    let rows = columns.map(|column| {
        let shown = if column.priority.unwrap_or_default() == 0 { "always" } else { "with `-o wide`" };
        [column.name.to_uppercase(), shown.to_owned(), format!("`{}`", column.json_path)]
    });
    text.push_str("\n## Columns\n\n");
    table(text, ["Column", "Shown", "Where it comes from"], rows);
}

fn fields(text: &mut String, part: &str, schema: &JSONSchemaProps) {
    let mut rows = Vec::new();
    add_rows(&mut rows, part, schema);
    if rows.is_empty() {
        return;
    }
    write!(text, "\n## Fields of {part}\n\n").ok();
    if rows.iter().any(|[path, ..]| path.contains("[]") || path.contains(".KEY")) {
        text.push_str("`[]` stands for each element of a list, `.KEY` for each key of a map.\n\n");
    }
    table(text, ["Field", "Type", "Default and bounds", "What it is"], rows);
}

/// One row for each field below `schema`, a field before those inside it.
fn add_rows(rows: &mut Vec<[String; 4]>, path: &str, schema: &JSONSchemaProps) {
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        let required = schema.required.iter().flatten().any(|required| required == name);
        let description = field.description.clone().unwrap_or_default();
        rows.push([format!("`{path}`"), type_of(field), bounds(field, required), description]);
        if name != "conditions" {
            add_rows_inside(rows, &path, field);
        }
    }
}

fn add_rows_inside(rows: &mut Vec<[String; 4]>, path: &str, field: &JSONSchemaProps) {
    add_rows(rows, path, field);
    if let Some(element) = element(field) {
        add_rows_inside(rows, &format!("{path}[]"), element);
    }
    if let Some(value) = value_of_map(field) {
        add_rows_inside(rows, &format!("{path}.KEY"), value);
    }
}

/// What a list holds.
fn element(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(schema) => Some(schema),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

/// What a map holds under each of its keys.
fn value_of_map(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.additional_properties.as_ref()? {
        JSONSchemaPropsOrBool::Schema(schema) => Some(schema),
        JSONSchemaPropsOrBool::Bool(_) => None,
    }
}

fn type_of(schema: &JSONSchemaProps) -> String {
    if let Some(element) = element(schema) {
        return format!("list of {}s", type_of(element));
    }
    if let Some(value) = value_of_map(schema) {
        return format!("map of {}s", type_of(value));
    }
    match (schema.type_.as_deref(), schema.format.as_deref()) {
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

/// The default of a field and what its values, or those in its list or map, are held to.
fn bounds(schema: &JSONSchemaProps, required: bool) -> String {
    let mut said = Vec::new();
    if required {
        said.push("required".to_owned());
    }
    if let Some(default) = &schema.default {
        said.push(format!("default `{}`", shown(&default.0)));
    }
    said.extend(range(schema.min_items, schema.max_items, "elements"));
    said.extend(range(None, schema.max_properties, "keys"));
    said.extend(bounds_of_value(schema));
    let inner = element(schema).or_else(|| value_of_map(schema));
    let inner = inner.map(bounds_of_value).unwrap_or_default();
    if !inner.is_empty() {
        said.push(format!("each {}", inner.join("; ")));
    }
    said.join("; ")
}

fn bounds_of_value(schema: &JSONSchemaProps) -> Vec<String> {
    let mut said = Vec::new();
    let values: Vec<_> = schema.enum_.iter().flatten().map(|value| format!("`{}`", shown(&value.0))).collect();
    if !values.is_empty() {
        said.push(format!("one of {}", values.join(", ")));
    }
    said.extend(range(schema.min_length, schema.max_length, "characters"));
    let most = schema.maximum.filter(|most| *most < LARGEST_EXACT_INTEGER);
    said.extend(range(schema.minimum, most, ""));
    if let Some(pattern) = &schema.pattern {
        said.push(format!("`{pattern}`"));
    }
    said
}

/// What two bounds allow; nothing where neither is there.
fn range<T: std::fmt::Display + PartialEq>(least: Option<T>, most: Option<T>, unit: &str) -> Option<String> {
    let said = match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {most}"),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => return None,
    };
    Some(format!("{said} {unit}").trim_end().to_owned())
}

/// A value as people write it: a text without quotes, unless it is empty.
fn shown(value: &serde_json::Value) -> String {
    match value.as_str() {
        None | Some("") => value.to_string(),
        Some(text) => text.to_owned(),
    }
}

/// The rules that the API server checks beyond the bounds of single fields.
fn rules(text: &mut String, schema: &JSONSchemaProps) {
    let mut rows = Vec::new();
    add_rules(&mut rows, "", schema);
    if rows.is_empty() {
        return;
    }
    text.push_str("\n## Rules\n\nThe API server refuses an object that breaks one of them, with this sentence.\n\n");
    table(text, ["Field", "Rule"], rows);
}

fn add_rules(rows: &mut Vec<[String; 2]>, path: &str, schema: &JSONSchemaProps) {
    let shown_path = if path.is_empty() { "the object".to_owned() } else { format!("`{path}`") };
    let messages = schema.x_kubernetes_validations.iter().flatten().filter_map(|rule| rule.message.clone());
    rows.extend(messages.map(|message| [shown_path.clone(), message]));
    for (name, field) in schema.properties.iter().flatten() {
        add_rules(rows, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, field);
    }
    if let Some(element) = element(schema) {
        add_rules(rows, &format!("{path}[]"), element);
    }
    if let Some(value) = value_of_map(schema) {
        add_rules(rows, &format!("{path}.KEY"), value);
    }
}

fn table<const N: usize>(text: &mut String, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let head = head.map(str::to_owned);
    let rule = [(); N].map(|()| "---".to_owned());
    let rows = rows.into_iter().map(|row| row.map(|cell| escaped(&cell)));
    for row in [head, rule].into_iter().chain(rows) {
        writeln!(text, "| {} |", row.join(" | ")).ok();
    }
}

/// A text in a cell. A bar would end the cell, in code as well, and outside of code `<` begins HTML and `*` emphasis.
fn escaped(cell: &str) -> String {
    let parts = cell.replace('|', "\\|");
    let parts = parts.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => part.replace('<', "&lt;").replace('*', "\\*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(name: &str) -> String {
        let (_, page) = files().into_iter().find(|(file, _)| file == name).expect("a page");
        page
    }

    #[test]
    fn every_field_of_every_kind_has_a_row_that_says_what_it_is() {
        for crd in crds::crds() {
            let page = page(&crd);
            let mut rows = 0;
            for row in page.lines().filter(|line| line.starts_with("| `spec.") || line.starts_with("| `status.")) {
                // A bar in a pattern is escaped and ends no cell.
                let cells: Vec<_> = row.replace("\\|", "").split('|').map(|cell| cell.trim().to_owned()).collect();
                assert!([4, 6].contains(&cells.len()), "{row}");
                assert!(!cells[cells.len() - 2].is_empty(), "{}: nothing is said in {row}", crd.spec.names.kind);
                rows += 1;
            }
            assert!(rows > 0, "{page}");
            assert!(page.contains("\n## Columns\n"), "{page}");
            assert!(PAGES_ABOUT.iter().any(|(kind, _)| *kind == crd.spec.names.kind), "{}", crd.spec.names.kind);
        }
    }

    #[test]
    fn a_page_tells_columns_types_defaults_bounds_and_rules() {
        let directory = page_of("directory.md");
        let key = page_of("directorykey.md");
        let user = page_of("directoryuser.md");
        let application = page_of("directoryapplication.md");
        for (page, words) in [
            (&directory, "| names for kubectl | `directories`, `directory`, `dir`;"),
            (&directory, "| READY | always | `.status.conditions[?(@.type=='Ready')].status` |"),
            (&directory, "| ENDPOINT | with `-o wide` | `.status.scimEndpoint` |"),
            (&directory, "| `spec.deletionPolicy` | string | default `Retain`; one of `Retain`, `Delete` |"),
            (&directory, "| `spec.maxDeletesPerHour` | integer | 0 to 1000000 |"),
            (&directory, "| `spec.users.extensions[].attributes[].name` | string | required;"),
            (&directory, "`^data:image/(png\\|webp);base64,"),
            (&directory, "| `status.counts.users` | integer |"),
            (&directory, "| `status.conditions` | list of objects |"),
            (&key, "| `spec.displayName` | string | 1 to 100 characters |"),
            (&key, "| `spec.expiresAt` | time |"),
            (&user, "| `spec.scim.emails[].value` | string |"),
            (&user, "| `spec.scim.extensions` | map of objects |"),
            (&application, "\\*.wiki.contoso.example"),
            (&application, "\n## Rules\n"),
        ] {
            assert!(page.contains(words), "{words}:\n{page}");
        }
        assert!(!directory.contains("lastTransitionTime"), "a condition is the same for all of Kubernetes");
    }
}
