use super::*;

fn directory(name: &str) -> DirectoryName {
    DirectoryName::new("people", name)
}

fn user(name: &str) -> DirtySubject {
    DirtySubject::User(name.into())
}

fn group(name: &str) -> DirtySubject {
    DirtySubject::Group(name.into())
}

/// What is taken until nothing can be taken.
fn drain(queue: &mut DirtyQueue, now: Instant) -> Vec<(String, DirtySubject)> {
    let taken = std::iter::from_fn(|| queue.take(now));
    taken.map(|taken| (taken.name.directory.name().to_owned(), taken.name.subject)).collect()
}

fn subjects(queue: &mut DirtyQueue, now: Instant) -> Vec<DirtySubject> {
    drain(queue, now).into_iter().map(|(_, subject)| subject).collect()
}

#[test]
fn a_name_stands_in_the_queue_once_and_the_urgent_kinds_come_first() {
    let (mut queue, now, staff) = (DirtyQueue::default(), Instant::now(), directory("staff"));
    for subject in [DirtySubject::Claim("c-1".into()), user("b"), user("a"), user("b"), group("g"), user("a")] {
        queue.mark(&staff, subject, now, now);
    }
    queue.mark(&staff, DirtySubject::Directory, now, now);
    assert_eq!(queue.len(), 5);
    let expected = [DirtySubject::Directory, group("g"), user("b"), user("a"), DirtySubject::Claim("c-1".into())];
    assert_eq!(subjects(&mut queue, now), expected);
    assert!(queue.is_empty() && queue.directories_known() == 0);
}

#[test]
fn a_name_that_becomes_dirty_while_somebody_is_at_work_on_it_is_looked_at_again() {
    let (mut queue, now, staff) = (DirtyQueue::default(), Instant::now(), directory("staff"));
    queue.mark(&staff, user("a"), now, now);
    let taken = queue.take(now).expect("a name");
    assert_eq!((taken.name.subject, taken.cause), (user("a"), Cause::Change));
    assert_eq!(queue.next_due(now), None);
    assert!(queue.mark(&staff, user("a"), now, now));
    assert_eq!(subjects(&mut queue, now), [user("a")]);
}

#[test]
fn a_name_waits_for_its_time_and_the_earliest_time_counts() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    // The times for which the name is marked at the start, and when it is to be had.
    let cases: [(&str, &[u64], u64); 5] = [
        ("at once", &[0], 0),
        ("later", &[30], 30),
        ("put off again", &[30, 60], 30),
        ("brought forward", &[30, 10], 10),
        ("changed while it waits", &[30, 0], 0),
    ];
    for (case, marks, expected) in cases {
        let mut queue = DirtyQueue::default();
        for seconds in marks {
            queue.mark(&directory("staff"), user("a"), at(*seconds), start);
        }
        assert_eq!((queue.len(), queue.next_due(start)), (1, Some(at(expected))), "{case}");
        if expected > 0 {
            assert_eq!(subjects(&mut queue, at(expected - 1)), [], "{case}");
        }
        assert_eq!(subjects(&mut queue, at(expected)), [user("a")], "{case}");
    }
}

#[test]
fn a_name_that_is_forgotten_is_not_looked_at() {
    let (mut queue, now, staff) = (DirtyQueue::default(), Instant::now(), directory("staff"));
    queue.mark(&staff, user("now"), now, now);
    queue.mark(&staff, user("later"), now + Duration::from_secs(9), now);
    for subject in [user("now"), user("later"), user("never")] {
        queue.forget(&staff, &subject);
    }
    assert_eq!((queue.len(), queue.next_due(now), queue.directories_known()), (0, None, 0));
}

#[test]
fn a_review_waits_behind_the_changes_of_its_kind_and_a_new_one_replaces_it() {
    let (mut queue, now, staff) = (DirtyQueue::default(), Instant::now(), directory("staff"));
    queue.review(&staff, vec![user("old")]);
    queue.review(&staff, vec![user("a"), user("b"), group("g")]);
    queue.mark(&staff, user("changed"), now, now);
    queue.mark(&staff, group("moved"), now, now);
    assert!(queue.is_reviewing());
    assert_eq!(subjects(&mut queue, now), [group("moved"), group("g"), user("changed"), user("a"), user("b")]);
    assert!(!queue.is_reviewing() && queue.is_empty());
}

#[test]
fn each_directory_gets_its_turn_and_one_on_hold_stops_nobody() {
    let (mut queue, now) = (DirtyQueue::default(), Instant::now());
    for (name, people) in [("guests", 1), ("staff", 3)] {
        let everybody = (0..people).map(|number| user(&number.to_string()));
        queue.review(&directory(name), everybody.collect());
    }
    let order = drain(&mut queue, now).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(order, ["guests", "staff", "staff", "staff"]);

    let later = now + Duration::from_secs(5);
    for name in ["guests", "staff"] {
        queue.mark(&directory(name), user("a"), now, now);
    }
    queue.hold(&directory("guests"), later);
    assert_eq!(drain(&mut queue, now), [("staff".to_owned(), user("a"))]);
    assert_eq!(queue.next_due(now), Some(later));
    assert_eq!(drain(&mut queue, later), [("guests".to_owned(), user("a"))]);
    assert_eq!(queue.directories_known(), 0);
}

#[tokio::test]
async fn a_subscriber_is_woken_by_what_it_cares_for_until_it_is_gone() {
    let subscribers = Subscribers::default();
    let people: Interest = |subject| matches!(subject, DirtySubject::User(_)).then_some(Duration::ZERO);
    let subscription = subscribers.add(people);
    let staff = directory("staff");
    subscribers.mark(&staff, &group("g"));
    assert!(subscription.is_empty());
    let waiting = tokio::spawn({
        let subscription = Arc::clone(&subscription);
        async move { subscription.ready().await }
    });
    tokio::task::yield_now().await;
    subscribers.mark(&staff, &user("a"));
    waiting.await.expect("it is woken");
    assert_eq!(subscription.take(Instant::now()).map(|taken| taken.name.subject), Some(user("a")));
    drop(subscription);
    subscribers.mark(&staff, &user("a"));
    subscribers.add(people);
    assert_eq!(subscribers.0.read().len(), 1, "who is gone is forgotten");
}

#[test]
fn what_is_urgent_comes_before_a_backlog_of_its_kind_and_waits_for_its_burst_all_the_same() {
    let (mut queue, now, staff) = (DirtyQueue::default(), Instant::now(), directory("staff"));
    let soon = now + Duration::from_millis(500);
    for name in ["new-1", "new-2", "left-1"] {
        queue.mark(&staff, user(name), now, now);
    }
    queue.mark(&staff, user("left-2"), soon, now);
    for name in ["left-1", "left-2", "unknown"] {
        queue.hasten(&staff, &user(name));
    }
    queue.mark(&staff, group("g"), now, now);
    assert_eq!(queue.len(), 5);
    queue.mark(&staff, user("left-2"), soon, now);
    assert_eq!(queue.take(now).map(|taken| taken.name.subject), Some(group("g")), "kinds come in their order");
    assert_eq!(subjects(&mut queue, now), ["left-1", "new-1", "new-2"].map(user));
    queue.mark(&staff, user("new-3"), now, now);
    assert_eq!(subjects(&mut queue, soon), ["left-2", "new-3"].map(user));
}
