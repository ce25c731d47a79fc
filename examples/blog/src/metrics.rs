//! What is counted, for Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use portcullis::request_metrics::RequestMetricsLayer;

use crate::state::AppState;

/// Seconds, as OpenTelemetry's conventions advise them for `http.server.request.duration`.
const DURATIONS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Seconds, as the same conventions advise them for `db.client.operation.duration`, with finer ones for a database next door.
const STATEMENTS: &[f64] = &[0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Bytes of bodies: up to the largest that a request may have, and beyond for answers.
const SIZES: &[f64] = &[
    0.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
];

/// How often what was measured is folded into the buckets; between scrapes it would be kept one by one.
const UPKEEP: Duration = Duration::from_secs(5);

/// The blog's own recorder. All clones are one.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .with_recommended_naming(true)
            .set_buckets_for_metric(Matcher::Full("http.server.request.duration".into()), DURATIONS)?
            .set_buckets_for_metric(Matcher::Full("db.client.operation.duration".into()), STATEMENTS)?
            .set_buckets_for_metric(Matcher::Suffix("body.size".into()), SIZES)?
            .build_recorder();
        with_local_recorder(&recorder, describe_statements);
        Ok(Self {
            handle: recorder.handle(),
            recorder: Arc::new(recorder),
        })
    }

    /// Takes also what libraries and handlers tell the facade. The first blog of a process wins.
    pub fn install(&self) {
        if metrics::set_global_recorder(Arc::clone(&self.recorder)).is_err() {
            tracing::warn!("metrics of this process go elsewhere: a recorder is already installed");
        }
    }

    /// Keeps memory flat while nobody scrapes. Does not end.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.handle.run_upkeep();
        }
    }

    /// Counts requests.
    pub(crate) fn layer(&self) -> RequestMetricsLayer {
        RequestMetricsLayer::builder().recorder(self.recorder.clone()).build()
    }

    /// All in Prometheus' text format; the gauges are read now.
    pub(crate) fn render(&self, state: &AppState) -> String {
        with_local_recorder(&*self.recorder, || gauges(state));
        self.handle.render()
    }
}

/// Once: with its unit a name ends in `_seconds`, and a series must not change its name.
fn describe_statements() {
    describe_histogram!(
        "db.client.operation.duration",
        Unit::Seconds,
        "How long statements took."
    );
    describe_counter!("blog.database.failures", Unit::Count, "Statements that failed.");
}

/// Named by OpenTelemetry's conventions where they have a name.
#[expect(clippy::cast_precision_loss, reason = "there are never 2^52 of these")]
fn gauges(state: &AppState) {
    const CONNECTIONS: &str = "db.client.connection.count";
    const MOST: &str = "db.client.connection.max";
    const HASHES: &str = "blog.passwords.jobs";

    describe_gauge!(CONNECTIONS, Unit::Count, "Connections to the database, by state.");
    describe_gauge!(MOST, Unit::Count, "Connections to the database that may be open.");
    describe_gauge!(
        HASHES,
        Unit::Count,
        "Password hashes that are computed, and that wait for a core."
    );
    for fill in state.db().fill() {
        for (name, count) in [("idle", fill.idle), ("used", fill.used)] {
            gauge!(CONNECTIONS, "db.client.connection.pool.name" => fill.pool, "db.client.connection.state" => name)
                .set(count as f64);
        }
        gauge!(MOST, "db.client.connection.pool.name" => fill.pool).set(f64::from(fill.most));
    }
    let passwords = state.passwords();
    for (name, count) in [("running", passwords.running()), ("waiting", passwords.waiting())] {
        gauge!(HASHES, "state" => name).set(count as f64);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
