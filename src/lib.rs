//! Rollcall.
