use std::error::Error as StdError;
use std::future::{Pending, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tower_service::Service;

use super::connection;
use super::listener::accept;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Below it hyper refuses to work.
const LEAST_HEADER_BYTES: usize = 8 * 1024;
/// How often a silent HTTP/2 peer is asked whether it lives, and how long it may take to answer.
const PING: Duration = Duration::from_secs(20);

/// Listens on an address such as `"0.0.0.0:3000"`; port 0 takes a free one.
pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
    TcpListener::bind(address).await.map(Server::from_listener)
}

/// A listener and the bounds of its connections. See the [module page](super).
#[derive(Debug)]
#[must_use = "a server does nothing until `serve`"]
pub struct Server<F = Pending<()>> {
    listener: TcpListener,
    header_timeout: Duration,
    max_header_bytes: usize,
    max_connections: usize,
    stop: F,
}

impl Server {
    /// Serves a listener made elsewhere, such as one inherited from systemd.
    pub fn from_listener(listener: TcpListener) -> Self {
        Self {
            listener,
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 64 * 1024,
            max_connections: 10_000,
            stop: pending(),
        }
    }
}

impl<F> Server<F> {
    /// The address that is listened on.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// How long a request's head may take to arrive, waiting for its first byte included. Default 10 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How many bytes a request's head may have. Default 64 KiB; at least 8 KiB, to which a smaller value is raised.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header_bytes = bytes.max(LEAST_HEADER_BYTES);
        self
    }

    /// How many connections are open at once. Default 10 000; at least 1 and at most [`Semaphore::MAX_PERMITS`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Stops accepting when `stop` resolves: `handle.stop_accepting()` of a [`shutdown`](crate::shutdown).
    pub fn with_graceful_shutdown<G: Future<Output = ()>>(self, stop: G) -> Server<G> {
        Server {
            listener: self.listener,
            header_timeout: self.header_timeout,
            max_header_bytes: self.max_header_bytes,
            max_connections: self.max_connections,
            stop,
        }
    }
}

impl<F: Future<Output = ()>> Server<F> {
    /// Serves `service`, an axum `Router` among others, until told to stop and all connections are closed.
    ///
    /// Dropped before, it closes the listener and all connections at once. An error of the service closes its connection;
    /// with [`catch_error`](crate::catch_error) outermost there is none.
    pub async fn serve<S, B>(self, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>,
        S: Clone + Send + 'static,
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let builder = Arc::new(self.protocol());
        let room = Arc::new(Semaphore::new(self.max_connections));
        let closing = watch::Sender::new(false);
        // Dropped with this future, it aborts what is left in it.
        let mut connections = JoinSet::new();
        let mut stop = pin!(self.stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = connections.join_next() => note(ended),
                (stream, peer, permit) = accept(&self.listener, &room) => {
                    let connection = connection::serve(
                        stream,
                        peer,
                        service.clone(),
                        Arc::clone(&builder),
                        closing.subscribe(),
                        self.header_timeout,
                    );
                    connections.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
            }
        }
        drop(self.listener);
        closing.send_replace(true);
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    }

    fn protocol(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(self.max_header_bytes);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .max_header_list_size(u32::try_from(self.max_header_bytes).unwrap_or(u32::MAX));
        builder
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(target: "portcullis::server", %error, "a connection panicked");
    }
}
