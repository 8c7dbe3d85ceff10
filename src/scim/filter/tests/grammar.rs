//! The grammar: what parses, to what, and what is refused.

use super::*;

fn path(attribute: &str, sub_attribute: Option<&str>) -> AttributePath {
    AttributePath {
        schema: None,
        attribute: Some(attribute.to_owned()),
        sub_attribute: sub_attribute.map(str::to_owned),
    }
}

fn eq(attribute: &str, value: impl Into<Value>) -> Filter {
    Filter::Compare(path(attribute, None), Operator::Eq, value.into())
}

#[test]
fn text_becomes_the_tree_that_it_describes() {
    let element = |parts| Filter::Element(path("emails", None), Box::new(Filter::And(parts)));
    let work = || eq("type", "work");
    let cases = [
        ("names fold to the schema's spelling", "USERNAME EQ \"a\"", eq("userName", "a")),
        ("an escaped string", "title eq \"a\\\"\\\\\\u00e9\"", eq("title", "a\"\\é")),
        ("words within a string", "title eq \"x and (y) or not\"", eq("title", "x and (y) or not")),
        ("a bare word", "externalId eq jyoung", eq("externalId", "jyoung")),
        ("a number for text", "externalId eq 0123", eq("externalId", "0123")),
        ("a literal for text", "title eq true", eq("title", "true")),
        ("a number for who knows", "shoeSize eq -1.5e3", eq("shoeSize", -1500.0)),
        ("a boolean as text", "active eq \"False\"", eq("active", false)),
        ("a boolean as a bare word", "active eq True", eq("active", true)),
        ("null", "title eq null", eq("title", Value::Null)),
        ("tabs and many blanks", "\t title\t eq  \"x\" ", eq("title", "x")),
        ("an attribute named not", "not eq \"x\"", eq("not", "x")),
        ("a value path", "emails[type eq \"work\"]", Filter::Element(path("emails", None), Box::new(work()))),
        (
            "a value path with a sub-attribute",
            "emails[type eq \"work\"].VALUE eq \"x\"",
            element(vec![work(), eq("value", "x")]),
        ),
        (
            "the same behind two conditions",
            "emails[type eq \"work\" and primary eq \"True\"].value eq x",
            element(vec![work(), eq("primary", true), eq("value", "x")]),
        ),
        (
            "and binds tighter than or",
            "a eq 1 or b eq 2 and not(c pr)",
            Filter::Or(vec![
                eq("a", 1),
                Filter::And(vec![eq("b", 2), Filter::Not(Box::new(Filter::Present(path("c", None))))]),
            ]),
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(parse(text, &USER), Ok(expected), "{name}: {text}");
    }
}

fn refused(text: &str) -> String {
    match parse(text, &USER) {
        Err(Error::InvalidFilter(sentence)) => sentence,
        other => panic!("{text:?} is not refused as it should be: {other:?}"),
    }
}

#[test]
fn what_is_no_filter_is_refused_with_a_sentence() {
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq 'x'",
        "userName is \"x\"",
        "userName eq \"x",
        "userName eq \"x\\\"",
        "userName eq \"\\q\"",
        "userName eq \"a\tb\"",
        "userName eq \"x\" garbage",
        "userName eq \"x\" and",
        "userName eq \"x\" or or title pr",
        "userName eq x y",
        "title pr \"x\"",
        "(title pr",
        "title pr)",
        "()",
        "not title pr",
        "not ()",
        "emails[",
        "emails[]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"]]",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].value",
        "emails[type eq \"work\"].value eq",
        "emails[type eq \"work\"][primary eq true]",
        "emails[a[b eq 1]]",
        "emails.value[a eq 1]",
        "emails[urn:a:b eq 1]",
        "eq \"x\"",
        "größe eq 1",
        "active gt true",
        "active le \"False\"",
        "active co \"tr\"",
        "active eq \"maybe\"",
        "emails[primary gt true]",
        "emails[type eq \"work\"].primary ge true",
        "x509Certificates.value lt \"AA==\"",
        "meta.created gt \"yesterday\"",
        "meta.created eq 1",
        "title co null",
        "title gt null",
        "a eq 1\0",
    ] {
        let sentence = refused(text);
        let is_sentence = sentence.starts_with("The filter ") && sentence.ends_with('.');
        assert!(is_sentence && (20..600).contains(&sentence.len()), "{text:?}: {sentence}");
    }
    assert!(refused("userName is \"x\"").contains("\"is\""));
    assert!(refused("active gt true").contains("active"));
    assert!(refused("(title pr").contains("character 10"));
}

#[test]
fn length_depth_and_nodes_are_bounded() {
    let nested = |levels: usize| format!("{}title pr{}", "(".repeat(levels), ")".repeat(levels));
    let negated = |levels: usize| format!("{}title pr{}", "not (".repeat(levels), ")".repeat(levels));
    // The chain itself is a node too.
    let ors = |terms: usize| vec!["a eq 1"; terms].join(" or ");
    let long = |length: usize| format!("title eq \"{}\"", "x".repeat(length - "title eq \"\"".len()));
    let side_by_side = vec!["(title pr)"; MAX_DEPTH * 2].join(" and ");
    for text in [nested(MAX_DEPTH), negated(MAX_DEPTH), side_by_side, ors(MAX_NODES - 1), long(MAX_LENGTH)] {
        parse(&text, &USER).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    let in_brackets = format!("emails[{}]", nested(MAX_DEPTH));
    let brackets = "(".repeat(MAX_LENGTH);
    for (text, bound) in [
        (nested(MAX_DEPTH + 1), MAX_DEPTH),
        (negated(MAX_DEPTH + 1), MAX_DEPTH),
        (in_brackets, MAX_DEPTH),
        (brackets, MAX_DEPTH),
        (ors(MAX_NODES), MAX_NODES),
        (long(MAX_LENGTH + 1), MAX_LENGTH),
    ] {
        assert!(refused(&text).contains(&bound.to_string()), "{bound}");
    }
    assert!(matches!(parse_selector(&nested(MAX_DEPTH + 1), None), Err(Error::InvalidFilter(_))));
}

/// An expression of the grammar of RFC 7644 figure 1, spelled with the freedom that it leaves.
fn expression() -> impl Strategy<Value = String> {
    let string = "\"([ -!#-\\[\\]-~é]|\\\\\"|\\\\n){0,6}\"";
    let names = "(title|USERNAME|name\\.familyName|my-attr|x_1|emails\\.display|urn:a:b:c|(?i-u:urn:ietf:params:scim:schemas:extension:enterprise:2\\.0:User):(department|manager\\.value))";
    let comparison = (
        names,
        "(?i-u:eq|ne|co|sw|ew|gt|ge|lt|le)",
        prop_oneof![string.boxed(), "(0|-?[1-9][0-9]?(\\.5)?)".boxed(), "(true|false)".boxed()],
    )
        .prop_map(|(name, operator, value)| format!("{name} {operator} {value}"));
    let leaf = prop_oneof![
        4 => comparison,
        1 => names.prop_map(|name| format!("{name} PR")),
        1 => (names, "(?i-u:eq|ne)").prop_map(|(name, operator)| format!("{name} {operator} null")),
        1 => "active (?i-u:eq|ne) (true|false)",
        1 => "meta\\.lastModified (?i-u:ge|lt) \"20[0-9]{2}-0[1-9]-1[0-9]T1[0-9]:00:00(\\.[0-9]{1,7})?(Z|[+-]0[0-9]:30)\"",
    ];
    let leaf = leaf.boxed();
    let tree = leaf.clone().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), " +(?i-u:and) +", inner.clone()).prop_map(|(a, word, b)| format!("{a}{word}{b}")),
            (inner.clone(), " +(?i-u:or) +", inner.clone()).prop_map(|(a, word, b)| format!("{a}{word}{b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    });
    let selector = "(type|x)( pr| eq \"work\")|primary (pr|eq (true|false))";
    let element = (selector, " (and|or) ", selector).prop_map(|(a, word, b)| format!("emails[{a}{word}{b}]"));
    prop_oneof![4 => tree.clone(), 1 => (tree, element).prop_map(|(a, b)| format!("{a} and {b}"))]
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in "\\PC{0,60}|[a-c()\\[\\]\"\\\\. ]{0,40}|(not|and|or|eq|\\(|\\)|a|\"x\"| )*") {
        drop(parse(&text, &USER));
        drop(parse_selector(&text, USER.attribute("emails")));
    }

    /// A second opinion: what `scim_v2` reads, ours reads too, and as the same tree. The other parser prints its tree
    /// with its own parentheses, so a difference in precedence or in strings shows.
    #[test]
    fn ours_reads_what_another_parser_reads(text in expression()) {
        let Ok(theirs) = text.parse::<scim_v2::filter::Filter>() else {
            return Err(TestCaseError::reject("no filter to the other parser"));
        };
        let ours = parse(&text, &USER);
        prop_assert!(ours.is_ok(), "{}: {:?}", text, ours);
        let printed = theirs.to_string();
        prop_assert_eq!(flat(ours), flat(parse(&printed, &USER)), "{} was printed as {}", text, printed);
    }
}

/// Without chains inside chains of the same word, which parentheses make and printing drops.
fn flat(filter: Result<Filter, Error>) -> Result<Filter, Error> {
    fn flatten(filter: Filter) -> Filter {
        let parts = |parts: Vec<Filter>| parts.into_iter().map(flatten);
        match filter {
            Filter::And(all) => Filter::And(
                parts(all).flat_map(|part| if let Filter::And(inner) = part { inner } else { vec![part] }).collect(),
            ),
            Filter::Or(all) => Filter::Or(
                parts(all).flat_map(|part| if let Filter::Or(inner) = part { inner } else { vec![part] }).collect(),
            ),
            Filter::Not(inner) => Filter::Not(Box::new(flatten(*inner))),
            Filter::Element(path, inner) => Filter::Element(path, Box::new(flatten(*inner))),
            leaf @ (Filter::Present(_) | Filter::Compare(..)) => leaf,
        }
    }
    filter.map(flatten)
}
