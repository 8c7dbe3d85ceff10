//! YAML, here and nowhere else: for files that people read, off every request path.

use serde::Serialize;

/// What YAML 1.1 takes for something other than text, letter case aside, and `serde_yaml` (YAML 1.2) leaves bare. The
/// last two are its merge key and its default value.
const YAML_1_1_WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "<<", "="];
/// Line ends in YAML 1.1 and not in YAML 1.2.
const YAML_1_1_LINE_ENDS: [char; 2] = ['\u{2028}', '\u{2029}'];
/// What `serde_yaml` writes before a list item, a long key and the value of a long key.
const MARKS: [&str; 3] = ["- ", "? ", ": "];

/// The value as YAML that a YAML 1.1 reader, as kubectl has one, reads back the same.
///
/// `serde_yaml` writes the texts `y`, `1_000` and `1:30` bare, and kubectl would read a boolean and two numbers. Every
/// such scalar is quoted afterwards. Where that is not enough the value is JSON, which is YAML too.
///
/// # Panics
///
/// If the value cannot be YAML: maps with keys other than text. Our types have none.
pub fn to_yaml(value: &impl Serialize) -> String {
    let text = serde_yaml::to_string(value).expect("our types are maps with text as keys");
    if text.contains(YAML_1_1_LINE_ENDS) {
        return serde_json::to_string_pretty(value).expect("what is YAML is JSON") + "\n";
    }
    let mut quoted = String::with_capacity(text.len());
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        // The lines of a block scalar (`|-`) are text already.
        if block.is_some_and(|outer| indent > outer || line.trim().is_empty()) {
            quoted.push_str(line);
        } else {
            block = begins_block(line).then_some(indent);
            quoted.push_str(&quote_line(line));
        }
        quoted.push('\n');
    }
    quoted
}

/// Whether the line ends with the head of a block scalar: `|` or `>`, then an indentation, then what becomes of the end.
fn begins_block(line: &str) -> bool {
    let head = line.rsplit(' ').next().unwrap_or_default();
    head.strip_prefix(['|', '>']).is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(['+', '-']).is_empty()
    })
}

/// Quotes what YAML 1.1 would misread in `- key: value`: key and value alike.
fn quote_line(line: &str) -> String {
    let mut content = line.trim_start_matches(' ');
    while let Some(rest) = MARKS.iter().find_map(|mark| content.strip_prefix(mark)) {
        content = rest;
    }
    let marks = &line[..line.len() - content.len()];
    let (first, rest) = content.split_at(scalar_length(content));
    // What follows a key is `: value`, or `:` where a map or a list begins below; after a lone scalar nothing follows.
    let value = rest.strip_prefix(": ").map(|value| format!(": {}", quote(value)));
    format!("{marks}{}{}", quote(first), value.as_deref().unwrap_or(rest))
}

/// How long the scalar is that the content begins with.
fn scalar_length(content: &str) -> usize {
    let is_quoted = content.starts_with(['"', '\'']);
    if !is_quoted {
        // A bare scalar that holds or ends with such a colon would not be bare.
        return content.find(": ").or(content.ends_with(':').then(|| content.len() - 1)).unwrap_or(content.len());
    }
    let quote = content.as_bytes()[0];
    let mut bytes = content.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        let doubled = quote == b'\'' && byte == quote && content.as_bytes().get(at + 1) == Some(&quote);
        if doubled || (quote == b'"' && byte == b'\\') {
            bytes.next();
        } else if byte == quote {
            return at + 1;
        }
    }
    content.len()
}

fn quote(scalar: &str) -> String {
    if is_misread(scalar) { format!("'{scalar}'") } else { scalar.to_owned() }
}

/// Whether a bare scalar is text in YAML 1.2 and something else in YAML 1.1.
fn is_misread(scalar: &str) -> bool {
    let is_word = YAML_1_1_WORDS.iter().any(|word| scalar.eq_ignore_ascii_case(word));
    // Underscores are left out of a YAML 1.1 number wherever they stand, and colons separate its sexagesimal digits.
    let is_number = scalar.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && scalar.contains(['_', ':'])
        && scalar.chars().all(|c| c.is_ascii_hexdigit() || "_:.xo+-".contains(c));
    is_word || is_number
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_yaml_1_1_would_misread_is_quoted() {
        for text in ["y", "N", "yes", "No", "on", "OFF", "1_000", "1:30", "190:20:30", "0x1_f", "+1_0", "1_0.5", "+_1"]
        {
            let yaml = to_yaml(&BTreeMap::from([("key", text)]));
            assert_eq!(yaml, format!("key: '{text}'\n"));
            assert_eq!(to_yaml(&[text]), format!("- '{text}'\n"));
            assert_eq!(to_yaml(&BTreeMap::from([(text, 1)])), format!("'{text}': 1\n"));
            // Beside a neighbour that `serde_yaml` quotes itself.
            for neighbour in ["true", "it's: 'x'", "a\\\"\t: ", "a:"] {
                assert!(
                    to_yaml(&BTreeMap::from([(neighbour, text)])).ends_with(&format!(": '{text}'\n")),
                    "{neighbour}"
                );
                assert!(
                    to_yaml(&BTreeMap::from([(text, neighbour)])).starts_with(&format!("'{text}': ")),
                    "{neighbour}"
                );
            }
        }
    }

    #[test]
    fn what_is_read_alike_is_left_alone() {
        for text in [
            "alice",
            "u-1",
            "2026-01-01T00:00:00Z",
            "a: b",
            "true",
            "null",
            "~",
            "012",
            "0o14",
            "1e3",
            "",
            " x",
            "- a",
            "#c",
            "-",
        ] {
            let yaml = to_yaml(&BTreeMap::from([("key", text)]));
            let back: BTreeMap<String, String> = serde_yaml::from_str(&yaml).expect("YAML");
            assert_eq!(back["key"], text, "{yaml}");
        }
        assert_eq!(to_yaml(&[1, -2]), "- 1\n- -2\n");
        for text in ["y\nno\n", " y\nno\n", "\nno", "no\n\n", "a\n- y\n  no: on"] {
            let block = to_yaml(&BTreeMap::from([("key", text), ("last", "y")]));
            let back: BTreeMap<String, String> = serde_yaml::from_str(&block).expect("YAML");
            assert_eq!(back["key"], text, "{block}");
            assert!(block.ends_with("\nlast: 'y'\n"), "{block}");
        }
        assert_eq!(to_yaml(&BTreeMap::from([("key", "a\u{2028}b")])), "{\n  \"key\": \"a\u{2028}b\"\n}\n");
    }
}
