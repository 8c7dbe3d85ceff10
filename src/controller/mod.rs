//! Work in the background: what no request waits for.
//!
//! Every controller has one shape, and the modules of its folder are named after the four parts:
//!
//! - `observe` reads what the index shows about one dirty name;
//! - `decide` says what should be done or stand in the cluster: pure functions, with the time as an argument;
//! - `act` is the only part that writes;
//! - `report` tells the metrics and the log what came of it.
//!
//! Its `mod.rs` holds the loop: take a name from `dirty_names`, let it pass through the four parts, and put it back where
//! something is left to do. Nothing is polled, and no loop goes over everything because a part of it changed.
//!
//! To add a controller: one folder of this shape, and one line. For what one replica does, the line goes into [`duties`];
//! for what every replica does, as the [`janitor`], [`observing`] and [`traffic`], into `app`.

mod application;
mod claiming;
pub mod deletion;
mod dirty_names;
mod events;
mod invitation;
pub mod janitor;
mod key;
pub mod leader;
pub mod login;
pub mod observing;
mod purge;
mod status;
mod told;
mod tools;
pub mod traffic;
mod write_rate;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use claiming::Passes;
pub use tools::Tools;
pub use write_rate::WriteRate;

/// Work that goes on for ever, while this replica leads.
pub type Duty = BoxFuture<'static, ()>;

/// The duties of a leader, one line for each. A duty that ends ends the process.
pub fn duties(tools: &Tools) -> Vec<Duty> {
    let passes = Passes::default();
    let tools = || Tools { write_rate: tools.write_rate.share(), ..tools.clone() };
    let status = status::run(tools(), passes.clone()).boxed();
    let claiming = claiming::run(tools(), passes).boxed();
    let purge = purge::run(tools()).boxed();
    let deletion = deletion::run(tools()).boxed();
    let login = login::run(tools()).boxed();
    let application = application::run(tools()).boxed();
    let invitation = invitation::run(tools()).boxed();
    let key = key::run(tools()).boxed();
    vec![status, claiming, purge, deletion, login, application, invitation, key]
}
