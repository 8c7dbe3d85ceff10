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

/// What stands before and behind the name of whoever refuses an object: a policy of the cluster, or a webhook.
const DENIALS: [(&str, &str); 2] =
    [("ValidatingAdmissionPolicy ", " denied request:"), ("admission webhook ", " denied the request:")];

/// Who refused the object, in the API server's words up to those of the policy or the webhook itself. What comes first is the
/// API server's; whatever stands behind it may look like another denial.
fn denial(words: &str) -> Option<&str> {
    let ends = DENIALS.into_iter().filter_map(|(who, marker)| Some((words.find(marker)?, who, marker)));
    let (at, who, marker) = ends.min_by_key(|(at, ..)| *at)?;
    let start = words[..at].find(who)?;
    Some(&words[start..at + marker.len()])
}

/// Whose right is missing and which, if this is what the API server's words are about. A policy or a webhook that refuses an
/// object may say the same of whatever it likes.
pub fn missing_right(words: &str) -> Option<&str> {
    let (_, reason) = words.split_once(" is forbidden: ").filter(|_| denial(words).is_none())?;
    reason.starts_with("User \"").then_some(reason)
}

/// The words of the API server without the values that they may hold. What an admission policy or a webhook says of an
/// object is written by people and may repeat anything without quotes, so only the policy is named. A missing right is told
/// whole: it names an account, a verb and a resource, and nobody's value.
pub fn without_values(words: &str) -> String {
    let told = if let Some(denial) = denial(words) {
        format!("{denial} {LEFT_OUT}")
    } else if let Some(right) = missing_right(words) {
        format!("forbidden: {right}")
    } else {
        return unquoted(words);
    };
    told.chars().take(MAX_LOGGED).collect()
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
                "a webhook whose words look like a missing right",
                "admission webhook \"w\" denied the request: title is forbidden: User \"ada@contoso.example\" has none",
                "admission webhook \"w\" denied the request: …",
            ),
            (
                "a policy whose words look like a missing right",
                "directoryusers.rollcall.dev \"ada-x7\" is forbidden: ValidatingAdmissionPolicy 'titles' with binding \
                 'all' denied request: title is forbidden: User \"ada@contoso.example\" has none",
                "ValidatingAdmissionPolicy 'titles' with binding 'all' denied request: …",
            ),
            (
                "a webhook whose words look like a policy's",
                "admission webhook \"w\" denied the request: ValidatingAdmissionPolicy ada@contoso.example denied request: x",
                "admission webhook \"w\" denied the request: …",
            ),
            (
                "a quota whose words look like a missing right",
                "users \"x\" is forbidden: exceeded quota: \"ada\" is forbidden: User \"ada@contoso.example\" has none",
                "users … is forbidden: exceeded quota: … is forbidden: User … has none",
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
