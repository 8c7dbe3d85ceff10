//! People and groups by chance that a seed decides.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{DEPARTMENTS, GROUP_SUBJECTS, LANGUAGES, Language, NameOrder, ROLES, SIGNS, SpelledName, TITLES};
use super::{AppRole, Group, SourcePerson, Tenant};
use crate::simulator::random::Random;

/// How many people report to one.
const SPAN_OF_CONTROL: usize = 8;
/// How many of a hundred people have no manager although they are not at the top.
const WITHOUT_MANAGER: usize = 3;
/// How many of a hundred people are guests.
const GUESTS: usize = 5;
/// How many of a hundred members have no mailbox.
const WITHOUT_MAIL: usize = 12;
/// How many of a hundred addresses are written with capitals: a server that lowers them does not return what was sent.
const WITH_CAPITALS: usize = 40;
/// The sizes of small groups; beside them there is an empty one, one of everybody, and a few of a tenth.
const SMALL_SIZES: [usize; 6] = [1, 2, 5, 12, 30, 80];
/// Where guests come from.
const PARTNER: &str = "partner.example";

/// What decides a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// Decides everything else.
    pub seed: u64,
    /// The domain of everybody's names.
    pub domain: String,
    /// Ends each group's name, so that two runs do not meet.
    pub suffix: String,
    /// How many people.
    pub people: usize,
    /// How many groups.
    pub groups: usize,
}

/// The whole tenant.
pub(super) fn source(settings: &TenantSettings) -> Tenant {
    let mut random = Random::fork(settings.seed, "people");
    let people: Vec<_> = (0..settings.people).map(|index| person(index, &settings.domain, &mut random)).collect();
    let mut random = Random::fork(settings.seed, "groups");
    let groups = (0..settings.groups).map(|index| group(index, settings, &mut random)).collect();
    Tenant { domain: settings.domain.clone(), people, groups, sequence: 0 }
}

/// `Anna.Ladas1@Run-1.example`.
fn capitals(address: &str) -> String {
    let mut is_first = true;
    let letters = address.chars().map(|letter| {
        let letter = if is_first { letter.to_ascii_uppercase() } else { letter };
        is_first = !letter.is_ascii_alphanumeric();
        letter
    });
    letters.collect()
}

fn pick<T: Copy>(random: &mut Random, items: &[T], fallback: T) -> T {
    random.pick(items).copied().unwrap_or(fallback)
}

fn person(index: usize, domain: &str, random: &mut Random) -> SourcePerson {
    let language = &LANGUAGES[random.below(LANGUAGES.len())];
    let given: SpelledName = pick(random, language.given, ("A", "a"));
    let family: SpelledName = pick(random, language.family, ("B", "b"));
    let is_guest = index > 0 && random.percent(GUESTS);
    let local = format!("{}.{}{index}", given.1, family.1);
    let home = format!("{local}@{}", if is_guest { PARTNER } else { domain });
    let name = if is_guest { format!("{}#EXT#@{domain}", home.replace('@', "_")) } else { home.clone() };
    let display = match language.order {
        NameOrder::GivenFirst => format!("{} {}", given.0, family.0),
        NameOrder::FamilyFirst => format!("{}{}", family.0, given.0),
    };
    let mut attributes = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            attributes.insert(name.to_owned(), value.to_owned());
        }
    };
    set("userPrincipalName", &name);
    set("mailNickname", &local);
    set("givenName", given.0);
    set("surname", family.0);
    set("displayName", &if is_guest { format!("{display} (Guest)") } else { display });
    set("userType", if is_guest { "Guest" } else { "Member" });
    set("employeeId", &format!("{:06}", 700_000 + index));
    set("preferredLanguage", language.tag);
    if is_guest || !random.percent(WITHOUT_MAIL) {
        set("mail", &if random.percent(WITH_CAPITALS) { capitals(&home) } else { home });
    }
    if !random.percent(5) {
        set("department", pick(random, DEPARTMENTS, ""));
        set("jobTitle", pick(random, TITLES, ""));
    }
    place(language, index, random, &mut set);
    let manager = (index > 0 && !random.percent(WITHOUT_MANAGER)).then(|| (index - 1) / SPAN_OF_CONTROL);
    let role = pick(random, ROLES, ROLES[0]);
    SourcePerson {
        object_id: random.guid(),
        attributes,
        manager,
        roles: vec![AppRole { value: role.0.to_owned(), display: role.1.to_owned() }],
        assigned: false,
        enabled: true,
        soft_deleted: false,
        purged: false,
        changed_at: 0,
    }
}

/// Address and telephones; the numbers are of ranges that are kept free for fiction.
fn place(language: &Language, index: usize, random: &mut Random, set: &mut impl FnMut(&str, &str)) {
    if random.percent(70) {
        set("physicalDeliveryOfficeName", &format!("{}/{:04}", 1 + index % 40, random.below(4000)));
        set("streetAddress", &format!("{} Example Street, Flat #{}", 1 + random.below(300), 1 + random.below(20)));
        set("city", language.city.0);
        set("state", language.city.1);
        set("postalCode", &format!("{:05}", random.below(100_000)));
        set("country", language.country);
    }
    if random.percent(60) {
        set("telephoneNumber", &format!("+44 (0)20 7946 {:04}", random.below(1000)));
    }
    if random.percent(60) {
        set("mobile", &format!("+1 425 555 {:04}", 100 + random.below(100)));
    }
    if random.percent(10) {
        set("facsimileTelephoneNumber", &format!("020-7946-{:04} ext. 7", random.below(1000)));
    }
}

fn group(index: usize, settings: &TenantSettings, random: &mut Random) -> Group {
    let subject = GROUP_SUBJECTS[index % GROUP_SUBJECTS.len()];
    let signs = if index == 2 { SIGNS } else { "" };
    let display_name = format!("{subject}{signs} {index} {}", settings.suffix);
    let size = match index {
        0 => 0,
        1 => settings.people,
        _ if index % 20 == 4 => settings.people / 10,
        _ => pick(random, &SMALL_SIZES, 1),
    };
    let members: BTreeSet<_> = if size >= settings.people {
        (0..settings.people).collect()
    } else {
        (0..size).map(|_| random.below(settings.people)).collect()
    };
    Group { object_id: random.guid(), display_name, members, assigned: false, deleted: false, changed_at: 0 }
}
