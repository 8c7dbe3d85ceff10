//! Queries as Entra writes them: `+` or `%20` for a blank, percent escapes in either letter case.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::scim;

/// The decoded parameters. One without `=`, such as the flag `aadOptscim062020`, has an empty value; what parameters
/// mean, and that unknown ones are ignored, is their readers' concern.
pub(super) fn parameters(query: &str) -> Result<Vec<(String, String)>, scim::Error> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| Ok((decoded(name)?, decoded(value)?)))
        .collect()
}

fn decoded(encoded: &str) -> Result<String, scim::Error> {
    let blanks: Cow<'_, str> = if encoded.contains('+') { encoded.replace('+', " ").into() } else { encoded.into() };
    percent_decode(blanks.as_bytes()).decode_utf8().map(Cow::into_owned).map_err(|_| {
        scim::Error::InvalidValue("the query of the URL is not UTF-8: encode it as UTF-8 and escape that".to_owned())
    })
}

/// The value of a parameter whose name is taken in any letter case; of several the first.
pub(super) fn value<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        for (name, query, expected) in [
            ("nothing", "", &[][..]),
            ("a filter with plus signs", "filter=userName+eq+%22a%40b%22", &[("filter", "userName eq \"a@b\"")]),
            ("a filter with %20", "filter=userName%20eq%20%22a%22", &[("filter", "userName eq \"a\"")]),
            ("lower-case escapes", "filter=emails%5btype+eq+%22work%22%5d", &[("filter", "emails[type eq \"work\"]")]),
            ("an escaped plus", "filter=a%2bb", &[("filter", "a+b")]),
            ("an equals sign in a value", "filter=a=b", &[("filter", "a=b")]),
            ("a flag", "aadOptscim062020&count=1", &[("aadOptscim062020", ""), ("count", "1")]),
            ("empty pairs", "&&count=1&", &[("count", "1")]),
            ("what is no escape", "filter=100%&x=%zz", &[("filter", "100%"), ("x", "%zz")]),
            ("letters beyond ASCII", "filter=%c3%a4", &[("filter", "ä")]),
        ] {
            let parameters = parameters(query).expect(name);
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(parameters, expected, "{name}");
        }
        assert!(matches!(parameters("filter=%ff"), Err(scim::Error::InvalidValue(_))));
    }

    #[test]
    fn names_of_parameters_are_taken_in_any_letter_case() {
        let parameters = parameters("EXCLUDEDATTRIBUTES=members&excludedAttributes=x").expect("parameters");
        assert_eq!(value(&parameters, "excludedAttributes"), Some("members"));
        assert_eq!(value(&parameters, "attributes"), None);
    }
}
