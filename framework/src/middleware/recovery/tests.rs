use http::Request;
use http_body_util::{BodyExt, StreamBody};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::context::Context;

async fn through<F, Fut>(handler: F) -> Result<Response<Body>>
where
    F: FnMut(Inbound) -> Fut,
    Fut: Future<Output = Result<Response<Body>>>,
{
    let cx = Context::background();
    let call = Inbound { cx, request: Request::new(Body::empty()) };
    Recovery::new(service_fn(handler)).oneshot(call).await
}

#[tokio::test]
async fn a_panic_while_a_handler_runs_is_an_internal_error_of_unknown_reason() {
    let error = through(|_| async {
        tokio::task::yield_now().await;
        panic!("secret")
    })
    .await
    .unwrap_err();
    assert_eq!(error, Error::internal("UNKNOWN", "unknown request error"));
}

#[tokio::test]
async fn a_panic_before_a_handler_runs_is_too() {
    let error = through(|call| {
        assert!(call.request.headers().contains_key("never"), "secret");
        std::future::ready(Ok(Response::new(Body::empty())))
    })
    .await
    .unwrap_err();
    assert_eq!(error.reason(), "UNKNOWN");
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_it_with_the_error_and_then_it_is_over() {
    let response = through(|_| async {
        let frames = futures_util::stream::iter([0_u8, 1]).map_while_panicking();
        Ok(Response::new(Body::new(StreamBody::new(frames))))
    })
    .await
    .unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert_eq!(body.frame().await.unwrap().unwrap_err().reason(), "UNKNOWN");
    assert!(body.frame().await.is_none());
}

trait MapWhilePanicking: Sized + futures_util::Stream<Item = u8> {
    fn map_while_panicking(self) -> impl futures_util::Stream<Item = Result<Frame<Bytes>>> {
        futures_util::StreamExt::map(self, |item| {
            assert!(item == 0, "secret");
            Ok(Frame::data(Bytes::from_static(b"x")))
        })
    }
}

impl<S: futures_util::Stream<Item = u8>> MapWhilePanicking for S {}
