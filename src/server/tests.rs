use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use proptest::prelude::*;
use tokio::time::Instant;

use super::activity::{Activity, InFlight};
use super::policy::{Cause, Deadlines, Pace, Patience, Seen, Untaken, Verdict};
use super::proxy::{Header, ProxyProtocol, parse};
use super::response::ResponseFuture;

const DEADLINES: Deadlines = Deadlines {
    header: s(10),
    write: s(60),
    keep_alive: s(75),
    idle_grace: s(1),
};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn each_deadline_ends_its_own_kind_of_silence() {
    fn check(what: &str, seen: Seen, now: u64, expect: Verdict) {
        assert_eq!(DEADLINES.judge(&seen, s(now)), expect, "{what}");
    }
    let header = Verdict::Cut(Cause::Header);
    let write = Verdict::Cut(Cause::Write);

    let new = Seen::default();
    check("nothing came", new, 9, Verdict::Wait(s(10)));
    check("nothing came", new, 10, header);
    let head = Seen {
        head_since: Some(s(9)),
        ..new
    };
    check("bytes without an end", head, 10, header);

    let idle = Seen {
        asked: true,
        idle_since: s(100),
        ..new
    };
    check("kept", idle, 174, Verdict::Wait(s(175)));
    check("kept", idle, 175, Verdict::Close);
    let next = Seen {
        head_since: Some(s(170)),
        ..idle
    };
    check("the next head has begun", next, 179, Verdict::Wait(s(180)));
    check("the next head has begun", next, 180, header);
    let pinged = Seen { http2: true, ..next };
    check("over HTTP/2 bytes are no head", pinged, 174, Verdict::Wait(s(175)));
    check("over HTTP/2 bytes are no head", pinged, 180, Verdict::Close);

    let busy = Seen {
        asked: true,
        in_flight: 2,
        ..new
    };
    check("one answer is waited for", busy, 9999, Verdict::Wait(Duration::MAX));
    let blocked = Seen {
        blocked_since: Some(s(20)),
        ..busy
    };
    check("the socket takes nothing", blocked, 79, Verdict::Wait(s(80)));
    check("the socket takes nothing", blocked, 80, write);
    let last = Seen {
        blocked_since: Some(s(150)),
        ..idle
    };
    check("the end of an answer is not taken", last, 180, Verdict::Close);
    let closing = Seen {
        closing_since: Some(s(180)),
        ..last
    };
    check("and the connection cannot end", closing, 209, Verdict::Wait(s(210)));
    check("and the connection cannot end", closing, 210, write);
    let lingering = Seen {
        blocked_since: None,
        ..closing
    };
    check("closing has its deadline too", lingering, 240, write);
}

#[test]
fn a_stop_loses_no_request_that_is_under_way() {
    fn check(what: &str, seen: Seen, now: u64, expect: Verdict) {
        let seen = Seen {
            stopping_since: Some(s(100)),
            ..seen
        };
        assert_eq!(DEADLINES.judge(&seen, s(now)), expect, "{what}");
    }
    let idle = Seen {
        asked: true,
        idle_since: s(50),
        ..Seen::default()
    };
    check("a request may be under way", idle, 100, Verdict::Wait(s(101)));
    check("none was", idle, 101, Verdict::Close);
    let answered = Seen {
        idle_since: s(150),
        ..idle
    };
    check("its head was out before the stop", answered, 150, Verdict::Wait(s(151)));
    let head = Seen {
        head_since: Some(s(100)),
        ..idle
    };
    check("half a head", head, 102, Verdict::Wait(s(110)));
    let busy = Seen { in_flight: 1, ..idle };
    check("says close with its answer", busy, 500, Verdict::Wait(Duration::MAX));
    let busy = Seen { http2: true, ..busy };
    check("GOAWAY can go at once", busy, 100, Verdict::Close);
    let told = Seen {
        closing_since: Some(s(100)),
        ..busy
    };
    check("and once", told, 500, Verdict::Wait(Duration::MAX));
    let fresh = Seen {
        head_since: Some(s(99)),
        ..Seen::default()
    };
    let soon = Deadlines {
        header: s(200),
        ..DEADLINES
    };
    let fresh = Seen {
        stopping_since: Some(s(100)),
        ..fresh
    };
    assert_eq!(
        soon.judge(&fresh, s(100)),
        Verdict::Wait(s(101)),
        "a preface, or half a head"
    );
    assert_eq!(soon.judge(&fresh, s(101)), Verdict::Close);
}

#[test]
fn an_answer_that_is_not_taken_is_told_from_a_narrow_link() {
    fn check(blocked: bool, passed: u64, waited: u64, expect: Verdict) {
        let patience = Patience {
            write: s(60),
            round: 2 << 20,
        };
        assert_eq!(
            patience.judge(Untaken { passed, blocked }, s(waited)),
            expect,
            "{blocked}, {passed} bytes, {waited} s"
        );
    }
    let cut = Verdict::Cut(Cause::Write);
    check(false, 0, 59, Verdict::Wait(s(60)));
    check(true, u64::MAX, 59, Verdict::Wait(s(60)));
    check(false, 0, 60, cut);
    check(false, 1 << 40, 60, cut);
    check(true, 0, 60, Verdict::Wait(s(120)));
    check(true, (2 << 20) - 1, 100, Verdict::Wait(s(160)));
    check(true, 2 << 20, 100, cut);
    check(
        true,
        0,
        u64::MAX,
        Verdict::Wait(Duration::from_secs(u64::MAX).saturating_add(s(60))),
    );
}

#[test]
fn a_body_must_keep_its_pace() {
    fn check(min_rate: u32, waited: u64, received: u64, expect: Duration) {
        let pace = Pace {
            timeout: s(30),
            min_rate,
        };
        assert_eq!(
            pace.patience(s(waited), received),
            expect,
            "{waited} s, {received} bytes"
        );
    }
    check(240, 0, 0, s(30));
    check(240, 29, 0, s(1));
    check(240, 30, 0, s(0));
    // Ten seconds' worth of bytes.
    check(240, 30, 2400, s(10));
    check(240, 3600, 240 * 3600, s(30));
    check(240, 5, 1 << 40, s(30));
    check(0, 9999, 1, s(30));
    check(1, u64::MAX, u64::MAX, s(0));
}

proptest! {
    /// A connection is looked at again only when something moves, so that what is announced must then be due.
    #[test]
    fn what_is_announced_comes(
        flags in any::<[bool; 2]>(),
        in_flight in 0_usize..3,
        times in proptest::collection::vec(0_u64..100, 3),
        since in proptest::collection::vec(proptest::option::of(0_u64..100), 4),
    ) {
        let [asked, http2] = flags;
        let mut since = since.into_iter().map(|time| time.map(s));
        let seen = Seen {
            asked,
            http2,
            in_flight,
            idle_since: s(times[0]),
            head_since: since.next().unwrap(),
            blocked_since: since.next().unwrap(),
            last_taken: s(times[1]),
            stopping_since: since.next().unwrap(),
            closing_since: since.next().unwrap(),
        };
        let now = s(times[2]);
        if let Verdict::Wait(until) = DEADLINES.judge(&seen, now) {
            prop_assert!(until > now);
            if until < Duration::MAX {
                prop_assert!(!matches!(DEADLINES.judge(&seen, until), Verdict::Wait(_)));
                prop_assert!(matches!(DEADLINES.judge(&seen, until.checked_sub(s(1)).unwrap().max(now)), Verdict::Wait(_)));
            }
        }
    }
}

fn source(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, rest].concat()
}

#[test]
fn proxy_headers_are_read_as_written() {
    fn check(bytes: impl AsRef<[u8]>, expect: Option<SocketAddr>) {
        let bytes = bytes.as_ref();
        let whole = Header::Whole {
            length: bytes.len(),
            source: expect,
        };
        assert_eq!(parse(bytes), whole, "{}", bytes.escape_ascii());
        // What follows is not the header's, and each beginning is but a beginning.
        assert_eq!(parse(&[bytes, b"GET / HTTP/1.1\r\n"].concat()), whole);
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end]), Header::Partial, "{}", bytes[..end].escape_ascii());
        }
    }
    check(
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n",
        source("192.0.2.1:56324"),
    );
    check(
        "PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n",
        source("[2001:db8::1]:0"),
    );
    check("PROXY UNKNOWN\r\n", None);
    check("PROXY UNKNOWN ffff::1 anything else\r\n", None);
    let v4 = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb];
    check(v2(0x21, 0x11, &v4), source("192.0.2.1:56324"));
    check(
        v2(0x21, 0x11, &[&v4[..], &[4, 0, 1, 0]].concat()),
        source("192.0.2.1:56324"),
    );
    check(v2(0x20, 0x11, &v4), None);
    check(v2(0x20, 0x00, &[]), None);
    let mut v6 = [0; 36];
    v6[15] = 1;
    v6[33] = 80;
    check(v2(0x21, 0x21, &v6), source("[::1]:80"));
    check(v2(0x21, 0x31, &[0; 216]), None);
    check(v2(0x21, 0x00, &[]), None);
}

#[test]
fn what_is_no_proxy_header_is_told_from_a_broken_one() {
    fn check(bytes: impl AsRef<[u8]>, expect: Header) {
        let bytes = bytes.as_ref();
        assert_eq!(parse(bytes), expect, "{}", bytes.escape_ascii());
    }
    for text in [
        "GET / HTTP/1.1\r\n",
        "POST ",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "PROPFIND / ",
        "\x16\x03\x01",
        "\r\nGET",
        "PROXYX",
    ] {
        check(text, Header::Absent);
    }
    for text in [
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
    ] {
        check(text, Header::Invalid);
    }
    check(format!("PROXY UNKNOWN {}", "a".repeat(93)), Header::Invalid);
    check(v2(0x11, 0x11, &[0; 12]), Header::Invalid);
    check(v2(0x22, 0x11, &[0; 12]), Header::Invalid);
    check(v2(0x21, 0x41, &[0; 12]), Header::Invalid);
    check(v2(0x21, 0x11, &[0; 11]), Header::Invalid);
    check(v2(0x21, 0x21, &[0; 35]), Header::Invalid);
    check(&v2(0x21, 0x11, &[0; 5000])[..20], Header::Invalid);
}

proptest! {
    #[test]
    fn a_proxy_header_says_what_was_put_in(address in any::<std::net::IpAddr>(), port in any::<u16>(), second in any::<bool>()) {
        let expect = SocketAddr::new(address, port);
        let bytes = match (address, second) {
            (std::net::IpAddr::V4(own), true) => v2(0x21, 0x11, &[&own.octets()[..], &[0; 4], &port.to_be_bytes(), &[0; 2]].concat()),
            (std::net::IpAddr::V6(own), true) => v2(0x21, 0x21, &[&own.octets()[..], &[0; 16], &port.to_be_bytes(), &[0; 2]].concat()),
            (std::net::IpAddr::V4(own), false) => format!("PROXY TCP4 {own} 0.0.0.0 {port} 1\r\n").into_bytes(),
            (std::net::IpAddr::V6(own), false) => format!("PROXY TCP6 {own} :: {port} 1\r\n").into_bytes(),
        };
        prop_assert_eq!(parse(&bytes), Header::Whole { length: bytes.len(), source: Some(expect) });
    }

    /// The first bytes decide, whatever else has come with them: a header in pieces is the header in one.
    #[test]
    fn no_bytes_panic_and_more_change_no_answer(
        signature in 0_usize..3,
        rest in proptest::collection::vec(any::<u8>(), 0..200),
        more in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let first: &[u8] = [&b""[..], b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n\x21"][signature];
        let bytes = [first, &rest].concat();
        let answer = parse(&bytes);
        if let Header::Whole { length, .. } = answer {
            prop_assert!(length <= bytes.len());
        }
        if answer != Header::Partial {
            prop_assert_eq!(parse(&[&bytes[..], &more].concat()), answer);
        }
    }
}

#[test]
fn only_named_networks_are_trusted() {
    let protocol = ProxyProtocol::required(["10.0.0.0/8", "::1"]).unwrap();
    for (peer, expect) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("::1", true),
        ("11.0.0.1", false),
        ("::2", false),
    ] {
        assert_eq!(protocol.trusts(peer.parse().unwrap()), expect, "{peer}");
    }
    let error = ProxyProtocol::optional(["10/8", "x"]).unwrap_err();
    assert_eq!(error.faults().len(), 3, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_rests_is_overdue_too() {
    let busy = async {
        tokio::task::yield_now().await;
        tokio::time::advance(s(2)).await;
        for _ in 0..10_000 {
            tokio::task::coop::consume_budget().await;
        }
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    };
    let in_flight = InFlight::begin(Arc::new(Activity::new(Instant::now())), false);
    let answer = ResponseFuture::new(Ok(busy), in_flight, Some(s(1)), None).await;
    assert!(answer.is_err(), "answered after its deadline");
}
