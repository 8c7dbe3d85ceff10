use super::*;
use crate::scim::schema::{GROUP, USER};

fn query(parameters: &[(&str, &str)]) -> Result<ListRequest, Error> {
    let owned: Vec<_> = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ListRequest::from_query(&owned, &USER)
}

fn everything() -> ListRequest {
    ListRequest { filter: None, sort: None, start_index: 1, count: MAX_PAGE, projection: Projection::default() }
}

#[test]
fn a_query_says_what_is_asked_for() {
    let request = query(&[
        ("filter", "userName eq \"a\""),
        ("sortBy", "name.FAMILYNAME"),
        ("sortOrder", "Descending"),
        ("startIndex", "6"),
        ("count", "5"),
        ("excludedAttributes", "emails"),
    ]);
    let by = AttributePath::parse("name.familyName", &USER).expect("a path");
    let expected = ListRequest {
        filter: Some(filter::parse("userName eq \"a\"", &USER).expect("a filter")),
        sort: Some(Sort { by, descending: true }),
        start_index: 6,
        count: 5,
        projection: Projection::parse(None, Some("emails"), &USER).expect("a list"),
    };
    assert_eq!(request, Ok(expected.clone()));
    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "FILTER": "userName eq \"a\"",
        "sortby": "name.familyName", "sortOrder": "descending", "startIndex": 6, "count": "5", "attributes": null,
        "excludedAttributes": ["emails"], "stray": {},
    });
    assert_eq!(ListRequest::from_search(&search, &USER), Ok(expected));
}

#[test]
fn what_is_absent_empty_or_unknown_asks_for_everything() {
    assert_eq!(query(&[]), Ok(everything()));
    let empty = ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"];
    assert_eq!(query(&empty.map(|name| (name, ""))), Ok(everything()));
    assert_eq!(query(&[("aadOptscim062020", ""), ("cursor", "x")]), Ok(everything()));
    assert_eq!(ListRequest::from_search(&json!({}), &GROUP), Ok(everything()));
    assert_eq!(query(&[("sortOrder", "descending")]), Ok(everything()), "there is nothing to order by");
}

#[test]
fn numbers_are_brought_into_range() {
    let cases = [
        ("in lower case", ("startindex", "0"), 1, MAX_PAGE),
        ("in capitals", ("COUNT", "3"), 1, 3),
        ("no resources", ("count", "0"), 1, 0),
        ("a negative count", ("count", "-3"), 1, 0),
        ("a negative start", ("startIndex", "-5"), 1, MAX_PAGE),
        ("a count above the page", ("count", "1000"), 1, MAX_PAGE),
        ("a number that no machine holds", ("count", "99999999999999999999"), 1, MAX_PAGE),
        ("a negative one", ("startIndex", "-99999999999999999999"), 1, MAX_PAGE),
        ("a start past the end", ("startIndex", "99"), 99, MAX_PAGE),
    ];
    for (name, parameter, start_index, count) in cases {
        assert_eq!(query(&[parameter]), Ok(ListRequest { start_index, count, ..everything() }), "{name}");
    }
    assert_eq!(query(&[("count", "1"), ("Count", "2")]).map(|request| request.count), Ok(1), "the first counts");
}

#[test]
fn what_cannot_be_understood_names_the_parameter() {
    let cases = [
        ("count", "many", "invalidValue"),
        ("startIndex", "1.5", "invalidValue"),
        ("sortOrder", "upwards", "invalidValue"),
        ("sortBy", "a b", "invalidPath"),
        ("filter", "userName", "invalidFilter"),
    ];
    for (name, value, scim_type) in cases {
        let error = query(&[(name, value)]).expect_err(name);
        assert_eq!(error.scim_type(), Some(scim_type), "{name}: {error}");
        let names_it = error.to_string().contains(name) || ["sortBy", "filter"].contains(&name);
        assert!(names_it, "{name}: {error}");
        let search = ListRequest::from_search(&json!({ name: value }), &USER).expect_err(name);
        assert_eq!(search, error, "{name}: a search says the same");
    }
    let both = query(&[("attributes", "userName"), ("excludedAttributes", "emails")]);
    assert!(matches!(both, Err(Error::InvalidValue(_))));
    for body in [json!({ "count": true }), json!({ "filter": ["a"] }), json!({ "attributes": [1] })] {
        assert!(matches!(ListRequest::from_search(&body, &USER), Err(Error::InvalidValue(_))), "{body}");
    }
    assert!(matches!(ListRequest::from_search(&json!([]), &USER), Err(Error::InvalidSyntax(_))));
}

#[test]
fn a_list_has_resources_also_when_it_is_empty() {
    let empty = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    });
    assert_eq!(list_response(0, 1, Vec::new()), empty);
    let page = list_response(11, 6, vec![json!({ "id": "a" }), json!({ "id": "b" })]);
    assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(11), &json!(6), &json!(2)));
    assert_eq!(page["Resources"], json!([{ "id": "a" }, { "id": "b" }]));
}
