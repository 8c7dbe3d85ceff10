//! The match: is there already an object in the target for one of the source?

use http::Method;

use super::answer::{On, Problem, hits, id_of, judge, without_members};
use crate::simulator::client::{Client, equals, query};
use crate::simulator::mapping::MappingTable;
use crate::simulator::report::ErrorCode;
use crate::simulator::source::Entity;

/// What a match found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Nothing in the target.
    None,
    /// Exactly one object, with this id.
    One(String),
    /// The source has no value to match by.
    NoValue,
}

/// The query by which an object is looked for.
pub(super) fn path(collection: &str, attribute: &str, value: &str) -> String {
    let filter = equals(attribute, value);
    if collection == "/Groups" {
        return format!("/Groups{}", query(&[("excludedAttributes", "members"), ("filter", &filter)]));
    }
    format!("{collection}{}", query(&[("filter", &filter)]))
}

/// Asks by each matching attribute in its order, until one of them hits.
pub(super) async fn find(
    client: &Client,
    collection: &str,
    table: &MappingTable,
    entity: &dyn Entity,
) -> Result<Match, Problem> {
    let mut found = Match::NoValue;
    for row in table.matching() {
        let value = row.desired(entity);
        let Some(value) = value.as_str() else { continue };
        let path = path(collection, row.target.text(), value);
        let answer = judge(On::Filter, client.send(Method::GET, &path, None).await)?;
        let hits = hits(&answer)?;
        for hit in hits.iter().filter(|_| collection == "/Groups") {
            without_members(hit)?;
        }
        match hits.as_slice() {
            [] => found = Match::None,
            [hit] => return Ok(Match::One(id_of(hit)?)),
            _ => {
                let reason = format!("{} objects answer {} eq {value:?}", hits.len(), row.target.text());
                return Err(Problem::new(ErrorCode::DuplicateTargetEntries, reason));
            }
        }
    }
    Ok(found)
}
