//! The claim protocol of uniqueness: of all live objects of a Directory, one has a value.
//!
//! Each claimed value has a claim object whose name is a digest of it, and creating that succeeds once. Nothing spans
//! two objects, so the protocol is an order of single writes that is safe whoever crashes or pauses where. The steps
//! (`look`, `acquire`, `release`, `create`, `change`, `delete`, `settle`) are values without a clock or a client; `driver`
//! carries out their calls; `tests/claims` explores them under every interleaving and crash. Which values are claimed beside
//! the names and the link, the rules of the Directory say, taken anew at each try.

mod access_guard;
pub mod acquire;
pub mod change;
pub mod create;
pub mod delete;
mod driver;
pub mod holder;
pub mod known;
pub mod look;
mod owned;
pub mod release;
pub mod settle;
pub mod step;
#[cfg(test)]
mod tests;
pub mod turn_on;

use std::time::Instant;

use jiff::Timestamp;

use self::access_guard::{AccessGuard, require_client};
use self::change::{Change, ChangeEnd, Changed, Edited};
use self::create::{Create, Created};
use self::delete::{Delete, Deleted};
use self::driver::{Driver, overtaken, pause};
use self::holder::{Holder, UniqueValue};
pub use self::owned::owns_its_values;
use self::release::Releases;
use self::settle::{Settle, Settled};
use self::step::{Refusal, Reply, Step, Subject as _};
use self::turn_on::{TurnOn, TurnedOn};
use super::kind::Kind;
use super::{Error as StoreError, Presence, Store};
use crate::api::Object;

/// How often a change or a delete begins anew after a lost race.
pub const CHANGE_TRIES: u32 = 12;
/// How often a create or a change looks at an object that is not finished, before its client is asked to come again: for
/// about a second.
pub const LOOK_TRIES: u32 = 9;
/// How many names a new object is tried under. Each has 66 random bits or more.
pub const NAME_TRIES: u32 = 4;
/// How often one pass of the janitor looks at one object again after it has cleared what was pending.
pub const SETTLE_TRIES: u32 = 3;

/// What a pass of the janitor over one object came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Everything is as before: there was nothing to do, or another object has the value.
    Nothing,
    /// Everything is as before: somebody is at work on it, or was quicker.
    Busy,
    /// A mark was cleared or a value claimed.
    Settled,
    /// The object never was acknowledged, and was removed.
    Removed,
    /// A deleted object is back, as somebody asked by annotation.
    BroughtBack,
}

const SETTLING: &str = "the janitor is about to settle the object";

/// Why the protocol did not commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A live object holds the value.
    #[error("{attribute} is taken")]
    Taken {
        /// `User.userName` and so on.
        attribute: String,
        /// The name of that object: for the log, and for nobody who sends a name to find out who has it.
        holder: String,
    },
    /// No such object, or a tombstone.
    #[error("no such object")]
    NotFound,
    /// Lost races, or an object that the janitor is about to settle.
    #[error("{reason}")]
    Busy {
        /// For the log.
        reason: String,
    },
    /// The API server.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates `object` (a DirectoryUser or DirectoryGroup as `rules::mapping` makes it) and claims its values; returns it as stored.
/// `rename` gives it another name where an object of somebody else has it already.
pub async fn create(
    store: &Store,
    client: &Presence,
    mut object: Object,
    rename: impl Fn() -> String + Send,
) -> Result<Object, Error> {
    let (namespace, directory) = (object.namespace().to_owned(), object.directory().to_owned());
    for _ in 0..NAME_TRIES {
        require_client(client)?;
        let rules = store.unique_rules(&namespace, &directory);
        let new = Holder::new(object.clone(), Timestamp::now(), &rules);
        let _turn = store.write_turn(new.kind(), &namespace, &new.name()).await;
        let mut driver = Driver::new(store, new.kind(), &namespace, &new.name());
        driver.take_rules(Some(rules));
        driver.take_directory(&directory);
        match run_create(&mut driver, client, new).await? {
            Created::Created(holder) => return Ok(holder.object),
            Created::Exists => object.set_name(rename()),
            Created::Refused(refusal) => return Err(driver.refusal(refusal)),
            Created::Lost => return Err(busy("the janitor removed the object before it was finished")),
        }
    }
    Err(busy("every name that was drawn is in use"))
}

/// Looks again where an object that names a value is not finished yet: mostly its creator is at work on it at this moment,
/// and then one of the two is told who has the value. Nothing was written, so the create begins as if it were the first time.
async fn run_create(driver: &mut Driver, client: &Presence, new: Holder) -> Result<Created<Holder>, Error> {
    let mut create = Create::begin(new.clone());
    let mut looks = 1;
    let begun = Instant::now();
    loop {
        if let Create::Make(_) = create {
            access_guard::require_timely(client, begun, Instant::now())?;
        }
        let reply = driver.perform(create.call()).await?;
        create = match create.answered(reply) {
            Step::Go(create) => create,
            Step::End(Created::Refused(Refusal::Unfinished { .. })) if looks < LOOK_TRIES => {
                pause(looks).await;
                require_client(client)?;
                looks += 1;
                Create::begin(new.clone())
            }
            Step::End(created) => return Ok(created),
        };
    }
}

/// Changes the object `name`: `edit` gets the object as it is now and returns what it shall be, or nothing where
/// nothing changes. It is called again after a lost race; what it refuses after a write of unknown outcome is
/// [`StoreError::Unavailable`], for the change may have taken effect before. Claimed values that differ go through the protocol; otherwise
/// this is GET and PUT. Returns the object as stored.
///
/// What gives access is not given after all to whom it was taken away meanwhile: see `access_guard`.
pub async fn change<E: From<Error>>(
    store: &Store,
    client: &Presence,
    kind: Kind,
    namespace: &str,
    name: &str,
    edit: impl Fn(&Object) -> Result<Option<Object>, E> + Send + Sync,
) -> Result<Object, E> {
    let _turn = store.write_turn(kind, namespace, name).await;
    let edit = |read: &Holder| -> Result<Edited<Holder>, E> {
        if read.is_deleted() {
            return Ok(Edited::NotMine);
        }
        let new = edit(&read.object)?;
        Ok(new.map_or(Edited::Nothing, |new| Edited::To(read.with_object(new))))
    };
    let mut driver = Driver::new(store, kind, namespace, name);
    let (changed, releases) = run_change(&mut driver, client, name, edit).await?;
    let result = match changed {
        Changed::Unchanged(holder) | Changed::Committed(holder) => Ok(holder.object),
        Changed::Refused(refusal) => Err(driver.refusal(refusal)),
        Changed::Missing => Err(Error::NotFound),
        Changed::Rejected => Err(busy(SETTLING)),
    };
    driver.release_later(releases);
    result.map_err(E::from)
}

async fn run_change<E: From<Error>>(
    driver: &mut Driver,
    client: &Presence,
    name: &str,
    edit: impl Fn(&Holder) -> Result<Edited<Holder>, E> + Send + Sync,
) -> Result<ChangeEnd<Holder>, E> {
    let mut change = Change::<Holder>::Read(name.to_owned());
    let mut tries = 0;
    let mut guard = AccessGuard::new(client);
    loop {
        match &change {
            Change::Read(_) => {
                begin_try(&mut tries).await?;
                guard.begin_try(Instant::now())?;
                driver.take_rules(None);
            }
            Change::Commit { intent, new, .. } => guard.before_commit(&intent.object, &new.object, Instant::now())?,
            _ => {}
        }
        let reply = driver.perform(change.call()).await.map_err(Error::from)?;
        let seen = match (&change, &reply) {
            (Change::Read(_) | Change::Intend { .. }, Reply::Object(own)) => Some(own.object.clone()),
            _ => None,
        };
        let step = change.answered(reply, |read| -> Result<_, E> {
            let edited = edit(read)?;
            if let Edited::To(new) = &edited {
                guard.edited(&read.object, &new.object)?;
            }
            Ok(edited)
        });
        if let Some(seen) = seen {
            guard.saw(seen);
        }
        change = match step.map_err(|refused| unless_unsure(driver, refused))? {
            Step::Go(change) => change,
            // Nothing was written. As in a create: mostly the other object is finished in a moment.
            Step::End((Changed::Refused(Refusal::Unfinished { .. }), _)) if tries < LOOK_TRIES => {
                Change::Read(name.to_owned())
            }
            Step::End(answer) => return Ok(answer),
        };
    }
}

/// What `edit` refused, unless it may have looked at what a write of this very operation led to: that outcome is unknown.
fn unless_unsure<E: From<Error>>(driver: &Driver, refused: E) -> E {
    if driver.unsure { Error::from(overtaken()).into() } else { refused }
}

/// Makes a tombstone of the object `name` and frees its values: `edit` returns the object with `deletedAt`.
pub async fn delete<E: From<Error>>(
    store: &Store,
    client: &Presence,
    kind: Kind,
    namespace: &str,
    name: &str,
    edit: impl Fn(&Object) -> Result<Object, E> + Send + Sync,
) -> Result<(), E> {
    let _turn = store.write_turn(kind, namespace, name).await;
    let mut driver = Driver::new(store, kind, namespace, name);
    let mut delete = Delete::Read(name.to_owned());
    let mut tries = 0;
    let deleted = loop {
        if matches!(delete, Delete::Read(_)) {
            begin_try(&mut tries).await?;
            require_client(client)?;
            driver.take_rules(None);
        }
        let reply = driver.perform(delete.call()).await.map_err(Error::from)?;
        let bury = |read: &Holder| edit(&read.object).map(|tombstone| read.with_object(tombstone));
        let step = delete.answered(reply, bury);
        delete = match step.map_err(|refused| unless_unsure(&driver, refused))? {
            Step::Go(delete) => delete,
            Step::End(deleted) => break deleted,
        };
    };
    match deleted {
        Deleted::Buried(releases) => driver.release_later(releases),
        // The answer to the write was lost, and what is there may be what it led to. The claims are the janitor's.
        Deleted::Missing if driver.unsure => {}
        Deleted::Missing => return Err(Error::NotFound.into()),
        Deleted::Rejected => return Err(busy(SETTLING).into()),
        Deleted::Refused => return Err(driver.final_refusal().into()),
    }
    Ok(())
}

/// The janitor's pass over one object: clears marks, claims what it names, rejects or removes what never was
/// acknowledged, brings back what is asked back by annotation.
pub async fn settle(
    store: &Store,
    kind: Kind,
    namespace: &str,
    name: &str,
    now: Timestamp,
) -> Result<Settlement, Error> {
    let _turn = store.write_turn(kind, namespace, name).await;
    let mut driver = Driver::new(store, kind, namespace, name);
    let mut settle = Settle::Read(name.to_owned());
    let mut tries = 0;
    let settled = loop {
        if matches!(settle, Settle::Read(_)) {
            tries += 1;
            if tries > SETTLE_TRIES {
                return Ok(settlement(&driver));
            }
            driver.take_rules(None);
        }
        let reply = match driver.perform(settle.call()).await? {
            Reply::Object(holder) => {
                let was_visible = store.index(namespace, holder.directory()).was_visible(holder.resource(), name);
                Reply::Object(holder.seen_at(now).seen_visible(was_visible))
            }
            reply => reply,
        };
        settle = match settle.answered(reply) {
            Step::Go(settle) => settle,
            Step::End(settled) => break settled,
        };
    };
    match settled {
        Settled::Tombstone(holder) if holder.is_asked_back() => {
            let back = bring_back(store, namespace, &holder).await?;
            return Ok(if back { Settlement::BroughtBack } else { settlement(&driver) });
        }
        Settled::Conflict(Refusal::Taken { value, holder }) => {
            let attribute = value.claimed.attribute;
            let kind = kind.plural;
            tracing::info!(namespace, kind, name, attribute, holder, "another object holds a value of this one");
        }
        Settled::Removed => {
            tracing::info!(namespace, kind = kind.plural, name, "removed an object that was never acknowledged");
            return Ok(Settlement::Removed);
        }
        Settled::Done | Settled::Tombstone(_) | Settled::Conflict(Refusal::Unfinished { .. }) => {}
        // Where the API server refused a write, somebody has to look.
        Settled::Conflict(Refusal::Final) | Settled::Busy => {
            if let Some(error) = driver.take_refused() {
                return Err(error.into());
            }
            if !driver.changed {
                return Ok(Settlement::Busy);
            }
        }
    }
    Ok(settlement(&driver))
}

fn settlement(driver: &Driver) -> Settlement {
    if driver.changed { Settlement::Settled } else { Settlement::Nothing }
}

/// undelete(X). While the index shows a live holder of one of its values there is nothing to be had, and no write.
/// Returns whether the object is back.
async fn bring_back(store: &Store, namespace: &str, tombstone: &Holder) -> Result<bool, Error> {
    let (kind, name) = (tombstone.kind(), tombstone.name());
    let index = store.index(namespace, tombstone.directory());
    for value in tombstone.committed().into_iter().filter(|value| !value.optional) {
        if let Some(holder) = index.live_holder(&value.claim_name).filter(|holder| *holder != name) {
            log_not_brought_back(namespace, kind, &name, &value, &holder);
            return Ok(false);
        }
    }
    let mut driver = Driver::new(store, kind, namespace, &name);
    let (changed, releases) =
        run_change(&mut driver, &Presence::default(), &name, |read| Ok::<_, Error>(read.brought_back())).await?;
    let result = match changed {
        Changed::Committed(_) => {
            tracing::info!(namespace, kind = kind.plural, name, "brought back, as asked by annotation");
            Ok(true)
        }
        Changed::Refused(Refusal::Taken { value, holder }) => {
            log_not_brought_back(namespace, kind, &name, &value, &holder);
            Ok(false)
        }
        Changed::Refused(Refusal::Final) => Err(driver.final_refusal()),
        // Until the janitor has settled the object that names the value.
        Changed::Refused(Refusal::Unfinished { .. }) => Ok(false),
        Changed::Unchanged(_) | Changed::Missing | Changed::Rejected => Ok(false),
    };
    driver.release_later(releases);
    result
}

fn log_not_brought_back(namespace: &str, kind: Kind, name: &str, value: &UniqueValue, holder: &str) {
    let (kind, attribute) = (kind.plural, &value.claimed.attribute);
    tracing::info!(namespace, kind, name, attribute, holder, "not brought back: another object holds a value of it");
}

/// What a pass of the leader over one object came to, for a rule that is being turned on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It has its claim, freshly written.
    Owned,
    /// Another live object holds the value: the rule stays Claiming.
    Taken {
        /// The name of that object.
        holder: String,
    },
    /// There is no such object, it is deleted, or it has no value that could be claimed.
    NoValue,
}

/// The leader's pass over one object for a rule that is being turned on: claims the value of `attribute`
/// (`User.externalId` and so on) for it, with a write also where the claim is its own already. The pass is over when this
/// was said of every object of the kind, the oldest first; the rule may be in force when none was [`Claimed::Taken`].
/// Whoever was there before the rule with a value that no claim holds does not keep it from everybody else: nobody who
/// comes may have such a value.
pub async fn acquire_for_rule(
    store: &Store,
    kind: Kind,
    namespace: &str,
    name: &str,
    attribute: &str,
) -> Result<Claimed, Error> {
    let _turn = store.write_turn(kind, namespace, name).await;
    let mut driver = Driver::new(store, kind, namespace, name);
    let mut turn_on = TurnOn::Read(name.to_owned());
    let turned_on = loop {
        let reply = driver.perform(turn_on.call()).await?;
        let value = |holder: &Holder| holder.value_of(attribute).filter(|value| !value.claimed.is_too_long());
        turn_on = match turn_on.answered(reply, value) {
            Step::Go(turn_on) => turn_on,
            Step::End(turned_on) => break turned_on,
        };
    };
    match turned_on {
        TurnedOn::Owned => Ok(Claimed::Owned),
        TurnedOn::Refused(Refusal::Taken { holder, .. }) => Ok(Claimed::Taken { holder }),
        TurnedOn::Refused(refusal @ (Refusal::Unfinished { .. } | Refusal::Final)) => Err(driver.refusal(refusal)),
        TurnedOn::NoValue => Ok(Claimed::NoValue),
    }
}

/// The janitor's pass over one claim: removes it if it is dead, and says whether it did.
pub async fn release(store: &Store, namespace: &str, claim_name: &str) -> Result<bool, Error> {
    let Some(releases) = Releases::begin([claim_name.to_owned()]) else { return Ok(false) };
    let mut driver = Driver::new(store, Kind::USER, namespace, "");
    driver.release(releases).await?;
    Ok(driver.changed)
}

/// Counts a try of a change or delete and waits before each but the first.
async fn begin_try(tries: &mut u32) -> Result<(), Error> {
    if *tries == CHANGE_TRIES {
        return Err(busy("other writers were quicker every time"));
    }
    pause(*tries).await;
    *tries += 1;
    Ok(())
}

fn busy(reason: &str) -> Error {
    Error::Busy { reason: reason.to_owned() }
}
