//! What a provisioning job does in its first hour: connection test, people, a manager, a change, a deactivation.

use anyhow::Result;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::entra::Job;
use crate::{NAMESPACE, heading};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Given name, family name, title, department.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("Ada", "Lindqvist", "Head of Platform", "Engineering"),
    ("Bogdan", "Marin", "Site Reliability Engineer", "Engineering"),
    ("Chiara", "D'Amico", "Controller", "Finance"),
    ("Dagný", "Þórsdóttir", "Designer", "Product"),
    ("Emeka", "Okafor", "Support Lead", "Operations"),
];

/// Runs the tour and shows the cluster's view of it before and after the deactivation.
pub(crate) async fn run(cluster: &Cluster, job: &Job) -> Result<()> {
    heading("Entra: test connection");
    job.test_connection().await?;
    println!("200 and an empty list, for users and for groups.");

    heading("Entra: provision five people");
    let mut ids = Vec::new();
    for (number, person) in PEOPLE.iter().enumerate() {
        let person = resource(number, person);
        let (id, is_new) = job.provision(&person).await?;
        println!(
            "{:<32} {} as {id}",
            person["userName"].as_str().unwrap_or_default(),
            if is_new { "created" } else { "found" }
        );
        ids.push(id);
    }

    heading("Entra: references follow, and a title changes");
    let manager = format!("{ENTERPRISE}:manager");
    for id in &ids[1..] {
        job.patch(id, &[("Add", &manager, &ids[0])]).await?;
    }
    job.patch(
        &ids[1],
        &[("Replace", "title", "Staff Engineer"), ("Add", "phoneNumbers[type eq \"mobile\"].value", "+40 21 555 0134")],
    )
    .await?;
    // A tour that ran before on this cluster left the last person inactive.
    job.patch(&ids[4], &[("Replace", "active", "True")]).await?;
    println!("Four managers set, one title replaced.");
    show(cluster).await?;

    heading("Entra: Emeka leaves; his account is disabled");
    job.patch(&ids[4], &[("Replace", "active", "False")]).await?;
    show(cluster).await
}

async fn show(cluster: &Cluster) -> Result<()> {
    println!("\n$ kubectl -n {NAMESPACE} get directoryusers");
    print!("{}", cluster.kubectl(&["-n", NAMESPACE, "get", "directoryusers"]).await?);
    Ok(())
}

/// A person as Entra's default mapping sends one.
fn resource(number: usize, (given, family, title, department): &(&str, &str, &str, &str)) -> Value {
    let user_name = format!("{}@contoso.example", given.to_lowercase());
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": format!("0a21f0f2-8d2a-4f8e-bf98-{number:012}"),
        "userName": user_name,
        "active": true,
        "displayName": format!("{given} {family}"),
        "title": title,
        "emails": [{ "primary": true, "type": "work", "value": user_name }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": format!("{given} {family}"), "familyName": family, "givenName": given },
        "roles": [],
        ENTERPRISE: { "employeeNumber": format!("70{number:04}"), "department": department },
    })
}
