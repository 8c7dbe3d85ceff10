//! Whether the people are there, and whether what was sent of them is what the Directory needs.

use super::{Scene, condition, traffic};
use crate::api::directory::{GroupsMode, ProvisioningMode};
use crate::api::directory_login::{AccountMatch, LoginMode, UpnClaim};
use crate::doctor::finding::{Conclusion, ok, problem};

/// How long a contact counts as fresh.
const FRESH_CYCLES: i32 = 3;

/// Whether anybody is there although the provider comes.
pub fn people(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("the people"),
    };
    let is_fresh = traffic::silence(scene).is_some_and(|silence| silence <= traffic::CADENCE * FRESH_CYCLES);
    if scene.spec.provisioning.mode == ProvisioningMode::Observe {
        return ok(format!("{} people, and what is observed is stored nowhere", people.users));
    }
    if people.users == 0 && is_fresh {
        return problem(
            "the provider comes, and nobody is here",
            "Entra: (1) Enterprise application > Users and groups: assign people, with a role other than Default Access, which \
             excludes them from provisioning; (2) Provisioning > Settings > Scope: with Sync only assigned users and groups, \
             nobody else is sent; (3) Provisioning > Mappings: Source Object Scope must be All Records, and no scoping filter \
             may keep everybody out; (4) Provision on demand shows for one person what is left out and why",
        );
    }
    if people.users == 0 {
        return ok("nobody is here yet");
    }
    ok(format!("{} people, {} of them active, {} groups", people.users, people.active, people.groups))
}

/// Whether everybody who is active has what the Directory requires.
pub fn mapping(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("what is known of the people"),
    };
    if people.incomplete.count == 0 {
        return ok("every active person has what spec.users asks for");
    }
    problem(
        format!(
            "{} active people would be refused at their next update ({}): {}",
            people.incomplete.count,
            people.incomplete.shown(),
            people.incomplete_because
        ),
        "Entra: Provisioning > Mappings > Provision Microsoft Entra ID Users: add or correct the row that the sentence names, with \
         Source Object Scope All Records; then Restart provisioning",
    )
}

/// What gives people names that they can log in with.
const ADVICE: &str = "Entra: Provisioning > Mappings: map userPrincipalName to userName, which is how people sign in; or map objectId \
                      to externalId, by which an account is recognised whatever its name is";

/// Whether people can be recognised at their first login.
pub fn user_names(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("the userNames"),
    };
    let login = scene.spec.login.as_ref().filter(|login| login.method.counts_as() == LoginMode::OpenIDConnect);
    let oidc = login.and_then(|login| login.oidc.as_ref());
    let by_id_alone = oidc.is_some_and(|oidc| oidc.matching == AccountMatch::ObjectId);
    if by_id_alone && people.without_object_id.count > 0 {
        return problem(
            format!(
                "active people without an object id in externalId: {} ({}); they cannot log in, because spec.login.oidc.match is ObjectId",
                people.without_object_id.count,
                people.without_object_id.shown()
            ),
            "Entra: Provisioning > Mappings: map objectId to externalId, then Restart provisioning",
        );
    }
    if let Some(suspect) = condition(scene.directory, "MappingSuspect").filter(|suspect| suspect.holds) {
        return problem(suspect.message, ADVICE);
    }
    if people.unlike_email.count == 0 {
        return ok("every userName has the form of an e-mail address");
    }
    let summary = format!(
        "userNames without the form of an e-mail address: {} ({})",
        people.unlike_email.count,
        people.unlike_email.shown()
    );
    let by_name =
        oidc.is_some_and(|oidc| !by_id_alone && matches!(oidc.upn_claim, UpnClaim::Upn | UpnClaim::PreferredUsername));
    // Somebody with the object id is recognised all the same.
    if by_name && people.without_object_id.count > 0 { problem(summary, ADVICE) } else { ok(summary).with_hint(ADVICE) }
}

/// Who names a value that another object owns.
pub fn conflicts(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("conflicts between people"),
    };
    if people.conflicts.count == 0 {
        return ok("nobody names a value that somebody else owns");
    }
    problem(
        format!(
            "objects that name a value which another one owns: {} ({})",
            people.conflicts.count,
            people.conflicts.shown()
        ),
        "kubectl describe names the other object for each: change the value at one of the two accounts, or delete one",
    )
}

/// Whether groups are taken or ignored, and whether that is what the provider sends.
pub fn groups(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("the groups"),
    };
    let names_groups =
        scene.observed.applications.iter().flatten().any(|application| {
            application.spec()["require"]["groups"].as_array().is_some_and(|groups| !groups.is_empty())
        });
    match scene.spec.groups.mode.counts_as() {
        GroupsMode::Ignore | GroupsMode::Unknown if names_groups => problem(
            "spec.groups.mode is Ignore, and an application requires groups: nobody is a member of any",
            "set spec.groups.mode to Sync and Restart provisioning in Entra, or require users, roles or userTypes instead",
        ),
        GroupsMode::Ignore | GroupsMode::Unknown => ok("spec.groups.mode is Ignore: groups are accepted and have no effect")
            .with_hint("Entra: Provisioning > Mappings: disable Provision Microsoft Entra ID Groups, which saves each cycle work"),
        GroupsMode::Sync if people.groups == 0 => ok("no group was sent").with_hint(
            "Entra sends groups that are assigned to the application, where Provisioning > Mappings > Provision Microsoft Entra \
             ID Groups is enabled",
        ),
        GroupsMode::Sync => ok(format!("{} groups are synchronised", people.groups)),
    }
}

/// Who was deleted and is kept, and whose way back is blocked.
pub fn deleted(scene: &Scene<'_>) -> Conclusion {
    let people = match &scene.observed.people {
        Ok(people) => people,
        Err(blind) => return blind.conclusion("deleted people"),
    };
    if people.asked_back.count > 0 {
        return problem(
            format!(
                "{} deleted objects are asked back and wait: {}",
                people.asked_back.count,
                people.asked_back.shown()
            ),
            "somebody else has their name by now, or the operator has not got to it: kubectl describe says which; free the name, \
             or withdraw the wish by removing the annotation rollcall.dev/undelete",
        );
    }
    let retention = &scene.spec.retention;
    ok(format!("{} deleted objects are kept for {retention} after their deletion", people.deleted))
}
