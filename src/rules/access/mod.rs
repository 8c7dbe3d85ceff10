//! Who has access, and what gives it.
//!
//! [`decide()`] is the one decision that every door asks and that the status shows. [`change`] says which change of an object
//! gives access, for those who write objects.

pub mod change;
mod decide;
mod person;
mod state;

pub use change::{gives, gives_back, tell_all};
pub use decide::{Account, Denial, LoginRules, Person, decide, own_denial};
pub use person::person;
pub use state::state;
