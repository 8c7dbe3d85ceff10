//! The leader, who turns the rule on attribute 1 on: Claiming, then the production steps for one object after the other,
//! and in force if none of their values was taken.

use rollcall::store::claims::step::{Call, Reply, Step};
use rollcall::store::claims::turn_on::{TurnOn, TurnedOn};

use crate::api_server::ApiServer;
use crate::ingredients::Ingredient;
use crate::object::{Object, Rule};
use crate::process::{At, End, Told};
use crate::properties::is_visible;
use crate::scenario::Task;
use crate::world::Violation;

/// The attribute whose rule is turned on.
pub const ATTRIBUTE: u8 = 1;

/// A leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader {
    /// The object of the task.
    pub subject: u8,
    step: LeaderStep,
    /// The objects that are left.
    left: Vec<u8>,
    /// Whether a value was taken.
    missed: bool,
    /// Whether the subject has not been written since the leader read it. If so, it counts as acknowledged under the new
    /// rule.
    pub unchanged: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum LeaderStep {
    /// Writes Claiming into the status.
    Begin,
    /// Goes on with the next object, or writes that the rule is in force.
    Next,
    /// Acquires the value of an object.
    Acquire(TurnOn<Object>),
}

impl Leader {
    pub fn new(task: &Task) -> Self {
        Self { subject: task.object, step: LeaderStep::Begin, left: task.pass.clone(), missed: false, unchanged: false }
    }

    /// What it acquires.
    pub fn turn_on(&mut self) -> Option<&mut TurnOn<Object>> {
        match &mut self.step {
            LeaderStep::Acquire(turn_on) => Some(turn_on),
            LeaderStep::Begin | LeaderStep::Next => None,
        }
    }

    /// One write of the status, or one call.
    pub fn advance(mut self, api: &mut ApiServer<'_>, without: Option<Ingredient>) -> Result<(At, Told), Violation> {
        let rule = usize::from(ATTRIBUTE);
        match (self.step.clone(), self.left.first().copied()) {
            (LeaderStep::Begin, _) if without == Some(Ingredient::ClaimingFirst) => {
                api.stored.rules[rule] = Rule::InForce;
                Ok((At::Ended(End::Done), Told::Nothing))
            }
            (LeaderStep::Begin, _) => {
                api.stored.rules[rule] = Rule::Claiming;
                self.step = LeaderStep::Next;
                Ok((At::Leader(self), Told::Nothing))
            }
            (LeaderStep::Next, None) => {
                let told = self.end(api);
                Ok((At::Ended(End::Done), told))
            }
            (LeaderStep::Next, Some(name)) => {
                let (turn_on, reply) = (TurnOn::Read(name), api.object(name).map_or(Reply::Missing, Reply::Object));
                let step = turn_on.answered(reply, |object: &Object| object.value_of(ATTRIBUTE));
                self.unchanged |= name == self.subject && matches!(step, Step::Go(_));
                Ok((self.follow(step), Told::Nothing))
            }
            (LeaderStep::Acquire(turn_on), _) => {
                let reply = match turn_on.call() {
                    Call::TouchClaim(_) if without == Some(Ingredient::TouchOldClaims) => Reply::Done,
                    call => api.perform(&call)?,
                };
                Ok((self.follow(turn_on.answered(reply, |_| None)), Told::Nothing))
            }
        }
    }

    fn follow(mut self, step: Step<TurnOn<Object>, TurnedOn<Object>>) -> At {
        self.step = match step {
            Step::Go(turn_on) => LeaderStep::Acquire(turn_on),
            Step::End(turned_on) => {
                self.missed |= matches!(turned_on, TurnedOn::Refused(_));
                self.left.remove(0);
                LeaderStep::Next
            }
        };
        At::Leader(self)
    }

    fn end(&self, api: &mut ApiServer<'_>) -> Told {
        if self.missed {
            return Told::Nothing;
        }
        api.stored.rules[usize::from(ATTRIBUTE)] = Rule::InForce;
        let object = api.object(self.subject).filter(|_| self.unchanged);
        object.filter(|object| is_visible(api.scenario, api.stored, object)).map_or(Told::Nothing, Told::All)
    }
}
