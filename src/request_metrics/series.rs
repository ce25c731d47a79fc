use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use metrics::{Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

use super::policy::{Labels, Verb};

const DURATION: &str = "http.server.request.duration";
const ACTIVE: &str = "http.server.active_requests";
const REQUEST_BYTES: &str = "http.server.request.body.size";
const RESPONSE_BYTES: &str = "http.server.response.body.size";

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// Series that are found without asking the recorder. Templates of routes are few; an app that makes paths of them gets slower
/// here and not larger.
const MOST: usize = 4096;

/// The recorder's handles, each asked for once.
pub(super) struct Series {
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    described: OnceLock<()>,
    active: [OnceLock<Gauge>; 2 * Verb::NAMES.len()],
    known: ArcSwap<Known>,
}

/// By route, with "" for none, so that a look-up needs no string of its own.
#[derive(Clone, Default)]
struct Known {
    routes: HashMap<Arc<str>, Vec<(Labels, Handles)>>,
    count: usize,
}

#[derive(Clone)]
struct Handles {
    duration: Histogram,
    request_bytes: Histogram,
    response_bytes: Histogram,
}

/// What a request has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) duration: Duration,
    pub(super) request_bytes: Option<u64>,
    pub(super) response_bytes: u64,
}

impl Series {
    pub(super) fn new(recorder: Option<Arc<dyn Recorder + Send + Sync>>) -> Self {
        Self {
            recorder,
            described: OnceLock::new(),
            active: [const { OnceLock::new() }; 2 * Verb::NAMES.len()],
            known: ArcSwap::default(),
        }
    }

    /// The requests of a method that are being served.
    pub(super) fn active(&self, method: Verb, secure: bool) -> Gauge {
        let register = || {
            let labels = vec![
                Label::from_static_parts("http.request.method", method.as_str()),
                scheme(secure),
            ];
            self.with(|recorder| recorder.register_gauge(&Key::from_parts(ACTIVE, labels), &METADATA))
        };
        let place = 2 * method.place() + usize::from(secure);
        match self.active.get(place) {
            Some(gauge) => gauge.get_or_init(register).clone(),
            None => register(),
        }
    }

    pub(super) fn record(&self, route: &str, labels: Labels, sample: Sample) {
        let known = self.known.load();
        if let Some(handles) = known.get(route, labels) {
            handles.record(sample);
            return;
        }
        let full = known.count >= MOST;
        drop(known);
        let handles = self.register(route, labels);
        handles.record(sample);
        if full {
            return;
        }
        self.known.rcu(|known| {
            let mut more = Known::clone(known);
            more.insert(route, labels, &handles);
            more
        });
    }

    fn register(&self, route: &str, labels: Labels) -> Handles {
        let mut named = vec![
            Label::from_static_parts("http.request.method", labels.method.as_str()),
            scheme(labels.secure),
            Label::from_static_parts("network.protocol.version", labels.version),
        ];
        if !route.is_empty() {
            named.push(Label::new("http.route", route.to_owned()));
        }
        if let Some(status) = labels.status {
            named.push(Label::new("http.response.status_code", status.as_str().to_owned()));
        }
        if let Some(fault) = labels.fault {
            named.push(Label::new("error.type", fault.name()));
        }
        let histogram = |name: &'static str| {
            let key = Key::from_parts(name, named.clone());
            self.with(|recorder| recorder.register_histogram(&key, &METADATA))
        };
        Handles {
            duration: histogram(DURATION),
            request_bytes: histogram(REQUEST_BYTES),
            response_bytes: histogram(RESPONSE_BYTES),
        }
    }

    fn with<T>(&self, ask: impl FnOnce(&dyn Recorder) -> T) -> T {
        let ask = |recorder: &dyn Recorder| {
            self.described.get_or_init(|| describe(recorder));
            ask(recorder)
        };
        match &self.recorder {
            Some(recorder) => ask(&**recorder),
            None => metrics::with_recorder(ask),
        }
    }
}

impl Known {
    fn get(&self, route: &str, labels: Labels) -> Option<&Handles> {
        let routed = self.routes.get(route)?;
        routed
            .iter()
            .find(|(own, _)| *own == labels)
            .map(|(_, handles)| handles)
    }

    fn insert(&mut self, route: &str, labels: Labels, handles: &Handles) {
        if self.count < MOST && self.get(route, labels).is_none() {
            let routed = self.routes.entry(route.into()).or_default();
            routed.push((labels, handles.clone()));
            self.count += 1;
        }
    }
}

impl Handles {
    #[allow(clippy::cast_precision_loss, reason = "a body of 2^53 bytes is not to come")]
    fn record(&self, sample: Sample) {
        self.duration.record(sample.duration.as_secs_f64());
        if let Some(bytes) = sample.request_bytes {
            self.request_bytes.record(bytes as f64);
        }
        self.response_bytes.record(sample.response_bytes as f64);
    }
}

fn scheme(secure: bool) -> Label {
    Label::from_static_parts("url.scheme", if secure { "https" } else { "http" })
}

fn describe(recorder: &dyn Recorder) {
    let texts = [
        (
            DURATION,
            Unit::Seconds,
            "Time from a request's head to the end of its response's body.",
        ),
        (REQUEST_BYTES, Unit::Bytes, "Size of request bodies."),
        (RESPONSE_BYTES, Unit::Bytes, "Size of response bodies."),
    ];
    for (name, unit, text) in texts {
        recorder.describe_histogram(name.into(), Some(unit), text.into());
    }
    recorder.describe_gauge(
        ACTIVE.into(),
        Some(Unit::Count),
        "Requests that are being served.".into(),
    );
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series")
            .field("known", &self.known.load().count)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use metrics::NoopRecorder;

    use super::*;

    #[test]
    fn a_full_table_is_left_as_it_is() {
        let series = Series::new(Some(Arc::new(NoopRecorder)));
        let labels = Labels {
            method: Verb::of(&http::Method::GET),
            secure: false,
            version: "1.1",
            status: None,
            fault: None,
        };
        let sample = Sample {
            duration: Duration::ZERO,
            request_bytes: None,
            response_bytes: 0,
        };
        let routes = HashMap::new();
        series.known.store(Arc::new(Known { routes, count: MOST }));
        let before = series.known.load_full();
        series.record("/one-more", labels, sample);
        // A copy of thousands of series a request would be the end of an app that makes paths of its routes.
        assert!(Arc::ptr_eq(&before, &series.known.load_full()));
    }
}
