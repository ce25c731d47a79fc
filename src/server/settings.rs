use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::sync::{Semaphore, watch};

use super::piece::PIECE;
use super::policy::{Deadlines, Pace, Patience};
use super::proxy::ProxyProtocol;
use super::stream::Streams;
#[cfg(feature = "tls")]
use super::tls::TlsConfig;

/// What hyper counts without being told to, and without a heap allocation a request.
const MAX_HEADERS: usize = 100;
/// How often a silent HTTP/2 peer is asked whether it lives, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);
/// What is kept of an answer over HTTP/2 for a peer that does not read, a stream.
const SEND_BUFFER: usize = 64 * 1024;
/// Streams that a peer opened and reset before they were looked at: CVE-2023-44487.
const PENDING_RESETS: usize = 20;
/// Streams that were reset because of what the peer did: CVE-2025-8671.
const OWN_RESETS: usize = 256;

/// What holds for every connection.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) deadlines: Deadlines,
    pub(super) pace: Pace,
    pub(super) request_timeout: Option<Duration>,
    pub(super) max_headers: usize,
    pub(super) max_header_bytes: usize,
    pub(super) max_connections: usize,
    pub(super) max_streams: u32,
    pub(super) proxy: Option<ProxyProtocol>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsConfig>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadlines: Deadlines {
                header: Duration::from_secs(10),
                write: Duration::from_secs(60),
                keep_alive: Duration::from_secs(75),
                idle_grace: Duration::from_secs(1),
            },
            pace: Pace {
                timeout: Duration::from_secs(30),
                min_rate: 240,
            },
            request_timeout: None,
            max_headers: MAX_HEADERS,
            max_header_bytes: 64 * 1024,
            max_connections: 10_000,
            max_streams: 128,
            proxy: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Settings {
    pub(super) fn protocol<E>(&self, executor: E) -> auto::Builder<Streams<E>> {
        let patience = Patience {
            write: self.deadlines.write,
            round: u64::from(self.max_streams).saturating_mul(PIECE as u64),
        };
        let mut builder = auto::Builder::new(Streams::new(executor, patience));
        // The deadline for a head is the connection's own, which also knows TLS and idleness.
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(self.max_header_bytes);
        if self.max_headers != MAX_HEADERS {
            builder.http1().max_headers(self.max_headers);
        }
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .max_header_list_size(u32::try_from(self.max_header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(self.max_streams)
            .max_pending_accept_reset_streams(PENDING_RESETS)
            .max_local_error_reset_streams(OWN_RESETS)
            .max_send_buf_size(SEND_BUFFER);
        builder
    }
}

/// What the connections of a server share.
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) room: Arc<Semaphore>,
    // The one bit that every answer reads; a `watch` takes a lock to be read.
    pub(super) stopping: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(settings.max_connections)),
            settings: Arc::new(settings),
            stopping: Arc::default(),
            stop: watch::Sender::new(false),
        })
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
    }

    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            // An error means that the server is gone, and its connections with it.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }
}
