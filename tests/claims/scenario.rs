//! A scenario: what is there at the start, and who does what.

use std::collections::BTreeSet;

use crate::leader::ATTRIBUTE;
use crate::object::{ATTRIBUTES, ClaimName, Object, Rule, Rules, Values};
use crate::process::Process;
use crate::world::{Acknowledged, NOBODY, OBJECTS, PROCESSES, Promises, SLOTS, Stored, View, World, view};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// POST.
    Create,
    /// A write that changes claimed values.
    Change,
    /// A write that changes none.
    Patch,
    /// The same by a replica that does not know `pending` and drops it.
    DroppingPatch,
    /// A tombstone.
    Delete,
    /// DELETE of the object in place of the tombstone.
    HardDelete,
    /// DELETE of a tombstone.
    Purge,
    /// Undelete.
    Undelete,
    /// The janitor's pass over an object, then over some claims.
    Janitor,
    /// Kubernetes' garbage collector before 1.34: DELETE by uid alone.
    Collector,
    /// The leader turns the rule on attribute 1 on.
    TurnOn,
    /// Somebody brings an object back from a backup, without claims.
    Restore,
}

/// One process.
#[derive(Clone, Debug)]
pub struct Task {
    pub kind: Kind,
    /// Which object; nothing for the collector.
    pub object: u8,
    /// The values of a create; of a change, those that it sets.
    pub values: [Option<u8>; ATTRIBUTES],
    /// The claims that the janitor or the collector looks at.
    pub claims: Vec<ClaimName>,
    /// The objects that the leader claims for, in order.
    pub pass: Vec<u8>,
    /// Whether an older replica does it, which knows no attribute but the name.
    pub old: bool,
    /// Whether its replica has an index that shows something. Without one it looks and sees nobody.
    pub looks: bool,
}

/// A task before its object has a number.
#[derive(Clone, Debug)]
pub struct Plan {
    kind: Kind,
    object: &'static str,
    values: &'static str,
    claims: &'static [&'static str],
    pass: &'static [&'static str],
    old: bool,
}

/// How an object is there at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Owns all its values, acknowledged.
    Held,
    /// Restored: known, without claims.
    Bare,
    /// Restored so soon after it was first made that it does not count as acknowledged: without claims.
    Unclear,
    /// A create that was cut short before its first claim.
    HalfMade,
    /// A tombstone, its claims gone.
    Tombstone,
    /// A tombstone, its dead claims still there.
    TombstoneWithClaims,
}

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub title: String,
    pub tasks: Vec<Task>,
    /// Whether one of the rivals must win.
    pub progress: bool,
    /// Whether answers get lost.
    pub lossy: bool,
    /// Whether those to CREATE X get lost, too.
    pub loses_creates: bool,
    /// Whether the API server may refuse any write for good.
    pub refusing: bool,
    /// Objects that may be in conflict: their values were taken before the janitor could claim them.
    conflicts: [bool; OBJECTS],
    /// Whether every property holds for every object. While a rule is turned on, some hold only for objects that nobody
    /// writes.
    pub strict: bool,
    /// Whether all writers know that the rule is being turned on: then what is in force is held by somebody.
    pub tight: bool,
    /// Objects that a restore brings back, before or while the processes run.
    restored: [bool; OBJECTS],
    /// What each index shows at the start, where the scenario has them.
    index: Option<View>,
    /// Whether each index showed all that a restore brought back when its replica began to serve.
    pub whole: bool,
    /// Objects that own all their values at the start and that nobody writes.
    quiet: [bool; OBJECTS],
    start: Stored,
    promised: Promises,
    names: Vec<&'static str>,
    claims: Vec<ClaimName>,
    /// How many attributes are in use.
    pub attributes: usize,
}

const BLANK: Plan = Plan { kind: Kind::Janitor, object: "", values: "", claims: &[], pass: &[], old: false };

pub fn create(object: &'static str, values: &'static str) -> Plan {
    Plan { kind: Kind::Create, object, values, ..BLANK }
}

/// An object with these values comes back from a backup, without claims.
pub fn restore(object: &'static str, values: &'static str) -> Plan {
    Plan { kind: Kind::Restore, object, values, ..BLANK }
}

/// `values` has a letter for each attribute: `.` as it was, `-` none.
pub fn change(object: &'static str, values: &'static str) -> Plan {
    Plan { kind: Kind::Change, object, values, ..BLANK }
}

pub fn act(kind: Kind, object: &'static str) -> Plan {
    Plan { kind, object, ..BLANK }
}

/// A claim is written as the number of its attribute and the value.
pub fn janitor(object: &'static str, claims: &'static [&'static str]) -> Plan {
    Plan { kind: Kind::Janitor, object, claims, ..BLANK }
}

pub fn collector(claims: &'static [&'static str]) -> Plan {
    Plan { kind: Kind::Collector, claims, ..BLANK }
}

/// The leader turns the rule on attribute 1 on and claims for these objects; the first one counts as acknowledged under the
/// rule if nobody wrote it meanwhile.
pub fn turn_on(pass: &'static [&'static str]) -> Plan {
    Plan { kind: Kind::TurnOn, object: pass[0], pass, ..BLANK }
}

impl Plan {
    /// The same by an older replica.
    pub fn by_older_replica(self) -> Self {
        Self { old: true, ..self }
    }

    pub fn title(&self) -> String {
        format!("{:?} {} {}", self.kind, self.object, self.values).trim_end().to_owned()
    }
}

impl Scenario {
    pub fn new(title: impl Into<String>, objects: &[(&'static str, &'static str, Start)], plans: &[Plan]) -> Self {
        assert!(plans.len() <= PROCESSES, "room for the processes");
        let mut scenario = Self {
            title: title.into(),
            tasks: Vec::new(),
            progress: false,
            lossy: false,
            loses_creates: false,
            refusing: false,
            conflicts: [false; OBJECTS],
            strict: true,
            tight: false,
            restored: [false; OBJECTS],
            index: None,
            whole: false,
            quiet: [false; OBJECTS],
            start: Stored { objects: [None; OBJECTS], holders: [NOBODY; SLOTS], rules: Rules::default() },
            promised: [None; OBJECTS],
            names: objects.iter().map(|(name, ..)| *name).collect(),
            claims: Vec::new(),
            attributes: 0,
        };
        let written = objects.iter().map(|(_, values, _)| *values).chain(plans.iter().map(|plan| plan.values));
        scenario.attributes = written.clone().map(str::len).max().unwrap_or_default();
        let claims: BTreeSet<ClaimName> = written.flat_map(named).collect();
        scenario.claims = claims.into_iter().collect();
        for (name, values, start) in objects {
            scenario.place(name, values, *start);
        }
        for plan in plans {
            let task = scenario.task(plan);
            if task.kind == Kind::Restore {
                scenario.restored[usize::from(task.object)] = true;
            }
            if !matches!(task.kind, Kind::Janitor | Kind::TurnOn | Kind::Collector) {
                scenario.quiet[usize::from(task.object)] = false;
            }
            scenario.tasks.push(task);
        }
        scenario
    }

    /// A dead claim that is there at the start, on a value that a process names.
    pub fn with_dead_claim(mut self, claim: &'static str, holder: &'static str) -> Self {
        let (slot, holder) = (self.slot(parse_claim(claim)), self.number(holder));
        self.start.holders[slot] = holder;
        self
    }

    /// Every replica has an index. It is whole when the replica begins to serve, and may lag behind from then on.
    pub fn with_indexes(mut self) -> Self {
        self.index = Some(view(&self.start));
        self.whole = self.tasks.iter().all(|task| task.kind != Kind::Restore);
        for task in &mut self.tasks {
            task.looks = matches!(task.kind, Kind::Create | Kind::Change | Kind::Undelete);
        }
        self
    }

    /// The indexes show these values of an object, which has changed since.
    pub fn with_stale_indexes(mut self, name: &'static str, values: &'static str) -> Self {
        let number = self.number(name);
        let shown = Object::new(number, values_of(values)).shown();
        self = self.with_indexes();
        if let Some(view) = &mut self.index {
            view[usize::from(number)] = shown;
        }
        self
    }

    pub fn with_progress(mut self) -> Self {
        self.progress = true;
        self
    }

    pub fn with_conflicts(mut self, names: &[&'static str]) -> Self {
        for name in names {
            let number = self.number(name);
            self.conflicts[usize::from(number)] = true;
        }
        self
    }

    pub fn with_lost_answers(mut self) -> Self {
        self.lossy = true;
        self
    }

    pub fn with_lost_creates(mut self) -> Self {
        self.loses_creates = true;
        self.with_lost_answers()
    }

    pub fn with_refusals(mut self) -> Self {
        self.refusing = true;
        self
    }

    /// The rule on attribute 1 as it is at the start: the claims of what is not claimed yet are not there, and nobody was
    /// told that the value is theirs. Properties hold for objects that nobody writes.
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self = self.with_rule_of_old(rule);
        if rule == Rule::Off {
            for (holder, _) in self.start.holders.iter_mut().zip(&self.claims).filter(|(_, claim)| claim.0 == ATTRIBUTE)
            {
                *holder = NOBODY;
            }
        }
        self
    }

    /// The same with the claims that are left from an earlier time in force.
    pub fn with_rule_of_old(mut self, rule: Rule) -> Self {
        self.strict = false;
        let attribute = usize::from(ATTRIBUTE);
        self.start.rules[attribute] = rule;
        for promise in self.promised.iter_mut().flatten() {
            promise.binding[attribute] = rule == Rule::InForce;
        }
        self
    }

    /// All writers know that the rule is being turned on.
    pub fn with_tight_rule(mut self) -> Self {
        self.tight = true;
        self
    }

    fn place(&mut self, name: &'static str, values: &'static str, start: Start) {
        let number = self.number(name);
        let mut object = Object::new(number, values_of(values));
        object.deleted = matches!(start, Start::Tombstone | Start::TombstoneWithClaims);
        object.known = start == Start::Bare;
        object.spared = start == Start::Unclear;
        self.restored[usize::from(number)] = object.known || object.spared;
        if matches!(start, Start::Held | Start::TombstoneWithClaims) {
            for claim in named(values) {
                let slot = self.slot(claim);
                self.start.holders[slot] = number;
            }
        }
        if start == Start::Held {
            self.quiet[usize::from(number)] = true;
            self.promised[usize::from(number)] = Some(Acknowledged { values: object.values, binding: [true; 3] });
        }
        self.start.objects[usize::from(number)] = Some(object);
    }

    fn task(&mut self, plan: &Plan) -> Task {
        let object = if plan.object.is_empty() { NOBODY } else { self.number(plan.object) };
        let mut values = [None; ATTRIBUTES];
        for (value, letter) in values.iter_mut().zip(plan.values.bytes()) {
            *value = match letter {
                b'.' => None,
                b'-' => Some(0),
                letter => Some(letter),
            };
        }
        let claims = plan.claims.iter().map(|claim| parse_claim(claim)).collect();
        let pass = plan.pass.iter().map(|name| self.number(name)).collect();
        Task { kind: plan.kind, object, values, claims, pass, old: plan.old, looks: false }
    }

    fn number(&mut self, name: &'static str) -> u8 {
        let at = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            assert!(self.names.len() <= OBJECTS, "room for the objects");
            self.names.len() - 1
        });
        u8::try_from(at).expect("few objects")
    }

    /// The first state.
    pub fn start(&self) -> World {
        let process = |task: &Task| Process { view: self.index.filter(|_| task.looks), ..Process::new(task) };
        let processes = self.tasks.iter().map(process).collect();
        World { stored: self.start, promised: self.promised, processes }
    }

    /// Where the claim on a value stands.
    pub fn slot(&self, claim: ClaimName) -> usize {
        self.claims.iter().position(|known| *known == claim).expect("a claim of the scenario")
    }

    /// All claims that there can be.
    pub fn claims(&self) -> &[ClaimName] {
        &self.claims
    }

    /// How many objects there can be.
    pub fn objects(&self) -> u8 {
        u8::try_from(self.names.len()).expect("few objects")
    }

    /// Whether nobody may take a claim from this object while it is alive and names the value.
    pub fn stands_for(&self, object: u8) -> bool {
        self.strict || self.is_quiet(object)
    }

    /// Whether this object owns all its values at the start and nobody writes it.
    pub fn is_quiet(&self, object: u8) -> bool {
        self.quiet[usize::from(object)]
    }

    /// Whether a restore brings this object back.
    pub fn is_restored(&self, object: u8) -> bool {
        self.restored[usize::from(object)]
    }

    /// Whether somebody had been told before the start that this object has this value.
    pub fn was_promised(&self, object: u8, attribute: usize, value: u8) -> bool {
        self.promised[usize::from(object)].is_some_and(|promise| promise.values[attribute] == value)
    }

    /// Whether this object may be in conflict.
    pub fn may_conflict(&self, object: u8) -> bool {
        self.conflicts[usize::from(object)]
    }

    /// Whether somebody creates this object, so that nobody else knows it before it is visible.
    pub fn is_created(&self, object: u8) -> bool {
        self.tasks.iter().any(|task| task.kind == Kind::Create && task.object == object)
    }

    pub fn object_title(&self, object: u8) -> &'static str {
        self.names.get(usize::from(object)).copied().unwrap_or("nobody")
    }

    pub fn claim_title(&self, claim: ClaimName) -> String {
        format!("{}={}", claim.0, char::from(claim.1))
    }
}

impl Task {
    /// The values of an object after this task has set its own.
    pub fn set(&self, mut values: Values) -> Values {
        for (value, set) in values.iter_mut().zip(self.values) {
            *value = set.unwrap_or(*value);
        }
        values
    }
}

fn values_of(text: &str) -> Values {
    let mut values = Values::default();
    for (value, letter) in values.iter_mut().zip(text.bytes()) {
        *value = if letter == b'-' { 0 } else { letter };
    }
    values
}

fn named(text: &'static str) -> impl Iterator<Item = ClaimName> {
    (0..).zip(text.bytes()).filter(|(_, value)| !b".-".contains(value))
}

fn parse_claim(text: &str) -> ClaimName {
    match *text.as_bytes() {
        [attribute, value] => (attribute - b'0', value),
        _ => panic!("a claim is a digit and a letter"),
    }
}
