//! The one canonical form of text that is compared without regard to letter case.

use unicode_normalization::UnicodeNormalization;

/// The canonical form of a value whose attribute is not case-exact: NFC, each character through
/// [`char::to_lowercase`], NFC.
///
/// Claims, index keys and every `caseExact: false` comparison of a filter share this function. Were
/// there two, a name could be found by one and missed by the other, and Entra would POST the same
/// person, and be refused, for ever. NFKC, full case folding and trimming are left out on purpose:
/// they merge names that Entra keeps apart (`Maße` and `Masse`, `H₂O` and `H2O`).
pub fn canonical(text: &str) -> String {
    // A list of 100,000 people is mostly ASCII, for which lower case is all there is to it.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    every_character(text)
}

fn every_character(text: &str) -> String {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// Whether two names of attributes, schemas, operators or operations are the same. RFC 7643
/// section 2.1 and RFC 7644 section 3.10 make all of them case-insensitive, and all are ASCII.
pub fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_for_ascii_is_the_same_rule() {
        let ascii: String = (0..128_u8).map(char::from).collect();
        assert_eq!(canonical(&ascii), every_character(&ascii));
        assert_eq!(canonical("\u{c9}A"), "\u{e9}a");
    }
}
