//! Whether there is an operator that looks after the Directory.

use jiff::{SignedDuration, Timestamp};

use super::{shown, time};
use crate::api::Object;
use crate::doctor::blind::Blind;
use crate::doctor::finding::{Conclusion, ok, problem};
use crate::doctor::observe::{ObservedCluster, spec_of};

/// How late a renewal of the Lease may be beside the time that it names: clocks of two machines differ.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// Whether the cluster serves every kind and field that this version knows.
pub fn kinds(observed: &ObservedCluster, _: Timestamp) -> Conclusion {
    match &observed.kinds {
        Ok(()) => ok("the cluster serves every kind and field that this version knows"),
        Err(Blind::Failed(reason)) if reason.contains("the cluster does not know") => problem(
            reason.clone(),
            "upgrade the chart with its definitions (crds.install), or apply the files of crds/ of this version",
        ),
        Err(blind) => blind.conclusion("whether the served kinds are those of this version"),
    }
}

/// Whether the Directory is there and can be read.
pub fn directory(observed: &ObservedCluster, _: Timestamp) -> Conclusion {
    let ObservedCluster { namespace, name, .. } = observed;
    match &observed.directory {
        Ok(directory) if directory.is_terminating() => problem(
            format!("the Directory {namespace}/{name} is being deleted"),
            "wait until it is gone and apply it again: SCIM is answered 503 meanwhile",
        ),
        Ok(directory) if spec_of(directory).is_none() => problem(
            format!("the Directory {namespace}/{name} has a field that this version cannot read"),
            "use a doctor of the operator's version",
        ),
        Ok(_) => ok(format!("the Directory {namespace}/{name} is there")),
        Err(Blind::Absent) => problem(
            format!("there is no Directory {name} in the namespace {namespace}"),
            "look for it with kubectl get directories --all-namespaces, or apply its manifest",
        ),
        Err(blind) => blind.conclusion("the Directory"),
    }
}

/// Whether a replica leads: without one, statuses are old and nothing is done in the background.
pub fn operator(observed: &ObservedCluster, now: Timestamp) -> Conclusion {
    let leases = match &observed.leases {
        Ok(leases) => leases,
        Err(blind) => return blind.conclusion("whether an operator runs"),
    };
    let advice = "look at the operator's pods and their log: kubectl get pods --all-namespaces \
                  -l app.kubernetes.io/name=rollcall";
    if let Some(lease) = leases.iter().find(|lease| is_held(lease, now)) {
        let holder = lease.spec()["holderIdentity"].as_str().unwrap_or_default();
        return ok(format!("{holder} leads in the namespace {}", lease.namespace()));
    }
    match leases.iter().max_by_key(|lease| renewed_at(lease)) {
        None => problem("no operator has ever led in this cluster: there is no Lease named rollcall", advice),
        Some(lease) => {
            let since = renewed_at(lease).map(|time| format!(" since {}", shown(now.duration_since(time))));
            let since = since.unwrap_or_default();
            problem(format!("no replica leads in the namespace {}{since}", lease.namespace()), advice)
        }
    }
}

fn renewed_at(lease: &Object) -> Option<Timestamp> {
    time(&lease.spec()["renewTime"])
}

fn is_held(lease: &Object, now: Timestamp) -> bool {
    let is_named = lease.spec()["holderIdentity"].as_str().is_some_and(|holder| !holder.is_empty());
    let lasts = SignedDuration::from_secs(lease.spec()["leaseDurationSeconds"].as_i64().unwrap_or_default());
    let is_renewed = renewed_at(lease).is_some_and(|time| now.duration_since(time) <= lasts + TOLERANCE);
    is_named && is_renewed
}

/// Whether the operator's pods are ready: one that is not serves nothing.
pub fn replicas(observed: &ObservedCluster, _: Timestamp) -> Conclusion {
    let pods = match &observed.pods {
        Ok(pods) => pods,
        Err(blind) => return blind.conclusion("the operator's pods"),
    };
    if pods.is_empty() {
        return Blind::NotAsked("name the namespace of the operator: --operator-namespace".to_owned())
            .conclusion("readiness (no pod with the label app.kubernetes.io/name=rollcall)");
    }
    let is_ready = |pod: &&Object| super::condition(pod, "Ready").is_some_and(|ready| ready.holds);
    let unready: Vec<_> = pods.iter().filter(|pod| !is_ready(pod)).map(Object::name).collect();
    if unready.is_empty() {
        return ok(format!("{} of {} pods are ready", pods.len(), pods.len()));
    }
    problem(
        format!("{} of {} pods are not ready: {}", unready.len(), pods.len(), unready.join(", ")),
        "kubectl describe pod says what /readyz answered; docs/troubleshooting.md has each sentence",
    )
}
