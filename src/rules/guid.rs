//! GUIDs, as Entra writes the ids of tenants and accounts.

use uuid::Uuid;

/// Whether a text is a GUID with its dashes and nothing around it.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_entra_is_a_guid() {
        for (text, expected) in [
            ("7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d", true),
            ("7B0CF7F3-5F5C-4C0B-9D4F-0A5F8A1A2C3D", true),
            ("7b0cf7f35f5c4c0b9d4f0a5f8a1a2c3d", false),
            ("{7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d}", false),
            ("urn:uuid:7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d", false),
            ("7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3g", false),
            ("ada", false),
            ("", false),
        ] {
            assert_eq!(is_guid(text), expected, "{text:?}");
        }
    }
}
