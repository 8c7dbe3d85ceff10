//! What an observation came to, counted so that replicas and restarts can join what they saw.
//!
//! A tally only grows: whoever was counted stays counted. Two tallies are joined by joining their sets, so it does not matter
//! in which order, how often and by whom.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::sketch::Sketch;
use super::{Difference, ObservedOutcome};
use crate::rules::resource::Resource;

/// Bounds of a report: with all of them reached it takes less than 256 KiB.
pub struct ReportLimits;

impl ReportLimits {
    /// Most examples of one outcome.
    pub const EXAMPLES: usize = 25;
    /// Most attributes of one example.
    pub const ATTRIBUTES: usize = 12;
    /// Most bytes of the path of an attribute.
    pub const PATH: usize = 64;
    /// Most bytes of an id. Ours are no longer; a client may ask for any.
    pub const ID: usize = 63;
    /// Most bytes of a name.
    pub const NAME: usize = 128;
    /// Most bytes of the sentence of a refusal.
    pub const DETAIL: usize = 256;
    /// Most reasons that are told apart.
    pub const REASONS: usize = 16;
}

/// Somebody about whom something is noted.
#[derive(Clone, Copy, Debug)]
pub struct WouldBe<'a> {
    /// A user or a group.
    pub kind: Resource,
    /// The SCIM id; empty where a create would be refused.
    pub id: &'a str,
    /// `userName` or `displayName`.
    pub name: &'a str,
}

/// A refusal.
#[derive(Clone, Copy, Debug)]
pub struct ObservedRefusal<'a> {
    /// Its `scimType`, or a word of ours.
    pub reason: &'a str,
    /// The sentence, without the values in it.
    pub detail: &'a str,
}

/// What an observation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    outcomes: BTreeMap<(Resource, ObservedOutcome), Sketch>,
    joined: Sketch,
    left: Sketch,
    refusals: BTreeMap<String, Sketch>,
    /// By outcome, and then in the order in which they came.
    examples: BTreeMap<ObservedOutcome, Vec<Example>>,
    /// When the last request came.
    pub last_request_at: Option<Timestamp>,
    /// When the last request came that would have written.
    pub last_write_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Example {
    kind: Resource,
    id: String,
    name: String,
    attributes: Vec<String>,
    reason: String,
    detail: String,
}

impl Tally {
    /// Notes that a request came.
    pub fn request(&mut self, at: Timestamp, is_write: bool) {
        self.last_request_at = self.last_request_at.max(Some(at));
        if is_write {
            self.last_write_at = self.last_write_at.max(Some(at));
        }
    }

    /// Notes what would happen to somebody.
    pub fn difference(&mut self, who: WouldBe<'_>, difference: &Difference) {
        for outcome in &difference.outcomes {
            self.count(who, *outcome);
            let attributes: &[_] = if *outcome == ObservedOutcome::Change { &difference.attributes } else { &[] };
            self.example(*outcome, Example::of(who, attributes, None));
        }
    }

    /// Notes that somebody would be refused.
    pub fn refusal(&mut self, who: WouldBe<'_>, refused: ObservedRefusal<'_>) {
        self.count(who, ObservedOutcome::Refuse);
        let is_known = self.refusals.contains_key(refused.reason) || self.refusals.len() + 1 < ReportLimits::REASONS;
        let reason = if is_known { refused.reason } else { "other" };
        let refusals = self.refusals.entry(reason.to_owned()).or_default();
        refusals.insert(&[who.kind.schema().name, who.key()]);
        self.example(ObservedOutcome::Refuse, Example::of(who, &[], Some(refused)));
    }

    /// Notes that somebody would join or leave a group.
    pub fn membership(&mut self, group: &str, member: &str, joins: bool) {
        let sketch = if joins { &mut self.joined } else { &mut self.left };
        sketch.insert(&[group, member]);
    }

    fn count(&mut self, who: WouldBe<'_>, outcome: ObservedOutcome) {
        let sketch = self.outcomes.entry((who.kind, outcome)).or_default();
        sketch.insert(&[who.kind.schema().name, who.key()]);
    }

    /// Keeps an example while there is room; who is one already is told of anew.
    fn example(&mut self, outcome: ObservedOutcome, example: Example) {
        let examples = self.examples.entry(outcome).or_default();
        if let Some(known) = examples.iter_mut().find(|known| known.is_of(&example)) {
            known.take(example);
        } else if examples.len() < ReportLimits::EXAMPLES {
            examples.push(example);
        }
    }

    /// Adds what another replica saw, or this one before it was started anew.
    pub fn join(&mut self, other: &Self) {
        let Self { outcomes, joined, left, refusals, examples, last_request_at, last_write_at } = other;
        for (place, sketch) in outcomes {
            self.outcomes.entry(*place).or_default().join(sketch);
        }
        self.joined.join(joined);
        self.left.join(left);
        for (reason, sketch) in refusals {
            let is_known = self.refusals.contains_key(reason) || self.refusals.len() + 1 < ReportLimits::REASONS;
            let reason = if is_known { reason.as_str() } else { "other" };
            self.refusals.entry(reason.to_owned()).or_default().join(sketch);
        }
        for (outcome, examples) in examples {
            examples.iter().for_each(|example| self.example(*outcome, example.clone()));
        }
        self.last_request_at = self.last_request_at.max(*last_request_at);
        self.last_write_at = self.last_write_at.max(*last_write_at);
    }

    /// How many something would happen to.
    pub fn number(&self, kind: Resource, outcome: ObservedOutcome) -> i64 {
        self.outcomes.get(&(kind, outcome)).map_or(0, Sketch::count)
    }

    /// The tally that a status holds.
    pub fn of_status(status: &Value) -> Self {
        let sketch = |name: &str| status["counted"][name].as_str().map(Sketch::from_text).unwrap_or_default();
        let mut tally = Self { joined: sketch(JOINED), left: sketch(LEFT), ..Self::default() };
        for (kind, outcome) in places() {
            let sketch = sketch(&place_name(kind, outcome));
            if !sketch.is_empty() {
                tally.outcomes.insert((kind, outcome), sketch);
            }
        }
        let refusals = status["refusals"].as_array().into_iter().flatten();
        for reason in refusals.filter_map(|refusals| refusals["reason"].as_str()).take(ReportLimits::REASONS) {
            tally.refusals.insert(reason.to_owned(), sketch(&refusal_name(reason)));
        }
        for example in status["examples"].as_array().into_iter().flatten() {
            let outcome = ObservedOutcome::ALL.into_iter().find(|outcome| example["outcome"] == outcome.as_str());
            if let (Some(outcome), Some(example)) = (outcome, Example::of_json(example)) {
                tally.example(outcome, example);
            }
        }
        let time = |name: &str| status[name].as_str().and_then(|time| time.parse().ok());
        (tally.last_request_at, tally.last_write_at) = (time("lastRequestAt"), time("lastWriteAt"));
        tally
    }

    /// The fields of a status that hold it.
    pub fn to_status(&self) -> Map<String, Value> {
        let number = |kind, outcome| self.number(kind, outcome);
        let mut counted = Map::new();
        let mut keep = |name: String, sketch: &Sketch| {
            if !sketch.is_empty() {
                counted.insert(name, sketch.to_text().into());
            }
        };
        self.outcomes.iter().for_each(|((kind, outcome), sketch)| keep(place_name(*kind, *outcome), sketch));
        self.refusals.iter().for_each(|(reason, sketch)| keep(refusal_name(reason), sketch));
        keep(JOINED.to_owned(), &self.joined);
        keep(LEFT.to_owned(), &self.left);
        let refusals = self.refusals.iter();
        let refusals: Vec<_> =
            refusals.map(|(reason, sketch)| json!({ "reason": reason, "count": sketch.count() })).collect();
        let examples = self
            .examples
            .iter()
            .flat_map(|(outcome, examples)| examples.iter().map(|example| example.to_json(*outcome)));
        let mut status = Map::new();
        let mut set = |name: &str, value: Value| drop(status.insert(name.to_owned(), value));
        set(
            "users",
            json!({
                "wouldCreate": number(Resource::User, ObservedOutcome::Create),
                "wouldChange": number(Resource::User, ObservedOutcome::Change),
                "wouldDeactivate": number(Resource::User, ObservedOutcome::Deactivate),
                "wouldDelete": number(Resource::User, ObservedOutcome::Delete),
                "wouldRefuse": number(Resource::User, ObservedOutcome::Refuse),
            }),
        );
        set(
            "groups",
            json!({
                "wouldCreate": number(Resource::Group, ObservedOutcome::Create),
                "wouldChange": number(Resource::Group, ObservedOutcome::Change),
                "wouldDelete": number(Resource::Group, ObservedOutcome::Delete),
                "wouldRefuse": number(Resource::Group, ObservedOutcome::Refuse),
            }),
        );
        set("members", json!({ "wouldAdd": self.joined.count(), "wouldRemove": self.left.count() }));
        set("refusals", refusals.into());
        set("examples", examples.collect::<Vec<_>>().into());
        set("counted", counted.into());
        for (name, time) in [("lastRequestAt", self.last_request_at), ("lastWriteAt", self.last_write_at)] {
            if let Some(time) = time {
                set(name, in_seconds(time).into());
            }
        }
        status
    }
}

impl WouldBe<'_> {
    /// What tells it from others: who would be refused before there is an id has a name.
    fn key(&self) -> &str {
        if self.id.is_empty() { self.name } else { self.id }
    }
}

impl Example {
    fn of(who: WouldBe<'_>, attributes: &[String], refused: Option<ObservedRefusal<'_>>) -> Self {
        let (reason, detail) = refused.map_or(("", ""), |refused| (refused.reason, refused.detail));
        let mut example = Self {
            kind: who.kind,
            id: start(who.id, ReportLimits::ID),
            name: start(who.name, ReportLimits::NAME),
            attributes: Vec::new(),
            reason: start(reason, ReportLimits::PATH),
            detail: start(detail, ReportLimits::DETAIL),
        };
        example.add(attributes);
        example
    }

    fn is_of(&self, other: &Self) -> bool {
        self.kind == other.kind
            && if self.id.is_empty() && other.id.is_empty() { self.name == other.name } else { self.id == other.id }
    }

    /// What is told later of the same one.
    fn take(&mut self, later: Self) {
        let Self { kind: _, id: _, name, attributes, reason, detail } = later;
        if !name.is_empty() {
            self.name = name;
        }
        self.add(&attributes);
        if !reason.is_empty() {
            (self.reason, self.detail) = (reason, detail);
        }
    }

    fn add(&mut self, attributes: &[String]) {
        self.attributes.extend(attributes.iter().map(|path| start(path, ReportLimits::PATH)));
        self.attributes.sort();
        self.attributes.dedup();
        self.attributes.truncate(ReportLimits::ATTRIBUTES);
    }

    fn to_json(&self, outcome: ObservedOutcome) -> Value {
        let Self { kind, id, name, attributes, reason, detail } = self;
        let mut json = json!({ "outcome": outcome.as_str(), "kind": kind.schema().name });
        for (field, text) in [("id", id), ("name", name), ("reason", reason), ("detail", detail)] {
            if !text.is_empty() {
                json[field] = text.as_str().into();
            }
        }
        if !attributes.is_empty() {
            json["attributes"] = attributes.as_slice().into();
        }
        json
    }

    fn of_json(json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().unwrap_or_default();
        let kind = Resource::ALL.into_iter().find(|kind| kind.schema().name == text("kind"))?;
        let attributes = json["attributes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let attributes: Vec<_> = attributes.map(str::to_owned).collect();
        let who = WouldBe { kind, id: text("id"), name: text("name") };
        let refused = ObservedRefusal { reason: text("reason"), detail: text("detail") };
        Some(Self::of(who, &attributes, Some(refused)))
    }
}

const JOINED: &str = "members.added";
const LEFT: &str = "members.removed";

fn places() -> impl Iterator<Item = (Resource, ObservedOutcome)> {
    Resource::ALL.into_iter().flat_map(|kind| ObservedOutcome::ALL.map(|outcome| (kind, outcome)))
}

fn place_name(kind: Resource, outcome: ObservedOutcome) -> String {
    format!("{}.{}", kind.schema().endpoint.to_lowercase(), outcome.as_str().to_lowercase())
}

fn refusal_name(reason: &str) -> String {
    format!("refusals.{reason}")
}

/// The start of a text, of at most so many bytes.
fn start(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text[..end].to_owned()
}

/// The whole second that a time is in: the API server keeps no fractions.
fn in_seconds(time: Timestamp) -> String {
    format!("{time:.0}")
}
