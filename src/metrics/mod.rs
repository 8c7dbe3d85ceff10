//! Every metric of the process, and nothing else spells their names.
//!
//! Labels come from enumerations and from the names of Directories, which people create: a client cannot make a series.
//! No label holds personal data.

mod access;
mod check;
mod login;
mod provider;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the buckets of request durations, in seconds.
const DURATION_BUCKETS: &[f64] = &[0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

/// The name of a metric and what it tells.
type Entry = (&'static str, &'static str);

const REQUESTS: Entry =
    ("rollcall_http_requests_total", "Requests to the public listener, by method, route, status and Directory.");
const DURATION: Entry =
    ("rollcall_http_request_duration_seconds", "Time from a request's headers to its answer, by method and route.");
const FAILURES: Entry = (
    "rollcall_authentication_failures_total",
    "Requests whose credentials did not open the Directory, by reason and, where it is there, Directory.",
);
const IGNORED: Entry = (
    "rollcall_ignored_attributes_total",
    "Attributes in requests that a known schema does not have and that were ignored, by Directory.",
);
const UNKNOWN_SUB_ATTRIBUTES: Entry = (
    "rollcall_unknown_sub_attributes_total",
    "Sub-attributes in requests that a known attribute does not have and that are kept as sent, by Directory.",
);
const UNKNOWN_MEMBERS: Entry = (
    "rollcall_unknown_members_total",
    "Members in requests that name nobody of the Directory and that were ignored, by Directory.",
);
const WATCH_AGE: Entry = (
    "rollcall_watch_age_seconds",
    "Time since the watch of a kind was last heard; nothing is answered from a watch silent for more than 30 seconds.",
);
const VISIBLE: Entry = ("rollcall_visible_users", "People whom SCIM shows, by Directory.");
const JANITOR: Entry = (
    "rollcall_janitor_actions_total",
    "What the janitor did: objects settled or labelled, claims released, and attempts that failed and are repeated.",
);
const DIRTY: Entry = (
    "rollcall_dirty_names",
    "Objects that wait to be looked at, by controller; those that wait for a time of theirs included.",
);
const CONNECTIONS: Entry = ("rollcall_connections", "Open connections, by listener.");
const READY: Entry = ("rollcall_ready", "1 while the replica is ready for requests, 0 while it is not.");
const LEADER: Entry =
    ("rollcall_leader", "1 on the replica that writes statuses and turns unique attributes on, 0 on the others.");
const QUOTA_USED: Entry = (
    "rollcall_quota_used",
    "Active users that a quota counts, by Directory and userType (empty: the whole Directory); told by the leader.",
);
const QUOTA_LIMIT: Entry = (
    "rollcall_quota_limit",
    "Active users that a quota allows, by Directory and userType (empty: the whole Directory); told by the leader.",
);
const DUPLICATES: Entry = (
    "rollcall_duplicate_external_ids",
    "Users and groups whose externalId another one has as well, by Directory and kind; told by the leader.",
);
const STATUS_WRITES: Entry =
    ("rollcall_status_writes_total", "Statuses that this replica wrote, by kind; none while nothing changes.");
const LAST_PROVISIONING: Entry = (
    "rollcall_last_provisioning_timestamp_seconds",
    "Unix time of the last request with a good key, by Directory; absent until there is one since the replica's start.",
);
const KEY_EXPIRES: Entry = (
    "rollcall_key_expires_timestamp_seconds",
    "Unix time at which a key expires, by Directory and key; absent for keys that do not expire or are revoked.",
);
const CERTIFICATE_EXPIRES: Entry = (
    "rollcall_tls_certificate_expires_timestamp_seconds",
    "Unix time at which the TLS certificate in force expires, by listener; absent where it does not speak TLS.",
);
const MISSING_RIGHTS: Entry = (
    "rollcall_missing_rights",
    "1 for each right that the operator uses and does not have, by namespace (empty: all), resource and verb; else absent.",
);

const BRAKED: Entry =
    ("rollcall_braked_deletions_total", "Deletions of people over SCIM that maxDeletesPerHour refused, by Directory.");
const PURGED: Entry = (
    "rollcall_purged_objects_total",
    "Objects that this replica deleted for good, by kind and cause: their retention was over, or their Directory is deleted.",
);

/// Every metric: its name and what it tells. The table of `docs/operations.md` is compared with it.
pub fn reference() -> Vec<(&'static str, &'static str)> {
    vec![
        REQUESTS,
        DURATION,
        FAILURES,
        IGNORED,
        UNKNOWN_SUB_ATTRIBUTES,
        UNKNOWN_MEMBERS,
        WATCH_AGE,
        VISIBLE,
        JANITOR,
        DIRTY,
        CONNECTIONS,
        READY,
        LEADER,
        QUOTA_USED,
        QUOTA_LIMIT,
        DUPLICATES,
        STATUS_WRITES,
        LAST_PROVISIONING,
        KEY_EXPIRES,
        CERTIFICATE_EXPIRES,
        MISSING_RIGHTS,
        BRAKED,
        PURGED,
        access::LOGIN_READY,
        provider::PROVIDER_REQUESTS,
        login::LOGINS,
        login::SIGN_OUTS,
        check::CHECKS,
        check::TOKENS,
        webhook::WEBHOOK_NOTICES,
    ]
}

/// A request that was answered, by the words of those who know them.
#[derive(Clone, Copy, Debug)]
pub struct CountedRequest<'a> {
    /// The method, out of those that are known.
    pub method: &'static str,
    /// The pattern of the route.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// Namespace and name of its Directory, if there is one.
    pub directory: Option<(&'a str, &'a str)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
    namespace: String,
    directory: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
    namespace: String,
    directory: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DirectoryLabels {
    namespace: String,
    directory: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActionLabels {
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurgeLabels {
    kind: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuotaLabels {
    namespace: String,
    directory: String,
    user_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DuplicateLabels {
    namespace: String,
    directory: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    namespace: String,
    directory: String,
    key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RightLabels {
    namespace: String,
    resource: &'static str,
    verb: &'static str,
}

/// When a key expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExpiry {
    /// The namespace of the key and of its Directory.
    pub namespace: String,
    /// The Directory that it opens.
    pub directory: String,
    /// The name of the DirectoryKey.
    pub key: String,
    /// The Unix time in seconds.
    pub expires: i64,
}

/// One line of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// The namespace of the Directory.
    pub namespace: String,
    /// The Directory.
    pub directory: String,
    /// The userType that is counted; empty: all. From the Directory's spec, which bounds how many there are.
    pub user_type: String,
    /// How many are active.
    pub used: i64,
    /// How many may be.
    pub limit: i64,
}

type Seconds = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    /// Held while series are replaced, and while they are read: a scrape misses none.
    replacing: Mutex<()>,
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Family<DurationLabels, Histogram, fn() -> Histogram>,
    failures: Family<FailureLabels, Counter>,
    ignored: Family<DirectoryLabels, Counter>,
    unknown_sub_attributes: Family<DirectoryLabels, Counter>,
    unknown_members: Family<DirectoryLabels, Counter>,
    watch_age: Family<KindLabels, Seconds>,
    visible: Family<DirectoryLabels, Gauge>,
    janitor: Family<ActionLabels, Counter>,
    dirty: Family<ControllerLabels, Gauge>,
    connections: Family<ListenerLabels, Gauge>,
    ready: Gauge,
    leader: Gauge,
    quota_used: Family<QuotaLabels, Gauge>,
    quota_limit: Family<QuotaLabels, Gauge>,
    duplicates: Family<DuplicateLabels, Gauge>,
    status_writes: Family<KindLabels, Counter>,
    /// The Unix time of the last request with a good key, by namespace and Directory. Only Directories that were there have
    /// an entry, and a scrape forgets those that are gone.
    provisioned: Mutex<HashMap<(String, String), i64>>,
    last_provisioning: Family<DirectoryLabels, Gauge>,
    key_expires: Family<KeyLabels, Gauge>,
    certificate_expires: Family<ListenerLabels, Gauge>,
    missing_rights: Family<RightLabels, Gauge>,
    braked: Family<DirectoryLabels, Counter>,
    purged: Family<PurgeLabels, Counter>,
    login_ready: access::LoginReady,
    provider_requests: provider::ProviderRequests,
    logins: login::LoginCounts,
    checks: check::Checks,
    webhook_notices: webhook::WebhookNotices,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let duration: fn() -> Histogram = || Histogram::new(DURATION_BUCKETS.iter().copied());
        let inner = Inner {
            requests: registered(&mut registry, REQUESTS, Family::default()),
            duration: registered(&mut registry, DURATION, Family::new_with_constructor(duration)),
            failures: registered(&mut registry, FAILURES, Family::default()),
            ignored: registered(&mut registry, IGNORED, Family::default()),
            unknown_sub_attributes: registered(&mut registry, UNKNOWN_SUB_ATTRIBUTES, Family::default()),
            unknown_members: registered(&mut registry, UNKNOWN_MEMBERS, Family::default()),
            watch_age: registered(&mut registry, WATCH_AGE, Family::default()),
            visible: registered(&mut registry, VISIBLE, Family::default()),
            janitor: registered(&mut registry, JANITOR, Family::default()),
            dirty: registered(&mut registry, DIRTY, Family::default()),
            connections: registered(&mut registry, CONNECTIONS, Family::default()),
            replacing: Mutex::default(),
            ready: registered(&mut registry, READY, Gauge::default()),
            leader: registered(&mut registry, LEADER, Gauge::default()),
            quota_used: registered(&mut registry, QUOTA_USED, Family::default()),
            quota_limit: registered(&mut registry, QUOTA_LIMIT, Family::default()),
            duplicates: registered(&mut registry, DUPLICATES, Family::default()),
            status_writes: registered(&mut registry, STATUS_WRITES, Family::default()),
            provisioned: Mutex::default(),
            last_provisioning: registered(&mut registry, LAST_PROVISIONING, Family::default()),
            key_expires: registered(&mut registry, KEY_EXPIRES, Family::default()),
            certificate_expires: registered(&mut registry, CERTIFICATE_EXPIRES, Family::default()),
            missing_rights: registered(&mut registry, MISSING_RIGHTS, Family::default()),
            braked: registered(&mut registry, BRAKED, Family::default()),
            purged: registered(&mut registry, PURGED, Family::default()),
            login_ready: access::LoginReady::registered(&mut registry),
            provider_requests: provider::ProviderRequests::registered(&mut registry),
            logins: login::LoginCounts::registered(&mut registry),
            checks: check::Checks::registered(&mut registry),
            webhook_notices: webhook::WebhookNotices::registered(&mut registry),
            registry,
        };
        Self(Arc::new(inner))
    }
}

/// Registers a metric under its name. The library appends `_total` to counters and a full stop to every help by itself.
fn registered<M: Metric + Clone>(registry: &mut Registry, (name, help): Entry, metric: M) -> M {
    registry.register(name.trim_end_matches("_total"), help.trim_end_matches('.'), metric.clone());
    metric
}

/// Counts for a Directory; where there is nothing to count, its line stays absent.
fn count_for(counter: &Family<DirectoryLabels, Counter>, namespace: &str, directory: &str, count: usize) {
    if count > 0 {
        let labels = DirectoryLabels { namespace: namespace.to_owned(), directory: directory.to_owned() };
        counter.get_or_create(&labels).inc_by(count as u64);
    }
}

impl Metrics {
    /// Attributes that a known schema does not have were ignored.
    pub fn ignored_attributes(&self, namespace: &str, directory: &str, count: usize) {
        count_for(&self.0.ignored, namespace, directory, count);
    }

    /// Sub-attributes that a known attribute does not have were stored.
    pub fn unknown_sub_attributes(&self, namespace: &str, directory: &str, count: usize) {
        count_for(&self.0.unknown_sub_attributes, namespace, directory, count);
    }

    /// Members that name nobody were ignored.
    pub fn unknown_members(&self, namespace: &str, directory: &str, count: usize) {
        count_for(&self.0.unknown_members, namespace, directory, count);
    }

    /// A request was answered.
    pub fn request(&self, request: &CountedRequest<'_>, duration: Duration) {
        let CountedRequest { method, route, status, directory } = *request;
        let (namespace, directory) = owned(directory);
        let labels = RequestLabels { method, route: route.to_owned(), status, namespace, directory };
        self.0.requests.get_or_create(&labels).inc();
        let labels = DurationLabels { method, route: route.to_owned() };
        self.0.duration.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// Credentials did not open a Directory: the reason in one word, and the Directory if it is there.
    pub fn authentication_failure(&self, reason: &'static str, directory: Option<(&str, &str)>) {
        let (namespace, directory) = owned(directory);
        self.0.failures.get_or_create(&FailureLabels { reason, namespace, directory }).inc();
    }

    /// The janitor did something: what, in one word.
    pub fn janitor(&self, action: &'static str) {
        self.0.janitor.get_or_create(&ActionLabels { action }).inc();
    }

    /// A controller is at work here no more.
    pub fn forget_dirty_names(&self, controller: &'static str) {
        self.0.dirty.remove(&ControllerLabels { controller });
    }

    /// How many names wait to be looked at by a controller.
    pub fn set_dirty_names(&self, controller: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.dirty.get_or_create(&ControllerLabels { controller }).set(count);
    }

    /// How long each kind's watch has been silent. Replaces what was said before.
    pub fn set_watch_ages(&self, ages: impl IntoIterator<Item = (String, Duration)>) {
        for (kind, age) in ages {
            self.0.watch_age.get_or_create(&KindLabels { kind }).set(age.as_secs_f64());
        }
    }

    /// How many people each Directory shows: namespace, name, count. Directories that are not named are forgotten.
    pub fn set_visible_users(&self, counts: impl IntoIterator<Item = (String, String, usize)>) {
        let _replacing = self.0.replacing.lock();
        self.0.visible.clear();
        for (namespace, directory, count) in counts {
            let labels = DirectoryLabels { namespace, directory };
            self.0.visible.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// A listener holds one more connection.
    pub fn connection_opened(&self, listener: &'static str) {
        self.0.connections.get_or_create(&ListenerLabels { listener }).inc();
    }

    /// A listener holds one less.
    pub fn connection_ended(&self, listener: &'static str) {
        self.0.connections.get_or_create(&ListenerLabels { listener }).dec();
    }

    /// Whether this replica is ready.
    pub fn set_ready(&self, is_ready: bool) {
        self.0.ready.set(i64::from(is_ready));
    }

    /// Whether this replica leads. What only a leader tells is forgotten with the end of it, or it would stand there for
    /// ever.
    pub fn set_leader(&self, leads: bool) {
        self.0.leader.set(i64::from(leads));
        if !leads {
            self.set_quotas([]);
            self.set_duplicates([]);
            self.set_login_ready([]);
        }
    }

    /// How far every quota is used. Those that are not named are forgotten.
    pub fn set_quotas(&self, quotas: impl IntoIterator<Item = QuotaUse>) {
        let _replacing = self.0.replacing.lock();
        self.0.quota_used.clear();
        self.0.quota_limit.clear();
        for QuotaUse { namespace, directory, user_type, used, limit } in quotas {
            let labels = QuotaLabels { namespace, directory, user_type };
            self.0.quota_used.get_or_create(&labels).set(used);
            self.0.quota_limit.get_or_create(&labels).set(limit);
        }
    }

    /// How many users or groups of each Directory share an externalId: namespace, Directory, kind, count. Those that are
    /// not named are forgotten.
    pub fn set_duplicates(&self, counts: impl IntoIterator<Item = (String, String, &'static str, usize)>) {
        let _replacing = self.0.replacing.lock();
        self.0.duplicates.clear();
        for (namespace, directory, kind, count) in counts {
            let labels = DuplicateLabels { namespace, directory, kind };
            self.0.duplicates.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// A status was written.
    pub fn status_written(&self, kind: &str) {
        self.0.status_writes.get_or_create(&KindLabels { kind: kind.to_owned() }).inc();
    }

    /// A request with a good key came to a Directory that is there, at this Unix time.
    pub fn provisioned(&self, namespace: &str, directory: &str, now: i64) {
        self.0.provisioned.lock().insert((namespace.to_owned(), directory.to_owned()), now);
    }

    /// Tells when each Directory was last provisioned, and forgets the Directories that are not there any more.
    pub fn set_last_provisioning(&self, is_there: impl Fn(&str, &str) -> bool) {
        let mut provisioned = self.0.provisioned.lock();
        provisioned.retain(|(namespace, directory), _| is_there(namespace, directory));
        let _replacing = self.0.replacing.lock();
        self.0.last_provisioning.clear();
        for ((namespace, directory), at) in &*provisioned {
            let labels = DirectoryLabels { namespace: namespace.clone(), directory: directory.clone() };
            self.0.last_provisioning.get_or_create(&labels).set(*at);
        }
    }

    /// When each key expires that does. Those that are not named are forgotten.
    pub fn set_key_expiries(&self, expiries: impl IntoIterator<Item = KeyExpiry>) {
        let _replacing = self.0.replacing.lock();
        self.0.key_expires.clear();
        for KeyExpiry { namespace, directory, key, expires } in expiries {
            self.0.key_expires.get_or_create(&KeyLabels { namespace, directory, key }).set(expires);
        }
    }

    /// When the certificate of a listener expires, as Unix time; nothing where nobody can tell.
    pub fn set_certificate_expiry(&self, listener: &'static str, expires: Option<i64>) {
        let labels = ListenerLabels { listener };
        match expires {
            Some(expires) => drop(self.0.certificate_expires.get_or_create(&labels).set(expires)),
            None => drop(self.0.certificate_expires.remove(&labels)),
        }
    }

    /// Which rights are missing: namespace (none: all), resource, verb. Those that are not named are there again.
    pub fn set_missing_rights(&self, rights: impl IntoIterator<Item = (Option<String>, &'static str, &'static str)>) {
        let _replacing = self.0.replacing.lock();
        self.0.missing_rights.clear();
        for (namespace, resource, verb) in rights {
            let labels = RightLabels { namespace: namespace.unwrap_or_default(), resource, verb };
            self.0.missing_rights.get_or_create(&labels).set(1);
        }
    }

    /// The brake on mass deletion refused the deletion of a person.
    pub fn braked_deletion(&self, namespace: &str, directory: &str) {
        count_for(&self.0.braked, namespace, directory, 1);
    }

    /// An object was deleted for good: its kind, and why in one word.
    pub fn purged(&self, kind: &'static str, cause: &'static str) {
        self.0.purged.get_or_create(&PurgeLabels { kind, cause }).inc();
    }

    /// All of them in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _whole = self.0.replacing.lock();
        encode(&mut text, &self.0.registry).expect("writing to a string does not fail");
        text
    }
}

/// The names of a Directory as labels; empty where there is none.
fn owned(directory: Option<(&str, &str)>) -> (String, String) {
    directory.map(|(namespace, name)| (namespace.to_owned(), name.to_owned())).unwrap_or_default()
}
