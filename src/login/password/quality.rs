//! Which passwords are taken. Length is what counts; there are no rules about kinds of characters, because people meet those by
//! adding a digit and a mark of exclamation.
//!
//! What is refused is what is guessed first: words of a short list with digits and marks around them, digits alone, a few
//! characters over and over, and the user name.

/// Shortest password, in characters.
pub const MIN_LENGTH: usize = 12;
/// Longest password, in characters.
pub const MAX_LENGTH: usize = 128;
/// With fewer different characters a password is one short thing over and over.
const MIN_DIFFERENT: usize = 5;
/// With fewer letters beside common words there is nothing to guess but the words.
const MIN_LETTERS_BESIDE: usize = 4;
/// A shorter user name may be a part of a password by chance.
const MIN_NAME: usize = 4;

/// The words, one on each line.
const COMMON: &str = include_str!("common.txt");

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`MIN_LENGTH`] characters.
    TooShort,
    /// More than [`MAX_LENGTH`] characters.
    TooLong,
    /// It is among those that are guessed first.
    TooCommon,
    /// The user name is in it.
    HoldsUserName,
}

/// Whether somebody of this user name may take this password.
pub fn check(password: &str, user_name: &str) -> Result<(), Weakness> {
    match password.chars().count() {
        length if length < MIN_LENGTH => return Err(Weakness::TooShort),
        length if length > MAX_LENGTH => return Err(Weakness::TooLong),
        _ => {}
    }
    let lower = password.to_lowercase();
    let name = user_name.to_lowercase();
    let local_part = name.split('@').next().unwrap_or_default();
    if local_part.chars().count() >= MIN_NAME && lower.contains(local_part) {
        return Err(Weakness::HoldsUserName);
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < MIN_DIFFERENT || lower.chars().all(|letter| !letter.is_alphabetic()) {
        return Err(Weakness::TooCommon);
    }
    if letters_beside_common_words(&lower) < MIN_LETTERS_BESIDE { Err(Weakness::TooCommon) } else { Ok(()) }
}

/// How many letters are left once the common words are taken out, the longest first. Digits and marks that stand for letters
/// read as those within a word, and are no letters beside one.
fn letters_beside_common_words(lower: &str) -> usize {
    let mut words: Vec<&str> = COMMON.lines().collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let as_letters = lower.chars().map(|letter| match letter {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    });
    // A word leaves a gap of its own length: the letters around it do not make a new word, and every place stays where it was.
    let rest =
        words.iter().fold(as_letters.collect(), |rest: String, word| rest.replace(word, &" ".repeat(word.len())));
    let places = rest.chars().zip(lower.chars());
    places.filter(|(left, typed)| left.is_alphabetic() && typed.is_alphabetic()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_and_length_is_enough() {
        let long = "correct horse battery staple ".repeat(5);
        for (password, expected) in [
            ("correct horse battery", Ok(())),
            ("tide-lamp-orbit", Ok(())),
            ("æøåßçñ漢字かなカナ", Ok(())),
            ("x7#Kq!pL2v$R", Ok(())),
            ("my password is a long sentence", Ok(())),
            ("", Err(Weakness::TooShort)),
            ("elevenchars", Err(Weakness::TooShort)),
            ("漢字漢字漢字漢字漢字漢", Err(Weakness::TooShort)),
            (&long[..128], Ok(())),
            (&long[..129], Err(Weakness::TooLong)),
            ("password1234", Err(Weakness::TooCommon)),
            ("P@ssw0rd1234!", Err(Weakness::TooCommon)),
            ("Summer2026!!!", Err(Weakness::TooCommon)),
            ("Welcome-Admin-1", Err(Weakness::TooCommon)),
            ("qwertyuiop123", Err(Weakness::TooCommon)),
            ("123456789012", Err(Weakness::TooCommon)),
            ("2026-11-27-17:20", Err(Weakness::TooCommon)),
            ("aaaaaaaaaaaaaa", Err(Weakness::TooCommon)),
            ("abababababababab", Err(Weakness::TooCommon)),
            ("adele.vance-2026-orbit", Err(Weakness::HoldsUserName)),
            ("ADELE.VANCE lamp orbit", Err(Weakness::HoldsUserName)),
        ] {
            assert_eq!(check(password, "Adele.Vance@contoso.example"), expected, "{password}");
        }
        assert_eq!(check("tide-lamp-bob-orbit", "bob@contoso.example"), Ok(()), "a short name may be there by chance");
    }
}
