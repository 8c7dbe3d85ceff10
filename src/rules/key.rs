//! Whether a key opens a Directory now.
