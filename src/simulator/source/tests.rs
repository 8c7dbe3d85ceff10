use std::collections::BTreeSet;

use super::*;

fn settings(seed: u64) -> TenantSettings {
    TenantSettings { seed, domain: "s1.example".to_owned(), suffix: "s1".to_owned(), people: 400, groups: 30 }
}

#[test]
fn a_seed_decides_the_whole_tenant() {
    assert_eq!(Tenant::generate(&settings(5)), Tenant::generate(&settings(5)));
    assert_ne!(Tenant::generate(&settings(5)).people, Tenant::generate(&settings(6)).people);
    let larger = Tenant::generate(&TenantSettings { people: 500, ..settings(5) });
    assert_eq!(Tenant::generate(&settings(5)).people[..], larger.people[..400], "more people do not change the first");
}

#[test]
fn a_tenant_is_as_mixed_as_a_real_one() {
    let source = Tenant::generate(&settings(5));
    let has = |test: &dyn Fn(&SourcePerson) -> bool| source.people.iter().filter(|person| test(person)).count();
    let attribute = |name: &'static str| move |person: &SourcePerson| person.attributes.contains_key(name);
    assert!(has(&|person| person.user_principal_name().contains("#EXT#@")) > 5);
    assert!(has(&|person| !attribute("mail")(person)) > 20);
    assert!(has(&|person| !attribute("department")(person)) > 5);
    assert!(has(&|person| person.attributes["displayName"].is_ascii()) < 200);
    assert_eq!(has(&|person| person.attributes.values().any(String::is_empty)), 0);
    assert_eq!(has(&|person| !person.user_principal_name().is_ascii()), 0);
    assert_eq!(has(&|person| person.roles.len() != 1 || person.assigned), 0);
    let names: BTreeSet<_> = source.people.iter().map(SourcePerson::user_principal_name).collect();
    let ids: BTreeSet<_> = source.people.iter().map(|person| &person.object_id).collect();
    assert_eq!((names.len(), ids.len()), (400, 400));
    for (index, person) in source.people.iter().enumerate() {
        assert!(person.manager.is_none_or(|manager| manager < index), "managers are a tree");
    }
    let sizes: BTreeSet<_> = source.groups.iter().map(|group| group.members.len()).collect();
    assert!(sizes.contains(&0) && sizes.contains(&400) && sizes.len() > 4, "{sizes:?}");
    let groups: BTreeSet<_> = source.groups.iter().map(|group| group.display_name.to_lowercase()).collect();
    assert_eq!(groups.len(), 30);
}

#[test]
fn every_attribute_that_somebody_has_is_known_by_name() {
    for person in Tenant::generate(&settings(5)).people {
        for name in person.attributes.keys() {
            assert!(attributes::can_be_set(name), "{name}");
        }
        for name in attributes::OF_STATE {
            assert!(person.attribute(name).is_some() && !attributes::can_be_set(name), "{name}");
        }
    }
    let group = &Tenant::generate(&settings(5)).groups[0];
    assert!(attributes::OF_GROUPS.iter().all(|name| group.attribute(name).is_some()));
    for (name, is_known) in [
        ("extensionAttribute15", true),
        ("extension_0a21f0f2_costCenter", true),
        ("extensionAttribute16", false),
        ("extension_costCenter", false),
        ("jobTitel", false),
        ("manager", false),
    ] {
        assert_eq!(attributes::is_of_people(name), is_known, "{name}");
    }
}

#[test]
fn the_recycle_bin_frees_the_name() {
    let mut source = Tenant::generate(&settings(5));
    let name = source.people[3].user_principal_name();
    source.change_person(3, |person| (person.assigned, person.soft_deleted) = (true, true));
    let person = &source.people[3];
    assert_eq!(person.user_principal_name(), format!("{}{name}", person.object_id.replace('-', "")));
    assert_eq!(person.attribute("IsSoftDeleted").as_deref(), Some("True"));
    assert_eq!((source.sequence, person.changed_at), (1, 1));
    source.purge(3);
    assert!(source.people[3].purged && source.groups.iter().all(|group| !group.members.contains(&3)));
}
