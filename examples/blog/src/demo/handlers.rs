//! What the misbehaving routes do.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::{Extension, Json};
use http_body::Frame;
use portcullis::stack::Explanation;
use serde_json::{Value, json};
use tokio::time::{Sleep, sleep};

const PAUSE: Duration = Duration::from_millis(50);

/// The layers that this request has passed, and why in this order.
pub(super) async fn gate(Extension(explanation): Extension<Explanation>) -> String {
    explanation.to_string()
}

/// `?` on an error that nobody expected: the client is told nothing of it.
pub(super) async fn error() -> portcullis::Result<String> {
    let text = tokio::fs::read_to_string("/nowhere/secret-plans.txt").await?;
    Ok(text)
}

pub(super) async fn panic() -> String {
    panic!("the handler fell over, as asked")
}

/// Two good chunks, then a panic: the status line is long gone, so the stream is cut.
pub(super) async fn panic_in_stream() -> Body {
    Body::new(Falling {
        chunks: 2,
        pause: Box::pin(sleep(PAUSE)),
    })
}

/// An answer after three seconds: time to press Ctrl-C and watch it being waited for.
pub(super) async fn slow() -> Json<Value> {
    sleep(Duration::from_secs(3)).await;
    Json(json!({ "waited_seconds": 3 }))
}

struct Falling {
    chunks: u8,
    pause: Pin<Box<Sleep>>,
}

impl HttpBody for Falling {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // The pause lets the server send what it has.
        ready!(self.pause.as_mut().poll(cx));
        assert!(self.chunks > 0, "the stream fell over, as asked");
        self.chunks -= 1;
        self.pause = Box::pin(sleep(PAUSE));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a good chunk\n")))))
    }
}
