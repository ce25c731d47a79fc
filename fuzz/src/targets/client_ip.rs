use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use http::{HeaderName, Request};
use portcullis::client_ip::{ClientIp, ClientIpLayer, ClientIpLayerBuilder, PeerAddr};

use crate::drive::{call, values};

const TRUSTED: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 1);
const STRANGER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 1);

static LAYERS: LazyLock<[(HeaderName, ClientIpLayer); 4]> = LazyLock::new(|| {
    let networks = || ClientIpLayer::builder().trust_networks(["10.0.0.0/8"]);
    let build = |name, builder: ClientIpLayerBuilder| (HeaderName::from_static(name), builder.build().expect("valid"));
    [
        build("x-forwarded-for", networks().x_forwarded_for()),
        build("forwarded", networks().forwarded()),
        build("x-real-ip", networks().x_real_ip()),
        build(
            "x-forwarded-for",
            ClientIpLayer::builder().trust_hops(2).x_forwarded_for(),
        ),
    ]
});

/// The first byte chooses the header and the peer, each line after it is a header of its own.
pub(super) fn run(data: &[u8]) {
    let Some((choice, lines)) = data.split_first() else {
        return;
    };
    let choice = usize::from(*choice);
    let (name, layer) = &LAYERS[choice % 4];
    let by_network = choice % 4 != 3;
    let peer = if choice / 4 % 2 == 0 { TRUSTED } else { STRANGER };
    let mut request = Request::new(());
    request.extensions_mut().insert(PeerAddr(peer));
    for value in values(lines) {
        request.headers_mut().append(name, value);
    }
    let (_, seen) = call(layer, request);
    let Some(seen) = seen else { return };
    let client = ClientIp::of(seen.extensions())
        .expect("every request that is let through has one")
        .address();
    if peer == STRANGER && by_network {
        assert_eq!(client, peer.ip(), "a stranger is believed");
    }
    assert!(
        !matches!(client, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()),
        "one address, two names"
    );
}
