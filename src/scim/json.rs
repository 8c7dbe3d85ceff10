//! The bytes of a body as a JSON object, bounded in depth.
//!
//! The depth is counted before anything is parsed: a megabyte of brackets costs one pass over its bytes, and what
//! was accepted can be walked by recursion everywhere else.

use serde_json::{Number, Value};

use super::{Attributes, Error};

/// Deepest nesting of arrays and objects in a body.
pub const MAX_DEPTH: usize = 32;

/// Reads the body of a request. Of members of the same name the last one counts.
pub fn parse_object(bytes: &[u8]) -> Result<Attributes, Error> {
    if is_too_deep(bytes) {
        let message =
            format!("The body nests arrays and objects more than {MAX_DEPTH} levels deep; send a flatter one.");
        return Err(Error::InvalidSyntax(message));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => {
            let kind = kind_of(&other);
            Err(Error::InvalidSyntax(format!("The body is {kind}; it must be a JSON object.")))
        }
        Err(error) => Err(Error::InvalidSyntax(format!("The body is not JSON: {error}."))),
    }
}

/// Whether more than [`MAX_DEPTH`] brackets stand open at once. Brackets within strings do not count. In what is not
/// JSON the number means little, but it is never too small for what the parser then reads.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// A JSON value's type with its article, for sentences.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A number in the one form that it has here. JSON does not tell 1.0 from 1, and what is stored as the one may be read
/// back as the other: the next PATCH with the same number would change something, in every cycle.
///
/// The API server keeps whole numbers of 64 bits with a sign as they are, and everything else as a double, which it prints
/// by the shortest digits that mean it, and below 10^21 without an exponent. What it will print is what counts here.
pub fn one_form(number: Number) -> Number {
    match number.as_f64() {
        // What prints as -0 is not read as a whole number.
        Some(0.0) => 0.into(),
        _ if number.is_i64() => number,
        Some(float) => digits(float).and_then(|digits| digits.parse().ok()).unwrap_or(number),
        None => number,
    }
}

/// A number as text: a whole one by its digits, any other in the shortest form that reads back as the same number.
pub fn number_text(number: Number) -> String {
    let number = one_form(number);
    let float = number.as_f64().filter(|_| number.is_f64());
    float.and_then(digits).unwrap_or_else(|| number.to_string())
}

/// A whole number without an exponent, where the API server would print none.
fn digits(float: f64) -> Option<String> {
    const WITH_EXPONENT: f64 = 1e21;
    (float.fract() == 0.0 && float.abs() < WITH_EXPONENT).then(|| float.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        // The object itself is the first level.
        format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
    }

    #[test]
    fn objects_are_read() {
        let body = br#"{"userName":"a","userName":"b","brackets":"[[[[\"{{"}"#;
        let object = parse_object(body).expect("an object");
        assert_eq!(object["userName"], "b", "the last member counts");
        assert_eq!(object["brackets"], "[[[[\"{{");
        parse_object(nested(MAX_DEPTH).as_bytes()).expect("as deep as can be");
        let text = format!("{{\"x\":\"{}\"}}", "[".repeat(100));
        parse_object(text.as_bytes()).expect("brackets within a string do not nest");
    }

    #[test]
    fn the_rest_is_invalid_syntax_with_a_sentence() {
        let too_deep = nested(MAX_DEPTH + 1);
        let brackets = "[".repeat(1_000_000);
        let behind_a_string = format!("{{\"a\\\"\":{}", "[".repeat(1_000_000));
        let cases: [(&str, &[u8], &str); 11] = [
            ("nothing", b"", "JSON"),
            ("half an object", b"{", "JSON"),
            ("two objects", b"{}{}", "JSON"),
            ("not UTF-8", b"{\"a\":\"\xff\"}", "JSON"),
            ("half a surrogate pair", br#"{"a":"\ud800"}"#, "JSON"),
            ("an array", b"[]", "object"),
            ("a number", b"1", "object"),
            ("null", b"null", "object"),
            ("one level too deep", too_deep.as_bytes(), "32"),
            ("a megabyte of brackets", brackets.as_bytes(), "32"),
            ("the same behind a string with an escape", behind_a_string.as_bytes(), "32"),
        ];
        for (name, bytes, word) in cases {
            let error = parse_object(bytes).expect_err(name);
            assert!(matches!(&error, Error::InvalidSyntax(text) if text.contains(word)), "{name}: {error}");
        }
    }

    #[test]
    fn a_whole_number_has_one_form() {
        let cases = [("1.0", "1"), ("1e2", "100"), ("-0.0", "0"), ("-3.00", "-3"), ("1", "1"), ("1.5", "1.5")];
        let large = [
            ("9007199254740992.0", "9007199254740992"),
            ("1e300", "1e+300"),
            ("1e16", "10000000000000000"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9223372036854776000"),
            ("18446744073709551615", "18446744073709552000"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("-1e20", "-100000000000000000000"),
        ];
        for (sent, expected) in cases.into_iter().chain(large) {
            let number: Number = serde_json::from_str(sent).expect("a number");
            assert_eq!(number_text(number.clone()), expected, "{sent}");
            // As the API server gives it back.
            let stored = serde_json::from_str(expected).expect("a number");
            assert_eq!(one_form(number), stored, "{sent}");
            assert_eq!(one_form(stored.clone()), stored, "{sent}: it stays");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_object_or_an_error(bytes: Vec<u8>) {
            drop(parse_object(&bytes));
        }
    }
}
