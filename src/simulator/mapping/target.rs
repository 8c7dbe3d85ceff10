//! A target path of a mapping row, and what it means on a resource.

use serde_json::{Map, Value, json};

/// The attributes that are booleans in SCIM; what an expression gives for them is text.
const BOOLEANS: [&str; 2] = ["active", "primary"];

/// A path such as `title`, `name.givenName`, `emails[type eq "work"].value` or `urn:...:User:department`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPath {
    text: String,
    schema: Option<String>,
    attribute: String,
    selector: Option<(String, String)>,
    sub: Option<String>,
}

impl TargetPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || format!("{text:?} is no target path that a mapping can have");
        let (schema, rest) = match text.get(..4).filter(|start| start.eq_ignore_ascii_case("urn:")) {
            // A value in brackets may hold a colon; a schema has none.
            Some(_) => {
                let end = text[..text.find('[').unwrap_or(text.len())].rfind(':').filter(|end| *end > 3);
                let end = end.ok_or_else(refuse)?;
                (Some(text[..end].to_owned()), &text[end + 1..])
            }
            None => (None, text),
        };
        let (name, selector, sub) = match rest.split_once('[') {
            Some((name, rest)) => {
                let (inside, sub) = rest.rsplit_once(']').ok_or_else(refuse)?;
                let (key, value) = inside.split_once(" eq ").ok_or_else(refuse)?;
                let value: String = serde_json::from_str(value.trim()).map_err(|_| refuse())?;
                (name, Some((key.trim().to_owned(), value)), sub.strip_prefix('.'))
            }
            None => match rest.split_once('.') {
                Some((name, sub)) => (name, None, Some(sub)),
                None => (rest, None, None),
            },
        };
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_".contains(&byte))
        };
        if !is_name(name) || sub.is_some_and(|sub| !is_name(sub)) || (selector.is_some() && sub.is_none()) {
            return Err(refuse());
        }
        Ok(Self { text: text.to_owned(), schema, attribute: name.to_owned(), selector, sub: sub.map(str::to_owned) })
    }

    /// The path as it was written, which is how it is sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path without its schema, for a table in which the schema would take a line.
    pub fn short(&self) -> &str {
        match &self.schema {
            Some(schema) => &self.text[schema.len() + 1..],
            None => &self.text,
        }
    }

    /// Whether it selects an element of a multi-valued attribute.
    pub fn is_filtered(&self) -> bool {
        self.selector.is_some()
    }

    /// The sub-attribute.
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// Whether SCIM has a boolean there.
    pub fn is_boolean(&self) -> bool {
        let name = self.sub.as_deref().unwrap_or(&self.attribute);
        BOOLEANS.iter().any(|boolean| boolean.eq_ignore_ascii_case(name))
    }

    /// The value on a resource; of several elements that the selector names, the first.
    pub fn read<'a>(&self, resource: &'a Value) -> Option<&'a Value> {
        let holder = match &self.schema {
            Some(schema) => member(resource, schema)?,
            None => resource,
        };
        let value = member(holder, &self.attribute)?;
        let value = match &self.selector {
            Some((key, wanted)) => value.as_array()?.iter().find(|element| is_selected(element, key, wanted))?,
            None => value,
        };
        let value = match &self.sub {
            Some(sub) => member(value, sub)?,
            None => value,
        };
        (!value.is_null()).then_some(value)
    }

    /// How many elements the selector names: more than one means that something was appended.
    pub fn selected(&self, resource: &Value) -> usize {
        let Some((key, wanted)) = &self.selector else { return 0 };
        let holder = self.schema.as_ref().map_or(Some(resource), |schema| member(resource, schema));
        let elements = holder.and_then(|holder| member(holder, &self.attribute)).and_then(Value::as_array);
        elements.map_or(0, |elements| elements.iter().filter(|element| is_selected(element, key, wanted)).count())
    }

    /// Writes the value into the body of a POST; an element that the selector names is made where there is none.
    pub fn write(&self, body: &mut Map<String, Value>, value: Value) {
        let holder = match &self.schema {
            Some(schema) => object(body.entry(schema.clone()).or_insert_with(|| json!({}))),
            None => Some(body),
        };
        let Some(holder) = holder else { return };
        let Some((key, wanted)) = &self.selector else {
            match &self.sub {
                Some(sub) => {
                    let inner = object(holder.entry(self.attribute.clone()).or_insert_with(|| json!({})));
                    inner.map(|inner| inner.insert(sub.clone(), value));
                }
                None => drop(holder.insert(self.attribute.clone(), value)),
            }
            return;
        };
        let list = holder.entry(self.attribute.clone()).or_insert_with(|| json!([]));
        let Some(list) = list.as_array_mut() else { return };
        if !list.iter().any(|element| is_selected(element, key, wanted)) {
            list.push(new_element(&self.attribute, key, wanted));
        }
        let element = list.iter_mut().find(|element| is_selected(element, key, wanted)).and_then(object);
        if let (Some(element), Some(sub)) = (element, &self.sub) {
            element.insert(sub.clone(), value);
        }
    }
}

/// `primary` is a boolean in the element; of e-mails the one that is mapped is the primary one.
fn new_element(attribute: &str, key: &str, wanted: &str) -> Value {
    if key.eq_ignore_ascii_case("primary") {
        return json!({ "primary": wanted.eq_ignore_ascii_case("true") });
    }
    let mut element = json!({ key: wanted });
    if attribute == "emails" && wanted == "work" {
        element["primary"] = Value::Bool(true);
    }
    element
}

fn is_selected(element: &Value, key: &str, wanted: &str) -> bool {
    match member(element, key) {
        Some(Value::String(text)) => text.eq_ignore_ascii_case(wanted),
        Some(Value::Bool(flag)) => wanted.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
        _ => false,
    }
}

/// A member of an object; SCIM compares names without regard to case (RFC 7643, 2.1).
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut()
}
