//! The query of a request of a browser: each parameter at most once.

use url::form_urlencoded;

/// The parameters of a query or of a form, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters in a text of `application/x-www-form-urlencoded`.
    pub fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a parameter. `Err` where it is there twice: which of them is meant, nobody can tell.
    pub fn one(&self, name: &str) -> Result<Option<&str>, &'static str> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() { Err("a parameter is there twice") } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_there_once_or_not_at_all() {
        let query = Query::parse(b"rd=https%3A%2F%2Fa%2F%3Fb%3D%2520&app=wiki&app=lab&empty=&%72d2=x");
        for (name, expected) in [
            ("rd", Ok(Some("https://a/?b=%20"))),
            ("app", Err("a parameter is there twice")),
            ("empty", Ok(Some(""))),
            ("rd2", Ok(Some("x"))),
            ("state", Ok(None)),
        ] {
            assert_eq!(query.one(name), expected, "{name}");
        }
    }
}
