//! What stands behind the gates: its answer depends on the path only.

use std::error::Error as StdError;
use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use portcullis::{Identity, Problem};
use tokio::time::sleep;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, BoxError>;
pub(crate) type Answer = Response<AnyBody>;

pub(crate) const PATHS: [&str; 19] = [
    "/",
    "/many",
    "/wait",
    "/slow",
    "/bare/404",
    "/page/404",
    "/bare/405",
    "/problem",
    "/teapot",
    "/gone",
    "/cause",
    "/error",
    "/error/problem",
    "/panic",
    "/panic/late",
    "/panic/drop",
    "/body/error",
    "/body/panic",
    "/body/drop",
];

pub(crate) async fn answer(request: Request<Full<Bytes>>) -> Result<Answer, BoxError> {
    let user = request.extensions().get::<Identity>().and_then(Identity::subject);
    let user = user.unwrap_or("nobody").to_owned();
    let path = request.uri().path().to_owned();
    match &*path {
        "/wait" => sleep(Duration::from_secs(2)).await,
        "/slow" => pending().await,
        "/error" => return Err("disk on fire".into()),
        "/error/problem" => return Err(Problem::new(StatusCode::CONFLICT).into()),
        "/panic" => panic!("as asked"),
        "/panic/late" => {
            sleep(Duration::from_secs(1)).await;
            panic!("as asked, later");
        }
        "/panic/drop" => {
            let _falls = Falls;
            if request.method() == "POST" {
                pending::<()>().await;
            }
            return Ok(plain(200, "the future falls"));
        }
        _ => {}
    }
    Ok(match &*path {
        "/many" => many(),
        "/bare/404" => plain(404, ""),
        "/page/404" => plain(404, "no such page"),
        "/bare/405" => headed(plain(405, ""), &[("allow", "GET"), ("content-length", "0")]),
        "/problem" => Problem::new(StatusCode::CONFLICT).with_detail("taken").into_response(),
        // At which the closure that says what counts panics.
        "/gone" => plain(410, "gone"),
        "/teapot" => plain(418, "teapot"),
        "/cause" => portcullis::Error::from("disk on fire").into_response(),
        "/body/error" => Response::new(Breaking("error").boxed_unsync()),
        "/body/panic" => Response::new(Breaking("panic").boxed_unsync()),
        "/body/drop" => Response::new(Breaking("drop").boxed_unsync()),
        _ => headed(
            plain(200, &user),
            &[("content-type", "text/plain"), ("server", "secret/1.0")],
        ),
    })
}

/// More headers than the layers have a short way for, some of which they set themselves.
fn many() -> Answer {
    headed(
        plain(200, "many"),
        &[
            ("content-type", "text/plain"),
            ("vary", "accept-encoding"),
            ("x-powered-by", "secret/1.0"),
            ("x-frame-options", "DENY"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("ratelimit", "\"own\";r=1"),
            ("connection", "keep-alive"),
            ("access-control-allow-origin", "https://own.example.com"),
            ("x-request-id", "forged"),
        ],
    )
}

fn plain(status: u16, text: &str) -> Answer {
    let body = Full::from(Bytes::from(text.to_owned())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn headed(mut response: Answer, headers: &[(&'static str, &'static str)]) -> Answer {
    for (name, value) in headers {
        response.headers_mut().append(*name, value.parse().unwrap());
    }
    response
}

/// Panics in its drop.
pub(crate) struct Falls;

impl Drop for Falls {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "in its drop");
    }
}

/// One frame, and then what it is told.
struct Breaking(&'static str);

impl Body for Breaking {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.0 {
            "error" => Some(Err("cable cut".into())),
            "panic" => panic!("in the body"),
            "drop" => {
                self.0 = "dropped";
                Some(Ok(Frame::data(Bytes::from_static(b"first"))))
            }
            _ => None,
        })
    }
}

impl Drop for Breaking {
    fn drop(&mut self) {
        assert!(self.0 != "dropped" || std::thread::panicking(), "in the body's drop");
    }
}
