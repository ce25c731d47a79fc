use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::header::HOST;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service as HyperService;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use tower_service::Service;

use super::activity::{Activity, InFlight};
use super::request_body::RequestBody;
use super::response::{ResponseBody, ResponseFuture};
use super::settings::Settings;
use crate::client_ip::PeerAddr;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The answer to come from a service of connections.
pub(super) type Answer<S> = ResponseFuture<TowerToHyperServiceFuture<S, Request<RequestBody>>>;

/// The service of one connection: knows the peer, and tells what goes on.
pub(super) struct PeerService<S> {
    inner: TowerToHyperService<S>,
    peer: SocketAddr,
    https: bool,
    activity: Arc<Activity>,
    settings: Arc<Settings>,
    stopping: Arc<AtomicBool>,
}

impl<S> PeerService<S> {
    pub(super) fn new(
        inner: S,
        peer: SocketAddr,
        https: bool,
        activity: Arc<Activity>,
        settings: Arc<Settings>,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        Self {
            inner: TowerToHyperService::new(inner),
            peer,
            https,
            activity,
            settings,
            stopping,
        }
    }
}

impl<S> PeerService<S> {
    /// What hyper leaves to others to refuse.
    fn refusal<B>(&self, request: &Request<B>) -> Option<StatusCode> {
        let headers = request.headers();
        // Over HTTP/1 hyper counts fields itself; h2 counts bytes only.
        if headers.len() > self.settings.max_headers {
            return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        (!names_one_host(request)).then_some(StatusCode::BAD_REQUEST)
    }
}

/// Two readers may take two hosts for two sites (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes);
    let (host, another) = (hosts.next(), hosts.next());
    // The target of a CONNECT is another's address.
    let authority = request
        .uri()
        .authority()
        .filter(|_| request.method() != Method::CONNECT);
    let agreed = match (host, authority.map(|authority| authority.as_str().as_bytes())) {
        (Some(host), Some(authority)) => host.eq_ignore_ascii_case(authority) && is_host(host),
        (Some(host), None) => is_host(host),
        (None, Some(authority)) => request.version() != Version::HTTP_11 && is_host(authority),
        (None, None) => request.version() < Version::HTTP_11 || request.uri().authority().is_some(),
    };
    agreed && another.is_none()
}

/// Whether the bytes can be `uri-host [ ":" port ]`: no user, no path, no list.
fn is_host(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%:[]!$&'()*+;=".contains(byte))
}

impl<S, B> HyperService<Request<Incoming>> for PeerService<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: Body<Error: Into<BoxError>>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = BoxError;
    type Future = Answer<S>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let http2 = request.version() == Version::HTTP_2;
        let in_flight = InFlight::begin(Arc::clone(&self.activity), http2);
        let pace = self.settings.pace;
        let mut request = request.map(|body| RequestBody::new(body, pace));
        let extensions = request.extensions_mut();
        extensions.insert(PeerAddr(self.peer));
        #[cfg(feature = "axum")]
        extensions.insert(crate::axum::extensions::connect_info(self.peer));
        if self.https {
            extensions.insert(crate::security_headers::Https);
        }
        let begun = match self.refusal(&request) {
            None => Ok(self.inner.call(request)),
            Some(status) => Err(status),
        };
        let stopping = (!http2).then(|| Arc::clone(&self.stopping));
        ResponseFuture::new(begun, in_flight, self.settings.request_timeout, stopping)
    }
}
