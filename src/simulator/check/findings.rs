//! What a check found, in bounded memory.

use crate::simulator::report::Check;

/// How many findings of one check are told; the others are counted.
pub(super) const MAX_SHOWN: usize = 5;

/// What one check found among many objects.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How many objects were looked at.
    pub(super) looked_at: usize,
    count: usize,
    first: Vec<String>,
}

impl Findings {
    /// Adds findings.
    pub(super) fn extend(&mut self, found: impl IntoIterator<Item = String>) {
        for finding in found {
            self.count += 1;
            if self.first.len() < MAX_SHOWN {
                self.first.push(finding);
            }
        }
    }

    /// The check.
    pub(super) fn check(&self, name: &str, expected: &str) -> Check {
        if self.count == 0 {
            return Check::passed(name, format!("{} looked at", self.looked_at));
        }
        let mut found = self.first.join("\n");
        if self.count > self.first.len() {
            found.push_str(&format!("\nand {} more", self.count - self.first.len()));
        }
        Check::failed(name, expected, found)
    }
}
