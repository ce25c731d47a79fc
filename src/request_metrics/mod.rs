//! Rate, errors and duration of requests by route, through the [`metrics`](https://docs.rs/metrics) facade.
//!
//! What it decides:
//!
//! 1. Each request is counted once: when the body of its response has ended, failed or been dropped, or when it was given up
//!    without a response. The rate is the count of the duration's histogram.
//! 2. Names and units are those of OpenTelemetry's conventions for HTTP servers.
//! 3. No label has more values than the app has routes and statuses. A method that is not registered is `_OTHER`; without a
//!    matched route there is no `http.route`, and never the path in its place.
//! 4. A request has failed, and has an `error.type`, when its status is a `5xx` (then it is the status), or as the
//!    [`Trail`](crate::Trail) of a `request_log` further out says: `panicked`, `timed_out`, `failed`. A client that left early is
//!    `aborted`.
//! 5. A filter leaves requests out.
//!
//! | metric | what | labels |
//! |---|---|---|
//! | `http.server.request.duration` | histogram, seconds | `http.request.method`, `url.scheme`, `network.protocol.version`, `http.route`, `http.response.status_code`, `error.type` |
//! | `http.server.request.body.size` | histogram, bytes: as read with [`CountRequestBodyLayer`](crate::request_log::CountRequestBodyLayer), else the `Content-Length` | the same |
//! | `http.server.response.body.size` | histogram, bytes handed over to the server | the same |
//! | `http.server.active_requests` | gauge | `http.request.method`, `url.scheme` |
//!
//! Of histograms the recorder chooses the buckets; the conventions advise 5 ms, 10 ms, 25 ms and on to 10 s for the duration.
//!
//! It costs no allocation on a request whose series is known, whatever the recorder: its handles are asked for once, and the
//! first request of a series pays for all.
//!
//! It goes outside `catch_error`, and inside `request_log` where both stand by themselves, whose trail it then reads. With a
//! [`Stack`](crate::stack::Stack) it goes outside that, and panics are the `500` that they were answered with.
//!
//! ```
//! # use std::sync::Arc;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::{BodyExt, Full};
//! # use metrics_exporter_prometheus::PrometheusBuilder;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_metrics::RequestMetricsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let handle = PrometheusBuilder::new().install_recorder()?;
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = RequestMetricsLayer::new().layer(hello);
//! let response = service.oneshot(Request::get("/posts/7").body(())?).await?;
//! response.into_body().collect().await?;
//!
//! let told = handle.render();
//! assert!(told.contains(r#"http_server_request_duration_count{http_request_method="GET""#));
//! assert!(!told.contains("/posts/7"));
//! # Ok(())
//! # }
//! ```
//!
//! With a recorder of its own, and without the probes:
//!
//! ```
//! # use std::sync::Arc;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::{BodyExt, Full};
//! # use metrics_exporter_prometheus::PrometheusBuilder;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::request_metrics::RequestMetricsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = PrometheusBuilder::new().build_recorder();
//! let handle = recorder.handle();
//! let layer = RequestMetricsLayer::builder()
//!     .filter(|request| request.path() != "/healthz")
//!     .recorder(Arc::new(recorder))
//!     .build();
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! layer.layer(hello).oneshot(Request::get("/healthz").body(())?).await?;
//! assert!(!handle.render().contains("http_server_request_duration"));
//! # Ok(())
//! # }
//! ```

mod body;
mod config;
mod future;
mod layer;
mod measure;
mod policy;
mod series;
mod service;

pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
pub use self::layer::{RequestMetricsLayer, RequestMetricsLayerBuilder};
pub use self::service::RequestMetrics;
