//! Which of two states of an object is the later one.
//!
//! The resourceVersions of one kind may be compared as integers (KEP-5504). Where one does not parse, it counts as 0: what
//! the watch says is then taken as it comes, which is in order, and own writes wait for the watch.

use crate::api::Object;

/// The resourceVersion of an object; 0 where it is no number.
pub(super) fn version_of(object: &Object) -> u128 {
    parse(object.resource_version())
}

/// A resourceVersion as a number; 0 where it is none.
pub(super) fn parse(version: &str) -> u128 {
    version.parse().unwrap_or(0)
}

/// The last resourceVersion that a cluster gives out. Objects that only would be there have later ones.
pub(super) const LAST_VERSION: u128 = u64::MAX as u128;

/// How a state came to be known, kept with the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Its resourceVersion.
    pub(super) version: u128,
    /// The synchronisation of the watch that last confirmed it; 0: an own write that no watch has told of yet.
    pub(super) epoch: u32,
}

/// Who tells of a state.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A watch, in its n-th synchronisation.
    Watch(u32),
    /// A write of this process. The function says up to which version the watch has told everything.
    Own(&'a dyn Fn() -> u128),
}

impl Origin<'_> {
    /// The stamp of a state of this version.
    pub(super) fn stamp(self, version: u128) -> Stamp {
        match self {
            Self::Watch(epoch) => Stamp { version, epoch },
            Self::Own(_) => Stamp { version, epoch: 0 },
        }
    }

    /// Whether a state of `version` is news, given the stamp of what is known of the object. To be called under the lock
    /// that guards it.
    ///
    /// An own write whose object is unknown is news only if the watch has not come so far yet: else the watch has told of
    /// the write, and after that of the object's end. So nothing needs to be remembered of objects that are gone.
    pub(super) fn is_news(self, version: u128, known: Option<Stamp>) -> bool {
        match (self, known) {
            (Self::Own(_), _) if version == 0 => false,
            (Self::Watch(_), _) if version == 0 => true,
            (_, Some(known)) => version > known.version,
            (Self::Watch(_), None) => true,
            (Self::Own(told), None) => version > told(),
        }
    }
}

impl Stamp {
    /// Notes that the watch has confirmed this or an older state: the object was there when it synchronised.
    pub(super) fn confirm(&mut self, origin: Origin<'_>) {
        if let Origin::Watch(epoch) = origin {
            self.epoch = epoch;
        }
    }

    /// Whether a list of `version`, taken in `epoch`, shows that the object is gone: it is not in the list, and is not an
    /// own write from after it.
    pub(super) fn is_gone(self, version: u128, epoch: u32) -> bool {
        self.epoch != epoch && self.version <= version
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn later_states_are_news() {
        let told = || 10;
        let (watch, own) = (Origin::Watch(1), Origin::Own(&told));
        let known = |version| Some(Stamp { version, epoch: 1 });
        let cases = [
            ("an unknown object by the watch", watch, 5, None, true),
            ("a later state", watch, 5, known(4), true),
            ("the same state", watch, 5, known(5), false),
            ("an earlier state", watch, 5, known(6), false),
            ("longer numbers are larger", watch, 100, known(99), true),
            ("a version that is no number, by the watch", watch, 0, known(6), true),
            ("an own write after a known state", own, 7, known(6), true),
            ("an own write that the watch has already told", own, 7, known(7), false),
            ("an own write to an object that is gone by now", own, 10, None, false),
            ("an own write that the watch has not reached", own, 11, None, true),
            ("an own write of a version that is no number", own, 0, None, false),
        ];
        for (name, origin, version, known, expected) in cases {
            assert_eq!(origin.is_news(version, known), expected, "{name}");
        }
        assert_eq!(version_of(&json!({ "metadata": { "resourceVersion": "18446744073709551616" } }).into()), 1 << 64);
        assert_eq!(version_of(&json!({ "metadata": { "resourceVersion": "x" } }).into()), 0);
        assert_eq!(version_of(&Object::default()), 0);
    }

    #[test]
    fn a_list_shows_what_is_gone() {
        let cases = [
            ("in the list", Stamp { version: 5, epoch: 2 }, false),
            ("not in the list", Stamp { version: 5, epoch: 1 }, true),
            ("an own write from before the list", Stamp { version: 8, epoch: 0 }, true),
            ("an own write from after the list", Stamp { version: 9, epoch: 0 }, false),
        ];
        for (name, stamp, expected) in cases {
            assert_eq!(stamp.is_gone(8, 2), expected, "{name}");
        }
    }
}
