//! One state: what is in the store, what was acknowledged, and where each process stands.

use std::hash::{Hash, Hasher};

use crate::object::{Object, Rules, Shown, Values};
use crate::process::Process;

/// The most objects of a scenario.
pub const OBJECTS: usize = 6;
/// The most claims of a scenario.
pub const SLOTS: usize = 10;
/// The most processes of a scenario.
pub const PROCESSES: usize = 4;
/// Who holds a claim that does not exist.
pub const NOBODY: u8 = u8::MAX;

/// What is in the store. A claim stands in the slot that its scenario gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    pub objects: [Option<Object>; OBJECTS],
    pub holders: [u8; SLOTS],
    /// What is in force.
    pub rules: Rules,
}

/// What the index of one replica shows. It lags behind: each object is as it was at some time.
pub type View = [Option<Shown>; OBJECTS];

/// What an index shows that has caught up.
pub fn view(stored: &Stored) -> View {
    stored.objects.map(|object| object.as_ref().and_then(Object::shown))
}

/// What somebody was told last of an object: its values, and which of them the protocol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledged {
    pub values: Values,
    pub binding: [bool; 3],
}

/// The promises.
pub type Promises = [Option<Acknowledged>; OBJECTS];

/// One state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub stored: Stored,
    pub promised: Promises,
    pub processes: Vec<Process>,
}

/// What broke a property, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// A fast hash for millions of small states; the seed of std's is of no use here.
#[derive(Clone, Copy, Default)]
pub struct Fast(u64);

impl Hasher for Fast {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
