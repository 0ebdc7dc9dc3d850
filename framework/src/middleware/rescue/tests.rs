use http_body_util::{BodyExt, StreamBody};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::*;

/// A stream of what is sent.
fn body(ending: Ending) -> (mpsc::Sender<Result<Frame<Bytes>>>, RescuedBody) {
    let (send, mut receive) = mpsc::channel(1);
    let frames = futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx));
    (send, RescuedBody::new(Body::new(StreamBody::new(frames)), ending))
}

async fn text(body: &mut RescuedBody) -> String {
    let frame = body.frame().await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_of_events_says_that_it_is_there() {
    let (send, mut events) = body(Ending::Event);
    let begun = Instant::now();
    for signs in 1..=3 {
        assert_eq!(text(&mut events).await, ":\n\n");
        assert_eq!(begun.elapsed().as_secs(), 15 * signs);
    }
    send.send(Ok(Frame::data("event: message\n\n".into()))).await.unwrap();
    assert_eq!(text(&mut events).await, "event: message\n\n");
    assert_eq!(text(&mut events).await, ":\n\n");
    assert_eq!(begun.elapsed().as_secs(), 60, "counted from the last event");
}

#[tokio::test]
async fn each_kind_of_stream_has_its_last_word() {
    let error = r#"{"code":409,"reason":"R","message":"m","metadata":{}}"#;
    let table = [
        (Ending::Event, true, format!("event: error\ndata: {error}\n\n")),
        (Ending::Line, true, format!("{{\"error\":{error}}}\n")),
        (Ending::Element, true, format!(",{{\"error\":{error}}}")),
        (Ending::Element, false, format!("[{{\"error\":{error}}}")),
    ];
    for (ending, begun, expected) in table {
        let (send, mut stream) = body(ending);
        if begun {
            send.send(Ok(Frame::data("1".into()))).await.unwrap();
            assert_eq!(text(&mut stream).await, "1");
        }
        send.send(Err(Error::conflict("R", "m"))).await.unwrap();
        assert_eq!(text(&mut stream).await, expected);
        assert!(stream.frame().await.is_none());
    }
    let (send, mut stream) = body(Ending::Trailers);
    send.send(Err(Error::conflict("R", "m"))).await.unwrap();
    let trailers = stream.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "10");
}
