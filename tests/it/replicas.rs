//! Two operator processes behind no affinity: uniqueness, lost updates, and what an answer is worth when its process dies.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;

use crate::support::wait::{JANITOR_DEADLINE, within};
use crate::support::{Client, Directory, Operator, until};

const NAMES: usize = 150;
const WINDOW: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn of_four_concurrent_creators_of_a_name_one_wins() {
    let directory = Directory::new().await;
    let replicas = two_replicas(&directory).await;
    let clients = [&replicas[0].1, &replicas[1].1];
    for window in (0..NAMES).collect::<Vec<_>>().chunks(WINDOW) {
        let names = window.iter().map(|number| async move {
            let name = format!("person-{number}@contoso.com");
            let spellings = [name.clone(), name.to_uppercase(), name.clone(), name];
            let creates = spellings.iter().enumerate().map(|(creator, spelling)| async move {
                clients[creator % 2].post("/Users", &json!({ "userName": spelling })).await
            });
            let mut statuses: Vec<_> = join_all(creates).await.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409], "person {number}");
        });
        join_all(names).await;
    }
    until("the dust to settle: one object and one claim for each name", || async {
        let (users, claims) = (directory.list("directoryusers").await, directory.list("directoryclaims").await);
        let holders: BTreeSet<_> =
            claims.iter().map(|claim| claim["spec"]["holder"].as_str().unwrap_or_default().to_owned()).collect();
        let names: BTreeSet<_> =
            users.iter().map(|user| user["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect();
        (users.len() == NAMES && claims.len() == NAMES && holders == names).then_some(())
    })
    .await;
    for client in clients {
        until("every replica to list everybody", || async {
            (client.get("/Users?count=0").await.expect(200)["totalResults"] == NAMES).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_patches_of_one_user_all_survive() {
    let directory = Directory::new().await;
    let replicas = two_replicas(&directory).await;
    let path = format!("/Users/{}", replicas[0].1.create(&json!({ "userName": "alice@contoso.com" })).await);
    let patches = (0..50).map(|number| {
        let (client, path) = (&replicas[number % 2].1, &path);
        async move {
            let role = json!([{ "op": "Add", "path": "roles", "value": [{ "value": format!("role-{number}") }] }]);
            client.patch(path, role).await.expect(200);
        }
    });
    join_all(patches).await;
    let read = replicas[1].1.get(&path).await.expect(200);
    let roles: BTreeSet<_> =
        read["roles"].as_array().expect("roles").iter().map(|role| role["value"].to_string()).collect();
    assert_eq!(roles.len(), 50, "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_outlives_the_process_that_acknowledged_it() {
    let directory = Directory::new().await;
    let mut doomed = Operator::start(&[]).await;
    let client = directory.client(&doomed).await;
    let writers = (0..8).map(|writer| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0..200 {
                let name = format!("person-{writer}-{number}@contoso.com");
                let body = json!({ "userName": name }).to_string();
                match client.try_send("POST", "/Users", &[], Some(body)).await {
                    Ok(answer) if answer.status == 201 => {
                        acknowledged.push(answer.json()["id"].as_str().expect("an id").to_owned());
                    }
                    Ok(answer) => panic!("{}", answer.text),
                    Err(_) => return acknowledged,
                }
            }
            panic!("the process outlived 1,600 creates");
        })
    });
    let writers: Vec<_> = writers.collect();
    until("a few people to be there", || async { (directory.list("directoryusers").await.len() > 20).then_some(()) })
        .await;
    doomed.kill();
    let acknowledged: Vec<_> = join_all(writers).await.into_iter().flat_map(|ids| ids.expect("a writer")).collect();
    assert!(acknowledged.len() > 10, "only {} acknowledged", acknowledged.len());
    let survivor = directory.client(Operator::shared().await).await;
    for id in &acknowledged {
        survivor.get(&format!("/Users/{id}")).await.expect(200);
    }
    // What was not acknowledged is rolled forward or removed: nobody is left without a name.
    let agreed = within(JANITOR_DEADLINE, async || {
        let objects = directory.list("directoryusers").await.len();
        (survivor.get("/Users?count=0").await.expect(200)["totalResults"] == objects).then_some(())
    })
    .await;
    assert!(agreed.is_some(), "the survivors' list and the objects do not agree");
}

async fn two_replicas(directory: &Directory) -> [(&'static Operator, Client); 2] {
    let (first, second) = (Operator::shared().await, Operator::second().await);
    [(first, directory.client(first).await), (second, directory.client(second).await)]
}
