//! A crowd at the form for passwords.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::support::built_in::{BuiltIn, PASSWORD, Visitor, token_of};

/// How many log in at once.
const CROWD: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn threat_49_of_a_hundred_logins_at_once_most_are_refused_unread_and_none_tells_of_a_name() {
    let people = BuiltIn::on_its_own().await;
    let id = people.person("ada", None).await;
    people.give_password(&id).await;
    let mut known = people.logged_in("ada").await;
    let attempts = (0..CROWD).map(|number| {
        let people = &people;
        // Every other name is somebody's.
        let name = if number % 2 == 0 { "ada".to_owned() } else { format!("nobody-{number}") };
        async move { (name.clone(), Visitor::new(people).log_in(&name, "a wrong password").await) }
    });
    let mut texts: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    let answers = join_all(attempts).await;
    for (name, answer) in &answers {
        assert!([403, 429].contains(&answer.status), "{name}: {}", answer.text);
        assert_eq!(answer.header("retry-after").is_empty(), answer.status == 403, "{name}");
        let text = answer.text.replace(&token_of(&answer.text), "");
        texts.entry(answer.status).or_default().insert(text);
    }
    let refused = answers.iter().filter(|(_, answer)| answer.status == 429).count();
    assert!(refused > CROWD / 2, "only {refused} of {CROWD} were refused unread");
    assert_eq!(texts[&403].len(), 1, "one text, whether or not the name is somebody's");
    assert!(texts[&429].len() <= 2, "to wait for one's own failures, or for everybody's turn");
    assert!(known.is_signed_in().await, "who is in stays in");
    let page = known.open(&people.path("login", "/password")).await;
    assert!(page.status == 200 && !page.text.contains(PASSWORD), "the form still comes");
    assert_eq!(people.operator.admin("/readyz").await.0, 200);
}
