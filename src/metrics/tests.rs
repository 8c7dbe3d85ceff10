use super::*;

fn expiry(key: &str, expires: i64) -> KeyExpiry {
    KeyExpiry { namespace: "acme".to_owned(), directory: "staff".to_owned(), key: key.to_owned(), expires }
}

#[test]
fn the_reference_names_what_the_text_holds() {
    let metrics = Metrics::default();
    let request = CountedRequest { method: "GET", route: "Users", status: 200, directory: Some(("acme", "staff")) };
    metrics.request(&request, Duration::from_millis(3));
    metrics.request(&CountedRequest { route: "none", status: 404, directory: None, ..request }, Duration::ZERO);
    metrics.authentication_failure("expired", Some(("acme", "staff")));
    metrics.set_ready(true);
    metrics.ignored_attributes("acme", "staff", 2);
    metrics.unknown_sub_attributes("acme", "staff", 5);
    metrics.unknown_sub_attributes("acme", "other", 0);
    metrics.unknown_members("acme", "staff", 3);
    metrics.set_watch_ages([("DirectoryUser".to_owned(), Duration::from_millis(1500))]);
    metrics.set_visible_users([("acme".to_owned(), "staff".to_owned(), 7)]);
    metrics.janitor("released");
    metrics.set_dirty_names("status", 5);
    for _ in 0..4 {
        metrics.connection_opened("public");
    }
    metrics.connection_ended("public");
    metrics.set_leader(true);
    let quota = |user_type: &str, used| QuotaUse {
        namespace: "acme".to_owned(),
        directory: "staff".to_owned(),
        user_type: user_type.to_owned(),
        used,
        limit: 10,
    };
    metrics.set_quotas([quota("", 9), quota("Guest", 3)]);
    metrics.set_duplicates([("acme".to_owned(), "staff".to_owned(), "directoryusers", 2)]);
    metrics.set_login_ready([("acme".to_owned(), "staff".to_owned(), true)]);
    metrics.status_written("directorygroups");
    metrics.purged("directoryusers", "retention");
    metrics.braked_deletion("acme", "staff");
    metrics.provider_request("acme", "staff", "keys", "ok");
    metrics.set_login_ready([("acme".to_owned(), "staff".to_owned(), true)]);
    metrics.checked("acme", "staff", "wiki", "allowed");
    metrics.token_asked("acme", "staff", "introspect", "active");
    metrics.provisioned("acme", "staff", 1_700_000_000);
    metrics.set_last_provisioning(|_, _| true);
    metrics.set_key_expiries([expiry("new", 1_800_000_000)]);
    metrics.set_certificate_expiry("public", Some(1_900_000_000));
    metrics.set_missing_rights([(None, "directories", "list"), (Some("acme".to_owned()), "leases", "get")]);
    metrics.login("acme", "staff", "OpenIDConnect", "Granted");
    metrics.signed_out("acme", "staff", "one");
    metrics.webhook_delivery("delivered");
    metrics.set_webhook_dropped(2);
    let text = metrics.text();
    for (name, help) in reference() {
        let family = name.trim_end_matches("_total");
        assert!(text.contains(&format!("# HELP {family} {help}\n")), "{name}: {text}");
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}: {text}");
    }
    assert_eq!(text.matches("# HELP").count(), reference().len(), "{text}");
    for line in [
        "rollcall_http_requests_total{method=\"GET\",route=\"Users\",status=\"200\",namespace=\"acme\",directory=\"staff\"} 1",
        "rollcall_http_requests_total{method=\"GET\",route=\"none\",status=\"404\",namespace=\"\",directory=\"\"} 1",
        "rollcall_authentication_failures_total{reason=\"expired\",namespace=\"acme\",directory=\"staff\"} 1",
        "rollcall_ready 1",
        "rollcall_ignored_attributes_total{namespace=\"acme\",directory=\"staff\"} 2",
        "rollcall_unknown_sub_attributes_total{namespace=\"acme\",directory=\"staff\"} 5",
        "rollcall_unknown_members_total{namespace=\"acme\",directory=\"staff\"} 3",
        "rollcall_watch_age_seconds{kind=\"DirectoryUser\"} 1.5",
        "rollcall_visible_users{namespace=\"acme\",directory=\"staff\"} 7",
        "rollcall_janitor_actions_total{action=\"released\"} 1",
        "rollcall_dirty_names{controller=\"status\"} 5",
        "rollcall_connections{listener=\"public\"} 3",
        "rollcall_leader 1",
        "rollcall_webhook_notices_total{result=\"dropped\"} 2",
        "rollcall_quota_used{namespace=\"acme\",directory=\"staff\",user_type=\"\"} 9",
        "rollcall_quota_limit{namespace=\"acme\",directory=\"staff\",user_type=\"Guest\"} 10",
        "rollcall_duplicate_external_ids{namespace=\"acme\",directory=\"staff\",kind=\"directoryusers\"} 2",
        "rollcall_status_writes_total{kind=\"directorygroups\"} 1",
        "rollcall_purged_objects_total{kind=\"directoryusers\",cause=\"retention\"} 1",
        "rollcall_braked_deletions_total{namespace=\"acme\",directory=\"staff\"} 1",
        "rollcall_missing_rights{namespace=\"\",resource=\"directories\",verb=\"list\"} 1",
        "rollcall_missing_rights{namespace=\"acme\",resource=\"leases\",verb=\"get\"} 1",
        "rollcall_tls_certificate_expires_timestamp_seconds{listener=\"public\"} 1900000000",
        "rollcall_last_provisioning_timestamp_seconds{namespace=\"acme\",directory=\"staff\"} 1700000000",
        "rollcall_key_expires_timestamp_seconds{namespace=\"acme\",directory=\"staff\",key=\"new\"} 1800000000",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn what_a_leader_tells_ends_with_its_leadership() {
    let metrics = Metrics::default();
    metrics.set_leader(true);
    metrics.set_duplicates([("a".to_owned(), "b".to_owned(), "directoryusers", 2)]);
    metrics.set_leader(false);
    let text = metrics.text();
    assert!(text.contains("rollcall_leader 0") && !text.contains("directoryusers"), "{text}");
}

#[test]
fn a_directory_that_is_gone_is_no_longer_counted() {
    let metrics = Metrics::default();
    metrics.set_visible_users([("a".to_owned(), "gone".to_owned(), 1)]);
    metrics.set_visible_users([("a".to_owned(), "here".to_owned(), 2)]);
    let text = metrics.text();
    assert!(text.contains("here") && !text.contains("gone"), "{text}");
}

#[test]
fn a_series_ends_with_the_object_that_it_names() {
    let metrics = Metrics::default();
    for (directory, at) in [("gone", 1), ("here", 2), ("here", 3)] {
        metrics.provisioned("acme", directory, at);
    }
    metrics.set_last_provisioning(|_, directory| directory == "here");
    metrics.set_missing_rights([(None, "gone", "list")]);
    metrics.set_missing_rights([]);
    metrics.set_key_expiries([expiry("deleted", 7), expiry("kept", 8)]);
    metrics.set_key_expiries([expiry("kept", 9)]);
    let text = metrics.text();
    let last = "rollcall_last_provisioning_timestamp_seconds{namespace=\"acme\",directory=\"here\"} 3\n";
    let expires = "key=\"kept\"} 9\n";
    assert!(text.contains(last) && text.contains(expires), "{text}");
    assert!(!text.contains("gone") && !text.contains("deleted"), "{text}");
}
