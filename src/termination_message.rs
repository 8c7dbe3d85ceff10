//! The termination message: why the process ended, where the kubelet looks for it (`terminationMessagePath`), so that
//! `kubectl describe pod` shows the cause when the log of the last container is gone already.

use std::io;
use std::path::Path;

/// How much the kubelet reads of one container's message.
const MAX_BYTES: usize = 4096;

/// Leaves the cause in `file`, in place of what was there.
pub fn write(file: &Path, cause: &str) -> io::Result<()> {
    std::fs::write(file, bounded(cause))
}

/// The first bytes of a text, and no half of a character.
fn bounded(text: &str) -> &str {
    let end = (0..=text.len().min(MAX_BYTES)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_the_kubelet_reads() {
        for (name, text, length) in [
            ("a sentence", "cannot connect to the cluster".to_owned(), 29),
            ("as long as may be", "x".repeat(MAX_BYTES), MAX_BYTES),
            ("one byte more", "x".repeat(MAX_BYTES + 1), MAX_BYTES),
            ("a character across the end", format!("x{}", "ä".repeat(MAX_BYTES)), MAX_BYTES - 1),
        ] {
            assert_eq!(bounded(&text), &text[..length], "{name}");
        }
    }

    #[test]
    fn what_was_there_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("termination-log");
        for cause in ["a long sentence of the container before", "a short one"] {
            write(&file, cause).expect("it is written");
            assert_eq!(std::fs::read_to_string(&file).expect("a file"), cause);
        }
        write(folder.path(), "a folder is no file").expect_err("it cannot be written");
    }
}
