use std::error::Error as StdError;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service as HyperService;
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

use super::linger::Linger;
use crate::client_ip::PeerAddr;
use crate::problem::Chain;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The service of one connection: knows the peer, and whether a request ever came.
struct PeerService<S> {
    inner: TowerToHyperService<S>,
    peer: SocketAddr,
    asked: Arc<AtomicBool>,
}

impl<S> HyperService<Request<Incoming>> for PeerService<S>
where
    S: Service<Request<Incoming>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = <TowerToHyperService<S> as HyperService<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(PeerAddr(self.peer));
        #[cfg(feature = "axum")]
        request
            .extensions_mut()
            .insert(crate::axum::extensions::connect_info(self.peer));
        self.inner.call(request)
    }
}

/// Serves one connection to its end, or until `closing` turns true and the answers in flight are out.
pub(super) async fn serve<S, B>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    builder: Arc<auto::Builder<TokioExecutor>>,
    mut closing: watch::Receiver<bool>,
    header_timeout: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>,
    S: Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let service = PeerService {
        inner: TowerToHyperService::new(service),
        peer,
        asked: Arc::clone(&asked),
    };
    let mut connection = pin!(builder.serve_connection_with_upgrades(Linger::new(stream), service));
    // hyper's own timer begins when it knows the version, which the first bytes tell: hyperium/hyper#3756.
    let mut first_request = pin!(tokio::time::sleep(header_timeout));
    let (mut told, mut waited) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(target: "portcullis::server", %peer, error = %Chain(&*error), "connection ended");
                }
                return;
            }
            _ = closing.wait_for(|closing| *closing), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut first_request, if !waited => {
                waited = true;
                if !asked.load(Ordering::Relaxed) {
                    tracing::debug!(target: "portcullis::server", %peer, "no request within the header timeout");
                    return;
                }
            }
        }
    }
}
