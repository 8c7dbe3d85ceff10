//! What of a person a login is matched with, and whether it looks as it should.

/// Whether a userName looks like the name that somebody logs in with at Entra: an e-mail address. It is a look, and no proof of
/// anything: nobody is kept out by it.
pub fn is_address_shaped(user_name: &str) -> bool {
    let Some((local, domain)) = user_name.rsplit_once('@') else { return false };
    let labels: Vec<_> = domain.split('.').collect();
    let has_blank = user_name.chars().any(|character| character.is_whitespace() || character.is_control());
    !local.is_empty()
        && !local.contains('@')
        && !has_blank
        && labels.len() > 1
        && labels.iter().all(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_sign_and_a_domain_behind_it() {
        for (user_name, expected) in [
            ("ada@contoso.example", true),
            ("ADA.L+x@mail.contoso.example", true),
            // A guest of the tenant.
            ("ada_fabrikam.example#EXT#@contoso.example", true),
            ("jürgen@contoso.example", true),
            ("ada", false),
            ("ada@", false),
            ("@contoso.example", false),
            ("ada@contoso", false),
            ("ada@contoso.", false),
            ("ada@@contoso.example", false),
            ("ada l@contoso.example", false),
            ("CONTOSO\\ada", false),
            ("", false),
        ] {
            assert_eq!(is_address_shaped(user_name), expected, "{user_name:?}");
        }
    }
}
