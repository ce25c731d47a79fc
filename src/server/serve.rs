use std::error::Error as StdError;
use std::future::{Pending, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tower_service::Service;

use super::connection;
use super::listener::{Accepted, Listener, accept, waiting};
use super::proxy::ProxyProtocol;
use super::request_body::RequestBody;
use super::settings::{Settings, Shared};
#[cfg(feature = "tls")]
use super::tls::TlsConfig;
use super::workers::Workers;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Below it hyper refuses to work.
const LEAST_HEADER_BYTES: usize = 8 * 1024;

/// Listeners and the bounds of their connections. See the [module page](super).
///
/// A deadline of [`Duration::MAX`] never passes.
#[derive(Debug)]
#[must_use = "a server does nothing until `serve`"]
pub struct Server<F = Pending<()>> {
    pub(super) listeners: Vec<Listener>,
    pub(super) settings: Settings,
    pub(super) stop: F,
}

impl Server {
    /// Serves a listener made elsewhere.
    pub fn from_listener(listener: TcpListener) -> Self {
        Self::new(vec![Listener::tcp(listener)])
    }

    pub(super) fn new(listeners: Vec<Listener>) -> Self {
        Self {
            listeners,
            settings: Settings::default(),
            stop: pending(),
        }
    }
}

impl<F> Server<F> {
    /// The address that is listened on: of the first listener that has one, which unix sockets have not.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.listeners.iter().find_map(Listener::local_addr);
        address.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Accepts from the listeners of another server too, such as a unix socket beside a port. The other's settings are not taken.
    pub fn and(mut self, other: Server) -> Self {
        self.listeners.extend(other.listeners);
        self
    }

    /// How long a request's head may take to arrive. Before the first request of a connection, waiting for the first byte is
    /// included, and so are a PROXY header and the TLS handshake. Default 10 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.settings.deadlines.header = timeout;
        self
    }

    /// How long a service may wait for the next piece of a request's body. Default 30 s.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.settings.pace.timeout = timeout;
        self
    }

    /// How many bytes of a request's body must come in each second that a service waits for them, once it has waited for the
    /// [`body_timeout`](Self::body_timeout) in all. Default 240; 0 asks for none.
    pub fn min_body_rate(mut self, bytes_per_second: u32) -> Self {
        self.settings.pace.min_rate = bytes_per_second;
        self
    }

    /// How long a peer may take nothing of what is sent; over HTTP/2, of each 16 KiB of an answer. Default 60 s.
    ///
    /// What is sent is taken by the system first, which tells the server only when a good part of its buffer is free again: too short
    /// a time cuts slow readers that do read.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.settings.deadlines.write = timeout;
        self
    }

    /// How long a connection is kept for the next request. Default 75 s. Proxies that keep connections to this server should give
    /// them up sooner.
    pub fn keep_alive(mut self, timeout: Duration) -> Self {
        self.settings.deadlines.keep_alive = timeout;
        self
    }

    /// How long a connection without a request is still kept when the server is told to stop, since its next request may be on its
    /// way. That request is answered, with `Connection: close`. Default 1 s. HTTP/2 needs none: `GOAWAY` says what was taken.
    pub fn idle_grace(mut self, grace: Duration) -> Self {
        self.settings.deadlines.idle_grace = grace;
        self
    }

    /// How long a request may take from its head to the last byte of its answer; its connection (HTTP/2: stream) is cut then.
    /// Default: for ever. For an answer in time there is [`timeout`](crate::timeout). Where the peer takes nothing it is the
    /// [`write_timeout`](Self::write_timeout) that cuts.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = Some(timeout);
        self
    }

    /// How many bytes a request's head may have. Default 64 KiB; at least 8 KiB, to which a smaller value is raised.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_header_bytes = bytes.max(LEAST_HEADER_BYTES);
        self
    }

    /// How many fields a request's head may have. Default 100. Another number costs an allocation a request over HTTP/1.
    pub fn max_headers(mut self, fields: usize) -> Self {
        self.settings.max_headers = fields;
        self
    }

    /// How many requests may be in flight on one connection over HTTP/2. Default 128.
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.settings.max_streams = streams;
        self
    }

    /// How many connections are open at once, those that were upgraded among them. Default 10 000; at least 1 and at most [`Semaphore::MAX_PERMITS`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.settings.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Takes the peer's address from trusted proxies that speak the PROXY protocol. Default: from the connection.
    pub fn proxy_protocol(mut self, protocol: ProxyProtocol) -> Self {
        self.settings.proxy = Some(protocol);
        self
    }

    /// Serves HTTPS. Requests carry [`Https`](crate::security_headers::Https).
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// Stops accepting when `stop` resolves: `handle.stop_accepting()` of a [`shutdown`](crate::shutdown).
    pub fn with_graceful_shutdown<G: Future<Output = ()>>(self, stop: G) -> Server<G> {
        Server {
            listeners: self.listeners,
            settings: self.settings,
            stop,
        }
    }

    /// Serves with as many threads, each a runtime of its own. See [`Workers`].
    pub fn workers(self, count: usize) -> Workers<F> {
        Workers::new(self, count)
    }
}

impl<F: Future<Output = ()>> Server<F> {
    /// Serves `service`, an axum `Router` among others, until told to stop and all connections are closed.
    ///
    /// Dropped before, it closes the listeners and all connections at once. An error of the service closes its connection;
    /// with [`catch_error`](crate::catch_error) outermost there is none.
    pub async fn serve<S, B>(self, service: S)
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>,
        S: Clone + Send + 'static,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let builder = Arc::new(self.settings.protocol(TokioExecutor::new()));
        let shared = Shared::new(self.settings);
        let serving = Arc::clone(&shared);
        let begin = move |connections: &mut JoinSet<()>, accepted: Accepted| {
            let connection = connection::serve(accepted, service.clone(), Arc::clone(&builder), Arc::clone(&serving));
            connections.spawn(connection);
        };
        // Boxed, once a server: a service of many layers is large, and would make the future of whoever awaits this one larger.
        Box::pin(run(self.listeners, &shared, self.stop, begin)).await;
    }
}

/// Accepts until told to stop, and waits for the connections then.
pub(super) async fn run(
    listeners: Vec<Listener>,
    shared: &Shared,
    stop: impl Future<Output = ()>,
    mut begin: impl FnMut(&mut JoinSet<()>, Accepted),
) {
    // Dropped with this future, it aborts what is left in it.
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let mut turn = 0;
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = accept(&listeners, &shared.room, &mut turn) => begin(&mut connections, accepted),
        }
    }
    shared.stop();
    for accepted in waiting(listeners, &shared.room) {
        begin(&mut connections, accepted);
    }
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(target: "portcullis::server", %error, "a connection panicked");
    }
}
