use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::config::Config;
use super::lines::Lines;
use super::service::RequestLog;
use super::text::{Text, TextFormat};
use crate::config_error::{ConfigError, Faults};
use crate::request_view::RequestView;

const LAYER: &str = "request_log";

/// Writes one record per request. See the [module page](crate::request_log).
#[derive(Debug, Clone, Default)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct RequestLogLayer {
    config: Arc<Config>,
}

impl RequestLogLayer {
    /// Every request, without its query, no threshold for slow ones, no text lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, to be changed.
    pub fn builder() -> RequestLogLayerBuilder {
        RequestLogLayerBuilder {
            faults: ConfigError::collector(),
            config: Config::default(),
        }
    }
}

impl RequestLogLayer {
    /// What is recorded and how, for a stack.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }
}

impl<S> Layer<S> for RequestLogLayer {
    type Service = RequestLog<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestLog::new(inner, self.config())
    }
}

/// Collects the settings of a [`RequestLogLayer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct RequestLogLayerBuilder {
    faults: Faults,
    config: Config,
}

impl RequestLogLayerBuilder {
    /// Whether records show the query. Default false: tokens, names and searches end up in it. Where it is shown, the values of
    /// `access_token`, `api_key`, `AWSAccessKeyId`, `client_secret`, `code`, `id_token`, `password`, `refresh_token`, `secret`,
    /// `sig`, `signature`, `token`, `X-Amz-Security-Token`, `X-Amz-Signature` and `X-Goog-Signature` are replaced by `REDACTED`.
    /// The query of a `Referer` in a text line follows the same rule.
    pub fn query(mut self, shown: bool) -> Self {
        self.config.query.shown = shown;
        self
    }

    /// More parameters whose values are replaced where the query is shown. Default none beyond those of
    /// [`query`](Self::query). Names are compared decoded, upper and lower case alike.
    pub fn redact<I: IntoIterator<Item: Into<String>>>(mut self, parameters: I) -> Self {
        for name in parameters {
            let name = name.into();
            if name.is_empty() {
                self.faults.add(LAYER, "redact", "a parameter has no name");
            }
            self.config.query.redacted.push(name);
        }
        self
    }

    /// How long the head of a response may take before the request is marked `slow` and its record raised to `WARN`. Default: no
    /// request is slow. The time of the body does not count, since the client sets its pace.
    pub fn slow_threshold(mut self, threshold: Duration) -> Self {
        if threshold.is_zero() {
            let reason = "must be above 0, or every request is slow";
            self.faults.add(LAYER, "slow_threshold", reason);
        }
        self.config.policy.slow_threshold = Some(threshold);
        self
    }

    /// Records only the requests for which the closure answers true. Default: all. The others are not recorded whatever becomes
    /// of them; to keep their failures, [`sample`](Self::sample). A later call replaces an earlier one.
    pub fn filter<F>(mut self, records: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.config.filter = Some(Arc::new(records));
        self
    }

    /// Writes one in so many of the ordinary records, chosen without regard to rhythms of the traffic. Default 1: all. Records
    /// at `WARN` and `ERROR`, which are those of slow and of failed requests, are always written. A record that stands for
    /// others says for how many in `sample_rate`.
    pub fn sample(mut self, one_in: u32) -> Self {
        match NonZeroU32::new(one_in) {
            Some(one_in) => self.config.policy.one_in = one_in,
            None => self.faults.add(
                LAYER,
                "sample",
                "must be 1 or more; to write nothing leave the layer out",
            ),
        }
        self
    }

    /// Writes each record also as a line of text, whether or not `tracing` has a subscriber. Default: no lines. A later call
    /// replaces an earlier one.
    ///
    /// `make_writer` is called for each line, which is then written in one piece, so that lines do not mix: `std::io::stdout`,
    /// or a closure that clones a handle. It runs on the thread that serves and must not panic; for a disk that may be slow, give
    /// it a writer that hands lines to a thread of its own. The first failure to write is reported through `tracing`.
    pub fn text<F, W>(mut self, format: TextFormat, make_writer: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: io::Write,
    {
        self.config.text = Some(Text::new(format, Lines::new(make_writer)));
        self
    }

    /// Writes each record as a line of JSON instead of handing it to `tracing`, whether or not that has a subscriber. Default: an event
    /// of `tracing`. A later call replaces an earlier one.
    ///
    /// For services whose every request is logged and for whom the time counts: a subscriber formats the same fields an order of
    /// magnitude slower. The names are those of the [table](crate::request_log), in one object, after `timestamp` (of the end, in
    /// UTC), `level`, `target` and `message`. Spans are `tracing`'s as before, and so is all else that is logged.
    ///
    /// `make_writer` is called as that of [`text`](Self::text).
    ///
    /// ```
    /// use portcullis::request_log::RequestLogLayer;
    ///
    /// let layer = RequestLogLayer::builder().json(std::io::stdout).build()?;
    /// # let _ = layer;
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    pub fn json<F, W>(mut self, make_writer: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: io::Write,
    {
        self.config.json = Some(Lines::new(make_writer));
        self
    }

    /// Whether each request is served within a span named `request`, by which what the handler logs names the request. Default true.
    ///
    /// A subscriber makes room for the span and formats its fields, which takes longer than a line of [`json`](Self::json). For services
    /// that write such lines and log little else: their handlers name the request by its [`RequestId`](crate::RequestId).
    pub fn span(mut self, opened: bool) -> Self {
        self.config.spanless = !opened;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists a threshold of 0, a sampling of one in 0, and every redacted parameter without a name.
    pub fn build(self) -> Result<RequestLogLayer, ConfigError> {
        self.faults.finish()?;
        Ok(RequestLogLayer {
            config: Arc::new(self.config),
        })
    }
}
