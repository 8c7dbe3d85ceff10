//! The metrics that alerts are made of: each tells of objects that are there, and ends with them.

use std::path::Path;

use jiff::{Timestamp, ToSpan as _, Zoned, civil};
use serde_json::json;

use crate::support::directory::sha256;
use crate::support::{Client, Directory, Operator, until};

/// The value of a series, if it is there.
async fn value(operator: &Operator, series: &str) -> Option<f64> {
    let metrics = operator.metrics().await;
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_request_with_a_good_key_is_told_until_its_directory_is_gone() {
    let directory = Directory::new().await;
    let operator = Operator::shared().await;
    let labels = format!("namespace=\"{}\",directory=\"staff\"", directory.namespace);
    let series = format!("rollcall_last_provisioning_timestamp_seconds{{{labels}}}");
    let people = format!("rollcall_visible_users{{{labels}}}");
    let base = format!("{}/scim/v2/{}/staff", operator.public_url, directory.namespace);
    let stranger = Client::new(base, "wrong");
    stranger.get("/Users").await.expect_error(401, None);
    assert_eq!(value(operator, &series).await, None, "a wrong key is no provisioning");

    let before = Timestamp::now().as_second();
    let client = directory.client(operator).await;
    client.create(&json!({ "userName": "ada" })).await;
    let first = value(operator, &series).await.expect("it was provisioned");
    assert!((before as f64..=Timestamp::now().as_second() as f64).contains(&first), "{first}");
    until("a later request to be told", async || {
        client.get("/Users?count=0").await.expect(200);
        value(operator, &series).await.filter(|last| *last > first)
    })
    .await;

    directory.apply_directory(json!({ "provisioning": { "mode": "Disabled" } })).await;
    let disabled = until("the Directory to be disabled", async || {
        (client.get("/Users?count=0").await.status == 503).then(|| Timestamp::now().as_second())
    })
    .await;
    until("the provider to be seen all the same", async || {
        client.get("/Users?count=0").await.expect_error(503, None);
        value(operator, &series).await.filter(|last| *last > disabled as f64)
    })
    .await;

    directory.allow_deletion().await;
    directory.kubectl(&["delete", "directory", "staff"]).await.expect("it is deleted");
    until("the series to end", async || value(operator, &people).await.is_none().then_some(())).await;
    assert_eq!(value(operator, &series).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_key_is_told_until_the_key_is_revoked_or_gone() {
    let directory = Directory::new().await;
    let operator = Operator::shared().await;
    let series = |key: &str| {
        let labels = format!("namespace=\"{}\",directory=\"staff\",key=\"{key}\"", directory.namespace);
        format!("rollcall_key_expires_timestamp_seconds{{{labels}}}")
    };
    let spec = |secret: &str| json!({ "sha256": sha256(secret), "expiresAt": "2031-01-01T00:00:00Z" });
    for key in ["revoked", "deleted"] {
        directory.apply_key(key, spec(key)).await;
        let told = until("the end of the key", async || value(operator, &series(key)).await).await;
        assert_eq!(told, 1_924_992_000.0);
    }
    assert_eq!(value(operator, &series("key")).await, None, "a key that does not expire");
    let mut revoked = spec("revoked");
    revoked["revoked"] = true.into();
    directory.apply_key("revoked", revoked).await;
    directory.kubectl(&["delete", "directorykey", "deleted"]).await.expect("it is deleted");
    for key in ["revoked", "deleted"] {
        until("the series to end", async || value(operator, &series(key)).await.is_none().then_some(())).await;
    }
}

/// A certificate for loopback that ends at the beginning of this day, and its key, in the two files of the flags.
fn write_pair_until(folder: &Path, end: civil::Date) {
    let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let number = |number: i8| u8::try_from(number).expect("a month or a day");
    parameters.not_after = rcgen::date_time_ymd(end.year().into(), number(end.month()), number(end.day()));
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    std::fs::write(folder.join("tls.crt"), certificate.pem()).expect("a file");
    std::fs::write(folder.join("tls.key"), key.serialize_pem()).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_certificate_is_told_while_there_is_time_and_when_it_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name).display().to_string());
    let today = Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    let soon = today.saturating_add(6.days());
    write_pair_until(folder.path(), soon);
    let operator = Operator::start(&["--tls-cert", &cert, "--tls-key", &key]).await;
    for (end, line) in [
        (soon, Some("the certificate expires soon")),
        (today.saturating_sub(1.day()), Some("the certificate has expired and clients refuse it")),
        (today.saturating_add(400.days()), None),
    ] {
        write_pair_until(folder.path(), end);
        let at = end.in_tz("UTC").expect("a day").timestamp().as_second();
        until("the metric to tell the end", async || {
            let series = "rollcall_tls_certificate_expires_timestamp_seconds{listener=\"public\"}";
            value(&operator, series).await.filter(|told| *told == at as f64)
        })
        .await;
        if let Some(line) = line {
            until("the log to tell of it", async || operator.log().contains(line).then_some(())).await;
        }
    }
    assert_eq!(operator.log().matches("\"the certificate ").count(), 2, "{}", operator.log());
}
