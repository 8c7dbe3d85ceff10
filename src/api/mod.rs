//! The object kinds.
