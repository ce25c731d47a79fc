use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::Config;
use super::peer::{ClientIp, PeerAddr};
use crate::body::RejectBody;
use crate::problem::Problem;
use crate::trail::Trail;

/// The service made by [`ClientIpLayer`](super::ClientIpLayer). See the [module page](crate::client_ip).
#[derive(Debug, Clone)]
pub struct ResolveClientIp<S> {
    inner: S,
    config: Option<Arc<Config>>,
}

impl<S> ResolveClientIp<S> {
    pub(super) fn new(inner: S, config: Option<Arc<Config>>) -> Self {
        Self { inner, config }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for ResolveClientIp<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let Some(config) = &self.config else {
            return ResponseFuture::pass(self.inner.call(request));
        };
        let Some(PeerAddr(peer)) = PeerAddr::of(request.extensions()) else {
            if !config.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::client_ip",
                    "the peer's address is unknown: serve with portcullis::server, with axum's \
                     into_make_service_with_connect_info::<SocketAddr>() and the feature `axum`, or insert a PeerAddr",
                );
            }
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request.extensions());
            return ResponseFuture::refuse(problem.into_response());
        };
        let client = config.policy.resolve(peer.ip(), request.headers());
        if let Some(trail) = request.extensions().get::<Trail>() {
            trail.note_client_ip(client);
        }
        request.extensions_mut().insert(ClientIp(client));
        ResponseFuture::pass(self.inner.call(request))
    }
}
