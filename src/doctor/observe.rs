//! What there is to see, read live with the rights of the caller.

use jiff::Timestamp;

use super::blind::Blind;
use super::people::Population;
use super::probe::{self, ProbeAnswer, ProbeRequest};
use crate::api::{DirectorySpec, Object};
use crate::rules::policy::Policy;
use crate::store::kind::Kind;
use crate::store::lease::LEASE_NAME;
use crate::store::lists::Selection;
use crate::store::{self, Store};

/// What selects the operator's pods, as the chart labels them.
const POD_LABELS: &str = "app.kubernetes.io/name=rollcall";

/// Which Directory is examined, and what else was asked for.
#[derive(Clone, Debug, Default)]
pub struct LookRequest {
    /// The namespace of the Directory.
    pub namespace: String,
    /// Its name.
    pub directory: String,
    /// The namespace of the operator; none: it is looked for.
    pub operator_namespace: Option<String>,
    /// The endpoint to be asked from here; none: it is not.
    pub probe: Option<ProbeRequest>,
}

/// Everything that the checks go by.
#[derive(Clone, Debug)]
pub struct ObservedCluster {
    /// Which Directory it is about.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether the cluster serves every kind and field that this version knows.
    pub kinds: Result<(), Blind>,
    /// The Directory.
    pub directory: Result<Object, Blind>,
    /// The Leases by which replicas elect a leader.
    pub leases: Result<Vec<Object>, Blind>,
    /// The operator's pods.
    pub pods: Result<Vec<Object>, Blind>,
    /// The keys of the Directory.
    pub keys: Result<Vec<Object>, Blind>,
    /// The people and groups of the Directory.
    pub people: Result<Population, Blind>,
    /// Its applications.
    pub applications: Result<Vec<Object>, Blind>,
    /// The Secret of the login's client; nothing where the Directory names none.
    pub client_secret: Option<Result<ClientSecret, Blind>>,
    /// What the endpoint answered.
    pub probe: Result<ProbeAnswer, Blind>,
}

/// What may be known of a Secret without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// The type.
    pub secret_type: String,
    /// Whether it has the entry that the Directory names.
    pub has_entry: bool,
}

/// Looks at everything. The second value is the time of the API server: every time in an object is the cluster's, and the
/// clock of the caller may be wrong.
pub async fn observe(store: &Store, request: &LookRequest) -> (ObservedCluster, Option<Timestamp>) {
    let LookRequest { namespace, directory: name, operator_namespace, probe } = request;
    let read = store.objects().get_with_time(Kind::DIRECTORY, namespace, name).await;
    let (directory, time) = match read {
        Ok((directory, time)) => (Ok(directory), time),
        Err(error) => (Err(Blind::of(error, &format!("get directories in {namespace}"))), None),
    };
    let spec = directory.as_ref().ok().and_then(spec_of).unwrap_or_default();
    let policy = Policy::of(&spec);
    let of_directory = format!("spec.directoryRef.name={name}");
    let selection = Selection { namespace: Some(namespace), fields: &of_directory, labels: "" };
    let list = async |kind: Kind| {
        let listed = store.objects().list(kind, selection).await;
        listed.map_err(|error| Blind::of(error, &format!("list {} in {namespace}", kind.plural)))
    };
    let (kinds, leases, keys, applications, people, client_secret) = tokio::join!(
        store.check_schema(),
        leases(store, operator_namespace.as_deref()),
        list(Kind::KEY),
        list(Kind::APPLICATION),
        Population::read(store, selection, &policy),
        client_secret(store, namespace, &spec),
    );
    let observed = ObservedCluster {
        namespace: namespace.clone(),
        name: name.clone(),
        kinds: kinds.map_err(|error| Blind::Failed(error.to_string())),
        pods: pods(store, operator_namespace.as_deref(), &leases).await,
        directory,
        leases,
        keys,
        people,
        applications,
        client_secret,
        probe: probe::ask(probe.as_ref(), namespace, name).await,
    };
    (observed, time)
}

/// `spec` of a Directory, if this version can read it.
pub fn spec_of(directory: &Object) -> Option<DirectorySpec> {
    serde_json::from_value(directory.spec().clone()).ok()
}

async fn leases(store: &Store, namespace: Option<&str>) -> Result<Vec<Object>, Blind> {
    if let Some(namespace) = namespace {
        let lease = store.objects().get(Kind::LEASE, namespace, LEASE_NAME).await;
        return match lease {
            Ok(lease) => Ok(vec![lease]),
            Err(store::Error::NotFound) => Ok(Vec::new()),
            Err(error) => Err(Blind::of(error, &format!("get leases in {namespace}"))),
        };
    }
    let fields = format!("metadata.name={LEASE_NAME}");
    let selection = Selection { namespace: None, fields: &fields, labels: "" };
    let leases = store.objects().list(Kind::LEASE, selection).await;
    leases.map_err(|error| {
        Blind::of(error, "list leases in all namespaces (or name that of the operator: --operator-namespace)")
    })
}

async fn pods(store: &Store, named: Option<&str>, leases: &Result<Vec<Object>, Blind>) -> Result<Vec<Object>, Blind> {
    let advice = "name the namespace of the operator: --operator-namespace";
    let of_lease = leases.as_ref().ok().and_then(|leases| leases.first()).map(Object::namespace);
    let Some(namespace) = named.or(of_lease) else { return Err(Blind::NotAsked(advice.to_owned())) };
    let selection = Selection { namespace: Some(namespace), fields: "", labels: POD_LABELS };
    let pods = store.objects().list(Kind::POD, selection).await;
    pods.map_err(|error| Blind::of(error, &format!("list pods in {namespace}")))
}

async fn client_secret(store: &Store, namespace: &str, spec: &DirectorySpec) -> Option<Result<ClientSecret, Blind>> {
    let reference = spec.login.as_ref()?.oidc.as_ref()?.client_secret_ref.as_ref()?;
    let secret = store.objects().get(Kind::SECRET, namespace, &reference.name).await;
    Some(
        secret
            .map(|secret| ClientSecret {
                secret_type: secret.secret_type().to_owned(),
                has_entry: !secret.as_json()["data"][&reference.key].is_null(),
            })
            .map_err(|error| Blind::of(error, &format!("get secrets in {namespace}"))),
    )
}
