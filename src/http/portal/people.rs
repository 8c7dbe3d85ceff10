//! The roll: who is in the Directory, for administrators, by pages and by a part of the name.

use std::sync::Arc;

use axum::extract::State;
use http::{Method, StatusCode};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::person::Shown;
use super::visitor::Visitor;
use crate::http::browser::{Browser, Turned, Visit, VisitFailure};
use crate::http::edge::Answer;
use crate::pages::{self, PersonRow, PortalPart, RollPage, SuspensionSwitch, texts};
use crate::rules::access::{Denial, decide};
use crate::rules::naming::canonical;
use crate::rules::portal::may_switch;
use crate::rules::profile::full_name;
use crate::rules::resource::Resource;

/// People on a page.
pub const PAGE: usize = 50;
/// Most people who are looked through for one page, which takes some microseconds for each.
pub const MAX_LOOKED_THROUGH: usize = 100_000;
/// Longest text that is searched for, in characters.
const MAX_QUERY: usize = 100;
/// Searches at a time: the rest wait, and nothing else does.
static SEARCHES: Semaphore = Semaphore::const_new(2);

/// What the URL asks for.
#[derive(Default)]
struct Wanted {
    query: String,
    /// From 1.
    page: usize,
}

impl Wanted {
    fn of(visit: &Visit) -> Result<Self, VisitFailure> {
        let (query, page) = (visit.parameter("q")?, visit.parameter("page")?);
        Ok(Self::bounded(query.unwrap_or_default(), page.unwrap_or_default()))
    }

    fn bounded(query: &str, page: &str) -> Self {
        let page = page.parse().unwrap_or(1).clamp(1, MAX_LOOKED_THROUGH / PAGE);
        Self { query: query.trim().chars().take(MAX_QUERY).collect(), page }
    }

    fn address(&self, page: usize, action: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.query.is_empty() {
            query.append_pair("q", &self.query);
        }
        query.append_pair("page", &page.to_string());
        format!("{action}?{}", query.finish())
    }
}

/// Somebody who was found: what the order is by, and the SCIM id.
type Found = (String, Arc<str>);

/// `GET /portal/NAMESPACE/DIRECTORY/people?q=&page=`.
pub(super) async fn show(State(browser): State<Browser>, visit: Visit) -> Result<Answer, Turned> {
    let visitor = Visitor::administrator(&browser, &visit, &Method::GET, "/people")?;
    let wanted = Wanted::of(&visit).map_err(Turned::from)?;
    let failed = || visit.failure(StatusCode::INTERNAL_SERVER_ERROR, texts::error::INTERNAL, "a search panicked");
    let Visitor { live, policy, role, people: action, .. } = &visitor;
    let index = browser.logins.store().index(&visit.directory.namespace, &visit.directory.name);
    let _turn = SEARCHES.acquire().await.map_err(|_| Turned::from(failed()))?;
    let (searched, needle) = (Arc::clone(&index), canonical(&wanted.query));
    let search = move || search(searched.living(Resource::User), &needle);
    let (found, is_whole) = tokio::task::spawn_blocking(search).await.map_err(|_| Turned::from(failed()))?;
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = wanted.page.min(pages);
    let first = (page - 1) * PAGE;
    let on_page = found.iter().skip(first).take(PAGE);
    let people: Vec<_> = on_page
        .filter_map(|(_, id)| {
            let person = index.person(id)?;
            let shown = Shown::of(&person.scim, policy);
            Some((person, shown, format!("{action}/{id}/suspension")))
        })
        .collect();
    let rules = browser.logins.rules(&visit.directory);
    let rows = people.iter().map(|(person, shown, href)| {
        let granted = decide(&person.access, &rules);
        let is_suspended = person.access.is_suspended_by_portal;
        let may_switch = may_switch((&live.person.id, *role), (&person.id, shown.role)).is_ok();
        PersonRow {
            name: &shown.name,
            user_name: &shown.user_name,
            user_type: or_nothing(&shown.user_type),
            role: shown.role_name().unwrap_or(texts::NOTHING),
            has_access: granted.is_ok(),
            access: access(granted.err(), is_suspended),
            switch: may_switch.then_some(SuspensionSwitch { href, is_suspended }),
        }
    });
    let (last, is_search) = (first + people.len(), !wanted.query.is_empty());
    let count = if is_whole {
        texts::count(found.len(), first + 1, last, is_search)
    } else {
        texts::count_of_part(first + 1, last)
    };
    let (previous, next) = (wanted.address(page.saturating_sub(1), action), wanted.address(page + 1, action));
    let page = RollPage {
        frame: visitor.frame(&visit, PortalPart::People),
        action,
        query: &wanted.query,
        count: &count,
        rows: rows.collect(),
        previous: (page > 1).then_some(&previous),
        next: (page < pages).then_some(&next),
    };
    Ok(pages::answer(StatusCode::OK, &page))
}

/// Those among `people` who have `needle` in the name or the user name, in the order of their names, and whether everybody was
/// looked at. The needle is in canonical form.
fn search(people: Vec<(Arc<str>, Arc<[u8]>)>, needle: &str) -> (Vec<Found>, bool) {
    let is_whole = people.len() <= MAX_LOOKED_THROUGH;
    let found = people.into_iter().take(MAX_LOOKED_THROUGH).filter_map(|(id, scim)| {
        let Named { user_name, display_name, name } = serde_json::from_slice(&scim).ok()?;
        let name = canonical(&full_name(&display_name, &name).unwrap_or_default());
        let user_name = canonical(user_name.as_str().unwrap_or_default());
        let is_found = needle.is_empty() || name.contains(needle) || user_name.contains(needle);
        let order = if name.is_empty() { user_name } else { name };
        is_found.then_some((order, id))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    (found, is_whole)
}

/// The part of a person that is searched, read without the rest.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    user_name: serde_json::Value,
    display_name: serde_json::Value,
    name: serde_json::Value,
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { texts::NOTHING } else { text }
}

/// Whether somebody has access, in the words of the roll.
fn access(denial: Option<Denial>, is_suspended: bool) -> &'static str {
    match denial {
        None => texts::ACCESS_GRANTED,
        Some(Denial::Inactive) => texts::ACCESS_INACTIVE,
        Some(Denial::Suspended) => texts::ACCESS_SUSPENDED,
        Some(Denial::SuspendedByPortal) => texts::ACCESS_SUSPENDED_BY_PORTAL,
        Some(_) if is_suspended => texts::ACCESS_SUSPENDED_BY_PORTAL,
        Some(_) => texts::ACCESS_NONE,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_are_found_by_a_part_of_the_name_or_the_user_name_in_the_order_of_names() {
        let people = || {
            let people = [
                ("z-1", json!({ "userName": "zoe@contoso.example", "displayName": "Adele Vance" })),
                ("a-1", json!({ "userName": "van@contoso.example", "displayName": "Zoë Ärmel" })),
                (
                    "b-1",
                    json!({ "userName": "b@contoso.example", "name": { "givenName": "Jo", "familyName": "Vandal" } }),
                ),
                ("c-1", json!({ "userName": "CID@contoso.example" })),
                ("d-1", json!({ "userName": 7, "displayName": ["x"] })),
            ];
            people.map(|(id, scim)| (Arc::from(id), Arc::from(scim.to_string().into_bytes()))).into()
        };
        for (needle, expected) in [
            ("", &["d-1", "z-1", "c-1", "b-1", "a-1"][..]),
            ("VAN", &["z-1", "b-1", "a-1"]),
            ("zoë", &["a-1"]),
            ("zoe\u{308}", &["a-1"]),
            ("cid@", &["c-1"]),
            ("nobody", &[]),
            ("\"", &[]),
        ] {
            let (found, is_whole) = search(people(), &canonical(needle));
            let ids: Vec<_> = found.iter().map(|(_, id)| &**id).collect();
            assert_eq!((ids.as_slice(), is_whole), (expected, true), "{needle}");
        }
    }

    #[test]
    fn a_search_is_bounded_and_says_so() {
        let scim: Arc<[u8]> = Arc::from(br#"{"userName":"u"}"#.as_slice());
        let people = (0..=MAX_LOOKED_THROUGH).map(|number| (Arc::from(number.to_string()), Arc::clone(&scim)));
        let (found, is_whole) = search(people.collect(), "u");
        assert_eq!((found.len(), is_whole), (MAX_LOOKED_THROUGH, false));
    }

    #[test]
    fn what_a_url_asks_for_is_bounded() {
        let long = "x".repeat(300);
        for (query, expected, page) in [
            (("", ""), "", 1),
            (("van", "3"), "van", 3),
            ((" a&b ", "x"), "a&b", 1),
            (("", "0"), "", 1),
            (("", "-1"), "", 1),
            (("", "99999999"), "", MAX_LOOKED_THROUGH / PAGE),
            ((&long, "1"), &long[..MAX_QUERY], 1),
        ] {
            let wanted = Wanted::bounded(query.0, query.1);
            assert_eq!((wanted.query.as_str(), wanted.page), (expected, page), "{query:?}");
        }
        assert_eq!(Wanted::bounded("a&b", "").address(2, "/people"), "/people?q=a%26b&page=2");
    }
}
