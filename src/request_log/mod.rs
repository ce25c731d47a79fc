//! One log record per request, written when the body of its response has ended.
//!
//! What it decides:
//!
//! 1. Each request gets one `tracing` event with target `portcullis::request_log`, whether it was answered, refused, given up by
//!    its client or lost in a panic. Fields are named as OpenTelemetry's conventions name them, where those have a name, and what is
//!    unknown is absent.
//! 2. It is written when the body has ended, failed or been dropped; at once where no body follows (`HEAD`, `101`, `204`, `304`, an
//!    empty body).
//! 3. The `outcome` is what the [`Trail`](crate::Trail) has noted: `panicked`, `timed_out` or `failed`. Without a note it is
//!    `failed` where the service or the body returned an error, `panicked` where a panic passed through, `complete` where the body
//!    ended or all bytes of a known length were handed over, and else `aborted`: the client has gone, or an outer layer gave up.
//! 4. The level is `ERROR` for a `5xx` and for the outcomes `panicked`, `timed_out` and `failed`; `WARN` for a slow request; else
//!    `INFO`, also for a `4xx`, which is the client's affair.
//! 5. A filter leaves requests out; one that panics does not. Sampling leaves records at `INFO` out, never others.
//! 6. The query is not shown unless told so, and then without the values of parameters that are known to be secret.
//! 7. With [`text`](RequestLogLayerBuilder::text) each record is also a line in Apache's common or combined format. What is not
//!    printable ASCII in it is escaped: nobody can forge a line.
//! 8. With [`json`](RequestLogLayerBuilder::json) the record is a line of JSON and no event.
//!
//! | field | what | present |
//! |---|---|---|
//! | `outcome` | `complete`, `aborted`, `panicked`, `timed_out`, `failed` | always |
//! | `http.request.method` | `GET` | always |
//! | `url.path` | as it was sent, percent-encoded | unless `CONNECT` |
//! | `url.query` | without `?` | when shown and not empty |
//! | `http.route` | `/posts/{id}` | when axum has matched it outside this layer, or the trail has it |
//! | `http.response.status_code` | `200` | when there was a response |
//! | `http.request.body.size` | bytes read with [`CountRequestBodyLayer`], else the `Content-Length` | when either is there |
//! | `http.response.body.size` | bytes handed over to the server | always |
//! | `network.protocol.version` | `1.1`, `2` | always |
//! | `client.address` | the trail's, else [`ClientIp::of`](crate::client_ip::ClientIp::of) | when known |
//! | `user_agent.original` | the header | when sent |
//! | `request_id` | from `request_id` | when there is one |
//! | `trace_id`, `span_id` | from [`trace_context`](crate::trace_context) | when there is one |
//! | `enduser.id` | the trail's user | when known |
//! | `headers_ms` | from the call to the response's head, in milliseconds | when there was a response |
//! | `latency_ms` | from the call to the end, in milliseconds | always |
//! | `slow` | `true` | when slow |
//! | `sample_rate` | how many records this one stands for | when sampled |
//!
//! The record is a child of the span that was current around the layer. The service and the body run in a span `request` (`INFO`,
//! the same target) with `request_id`, `trace_id`, `span_id`, `http.request.method` and `url.path`, so that what handlers log carries them; filter and
//! sampling do not touch it, and [`span`](RequestLogLayerBuilder::span) leaves it out. A service that cannot become ready is an event too, without a request to name.
//!
//! It costs no allocation where nobody listens. Else there are three: the record, the trail and the trail's place in the
//! extensions; a text line of up to 256 bytes is one more, a line of JSON another, and a subscriber has costs of its own.
//!
//! It goes inside `request_id`, so that it can name the request, and outside everything else, `catch_error` included: it sees what
//! became of every request. Inner layers tell it through the trail what it cannot see.
//!
//! ```
//! # use std::convert::Infallible;
//! # use std::sync::{Arc, Mutex};
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::{BodyExt, Full};
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_log::RequestLogLayer;
//!
//! # #[derive(Clone, Default)]
//! # struct Screen(Arc<Mutex<Vec<u8>>>);
//! # impl std::io::Write for Screen {
//! #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
//! #         self.0.lock().unwrap().write(bytes)
//! #     }
//! #     fn flush(&mut self) -> std::io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let screen = Screen::default();
//! # let writer = screen.clone();
//! # let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
//! # let _listening = tracing::subscriber::set_default(subscriber);
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let request = Request::get("/greeting?token=secret").body(())?;
//! let response = RequestLogLayer::new().layer(hello).oneshot(request).await?;
//! response.into_body().collect().await?;
//!
//! # let written = String::from_utf8(screen.0.lock().unwrap().clone())?;
//! for part in [r#"outcome="complete""#, r#"url.path="/greeting""#, "http.response.status_code=200"] {
//!     assert!(written.contains(part));
//! }
//! assert!(!written.contains("secret"));
//! # Ok(())
//! # }
//! ```
//!
//! Customised, with text lines beside the records:
//!
//! ```
//! # use std::convert::Infallible;
//! # use std::io::Write;
//! # use std::sync::{Arc, Mutex};
//! # use std::time::Duration;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::{BodyExt, Full};
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_log::{RequestLogLayer, TextFormat};
//!
//! # #[derive(Clone, Default)]
//! # struct Shared(Arc<Mutex<Vec<u8>>>);
//! # impl Write for Shared {
//! #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
//! #         self.0.lock().unwrap().write(bytes)
//! #     }
//! #     fn flush(&mut self) -> std::io::Result<()> {
//! #         Ok(())
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let access_log = Shared::default();
//! # let file = access_log.clone();
//! let layer = RequestLogLayer::builder()
//!     .filter(|request| request.path() != "/healthz")
//!     .query(true)
//!     .redact(["session"])
//!     .slow_threshold(Duration::from_millis(500))
//!     .text(TextFormat::Common, move || file.clone())
//!     .build()?;
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! for path in ["/healthz", "/posts?page=2&session=7f"] {
//!     let response = layer.layer(hello).oneshot(Request::get(path).body(())?).await?;
//!     response.into_body().collect().await?;
//! }
//!
//! # let written = String::from_utf8(access_log.0.lock().unwrap().clone())?;
//! assert!(written.starts_with("- - - ["));
//! assert!(written.ends_with("] \"GET /posts?page=2&session=REDACTED HTTP/1.1\" 200 5\n"));
//! # Ok(())
//! # }
//! ```

mod address;
mod body;
mod config;
mod count;
mod date;
mod future;
mod json;
mod layer;
mod lines;
mod listening;
mod policy;
mod query;
mod record;
mod service;
mod span;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod watch;

pub use self::body::ResponseBody;
pub(crate) use self::config::Config;
pub use self::count::{CountRequestBody, CountRequestBodyLayer, CountedBody};
pub use self::future::ResponseFuture;
pub use self::layer::{RequestLogLayer, RequestLogLayerBuilder};
pub use self::service::RequestLog;
pub use self::text::TextFormat;
pub(crate) use self::watch::Watch;
