//! Which Directory a command is about, and who in it.

use super::args::PlaceArgs;
use super::{PluginError, failed};
use crate::api::Object;
use crate::cli::ProgressLine;
use crate::rules::naming::{USER_NAME, canonical, claim_name};
use crate::store::kind::Kind;
use crate::store::lists::Selection;
use crate::store::{self, Settings, Store};

/// Most names that an error lists.
const MAX_NAMED: usize = 10;
/// What brings somebody here whom Entra has not sent.
pub const SEND: &str = "assign the person in Entra (Users and groups, with another role than Default Access) and choose Provision on demand";

/// A Directory in a cluster.
pub struct ChosenDirectory {
    /// The cluster.
    pub store: Store,
    /// The namespace.
    pub namespace: String,
    /// The Directory.
    pub directory: String,
}

impl ChosenDirectory {
    /// Connects to the cluster and settles which Directory is meant.
    pub async fn find(arguments: &PlaceArgs) -> Result<Self, PluginError> {
        let PlaceArgs { namespace, directory, kubeconfig, context, output: _ } = arguments;
        let settings = Settings { kubeconfig: kubeconfig.clone(), context: context.clone(), namespaces: Vec::new() };
        let store = Store::connect(settings).await.map_err(failed("connect to the cluster"))?;
        let namespace = namespace.clone().unwrap_or_else(|| store.default_namespace().to_owned());
        let directory = match directory {
            Some(directory) => directory.clone(),
            None => only_directory(&store, &namespace).await?,
        };
        Ok(Self { store, namespace, directory })
    }

    /// The Directory itself.
    pub async fn read_directory(&self) -> Result<Object, PluginError> {
        let read = self.store.objects().get(Kind::DIRECTORY, &self.namespace, &self.directory).await;
        read.map_err(|error| match error {
            store::Error::NotFound => PluginError::Absent(format!(
                "there is no Directory {} in the namespace {}: kubectl get directories --all-namespaces lists them",
                self.directory, self.namespace
            )),
            error => failed("read the Directory")(error),
        })
    }

    /// What selects the objects of the Directory.
    fn selector(&self) -> String {
        format!("spec.directoryRef.name={}", self.directory)
    }

    /// Shows every object of a kind that belongs to the Directory to `visit`.
    pub async fn visit(&self, kind: Kind, mut visit: impl FnMut(Object)) -> Result<(), PluginError> {
        let fields = self.selector();
        let selection = Selection { namespace: Some(&self.namespace), fields: &fields, labels: "" };
        let progress = ProgressLine::new(if kind == Kind::USER { "people read:" } else { "objects read:" });
        let read = self.store.objects().visit(kind, selection, |object| {
            progress.count();
            visit(object);
        });
        progress.while_waiting(read).await.map_err(failed(format!("list {}", kind.plural)))
    }

    /// The person of this userName or SCIM id. Of several who had the name, the one who has it now is meant, or else the one
    /// who was deleted last.
    pub async fn person(&self, text: &str) -> Result<Object, PluginError> {
        let holder = self.holder(USER_NAME, text).await;
        for name in holder.as_deref().into_iter().chain([text]) {
            if let Some(person) = self.get(Kind::USER, name).await? {
                return Ok(person);
            }
        }
        let wanted = canonical(text);
        let mut found: Vec<Object> = Vec::new();
        self.visit(Kind::USER, |user| {
            if user.scim()["userName"].as_str().is_some_and(|name| canonical(name) == wanted) {
                found.push(user);
            }
        })
        .await?;
        let living: Vec<_> = found.iter().filter(|user| !user.is_deleted()).cloned().collect();
        match living.as_slice() {
            [person] => Ok(person.clone()),
            [] => found.into_iter().max_by_key(Object::deleted_at).ok_or_else(|| {
                PluginError::Absent(format!(
                    "nobody in {}/{} has the userName or id {text:?}: kubectl directory find looks for a part of it; if Entra has \
                     not sent the person, {}",
                    self.namespace, self.directory, SEND
                ))
            }),
            several => Err(PluginError::Absent(format!(
                "{} people have the userName {text:?}; name one by its id: {}",
                several.len(),
                several.iter().map(Object::name).take(MAX_NAMED).collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// Who owns a value, if the caller may look and somebody does.
    pub async fn holder(&self, attribute: &str, value: &str) -> Option<String> {
        let claim = claim_name(&self.directory, attribute, &canonical(value));
        let claim = self.store.objects().get(Kind::CLAIM, &self.namespace, &claim).await.ok()?;
        claim.spec()["holder"].as_str().map(str::to_owned)
    }

    /// An object of the Directory by its name.
    pub async fn get(&self, kind: Kind, name: &str) -> Result<Option<Object>, PluginError> {
        match self.store.objects().get(kind, &self.namespace, name).await {
            Ok(object) if object.directory() == self.directory => Ok(Some(object)),
            Ok(_) | Err(store::Error::NotFound) => Ok(None),
            Err(error) => Err(failed(format!("read {} {name}", kind.plural))(error)),
        }
    }
}

async fn only_directory(store: &Store, namespace: &str) -> Result<String, PluginError> {
    let selection = Selection { namespace: Some(namespace), ..Selection::default() };
    let directories = store.objects().list(Kind::DIRECTORY, selection).await;
    let directories = directories.map_err(failed("list directories"))?;
    match directories.as_slice() {
        [directory] => Ok(directory.name().to_owned()),
        [] => Err(PluginError::Absent(format!(
            "there is no Directory in the namespace {namespace}: name another one with -n"
        ))),
        several => Err(PluginError::Absent(format!(
            "the namespace {namespace} has {} Directories; name one with -d: {}",
            several.len(),
            several.iter().map(Object::name).take(MAX_NAMED).collect::<Vec<_>>().join(", ")
        ))),
    }
}
