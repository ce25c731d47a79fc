//! A subscriber whose layers have filters of their own. It is the process's only one: beside a second, `tracing` remembers of no
//! call site that all want it.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portcullis::request_log::RequestLogLayer;
use tower::{Layer, ServiceExt, service_fn};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn layer<S>(&self) -> impl tracing_subscriber::Layer<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let lines = self.clone();
        tracing_subscriber::fmt::layer().with_writer(move || lines.clone())
    }

    fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock().unwrap()).matches(text).count()
    }
}

#[tokio::test]
async fn whether_anybody_listens_is_asked_without_a_trace() {
    let (others, errors) = (Lines::default(), Lines::default());
    let no_requests = filter_fn(|record| record.target() != "portcullis::request_log");
    let subscriber = tracing_subscriber::registry()
        .with(others.layer().with_filter(no_requests))
        .with(errors.layer().with_filter(LevelFilter::ERROR));
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let handler = service_fn(async |_: Request<()>| {
        tracing::error!("something is wrong");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = RequestLogLayer::new().layer(handler);
    for _ in 0..3 {
        let _ = service.clone().oneshot(Request::new(())).await.unwrap();
    }
    assert_eq!(errors.count("something is wrong"), 3);
    assert_eq!(others.count("something is wrong"), 3);
}
