//! List requests and ListResponse (RFC 7644 sections 3.4.2 and 3.4.3).
//!
//! A query and the body of a search say the same things; both are read into one set of texts first. What is out of
//! range is brought into it, as the RFC asks for, and only what cannot be understood is refused: Entra answers a 400
//! to a list by quarantining the job.

#[cfg(test)]
mod tests;

use std::num::IntErrorKind;

use serde_json::{Value, json};

use super::Error;
use super::case::same_name;
use super::filter::{self, Filter};
use super::json::kind_of;
use super::path::{AttributePath, shown};
use super::projection::Projection;
use super::schema::ResourceType;
use super::sort::Sort;

/// The URN of a list.
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Most resources of a page; a larger `count` is cut.
pub const MAX_PAGE: usize = 200;

/// What a list request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRequest {
    /// `filter`; an empty one is none.
    pub filter: Option<Filter>,
    /// `sortBy` and `sortOrder`.
    pub sort: Option<Sort>,
    /// `startIndex`, at least 1.
    pub start_index: usize,
    /// `count`, at most [`MAX_PAGE`], which is also the default.
    pub count: usize,
    /// `attributes` and `excludedAttributes`.
    pub projection: Projection,
}

impl ListRequest {
    /// From the decoded parameters of a query, whose names are taken in any letter case; unknown ones are ignored.
    /// Of parameters of the same name the first counts.
    pub fn from_query(parameters: &[(String, String)], resource_type: &'static ResourceType) -> Result<Self, Error> {
        let text = |name: &str| {
            let found = parameters.iter().find(|(parameter, _)| same_name(parameter, name));
            Ok(found.map(|(_, value)| value.clone()))
        };
        Self::read(text, resource_type)
    }

    /// From the body of a `POST /.search`.
    pub fn from_search(body: &Value, resource_type: &'static ResourceType) -> Result<Self, Error> {
        let Value::Object(members) = body else {
            let kind = kind_of(body);
            return Err(Error::InvalidSyntax(format!("The search is {kind}; it must be a JSON object.")));
        };
        let text = |name: &str| match members.iter().find(|(member, _)| same_name(member, name)) {
            Some((_, value)) => member_text(name, value),
            None => Ok(None),
        };
        Self::read(text, resource_type)
    }

    fn read(
        text: impl Fn(&str) -> Result<Option<String>, Error>,
        resource_type: &'static ResourceType,
    ) -> Result<Self, Error> {
        let given = |name: &str| Ok(text(name)?.filter(|text| !text.trim().is_empty()));
        let whole = |name: &str| given(name)?.map(|text| whole_number(name, &text)).transpose();
        let filter = given("filter")?.map(|text| filter::parse(&text, resource_type)).transpose()?;
        let descending = given("sortOrder")?.map_or(Ok(false), |text| is_descending(&text))?;
        let by = given("sortBy")?.map(|text| AttributePath::parse(&text, resource_type)).transpose()?;
        let (attributes, excluded) = (given("attributes")?, given("excludedAttributes")?);
        Ok(Self {
            filter,
            sort: by.map(|by| Sort { by, descending }),
            start_index: whole("startIndex")?.map_or(1, |start| start.max(1)),
            count: whole("count")?.map_or(MAX_PAGE, |count| count.min(MAX_PAGE)),
            projection: Projection::parse(attributes.as_deref(), excluded.as_deref(), resource_type)?,
        })
    }
}

/// A member of a search as the text that it would be in a query.
fn member_text(name: &str, value: &Value) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Array(names) if ["attributes", "excludedAttributes"].contains(&name) => {
            let names: Option<Vec<_>> = names.iter().map(Value::as_str).collect();
            let message = || Error::InvalidValue(format!("{name} holds something other than names of attributes."));
            names.map(|names| Some(names.join(","))).ok_or_else(message)
        }
        other => Err(Error::InvalidValue(format!("{name} is {}, which it cannot be.", kind_of(other)))),
    }
}

/// A whole number, with everything below zero as zero and everything too large as the largest.
fn whole_number(name: &str, text: &str) -> Result<usize, Error> {
    match text.trim().parse::<i64>() {
        Ok(number) => Ok(usize::try_from(number).unwrap_or(0)),
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => Ok(usize::MAX),
            IntErrorKind::NegOverflow => Ok(0),
            _ => Err(Error::InvalidValue(format!("{name} is {}; it must be a whole number.", shown(text)))),
        },
    }
}

fn is_descending(text: &str) -> Result<bool, Error> {
    match text.trim() {
        order if same_name(order, "ascending") => Ok(false),
        order if same_name(order, "descending") => Ok(true),
        other => {
            Err(Error::InvalidValue(format!("sortOrder is {}; it must be ascending or descending.", shown(other))))
        }
    }
}

/// A ListResponse. `Resources` is there also when it is empty.
pub fn list_response(total_results: usize, start_index: usize, resources: Vec<Value>) -> Value {
    let items_per_page = resources.len();
    let mut response = json!({
        "schemas": [LIST_URN],
        "totalResults": total_results,
        "startIndex": start_index,
        "itemsPerPage": items_per_page,
    });
    // The macro would copy what it holds: a page of whole resources.
    response["Resources"] = Value::Array(resources);
    response
}
