//! An object and a claim in a few bytes: the second implementation of what the steps know of an object.

use rollcall::store::claims::step::Subject;

/// The most attributes that a scenario claims. The first one is the name.
pub const ATTRIBUTES: usize = 3;
/// Values of the attributes; 0 is none.
pub type Values = [u8; ATTRIBUTES];

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
    pub known: bool,
    pub order: Order,
}

/// The claim on a value, by attribute and value.
pub type ClaimName = (u8, u8);

/// One value of one attribute. The rank comes first, so it is the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unique {
    rank: u16,
    pub attribute: u8,
    pub value: u8,
}

/// A claim as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    pub on: ClaimName,
    pub holder: u8,
    pub version: u8,
}

impl Object {
    pub fn new(name: u8, values: Values) -> Self {
        Self { name, version: CURRENT, values, ..Self::default() }
    }

    fn unique(&self, values: Values) -> Vec<Unique> {
        let mut unique = Vec::new();
        for (attribute, value) in (0..).zip(values) {
            if value != 0 {
                unique.push(Unique { rank: self.order.rank(attribute, value), attribute, value });
            }
        }
        unique
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
        self.unique(self.values)
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

    fn claim_name(value: &Unique) -> ClaimName {
        (value.attribute, value.value)
    }

    fn holder(claim: &Claim) -> u8 {
        claim.holder
    }

    fn understands(_: &Claim) -> bool {
        true
    }
}
