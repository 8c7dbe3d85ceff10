//! What the log has been told of what is wrong: the same reason once, until something goes well.

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
