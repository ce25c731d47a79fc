use std::fmt;
use std::sync::Arc;

use metrics::Recorder;
use tower_layer::Layer;

use super::config::Config;
use super::measure::Filter;
use super::series::Series;
use super::service::RequestMetrics;
use crate::request_view::RequestView;

/// Counts and times requests. See the [module page](super).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct RequestMetricsLayer {
    config: Arc<Config>,
}

/// Collects the settings of a [`RequestMetricsLayer`].
#[derive(Default)]
#[must_use = "call `build`"]
pub struct RequestMetricsLayerBuilder {
    filter: Option<Arc<Filter>>,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
}

impl RequestMetricsLayer {
    /// All requests, told to the recorder that is the process's own when the first of them comes.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// All requests, and the process's own recorder.
    pub fn builder() -> RequestMetricsLayerBuilder {
        RequestMetricsLayerBuilder::default()
    }
}

impl Default for RequestMetricsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestMetricsLayerBuilder {
    /// Counts only the requests for which the closure answers true. Default: all.
    pub fn filter<F>(mut self, wants: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.filter = Some(Arc::new(wants));
        self
    }

    /// Tells this recorder. Default: the one that was installed for the process, which must be before the first request: the
    /// facade hands out handles once, and those of no recorder stay without.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The layer; there is nothing that can be wrong with it.
    pub fn build(self) -> RequestMetricsLayer {
        RequestMetricsLayer {
            config: Arc::new(Config {
                filter: self.filter,
                series: Arc::new(Series::new(self.recorder)),
            }),
        }
    }
}

impl<S> Layer<S> for RequestMetricsLayer {
    type Service = RequestMetrics<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestMetrics::new(inner, Arc::clone(&self.config))
    }
}

impl fmt::Debug for RequestMetricsLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestMetricsLayerBuilder")
            .field("filter", &self.filter.is_some())
            .field("recorder", &self.recorder.is_some())
            .finish()
    }
}
