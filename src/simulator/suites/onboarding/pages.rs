//! `SCIM_User_Pagination_Test` and `SCIM_Group_Pagination_Test`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{GROUPS, USERS};
use crate::simulator::suites::bodies;
use crate::simulator::suites::exchange::{CheckResult, Exchange};
use crate::simulator::suites::session::SuiteSession;

/// The original asks for at least so many resources, and for pages of so many.
const RESOURCES: usize = 11;
const PAGE: usize = 5;
/// Of a large endpoint the first pages are enough.
const MAX_PAGES: usize = 6;

/// Both tests, by their original names.
pub(super) async fn run(session: &SuiteSession) {
    session.record("SCIM_User_Pagination_Test", users(session).await);
    session.record("SCIM_Group_Pagination_Test", groups(session).await);
}

async fn users(session: &SuiteSession) -> CheckResult {
    for _ in 0..RESOURCES {
        session.create(USERS, &bodies::bare_user(&session.address())).await?;
    }
    turn_pages(session, USERS).await
}

async fn groups(session: &SuiteSession) -> CheckResult {
    for _ in 0..RESOURCES {
        session.create(GROUPS, &bodies::group(&session.group_name(), &session.guid())).await?;
    }
    turn_pages(session, GROUPS).await
}

/// Each page starts where the one before ended; the answer says where it starts and how many it holds; no resource comes
/// twice, and none is missing of those that were counted.
async fn turn_pages(session: &SuiteSession, endpoint: &str) -> CheckResult {
    let (mut start, mut seen) = (1, BTreeSet::new());
    for page in 1..=MAX_PAGES {
        let (start_text, count) = (start.to_string(), PAGE.to_string());
        let answer = session.list(endpoint, &[("startIndex", &start_text), ("count", &count)]).await?.scim(&[200])?;
        let total = usize::try_from(answer.total()?).unwrap_or(usize::MAX);
        answer.expect(total >= RESOURCES, &format!("totalResults of at least {RESOURCES}"), || format!("{total}"))?;
        let ids = ids(&answer)?;
        let wanted = PAGE.min((total + 1).saturating_sub(start));
        answer.expect(ids.len() == wanted, &format!("{wanted} resources"), || format!("{}", ids.len()))?;
        is_number(&answer, "startIndex", start)?;
        is_number(&answer, "itemsPerPage", ids.len())?;
        for id in ids {
            let again = seen.contains(&id);
            answer.expect(!again, "no resource twice", || format!("{id} on page {page} and on one before"))?;
            seen.insert(id);
        }
        start += wanted;
        if start > total {
            break;
        }
    }
    Ok(())
}

fn is_number(answer: &Exchange, name: &str, expected: usize) -> CheckResult {
    let found = answer.body()?.get(name).cloned().unwrap_or(Value::Null);
    answer.expect(found == json!(expected), &format!("{name} {expected}"), || format!("{name} {found}"))
}

fn ids(answer: &Exchange) -> CheckResult<Vec<String>> {
    let ids = answer.resources()?.iter().map(|resource| resource.get("id").and_then(Value::as_str).map(str::to_owned));
    ids.collect::<Option<_>>().ok_or_else(|| answer.miss("an id in each resource", answer.answer()))
}
