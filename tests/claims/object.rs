//! An object and a claim in a few bytes: the second implementation of what the steps know of an object.

use rollcall::store::claims::step::Subject;

/// The most attributes that a scenario claims. The first one is the name.
pub const ATTRIBUTES: usize = 3;
/// Values of the attributes; 0 is none.
pub type Values = [u8; ATTRIBUTES];

/// How far the rule on an attribute is on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Nothing is claimed.
    Off,
    /// Values are claimed, and a taken one is no error.
    Claiming,
    /// A second use is refused.
    #[default]
    InForce,
}

/// The rules on the attributes; that on the name is always in force.
pub type Rules = [Rule; ATTRIBUTES];

/// The version of an object or claim that is no longer current.
pub const STALE: u8 = 0;
/// The version of everything in the store.
pub const CURRENT: u8 = 1;
/// The version of what the call under way has written, until the call is over.
pub const WRITTEN: u8 = 2;

/// In which order an object acquires its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// The name last, the others ascending.
    #[default]
    NameLast,
    /// The name first.
    NameFirst,
    /// The name last, the others descending.
    Descending,
}

/// A user or group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Object {
    pub name: u8,
    pub version: u8,
    pub values: Values,
    pub pending: Values,
    pub deleted: bool,
    pub rejected: bool,
    /// Counts as acknowledged.
    pub known: bool,
    /// Does not, and the janitor leaves it alone all the same: a restore may have brought it back.
    pub spared: bool,
    pub order: Order,
    /// What whoever read it believes to be in force.
    pub rules: Rules,
}

/// What an index shows of a user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    pub values: Values,
    pub pending: Values,
}

impl Shown {
    /// Whether it names this value, as committed or in a change in progress.
    pub fn names(&self, value: Unique) -> bool {
        [self.values, self.pending].iter().any(|values| values[usize::from(value.attribute)] == value.value)
    }
}

/// The claim on a value, by attribute and value.
pub type ClaimName = (u8, u8);

/// One value of one attribute. The rank comes first, so it is the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unique {
    rank: u16,
    pub attribute: u8,
    pub value: u8,
    optional: bool,
}

/// A claim as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    pub on: ClaimName,
    pub holder: u8,
    pub version: u8,
    /// Whether whoever read it knows the attribute.
    pub understood: bool,
}

impl Object {
    pub fn new(name: u8, values: Values) -> Self {
        Self { name, version: CURRENT, values, ..Self::default() }
    }

    fn unique(&self, values: Values) -> Vec<Unique> {
        (0..).zip(values).filter_map(|(attribute, value)| self.unique_value(attribute, value)).collect()
    }

    fn unique_value(&self, attribute: u8, value: u8) -> Option<Unique> {
        let optional = self.rules[usize::from(attribute)] == Rule::Claiming;
        (value != 0).then(|| Unique { rank: self.order.rank(attribute, value), attribute, value, optional })
    }

    /// What an index keeps of it: the values that it names, unless it is deleted or rejected.
    pub fn shown(&self) -> Option<Shown> {
        (!self.deleted && !self.rejected).then_some(Shown { values: self.values, pending: self.pending })
    }

    /// The value of one attribute, whatever the rules are.
    pub fn value_of(&self, attribute: u8) -> Option<Unique> {
        self.unique_value(attribute, self.values[usize::from(attribute)])
    }
}

impl Order {
    fn rank(self, attribute: u8, value: u8) -> u16 {
        let place = u16::from_be_bytes([attribute, value]);
        match self {
            Self::NameLast | Self::Descending if attribute == 0 => u16::MAX,
            Self::NameLast | Self::NameFirst => place,
            Self::Descending => u16::MAX - place,
        }
    }
}

impl Subject for Object {
    type Name = u8;
    type Value = Unique;
    type ClaimName = ClaimName;
    type Claim = Claim;

    fn name(&self) -> u8 {
        self.name
    }

    fn committed(&self) -> Vec<Unique> {
        let mut claimed = self.unique(self.values);
        claimed.retain(|value| self.rules[usize::from(value.attribute)] != Rule::Off);
        claimed
    }

    fn pending(&self) -> Vec<Unique> {
        self.unique(self.pending)
    }

    fn name_claim(&self) -> ClaimName {
        (0, self.values[0])
    }

    fn is_deleted(&self) -> bool {
        self.deleted
    }

    fn is_rejected(&self) -> bool {
        self.rejected
    }

    fn is_known(&self) -> bool {
        self.known
    }

    fn is_spared(&self) -> bool {
        self.spared
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn wants(&self, claim: &Claim) -> bool {
        self.pending[usize::from(claim.on.0)] == claim.on.1
    }

    fn has(&self, claim: &Claim) -> bool {
        self.values[usize::from(claim.on.0)] == claim.on.1
    }

    fn set_pending(&mut self, values: &[Unique]) {
        self.pending = Values::default();
        for value in values {
            self.pending[usize::from(value.attribute)] = value.value;
        }
    }

    fn reject(&mut self) {
        self.rejected = true;
    }

    fn acknowledge(&mut self) {
        self.rejected = false;
        self.known = true;
    }

    fn at_version_of(mut self, read: &Self) -> Self {
        self.version = read.version;
        self
    }

    fn is_optional(value: &Unique) -> bool {
        value.optional
    }

    fn claim_name(value: &Unique) -> ClaimName {
        (value.attribute, value.value)
    }

    fn holder(claim: &Claim) -> u8 {
        claim.holder
    }

    fn understands(claim: &Claim) -> bool {
        claim.understood
    }
}
