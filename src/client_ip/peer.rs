use std::net::{IpAddr, SocketAddr};

use http::Extensions;

use super::policy;

/// The address of the connection's other end, put into the request's extensions by whoever accepted the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The peer's address: [`PeerAddr`], or with the feature `axum` its `ConnectInfo<SocketAddr>`.
    pub fn of(request: &Extensions) -> Option<Self> {
        if let Some(peer) = request.get::<Self>() {
            return Some(*peer);
        }
        #[cfg(feature = "axum")]
        return crate::axum::extensions::peer_address(request).map(Self);
        #[cfg(not(feature = "axum"))]
        None
    }
}

/// The client's canonical address, put into the request's extensions by [`ClientIpLayer`](super::ClientIpLayer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub(super) IpAddr);

impl ClientIp {
    /// The client of a request: as the layer resolved it, or else the peer. `None` where neither is known.
    pub fn of(request: &Extensions) -> Option<Self> {
        request.get::<Self>().copied().or_else(|| {
            let PeerAddr(peer) = PeerAddr::of(request)?;
            Some(Self::from_address(peer.ip()))
        })
    }

    /// An address that the app hands on, in the one form in which addresses are compared.
    pub(crate) fn from_address(address: IpAddr) -> Self {
        Self(policy::canonical(address))
    }

    /// The address: IPv4-mapped IPv6 is IPv4, and there is no zone.
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// The address to count by: IPv6 is cut to its first `prefix` bits, since a subscriber chooses the rest. 64 is a
    /// subscriber's usual share, 56 or 48 a generous one. An address of NAT64's prefix `64:ff9b::/96` counts as the IPv4 address in it.
    pub fn key(self, prefix: u8) -> IpAddr {
        policy::group(self.0, prefix)
    }
}
