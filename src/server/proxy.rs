//! The PROXY protocol: which connections carry it, and the pure parser of its two versions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use crate::client_ip::parse_network;
use crate::config_error::ConfigError;

const V1: &[u8] = b"PROXY ";
/// The longest line of version 1, its end included (section 2.1).
const V1_LONGEST: usize = 107;
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V2_HEAD: usize = 16;
/// Far more than addresses and any extension need; section 2.2 promises that senders stay within one segment.
const V2_LONGEST: usize = 4096;

/// The PROXY protocol (versions 1 and 2), in which a balancer that forwards bytes says whose they are.
///
/// Only trusted proxies are believed: whoever else could open a connection would write any address there.
///
/// ```
/// use portcullis::server::ProxyProtocol;
///
/// assert!(ProxyProtocol::required(["10.0.0.0/8", "2001:db8::7"]).is_ok());
/// let error = ProxyProtocol::required(["10.0.0.0/8", "everybody"]).unwrap_err();
/// assert_eq!(error.faults()[0].setting(), "proxy_protocol");
/// ```
#[derive(Debug, Clone)]
pub struct ProxyProtocol {
    networks: Vec<IpNet>,
    required: bool,
}

impl ProxyProtocol {
    /// Every connection comes from one of these networks (CIDRs or addresses) and begins with a header; others are closed.
    pub fn required<T: AsRef<str>>(networks: impl IntoIterator<Item = T>) -> Result<Self, ConfigError> {
        Self::new(networks, true)
    }

    /// Connections of these networks may begin with a header; those of others are served as they are, and a header there is a
    /// `400`.
    ///
    /// For the time in which proxies are being changed over. A trusted proxy that sends no header of its own hands on what its
    /// client wrote, and lets it forge one.
    pub fn optional<T: AsRef<str>>(networks: impl IntoIterator<Item = T>) -> Result<Self, ConfigError> {
        Self::new(networks, false)
    }

    fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>, required: bool) -> Result<Self, ConfigError> {
        let mut faults = ConfigError::collector();
        let mut networks = Vec::new();
        for text in texts {
            let text = text.as_ref();
            match parse_network(text) {
                Some(network) => networks.push(network),
                None => faults.add(
                    "server",
                    "proxy_protocol",
                    format!("`{text}` is no network such as `10.0.0.0/8`"),
                ),
            }
        }
        if networks.is_empty() {
            faults.add("server", "proxy_protocol", "must name at least one network of proxies");
        }
        faults.finish()?;
        Ok(Self { networks, required })
    }

    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }

    pub(super) fn is_required(&self) -> bool {
        self.required
    }
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// Too few to say.
    Partial,
    /// No header.
    Absent,
    /// A header begins, and is none.
    Invalid,
    /// A header of this many bytes; without a source where the proxy speaks for itself, or of a family without addresses.
    Whole { length: usize, source: Option<SocketAddr> },
}

/// Reads the header of <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>.
pub(super) fn parse(bytes: &[u8]) -> Header {
    if bytes.starts_with(V1) {
        return v1(bytes);
    }
    if bytes.starts_with(V2) {
        return v2(bytes);
    }
    if V1.starts_with(bytes) || V2.starts_with(bytes) {
        Header::Partial
    } else {
        Header::Absent
    }
}

fn v1(bytes: &[u8]) -> Header {
    let line = bytes.get(..V1_LONGEST).unwrap_or(bytes);
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < V1_LONGEST {
            Header::Partial
        } else {
            Header::Invalid
        };
    };
    let length = end + 2;
    let Some(fields) = line.get(V1.len()..end).and_then(|line| str::from_utf8(line).ok()) else {
        return Header::Invalid;
    };
    // Whatever else the line says is to be ignored.
    if fields == "UNKNOWN" || fields.starts_with("UNKNOWN ") {
        return Header::Whole { length, source: None };
    }
    match v1_source(fields) {
        None => Header::Invalid,
        source => Header::Whole { length, source },
    }
}

fn v1_source(fields: &str) -> Option<SocketAddr> {
    let mut fields = fields.split(' ');
    let family = fields.next()?;
    let (source, target) = (fields.next()?, fields.next()?);
    let (port, target_port) = (v1_port(fields.next()?)?, v1_port(fields.next()?)?);
    if fields.next().is_some() {
        return None;
    }
    let address = |text: &str| match family {
        "TCP4" => text.parse().ok().map(IpAddr::V4),
        "TCP6" => text.parse().ok().map(IpAddr::V6),
        _ => None,
    };
    let (source, _) = (address(source)?, (address(target)?, target_port));
    Some(SocketAddr::new(source, port))
}

/// Without the sign that `parse` would allow.
fn v1_port(text: &str) -> Option<u16> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn v2(bytes: &[u8]) -> Header {
    let Some(Ok([command, family, high, low])) = bytes.get(V2.len()..V2_HEAD).map(<[u8; 4]>::try_from) else {
        return Header::Partial;
    };
    let length = V2_HEAD + usize::from(u16::from_be_bytes([high, low]));
    if length > V2_LONGEST || command >> 4 != 2 {
        return Header::Invalid;
    }
    let Some(addresses) = bytes.get(V2_HEAD..length) else {
        return Header::Partial;
    };
    let source = match (command & 0x0f, family >> 4) {
        (1, 1) => v2_v4(addresses),
        (1, 2) => v2_v6(addresses),
        // LOCAL, the proxy itself, such as its probe of health; a unix socket; unspecified.
        (0, _) | (1, 0 | 3) => return Header::Whole { length, source: None },
        _ => None,
    };
    match source {
        None => Header::Invalid,
        source => Header::Whole { length, source },
    }
}

/// Source, target, and their ports; extensions may follow.
fn v2_v4(addresses: &[u8]) -> Option<SocketAddr> {
    let (ip, rest) = addresses.split_first_chunk::<4>()?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    rest.split_first_chunk::<2>()?;
    Some((Ipv4Addr::from(*ip), u16::from_be_bytes(*port)).into())
}

fn v2_v6(addresses: &[u8]) -> Option<SocketAddr> {
    let (ip, rest) = addresses.split_first_chunk::<16>()?;
    let (_, rest) = rest.split_first_chunk::<16>()?;
    let (port, rest) = rest.split_first_chunk::<2>()?;
    rest.split_first_chunk::<2>()?;
    Some((Ipv6Addr::from(*ip), u16::from_be_bytes(*port)).into())
}
