//! Every state that a scenario can reach, breadth first, so that a counter-example is a shortest one.
//!
//! One transition is one API call. A crashed process is one that never moves again: safety is checked after each
//! transition, and liveness from each state, that is, with every process stopped anywhere.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::mem;
use std::rc::Rc;

use rollcall::store::claims::create::Create;
use rollcall::store::claims::settle::Settle;
use rollcall::store::claims::step::{Call, Reply};

use crate::api_server::ApiServer;
use crate::ingredients::{Ingredient, Instead};
use crate::memory::{Written, forget};
use crate::object::{CURRENT, Claim, Object, Rule, Rules, WRITTEN};
use crate::process::{At, End, Process, Told};
use crate::properties::{is_visible, safety, saw_nobody, settle, settled};
use crate::scenario::{Kind, Scenario, Task};
use crate::world::{Acknowledged, Fast, Promises, Stored, Violation, World, view};

type FastState = BuildHasherDefault<Fast>;

/// Most calls of one process that runs alone.
const CALLS_ALONE: usize = 200;

/// An exploration.
#[derive(Clone, Copy)]
pub struct Explorer<'a> {
    pub scenario: &'a Scenario,
    /// What is taken out of the protocol.
    pub without: Option<Ingredient>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub states: usize,
    /// What is wrong, and the calls that lead to it.
    pub violation: Option<(Violation, Vec<String>)>,
}

/// How a transition came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A call and its answer.
    Answered,
    /// A call whose answer was lost.
    Lost,
    /// A write that was refused for good.
    Refused,
    /// The index of its replica has caught up with this object.
    CaughtUp(u8),
}

/// How a state came about from another one.
#[derive(Clone, Copy)]
struct Origin {
    parent: usize,
    process: usize,
    way: Way,
}

/// The states so far, and which stores the janitor has settled.
struct Search {
    worlds: Vec<Rc<World>>,
    origins: Vec<Option<Origin>>,
    seen: HashSet<Rc<World>, FastState>,
    janitor: HashMap<Stored, Stored, FastState>,
    settled: HashSet<(Stored, Promises), FastState>,
}

impl Explorer<'_> {
    /// Explores everything, or up to the first violation.
    pub fn explore(&self) -> Found {
        let start = Rc::new(self.scenario.start());
        let mut search = Search {
            worlds: vec![Rc::clone(&start)],
            origins: vec![None],
            seen: HashSet::default(),
            janitor: HashMap::default(),
            settled: HashSet::default(),
        };
        search.seen.insert(start);
        let mut next = 0;
        while next < search.worlds.len() {
            if let Err((violation, last)) = self.expand(&mut search, next) {
                let trace = self.trace(&search, next, last);
                return Found { states: search.worlds.len(), violation: Some((violation, trace)) };
            }
            next += 1;
        }
        Found { states: search.worlds.len(), violation: None }
    }

    /// Checks liveness from one state and finds what follows it.
    fn expand(&self, search: &mut Search, at: usize) -> Result<(), (Violation, Option<Origin>)> {
        let world = Rc::clone(&search.worlds[at]);
        self.liveness(search, &world).map_err(|violation| (violation, None))?;
        let mut moved = false;
        for process in 0..world.processes.len() {
            for (next, way) in self.caught_up(&world, process) {
                search.add(next, Origin { parent: at, process, way });
            }
            if !self.is_enabled(&world, process) {
                continue;
            }
            moved = true;
            for way in [Way::Answered, Way::Lost, Way::Refused] {
                let origin = Origin { parent: at, process, way };
                match self.follow(&world, process, way) {
                    Ok(Some(next)) => search.add(next, origin),
                    Ok(None) => {}
                    Err(violation) => return Err((violation, Some(origin))),
                }
            }
        }
        let won = world.processes.iter().any(|process| process.at == At::Ended(End::Done));
        if !moved && self.scenario.progress && !self.scenario.refusing && !won {
            return Err((Violation("progress: every rival was refused".to_owned()), None));
        }
        Ok(())
    }

    /// Nobody but its creator and the janitor knows an object before it is visible.
    fn is_enabled(&self, world: &World, process: usize) -> bool {
        let task = &self.scenario.tasks[process];
        let by_reference =
            matches!(task.kind, Kind::Change | Kind::Patch | Kind::DroppingPatch | Kind::Delete | Kind::HardDelete);
        match &world.processes[process].at {
            At::Ended(_) => false,
            at if by_reference && *at == At::start(task) && self.scenario.is_created(task.object) => {
                let object = world.stored.objects[usize::from(task.object)];
                object.is_some_and(|object| is_visible(self.scenario, &world.stored, &object))
            }
            _ => true,
        }
    }

    fn liveness(&self, search: &mut Search, world: &World) -> Result<(), Violation> {
        if !search.settled.insert((world.stored, world.promised)) {
            return Ok(());
        }
        let left = match search.janitor.get(&world.stored) {
            Some(left) => *left,
            None => {
                let left = settle(self, world.stored)?;
                search.janitor.insert(world.stored, left);
                left
            }
        };
        settled(self.scenario, &left, &world.promised)
    }

    /// The state after one call of one process, if it can go this way.
    fn follow(&self, world: &World, me: usize, way: Way) -> Result<Option<World>, Violation> {
        let (task, old) = (&self.scenario.tasks[me], &world.processes[me]);
        match way {
            Way::Lost if !self.scenario.lossy => return Ok(None),
            Way::Refused => return Ok(self.refused(world, me)),
            Way::Answered | Way::Lost | Way::CaughtUp(_) => {}
        }
        let mut next = world.clone();
        let before = next.stored.objects.get(usize::from(task.object)).copied().flatten();
        let (told, written) = self.advance(&mut next.stored, me, task, &mut next.processes[me])?;
        tell(&mut next.promised, task.object, before, told);
        if way == Way::Lost {
            next.processes[me].at = match &old.at {
                _ if written.object.is_none() && written.claim.is_none() => return Ok(None),
                At::Create(Create::Make(_)) if !self.scenario.loses_creates => return Ok(None),
                At::Create(Create::Make(object)) => At::CreateUnanswered(Object { version: WRITTEN, ..*object }),
                at => at.clone(),
            };
        }
        for (process, one) in next.processes.iter_mut().enumerate() {
            if process == me || written.object.is_some() || written.claim.is_some() {
                forget(&mut one.at, &written);
            }
        }
        safety(self.scenario, &next.stored, &next.promised)?;
        Ok(Some(next))
    }

    /// The states in which the index of this process's replica has caught up with one object.
    fn caught_up(&self, world: &World, me: usize) -> Vec<(World, Way)> {
        let Some(seen) = world.processes[me].view else { return Vec::new() };
        let now = view(&world.stored);
        let objects = (0..self.scenario.objects()).filter(|object| *object != self.scenario.tasks[me].object);
        let behind = objects.filter(|object| seen[usize::from(*object)] != now[usize::from(*object)]);
        let caught_up = |object: u8| {
            let (mut next, mut seen) = (world.clone(), seen);
            seen[usize::from(object)] = now[usize::from(object)];
            next.processes[me].view = Some(seen);
            (next, Way::CaughtUp(object))
        };
        behind.map(caught_up).collect()
    }

    fn refused(&self, world: &World, me: usize) -> Option<World> {
        let (task, old) = (&self.scenario.tasks[me], &world.processes[me]);
        if !self.scenario.refusing || !old.at.call(task).is_some_and(|call| is_refusable(&call)) {
            return None;
        }
        let mut next = world.clone();
        next.processes[me].at = old.at.clone().answered(task, Reply::Refused).0;
        forget(&mut next.processes[me].at, &Written::default());
        Some(next)
    }

    /// Runs one process alone to its end.
    pub fn run_alone(&self, stored: &mut Stored, task: &Task) -> Result<(), Violation> {
        let mut process = Process::new(task);
        for _ in 0..CALLS_ALONE {
            if let At::Ended(_) = process.at {
                return Ok(());
            }
            let (_, written) = self.advance(stored, 0, task, &mut process)?;
            forget(&mut process.at, &written);
        }
        Err(Violation("liveness: the janitor does not end".to_owned()))
    }

    /// One call of one process and what it makes of the answer.
    pub fn advance(
        &self,
        stored: &mut Stored,
        me: usize,
        task: &Task,
        process: &mut Process,
    ) -> Result<(Told, Written), Violation> {
        let mut api = ApiServer::new(stored, self.scenario);
        let mut told = Told::Nothing;
        if let At::Collector(collector) = process.at {
            process.at = collector.advance(&mut api, task)?;
        } else if let At::Leader(leader) = &process.at {
            (process.at, told) = leader.clone().advance(&mut api, self.without)?;
        } else {
            process.see_rules(task, self.in_force(task, api.stored.rules));
            let mut reply = self.reply(&mut api, me, task, process)?;
            while let Some(answer) = reply {
                let at = mem::replace(&mut process.at, At::Ended(End::Done));
                let (at, also_told) = at.answered(task, answer);
                process.at = at;
                if also_told != Told::Nothing {
                    told = also_told;
                }
                reply = self.without.and_then(|ingredient| ingredient.at_once(task, process));
            }
            if let At::Release(..) | At::Ended(_) = process.at {
                process.rules = Rules::default();
            }
            saw_nobody(self.scenario, api.stored, process, told)?;
            process.forget_index();
        }
        Ok((told, Written { object: api.wrote_object, claim: api.wrote_claim }))
    }

    /// What a process finds in force.
    fn in_force(&self, task: &Task, mut rules: Rules) -> Rules {
        let writes = matches!(task.kind, Kind::Create | Kind::Change | Kind::Undelete);
        if self.without == Some(Ingredient::ClaimWhileClaiming) && writes {
            rules.iter_mut().filter(|rule| **rule == Rule::Claiming).for_each(|rule| *rule = Rule::Off);
        }
        rules
    }

    /// What a process makes of an answer: it sees an object under the rules that it believes to be in force, and an older
    /// replica does not understand claims of other attributes than the name.
    fn seen(&self, task: &Task, process: &Process, reply: Reply<Object>) -> Reply<Object> {
        match reply {
            Reply::Object(object) => Reply::Object(Object { rules: process.rules, ..object }),
            Reply::Claim(claim) => Reply::Claim(Claim { understood: !task.old || claim.on.0 == 0, ..claim }),
            reply => reply,
        }
    }

    /// The answer to the next call; none where an ingredient that is missing made a call that the steps know nothing of.
    fn reply(
        &self,
        api: &mut ApiServer<'_>,
        me: usize,
        task: &Task,
        process: &mut Process,
    ) -> Result<Option<Reply<Object>>, Violation> {
        if let Some(ingredient) = self.without {
            match ingredient.intercept(api, task, process)? {
                Instead::Reply(reply) => {
                    let reply = self.seen(task, process, reply);
                    return Ok(Some(ingredient.colour(me, task, process, reply)));
                }
                Instead::Nothing => return Ok(None),
                Instead::Call => {}
            }
        }
        if let At::Settle(Settle::Remove(marked)) = &process.at
            && marked.version == CURRENT
            && (marked.known || self.scenario.is_restored(marked.name))
        {
            let title = self.scenario.object_title(marked.name);
            return Err(Violation(format!("S5: the janitor removes {title}, which was acknowledged before")));
        }
        let call = process.at.call(task).expect("a process that moves");
        if let Call::Rivals(value, name) = call {
            let rivals = process.ask(value, name);
            let looks = self.without != Some(Ingredient::Look);
            return Ok(Some(Reply::Rivals(if looks { rivals } else { Vec::new() })));
        }
        let reply = self.seen(task, process, api.perform(&call)?);
        Ok(Some(match self.without {
            Some(ingredient) => ingredient.colour(me, task, process, reply),
            None => reply,
        }))
    }

    /// The calls that led to a state, and to a violation after it.
    fn trace(&self, search: &Search, at: usize, last: Option<Origin>) -> Vec<String> {
        let mut origins: Vec<Origin> = last.into_iter().collect();
        let mut at = at;
        while let Some(origin) = search.origins[at] {
            origins.push(origin);
            at = origin.parent;
        }
        let line = |origin: &Origin| {
            let Origin { parent, process, way } = *origin;
            let task = &self.scenario.tasks[process];
            let title = self.scenario.object_title(task.object);
            if let Way::CaughtUp(object) = way {
                return format!("{process} index of {title}: caught up with {}", self.scenario.object_title(object));
            }
            let at = &search.worlds[parent].processes[process].at;
            format!("{process} {:?} {title}: {way:?} {:?}", task.kind, at.call(task))
        };
        origins.iter().rev().map(line).collect()
    }
}

impl Search {
    fn add(&mut self, world: World, origin: Origin) {
        let world = Rc::new(world);
        if self.seen.insert(Rc::clone(&world)) {
            self.worlds.push(world);
            self.origins.push(Some(origin));
        }
    }
}

/// Whether a call is a write that the API server may refuse for what is in it.
pub fn is_refusable(call: &Call<Object>) -> bool {
    matches!(call, Call::Create(_) | Call::Replace(_) | Call::CreateClaim(..) | Call::TouchClaim(_))
}

/// Writes down what somebody was told of an object.
fn tell(promised: &mut Promises, object: u8, before: Option<Object>, told: Told) {
    let promise = match told {
        Told::Nothing => return,
        Told::Gone => None,
        Told::All(Object { values, rules, .. }) => {
            Some(Acknowledged { values, binding: rules.map(|rule| rule == Rule::InForce) })
        }
        Told::Changed(Object { values, rules, .. }) => {
            let mut binding = promised[usize::from(object)].map_or([false; 3], |promise| promise.binding);
            for (attribute, binding) in binding.iter_mut().enumerate() {
                if before.is_none_or(|before| before.values[attribute] != values[attribute]) {
                    *binding = rules[attribute] == Rule::InForce;
                }
            }
            Some(Acknowledged { values, binding })
        }
    };
    promised[usize::from(object)] = promise;
}
