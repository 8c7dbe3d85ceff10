//! What must hold in every state (safety), and what the janitor alone must reach from every state (liveness).
//!
//! S1 Nobody takes or removes a claim from a holder that exists, is not deleted, and names the value as committed
//!    (`api_server`).
//! S2 An acknowledged object exists, has the values acknowledged last, and owns all of them.
//! S3 A visible object (owns its name, not deleted, not rejected) owns all its values, unless it is known and had lost
//!    them before: no half-made object is ever seen.
//! S4 No two visible objects name the same value, unless one is such a conflict.
//! S5 The janitor removes no known object, and none that a restore brought back (`explore`).
//! S6 No create or change is acknowledged for a value that a live restored object names and that the index of its replica
//!    showed when it looked. Where every index was whole from the start, and nothing is restored since: for no value that
//!    a live restored object names.
//!
//! Visible is an object that is neither deleted nor rejected and owns its name; or that a restore may have brought back
//! while no other live object owns its name: nobody who was restored is missing from a list.
//!
//! Where a rule is turned on, S1 and S3 hold for objects that nobody writes, S2 for what was acknowledged under the rule in
//! force, and S4 for nobody: writers with the old rule are on their way. Liveness is for all.
//!
//! Liveness: after the janitor alone, every object is deleted, or owns all its values, or is known and a live object holds
//! the value, or is spared and in conflict over one of its values; nothing is pending or rejected, no claim is dead, and S2 to S4 hold.

use rollcall::store::claims::step::is_live;

use crate::explore::Explorer;
use crate::object::{CURRENT, Claim, ClaimName, Object, Rule};
use crate::process::{Process, Told};
use crate::scenario::{Kind, Scenario, Task};
use crate::world::{NOBODY, Promises, Stored, Violation};

/// How often the janitor passes over everything until nothing changes.
const PASSES: usize = 12;

/// Checks S2, S3, S4 and S6.
pub fn safety(scenario: &Scenario, stored: &Stored, promised: &Promises) -> Result<(), Violation> {
    for name in 0..scenario.objects() {
        kept(scenario, stored, promised, name)?;
    }
    if scenario.whole {
        no_twins(scenario, stored, promised)?;
    }
    if !scenario.strict {
        return while_turned_on(scenario, stored);
    }
    let mut shown: Vec<Object> = Vec::new();
    for object in stored.objects.iter().copied().flatten() {
        if !is_visible(scenario, stored, &object) {
            continue;
        }
        let title = scenario.object_title(object.name);
        if let Some(attribute) = lacking(scenario, stored, &object).next() {
            if (object.known || object.spared) && scenario.may_conflict(object.name) {
                continue;
            }
            // What a restore brought back is seen before it has its claims.
            if !((object.known || object.spared) && scenario.is_restored(object.name)) {
                return Err(Violation(format!("S3: {title} is visible and does not own attribute {attribute}")));
            }
        }
        let equal =
            |other: &&Object| other.values.iter().zip(object.values).any(|(value, own)| own != 0 && *value == own);
        if let Some(other) = shown.iter().find(equal) {
            let other = scenario.object_title(other.name);
            return Err(Violation(format!("S4: {title} and {other} are visible with the same value")));
        }
        shown.push(object);
    }
    Ok(())
}

/// S3 while a rule is turned on.
fn while_turned_on(scenario: &Scenario, stored: &Stored) -> Result<(), Violation> {
    for object in stored.objects.iter().flatten() {
        let title = scenario.object_title(object.name);
        for attribute in lacking(scenario, stored, object) {
            if scenario.is_quiet(object.name) {
                return Err(Violation(format!(
                    "S3: {title}, which nobody wrote, lacks attribute {attribute}, now in force"
                )));
            }
            let nobody = holder(scenario, stored, attribute, object.values[attribute]) == NOBODY;
            if scenario.tight && nobody && is_visible(scenario, stored, object) {
                return Err(Violation(format!("S3: {title} is visible, and nobody holds its attribute {attribute}")));
            }
        }
    }
    Ok(())
}

/// S2 for one object.
fn kept(scenario: &Scenario, stored: &Stored, promised: &Promises, name: u8) -> Result<(), Violation> {
    let Some(promise) = promised[usize::from(name)] else { return Ok(()) };
    let title = scenario.object_title(name);
    let Some(object) = stored.objects[usize::from(name)].filter(|object| !object.deleted) else {
        return Err(Violation(format!("S2: acknowledged {title} is lost")));
    };
    for attribute in 0..scenario.attributes {
        if !promise.binding[attribute] {
            continue;
        }
        let value = promise.values[attribute];
        if object.values[attribute] != value {
            return Err(Violation(format!("S2: acknowledged {title} has another attribute {attribute}")));
        }
        if value != 0 && holder(scenario, stored, attribute, value) != name {
            return Err(Violation(format!("S2: acknowledged {title} does not own attribute {attribute}")));
        }
    }
    Ok(())
}

fn holder(scenario: &Scenario, stored: &Stored, attribute: usize, value: u8) -> u8 {
    let attribute = u8::try_from(attribute).expect("few attributes");
    stored.holders[scenario.slot((attribute, value))]
}

/// Whether lists and filters show an object.
pub fn is_visible(scenario: &Scenario, stored: &Stored, object: &Object) -> bool {
    let holder = holder(scenario, stored, 0, object.values[0]);
    let others = holder != object.name && is_held(stored, (0, object.values[0]), holder);
    !object.deleted && !object.rejected && (holder == object.name || (object.known || object.spared) && !others)
}

/// Whether a claim has a holder and is alive.
fn is_held(stored: &Stored, on: ClaimName, holder: u8) -> bool {
    let object = stored.objects.get(usize::from(holder)).copied().flatten();
    object.is_some_and(|object| is_live(&Claim { on, holder, version: CURRENT, understood: true }, &object))
}

/// S6 where everything that a restore brought back was shown from the start.
fn no_twins(scenario: &Scenario, stored: &Stored, promised: &Promises) -> Result<(), Violation> {
    let restored = stored.objects.iter().flatten();
    for object in restored.filter(|object| scenario.is_restored(object.name) && !object.deleted) {
        for (other, promise) in (0..).zip(promised).filter(|(other, _)| *other != object.name) {
            let Some(promise) = promise else { continue };
            let shared = |attribute: usize| {
                let value = promise.values[attribute];
                let told_before = scenario.was_promised(other, attribute, value);
                value != 0 && promise.binding[attribute] && value == object.values[attribute] && !told_before
            };
            if let Some(attribute) = (0..scenario.attributes).find(|attribute| shared(*attribute)) {
                let (title, other) = (scenario.object_title(object.name), scenario.object_title(other));
                return Err(Violation(format!("S6: {other} was acknowledged with attribute {attribute} of {title}")));
            }
        }
    }
    Ok(())
}

/// S6 for one acknowledgement: what the index showed, somebody must have read.
pub fn saw_nobody(scenario: &Scenario, stored: &Stored, process: &Process, told: Told) -> Result<(), Violation> {
    let (Told::All(object) | Told::Changed(object)) = told else { return Ok(()) };
    let live = stored.objects.iter().flatten().filter(|rival| !rival.deleted && rival.name != object.name);
    for rival in live.filter(|rival| scenario.is_restored(rival.name)) {
        for attribute in 0..scenario.attributes {
            let shared = object.values[attribute] != 0 && object.values[attribute] == rival.values[attribute];
            if shared && process.saw[attribute] & 1 << rival.name != 0 {
                let (title, rival) = (scenario.object_title(object.name), scenario.object_title(rival.name));
                return Err(Violation(format!("S6: {title} is acknowledged with attribute {attribute} of {rival}")));
            }
        }
    }
    Ok(())
}

/// The attributes in force whose value an object does not own.
fn lacking<'a>(scenario: &'a Scenario, stored: &'a Stored, object: &'a Object) -> impl Iterator<Item = usize> + 'a {
    (0..scenario.attributes).filter(|attribute| {
        let value = object.values[*attribute];
        let in_force = stored.rules[*attribute] == Rule::InForce;
        in_force && value != 0 && holder(scenario, stored, *attribute, value) != object.name
    })
}

/// Runs the janitor alone, over every object and then over every claim, until nothing changes.
pub fn settle(explorer: &Explorer<'_>, mut stored: Stored) -> Result<Stored, Violation> {
    let scenario = explorer.scenario;
    let pass = |object, claims| Task {
        kind: Kind::Janitor,
        object,
        values: [None; 3],
        claims,
        pass: Vec::new(),
        old: false,
        looks: false,
    };
    for _ in 0..PASSES {
        let before = stored;
        for object in 0..scenario.objects() {
            if stored.objects[usize::from(object)].is_some() {
                explorer.run_alone(&mut stored, &pass(object, Vec::new()))?;
            }
        }
        explorer.run_alone(&mut stored, &pass(NOBODY, scenario.claims().to_vec()))?;
        if stored == before {
            break;
        }
    }
    Ok(stored)
}

/// Checks what the janitor has left.
pub fn settled(scenario: &Scenario, stored: &Stored, promised: &Promises) -> Result<(), Violation> {
    safety(scenario, stored, promised)?;
    let live = |attribute: usize, value: u8| {
        let on = (u8::try_from(attribute).expect("few attributes"), value);
        let holder = stored.holders[scenario.slot(on)];
        is_held(stored, on, holder)
    };
    for object in stored.objects.iter().flatten() {
        let title = scenario.object_title(object.name);
        if object.pending != [0; 3] {
            return Err(Violation(format!("liveness: {title} stays pending")));
        }
        if object.rejected {
            return Err(Violation(format!("liveness: {title} stays rejected")));
        }
        if object.deleted {
            continue;
        }
        let in_conflict = lacking(scenario, stored, object).any(|attribute| live(attribute, object.values[attribute]));
        for attribute in lacking(scenario, stored, object) {
            // One that is spared gets the rest of its values once its age makes it known.
            if object.spared && in_conflict {
                continue;
            }
            if !object.known || !live(attribute, object.values[attribute]) {
                return Err(Violation(format!(
                    "liveness: {title} does not own attribute {attribute}, nothing says so"
                )));
            }
        }
    }
    for (attribute, value) in scenario.claims() {
        if stored.holders[scenario.slot((*attribute, *value))] != NOBODY && !live(usize::from(*attribute), *value) {
            let claim = scenario.claim_title((*attribute, *value));
            return Err(Violation(format!("liveness: dead claim {claim} stays")));
        }
    }
    Ok(())
}
