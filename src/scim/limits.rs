//! How much of everything a resource may hold. The kinds in `api` state the same bounds to the API server; these
//! refuse earlier, with a sentence that names the attribute.

use super::schema::{Attribute, AttributeType, Uniqueness};

/// Longest `userName`, in characters.
pub const MAX_USER_NAME: usize = 320;

/// Longest text of an attribute that has no bound of its own, in characters.
pub const MAX_TEXT: usize = 1_024;

/// Longest reference, in characters.
pub const MAX_REFERENCE: usize = 8_192;

/// Longest `value` of a list's element or of a manager, in characters. Certificates and roles that hold a JSON
/// document are the long ones.
pub const MAX_VALUE: usize = 16_384;

/// Most elements of a list such as `emails`.
pub const MAX_ELEMENTS: usize = 64;

/// Most extensions of a resource, the enterprise extension included.
pub const MAX_EXTENSIONS: usize = 32;

/// Most bytes of the names and values of a resource as compact JSON. The cluster stores objects of 1.5 MiB: what is left holds the groups
/// that a person belongs to and the marks that deactivate and delete, so that nothing a client sends can stand in their
/// way.
pub const MAX_RESOURCE_BYTES: usize = 1024 * 1024;

/// Most work that the selectors of one PATCH may cause: characters compared, elements visited. A PATCH of Entra stays
/// a hundred times below; ten thousand selectors over long values would otherwise keep a processor for minutes.
pub const MAX_WORK: usize = 16 * 1024 * 1024;

/// Most ignored attributes that are named to the log.
pub const MAX_IGNORED: usize = 32;

/// Longest text of an attribute, in characters.
pub fn max_characters(attribute: &Attribute) -> usize {
    match (attribute.name, attribute.kind) {
        ("userName", _) => MAX_USER_NAME,
        ("value", _) => MAX_VALUE,
        (_, AttributeType::Reference) => MAX_REFERENCE,
        _ => MAX_TEXT,
    }
}

/// Whether an attribute may hold this control character.
///
/// Text is text: people press Tab and Enter in the form of the identity provider, and what they wrote is kept. Identifiers
/// are compared, shown in columns and copied by hand, so none of them holds a character that nobody sees. A user's
/// displayName stands between the two: it may have tabs and lines, and nothing that moves a terminal's cursor.
pub fn takes_control(character: char, attribute: &Attribute) -> bool {
    match attribute.name {
        _ if attribute.uniqueness == Uniqueness::Server => false,
        "externalId" | "userType" | "type" => false,
        "displayName" => matches!(character, '\t' | '\n' | '\r'),
        _ => true,
    }
}
