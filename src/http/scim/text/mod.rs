//! Resources as text, in pieces: the members of a group are read from the index while the answer is sent, so that a group
//! of a hundred thousand takes no more memory than one of two hundred.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::body::Bytes;
use serde_json::Value;

use super::answer::Pieces;
use crate::provisioning::{GroupMembers, Stored, member_element, with_addresses};
use crate::scim::Attributes;
use crate::scim::list::list_response;
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::store::index::Member;

/// The attribute that is read while it is sent.
const MEMBERS: &str = "members";

/// What every resource of an answer is rendered by.
#[derive(Clone)]
pub(super) struct Rendering {
    /// The address of the Directory's endpoint, without a slash at the end.
    pub(super) base: Arc<str>,
    pub(super) resource_type: &'static ResourceType,
    pub(super) projection: Projection,
}

/// What is sent: whole, or in pieces where there are members.
pub(super) enum Text {
    Whole(String),
    Pieces(Pieces),
}

impl Rendering {
    /// One resource.
    pub(super) fn one(&self, stored: Stored) -> Text {
        let Stored { resource, members, .. } = stored;
        let head = self.head(resource);
        match members.and_then(|members| self.members(members)) {
            None => Text::Whole(head),
            Some(members) => Text::Pieces(Box::new(with_members(head, members).map(Bytes::from))),
        }
    }

    /// A resource but for its members.
    fn head(&self, resource: Attributes) -> String {
        self.projected(resource).to_string()
    }

    fn projected(&self, resource: Attributes) -> Value {
        let resource = with_addresses(resource, &self.base, self.resource_type);
        Value::Object(self.projection.apply(resource, self.resource_type))
    }

    /// The members as text, where they are asked for.
    fn members(&self, members: GroupMembers) -> Option<MembersText> {
        self.projection.wants(MEMBERS).then(|| MembersText {
            members,
            base: Arc::clone(&self.base),
            projection: self.projection.clone(),
            after: None,
            is_open: false,
            is_done: false,
        })
    }
}

/// A ListResponse of resources, each by its own view.
pub(super) fn list_of(total_results: usize, start_index: usize, resources: Vec<(Rendering, Stored)>) -> Text {
    let is_whole = |(view, stored): &(Rendering, Stored)| stored.members.is_none() || !view.projection.wants(MEMBERS);
    if resources.iter().all(is_whole) {
        let resources = resources.into_iter().map(|(view, stored)| view.projected(stored.resource)).collect();
        return Text::Whole(list_response(total_results, start_index, resources).to_string());
    }
    let (head, tail) = list_ends(total_results, start_index, resources.len());
    let rendered = resources.into_iter().enumerate().flat_map(move |(number, (view, stored))| {
        let comma = (number > 0).then(|| Bytes::from_static(b","));
        let resource: Pieces = match view.one(stored) {
            Text::Whole(text) => Box::new(std::iter::once(Bytes::from(text))),
            Text::Pieces(pieces) => pieces,
        };
        comma.into_iter().chain(resource)
    });
    let ends = |text: String| std::iter::once(Bytes::from(text));
    Text::Pieces(Box::new(ends(head).chain(rendered).chain(ends(tail))))
}

/// What stands before and behind the resources of a list.
fn list_ends(total_results: usize, start_index: usize, items_per_page: usize) -> (String, String) {
    const RESOURCES: &str = "\"Resources\":[";
    let mut empty = list_response(total_results, start_index, Vec::new());
    empty["itemsPerPage"] = items_per_page.into();
    let text = empty.to_string();
    let (head, tail) = text.split_once(RESOURCES).expect("a list has resources");
    (format!("{head}{RESOURCES}"), tail.to_owned())
}

/// The text of an object with the text of its members before its last brace.
fn with_members(mut head: String, members: MembersText) -> impl Iterator<Item = String> + Send {
    head.pop();
    std::iter::once(head).chain(members).chain(std::iter::once("}".to_owned()))
}

/// `,"members":[…]`, a batch at a time, and nothing at all where there are none.
struct MembersText {
    members: GroupMembers,
    base: Arc<str>,
    projection: Projection,
    after: Option<Arc<str>>,
    is_open: bool,
    is_done: bool,
}

impl Iterator for MembersText {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while !self.is_done {
            let batch = self.members.after(self.after.as_deref());
            let Some(last) = batch.last() else {
                self.is_done = true;
                return self.is_open.then(|| "]".to_owned());
            };
            self.after = Some(Arc::clone(&last.name));
            let elements = batch.iter().filter_map(|member| self.element(member)).collect::<Vec<_>>();
            if !elements.is_empty() {
                let before = if self.is_open { "," } else { ",\"members\":[" };
                self.is_open = true;
                return Some(format!("{before}{}", elements.join(",")));
            }
        }
        None
    }
}

impl MembersText {
    /// A member. Its `display` would cost a look at each of them, and nobody needs it: Entra never reads members.
    fn element(&self, member: &Member) -> Option<String> {
        let element = member_element(&self.base, member.kind, &member.name);
        self.projection.element(MEMBERS, element).map(|element| element.to_string())
    }
}
