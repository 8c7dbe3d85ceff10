//! Lists and searches: look-ups are read live, everything else comes from the index behind the freshness guard.

mod edges;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::edges::Edges;
use super::checks::standing_of;
use super::lookup::{Lookup, lookup};
use super::representation::{self, stored, stored_record};
use super::{Context, Error, Stored, with_addresses};
use crate::rules::naming::claim_name;
use crate::rules::resource::Resource;
use crate::rules::standing::Standing;
use crate::scim::Attributes;
use crate::scim::filter::{self, Filter, Operator};
use crate::scim::list::ListRequest;
use crate::scim::sort;
use crate::store;
use crate::store::claims::holder::Claim;
use crate::store::claims::known::may_be_in_creation;
use crate::store::index::{Index, MAX_BATCH, Record};
use crate::store::kind::Kind;

/// Most scans of an index at one time in this process: each keeps a core busy.
const MAX_SCANS: usize = 2;
/// Most candidates of one look-up that are read at one time: many people can have one displayName.
const MAX_READS_AHEAD: usize = 8;
/// How long a look-up waits for a create at another replica to end, which most do within milliseconds; then 503.
const CREATE_PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at it.
const CREATE_PAUSE: Duration = Duration::from_millis(25);
/// How long a scan may take. One of 100,000 people takes less than a second.
const SCAN_DEADLINE: Duration = Duration::from_secs(20);

/// Most bytes of `spec.scim` and of groups that a page renders. Two hundred people as Entra sends them are a hundredth of
/// it; a key that fills people up to what etcd takes could otherwise ask for hundreds of megabytes at once.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// What a group of a user counts towards [`MAX_PAGE_BYTES`].
const BYTES_PER_GROUP: usize = 256;

static SCANS: Semaphore = Semaphore::const_new(MAX_SCANS);

/// A page of whole resources; the projection of the request is the caller's to apply.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// How many resources match.
    pub total_results: usize,
    /// Those of the page.
    pub resources: Vec<Stored>,
}

/// `GET /Users`, `POST /Groups/.search` and their like: the resources of one kind.
pub async fn list(context: &Context, kind: Resource, request: &ListRequest) -> Result<Page, Error> {
    list_within(context, kind, request, MAX_PAGE_BYTES).await
}

/// `POST /.search`: a page for each kind, which together are one page of all resources, those of the first kind first. The
/// requests say the same, each as its kind understands it.
pub async fn list_each(context: &Context, requests: &[(Resource, ListRequest)]) -> Result<Vec<Page>, Error> {
    let (mut pages, mut before, mut shown, mut bytes) = (Vec::new(), 0, 0, 0);
    let mut goes_on = true;
    for (kind, request) in requests {
        let start_index = request.start_index.saturating_sub(before).max(1);
        // Where a page ends before its kind does, nothing of the next kind belongs to it, save its number.
        let count = if goes_on { request.count.saturating_sub(shown) } else { 0 };
        let part = ListRequest { start_index, count, ..request.clone() };
        let page = list_within(context, *kind, &part, MAX_PAGE_BYTES.saturating_sub(bytes)).await?;
        let Page { total_results, resources } = &page;
        goes_on &= start_index - 1 + resources.len() >= *total_results;
        (before, shown) = (before + total_results, shown + resources.len());
        bytes += resources.iter().map(bytes_of).sum::<usize>();
        pages.push(page);
    }
    Ok(pages)
}

async fn list_within(
    context: &Context,
    kind: Resource,
    request: &ListRequest,
    max_bytes: usize,
) -> Result<Page, Error> {
    let filter = request.filter.as_ref();
    let edges = Edges::gather(context, kind, filter).await?;
    let base = Arc::clone(&context.base);
    let list = List { kind, edges, shown: representation::edges(context), base, request: request.clone(), max_bytes };
    let names = match list.candidates(context).await? {
        Candidates::Found(found) => return Ok(list.page_of(vec![found])),
        Candidates::Named(names) if names.len() < MAX_BATCH => names,
        Candidates::Named(_) | Candidates::All => return scan(context, list, SCAN_DEADLINE).await,
    };
    match list.read_all(context, &names).await? {
        Some(found) => Ok(list.page_of(found)),
        None => scan(context, list, SCAN_DEADLINE).await,
    }
}

fn bytes_of(stored: &Stored) -> usize {
    json!(stored.resource).to_string().len()
}

/// The resources that a filter can select at all.
enum Candidates {
    /// This one, and it is selected: the only one that has a unique value.
    Found(Stored),
    /// Those of these names, each to be read live.
    Named(Vec<String>),
    /// Everything has to be looked at.
    All,
}

/// A list that is being made.
#[derive(Clone)]
struct List {
    kind: Resource,
    /// What the filter asks about members.
    edges: Edges,
    /// What groups and members are shown from; nothing where the Directory ignores them.
    shown: Option<Arc<Index>>,
    /// What addresses begin with.
    base: Arc<str>,
    request: ListRequest,
    /// Most bytes that the page renders.
    max_bytes: usize,
}

impl List {
    /// What can match at all.
    async fn candidates(&self, context: &Context) -> Result<Candidates, Error> {
        if let Some(id) = self.located() {
            return Ok(Candidates::Named(vec![id]));
        }
        let rules = context.store.unique_rules(&context.directory.namespace, &context.directory.name);
        let names = match lookup(self.request.filter.as_ref(), self.kind, &rules) {
            Lookup::Id(id) => vec![id],
            Lookup::Claim { attribute, value } => return self.by_claim(context, &attribute, &value).await,
            // What needs every member of every candidate is a scan, and bounded as one.
            Lookup::GroupsOf(_) | Lookup::Index(_) if matches!(self.edges, Edges::All(_)) => {
                return Ok(Candidates::All);
            }
            Lookup::GroupsOf(member) => self.edges.groups_of(&member),
            Lookup::MembersOf(group) => self.members_of(context, &group)?,
            Lookup::Index(key) => fresh_index(context)?.candidates(self.kind, &key),
            Lookup::Scan => return Ok(Candidates::All),
        };
        Ok(Candidates::Named(names))
    }

    /// Everybody who may have a unique value. A missing claim is no proof that nobody has it: a restore brings people back
    /// without claims, and of several values of one attribute none is claimed. Where no live claim answers, the index does.
    async fn by_claim(&self, context: &Context, attribute: &str, value: &str) -> Result<Candidates, Error> {
        let claim_name = claim_name(&context.directory.name, attribute, value);
        let deadline = Instant::now() + CREATE_PATIENCE;
        loop {
            let holder = holder(context, &claim_name).await?;
            if let Some(holder) = &holder
                && let Some(found) = self.read(context, holder).await?
            {
                return Ok(Candidates::Found(found));
            }
            let index = fresh_index(context)?;
            let mut names = index.naming(self.kind, &claim_name);
            if !self.is_any_being_created(context, &names).await? {
                names.extend(index.ambiguous(self.kind));
                names.sort();
                names.dedup();
                return Ok(Candidates::Named(names));
            }
            if Instant::now() > deadline {
                let reason = "an object with this value is still being created".to_owned();
                return Err(Error::Unavailable { reason });
            }
            tokio::time::sleep(CREATE_PAUSE).await;
        }
    }

    /// Whether one of these objects, none of which has its claim, may still be on its way: a create at another replica has
    /// stored it and not claimed its values, or was cut short there. Neither "nobody" nor this object is the answer then.
    async fn is_any_being_created(&self, context: &Context, names: &[String]) -> Result<bool, Error> {
        let index = context.store.index(&context.directory.namespace, &context.directory.name);
        for name in names {
            if index.was_visible(self.kind, name) {
                continue;
            }
            match context.store.objects().get(Kind::of(self.kind), &context.directory.namespace, name).await {
                Ok(object) if may_be_in_creation(&object, Timestamp::now()) => return Ok(true),
                Ok(_) | Err(store::Error::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    /// The users whom the index has in a group.
    fn members_of(&self, context: &Context, group: &str) -> Result<Vec<String>, Error> {
        fresh_index(context)?;
        let members = self.shown.as_ref().map(|index| index.members(group, None)).unwrap_or_default();
        Ok(members.into_iter().map(|member| member.name.to_string()).collect())
    }

    /// The object of this name, read live, where it is a resource of the Directory and the filter selects it.
    async fn read(&self, context: &Context, name: &str) -> Result<Option<Stored>, Error> {
        let object = match context.store.objects().get(Kind::of(self.kind), &context.directory.namespace, name).await {
            Ok(object) => object,
            Err(store::Error::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // One that the janitor has yet to settle was never acknowledged: a list does not know it.
        if standing_of(context, self.kind, &object) != Standing::Present {
            return Ok(None);
        }
        let mut stored = stored(self.kind, self.shown.as_ref(), &object);
        stored.resource = self.with_addresses(stored.resource);
        Ok(self.selects(&stored.resource).then_some(stored))
    }

    /// Those of these names that the filter selects, read live; nothing where they are more than `max_bytes`, and several.
    async fn read_all(&self, context: &Context, names: &[String]) -> Result<Option<Vec<Stored>>, Error> {
        let reads: Vec<_> = names.iter().map(|name| self.read(context, name)).collect();
        let mut reads = stream::iter(reads).buffered(MAX_READS_AHEAD);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(stored) = reads.next().await.transpose()? {
            let Some(stored) = stored else { continue };
            bytes += bytes_of(&stored);
            if bytes > self.max_bytes && !found.is_empty() {
                return Ok(None);
            }
            found.push(stored);
        }
        Ok(Some(found))
    }

    fn selects(&self, resource: &Attributes) -> bool {
        let Some(filter) = &self.request.filter else { return true };
        if matches!(self.edges, Edges::None) {
            return filter::matches(filter, resource, self.kind.schema());
        }
        filter::matches(filter, &self.edges.with_members(resource.clone(), &self.base), self.kind.schema())
    }

    /// The resource, with its addresses where the request looks at one.
    fn with_addresses(&self, resource: Attributes) -> Attributes {
        let by_filter = self.request.filter.as_ref().is_some_and(filter::looks_at_addresses);
        let by_order = self.request.sort.as_ref().is_some_and(|sort| sort.by.names_address());
        if by_filter || by_order { with_addresses(resource, &self.base, self.kind.schema()) } else { resource }
    }

    /// The id of the one resource whose address the filter names.
    fn located(&self) -> Option<String> {
        let place = format!("{}/{}/", self.base, self.kind.schema().endpoint);
        let id = |part: &Filter| match part {
            Filter::Compare(path, Operator::Eq, Value::String(location))
                if path.is_core("meta") && path.sub_attribute.as_deref() == Some("location") =>
            {
                location.strip_prefix(&place).filter(|id| !id.is_empty()).map(str::to_owned)
            }
            _ => None,
        };
        filter::conjuncts(self.request.filter.as_ref()?).into_iter().find_map(id)
    }

    /// The page of a result that is small enough to be held.
    fn page_of(&self, mut found: Vec<Stored>) -> Page {
        found.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(sort) = &self.request.sort {
            found.sort_by_cached_key(|stored| sort::key(sort, &stored.resource, self.kind.schema()));
        }
        let total_results = found.len();
        let resources = found.into_iter().skip(self.request.start_index - 1).take(self.request.count).collect();
        Page { total_results, resources }
    }

    /// The resources of a page, as many as `max_bytes` hold and one at least: a page may have fewer than were asked
    /// for, and the next one starts after the last that came (RFC 7644 section 3.4.2.4).
    fn render(&self, records: &[Record]) -> Vec<Stored> {
        let (mut bytes, mut resources) = (0, Vec::with_capacity(records.len()));
        for record in records {
            let stored = self.stored(record);
            let groups = stored.resource.get("groups").and_then(Value::as_array).map_or(0, Vec::len);
            bytes += record.scim.len() + groups * BYTES_PER_GROUP;
            if bytes > self.max_bytes && !resources.is_empty() {
                break;
            }
            resources.push(stored);
        }
        resources
    }

    fn stored(&self, record: &Record) -> Stored {
        stored_record(self.kind, self.shown.as_ref(), record)
    }

    /// What is looked at of a resource, which need not be all that is shown: few filters ask for the groups of everybody.
    fn looked_at(&self, record: &Record) -> Attributes {
        let by_filter = self.request.filter.as_ref().is_some_and(|filter| filter::looks_at(filter, "groups"));
        let by_order = self.request.sort.as_ref().is_some_and(|sort| sort.by.is_core("groups"));
        let needs_edges = self.kind == Resource::Group || by_filter || by_order;
        let stored = stored_record(self.kind, self.shown.as_ref().filter(|_| needs_edges), record);
        self.with_addresses(stored.resource)
    }
}

/// Who holds a claim: two live reads find a resource by its value, on any replica, right after the 201.
async fn holder(context: &Context, claim_name: &str) -> Result<Option<String>, Error> {
    match context.store.objects().get(Kind::CLAIM, &context.directory.namespace, claim_name).await {
        Ok(claim) => Ok(Some(Claim(claim).holder().to_owned())),
        Err(store::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn fresh_index(context: &Context) -> Result<Arc<Index>, Error> {
    context.store.fresh(Instant::now())?;
    Ok(context.store.index(&context.directory.namespace, &context.directory.name))
}

/// From the index: a page as it stands, or everything in turn where a filter or an order is asked for.
async fn scan(context: &Context, list: List, deadline: Duration) -> Result<Page, Error> {
    let index = fresh_index(context)?;
    let request = &list.request;
    if request.filter.is_none() && request.sort.is_none() {
        let (total_results, records) = index.page(list.kind, request.start_index - 1, request.count);
        return Ok(Page { total_results, resources: list.render(&records) });
    }
    let permit = SCANS.acquire().await.map_err(|closed| Error::Broken(closed.to_string()))?;
    let deadline = Instant::now() + deadline;
    // The scan holds its permit itself: it goes on for a moment when the request is given up.
    let work = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        scan_index(&index, &list, deadline)
    });
    work.await.map_err(|panicked| Error::Broken(panicked.to_string()))?
}

fn scan_index(index: &Index, list: &List, deadline: Instant) -> Result<Page, Error> {
    let mut selection = Selection::default();
    let mut after: Option<Arc<str>> = None;
    loop {
        let batch = index.batch(list.kind, after.as_deref());
        let Some(last) = batch.last() else { break };
        after = Some(Arc::clone(&last.name));
        for record in batch {
            selection.look_at(record, list);
            // Not only after each batch: a filter can ask for the members of every group.
            if Instant::now() > deadline {
                return Err(Error::Unavailable { reason: "a scan of the index took too long".to_owned() });
            }
        }
    }
    Ok(selection.into_page(list))
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
    fn look_at(&mut self, record: Record, list: &List) {
        let request = &list.request;
        let resource = list.looked_at(&record);
        if !list.selects(&resource) {
            return;
        }
        self.total += 1;
        match &request.sort {
            Some(sort) => self.ordered.push((sort::key(sort, &resource, list.kind.schema()), record)),
            None if self.total >= request.start_index && self.page.len() < request.count => self.page.push(record),
            None => {}
        }
    }

    fn into_page(mut self, list: &List) -> Page {
        let request = &list.request;
        if request.sort.is_some() {
            self.ordered.sort_by(|(a, _), (b, _)| a.cmp(b));
            let records = self.ordered.into_iter().skip(request.start_index - 1).take(request.count);
            self.page = records.map(|(_, record)| record).collect();
        }
        Page { total_results: self.total, resources: list.render(&self.page) }
    }
}
