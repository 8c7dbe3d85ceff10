use std::time::Duration;

use http::{HeaderMap, Method};
use hyper::body::Bytes;

use super::*;

#[test]
fn a_tenant_url_is_taken_as_an_administrator_types_it() {
    for (url, base, flag) in [
        ("https://host.example/scim", "https://host.example/scim", None),
        ("https://host.example/scim/", "https://host.example/scim", None),
        (" https://host.example ", "https://host.example", None),
        ("https://host.example/v2?aadOptscim062020", "https://host.example/v2", Some(Flag::Standard)),
        ("https://host.example/v2/?aadOptscim062020", "https://host.example/v2", Some(Flag::Standard)),
        ("https://host.example/v2?x=1&AzureAdScimPatch062020=true", "https://host.example/v2", Some(Flag::Standard)),
        ("http://127.0.0.1:8080/?AzureAdScimPatch2017", "http://127.0.0.1:8080", Some(Flag::Legacy)),
    ] {
        let endpoint = Endpoint::parse(url).expect(url);
        assert_eq!((endpoint.base(), endpoint.flag()), (base, flag), "{url}");
    }
    for url in ["", "host.example/scim", "ftp://host.example", "https://host.example/#x", "/scim", "https://"] {
        assert!(Endpoint::parse(url).is_err(), "{url}");
    }
    for (url, reason) in [
        ("https://host.example/v2?aadOptscim06020", "a flag that is not known; known are aadOptscim062020"),
        ("https://host.example/v2?aadoptscim062020", "a flag that is not known"),
        ("https://host.example/v2?AzureAdScimPatch2020", "a flag that is not known"),
        ("https://host.example/v2?aadOptscim062020&AzureAdScimPatch2017", "contradict each other"),
        ("https://host.example/v2/Users", "give it without /Users"),
        ("https://host.example/v2/groups/?aadOptscim062020", "give it without /Groups"),
    ] {
        let error = Endpoint::parse(url).expect_err(url).to_string();
        assert!(error.contains(reason), "{error}");
    }
    let endpoint = Endpoint::parse("https://host.example/v2?key=s3cret&aadOptscim062020&debug").expect("a URL");
    assert_eq!(endpoint.ignored(), ["key", "debug"]);
    let error = Endpoint::parse("https://user:secret@host.example/").expect_err("a secret in it").to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn a_query_has_plus_for_blanks_and_escapes_for_the_rest() {
    let filter = equals("userName", "o'brien \"x\"@a.example");
    assert_eq!(filter, r#"userName eq "o'brien \"x\"@a.example""#);
    assert_eq!(
        query(&[("excludedAttributes", "members"), ("filter", &equals("displayName", "A&B é"))]),
        "?excludedAttributes=members&filter=displayName+eq+%22A%26B+%C3%A9%22"
    );
    assert_eq!(escape_segment("a b/c?d"), "a%20b%2Fc%3Fd");
    let mut random = Random::new(3);
    let written: std::collections::BTreeSet<_> =
        (0..50).map(|_| query::lower_some_escapes("/Users?filter=X%5B+%C3%A9Y", &mut random)).collect();
    assert_eq!(
        written.into_iter().collect::<Vec<_>>(),
        ["/Users?filter=X%5B+%C3%A9Y", "/Users?filter=X%5b+%c3%a9Y"],
        "escapes in either case, and nothing else"
    );
}

#[test]
fn retry_after_is_bounded() {
    for (value, seconds) in [(None, 1), (Some("0"), 0), (Some("7"), 7), (Some("86400"), 60), (Some("Wed, 21 Oct"), 1)] {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(RETRY_AFTER, value.parse().expect("a header value"));
        }
        assert_eq!(retry_after(&headers), Duration::from_secs(seconds), "{value:?}");
    }
}

#[test]
fn a_request_has_the_shape_of_the_service() {
    let client = Client::new(
        Endpoint::parse("http://127.0.0.1:1/scim/").expect("a URL"),
        Token::new("s3cret\n").expect("a token"),
        DEADLINE,
        1,
        None,
    )
    .expect("a client");
    let names = |request: &Request<Full<Bytes>>| {
        let mut names: Vec<_> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names
    };
    let get = client.request(&Method::GET, "/Users/1", None).expect("a request");
    assert_eq!(get.uri(), "http://127.0.0.1:1/scim/Users/1");
    assert_eq!(names(&get), ["activityid", "adscimversion", "authorization"]);
    assert_eq!(get.headers()["authorization"], "Bearer s3cret");
    assert!(!format!("{:?} {:?}", client.token, get.headers()).contains("s3cret"));
    let post = client.request(&Method::POST, "/Users", Some("{}".into())).expect("a request");
    assert_eq!(post.headers()["content-type"], "application/scim+json; charset=utf-8");
    assert!(Token::new("a\nb").is_err() && Token::new(" \n").is_err());
}

#[test]
fn traffic_is_counted_in_bounded_memory() {
    let mut traffic = Traffic::default();
    for number in 0..1000_u64 {
        let answer = Response {
            status: if number < 30 { 500 } else { 200 },
            headers: HeaderMap::new(),
            body: Bytes::new(),
            json: None,
            elapsed: Duration::from_millis(number + 1),
        };
        traffic.count(&Method::PATCH, "/Users/1?x=y", &Ok(answer));
    }
    traffic.count(&Method::GET, "/Users", &Err(TransportError::Connection("refused".to_owned())));
    assert_eq!((traffic.requests, traffic.writes, traffic.server_errors(), traffic.unanswered()), (1001, 1000, 30, 1));
    assert_eq!((traffic.errors.len(), traffic.first_writes.len()), (20, 20));
    assert_eq!(traffic.errors[0], "PATCH /Users/1: 500 ");
    let p99 = traffic.percentile(99).as_millis();
    assert!((940..=1040).contains(&p99), "{p99}");
    let mut sum = Traffic::default();
    sum.add(&traffic);
    sum.add(&traffic);
    assert_eq!((sum.requests, sum.errors.len(), sum.percentile(99)), (2002, 20, traffic.percentile(99)));
    assert_eq!(Traffic::default().percentile(99), Duration::ZERO);
}
