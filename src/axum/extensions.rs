use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use http::Extensions;

/// The peer's address, where the app is served with `into_make_service_with_connect_info::<SocketAddr>()`.
pub(crate) fn peer_address(request: &Extensions) -> Option<SocketAddr> {
    request
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| *address)
}

/// The matched route, for those who keep it beyond the request: cloning costs one reference count. Its `as_str` is the template,
/// such as `/posts/{id}`.
pub(crate) use axum::extract::MatchedPath as Route;

/// What axum's `ConnectInfo` extractor reads, for a server that is not axum's.
#[cfg(feature = "server")]
pub(crate) fn connect_info(peer: SocketAddr) -> ConnectInfo<SocketAddr> {
    ConnectInfo(peer)
}
