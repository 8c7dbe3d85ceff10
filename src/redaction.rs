//! What the log may repeat of a sentence that quotes what somebody sent: everything but the quotes.

/// Most characters of such a sentence in the log.
pub const MAX_LOGGED: usize = 400;
/// What stands in place of a quote.
const LEFT_OUT: char = '…';

/// A sentence of ours without what it quotes: values that somebody sent stand in quotes, and the log is no place for them.
pub fn unquoted(sentence: &str) -> String {
    let mut text = String::with_capacity(sentence.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in sentence.chars() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => {
                if !is_quoted {
                    text.push(LEFT_OUT);
                }
                is_quoted = !is_quoted;
            }
            _ if is_quoted => {}
            _ => text.push(character),
        }
    }
    text.chars().take(MAX_LOGGED).collect()
}

/// The words of the API server without the values that they may hold. What an admission policy or a webhook says of an
/// object is written by people and may repeat anything without quotes, so only the policy is named. A missing right is told
/// whole: it names an account, a verb and a resource, and nobody's value.
pub fn without_values(words: &str) -> String {
    if let Some((_, denial)) = words.split_once(" is forbidden: User \"") {
        return format!("forbidden: User \"{denial}").chars().take(MAX_LOGGED).collect();
    }
    for (marker, policy) in
        [(" denied request:", "ValidatingAdmissionPolicy "), (" denied the request:", "admission webhook ")]
    {
        let denial = words.split_once(marker).map(|(before, _)| before);
        if let Some((_, name)) = denial.and_then(|before| before.split_once(policy)) {
            return format!("{policy}{name}{marker} {LEFT_OUT}").chars().take(MAX_LOGGED).collect();
        }
    }
    unquoted(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_without_what_it_quotes() {
        for (sentence, expected) in [
            ("userName is required", "userName is required"),
            ("userType \"premium\" is not allowed", "userType … is not allowed"),
            (r#"it is "a \" b\\" or "c", not more"#, "it is … or …, not more"),
            ("a quote without an end \"ada", "a quote without an end …"),
            (r#"emails[type eq "work"].value is taken"#, "emails[type eq …].value is taken"),
        ] {
            assert_eq!(unquoted(sentence), expected);
        }
    }

    #[test]
    fn the_words_of_the_api_server_are_told_without_the_values_in_them() {
        for (name, words, expected) in [
            ("an outage", "the API server says 503: etcd is away", "the API server says 503: etcd is away"),
            (
                "a missing right",
                "the API server says 403: directoryusers.rollcall.dev \"ada-x7\" is forbidden: User \
                 \"system:serviceaccount:rollcall-system:rollcall\" cannot update resource \"directoryusers\" in API group \
                 \"rollcall.dev\" in the namespace \"staff\"",
                "forbidden: User \"system:serviceaccount:rollcall-system:rollcall\" cannot update resource \
                 \"directoryusers\" in API group \"rollcall.dev\" in the namespace \"staff\"",
            ),
            (
                "a policy of the cluster",
                "directoryusers.rollcall.dev \"ada-x7\" is forbidden: ValidatingAdmissionPolicy 'titles' with binding \
                 'all' denied request: ada@contoso.example has no title",
                "ValidatingAdmissionPolicy 'titles' with binding 'all' denied request: …",
            ),
            (
                "a webhook",
                "admission webhook \"titles.example.com\" denied the request: ada@contoso.example has no title",
                "admission webhook \"titles.example.com\" denied the request: …",
            ),
            (
                "a schema",
                "DirectoryUser.rollcall.dev \"ada-x7\" is invalid: spec.scim.title: Invalid value: \"Count\\\"ess\": too long",
                "DirectoryUser.rollcall.dev … is invalid: spec.scim.title: Invalid value: …: too long",
            ),
        ] {
            assert_eq!(without_values(words), expected, "{name}");
        }
    }

    #[test]
    fn what_the_log_is_told_is_bounded() {
        let long = "ä".repeat(MAX_LOGGED + 1);
        assert_eq!(unquoted(&long), "ä".repeat(MAX_LOGGED));
        let forbidden = format!("x is forbidden: User \"{long}");
        let denied = format!("admission webhook {long} denied the request: no");
        for words in [long, forbidden, denied] {
            assert_eq!(without_values(&words).chars().count(), MAX_LOGGED);
        }
    }
}
