//! Addresses in answers: whose word is taken for how Entra reaches the endpoint.

use serde_json::json;

use crate::support::{Directory, Operator, until};

#[tokio::test(flavor = "multi_thread")]
async fn addresses_in_answers_are_those_of_the_public_url() {
    let directory = Directory::new().await;
    let operator = Operator::start(&["--public-url", "https://scim.example.com/rollcall"]).await;
    let client = directory.client(&operator).await;
    // What a proxy says counts less.
    let headers = [("x-forwarded-proto", "http"), ("x-forwarded-host", "proxy.example.com")];
    let body = json!({ "userName": "alice" }).to_string();
    let created = client.send("POST", "/Users", &headers, Some(body)).await.expect(201);
    let location = created["meta"]["location"].as_str().expect("a location").to_owned();
    let base = format!("https://scim.example.com/rollcall/scim/v2/{}/staff/Users/", directory.namespace);
    assert!(location.starts_with(&base), "{location}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_headers_are_believed_from_trusted_proxies_alone() {
    let directory = Directory::new().await;
    let trusting = Operator::start(&["--trusted-proxies", "10.0.0.0/8,127.0.0.0/8"]).await;
    let elsewhere = Operator::start(&["--trusted-proxies", "10.0.0.0/8"]).await;
    let (proxy, plain) = ("https://scim.example.org", None);
    let forwarded: [(&str, &[(&str, &str)]); 2] = [
        ("X-Forwarded", &[("x-forwarded-proto", "https"), ("x-forwarded-host", "scim.example.org")]),
        ("Forwarded", &[("forwarded", "for=192.0.2.1;proto=https;host=scim.example.org")]),
    ];
    for (who, operator, origin) in [
        ("trusted", &trusting, Some(proxy)),
        ("not trusted", &elsewhere, plain),
        ("no network given", Operator::shared().await, plain),
    ] {
        let client = directory.client(operator).await;
        let origin = origin.unwrap_or(&operator.public_url);
        for (what, headers) in forwarded {
            let name = format!("{what}, {who}");
            let body = json!({ "userName": name.replace([' ', ','], "-") }).to_string();
            let answer = client.send("POST", "/Users", headers, Some(body)).await;
            let header = answer.header("location").to_owned();
            let created = answer.expect(201);
            let id = created["id"].as_str().expect("an id");
            let expected = format!("{origin}/scim/v2/{}/staff/Users/{id}", directory.namespace);
            assert_eq!((&created["meta"]["location"], header), (&json!(expected), expected.clone()), "{name}");
            // The answer of a read is made for its own request.
            let read = client.get(&format!("/Users/{id}")).await.expect(200);
            let expected = format!("{}/scim/v2/{}/staff/Users/{id}", operator.public_url, directory.namespace);
            assert_eq!(read["meta"]["location"], expected, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_than_that_of_the_public_url_is_told_and_served() {
    let directory = Directory::new().await;
    let operator = Operator::start(&["--public-url", "https://scim.contoso.example"]).await;
    let client = directory.client(&operator).await;
    let told = "another host than that of --public-url";
    let lines = |host: &str| {
        let host = format!("\"host\":\"{host}\"");
        operator.log().lines().filter(|line| line.contains(told) && line.contains(&host)).count()
    };
    client
        .authorized("Bearer wrong")
        .send("GET", "/Users", &[("host", "guess.example")], None)
        .await
        .expect_error(401, None);
    for host in ["scim.contoso.example", "SCIM.contoso.example:443", "old.contoso.example", "old.contoso.example"] {
        let list = client.send("GET", "/Users", &[("host", host)], None).await.expect(200);
        assert_eq!(list["totalResults"], 0, "{host}");
    }
    until("the log to tell of it", async || (lines("old.contoso.example") > 0).then_some(())).await;
    assert_eq!(lines("old.contoso.example"), 1, "{}", operator.log());
    assert_eq!(lines("guess.example") + lines("scim.contoso.example"), 0, "{}", operator.log());
}
