//! Who has been counted already, in bounded space and without saying who it is.
//!
//! Replicas count the same people, restarts count them again, and a provider repeats itself. So what is kept is not a number
//! but a set, and sets are joined: nobody counts twice. A set of up to [`MAX_EXACT`] is kept as digests of 32 bits, and its
//! number is exact but for a collision, which a thousand have once in ten thousand. A larger one becomes a bitmap in which
//! each digest sets one bit; how many digests there were follows from the bits that are still clear (linear counting), to
//! within two percent for a hundred thousand.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

/// Most digests that are kept as such. In text they take less than the bitmap.
const MAX_EXACT: usize = 1000;
/// Bits of the bitmap, as a power of two.
const BITS_LOG2: u32 = 15;
const BYTES: usize = 1 << (BITS_LOG2 - 3);
const _: () = assert!(4 * MAX_EXACT < BYTES, "the length of the text tells the two forms apart");

/// A set of those who were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Exact(BTreeSet<u32>),
    Bitmap(Box<[u8]>),
}

impl Default for Sketch {
    fn default() -> Self {
        Self(Form::Exact(BTreeSet::new()))
    }
}

impl Sketch {
    /// Adds the one whom these words name together; says whether that is news.
    pub fn insert(&mut self, words: &[&str]) -> bool {
        let mut hash = Sha256::new();
        for word in words {
            hash.update(word.as_bytes());
            hash.update([0]);
        }
        let bytes: [u8; 32] = hash.finalize().into();
        self.insert_digest(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn insert_digest(&mut self, digest: u32) -> bool {
        match &mut self.0 {
            Form::Exact(digests) => {
                let is_news = digests.insert(digest);
                if digests.len() > MAX_EXACT {
                    self.0 = Form::Bitmap(bitmap(digests));
                }
                is_news
            }
            Form::Bitmap(bytes) => set_bit(bytes, digest),
        }
    }

    /// Adds everybody in another set.
    pub fn join(&mut self, other: &Self) {
        match &other.0 {
            Form::Exact(digests) => {
                for digest in digests {
                    self.insert_digest(*digest);
                }
            }
            Form::Bitmap(others) => {
                if let Form::Exact(digests) = &self.0 {
                    self.0 = Form::Bitmap(bitmap(digests));
                }
                if let Form::Bitmap(bytes) = &mut self.0 {
                    bytes.iter_mut().zip(others).for_each(|(byte, other)| *byte |= other);
                }
            }
        }
    }

    /// How many there are. At 340,000 a bitmap is full, and more are not told apart.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "at most a few hundred thousand, far from the bounds of either type"
    )]
    pub fn count(&self) -> i64 {
        match &self.0 {
            Form::Exact(digests) => digests.len() as i64,
            Form::Bitmap(bytes) => {
                let all = f64::from(1_u32 << BITS_LOG2);
                let clear = f64::from(bytes.iter().map(|byte| byte.count_zeros()).sum::<u32>());
                // The last bit that may be clear: the logarithm of nothing has no value.
                (-all * (clear.max(1.0) / all).ln()).round() as i64
            }
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Exact(digests) if digests.is_empty())
    }

    /// As text.
    pub fn to_text(&self) -> String {
        match &self.0 {
            Form::Exact(digests) => {
                BASE64.encode(&digests.iter().flat_map(|digest| digest.to_be_bytes()).collect::<Vec<_>>())
            }
            Form::Bitmap(bytes) => BASE64.encode(bytes),
        }
    }

    /// From text. What is no set, such as that of a newer version, is nobody.
    pub fn from_text(text: &str) -> Self {
        let bytes = BASE64.decode(text.as_bytes()).unwrap_or_default();
        if bytes.len() == BYTES {
            return Self(Form::Bitmap(bytes.into()));
        }
        let (digests, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || digests.len() > MAX_EXACT {
            return Self::default();
        }
        Self(Form::Exact(digests.iter().map(|digest| u32::from_be_bytes(*digest)).collect()))
    }
}

fn bitmap(digests: &BTreeSet<u32>) -> Box<[u8]> {
    let mut bytes = vec![0; BYTES].into_boxed_slice();
    for digest in digests {
        set_bit(&mut bytes, *digest);
    }
    bytes
}

/// Sets the bit of a digest; says whether it was clear.
fn set_bit(bytes: &mut [u8], digest: u32) -> bool {
    let bit = (digest >> (u32::BITS - BITS_LOG2)) as usize;
    let mask = 1 << (bit % 8);
    let was_clear = bytes[bit / 8] & mask == 0;
    bytes[bit / 8] |= mask;
    was_clear
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(people: std::ops::Range<usize>) -> Sketch {
        let mut sketch = Sketch::default();
        for number in people {
            sketch.insert(&["User", &format!("person-{number}")]);
        }
        sketch
    }

    #[test]
    fn up_to_a_thousand_are_counted_exactly_and_a_hundred_thousand_within_two_percent() {
        for people in [0, 1, 12, 999, 1000, 1001, 20_000, 100_000] {
            let count = usize::try_from(of(0..people).count()).expect("a count");
            let off = if people <= MAX_EXACT { 0 } else { people / 50 };
            assert!(count.abs_diff(people) <= off, "{people}: {count}");
        }
    }

    #[test]
    fn replicas_that_saw_the_same_people_count_them_once() {
        for (name, one, other, both) in [
            ("few and few", 0..10, 5..20, 0..20),
            ("few and many", 0..10, 0..2000, 0..2000),
            ("many and few", 0..2000, 1990..2010, 0..2010),
            ("few that are many together", 0..800, 400..1600, 0..1600),
            ("many and many", 0..3000, 1000..5000, 0..5000),
        ] {
            let mut joined = of(one);
            let other = of(other);
            joined.join(&other);
            assert_eq!(joined, of(both), "{name}");
            let again = joined.clone();
            joined.join(&other);
            assert_eq!(joined, again, "{name}: joining again changes nothing");
        }
    }

    #[test]
    fn a_set_survives_the_way_through_text_and_stays_short() {
        for people in [0, 1, 1000, 1001, 50_000] {
            let sketch = of(0..people);
            let text = sketch.to_text();
            assert_eq!(Sketch::from_text(&text), sketch, "{people}");
            assert!(text.len() <= 5464, "{people}: {}", text.len());
        }
        for text in ["?", "AAA", "AAAAAAA=", &BASE64.encode(&[0; 4004])] {
            assert!(Sketch::from_text(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn words_are_told_apart() {
        let mut sketch = Sketch::default();
        for (words, is_news) in
            [(&["ab", "c"][..], true), (&["a", "bc"], true), (&["abc"], true), (&["ab", "c"], false)]
        {
            assert_eq!(sketch.insert(words), is_news, "{words:?}");
        }
    }
}
