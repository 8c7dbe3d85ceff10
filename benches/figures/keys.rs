//! How soon a revoked key is refused while others work.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::load;
use crate::people::expect;
use crate::raw::Raw;
use crate::support::{Client, directory::sha256, until};
use crate::table::{Figure, Goal};
use crate::{Bench, Directory, NAMESPACE, object};

/// Seconds from the write that revokes a key to the first 401.
const GOAL: f64 = 1.0;

/// Revokes keys one after the other while the usual connections read people with a key that stays, and measures from each write
/// until both replicas refuse the key.
pub(crate) async fn measure(bench: &Bench, directory: &Directory) -> Result<Vec<Figure>> {
    let admin = Raw::new(&bench.plane.admin_kubeconfig(), NAMESPACE)?;
    let second = bench.replica().await;
    let count = bench.scale.revocations;
    let keys: Vec<_> = (0..count).map(|number| format!("revoked-{}-{number}", directory.name)).collect();
    for key in &keys {
        let spec = json!({ "directoryRef": { "name": directory.name }, "sha256": sha256(key) });
        let mut object = object(directory.name, "DirectoryKey", spec);
        object["metadata"]["name"] = key.as_str().into();
        admin.post("directorykeys", &object).await?;
    }
    let path = format!("/scim/v2/{NAMESPACE}/{}", directory.name);
    let replicas = [&bench.operator, &second].map(|operator| format!("{}{path}", operator.public_url));
    let last = keys.last().map_or("", String::as_str);
    for base in &replicas {
        let client = Client::new(base.clone(), last);
        until("each replica to know every key", async || (status(&client).await == 200).then_some(())).await;
    }
    let people = &directory.people;
    let load = load::until_dropped(async |number| {
        expect(&directory.scim.get(&format!("/Users/{}", people[number % people.len()])).await, 200)
    });
    let times = tokio::select! {
        times = revoke_each(&admin, &keys, &replicas) => times?,
        ended = load => return Err(ended),
    };
    let measured = format!("{count} keys, two replicas, {} connections reading people", load::CONNECTIONS);
    let p99 = load::percentile(times, 99);
    let name = "key revocation to 401: p99, in s";
    Ok(vec![Figure { name, measured, value: p99.as_secs_f64(), goal: Goal::AtMost(GOAL) }])
}

async fn revoke_each(admin: &Raw, keys: &[String], replicas: &[String]) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for key in keys {
        let began = revoke(admin, &format!("directorykeys/{key}")).await?;
        for base in replicas {
            let client = Client::new(base.clone(), key);
            // Whoever fails often is answered 429, which opens as little as 401.
            while ![401, 429].contains(&status(&client).await) {
                ensure!(began.elapsed() < Duration::from_secs(30), "{key} still opens {base}");
            }
        }
        times.push(began.elapsed());
    }
    Ok(times)
}

/// Writes `revoked: true` and returns when the write began. The operator writes the status of a key that was used, so the object
/// is read again where the write met another.
async fn revoke(admin: &Raw, path: &str) -> Result<Instant> {
    loop {
        let mut key: Value = admin.get(path).await?;
        key["spec"]["revoked"] = true.into();
        let began = Instant::now();
        match admin.put(path, &key).await {
            Err(error) if error.to_string().contains("409") => {}
            written => return written.map(|_| began),
        }
    }
}

async fn status(client: &Client) -> u16 {
    client.get("/ServiceProviderConfig").await.status
}
