//! Where the log goes: to standard output, readable in development and JSON elsewhere, and where told so to files as JSON.

mod files;
mod level;
#[cfg(feature = "otel")]
pub(crate) mod otel;
mod rotation;
#[cfg(feature = "sentry")]
mod sentry;

use std::path::Path;

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use self::files::FlushGuard;
pub use self::level::LogLevel;
pub(crate) use self::level::parse as parse_level;
pub use self::rotation::Bounds;
use crate::config::{Config, Stage};

/// The target of spans that are for traces and would only repeat in the log what records say.
const TRACES: &str = "blog::traces";

/// What the process must let go of at its end. Dropped, it waits until what was logged has arrived.
#[derive(Debug)]
#[must_use = "dropped, it ends the log's files"]
pub struct Telemetry {
    level: LogLevel,
    // Sent before the files end, so that they say what could not be.
    #[cfg(feature = "otel")]
    _traces: Option<otel::Traces>,
    #[cfg(feature = "sentry")]
    _sentry: Option<sentry::Reports>,
    _files: Vec<FlushGuard>,
}

impl Telemetry {
    /// What is logged, to be changed.
    pub fn level(&self) -> &LogLevel {
        &self.level
    }
}

/// Installs the process's subscriber. The error says which file cannot be written, or that there is a subscriber already.
pub fn init(config: &Config) -> Result<Telemetry, String> {
    // The clients of the collectors have no provider of their own and would panic. An error says that there is one already.
    #[cfg(any(feature = "otel", feature = "sentry"))]
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (filter, level) = LogLevel::reloadable(&config.log)?;
    let mut guards = Vec::new();
    let mut open = |folder: &Path, name| {
        let (writer, guard) = files::open(folder, name, config.log_bounds)?;
        guards.push(guard);
        Ok::<_, String>(writer)
    };
    let folder = config.log_dir.as_deref();
    let all = folder.map(|folder| open(folder, "blog.log")).transpose()?;
    let errors = folder.map(|folder| open(folder, "blog.error.log")).transpose()?;

    let console = match config.stage {
        Stage::Development => fmt::layer().boxed(),
        Stage::Staging | Stage::Production => json(std::io::stdout).boxed(),
    };
    let log = console
        .and_then(all.map(json))
        .with_filter(filter.and(filter_fn(|metadata| metadata.target() != TRACES)));
    // Spans are let in, or an error would not say of which request it is. No directive switches the errors off.
    let only_errors = filter_fn(|metadata| {
        let is_span = metadata.is_span() && metadata.target() != TRACES;
        *metadata.level() == Level::ERROR || (is_span && *metadata.level() <= Level::INFO)
    })
    .with_max_level_hint(LevelFilter::INFO);
    let errors = errors.map(|writer| json(writer).with_filter(only_errors));

    let subscriber = tracing_subscriber::registry().with(log).with(errors);
    #[cfg(feature = "otel")]
    let (traces, subscriber) = {
        let traces = otel::Traces::open(config)?;
        let layer = traces.as_ref().map(otel::Traces::layer);
        (traces, subscriber.with(layer))
    };
    #[cfg(feature = "sentry")]
    let (reports, subscriber) = {
        let reports = sentry::Reports::open(config)?;
        let layer = reports.as_ref().map(|_| sentry::layer());
        (reports, subscriber.with(layer))
    };
    #[cfg(feature = "console")]
    let subscriber = subscriber.with(console_subscriber::spawn());
    subscriber
        .try_init()
        .map_err(|error| format!("the log cannot begin: {error}"))?;

    say_what_is_not_built(config);
    Ok(Telemetry {
        level,
        #[cfg(feature = "otel")]
        _traces: traces,
        #[cfg(feature = "sentry")]
        _sentry: reports,
        _files: guards,
    })
}

/// For a command, which has its own words on standard output: what goes wrong meanwhile, on standard error.
pub fn on_standard_error() {
    let lines = fmt().with_max_level(Level::WARN).with_writer(std::io::stderr);
    // An error says that somebody else listens already.
    let _ = lines.without_time().with_target(false).with_ansi(false).try_init();
}

/// Records as JSON, one a line. Of the spans around them all are listed, so the innermost is not written twice.
fn json<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_ansi(false)
        .with_writer(writer)
}

/// A variable that does nothing would be believed to.
fn say_what_is_not_built(config: &Config) {
    for (is_set, is_built, variable, feature) in [
        (
            config.otlp_endpoint.is_some(),
            cfg!(feature = "otel"),
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "otel",
        ),
        (
            config.sentry_dsn.is_some(),
            cfg!(feature = "sentry"),
            "SENTRY_DSN",
            "sentry",
        ),
    ] {
        if is_set && !is_built {
            tracing::warn!("{variable} is set, but this blog was built without the feature `{feature}`");
        }
    }
}
