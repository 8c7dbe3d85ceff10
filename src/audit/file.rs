//! The file of `--audit-file`: lines are appended, and whoever rotates it renames it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tracing_subscriber::fmt::MakeWriter;

/// Nobody else reads who came and went.
const MODE: u32 = 0o600;

/// A file that is opened anew once another one, or none, stands at its path. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AuditFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    opened: Mutex<Option<File>>,
    lost: AtomicU64,
}

impl AuditFile {
    /// Opens the file, which is made where there is none.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let file = append_to(&path)?;
        Ok(Self(Arc::new(Inner { path, opened: Mutex::new(Some(file)), lost: AtomicU64::new(0) })))
    }

    /// How many lines could not be written.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }
}

fn append_to(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

/// One line on its way to the file.
pub struct AuditLine<'a> {
    inner: &'a Inner,
    opened: MutexGuard<'a, Option<File>>,
}

impl<'a> MakeWriter<'a> for AuditFile {
    type Writer = AuditLine<'a>;

    fn make_writer(&'a self) -> AuditLine<'a> {
        AuditLine { inner: &self.0, opened: self.0.opened.lock() }
    }
}

impl AuditLine<'_> {
    /// The file at the path, whatever was there before.
    fn current(&mut self) -> io::Result<&mut File> {
        let at_path = std::fs::metadata(&self.inner.path).ok();
        let is_same = |file: &File| {
            let opened = file.metadata().ok();
            let place = |data: std::fs::Metadata| (data.dev(), data.ino());
            opened.map(place) == at_path.map(place)
        };
        let opened = match self.opened.take() {
            Some(file) if is_same(&file) => file,
            _ => append_to(&self.inner.path)?,
        };
        Ok(self.opened.insert(opened))
    }
}

impl Write for AuditLine<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = self.current().and_then(|file| file.write_all(line));
        if written.is_err() {
            self.inner.lost.fetch_add(1, Ordering::Relaxed);
        }
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(file: &AuditFile, line: &str) -> io::Result<()> {
        file.make_writer().write_all(line.as_bytes())
    }

    #[test]
    fn a_file_that_was_renamed_or_removed_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.log");
        fs::write(&path, "before\n").expect("written");
        let file = AuditFile::open(path.clone()).expect("opened");
        write(&file, "1\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "before\n1\n", "what was there stays");
        fs::rename(&path, folder.path().join("audit.log.1")).expect("renamed");
        write(&file, "2\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "2\n");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, MODE);
        fs::remove_file(&path).expect("removed");
        write(&file, "3\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "3\n");
        assert_eq!(file.lost(), 0);
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_the_next_one_is_tried() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("below");
        fs::create_dir(&below).expect("a folder");
        let path = below.join("audit.log");
        let file = AuditFile::open(path.clone()).expect("opened");
        fs::remove_dir_all(&below).expect("removed");
        write(&file, "1\n").expect_err("there is no folder");
        assert_eq!(file.lost(), 1);
        fs::create_dir(&below).expect("a folder");
        write(&file, "2\n").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "2\n");
    }
}
