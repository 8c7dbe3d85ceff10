//! What happens to the operator itself, and to all proxies at once: nobody gets in on doubt.

use std::time::Duration;

use rollcall::store::watch::FRESHNESS_LIMIT;

use crate::cases::{Check, ensure, has_status};
use crate::company::Company;
use crate::scene::Scene;
use crate::support::wait::{DEADLINE, within};

/// How much later than promised a busy machine notices.
const SLACK: Duration = Duration::from_secs(10);

/// The API server is paused: the watch of the operator says nothing more.
pub(crate) async fn silent_watch(company: &Company, scenes: &[Scene]) -> Vec<Check> {
    let person = company.join("patient").await;
    let live = company.seals.cookie(&company.object(&person).await, "wiki");
    for scene in scenes {
        let before = within(DEADLINE, async || (status(scene, &live).await == 200).then_some(())).await;
        assert!(before.is_some(), "a session to lose");
    }
    let plane = company.plane().await;
    plane.pause_api_server().expect("a signal");
    let mut results = Vec::new();
    for scene in scenes {
        let refused = within(FRESHNESS_LIMIT + SLACK, async || (status(scene, &live).await >= 500).then_some(())).await;
        let before = scene.application.requests();
        let last = scene.get("/", &[("cookie", &live)]).await;
        let is_shut = refused.is_some() && last.status >= 500 && scene.application.requests() == before;
        results.push(ensure(is_shut, || format!("status {}", last.status)));
    }
    plane.resume_api_server().expect("a signal");
    for (scene, result) in scenes.iter().zip(&mut results) {
        let again = within(DEADLINE, async || (status(scene, &live).await == 200).then_some(())).await;
        if result.is_ok() && again.is_none() {
            *result = has_status(&scene.get("/", &[("cookie", &live)]).await, 200);
        }
    }
    results
}

/// The operator ends, and nothing stands in for it.
pub(crate) async fn gone(company: &Company, scenes: &[Scene]) -> Vec<Check> {
    let person = company.join("late").await;
    let live = company.seals.cookie(&company.object(&person).await, "wiki");
    company.operator.terminate();
    let mut results = Vec::new();
    for scene in scenes {
        // It answers what it has begun before it ends.
        let refused = within(DEADLINE, async || (status(scene, &live).await >= 500).then_some(())).await;
        let before = scene.application.requests();
        let answer = scene.get("/", &[("cookie", &live)]).await;
        let is_shut = refused.is_some() && answer.status >= 500 && scene.application.requests() == before;
        results.push(ensure(is_shut, || format!("status {}", answer.status)));
    }
    results
}

async fn status(scene: &Scene, cookie: &str) -> u16 {
    scene.get("/", &[("cookie", cookie)]).await.status
}
