//! Lists and searches: look-ups are read live, everything else comes from the index behind the freshness guard.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::lookup::{Lookup, lookup};
use super::users::to_stored;
use super::{Context, Error};
use crate::rules::mapping::{Identity, to_resource};
use crate::rules::naming::{USER_NAME, claim_name};
use crate::rules::standing::{Standing, standing};
use crate::scim::Attributes;
use crate::scim::filter::{self, Filter};
use crate::scim::list::ListRequest;
use crate::scim::schema::USER;
use crate::scim::sort;
use crate::store;
use crate::store::index::{Index, LookupKey, MAX_BATCH, Record};
use crate::store::objects::Kind;

/// Most scans of an index at one time in this process: each keeps a core busy.
const MAX_SCANS: usize = 2;
/// Most candidates of one look-up that are read at one time: many people can have one displayName.
const MAX_READS_AHEAD: usize = 8;
/// How long a scan may take. One of 100,000 people takes less than a second.
const SCAN_DEADLINE: Duration = Duration::from_secs(20);

/// Most bytes of `spec.scim` that a page renders. Two hundred people as Entra sends them are a hundredth of it; a key that
/// fills people up to what etcd takes could otherwise ask for hundreds of megabytes at once.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

static SCANS: Semaphore = Semaphore::const_new(MAX_SCANS);

/// A page of whole resources, without `meta.location`; the projection of the request is the caller's to apply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// How many resources match.
    pub total_results: usize,
    /// Those of the page.
    pub resources: Vec<Attributes>,
}

/// `GET /Users`, `POST /Users/.search`.
pub async fn users(context: &Context, request: &ListRequest) -> Result<Page, Error> {
    let names = match lookup(request.filter.as_ref()) {
        Lookup::Id(id) => vec![id],
        Lookup::UserName(canonical) => holder(context, &canonical).await?.into_iter().collect(),
        Lookup::Index(key) => match candidates(context, &key)? {
            Some(names) => names,
            None => return scan(context, request, SCAN_DEADLINE).await,
        },
        Lookup::Scan => return scan(context, request, SCAN_DEADLINE).await,
    };
    let reads: Vec<_> = names.iter().map(|name| read(context, name, request.filter.as_ref())).collect();
    let found: Vec<_> = stream::iter(reads).buffered(MAX_READS_AHEAD).try_collect().await?;
    Ok(page_of(found.into_iter().flatten().collect(), request))
}

/// `GET /Groups`, `POST /Groups/.search`: an empty collection until groups are provisioned.
pub async fn groups(_context: &Context, _request: &ListRequest) -> Result<Page, Error> {
    Ok(Page::default())
}

/// Who holds the claim on a userName: two live reads find a user by name, on any replica, right after the 201.
async fn holder(context: &Context, canonical: &str) -> Result<Option<String>, Error> {
    let directory = &context.directory;
    let name = claim_name(&directory.name, USER_NAME, canonical);
    match context.store.objects().get(Kind::Claim, &directory.namespace, &name).await {
        Ok(claim) => Ok(claim["spec"]["holder"].as_str().map(str::to_owned)),
        Err(store::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The names that the index has for a key; nothing where there are so many that everybody has to be looked at.
fn candidates(context: &Context, key: &LookupKey) -> Result<Option<Vec<String>>, Error> {
    let names = fresh_index(context)?.candidates(Kind::User, key);
    Ok((names.len() < MAX_BATCH).then_some(names))
}

fn fresh_index(context: &Context) -> Result<Arc<Index>, Error> {
    context.store.fresh(Instant::now())?;
    Ok(context.store.index(&context.directory.namespace, &context.directory.name))
}

/// The object of this name, read live, where it is a resource of the Directory and the filter selects it.
async fn read(context: &Context, name: &str, filter: Option<&Filter>) -> Result<Option<Attributes>, Error> {
    let object = match context.store.objects().get(Kind::User, &context.directory.namespace, name).await {
        Ok(object) => object,
        Err(store::Error::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // One that the janitor has yet to settle was never acknowledged: a list does not know it.
    if standing(&object, &context.directory.name, context.directory.spec.provisioning.built_in_users)
        != Standing::Present
    {
        return Ok(None);
    }
    let resource = to_stored(&object).resource;
    let selected = filter.is_none_or(|filter| filter::matches(filter, &resource, &USER));
    Ok(selected.then_some(resource))
}

/// The page of a result that is small enough to be held.
fn page_of(mut found: Vec<Attributes>, request: &ListRequest) -> Page {
    found.sort_by(|a, b| id_of(a).cmp(&id_of(b)));
    if let Some(sort) = &request.sort {
        found.sort_by_cached_key(|resource| sort::key(sort, resource, &USER));
    }
    let total_results = found.len();
    let resources = found.into_iter().skip(request.start_index - 1).take(request.count).collect();
    Page { total_results, resources }
}

fn id_of(resource: &Attributes) -> Option<&str> {
    resource.get("id").and_then(Value::as_str)
}

/// From the index: a page as it stands, or everybody in turn where a filter or an order is asked for.
async fn scan(context: &Context, request: &ListRequest, deadline: Duration) -> Result<Page, Error> {
    let index = fresh_index(context)?;
    if request.filter.is_none() && request.sort.is_none() {
        let (total_results, records) = index.page(Kind::User, request.start_index - 1, request.count);
        return Ok(Page { total_results, resources: render(&records) });
    }
    let permit = SCANS.acquire().await.map_err(|closed| Error::Broken(closed.to_string()))?;
    let request = request.clone();
    let deadline = Instant::now() + deadline;
    // The scan holds its permit itself: it goes on for a moment when the request is given up.
    let work = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        scan_index(&index, &request, deadline)
    });
    work.await.map_err(|panicked| Error::Broken(panicked.to_string()))?
}

fn scan_index(index: &Index, request: &ListRequest, deadline: Instant) -> Result<Page, Error> {
    let mut selection = Selection::default();
    let mut after: Option<Arc<str>> = None;
    loop {
        let batch = index.batch(Kind::User, after.as_deref());
        let Some(last) = batch.last() else { break };
        after = Some(Arc::clone(&last.name));
        for record in batch {
            selection.look_at(record, request);
        }
        if Instant::now() > deadline {
            return Err(Error::Unavailable { reason: "a scan of the index took too long".to_owned() });
        }
    }
    Ok(selection.into_page(request))
}

/// What a scan has found: of an ordered one every match, with what is compared of it; of one in the order of the index
/// the page.
#[derive(Default)]
struct Selection {
    total: usize,
    ordered: Vec<(sort::Key, Record)>,
    page: Vec<Record>,
}

impl Selection {
    fn look_at(&mut self, record: Record, request: &ListRequest) {
        let resource = resource_of(&record);
        if request.filter.as_ref().is_some_and(|filter| !filter::matches(filter, &resource, &USER)) {
            return;
        }
        self.total += 1;
        match &request.sort {
            Some(sort) => self.ordered.push((sort::key(sort, &resource, &USER), record)),
            None if self.total >= request.start_index && self.page.len() < request.count => self.page.push(record),
            None => {}
        }
    }

    fn into_page(mut self, request: &ListRequest) -> Page {
        if request.sort.is_some() {
            self.ordered.sort_by(|(a, _), (b, _)| a.cmp(b));
            let records = self.ordered.into_iter().skip(request.start_index - 1).take(request.count);
            self.page = records.map(|(_, record)| record).collect();
        }
        Page { total_results: self.total, resources: render(&self.page) }
    }
}

/// The resources of a page, as many as [`MAX_PAGE_BYTES`] hold and one at least: a page may have fewer than were asked
/// for, and the next one starts after the last that came (RFC 7644 section 3.4.2.4).
fn render(records: &[Record]) -> Vec<Attributes> {
    let mut bytes = 0;
    let fits = records.iter().enumerate().take_while(|(number, record)| {
        bytes += record.scim.len();
        *number == 0 || bytes <= MAX_PAGE_BYTES
    });
    fits.map(|(_, record)| resource_of(record)).collect()
}

fn resource_of(record: &Record) -> Attributes {
    let scim: Value = serde_json::from_slice(&record.scim).unwrap_or_default();
    let uid = String::from_utf8_lossy(&record.uid);
    to_resource(&USER, &Identity { id: &record.name, generation: record.generation, uid: &uid }, &scim)
}
