//! How many deletions of people this process has under way: those that the index does not count yet.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::index::dirty::DirectoryName;

/// The deletions under way. A Directory stands here while there is one, so there are at most as many as requests in flight.
#[derive(Debug, Default)]
pub struct DeletionsUnderWay(Mutex<BTreeMap<DirectoryName, usize>>);

/// One of them. Dropping it is its end, however it ended.
#[derive(Debug)]
pub struct DeletionUnderWay<'a> {
    deletions: &'a DeletionsUnderWay,
    directory: DirectoryName,
}

impl DeletionsUnderWay {
    /// Begins a deletion unless `check` refuses it, which is told how many are under way.
    pub fn begin<E>(
        &self,
        directory: DirectoryName,
        check: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<DeletionUnderWay<'_>, E> {
        let mut under_way = self.0.lock();
        check(under_way.get(&directory).copied().unwrap_or(0))?;
        *under_way.entry(directory.clone()).or_default() += 1;
        Ok(DeletionUnderWay { deletions: self, directory })
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().len()
    }
}

impl Drop for DeletionUnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.deletions.0.lock();
        if let Some(count) = under_way.get_mut(&self.directory) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.directory);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_under_way_count_in_their_directory_until_they_end_and_leave_nothing() {
        let deletions = DeletionsUnderWay::default();
        let begin = |directory: &str, most: usize| {
            let check = |under_way| if under_way < most { Ok(()) } else { Err(under_way) };
            deletions.begin(DirectoryName::new("acme", directory), check)
        };
        let first = begin("staff", 2).expect("none is under way");
        let second = begin("staff", 2).expect("one is under way");
        assert_eq!(begin("staff", 2).expect_err("two are under way"), 2);
        let other = begin("guests", 1).expect("none is under way there");
        assert_eq!(deletions.len(), 2);
        drop(first);
        let third = begin("staff", 2).expect("one has ended");
        drop((second, third, other));
        assert_eq!(begin("staff", 0).expect_err("what was refused has not begun"), 0);
        assert_eq!(deletions.len(), 0);
    }
}
