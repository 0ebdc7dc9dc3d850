use bia::testing::in_process;

use super::*;
use crate::users::{MockUserService, User, user_service};

fn directory(mock: MockUserService) -> UserDirectory {
    UserDirectory::new(UserServiceClient::new(in_process(user_service(mock)).unwrap()))
}

fn knows(status: UserStatus) -> MockUserService {
    MockUserService::new().on_get_user(move |_cx, request| async move {
        let user = User { id: request.id, name: "Ada".to_owned(), ..User::default() };
        Ok(User { status: status.into(), ..user })
    })
}

fn fails(error: fn() -> bia::Error) -> MockUserService {
    MockUserService::new().on_get_user(move |_cx, _request| async move { Err(error()) })
}

#[tokio::test]
async fn only_a_user_that_is_active_may_order() {
    let find = async |status| directory(knows(status)).find("7").await.unwrap().unwrap();
    let ada = |may_order| Customer { id: "7".to_owned(), name: "Ada".to_owned(), may_order };
    assert_eq!(find(UserStatus::Active).await, ada(true));
    assert_eq!(find(UserStatus::Suspended).await, ada(false));
    assert_eq!(find(UserStatus::Unspecified).await, ada(false));
}

#[tokio::test]
async fn a_user_that_is_not_there_is_no_failure() {
    let directory = directory(fails(|| bia::Error::not_found("USER_NOT_FOUND", "no user 7")));
    assert_eq!(directory.find("7").await.unwrap(), None);
}

#[tokio::test]
async fn what_else_user_service_fails_with_is_kept_whole() {
    let directory = directory(fails(|| bia::Error::unavailable("DATABASE_UNAVAILABLE", "later")));
    let error = bia::Error::from_source(directory.find("7").await.unwrap_err());
    assert!(error.is(503, "DATABASE_UNAVAILABLE"), "{error}");
}
