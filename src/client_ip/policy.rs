//! The pure decision: from a peer's address and a header, who is calling.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Elements of a header that are looked at, from the right: a longer chain is no chain of proxies.
pub(super) const LONGEST_CHAIN: usize = 32;

/// Where the proxies write the address that they saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// `Forwarded: for=…` (RFC 7239).
    Forwarded,
    /// A list of addresses, such as `X-Forwarded-For`, or a single one, such as `X-Real-IP`.
    List(HeaderName),
}

/// Which hops are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    Nobody,
    Networks(Vec<IpNet>),
    /// The last so many hops, whatever their addresses; the peer is the first of them.
    Hops(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) trust: Trust,
    pub(super) source: Source,
}

impl Policy {
    /// The right-most address that is not one of ours, in canonical form.
    ///
    /// Where the walk meets something that is no address, it ends at the last hop that is known: a client can hide behind
    /// garbage, but not choose an address with it.
    pub(super) fn resolve(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut known = canonical(peer);
        if self.trust == Trust::Nobody {
            return known;
        }
        let mut chain = self.chain(headers).take(LONGEST_CHAIN);
        let mut hop = 0;
        while self.trusts(known, hop) {
            match chain.next() {
                Some(Some(address)) => known = address,
                Some(None) | None => break,
            }
            hop += 1;
        }
        known
    }

    fn trusts(&self, address: IpAddr, hop: usize) -> bool {
        match &self.trust {
            Trust::Nobody => false,
            Trust::Networks(networks) => networks.iter().any(|network| network.contains(&address)),
            Trust::Hops(count) => hop < *count,
        }
    }

    /// The header's elements from the right, over all its lines; `None` for one that is no address.
    fn chain<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + 'a {
        let name = match &self.source {
            Source::Forwarded => &http::header::FORWARDED,
            Source::List(name) => name,
        };
        headers.get_all(name).iter().rev().flat_map(move |line| {
            // Byte by byte: what a client sent on the left may not spoil what a proxy appended on the right.
            line.as_bytes().rsplit(|byte| *byte == b',').map(move |element| {
                let element = str::from_utf8(element).ok()?;
                match self.source {
                    Source::Forwarded => forwarded_for(element),
                    Source::List(_) => parse_address(element),
                }
            })
        })
    }
}

/// The `for` of one element of RFC 7239.
///
/// A comma inside quotes splits an element in two, each with a quote left over: such a half ends the walk, or a quoted `host`
/// could bring a `for` of its own. So does an element with a backslash, which may hide a quote; no address needs one. Quotes that
/// a client left open on the left spoil nothing that a proxy appended.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    if element.contains('\\') || element.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return None;
    }
    let mut found = element.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    match (found.next(), found.next()) {
        (Some(only), None) => parse_address(only),
        _ => None,
    }
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:8080`, `2001:db8::1`, `[2001:db8::1]:8080`, quoted, with a zone.
pub(super) fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port_is_one = match port.strip_prefix(':') {
            Some(port) => is_port(port),
            None => port.is_empty(),
        };
        return port_is_one
            .then(|| without_zone(address).parse::<Ipv6Addr>().ok())
            .flatten()
            .map(|address| canonical(IpAddr::V6(address)));
    }
    if let Ok(address) = without_zone(text).parse::<IpAddr>() {
        return Some(canonical(address));
    }
    // Only IPv4 stands before a port without brackets.
    let (address, port) = text.split_once(':')?;
    is_port(port).then(|| address.parse().ok().map(IpAddr::V4)).flatten()
}

fn is_port(text: &str) -> bool {
    // RFC 7239 section 6 also allows an obfuscated port.
    (text.len() <= 5 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())) || text.starts_with('_')
}

fn without_zone(text: &str) -> &str {
    text.split_once('%').map_or(text, |(address, _)| address)
}

/// IPv4-mapped IPv6, as a dual-stack listener reports IPv4 peers, is IPv4.
pub(super) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// `64:ff9b::/96`, in which translators write IPv4 addresses.
const NAT64: [u8; 12] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/// The network that a caller holds: IPv6 subscribers are given whole prefixes to choose addresses from.
pub(super) fn group(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        // A translator in front: whoever is within this prefix is one IPv4 address (RFC 6052 section 2.1), not one subscriber.
        IpAddr::V6(own) if own.octets().starts_with(&NAT64) => {
            let [.., a, b, c, d] = own.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(own) => {
            let kept = u32::from(prefix.min(128));
            let mask = u128::MAX.checked_shl(128 - kept).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(own.to_bits() & mask))
        }
    }
}

/// A trusted network in text: a CIDR, or one address.
pub(crate) fn parse_network(text: &str) -> Option<IpNet> {
    let network = text
        .parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    // Addresses are compared in canonical form, so a network of IPv4-mapped ones must be too.
    match (network, canonical(network.addr())) {
        (IpNet::V6(mapped), IpAddr::V4(address)) => {
            let prefix = mapped.prefix_len().checked_sub(96)?;
            IpNet::new(IpAddr::V4(address), prefix).ok()
        }
        _ => Some(network),
    }
}
