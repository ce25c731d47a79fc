use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use portcullis::request_log::{RequestLogLayer, RequestLogLayerBuilder};
use tokio::sync::Notify;
use tower::{Service, ServiceExt, service_fn};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, span};
use tracing_subscriber::layer::{Context as Around, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub(super) use crate::log::Log as File;
use crate::log::listen;

pub(super) type Fields = BTreeMap<String, String>;
pub(super) type Answer = Response<Full<Bytes>>;

#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) target: String,
    pub(super) level: Level,
    pub(super) fields: Fields,
    /// The spans around it, the inner-most first.
    pub(super) spans: Vec<(String, Fields)>,
}

impl Seen {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    #[track_caller]
    pub(super) fn check(&self, level: Level, expect: &[(&str, &str)]) {
        let expect = expect.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        assert_eq!(self.fields, expect.collect::<Fields>());
        assert_eq!(self.level, level);
    }
}

struct Collect<'a>(&'a mut Fields);

impl Visit for Collect<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

/// What was recorded while it listens to this thread.
#[derive(Clone, Default)]
pub(super) struct Log {
    seen: Arc<Mutex<Vec<Seen>>>,
    more: Arc<Notify>,
}

impl Log {
    pub(super) fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let guard = listen(tracing_subscriber::registry().with(log.clone()));
        (log, guard)
    }

    pub(super) fn of(&self, target: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.target == target).cloned().collect()
    }

    pub(super) fn records(&self) -> Vec<Seen> {
        self.of("portcullis::request_log")
    }

    #[track_caller]
    pub(super) fn only(&self) -> Seen {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    pub(super) async fn wait_for(&self, count: usize) -> Vec<Seen> {
        loop {
            let more = self.more.notified();
            let records = self.records();
            if records.len() >= count {
                return records;
            }
            more.await;
        }
    }
}

impl<S> tracing_subscriber::Layer<S> for Log
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, around: Around<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Collect(&mut fields));
        around.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, around: Around<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Collect(&mut fields));
        let spans = around.event_scope(event).into_iter().flatten().map(|span| {
            let fields = span.extensions().get::<Fields>().cloned();
            (span.name().to_owned(), fields.unwrap_or_default())
        });
        self.seen.lock().unwrap().push(Seen {
            target: event.metadata().target().to_owned(),
            level: *event.metadata().level(),
            fields,
            spans: spans.collect(),
        });
        self.more.notify_waiters();
    }
}

/// Takes a pause before each of its frames; one that is `None` is an error.
pub(super) struct Slow {
    frames: Vec<Option<&'static str>>,
    pause: Pin<Box<tokio::time::Sleep>>,
    hint: SizeHint,
}

pub(super) const PAUSE: Duration = Duration::from_millis(100);

impl Slow {
    pub(super) fn new(frames: &[Option<&'static str>]) -> Self {
        Self {
            frames: frames.iter().rev().copied().collect(),
            pause: Box::pin(tokio::time::sleep(PAUSE)),
            hint: SizeHint::default(),
        }
    }

    pub(super) fn of_length(mut self, length: u64) -> Self {
        self.hint = SizeHint::with_exact(length);
        self
    }
}

impl Body for Slow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        std::task::ready!(self.pause.as_mut().poll(cx));
        self.pause = Box::pin(tokio::time::sleep(PAUSE));
        tracing::info!(target: "handler", "in the body");
        Poll::Ready(self.frames.pop().map(|frame| match frame {
            Some(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            None => Err(io::Error::other("cable cut")),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        tracing::info!(target: "handler", "dropping the body");
    }
}

pub(super) fn request(target: &str) -> Request<Full<Bytes>> {
    Request::get(target).body(Full::default()).unwrap()
}

pub(super) fn answering<B: 'static>(
    response: impl Fn() -> Response<B> + Clone,
) -> impl Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone {
    service_fn(move |_| std::future::ready(Ok(response())))
}

pub(super) fn status(status: u16) -> Answer {
    let mut response = Response::new(Full::from("hello"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

pub(super) fn built(builder: RequestLogLayerBuilder) -> RequestLogLayer {
    builder.build().unwrap()
}

/// Sends a request and takes the whole answer.
pub(super) async fn send<S, B>(service: S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: std::fmt::Debug>,
    B: Body<Error: std::fmt::Debug>,
{
    let response = service.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
}
