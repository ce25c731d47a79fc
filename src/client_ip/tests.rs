use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::layer::{ClientIpLayer, ClientIpLayerBuilder};
use super::peer::ClientIp;
use super::policy::{Policy, Source, Trust, parse_address, parse_network};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn addresses_as_proxies_write_them() {
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(parse_address(text), expect.map(address), "{text}");
    }
    check("192.0.2.1", Some("192.0.2.1"));
    check(" 192.0.2.1 ", Some("192.0.2.1"));
    check("192.0.2.1:8080", Some("192.0.2.1"));
    check("2001:db8::1", Some("2001:db8::1"));
    check("[2001:db8::1]", Some("2001:db8::1"));
    check("\"[2001:db8::1]:8080\"", Some("2001:db8::1"));
    check("::ffff:192.0.2.1", Some("192.0.2.1"));
    check("[::ffff:192.0.2.1]:80", Some("192.0.2.1"));
    check("fe80::1%eth0", Some("fe80::1"));
    check("[fe80::1%25eth0]:80", Some("fe80::1"));
    check("192.0.2.1:_port", Some("192.0.2.1"));
    check("", None);
    check("unknown", None);
    check("_hidden", None);
    check("192.0.2.256", None);
    check("192.0.2.1:port", None);
    check("192.0.2.1:123456", None);
    check("[2001:db8::1", None);
    check("[2001:db8::1]x", None);
    check("[192.0.2.1]", None);
    check("\"192.0.2.1", None);
    check("0x7f.1", None);
}

fn resolve(trust: Trust, source: Source, peer: &str, lines: &[(&'static str, &[u8])]) -> IpAddr {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    Policy { trust, source }.resolve(address(peer), &headers)
}

fn networks() -> Trust {
    Trust::Networks(vec![
        parse_network("10.0.0.0/8").unwrap(),
        parse_network("::1").unwrap(),
    ])
}

#[test]
fn the_right_most_untrusted_address_wins() {
    fn check(trust: Trust, peer: &str, lines: &[&[u8]], expect: &str) {
        const XFF: &str = "x-forwarded-for";
        let lines: Vec<_> = lines.iter().map(|line| (XFF, *line)).collect();
        let source = Source::List(HeaderName::from_static(XFF));
        assert_eq!(resolve(trust, source, peer, &lines), address(expect), "{lines:?}");
    }
    check(Trust::Nobody, "10.0.0.1", &[b"1.1.1.1"], "10.0.0.1");
    check(networks(), "203.0.113.1", &[b"1.1.1.1"], "203.0.113.1");
    check(networks(), "10.0.0.1", &[], "10.0.0.1");
    check(networks(), "10.0.0.1", &[b"6.6.6.6, 1.1.1.1"], "1.1.1.1");
    check(networks(), "10.0.0.1", &[b"6.6.6.6, 1.1.1.1, 10.9.9.9"], "1.1.1.1");
    check(networks(), "10.0.0.1", &[b"6.6.6.6", b"1.1.1.1"], "1.1.1.1");
    check(networks(), "10.0.0.1", &[b"1.1.1.1:99"], "1.1.1.1");
    check(networks(), "::ffff:10.0.0.1", &[b"::ffff:1.1.1.1"], "1.1.1.1");
    check(networks(), "::1", &[b"2001:db8::7"], "2001:db8::7");
    check(networks(), "10.0.0.1", &[b"1.1.1.1, garbage, 10.0.0.2"], "10.0.0.2");
    check(networks(), "10.0.0.1", &[b"1.1.1.1,"], "10.0.0.1");
    check(networks(), "10.0.0.1", &[b"1.1.1.1", b"\xff\xfe"], "10.0.0.1");
    check(networks(), "10.0.0.1", &[b"\xff, 1.1.1.1"], "1.1.1.1");
    check(networks(), "10.0.0.1", &[b"6.6.6.6, \xff"], "10.0.0.1");
    check(networks(), "10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3");
    check(Trust::Hops(1), "203.0.113.1", &[b"6.6.6.6, 1.1.1.1"], "1.1.1.1");
    check(
        Trust::Hops(2),
        "203.0.113.1",
        &[b"6.6.6.6, 1.1.1.1, 2.2.2.2"],
        "1.1.1.1",
    );
    check(Trust::Hops(9), "203.0.113.1", &[b"1.1.1.1, 2.2.2.2"], "1.1.1.1");
}

#[test]
fn forwarded_is_read_as_rfc_7239_says() {
    fn check(line: &str, expect: &str) {
        let lines = [("forwarded", line.as_bytes()), ("x-forwarded-for", &b"6.6.6.6"[..])];
        assert_eq!(
            resolve(networks(), Source::Forwarded, "10.0.0.1", &lines),
            address(expect),
            "{line}"
        );
    }
    check("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60");
    check("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17");
    check("for=192.0.2.43, for=198.51.100.17", "198.51.100.17");
    check("for=1.1.1.1, for=10.0.0.4;by=10.0.0.1", "1.1.1.1");
    check("for=unknown", "10.0.0.1");
    check("for=1.1.1.1, for=_secret", "10.0.0.1");
    check("proto=https", "10.0.0.1");
    check("for=1.1.1.1;for=2.2.2.2", "10.0.0.1");
    check("for=\"1.1.1.1, for=2.2.2.2", "2.2.2.2");
    check("for=1.1.1.1;host=\"a, for=6.6.6.6;x\"", "10.0.0.1");
    check("for=1.1.1.1;host=\"a, for=6.6.6.6;x=\\\"y\"", "10.0.0.1");
    check("for=1.1.1.1;host=\"a\\\"b\"", "10.0.0.1");
}

#[test]
fn keys_group_subscribers() {
    fn check(text: &str, prefix: u8, expect: &str) {
        assert_eq!(ClientIp(address(text)).key(prefix), address(expect), "{text}/{prefix}");
    }
    check("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::");
    check("2001:db8:1:2ff:3:4:5:6", 56, "2001:db8:1:200::");
    check("2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6");
    check("2001:db8:1:2:3:4:5:6", 200, "2001:db8:1:2:3:4:5:6");
    check("2001:db8::1", 0, "::");
    check("64:ff9b::192.0.2.33", 64, "192.0.2.33");
    check("64:ff9b::192.0.2.33", 128, "192.0.2.33");
    check("64:ff9b:1::192.0.2.33", 64, "64:ff9b:1::");
    check("192.0.2.1", 64, "192.0.2.1");
}

#[test]
fn every_fault_is_listed() {
    fn check(builder: ClientIpLayerBuilder, expect: &[&str]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error.faults().iter().map(crate::config_error::Fault::setting).collect();
        assert_eq!(found, expect, "{error}");
    }
    check(ClientIpLayer::builder(), &["trust_networks"]);
    check(ClientIpLayer::builder().trust_networks([""; 0]), &["trust_networks"]);
    check(
        ClientIpLayer::builder().trust_networks(["10/8", "x"]).header("a b"),
        &["trust_networks", "trust_networks", "header", "trust_networks"],
    );
    check(ClientIpLayer::builder().trust_hops(0), &["trust_hops"]);
    check(ClientIpLayer::builder().trust_hops(33), &["trust_hops"]);
}

#[test]
fn networks_are_compared_in_canonical_form() {
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(
            parse_network(text).map(|network| network.to_string()).as_deref(),
            expect,
            "{text}"
        );
    }
    check("10.0.0.0/8", Some("10.0.0.0/8"));
    check("10.0.0.1", Some("10.0.0.1/32"));
    check("::ffff:10.0.0.0/104", Some("10.0.0.0/8"));
    check("::ffff:10.0.0.0/90", None);
    check("2001:db8::/32", Some("2001:db8::/32"));
    check("10/8", None);
}

proptest! {
    #[test]
    fn a_client_cannot_choose_its_address(
        forged in proptest::collection::vec(32_u8..=255, 0..80),
        own in any::<[u8; 4]>(),
        forwarded in any::<bool>(),
    ) {
        let own = IpAddr::from(own);
        let trust = networks();
        let Trust::Networks(ours) = &trust else { unreachable!() };
        prop_assume!(!ours.iter().any(|network| network.contains(&own)));
        // The proxy appends what it saw to whatever the client sent.
        let (source, appended) = if forwarded {
            (Source::Forwarded, format!(", for={own}"))
        } else {
            (Source::List(HeaderName::from_static("forwarded")), format!(", {own}"))
        };
        let line = [&forged[..], appended.as_bytes()].concat();
        prop_assume!(HeaderValue::from_bytes(&line).is_ok());
        let found = resolve(trust, source, "10.0.0.1", &[("forwarded", &line)]);
        prop_assert_eq!(found, own);
    }

    #[test]
    fn no_bytes_panic(line in proptest::collection::vec(32_u8..=255, 0..100)) {
        prop_assume!(HeaderValue::from_bytes(&line).is_ok());
        for source in [Source::Forwarded, Source::List(HeaderName::from_static("forwarded"))] {
            resolve(Trust::Hops(40), source, "10.0.0.1", &[("forwarded", &line)]);
        }
    }
}
