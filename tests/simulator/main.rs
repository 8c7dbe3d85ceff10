//! The simulator against a small SCIM server that can be given one defect at a time.
//!
//! Without a defect every scenario passes; each defect has to be found, and the report has to say what it is. That is
//! what makes a report without findings worth something.

mod defects;
mod process;
mod scenarios;
mod server;
mod state;
mod suites;
mod tls;
