//! The bodies of "User tests with garbage": nulls, read-only attributes, two work addresses, one externalId for everybody.

use serde_json::{Value, json};

use crate::simulator::suites::path::USER;
use crate::simulator::suites::session::SuiteSession;

/// No JSON: a bare word, and a list that is never closed.
pub(super) const JUNK: &str = r#"{ "acve": tre, "adadfdresses": [ { "coudftry": "Beruda", "primary": false }, les": [], "title": "Site engineer" }"#;

/// What the people of one run have in common.
pub(super) struct People {
    /// Letters that nobody else has: they begin userNames and end family names.
    pub(super) mark: String,
    /// The original gives everybody the same.
    external_id: String,
}

impl People {
    /// New ones.
    pub(super) fn new(session: &SuiteSession) -> Self {
        Self { mark: session.letters(), external_id: session.guid() }
    }

    /// The name of the one who is found by how it begins.
    pub(super) fn omalley(&self) -> String {
        format!("O{}Malley", self.mark)
    }

    /// The family name of the four who are found by it.
    pub(super) fn family_name(&self) -> String {
        format!("Employee{}", self.mark)
    }

    /// The userName of an employee.
    pub(super) fn employee(&self, name: &str) -> String {
        format!("{name}-{}", self.mark)
    }

    /// A whole person; of the second address most is null.
    pub(super) fn body(&self, user_name: &str, family_name: &str) -> Value {
        json!({
            "schemas": [USER], "userName": user_name, "active": true, "externalId": self.external_id,
            "displayName": "Kim Baker", "title": "Site engineer", "preferredLanguage": "xh", "roles": [],
            "name": {
                "formatted": "Darl Mc Gee", "familyName": family_name, "givenName": "Darl",
                "honorificPrefix": null, "honorificSuffix": null,
            },
            "addresses": [
                {
                    "type": "work", "primary": false, "country": "Bermuda", "formatted": "91 Jennifer Way\nSouth Nancy",
                    "locality": "West Mercedes", "postalCode": "99265", "region": "Montana", "streetAddress": "49 Hess Fork",
                },
                {
                    "type": "other", "primary": false, "country": null, "formatted": "18 Lisa Unions\nEast Gregory",
                    "locality": null, "postalCode": null, "region": null, "streetAddress": null,
                },
            ],
            "emails": [
                { "type": "work", "primary": true, "value": "anna33@mail.example" },
                { "type": "work", "primary": false, "value": "anna33@example.com" },
            ],
            "phoneNumbers": [
                { "type": "fax", "primary": false, "value": "312-320-0500" },
                { "type": "mobile", "primary": false, "value": "312-320-1707" },
                { "type": "work", "primary": true, "value": "312-320-0932" },
            ],
            "meta": {
                "created": "2019-09-18T18:15:26.5788954+00:00", "lastModified": "2019-09-18T18:15:26.5788976+00:00",
                "resourceType": "User",
            },
        })
    }

    /// The one with a work and another e-mail address.
    pub(super) fn omalley_body(&self) -> Value {
        let mut body = self.body(&self.omalley(), "OMalley");
        body["emails"] = json!([
            { "type": "work", "primary": true, "value": "anna33@example.com" },
            { "type": "other", "primary": false, "value": "anna33@mail.example" },
        ]);
        body
    }

    /// The same for a PUT: the id stands in the body, the account is off, and one address has moved.
    pub(super) fn omalley_put(&self, id: &str) -> Value {
        let mut body = self.omalley_body();
        body["id"] = id.into();
        body["active"] = false.into();
        body["addresses"][0]["country"] = "Germany".into();
        body
    }
}

/// The member of an object under another name.
pub(super) fn misspell(mut body: Value, name: &str, misspelled: &str) -> Value {
    if let Some(members) = body.as_object_mut() {
        let value = members.remove(name).unwrap_or_default();
        members.insert(misspelled.to_owned(), value);
    }
    body
}
