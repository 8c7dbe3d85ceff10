//! What the process tells of itself: its log, and traces for whoever has a collector.

mod log;
pub mod traces;

pub use log::{LogFilter, panic_reason, start, subscriber};
