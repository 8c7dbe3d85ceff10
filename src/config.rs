//! What was said on the command line, and what it means.
