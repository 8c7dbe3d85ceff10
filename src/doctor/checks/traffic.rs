//! What the provider did, as the status of the Directory tells it.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Scene, condition, shown, time};
use crate::doctor::finding::{Conclusion, ok, problem};

/// How often Entra starts a cycle.
pub const CADENCE: SignedDuration = SignedDuration::from_mins(40);
/// How many cycles in a row may be missed before it is a silence.
const MISSED_CYCLES: i32 = 3;
/// How long a failed authentication is news.
const RECENT: SignedDuration = SignedDuration::from_mins(60);
/// What starts provisioning.
const START: &str = "Entra: Enterprise application > Provisioning: Provisioning Status On, Tenant URL and Secret Token filled in, \
                     Test Connection successful, Start provisioning; the first people come within 40 minutes";

/// `status.provisioning`: what the operator has seen of SCIM requests.
fn seen<'a>(scene: &'a Scene<'_>) -> &'a Value {
    &scene.directory.status()["provisioning"]
}

/// How long ago the provider was last heard of: by a request with a good key, or else by a key that says when it was used.
pub fn silence(scene: &Scene<'_>) -> Option<SignedDuration> {
    let keys = scene.observed.keys.iter().flatten();
    let used = keys.filter_map(|key| time(&key.status()["lastUsed"]));
    let last = used.chain(time(&seen(scene)["lastContact"])).max()?;
    Some(scene.now.duration_since(last))
}

/// Whether the provider comes, and as often as it used to.
pub fn contact(scene: &Scene<'_>) -> Conclusion {
    let Some(silence) = silence(scene) else {
        return problem("no provider has ever sent a request with a good key", START);
    };
    let cadence = seen(scene)["cadenceSeconds"].as_i64().map_or(CADENCE, SignedDuration::from_secs);
    let heard = format!("last heard {} ago", shown(silence));
    if let Some(stale) = condition(scene.directory, "Stale").filter(|stale| stale.holds) {
        return problem(format!("{heard}: {}", stale.message), resume());
    }
    if silence > cadence * MISSED_CYCLES {
        return problem(format!("{heard}, and a cycle starts every {}", shown(cadence)), resume());
    }
    ok(heard)
}

fn resume() -> String {
    "Entra: Enterprise application > Provisioning: is it On, or in quarantine? The provisioning logs say why; then Restart \
     provisioning. Is the address still reached from the internet?"
        .to_owned()
}

/// Whether somebody comes with credentials that open nothing.
pub fn authentication(scene: &Scene<'_>) -> Conclusion {
    let failed = &seen(scene)["failedAuthentications"];
    let count = failed["count"].as_i64().unwrap_or_default();
    let Some(last) = time(&failed["lastTime"]).filter(|_| count > 0) else {
        return ok("no request for this Directory failed to authenticate");
    };
    let ago = scene.now.duration_since(last);
    let reason = failed["reason"].as_str().unwrap_or("for an unknown reason");
    let key = failed["key"].as_str().map(|key| format!(", with the key {key}")).unwrap_or_default();
    let summary =
        format!("requests that failed to authenticate: {count}, the last one {} ago ({reason}{key})", shown(ago));
    if ago > RECENT {
        return ok(summary);
    }
    let advice = match reason {
        "expired" | "revoked" => {
            "make a new key and paste its secret into Entra: Provisioning > Admin Credentials > Secret Token"
        }
        "not_yet_valid" => "wait for the key's notBefore, or make one without it",
        "other_directory" => {
            "the key is one of another Directory or namespace: compare the Tenant URL with the key's directoryRef"
        }
        "missing" => "the Secret Token in Entra is empty, or a proxy takes the header Authorization away",
        "wrong_scope" => "use a key with the scope provision",
        "basic_refused" => "spec.provisioning.basic is Refuse: send the secret as Bearer, or set it to Allow",
        _ => {
            "paste the whole secret of a usable key into Entra: Provisioning > Admin Credentials > Secret Token, then Test Connection"
        }
    };
    problem(summary, advice)
}

/// What was refused last, and whether a success came after it.
pub fn last_error(scene: &Scene<'_>) -> Conclusion {
    let error = &seen(scene)["lastError"];
    let Some(at) = time(&error["time"]) else { return ok("nothing was refused") };
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    let status = error["status"].as_i64().unwrap_or_default();
    let subject = text("subject");
    let about = if subject.is_empty() { String::new() } else { format!(" for {subject}") };
    let (ago, request, detail) = (shown(scene.now.duration_since(at)), text("request"), text("detail"));
    let summary = format!("{ago} ago, {request}{about} was answered {status}: {detail}");
    let id = text("requestID");
    let id = if id.is_empty() { String::new() } else { format!(" (request {id} in the log)") };
    // Entra repeats what was refused in each cycle: what has not come again for two of them is mended.
    if scene.now.duration_since(at) > CADENCE * 2 {
        return ok(format!("the last refusal is old: {summary}"));
    }
    problem(summary, format!("{}{id}", mend(status, &text("scimType"))))
}

/// What to do about an answer, in the words of the portal.
fn mend(status: i64, scim_type: &str) -> &'static str {
    match (status, scim_type) {
        (409, _) | (_, "uniqueness") => {
            "somebody else has this value: change it at one of the two accounts, or delete the other person; Entra tries again \
             with the next cycle"
        }
        (400, "invalidValue") => {
            "fill in the source attribute in Entra, or correct the row in Provisioning > Mappings; then Provision on demand for \
             that person"
        }
        (400, _) => "correct the row in Provisioning > Mappings that the sentence names",
        (403, _) => "use a key with the scope provision",
        (404, _) => "Entra matches the person again by itself; if it stays, Restart provisioning",
        (429, _) => "the limit is on failed authentications only: see the check authentication",
        (500.., _) => {
            "it heals by itself or the operator's log says what is wrong: see the checks replicas and operator"
        }
        _ => "the sentence says what to change",
    }
}

/// How much was refused in the cycle that runs or ran last.
pub fn refusals(scene: &Scene<'_>) -> Conclusion {
    let cycle = &seen(scene)["cycle"];
    let number = |field: &str| cycle[field].as_i64().unwrap_or_default();
    if cycle.is_null() {
        return ok("no cycle was seen yet");
    }
    let phase = cycle["phase"].as_str().unwrap_or("a cycle");
    let done = format!(
        "{phase}: {} created, {} updated, {} deactivated, {} deleted",
        number("created"),
        number("updated"),
        number("deactivated"),
        number("deleted")
    );
    match (number("refused"), number("failed")) {
        (0, 0) => ok(format!("{done}, none refused")),
        (0, failed) => problem(
            format!("{done}, {failed} answered with a 5xx"),
            "see the check last-error; the provider tries them again by itself",
        ),
        (refused, _) => problem(
            format!("{done}, {refused} refused"),
            "see the check last-error for one of them, and Provisioning > Provisioning logs > Status Failure for all",
        ),
    }
}
