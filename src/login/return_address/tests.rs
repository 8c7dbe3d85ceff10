use serde_json::json;

use super::*;

const PAGE: &str = "/portal/n/staff";

fn spec(hosts: &[&str], scheme: &str) -> DirectoryApplicationSpec {
    let spec = json!({ "directoryRef": { "name": "staff" }, "hosts": hosts, "scheme": scheme });
    serde_json::from_value(spec).expect("a spec")
}

fn parse(text: &str) -> Result<ReturnAddress, RefusedAddress> {
    let wiki = spec(&["wiki.contoso.example", "*.wiki.contoso.example", "wiki.contoso.example:8443"], "https");
    let lab = spec(&["127.0.0.1:8080", "lab.contoso.example"], "http");
    let applications = [KnownApplication { name: "wiki", spec: &wiki }, KnownApplication { name: "lab", spec: &lab }];
    ReturnAddress::parse(text, PAGE, &applications)
}

#[test]
fn threat_31_nobody_is_sent_to_a_stranger() {
    use RefusedAddress::{Character, Form, Host, Page, UserInfo};

    let cases = [
        ("", Form),
        ("evil.example", Form),
        ("https", Form),
        ("https:", Form),
        ("https:evil.example", Form),
        ("https:/evil.example", Form),
        ("https:///evil.example", Form),
        ("https:////wiki.contoso.example/", Form),
        ("javascript:alert(1)", Form),
        ("javascript://wiki.contoso.example/%0aalert(1)", Character),
        ("javascript://wiki.contoso.example/?alert(1)", Form),
        ("data:text/html,x", Form),
        ("vbscript://wiki.contoso.example/", Form),
        ("file:///etc/passwd", Form),
        ("ftp://wiki.contoso.example/", Form),
        ("wss://wiki.contoso.example/", Form),
        ("view-source:https://wiki.contoso.example/", Form),
        ("blob:https://wiki.contoso.example/x", Form),
        ("//evil.example", Form),
        ("//evil.example/portal/n/staff", Form),
        ("///evil.example", Form),
        ("/%2Fevil.example", Form),
        ("/%2f%2fevil.example", Form),
        ("/\\evil.example", Character),
        ("\\/evil.example", Character),
        ("\\\\evil.example", Character),
        ("/%5Cevil.example", Character),
        ("/%5cevil.example", Character),
        ("/\t/evil.example", Character),
        ("/%09/evil.example", Character),
        ("/%0a/evil.example", Character),
        ("/%0d%0aLocation:https://evil.example", Character),
        ("/%20/evil.example", Character),
        ("/%C2%A0/evil.example", Character),
        ("/%E3%80%80/evil.example", Character),
        ("/%00/evil.example", Character),
        (" https://wiki.contoso.example/", Character),
        ("https://wiki.contoso.example/ ", Character),
        ("\u{2003}https://wiki.contoso.example/", Character),
        ("\u{1}https://wiki.contoso.example/", Character),
        ("https://wiki.contoso.example\\@evil.example/", Character),
        ("https://wiki.contoso.example%5C.evil.example/", Character),
        ("https://wiki.contoso.example/a\nb", Character),
        ("https://wiki.contoso.example/?a\tb", Character),
        ("https://wiki.contoso.example%20.evil.example/", Character),
        ("ht\ntps://wiki.contoso.example/", Character),
        ("https://ada@wiki.contoso.example/", UserInfo),
        ("https://@wiki.contoso.example/", UserInfo),
        ("https://wiki.contoso.example@evil.example/", UserInfo),
        ("https://wiki.contoso.example:pass@evil.example/", UserInfo),
        ("https://wiki.contoso.example%40evil.example/", UserInfo),
        ("https://evil.example/", Host),
        ("https://evil.example/https://wiki.contoso.example/", Host),
        ("https://evil.example/?https://wiki.contoso.example/", Host),
        ("https://evil.example?wiki.contoso.example", Host),
        ("https://evil.example#wiki.contoso.example", Host),
        ("https://evilwiki.contoso.example/", Host),
        ("https://wiki.contoso.example.evil.example/", Host),
        ("https://wiki.contoso.example./", Host),
        ("https://.wiki.contoso.example/", Form),
        ("https://contoso.example/", Host),
        ("https://wiki.contoso.example:443.evil.example/", Form),
        ("https://wiki.contoso.example:444/", Host),
        ("https://wiki.contoso.example:99999/", Form),
        ("http://wiki.contoso.example/", Host),
        ("https://lab.contoso.example/", Host),
        ("http://127.0.0.1:8081/", Host),
        ("http://127.0.0.1/", Host),
        ("https://[::1]/", Host),
        ("https://wiki.cont\u{43e}so.example/", Host),
        ("/", Page),
        ("/login/n/staff", Page),
        ("/portal/n/guests", Page),
        ("/portal/n/staffx", Page),
        ("/portal/n/staff/../../../login", Page),
        ("/portal/n/staff/%2e%2e/guests", Page),
        ("/portal/n/staff/.%2E/guests", Page),
    ];
    for (text, expected) in cases {
        let found = parse(text);
        assert!(found == Err(expected) || (expected == Form && found == Err(Host)), "{text:?}: {found:?}");
    }
}

#[test]
fn deep_links_come_back_as_they_were() {
    for (text, name) in [
        ("https://wiki.contoso.example/", "wiki"),
        ("https://wiki.contoso.example:8443/x", "wiki"),
        ("https://a.b.wiki.contoso.example/x", "wiki"),
        ("http://127.0.0.1:8080/x", "lab"),
        ("http://lab.contoso.example/", "lab"),
        ("https://wiki.contoso.example/My%20Page/a%C3%A4?x=%20%0A%5C%26&y=%2F%2F&z=a+b", "wiki"),
        ("https://wiki.contoso.example/?next=https://evil.example/%09//", "wiki"),
        ("https://wiki.contoso.example/?a=\\b", "wiki"),
        ("https://wiki.contoso.example/a//b;c=d/@user:1", "wiki"),
        ("https://wiki.contoso.example/%252F%255C", "wiki"),
        ("https://wiki.contoso.example/%E4", "wiki"),
        ("https://wiki.contoso.example/#a%20b", "wiki"),
    ] {
        let expected = ReturnAddress::Application { name: name.to_owned(), url: Url::parse(text).expect("an address") };
        assert_eq!(parse(text), Ok(expected.clone()), "{text}");
        let ReturnAddress::Application { url, .. } = expected else { unreachable!() };
        assert_eq!(url.as_str(), text, "it is sent as it came");
    }
    for text in ["/portal/n/staff", "/portal/n/staff/people?q=a%20b&page=2"] {
        assert_eq!(parse(text), Ok(ReturnAddress::Own(text.to_owned())), "{text}");
    }
}

#[test]
fn what_is_spelled_unusually_is_sent_in_the_usual_spelling() {
    for (text, expected) in [
        ("HTTPS://WIKI.contoso.example", "https://wiki.contoso.example/"),
        ("https://wiki.contoso.example:443/x", "https://wiki.contoso.example/x"),
        ("https://wiki.contoso.example/a/../b", "https://wiki.contoso.example/b"),
        ("https://wiki.contoso.example?q", "https://wiki.contoso.example/?q"),
        ("https://wiki.contoso.example/ä", "https://wiki.contoso.example/%C3%A4"),
    ] {
        match parse(text) {
            Ok(ReturnAddress::Application { url, .. }) => assert_eq!(url.as_str(), expected),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_login_carries_addresses_up_to_a_length() {
    let base = "https://wiki.contoso.example/";
    for (length, expected) in [(MAX_RETURN_ADDRESS, true), (MAX_RETURN_ADDRESS + 1, false)] {
        let text = format!("{base}{}", "a".repeat(length - base.len()));
        assert_eq!(parse(&text).map(|address| address.fits()), Ok(expected), "{length}");
    }
}

#[test]
fn the_front_page_is_at_the_first_host_that_is_no_pattern() {
    for (hosts, scheme, expected) in [
        (&["wiki.contoso.example", "b.example"][..], "https", Some("https://wiki.contoso.example/")),
        (&["*.contoso.example", "b.example:8443"], "https", Some("https://b.example:8443/")),
        (&["127.0.0.1:8080"], "http", Some("http://127.0.0.1:8080/")),
        (&["*.contoso.example"], "https", None),
    ] {
        let front_page = KnownApplication { name: "a", spec: &spec(hosts, scheme) }.front_page();
        assert_eq!(front_page.as_ref().map(Url::as_str), expected, "{hosts:?}");
    }
}
