//! Lists that are read once, page by page: for the commands that a person runs. The operator itself watches.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize as _;

use super::Error;
use super::kind::Kind;
use super::objects::Objects;
use super::watch::ListPage;
use crate::api::Object;

/// Objects of one page: a person has a few kilobytes, and an answer is bounded.
const PAGE: usize = 500;
/// Most pages of one list: two million objects are more than a cluster holds, and a server that never ends is noticed.
const MAX_PAGES: usize = 4_000;

/// Which objects of a kind a list holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection<'a> {
    /// The namespace; none: all of them.
    pub namespace: Option<&'a str>,
    /// As `kubectl get --field-selector` has it; empty: no condition.
    pub fields: &'a str,
    /// As `kubectl get --selector` has it; empty: no condition.
    pub labels: &'a str,
}

impl Objects {
    /// Reads a list and shows each object to `visit`, so that no list has to fit into memory.
    pub async fn visit(
        &self,
        kind: Kind,
        selection: Selection<'_>,
        mut visit: impl FnMut(Object),
    ) -> Result<(), Error> {
        let Selection { namespace, fields, labels } = selection;
        let path = kind.collection_path(namespace).ok_or(Error::NotFound)?;
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path = format!("{path}?limit={PAGE}&fieldSelector={}&labelSelector={}", escape(fields), escape(labels));
        let mut next = String::new();
        for _ in 0..MAX_PAGES {
            let page = self.read(&format!("{path}&continue={}", escape(&next))).await?;
            let page = ListPage::deserialize(page)
                .map_err(|error| Error::Unavailable { reason: format!("a list cannot be read: {error}") })?;
            page.items.into_iter().for_each(&mut visit);
            next = page.metadata.next.unwrap_or_default();
            if next.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Other(format!("the list of {} does not end", kind.plural)))
    }

    /// The same, as one list.
    pub async fn list(&self, kind: Kind, selection: Selection<'_>) -> Result<Vec<Object>, Error> {
        let mut objects = Vec::new();
        self.visit(kind, selection, |object| objects.push(object)).await?;
        Ok(objects)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::memory::Memory;

    const PEOPLE: Selection<'_> = Selection { namespace: Some("people"), fields: "", labels: "" };

    #[tokio::test]
    async fn pages_are_read_until_the_last_one() {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let store = Memory::default().store(move |_| {
            let number = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let items = json!([{ "metadata": { "name": format!("n{number}") } }]);
            let next = if number < 2 { "more" } else { "" };
            Some((200, json!({ "items": items, "metadata": { "continue": next } }).to_string()))
        });
        let list = store.objects().list(Kind::USER, PEOPLE).await.expect("a list");
        assert_eq!(list.iter().map(Object::name).collect::<Vec<_>>(), ["n0", "n1", "n2"]);
    }

    #[tokio::test]
    async fn a_list_that_does_not_end_is_given_up() {
        let store = Memory::default()
            .store(|_| Some((200, json!({ "items": [], "metadata": { "continue": "more" } }).to_string())));
        let error = store.objects().list(Kind::USER, PEOPLE).await.expect_err("it is endless");
        assert_eq!(error, Error::Other("the list of directoryusers does not end".to_owned()));
    }
}
