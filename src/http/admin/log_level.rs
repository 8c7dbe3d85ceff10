//! `/log-level`: what is logged, changed while the process runs.
//!
//! Nothing on the admin listener asks for credentials, and a low level puts personal data into the log. So a change is taken from
//! the pod itself alone, which is where `kubectl port-forward` comes from: whoever may do that decides. It ends by itself.

use std::net::IpAddr;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use http::StatusCode;

use super::{Admin, plain_text};
use crate::http::edge::{Answer, Received};

/// After what time the flags count again.
const LASTS: Duration = Duration::from_secs(3600);
/// Longest level or list of levels.
const MAX_TEXT: usize = 1024;

/// What is logged now.
pub(super) async fn show(State(admin): State<Admin>) -> Answer {
    plain_text(StatusCode::OK, &admin.log_filter.current())
}

/// Logs what the body says, for an hour.
pub(super) async fn change(State(admin): State<Admin>, Extension(received): Extension<Received>, body: Body) -> Answer {
    if let Some(refusal) = refusal(received.peer) {
        return refusal;
    }
    let Ok(text) = to_bytes(body, MAX_TEXT).await else {
        return plain_text(StatusCode::PAYLOAD_TOO_LARGE, "a level has at most 1,024 characters");
    };
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    let filter = admin.log_filter;
    let number = match filter.change(&text) {
        Ok(number) => number,
        Err(reason) => return plain_text(StatusCode::BAD_REQUEST, &reason),
    };
    tracing::warn!(level = %text, minutes = LASTS.as_secs() / 60, "the log level is changed for a while");
    let ends = filter.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LASTS).await;
        ends.reset_unless_changed_since(number).ok();
    });
    plain_text(StatusCode::OK, &filter.current())
}

/// Logs what the flags say.
pub(super) async fn reset(State(admin): State<Admin>, Extension(received): Extension<Received>) -> Answer {
    if let Some(refusal) = refusal(received.peer) {
        return refusal;
    }
    match admin.log_filter.reset() {
        Ok(_) => plain_text(StatusCode::OK, &admin.log_filter.current()),
        Err(reason) => plain_text(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    }
}

fn refusal(peer: IpAddr) -> Option<Answer> {
    let sentence = "the log level is changed from the pod itself: kubectl port-forward POD 9090, then curl -X PUT -d debug \
                    http://127.0.0.1:9090/log-level";
    (!peer.is_loopback()).then(|| plain_text(StatusCode::FORBIDDEN, sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_from_the_pod_itself_alone() {
        for (peer, is_taken) in [("127.0.0.1", true), ("::1", true), ("10.0.0.7", false), ("2001:db8::1", false)] {
            let refusal = refusal(peer.parse().expect("an address"));
            assert_eq!(refusal.is_none(), is_taken, "{peer}");
            assert!(refusal.is_none_or(|answer| answer.status() == StatusCode::FORBIDDEN));
        }
    }
}
