//! Queries and path segments as the service escapes them.

use serde_json::Value;

use crate::simulator::random::Random;

/// The longest text of an answer that a report repeats, in characters.
const MAX_DETAIL: usize = 300;

/// A filter that compares for equality; the value stands in a JSON string, whatever is in it.
pub fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", Value::from(value))
}

/// `?name=value&...` with `+` for blanks and `%22` for quotes.
pub fn query(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escape(value, "+")));
    format!("?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// An id as one segment of a path.
pub fn escape_segment(id: &str) -> String {
    escape(id, "%20")
}

fn escape(text: &str, blank: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push_str(blank),
            b'-' | b'_' | b'.' | b'!' | b'*' | b'(' | b')' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// Writes the escapes of one request in lower case, or leaves them all.
pub(super) fn lower_some_escapes(path: &str, random: &mut Random) -> String {
    if random.percent(50) || !path.contains('%') {
        return path.to_owned();
    }
    let mut left_of_escape = 0;
    path.chars()
        .map(|letter| {
            let is_in_escape = left_of_escape > 0;
            left_of_escape = if letter == '%' { 2 } else { i32::max(left_of_escape - 1, 0) };
            if is_in_escape { letter.to_ascii_lowercase() } else { letter }
        })
        .collect()
}

/// The beginning of a text in one line.
pub(super) fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_DETAIL) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
