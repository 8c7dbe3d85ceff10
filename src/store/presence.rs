//! Whether the client of an operation is still there to hear of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The presence of the client, seen from an operation that goes on without it. Somebody who has gone may ask another
/// replica for the opposite meanwhile: what has been begun is ended, and nothing is begun anew. The default is a
/// client that stays. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<AtomicBool>);

impl Presence {
    /// The client has gone.
    pub fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub fn is_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
