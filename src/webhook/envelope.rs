//! A notice as a CloudEvent 1.0 in structured mode: one JSON object, `application/cloudevents+json`.

use serde_json::{Map, Value, json};

use crate::store::notices::{Notice, NoticeSort};

/// The media type of structured mode.
pub const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The event.
pub fn envelope(id: &str, notice: &Notice) -> Value {
    let Notice { sort, namespace, directory, subject, reason, note, at, request } = notice;
    let kind = match sort {
        NoticeSort::Alarm => "dev.rollcall.alarm",
        NoticeSort::Refusal => "dev.rollcall.operation.refused",
    };
    let mut data = Map::new();
    let mut set = |name: &str, value: Value| drop(data.insert(name.to_owned(), value));
    set("namespace", namespace.as_str().into());
    if let Some(directory) = directory {
        set("directory", directory.as_str().into());
    }
    set("reason", reason.as_str().into());
    set("message", note.as_str().into());
    if let Some(request) = request {
        set("request", json!({ "id": request.id, "operation": request.operation, "status": request.status }));
        if let Some(key) = &request.key {
            set("key", key.as_str().into());
        }
    }
    json!({
        "specversion": "1.0", "id": id, "source": format!("/rollcall/{namespace}"), "type": kind, "subject": subject,
        "time": at.to_string(), "datacontenttype": "application/json", "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::notices::NoticeRequest;

    #[test]
    fn an_event_has_what_the_specification_requires_and_leaves_out_what_is_not_known() {
        let alarm = envelope("e-1", &Notice::alarm("LoginNotReady"));
        let expected = json!({
            "specversion": "1.0", "id": "e-1", "source": "/rollcall/acme", "type": "dev.rollcall.alarm",
            "subject": "Directory/staff", "time": "2026-03-01T10:00:00Z", "datacontenttype": "application/json",
            "data": { "namespace": "acme", "directory": "staff", "reason": "LoginNotReady", "message": "people cannot log in" },
        });
        assert_eq!(alarm, expected);
        let request = NoticeRequest {
            id: "r-1".to_owned(),
            operation: "POST /Users".to_owned(),
            key: Some("entra".to_owned()),
            status: 400,
        };
        let refusal = Notice { sort: NoticeSort::Refusal, request: Some(request), ..Notice::alarm("invalidValue") };
        let refusal = envelope("e-2", &refusal);
        assert_eq!(refusal["type"], "dev.rollcall.operation.refused");
        assert_eq!(refusal["data"]["request"], json!({ "id": "r-1", "operation": "POST /Users", "status": 400 }));
        assert_eq!(refusal["data"]["key"], "entra");
    }
}
