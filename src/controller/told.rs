//! What the log has been told of what is wrong: the same reason once, until something goes well.

use std::collections::HashMap;

use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};

/// The reason that was told last.
#[derive(Debug, Default)]
pub struct Told(Option<String>);

impl Told {
    /// Nothing failed.
    pub fn success(&mut self) {
        self.0 = None;
    }

    /// Something failed; tells it where that is news.
    pub fn failure(&mut self, reason: &str, tell: impl FnOnce()) {
        if self.0.as_deref() != Some(reason) {
            tell();
            self.0 = Some(reason.to_owned());
        }
    }
}

/// The reason that was told last of each Directory, and of what in it: what goes well elsewhere does not end it.
#[derive(Debug, Default)]
pub struct ToldByDirectory(HashMap<DirectoryName, (DirtySubject, String)>);

impl ToldByDirectory {
    /// Nothing is wrong with this.
    pub fn success(&mut self, name: &DirtyName) {
        if self.0.get(&name.directory).is_some_and(|(subject, _)| *subject == name.subject) {
            self.0.remove(&name.directory);
        }
    }

    /// Something failed; tells it where that is news.
    pub fn failure(&mut self, name: &DirtyName, reason: &str, tell: impl FnOnce()) {
        if self.0.get(&name.directory).is_none_or(|(_, told)| told != reason) {
            tell();
            self.0.insert(name.directory.clone(), (name.subject.clone(), reason.to_owned()));
        }
    }

    /// A Directory is gone.
    pub fn forget(&mut self, directory: &DirectoryName) {
        self.0.remove(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(directory: &str, user: &str) -> DirtyName {
        DirtyName { directory: DirectoryName::new("people", directory), subject: DirtySubject::User(user.into()) }
    }

    #[test]
    fn directories_that_fail_by_turns_are_told_of_once_each() {
        let mut told = ToldByDirectory::default();
        let mut is_told = |directory: &str, user: &str, reason: &str| {
            let mut is_told = false;
            told.failure(&name(directory, user), reason, || is_told = true);
            told.success(&name("healthy", "cid"));
            told.success(&name(directory, "healthy"));
            is_told
        };
        let cases = [
            ("the first", ("staff", "ada", "forbidden"), true),
            ("another Directory", ("guests", "bob", "forbidden"), true),
            ("the first again", ("staff", "ada", "forbidden"), false),
            ("somebody else for the same reason", ("staff", "dan", "forbidden"), false),
            ("the other again", ("guests", "bob", "forbidden"), false),
            ("another reason", ("staff", "ada", "too large"), true),
        ];
        for (case, (directory, user, reason), expected) in cases {
            assert_eq!(is_told(directory, user, reason), expected, "{case}");
        }
        told.success(&name("staff", "ada"));
        told.forget(&DirectoryName::new("people", "guests"));
        assert!(told.0.is_empty(), "{told:?}");
    }
}
