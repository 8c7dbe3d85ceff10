//! Who may come in: the Directory of the URL, if what we know may be believed and the credentials open it.
//!
//! Credentials come before everything that a Directory could tell, an endpoint that does not exist included. And before
//! credentials comes the question whether the watches may be believed: a replica that has not heard of a revocation must
//! not serve, and one that has not heard of a new key must not answer 401, which would quarantine the job.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use jiff::Timestamp;
use serde::Deserialize;

use super::Scim;
use super::error::Failure;
use super::record::RequestRecord;
use crate::api::directory::ProvisioningMode;
use crate::api::directory_key::Scope;
use crate::http::edge::{Answer, RequestNote};
use crate::store;
use crate::store::WatchedDirectory;

/// Namespace and Directory of the URL, which need not exist.
#[derive(Deserialize)]
pub(super) struct DirectoryPath {
    namespace: String,
    directory: String,
}

/// The Directory that the credentials have opened, and what becomes of the request, among its extensions.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) directory: Arc<WatchedDirectory>,
    pub(super) record: RequestRecord,
}

/// Lets a request pass whose credentials open the Directory of its URL.
pub(super) async fn open(
    State(Scim(scim)): State<Scim>,
    place: Result<Path<DirectoryPath>, PathRejection>,
    Extension(note): Extension<RequestNote>,
    request: Request,
    next: Next,
) -> Result<Answer, Failure> {
    let Path(place) = place.map_err(|_| Failure::NoDirectory)?;
    let DirectoryPath { namespace, directory: name } = &place;
    note.place(namespace, name);
    if scim.store.directory(namespace, name).is_some() {
        note.directory(namespace, name);
    }
    scim.readiness.check_schema().map_err(|reason| store::Error::Unavailable { reason })?;
    scim.store.fresh(Instant::now())?;
    let directory = scim.keys.open(&note, request.headers(), (namespace, name), Scope::Provision)?;
    // Before the mode is looked at: a provider whose Directory is disabled is still there.
    scim.metrics.provisioned(namespace, name, Timestamp::now().as_second());
    if let Some(host) = note.unexpected_host().filter(|host| scim.told_hosts.is_news(host, Instant::now())) {
        tracing::warn!(
            host,
            public_url = note.origin(),
            "requests with a good key come for another host than that of --public-url, which is in the addresses of \
             answers: give Entra's tenant URL and --public-url the same host"
        );
    }
    let record = RequestRecord::new(&scim.store, &directory, &note, &request);
    let answer = match serve(Opened { directory, record: record.clone() }, request, next).await {
        Ok(answer) => answer,
        Err(failure) => failure.answer(),
    };
    record.answered(&answer);
    Ok(answer)
}

/// Serves a request that has come in, unless its Directory serves none.
async fn serve(opened: Opened, mut request: Request, next: Next) -> Result<Answer, Failure> {
    if opened.directory.seen.is_terminating {
        return Err(Failure::Deleting);
    }
    match opened.directory.spec.provisioning.mode.counts_as() {
        ProvisioningMode::Enabled | ProvisioningMode::Observe => {}
        ProvisioningMode::Disabled | ProvisioningMode::Unknown => return Err(Failure::Disabled),
    }
    request.extensions_mut().insert(opened);
    Ok(next.run(request).await)
}
