//! The API server: a name is created once, a write and a removal need the version they were told of.
//!
//! resourceVersions never repeat, so all that a process can learn from one is whether it is still the current one. The
//! store therefore knows three versions: stale, current, and written by the call under way.

use rollcall::store::claims::step::{Call, Reply};

use crate::object::{CURRENT, Claim, ClaimName, Object, Order, Rules, STALE, WRITTEN};
use crate::scenario::Scenario;
use crate::world::{NOBODY, Stored, Violation};

/// The store while one call runs.
pub struct ApiServer<'a> {
    pub stored: &'a mut Stored,
    pub scenario: &'a Scenario,
    /// The object that the call wrote.
    pub wrote_object: Option<u8>,
    /// The claim that the call wrote, and whether its uid is another one since.
    pub wrote_claim: Option<(ClaimName, bool)>,
}

impl<'a> ApiServer<'a> {
    pub fn new(stored: &'a mut Stored, scenario: &'a Scenario) -> Self {
        Self { stored, scenario, wrote_object: None, wrote_claim: None }
    }

    /// Carries out a call.
    pub fn perform(&mut self, call: &Call<Object>) -> Result<Reply<Object>, Violation> {
        Ok(match *call {
            Call::Rivals(..) => panic!("the API server has no index"),
            Call::Read(name) => self.object(name).map_or(Reply::Missing, Reply::Object),
            Call::Create(object) if self.object(object.name).is_none() => self.write(object),
            Call::Create(_) => Reply::Conflict,
            Call::Replace(object) => match self.object(object.name) {
                None => Reply::Missing,
                Some(current) if current.version == object.version => self.write(object),
                Some(_) => Reply::Conflict,
            },
            Call::Remove(object) => match self.object(object.name) {
                None => Reply::Missing,
                Some(current) if current.version == object.version => self.remove(object.name),
                Some(_) => Reply::Conflict,
            },
            Call::ReadClaim(name) => self.claim(name).map_or(Reply::Missing, Reply::Claim),
            Call::CreateClaim(value, holder) => {
                let name = (value.attribute, value.value);
                if self.claim(name).is_some() {
                    return Ok(Reply::Conflict);
                }
                self.write_claim(name, holder)?
            }
            Call::TouchClaim(claim) | Call::RemoveClaim(claim) => match self.claim(claim.on) {
                None => Reply::Missing,
                Some(current) if claim.version != current.version => Reply::Conflict,
                Some(current) if matches!(call, Call::TouchClaim(_)) => self.write_claim(claim.on, current.holder)?,
                Some(_) => self.write_claim(claim.on, NOBODY)?,
            },
        })
    }

    /// An object as it is.
    pub fn object(&self, name: u8) -> Option<Object> {
        self.stored.objects[usize::from(name)]
    }

    /// A claim as it is.
    pub fn claim(&self, on: ClaimName) -> Option<Claim> {
        let holder = self.stored.holders[self.scenario.slot(on)];
        (holder != NOBODY).then_some(Claim { on, holder, version: CURRENT, understood: true })
    }

    /// The version that an object has now.
    pub fn version(&self, name: u8) -> u8 {
        self.object(name).map_or(STALE, |object| object.version)
    }

    fn write(&mut self, object: Object) -> Reply<Object> {
        let name = object.name;
        self.wrote_object = Some(name);
        // What somebody believes is not stored.
        let stored = Object { version: CURRENT, order: Order::NameLast, rules: Rules::default(), ..object };
        self.stored.objects[usize::from(name)] = Some(stored);
        Reply::Object(Object { version: WRITTEN, ..object })
    }

    fn remove(&mut self, name: u8) -> Reply<Object> {
        self.wrote_object = Some(name);
        self.stored.objects[usize::from(name)] = None;
        Reply::Done
    }

    /// Gives a claim a holder or none. S1: nobody takes it from a holder that exists and names the value as committed; while
    /// a rule is turned on, from one that nobody writes.
    pub fn write_claim(&mut self, on: ClaimName, holder: u8) -> Result<Reply<Object>, Violation> {
        let slot = self.scenario.slot(on);
        let old = self.stored.holders[slot];
        if old != NOBODY && old != holder && self.scenario.stands_for(old) {
            let loser = self.stored.objects[usize::from(old)];
            if loser.is_some_and(|loser| !loser.deleted && loser.values[usize::from(on.0)] == on.1) {
                let (claim, loser) = (self.scenario.claim_title(on), self.scenario.object_title(old));
                return Err(Violation(format!("S1: claim {claim} taken from {loser}, which names it and is alive")));
            }
        }
        self.stored.holders[slot] = holder;
        self.wrote_claim = Some((on, old == NOBODY || holder == NOBODY));
        Ok(Reply::Done)
    }
}
