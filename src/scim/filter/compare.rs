//! One value against another, by the type that the attribute table gives them.

use std::cmp::Ordering;

use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde_json::Value;

use super::Operator;
use crate::scim::case::canonical;
use crate::scim::entra;
use crate::scim::schema::{Attribute, AttributeType};

/// Whether `stored operator wanted` holds. An attribute that no schema knows compares as text without regard to
/// letter case.
pub(super) fn holds(stored: &Value, operator: Operator, wanted: &Value, attribute: Option<&Attribute>) -> bool {
    match operator {
        Operator::Eq => order(stored, wanted, attribute) == Some(Ordering::Equal),
        Operator::Ne => order(stored, wanted, attribute) != Some(Ordering::Equal),
        Operator::Gt => order(stored, wanted, attribute) == Some(Ordering::Greater),
        Operator::Ge => order(stored, wanted, attribute).is_some_and(Ordering::is_ge),
        Operator::Lt => order(stored, wanted, attribute) == Some(Ordering::Less),
        Operator::Le => order(stored, wanted, attribute).is_some_and(Ordering::is_le),
        Operator::Co => part(stored, wanted, attribute, |stored, wanted| stored.contains(wanted)),
        Operator::Sw => part(stored, wanted, attribute, |stored, wanted| stored.starts_with(wanted)),
        Operator::Ew => part(stored, wanted, attribute, |stored, wanted| stored.ends_with(wanted)),
    }
}

/// The order of two single values; nothing where one of them is no value or not of the attribute's type.
pub(super) fn order(a: &Value, b: &Value, attribute: Option<&Attribute>) -> Option<Ordering> {
    match attribute.map(|attribute| attribute.kind) {
        Some(AttributeType::Boolean) => Some(entra::boolean(a)?.cmp(&entra::boolean(b)?)),
        Some(AttributeType::DateTime) => Some(instant(a.as_str()?)?.cmp(&instant(b.as_str()?)?)),
        Some(AttributeType::Decimal | AttributeType::Integer) => number(a)?.partial_cmp(&number(b)?),
        Some(AttributeType::Complex) => None,
        Some(AttributeType::String | AttributeType::Binary | AttributeType::Reference) => text_order(a, b, attribute),
        // Without a table the JSON types decide: two numbers are ordered by size.
        None => match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
            _ => text_order(a, b, None),
        },
    }
}

fn text_order(a: &Value, b: &Value, attribute: Option<&Attribute>) -> Option<Ordering> {
    let (a, b) = (simple_text(a)?, simple_text(b)?);
    if is_exact(attribute) {
        return Some(a.cmp(&b));
    }
    // Most comparisons of a scan are this one, and need no memory.
    if a.is_ascii() && b.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        return Some(a.bytes().map(lower).cmp(b.bytes().map(lower)));
    }
    Some(canonical(&a).cmp(&canonical(&b)))
}

fn part(stored: &Value, wanted: &Value, attribute: Option<&Attribute>, test: fn(&str, &str) -> bool) -> bool {
    let (Some(stored), Some(wanted)) = (simple_text(stored), simple_text(wanted)) else { return false };
    if is_exact(attribute) { test(&stored, &wanted) } else { test(&canonical(&stored), &canonical(&wanted)) }
}

fn is_exact(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| attribute.case_exact)
}

/// A single value as text. Objects and arrays have none.
pub(in crate::scim) fn simple_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number, also one that was written as text.
pub(in crate::scim) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Nanoseconds since 1970 in UTC, which a time without an offset is taken to be in. Microsoft's tools send seven
/// digits of fraction, and the first and last days of the calendar as bounds, which a `jiff::Timestamp` does not hold.
pub(in crate::scim) fn instant(text: &str) -> Option<i128> {
    let pieces = Pieces::parse(text).ok()?;
    let local = DateTime::from_parts(pieces.date(), pieces.time().unwrap_or_default());
    let offset = pieces.to_numeric_offset().map_or(0, Offset::seconds);
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    Some(local.duration_since(epoch).as_nanos() - i128::from(offset) * 1_000_000_000)
}
