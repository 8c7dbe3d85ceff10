//! Carries out the calls of the steps: what is repeated, for how long, and with which pauses.
//!
//! A call whose outcome is unknown is made again as it is, with the version it had. If it had taken effect, the second
//! one finds another version or an existing object. Whether that is what the first one wrote, the object itself tells; if
//! it is not, the steps go on as after any lost race.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::holder::{Claim, Holder, UniqueValue};
use super::release::Releases;
use super::step::{Call, Refusal, Reply, Step};
use crate::api::Object;
use crate::rules::naming::UniqueRules;
use crate::store::kind::Kind;
use crate::store::{Error, Store};

/// How often a call is made at most whose outcome is unknown.
pub const CALL_TRIES: u32 = 3;
/// How often one claim is tried to be created at most in one acquisition.
pub const CLAIM_TRIES: u32 = 8;
/// The upper end of the first pause. Each further one is twice as long.
pub const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// The upper end of the longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_millis(640);
/// How long the releases after an answer may take. What they leave, the janitor releases.
pub const RELEASE_DEADLINE: Duration = Duration::from_secs(30);

/// The calls of one operation on one object.
pub(super) struct Driver {
    store: Store,
    kind: Kind,
    namespace: String,
    /// The Directory of the object, once it is known.
    directory: String,
    name: String,
    /// The rules of the Directory, taken when the object is first seen and kept for one try: what is wanted and what is
    /// given up are told by the same ones.
    rules: Option<Arc<UniqueRules>>,
    /// The kind of the holder of the claim that was read last.
    holder_kind: Kind,
    /// The object as last read or written: the claims refer to it.
    own: Option<Holder>,
    /// The value that is being acquired, and how often its claim was tried.
    acquiring: Option<(UniqueValue, u32)>,
    /// Whether a write of the object may have taken effect and been overtaken: what is found now may rest on it.
    pub(super) unsure: bool,
    /// Whether anything is different from before: an object was written or removed, a claim made or removed.
    pub(super) changed: bool,
    /// Why a write was refused for good.
    refused: Option<Error>,
}

/// The answer to a call that was made until its outcome was known.
struct CallResult {
    result: Result<Object, Error>,
    /// Whether an earlier one may have taken effect.
    repeated: bool,
}

impl Driver {
    pub(super) fn new(store: &Store, kind: Kind, namespace: &str, name: &str) -> Self {
        Self {
            store: store.clone(),
            kind,
            namespace: namespace.to_owned(),
            directory: String::new(),
            name: name.to_owned(),
            rules: None,
            holder_kind: kind,
            own: None,
            acquiring: None,
            unsure: false,
            changed: false,
            refused: None,
        }
    }

    /// Takes these rules for what follows, or with nothing those that hold when the object is read next.
    pub(super) fn take_rules(&mut self, rules: Option<Arc<UniqueRules>>) {
        self.rules = rules;
    }

    /// Takes note of the Directory of an object that is not there yet.
    pub(super) fn take_directory(&mut self, directory: &str) {
        directory.clone_into(&mut self.directory);
    }

    /// Makes one call. An error means that the operation is abandoned where it is, as in a crash: the steps are made
    /// so that this is safe at every point, and the janitor finishes or undoes it. What the API server refuses for good
    /// is no error here, so that the steps can undo.
    pub(super) async fn perform(&mut self, call: Call<Holder>) -> Result<Reply<Holder>, Error> {
        match call {
            Call::Rivals(value, name) => Ok(self.rivals(&value, &name)),
            Call::Read(name) => self.read(&name).await,
            Call::Create(new) => self.create(&new).await,
            Call::Replace(new) => self.replace(&new).await,
            Call::Remove(holder) => self.remove(self.kind, &holder.object).await,
            Call::ReadClaim(name) => self.read_claim(&name).await,
            Call::CreateClaim(value, _) => self.create_claim(value).await,
            Call::TouchClaim(claim) => {
                let claim = claim.touched(self.own()?, &nonce()).0;
                let objects = self.store.objects();
                self.claim_written(write(|| objects.replace(Kind::CLAIM, &self.namespace, &claim)).await.result)
            }
            Call::RemoveClaim(claim) => self.remove(Kind::CLAIM, &claim.0).await,
        }
    }

    async fn read(&mut self, name: &str) -> Result<Reply<Holder>, Error> {
        let objects = self.store.objects();
        if name == self.name {
            return self.object(repeat(|| objects.get(self.kind, &self.namespace, name)).await.result);
        }
        let result = repeat(|| objects.get(self.holder_kind, &self.namespace, name)).await.result;
        let result = result.map(|object| {
            let holder = self.holder(object);
            let index = self.store.index(&self.namespace, holder.directory());
            let was_visible = index.was_visible(holder.resource(), name);
            Reply::Object(holder.seen_visible(was_visible))
        });
        known(result)
    }

    /// The objects that are looked at before `value` is claimed for the object `name`: those which the index shows as naming
    /// it, with a claim or without.
    fn rivals(&mut self, value: &UniqueValue, name: &str) -> Reply<Holder> {
        // A user and a group never meet: whoever names the value is of the kind of this operation's object.
        self.holder_kind = self.kind;
        let Some(resource) = self.kind.resource() else { return Reply::Rivals(Vec::new()) };
        let naming = self.store.index(&self.namespace, &self.directory).naming(resource, &value.claim_name);
        Reply::Rivals(naming.into_iter().filter(|rival| rival != name).collect())
    }

    /// An object that exists already may be our own: the answer to the first call was lost, and the name is random.
    async fn create(&mut self, new: &Holder) -> Result<Reply<Holder>, Error> {
        let objects = self.store.objects();
        let CallResult { result, repeated } = write(|| objects.create(self.kind, &self.namespace, &new.object)).await;
        if !repeated || result != Err(Error::Exists) {
            return self.written(result.map_err(not_found));
        }
        match repeat(|| objects.get(self.kind, &self.namespace, &self.name)).await.result {
            Ok(found) => match whose(&new.object, &found) {
                Whose::Ours => self.written(Ok(found)),
                Whose::OursNoMore => Err(overtaken()),
                Whose::SomebodyElses => Ok(Reply::Conflict),
            },
            Err(Error::NotFound) => Err(overtaken()),
            Err(error) => Err(error),
        }
    }

    /// A version that has moved on may be our own doing as well: the answer to the first call was lost. An object that
    /// holds what was sent, one generation later, is what that call wrote; whatever happened to its metadata since.
    async fn replace(&mut self, new: &Holder) -> Result<Reply<Holder>, Error> {
        let objects = self.store.objects();
        let CallResult { result, repeated } = write(|| objects.replace(self.kind, &self.namespace, &new.object)).await;
        if repeated && result == Err(Error::Conflict) {
            let found = repeat(|| objects.get(self.kind, &self.namespace, &self.name)).await.result;
            if let Ok(found) = found
                && is_written(&new.object, &found)
            {
                return self.written(Ok(found));
            }
        }
        self.unsure |= repeated && result.is_err();
        self.written(result)
    }

    async fn create_claim(&mut self, value: UniqueValue) -> Result<Reply<Holder>, Error> {
        let tries = match self.acquiring.take() {
            Some((acquiring, tries)) if acquiring == value => tries,
            _ => 0,
        };
        self.acquiring = Some((value.clone(), tries + 1));
        if tries == CLAIM_TRIES {
            return self.refused(Error::Unavailable { reason: "a claim came and went too often".into() });
        }
        pause(tries).await;
        let own = self.own()?;
        let claim = Claim::new(&self.namespace, own.directory(), &value, own, &nonce()).0;
        let objects = self.store.objects();
        let result = write(|| objects.create(Kind::CLAIM, &self.namespace, &claim)).await.result;
        self.changed |= result.is_ok();
        self.claim_written(result.map_err(not_found))
    }

    async fn read_claim(&mut self, name: &String) -> Result<Reply<Holder>, Error> {
        let objects = self.store.objects();
        let found = repeat(|| objects.get(Kind::CLAIM, &self.namespace, name)).await.result.map(Claim);
        if let Ok(claim) = &found {
            self.holder_kind = claim.holder_kind().unwrap_or(self.kind);
        }
        if let (Ok(claim), Some((value, _)), Some(own)) = (&found, &self.acquiring, &self.own)
            && value.claim_name == *name
            && !claim.is_on(own.directory(), value)
        {
            let reason = format!("the claim {name} is on another value: two values have the same digest");
            return self.refused(Error::Other(reason));
        }
        known(found.map(Reply::Claim))
    }

    async fn remove(&mut self, kind: Kind, object: &Object) -> Result<Reply<Holder>, Error> {
        let objects = self.store.objects();
        let removed =
            write(|| async { objects.delete(kind, &self.namespace, object).await.map(|()| Object::default()) });
        let result = removed.await.result;
        self.changed |= result.is_ok();
        known(result.map(|_| Reply::Done))
    }

    fn object(&mut self, result: Result<Object, Error>) -> Result<Reply<Holder>, Error> {
        let result = result.map(|object| self.holder(object));
        if let Ok(holder) = &result {
            holder.directory().clone_into(&mut self.directory);
            self.own = Some(holder.clone());
        }
        known(result.map(Reply::Object))
    }

    fn holder(&mut self, object: Object) -> Holder {
        let rules = self.rules.get_or_insert_with(|| self.store.unique_rules(&self.namespace, object.directory()));
        Holder::new(object, Timestamp::now(), rules)
    }

    fn written(&mut self, result: Result<Object, Error>) -> Result<Reply<Holder>, Error> {
        match result {
            Err(error) if is_final(&error) => return self.refused(error),
            Ok(ref object) => {
                self.changed = true;
                self.store.apply(self.kind, object);
            }
            Err(_) => {}
        }
        self.object(result)
    }

    fn claim_written(&mut self, result: Result<Object, Error>) -> Result<Reply<Holder>, Error> {
        match result {
            Err(error) if is_final(&error) => return self.refused(error),
            Ok(ref claim) => {
                self.store.apply(Kind::CLAIM, claim);
                self.acquiring = None;
            }
            Err(_) => {}
        }
        known(result.map(|_| Reply::Done))
    }

    fn refused(&mut self, error: Error) -> Result<Reply<Holder>, Error> {
        // The first one counts: the undo may be refused as well.
        self.refused.get_or_insert(error);
        Ok(Reply::Refused)
    }

    /// Why an operation was undone.
    pub(super) fn refusal(&mut self, refusal: Refusal<Holder>) -> super::Error {
        match refusal {
            Refusal::Taken { value, holder } => super::Error::Taken { attribute: value.claimed.attribute, holder },
            Refusal::Unfinished { holder } => {
                tracing::debug!(holder, "an object that has no claim yet names the value");
                super::busy("another object that names the value is still being created")
            }
            Refusal::Final => self.final_refusal(),
        }
    }

    /// Why the API server refused a write for good.
    pub(super) fn final_refusal(&mut self) -> super::Error {
        self.take_refused().unwrap_or_else(|| Error::Other("a write was refused".into())).into()
    }

    /// Why the API server refused a write for good, if it did.
    pub(super) fn take_refused(&mut self) -> Option<Error> {
        self.refused.take()
    }

    fn own(&self) -> Result<&Holder, Error> {
        self.own.as_ref().ok_or_else(|| Error::Other("a claim was asked for before its holder was read".into()))
    }

    /// Carries out releases; what cannot be released now is the janitor's.
    pub(super) async fn release(&mut self, mut releases: Releases<Holder>) -> Result<(), Error> {
        loop {
            let reply = self.perform(releases.call()).await?;
            releases = match releases.answered(reply) {
                Step::Go(releases) => releases,
                Step::End(()) => return Ok(()),
            };
        }
    }

    /// Carries out releases after the answer, which does not wait for them.
    pub(super) fn release_later(mut self, releases: Option<Releases<Holder>>) {
        let Some(releases) = releases else { return };
        tokio::spawn(async move {
            match tokio::time::timeout(RELEASE_DEADLINE, self.release(releases)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "claims are left to the janitor"),
                Err(_) => tracing::debug!("claims are left to the janitor: too slow"),
            }
        });
    }
}

/// Makes a call again while its outcome is unknown.
async fn repeat<F: Future<Output = Result<Object, Error>> + Send>(call: impl Fn() -> F) -> CallResult {
    let mut tries = 1;
    loop {
        match call().await {
            Err(Error::Unavailable { reason }) if tries < CALL_TRIES => {
                tracing::debug!(reason, tries, "the outcome of a call is unknown; it is made again");
                pause(tries).await;
                tries += 1;
            }
            result => return CallResult { result, repeated: tries > 1 },
        }
    }
}

/// Makes a write until its outcome is known. What refuses the second one says nothing about the first, which may have
/// taken effect: the outcome is unknown then.
async fn write<F: Future<Output = Result<Object, Error>> + Send>(call: impl Fn() -> F) -> CallResult {
    let CallResult { result, repeated } = repeat(call).await;
    let result = match result {
        Err(error) if repeated && is_final(&error) => Err(Error::Unavailable {
            reason: format!("a write whose answer was lost was refused when repeated: {error}"),
        }),
        result => result,
    };
    CallResult { result, repeated }
}

/// Waits before the try after `tries` others: up to 5 ms · 2^n, at random, so that rivals part.
pub(super) async fn pause(tries: u32) {
    if let Some(longest) = longest_pause(tries) {
        tokio::time::sleep(longest.mul_f64(rand::random())).await;
    }
}

fn longest_pause(tries: u32) -> Option<Duration> {
    let doublings = tries.checked_sub(1)?;
    Some(FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE))
}

/// Whose an object is that was there when a create was repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    /// Ours, but written since: what this create would still do, its undo above all, is no longer its own affair.
    OursNoMore,
    SomebodyElses,
}

fn whose(sent: &Object, found: &Object) -> Whose {
    let created = |object: &Object| object.scim()["meta"]["created"].clone();
    if sent.directory() != found.directory() || created(sent) != created(found) {
        Whose::SomebodyElses
    } else if found.generation() == 1 && sent.spec() == found.spec() {
        Whose::Ours
    } else {
        Whose::OursNoMore
    }
}

/// Whether an object is what a PUT of `sent` wrote: nobody else's write of the spec came between.
fn is_written(sent: &Object, found: &Object) -> bool {
    sent.uid() == found.uid()
        && sent.generation().checked_add(1) == Some(found.generation())
        && sent.spec() == found.spec()
}

/// An error whose meaning the steps know is an answer.
fn known(result: Result<Reply<Holder>, Error>) -> Result<Reply<Holder>, Error> {
    match result {
        Err(Error::NotFound) => Ok(Reply::Missing),
        Err(Error::Conflict | Error::Exists) => Ok(Reply::Conflict),
        result => result,
    }
}

/// Whether an error says that a write took no effect and never will.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::Invalid(_) | Error::TooLarge | Error::Forbidden(_) | Error::Other(_))
}

/// Whether what a write did is still to be seen, nobody can tell.
pub(super) fn overtaken() -> Error {
    Error::Unavailable { reason: "a write whose answer was lost was overtaken".into() }
}

/// A create does not answer 404 unless its namespace is gone.
fn not_found(error: Error) -> Error {
    if error == Error::NotFound { Error::Other("the namespace does not exist".into()) } else { error }
}

fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn pauses_double_up_to_a_bound() {
        let longest: Vec<_> = (0..9).map(|tries| longest_pause(tries).map(|pause| pause.as_millis())).collect();
        let expected = [None, Some(5), Some(10), Some(20), Some(40), Some(80), Some(160), Some(320), Some(640)];
        assert_eq!(longest, expected);
        assert_eq!(longest_pause(u32::MAX), Some(LONGEST_PAUSE));
    }

    #[tokio::test]
    async fn a_call_of_unknown_outcome_is_made_three_times_at_most() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let lost = || Err(Error::Unavailable { reason: "lost".into() });
        for (answered_at, expected, repeated) in [(1, 1, false), (2, 2, true), (3, 3, true), (9, CALL_TRIES, true)] {
            let calls = AtomicU32::new(0);
            let answer = repeat(|| {
                let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
                std::future::ready(if call >= answered_at { Err(Error::Conflict) } else { lost() })
            });
            let answer = answer.await;
            assert_eq!(calls.into_inner(), expected, "answered at {answered_at}");
            assert_eq!(answer.repeated, repeated, "answered at {answered_at}");
            let known = if answered_at <= CALL_TRIES { Err(Error::Conflict) } else { lost() };
            assert_eq!(answer.result, known, "answered at {answered_at}");
        }
    }

    #[test]
    fn an_object_found_by_a_repeated_create_is_ours_only_if_nobody_wrote_it() {
        let spec =
            json!({ "directoryRef": { "name": "staff" }, "scim": { "userName": "ada", "meta": { "created": "t" } } });
        let sent = Object::from(json!({ "metadata": { "name": "ada-1" }, "spec": spec }));
        let as_stored = json!({ "metadata": { "name": "ada-1", "generation": 1, "uid": "u" }, "spec": spec });
        let as_stored = Object::from(as_stored);
        let changed = |pointer: &str, value: Value| {
            let mut object = as_stored.clone();
            *object.pointer_mut(pointer).expect("the field is there") = value;
            object
        };
        assert_eq!(whose(&sent, &as_stored), Whose::Ours);
        assert_eq!(whose(&sent, &changed("/metadata/generation", 2.into())), Whose::OursNoMore);
        assert_eq!(whose(&sent, &changed("/spec/scim/userName", "bob".into())), Whose::OursNoMore);
        assert_eq!(whose(&sent, &changed("/spec/scim/meta/created", "u".into())), Whose::SomebodyElses);
        assert_eq!(whose(&sent, &changed("/spec/directoryRef/name", "guests".into())), Whose::SomebodyElses);
    }
}
