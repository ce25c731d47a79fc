//! Errors for Sentry: each record at `ERROR`, with the records of its request before it.

use std::fmt;
use std::time::Duration;

use sentry::integrations::tracing::{BreadcrumbLayer, ErrorLayer, SpanLayer};
use sentry::{ClientInitGuard, ClientOptions};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Config, Stage};

/// The record of every request, which at `ERROR` only repeats that the request failed; why it did is another record.
const REQUESTS: &str = "portcullis::request_log";

/// How long the end of the process waits for Sentry.
const LONGEST_FLUSH: Duration = Duration::from_secs(5);

/// The way to Sentry. Dropped, it sends what it still has.
pub(super) struct Reports {
    _client: ClientInitGuard,
}

impl Reports {
    /// `None` where no project is named.
    pub(super) fn open(config: &Config) -> Result<Option<Self>, String> {
        let Some(dsn) = &config.sentry_dsn else {
            return Ok(None);
        };
        // The value is not echoed: it holds the project's key.
        let dsn = dsn
            .expose()
            .parse::<sentry::types::Dsn>()
            .map_err(|error| format!("SENTRY_DSN: {error}"))?;
        let mut options = ClientOptions::new()
            .maybe_release(sentry::release_name!())
            .environment(match config.stage {
                Stage::Development => "development",
                Stage::Staging => "staging",
                Stage::Production => "production",
            })
            // Requests are traced by the feature `otel`, and what callers sent stays here.
            .traces_sample_rate(0.0)
            .send_default_pii(false)
            .shutdown_timeout(LONGEST_FLUSH);
        options.dsn = Some(dsn);
        Ok(Some(Self {
            _client: sentry::init(options),
        }))
    }
}

/// The span of a request gives the error its request id.
pub(super) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let requests = filter_fn(is_request);
    let errors = filter_fn(|metadata| {
        let is_error = metadata.is_event() && *metadata.level() == Level::ERROR;
        is_request(metadata) || (is_error && metadata.target() != REQUESTS)
    });
    let others =
        filter_fn(|metadata| metadata.is_event() && metadata.target() != REQUESTS && *metadata.level() <= Level::INFO);
    SpanLayer::new()
        .with_filter(requests.with_max_level_hint(LevelFilter::INFO))
        .and_then(
            ErrorLayer::new()
                .enable_span_attributes()
                .with_filter(errors.with_max_level_hint(LevelFilter::INFO)),
        )
        .and_then(BreadcrumbLayer::new().with_filter(others.with_max_level_hint(LevelFilter::INFO)))
}

fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == REQUESTS && *metadata.level() <= Level::INFO
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").finish_non_exhaustive()
    }
}
