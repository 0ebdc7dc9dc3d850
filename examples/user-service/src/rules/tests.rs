use futures_util::StreamExt as _;

use super::fake::FakeData;
use super::*;

fn users() -> Users<FakeData> {
    Users::new(FakeData::default())
}

fn draft(name: &str) -> Draft {
    let email = format!("{}@example.com", name.to_lowercase());
    Draft { name: name.to_owned(), email, ..Draft::default() }
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> std::collections::BTreeMap<String, String> {
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[tokio::test]
async fn a_new_user_is_tidied_up_and_found_again_as_it_was_answered() {
    let users = users();
    let draft = Draft {
        name: " Ada ".to_owned(),
        email: " Ada@Example.COM ".to_owned(),
        age: 36,
        status: 0,
        labels: labels([("team", "engines")]),
    };
    let ada = users.create(draft).await.unwrap();
    assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada", "ada@example.com"));
    assert_eq!((ada.age, ada.status), (36, Status::Active));
    assert_eq!(users.get(&ada.id).await.unwrap(), ada);
}

#[tokio::test]
async fn everything_that_is_missing_is_told_at_once() {
    let draft = Draft { name: " ".to_owned(), ..Draft::default() };
    let Err(UserError::Invalid(violations)) = users().create(draft).await else {
        panic!("must be refused");
    };
    let fields: Vec<_> = violations.iter().map(|(field, _rule)| field).collect();
    assert_eq!(fields, ["user.name", "user.email"], "{violations}");
}

#[tokio::test]
async fn an_address_belongs_to_one_user_until_that_one_is_deleted() {
    let users = users();
    let ada = users.create(draft("Ada")).await.unwrap();
    let error = users.create(draft("ADA")).await.unwrap_err();
    assert!(matches!(error, UserError::EmailTaken { email } if email == "ada@example.com"));
    users.delete(&ada.id).await.unwrap();
    users.create(draft("Ada")).await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_not_found_whatever_its_id_looks_like() {
    let users = users();
    for id in ["", "7", "018f2f6e-5d2c-7cc3-9d4e-0123456789ab", "\0"] {
        assert!(matches!(users.get(id).await, Err(UserError::NotFound { .. })), "{id:?}");
        assert!(matches!(users.delete(id).await, Err(UserError::NotFound { .. })), "{id:?}");
        let patch = Patch::from(draft("Ada"));
        assert!(matches!(users.update(id, patch).await, Err(UserError::NotFound { .. })), "{id:?}");
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let users = users();
    let ada = users.create(Draft { age: 36, ..draft("Ada") }).await.unwrap();
    let patch = Patch { status: Some(2), ..Patch::default() };
    let updated = users.update(&ada.id, patch).await.unwrap();
    assert_eq!(updated, User { status: Status::Suspended, ..ada });
}

#[tokio::test]
async fn updates_of_different_fields_at_the_same_time_both_hold() {
    let users = users();
    let id = users.create(draft("Ada")).await.unwrap().id;
    let age = users.update(&id, Patch { age: Some(37), ..Patch::default() });
    let name = users.update(&id, Patch { name: Some("Ada L".to_owned()), ..Patch::default() });
    let (age, name) = tokio::join!(age, name);
    age.unwrap();
    name.unwrap();
    let ada = users.get(&id).await.unwrap();
    assert_eq!((ada.age, ada.name.as_str()), (37, "Ada L"));
}

#[tokio::test]
async fn pages_hold_every_user_once_in_the_order_they_were_made() {
    let users = users();
    let mut ids = Vec::new();
    for index in 0..5 {
        ids.push(users.create(draft(&format!("user{index}"))).await.unwrap().id);
    }
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    let mut query = Query { page_size: 2, ..Query::default() };
    loop {
        let page = users.list(query.clone()).await.unwrap();
        sizes.push(page.users.len());
        seen.extend(page.users.into_iter().map(|user| user.id));
        // What comes in between moves nobody to another page.
        if seen.len() == 2 {
            users.delete(&seen[0]).await.unwrap();
        }
        query.page_token = page.next_token;
        if query.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ids);
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn a_token_is_good_only_for_the_list_it_came_from() {
    let users = users();
    for name in ["Ada", "Adam", "Bob"] {
        users.create(draft(name)).await.unwrap();
    }
    let query = Query { page_size: 1, name_prefix: "Ad".to_owned(), ..Query::default() };
    let page_token = users.list(query.clone()).await.unwrap().next_token;
    let next = users.list(Query { page_token: page_token.clone(), ..query }).await.unwrap();
    assert_eq!((next.users[0].name.as_str(), next.next_token.as_str()), ("Adam", ""));

    let other = Query { page_token, name_prefix: "B".to_owned(), ..Query::default() };
    assert!(matches!(users.list(other).await, Err(UserError::PageToken)));
}

/// The next thing that a watch tells, which must be a change.
async fn change(watch: &mut (impl Stream<Item = Result<Told>> + Unpin)) -> Change {
    match watch.next().await.unwrap().unwrap() {
        Told::Change(change) => change,
        Told::Nothing { revision } => panic!("nothing up to {revision}"),
    }
}

#[tokio::test]
async fn a_watch_tells_what_changes_from_the_moment_it_is_made() {
    let users = users();
    users.create(draft("Before")).await.unwrap();
    let mut watch = Box::pin(users.watch(None).await.unwrap());

    let ada = users.create(draft("Ada")).await.unwrap();
    let made = change(&mut watch).await;
    assert_eq!((&made.id, &made.user), (&ada.id, &Some(ada.clone())));

    users.delete(&ada.id).await.unwrap();
    let gone = change(&mut watch).await;
    assert_eq!((gone.id, gone.user), (ada.id, None));
    assert!(gone.revision > made.revision);
}

#[tokio::test]
async fn a_watch_that_broke_goes_on_from_the_revision_it_saw_last() {
    let users = users();
    let mut ids = Vec::new();
    for name in ["Ada", "Bob", "Cem"] {
        ids.push(users.create(draft(name)).await.unwrap().id);
    }
    let mut watch = Box::pin(users.watch(Some(0)).await.unwrap());
    let first = change(&mut watch).await;
    drop(watch);
    let mut watch = Box::pin(users.watch(Some(first.revision)).await.unwrap());
    let seen = [first.id, change(&mut watch).await.id, change(&mut watch).await.id];
    assert_eq!(seen[..], ids);
}

#[tokio::test(start_paused = true)]
async fn a_watch_sees_what_another_instance_changed() {
    let users = users();
    let mut watch = Box::pin(users.watch(None).await.unwrap());
    let ada = User::new(uuid::Uuid::now_v7().to_string(), draft("Ada"), now()).unwrap();
    // The watch is polled first: it waits by the time that the change comes.
    let (seen, _) = tokio::join!(change(&mut watch), users.data.insert(&ada));
    assert_eq!(seen.user, Some(ada));
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_changes_says_that_it_is_alive() {
    let users = users();
    users.create(draft("Ada")).await.unwrap();
    let mut watch = Box::pin(users.watch(None).await.unwrap());
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(watch.next().await.unwrap().unwrap(), Told::Nothing { revision: 1 });
        assert!(start.elapsed() < Duration::from_secs(70), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn watches_end_when_the_instance_stops() {
    let users = users();
    let mut watch = Box::pin(users.watch(None).await.unwrap());
    let (end, ()) = tokio::join!(watch.next(), async { users.end_watches() });
    assert!(matches!(end, Some(Err(UserError::Stopping))));
    assert!(watch.next().await.is_none());

    let mut late = Box::pin(users.watch(None).await.unwrap());
    assert!(matches!(late.next().await, Some(Err(UserError::Stopping))));
}

#[tokio::test]
async fn data_that_is_away_is_an_error_everywhere() {
    let users = users();
    let id = users.create(draft("Ada")).await.unwrap().id;
    users.data.go_away();
    assert!(matches!(users.get(&id).await, Err(UserError::Data(_))));
    assert!(matches!(users.create(draft("Bob")).await, Err(UserError::Data(_))));
    assert!(matches!(users.list(Query::default()).await, Err(UserError::Data(_))));
    assert!(matches!(users.delete(&id).await, Err(UserError::Data(_))));
    assert!(users.watch(None).await.is_err());
}
