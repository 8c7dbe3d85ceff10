//! The first request of a run: whether there is a SCIM endpoint to say anything about.
//!
//! Without one the run has no findings: it could not be made, and one sentence says why.

use http::Method;

use crate::simulator::client::Client;

/// The smallest request that every SCIM endpoint has to answer.
const FIRST: &str = "/Users?startIndex=1&count=1";

/// Asks once; an error is a sentence for the person who typed the URL and the token.
pub(super) async fn first_contact(client: &Client) -> Result<(), String> {
    let base = client.endpoint().base();
    let answer = client.counted_apart().send(Method::GET, FIRST, None).await;
    let answer = answer.map_err(|error| format!("{base} cannot be reached: {error}"))?;
    let is_object = answer.json.as_ref().is_some_and(serde_json::Value::is_object);
    obstacle(base, answer.status, is_object, &answer.detail()).map_or(Ok(()), Err)
}

/// What is in the way.
fn obstacle(base: &str, status: u16, is_object: bool, detail: &str) -> Option<String> {
    let said = format!("{status} {detail}");
    let said = said.trim_end();
    let sentence = match status {
        200..=299 if is_object => return None,
        200..=299 => format!("{base} is no SCIM endpoint: the answer to GET {FIRST} is no JSON object"),
        300..=399 => format!("{base} sends elsewhere ({said}): give the URL to which it leads"),
        401 => format!("the endpoint refuses the token ({said}): check the token, and whether it is for {base}"),
        403 => format!("the endpoint does not let this token read users ({said})"),
        404 => format!("there is nothing at {base}/Users ({said}): check the tenant URL"),
        _ => format!("the endpoint cannot list users: {said}"),
    };
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_obstacle_has_a_sentence_of_its_own() {
        for (status, is_object, expected) in [
            (200, true, None),
            (200, false, Some("is no JSON object")),
            (302, false, Some("give the URL to which it leads")),
            (401, true, Some("refuses the token (401 sorry)")),
            (403, true, Some("does not let this token read users")),
            (404, false, Some("nothing at http://h.example/scim/Users (404 sorry): check the tenant URL")),
            (503, false, Some("cannot list users: 503 sorry")),
        ] {
            let found = obstacle("http://h.example/scim", status, is_object, "sorry");
            assert_eq!(found.is_some(), expected.is_some(), "{status}: {found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{status}");
        }
    }
}
