use std::collections::BTreeMap;

use tower::ServiceExt as _;

use super::*;
use crate::context::Face;
use crate::operation::{Kind, Operation};
use crate::rules::{AuthSetting, OperationSettings};

static OPEN: Operation = Operation::new("/a.A/Open", Kind::Unary);
static CLOSED: Operation =
    Operation::new("/a.A/Closed", Kind::Unary).with_auth(Auth::Required(&["read"]));

/// What stands inside: says whom it was told of.
#[derive(Clone)]
struct Whoami;

impl Service<Inbound> for Whoami {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Inbound) -> Reply {
        let subject = call.cx.identity().map_or("nobody", Identity::subject).to_owned();
        let mut response = Response::new(Body::empty());
        response.headers_mut().insert("who", subject.parse().unwrap());
        Box::pin(std::future::ready(Ok(response)))
    }
}

async fn by_header(cx: Context) -> Result<Identity> {
    match cx.header("authorization").map(|value| value.to_str().unwrap().to_owned()) {
        Some(token) if token == "reader" => Ok(Identity::new("ada").with_scope("read")),
        Some(token) => Ok(Identity::new(token)),
        None => Err(Error::unauthorized("UNAUTHORIZED", "the token is missing")),
    }
}

async fn call(guard: Guard, operation: &'static Operation, token: Option<&str>) -> Result<String> {
    let mut request = http::Request::new(Body::empty());
    if let Some(token) = token {
        request.headers_mut().insert("authorization", token.parse().unwrap());
    }
    let call = Inbound { cx: Context::new(operation, Face::Http), request };
    let response = Authenticated::new(Whoami, guard).oneshot(call).await?;
    Ok(response.headers()["who"].to_str().unwrap().to_owned())
}

fn guard() -> Guard {
    Guard { authenticator: Some(Authenticator::new(by_header)), ..Guard::default() }
}

#[tokio::test]
async fn only_a_caller_that_is_known_and_may_passes_where_the_proto_asks_for_it() {
    assert_eq!(call(guard(), &CLOSED, Some("reader")).await.unwrap(), "ada");
    let error = call(guard(), &CLOSED, None).await.unwrap_err();
    assert!(error.is(401, "UNAUTHORIZED"), "{error}");
    let error = call(guard(), &CLOSED, Some("bob")).await.unwrap_err();
    assert!(error.is(403, "FORBIDDEN") && error.metadata()["scope"] == "read", "{error}");
}

#[tokio::test]
async fn nobody_is_asked_where_all_may_call() {
    assert_eq!(call(guard(), &OPEN, Some("reader")).await.unwrap(), "nobody");
}

#[tokio::test]
async fn settings_that_change_open_and_close_an_operation_at_once() {
    let guard = guard();
    let set = |auth| {
        let own = OperationSettings { auth: Some(auth), ..OperationSettings::default() };
        guard.rules.set(Rules::new(&BTreeMap::from([("/a.A/*".to_owned(), own)])));
    };
    set(AuthSetting::Open);
    assert_eq!(call(guard.clone(), &CLOSED, None).await.unwrap(), "nobody");
    set(AuthSetting::Required);
    assert_eq!(call(guard.clone(), &OPEN, Some("bob")).await.unwrap(), "bob");
    assert!(call(guard.clone(), &OPEN, None).await.is_err());
}

#[tokio::test]
async fn without_anybody_who_can_tell_a_closed_operation_stays_closed() {
    let error = call(Guard::default(), &CLOSED, Some("reader")).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (500, "AUTHENTICATOR_MISSING"));
}
