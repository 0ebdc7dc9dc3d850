//! The API as its callers see it: through a channel, over the whole pipeline, with users in a map.

use bia::testing::in_process;
use futures_util::{TryStreamExt as _, stream};

use super::*;
use crate::api::{
    CreateUserRequest, DeleteUserRequest, GetUserRequest, ImportUsersRequest, ListUsersRequest,
    SyncUsersRequest, UpdateUserRequest, User, UserServiceClient, UserStatus, WatchUsersRequest,
    sync_users_request, sync_users_response, watch_users_response,
};
use crate::rules::fake::FakeData;

fn client() -> UserServiceClient {
    client_of(&Arc::new(Users::new(FakeData::default())))
}

fn client_of(users: &Arc<Users<FakeData>>) -> UserServiceClient {
    let service = api::user_service(UserApi::new(Arc::clone(users)));
    UserServiceClient::new(in_process(service).unwrap())
}

fn ada() -> User {
    User {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        age: 36,
        labels: [("team".to_owned(), "engines".to_owned())].into(),
        ..User::default()
    }
}

async fn create(client: &UserServiceClient, user: User) -> User {
    client.create_user(CreateUserRequest { user: Some(user) }).await.unwrap()
}

#[tokio::test]
async fn a_user_is_made_fetched_listed_and_deleted() {
    let client = client();
    let made = create(&client, ada()).await;
    assert!(!made.id.is_empty() && made.created_at.is_some());
    let expected = User {
        id: made.id.clone(),
        created_at: made.created_at,
        status: UserStatus::Active.into(),
        ..ada()
    };
    assert_eq!(made, expected);
    assert_eq!(client.get_user(GetUserRequest { id: made.id.clone() }).await.unwrap(), made);

    let list = client.list_users(ListUsersRequest::default()).await.unwrap();
    assert_eq!((list.users, list.next_page_token), (vec![made.clone()], String::new()));

    client.delete_user(DeleteUserRequest { id: made.id.clone() }).await.unwrap();
    let error = client.get_user(GetUserRequest { id: made.id.clone() }).await.unwrap_err();
    assert!(error.is(404, "USER_NOT_FOUND"), "{error}");
    assert_eq!(error.metadata()["id"], made.id);
}

#[tokio::test]
async fn each_error_has_its_code_and_reason() {
    let client = client();
    create(&client, ada()).await;
    let taken = client.create_user(CreateUserRequest { user: Some(ada()) }).await.unwrap_err();
    assert_eq!((taken.code(), taken.reason()), (409, "USER_EMAIL_TAKEN"));
    assert_eq!(taken.grpc_code(), bia::Code::AlreadyExists);

    let request = ListUsersRequest { page_token: "mine".to_owned(), ..Default::default() };
    let token = client.list_users(request).await.unwrap_err();
    assert!(token.is(400, "PAGE_TOKEN_INVALID"), "{token}");

    let missing = client.create_user(CreateUserRequest { user: None }).await.unwrap_err();
    assert!(missing.is(400, "VALIDATOR"), "{missing}");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_told_every_field_that_is() {
    let client = client();
    let labels = [("no spaces".to_owned(), "v".to_owned())].into();
    let user = User { email: "nobody".to_owned(), age: -1, status: 99, labels, ..User::default() };
    let error = client.create_user(CreateUserRequest { user: Some(user) }).await.unwrap_err();
    assert!(error.is(400, "VALIDATOR"), "{error}");
    let fields: Vec<_> = error.metadata().keys().map(String::as_str).collect();
    let expected = ["user.age", "user.email", "user.labels[\"no spaces\"]", "user.status"];
    assert_eq!(fields, expected, "{error}");

    let user = User { name: " ".to_owned(), ..User::default() };
    let error = client.create_user(CreateUserRequest { user: Some(user) }).await.unwrap_err();
    let fields: Vec<_> = error.metadata().keys().map(String::as_str).collect();
    assert_eq!(fields, ["user.email", "user.name"], "{error}");
}

#[tokio::test]
async fn what_the_database_says_does_not_leave_the_process() {
    let data = FakeData::default();
    data.go_away();
    let client = client_of(&Arc::new(Users::new(data)));
    let error = client.list_users(ListUsersRequest::default()).await.unwrap_err();
    assert!(error.is(503, "DATABASE_UNAVAILABLE"), "{error}");
    assert!(!format!("{error:?} {:?}", error.metadata()).contains("db-7"), "{error:?}");
}

async fn update(
    client: &UserServiceClient,
    user: User,
    paths: Option<&[&str]>,
) -> bia::Result<User> {
    let mut request = UpdateUserRequest { user: Some(user), ..Default::default() };
    if let Some(paths) = paths {
        let mask = request.update_mask.get_or_insert_default();
        mask.paths = paths.iter().map(|&path| path.to_owned()).collect();
    }
    client.update_user(request).await
}

#[tokio::test]
async fn an_update_changes_what_its_mask_names() {
    let client = client();
    let ada = create(&client, ada()).await;
    let wish = User { age: 37, name: String::new(), labels: Default::default(), ..ada.clone() };

    let masked = update(&client, wish.clone(), Some(&["age", "labels"])).await.unwrap();
    assert_eq!(masked, User { name: "Ada".to_owned(), ..wish });

    let filled = User { id: ada.id.clone(), name: "Ada L".to_owned(), ..User::default() };
    let filled = update(&client, filled, None).await.unwrap();
    assert_eq!(filled, User { name: "Ada L".to_owned(), ..masked });

    let whole = User { name: "A".to_owned(), ..filled };
    assert_eq!(update(&client, whole.clone(), Some(&["*"])).await.unwrap(), whole);
}

#[tokio::test]
async fn a_mask_that_names_what_cannot_change_is_refused() {
    let client = client();
    let ada = create(&client, ada()).await;
    let error = update(&client, ada.clone(), Some(&["id", "nmae", "age"])).await.unwrap_err();
    assert!(error.is(400, "VALIDATOR"), "{error}");
    let told = &error.metadata()["update_mask"];
    assert!(told.contains("names id, which never changes"), "{told}");
    assert!(told.contains("names \"nmae\": only name, email"), "{told}");
    let error = update(&client, ada, Some(&[])).await.unwrap_err();
    assert!(error.is(400, "VALIDATOR"), "{error}");
}

#[tokio::test]
async fn a_watch_tells_of_changes_and_ends_when_the_service_stops() {
    use watch_users_response::Change;

    let users = Arc::new(Users::new(FakeData::default()));
    let client = client_of(&users);
    let mut watch = client.watch_users(WatchUsersRequest::default()).await.unwrap();
    let ada = create(&client, ada()).await;
    let told = watch.message().await.unwrap().unwrap();
    assert_eq!((told.revision, told.change), (1, Some(Change::User(ada.clone()))));
    client.delete_user(DeleteUserRequest { id: ada.id.clone() }).await.unwrap();
    let told = watch.message().await.unwrap().unwrap();
    assert_eq!((told.revision, told.change), (2, Some(Change::DeletedId(ada.id))));

    users.end_watches();
    let error = watch.message().await.unwrap_err();
    assert!(error.is(503, "STOPPING"), "{error}");
}

#[tokio::test]
async fn an_import_makes_what_it_can_and_tells_of_the_rest() {
    let client = client();
    let bad = User { age: 200, ..ada() };
    let bob = User { name: "Bob".to_owned(), email: "bob@example.com".to_owned(), ..ada() };
    let users = [Some(ada()), Some(bad), None, Some(ada()), Some(bob)];
    let requests = users.map(|user| ImportUsersRequest { user });
    let response = client.import_users(stream::iter(requests)).await.unwrap();
    assert_eq!((response.imported, response.failed), (2, 3));
    let told: Vec<_> = response
        .failures
        .into_iter()
        .map(|failed| (failed.index, failed.failure.unwrap().reason))
        .collect();
    let expected = [(1, "VALIDATOR"), (2, "VALIDATOR"), (3, "USER_EMAIL_TAKEN")];
    assert_eq!(told, expected.map(|(index, reason)| (index, reason.to_owned())));
}

#[tokio::test]
async fn a_sync_answers_each_change_in_order_whatever_came_of_the_others() {
    use sync_users_request::Change;
    use sync_users_response::Outcome;

    let client = client();
    let bob = create(&client, User { email: "bob@example.com".to_owned(), ..ada() }).await;
    let renamed = User { name: "Bob".to_owned(), ..bob.clone() };
    let changes = [
        Some(Change::Put(ada())),
        Some(Change::Put(renamed.clone())),
        Some(Change::DeleteId("nobody".to_owned())),
        Some(Change::DeleteId(bob.id.clone())),
        None,
    ];
    let requests = changes
        .into_iter()
        .enumerate()
        .map(|(index, change)| SyncUsersRequest { change_id: index.to_string(), change });
    let requests: Vec<_> = requests.collect();
    let responses = client.sync_users(stream::iter(requests)).await.unwrap();
    let outcomes: Vec<_> = responses.try_collect().await.unwrap();

    let ids: Vec<_> = outcomes.iter().map(|outcome| outcome.change_id.as_str()).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4"]);
    let mut outcomes = outcomes.into_iter().map(|outcome| outcome.outcome.unwrap());
    assert!(matches!(outcomes.next(), Some(Outcome::User(user)) if user.name == "Ada"));
    assert_eq!(outcomes.next(), Some(Outcome::User(renamed)));
    let reason = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Failure(failure)) => failure.reason,
        other => panic!("{other:?} is no failure"),
    };
    assert_eq!(reason(outcomes.next()), "USER_NOT_FOUND");
    assert_eq!(outcomes.next(), Some(Outcome::DeletedId(bob.id)));
    assert_eq!(reason(outcomes.next()), "VALIDATOR");
}

#[tokio::test]
async fn a_sync_answers_while_its_caller_still_sends() {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let requests = stream::unfold(receiver, async |mut receiver| {
        let request = receiver.recv().await?;
        Some((request, receiver))
    });
    let mut responses = client().sync_users(requests).await.unwrap();
    for id in ["first", "second"] {
        let delete = sync_users_request::Change::DeleteId(id.to_owned());
        let request = SyncUsersRequest { change_id: id.to_owned(), change: Some(delete) };
        sender.send(request).await.unwrap();
        assert_eq!(responses.message().await.unwrap().unwrap().change_id, id);
    }
    drop(sender);
    assert!(responses.message().await.unwrap().is_none());
}
