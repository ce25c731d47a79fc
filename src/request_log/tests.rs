use std::borrow::Cow;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode, Version};
use proptest::prelude::*;

use super::address::AddressText;
use super::date::{ApacheDate, InternetDate};
use super::layer::{RequestLogLayer, RequestLogLayerBuilder};
use super::lines::Lines;
use super::policy::{End, Facts, Outcome, Policy, Severity, is_bodiless};
use super::query::Query;
use super::text::{Line, Text, TextFormat};
use super::told::Told;
use crate::trail::Failure;

fn facts() -> Facts {
    Facts {
        end: End::Ended,
        status: Some(StatusCode::OK),
        sent: 5,
        expected: None,
        failure: None,
        headers: Some(Duration::from_millis(10)),
        total: Duration::from_millis(20),
    }
}

#[test]
fn every_fault_is_listed() {
    fn check(builder: RequestLogLayerBuilder, expect: &[&str]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error.faults().iter().map(crate::config_error::Fault::setting).collect();
        assert_eq!(found, expect, "{error}");
    }
    check(
        RequestLogLayer::builder()
            .slow_threshold(Duration::ZERO)
            .sample(0)
            .redact(["", "a", ""]),
        &["slow_threshold", "sample", "redact", "redact"],
    );
}

#[test]
fn the_note_on_the_trail_decides_the_outcome_and_then_the_end() {
    fn check(end: End, failure: Option<Failure>, expected: Option<u64>, expect: Outcome) {
        let facts = Facts {
            end,
            expected,
            failure,
            ..facts()
        };
        let verdict = Policy::default().judge(&facts);
        assert_eq!(verdict.outcome, expect, "{facts:?}");
    }
    for end in [End::Ended, End::Failed, End::Dropped, End::Unwound] {
        check(end, Some(Failure::Panicked), Some(5), Outcome::Panicked);
        check(end, Some(Failure::TimedOut), Some(5), Outcome::TimedOut);
        check(end, Some(Failure::Error), Some(5), Outcome::Failed);
    }
    check(End::Ended, None, None, Outcome::Complete);
    // A body may be shorter than it was said to be; what to make of that is the server's part.
    check(End::Ended, None, Some(6), Outcome::Complete);
    check(End::Failed, None, Some(5), Outcome::Failed);
    check(End::Unwound, None, Some(5), Outcome::Panicked);
    check(End::Dropped, None, None, Outcome::Aborted);
    check(End::Dropped, None, Some(6), Outcome::Aborted);
    check(End::Dropped, None, Some(5), Outcome::Complete);
    check(End::Dropped, None, Some(4), Outcome::Complete);
    check(End::Dropped, None, Some(0), Outcome::Complete);
}

#[test]
fn the_level_follows_status_failure_and_slowness() {
    fn check(status: Option<u16>, end: End, headers: Option<u64>, expect: (Severity, bool)) {
        let policy = Policy {
            slow_threshold: Some(Duration::from_millis(15)),
            ..Policy::default()
        };
        let facts = Facts {
            end,
            status: status.map(|status| StatusCode::from_u16(status).unwrap()),
            headers: headers.map(Duration::from_millis),
            ..facts()
        };
        let verdict = policy.judge(&facts);
        assert_eq!((verdict.severity, verdict.slow), expect, "{facts:?}");
    }
    check(Some(200), End::Ended, Some(10), (Severity::Info, false));
    check(Some(302), End::Ended, Some(14), (Severity::Info, false));
    check(Some(404), End::Ended, Some(10), (Severity::Info, false));
    check(Some(500), End::Ended, Some(10), (Severity::Error, false));
    check(Some(503), End::Dropped, Some(10), (Severity::Error, false));
    check(Some(200), End::Failed, Some(10), (Severity::Error, false));
    check(Some(200), End::Unwound, Some(10), (Severity::Error, false));
    check(None, End::Failed, None, (Severity::Error, true));
    check(Some(200), End::Ended, Some(15), (Severity::Warn, true));
    check(Some(500), End::Ended, Some(15), (Severity::Error, true));
    check(Some(200), End::Dropped, Some(10), (Severity::Info, false));
    // Without a head the whole time was spent waiting for it: 20 ms.
    check(None, End::Dropped, None, (Severity::Warn, true));
}

#[test]
fn sampling_keeps_its_share_of_every_rhythm() {
    let policy = Policy {
        one_in: NonZeroU32::new(10).unwrap(),
        ..Policy::default()
    };
    for beat in 0..10_u64 {
        let kept = (0..1000).filter(|nth| policy.keeps(nth * 10 + beat)).count();
        assert!((70..=130).contains(&kept), "{kept} of 1000 on beat {beat}");
    }
    let ordinary = policy.judge(&facts());
    assert!(policy.samples(ordinary));
    assert!(!Policy::default().samples(ordinary), "one in one is no sample");
    for end in [End::Failed, End::Unwound] {
        assert!(!policy.samples(policy.judge(&Facts { end, ..facts() })));
    }
}

#[test]
fn which_responses_have_no_body() {
    fn check(method: &Method, status: u16, expect: bool) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(is_bodiless(method, status), expect, "{method} {status}");
    }
    check(&Method::GET, 200, false);
    check(&Method::GET, 404, false);
    check(&Method::GET, 101, true);
    check(&Method::POST, 204, true);
    check(&Method::GET, 304, true);
    check(&Method::GET, 205, false);
    check(&Method::HEAD, 200, true);
    check(&Method::HEAD, 500, true);
    check(&Method::CONNECT, 200, true);
    check(&Method::CONNECT, 407, false);
}

fn date(seconds: u64) -> String {
    ApacheDate(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

#[test]
fn dates_in_the_form_of_apache() {
    fn check(seconds: u64, expect: &str) {
        assert_eq!(date(seconds), expect);
    }
    check(0, "01/Jan/1970:00:00:00 +0000");
    check(86_399, "01/Jan/1970:23:59:59 +0000");
    check(951_782_399, "28/Feb/2000:23:59:59 +0000");
    check(951_782_400, "29/Feb/2000:00:00:00 +0000");
    check(951_868_800, "01/Mar/2000:00:00:00 +0000");
    check(1_709_164_800, "29/Feb/2024:00:00:00 +0000");
    check(1_795_572_300, "25/Nov/2026:02:05:00 +0000");
    check(4_107_542_399, "28/Feb/2100:23:59:59 +0000");
    check(4_107_542_400, "01/Mar/2100:00:00:00 +0000");
    check(253_402_300_799, "31/Dec/9999:23:59:59 +0000");
    let before = UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(ApacheDate(before).to_string(), "01/Jan/1970:00:00:00 +0000");
}

#[test]
fn every_day_of_four_hundred_years_follows_the_one_before() {
    let lengths = |year: u64| {
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    };
    let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(' ');
    let mut day = 0;
    for year in 1970..2370 {
        for (name, length) in names.clone().zip(lengths(year)) {
            for of_month in 1..=length {
                let expect = format!("{of_month:02}/{name}/{year}:00:00:00 +0000");
                assert_eq!(date(day * 86_400), expect, "day {day}");
                day += 1;
            }
        }
    }
}

#[test]
fn what_is_shown_of_a_query() {
    fn check(query: &str, expect: Option<&str>) {
        let shown = Query {
            shown: true,
            redacted: vec!["Session Id".into()],
        };
        assert_eq!(shown.show(Some(query)).as_deref(), expect, "{query}");
        assert_eq!(Query::default().show(Some(query)), None);
    }
    check("", None);
    check("page=2&sort=name", Some("page=2&sort=name"));
    check("token=abc", Some("token=REDACTED"));
    check("a=1&token=abc&b=2", Some("a=1&token=REDACTED&b=2"));
    check("token=abc&token=def&", Some("token=REDACTED&token=REDACTED&"));
    check("TOKEN=abc", Some("TOKEN=REDACTED"));
    check("%74oken=abc", Some("%74oken=REDACTED"));
    check("%54%6F%6b%65n=a=b", Some("%54%6F%6b%65n=REDACTED"));
    check("a=1;token=abc;b=2&c=3", Some("a=1;token=REDACTED&c=3"));
    check("token=abc;def&c=3", Some("token=REDACTED&c=3"));
    check("token=abc;token=def", Some("token=REDACTED"));
    check("session+id=7f", Some("session+id=REDACTED"));
    check("session%20id=7f", Some("session%20id=REDACTED"));
    check(
        "AWSAccessKeyId=A&Signature=B",
        Some("AWSAccessKeyId=REDACTED&Signature=REDACTED"),
    );
    check("X-Amz-Signature=é", Some("X-Amz-Signature=REDACTED"));
    check("tokens=abc&atoken=abc", Some("tokens=abc&atoken=abc"));
    check("token", Some("token"));
    check("token=", Some("token=REDACTED"));
    check("=abc&&=", Some("=abc&&="));
    check("%=1&%7=2&%zz=3&token%=4", Some("%=1&%7=2&%zz=3&token%=4"));
    assert_eq!(
        Query {
            shown: true,
            redacted: Vec::new()
        }
        .show(None),
        None
    );
}

#[test]
fn the_address_of_a_referring_page_is_shown_without_its_secrets() {
    fn check(address: &str, hidden: &str, shown: &str) {
        let open = Query {
            shown: true,
            redacted: Vec::new(),
        };
        assert_eq!(*Query::default().show_address(address.as_bytes()), *hidden.as_bytes());
        assert_eq!(*open.show_address(address.as_bytes()), *shown.as_bytes());
    }
    check("https://a/b", "https://a/b", "https://a/b");
    check("https://a/b?c=d?e", "https://a/b", "https://a/b?c=d?e");
    check("https://a/?token=b&c", "https://a/", "https://a/?token=REDACTED&c");
    check("?", "", "");
    let no_text = Query {
        shown: true,
        redacted: Vec::new(),
    };
    assert_eq!(*no_text.show_address(b"/?a=\xff"), *b"/");
}

fn line(target: &str, user: Option<&str>, agent: Option<&[u8]>) -> String {
    Line {
        client: Some(IpAddr::from([192, 0, 2, 1])),
        user,
        received: UNIX_EPOCH + Duration::from_secs(1_795_572_300),
        method: "GET",
        target,
        query: None,
        version: Version::HTTP_11,
        status: Some(StatusCode::OK),
        sent: 512,
        referer: Some(b"https://a.example/?q=\"x\""),
        user_agent: agent,
    }
    .render(TextFormat::Combined)
}

#[test]
fn lines_in_the_form_of_apache() {
    fn check(found: &str, user: &str, target: &str, agent: &str) {
        let expect = format!(
            "192.0.2.1 - {user} [25/Nov/2026:02:05:00 +0000] \"GET {target} HTTP/1.1\" 200 512 \
             \"https://a.example/?q=\\\"x\\\"\" \"{agent}\"\n"
        );
        assert_eq!(found, expect);
    }
    check(&line("/", None, None), "-", "/", "-");
    check(&line("/", Some(""), Some(b"")), "-", "/", "-");
    check(&line("/posts", Some("ada"), Some(b"curl/8")), "ada", "/posts", "curl/8");
    check(
        &line(
            "/\"\\\u{85}\u{1b}[2J",
            Some("a b\" [x]\n"),
            Some(b"\t\x08\x0b\r\n\x00\x7f\xff\"\\"),
        ),
        r#"a\x20b\"\x20[x]\n"#,
        r#"/\"\\\xc2\x85\x1b[2J"#,
        r#"\t\b\v\r\n\x00\x7f\xff\"\\"#,
    );

    let unknown = Line {
        client: None,
        user: None,
        received: UNIX_EPOCH,
        method: "GET",
        target: "/",
        query: Some("a=\"1\""),
        version: Version::HTTP_2,
        status: None,
        sent: 0,
        referer: None,
        user_agent: None,
    };
    assert_eq!(
        unknown.render(TextFormat::Common),
        "- - - [01/Jan/1970:00:00:00 +0000] \"GET /?a=\\\"1\\\" HTTP/2.0\" - -\n"
    );
}

#[test]
fn a_line_is_one_write_and_a_failure_to_write_is_not_the_requests() {
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<usize>>>);
    impl io::Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.len());
            if self.0.lock().unwrap().len() == 1 {
                return Err(io::Error::other("disk full"));
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let writes = Writes::default();
    let file = writes.clone();
    let text = Text::new(TextFormat::Common, Lines::new(move || file.clone()));
    let line = Line {
        client: None,
        user: None,
        received: SystemTime::now(),
        method: "GET",
        target: "/",
        query: None,
        version: Version::HTTP_11,
        status: None,
        sent: 7,
        referer: None,
        user_agent: None,
    };
    let length = line.render(TextFormat::Common).len();
    text.put(&line);
    text.put(&line);
    assert_eq!(*writes.0.lock().unwrap(), [length, length]);
}

/// The fields of a combined line, as a reader of logs splits them: at spaces outside quotes and brackets.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for character in line.chars() {
        match character {
            ' ' if !quoted && !bracketed => {
                fields.push(String::new());
                continue;
            }
            '"' if !escaped && !bracketed => quoted = !quoted,
            '[' if !quoted && fields.len() == 4 => bracketed = true,
            ']' if bracketed => bracketed = false,
            _ => {}
        }
        escaped = character == '\\' && !escaped;
        fields.last_mut().unwrap().push(character);
    }
    fields
}

proptest! {
    #[test]
    fn nobody_forges_a_line(target in any::<String>(), user in any::<String>(), agent in any::<Vec<u8>>()) {
        let line = line(&target, Some(&user), Some(&agent));
        let body = line.strip_suffix('\n').unwrap();
        prop_assert!(body.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{:?}", body);
        let fields = split(body);
        prop_assert_eq!(fields.len(), 9, "{:?}", fields);
        prop_assert_eq!(&fields[5], "200");
        prop_assert_eq!(&fields[6], "512");
    }

    #[test]
    fn no_secret_survives_whatever_stands_around_it(
        before in "[ -:<-~]{0,20}[&;]",
        value in "[;=%+?é]{0,5}",
        after in "(&[ -~]{0,20})?",
    ) {
        let query = Query { shown: true, redacted: Vec::new() };
        let text = format!("{before}token=SECRET7{value}SECRET8{after}");
        let shown = query.show(Some(&text)).unwrap();
        prop_assert!(!shown.contains("SECRET"), "{}", shown);
        prop_assert!(shown.contains("=REDACTED"), "{}", shown);
    }

    #[test]
    fn what_has_no_secret_is_shown_as_it_is(text in "[a-b%&;=+]{1,30}") {
        let query = Query { shown: true, redacted: vec!["c".into()] };
        let shown = query.show(Some(&text));
        prop_assert_eq!(shown.as_deref(), Some(text.as_str()));
    }
}

proptest! {
    #[test]
    fn an_address_is_written_as_its_display_writes_it(address: IpAddr) {
        let mut room = AddressText::default();
        prop_assert_eq!(room.write(address), Some(&*address.to_string()));
    }
}

fn told<'a>(agent: Cow<'a, str>, route: Option<&'a str>) -> Told<'a> {
    Told {
        severity: Severity::Info,
        outcome: Outcome::Complete,
        method: "GET",
        path: Some("/posts"),
        query: None,
        route,
        status: Some(200),
        request_size: None,
        response_size: 5,
        version: Some("1.1"),
        client: Some("192.0.2.1"),
        user_agent: Some(agent),
        request_id: Some("7"),
        trace: None,
        user: None,
        headers: Some(Duration::from_micros(1500)),
        total: Duration::from_millis(2),
        slow: false,
        sample_rate: None,
    }
}

#[test]
fn a_json_line_says_what_is_known_in_order() {
    assert_eq!(
        String::from_utf8(told("curl/8".into(), None).json(UNIX_EPOCH + Duration::from_micros(1_795_572_300_000_042))),
        Ok(concat!(
            r#"{"timestamp":"2026-11-25T02:05:00.000042Z","level":"INFO","target":"portcullis::request_log","#,
            r#""message":"request complete","outcome":"complete","http.request.method":"GET","url.path":"/posts","#,
            r#""http.response.status_code":200,"http.response.body.size":5,"network.protocol.version":"1.1","#,
            r#""client.address":"192.0.2.1","user_agent.original":"curl/8","request_id":"7","headers_ms":1.5,"#,
            r#""latency_ms":2.0}"#,
            "\n"
        )
        .to_owned())
    );
}

#[test]
fn a_time_is_written_as_rfc_3339_has_it() {
    fn check(micros: u64, expect: &str) {
        let time = UNIX_EPOCH + Duration::from_micros(micros);
        assert_eq!(InternetDate(time).to_string(), expect);
    }
    check(0, "1970-01-01T00:00:00.000000Z");
    check(951_782_399_999_999, "2000-02-28T23:59:59.999999Z");
    check(951_868_799_100_000, "2000-02-29T23:59:59.100000Z");
    check(4_107_542_400_000_001, "2100-03-01T00:00:00.000001Z");
    assert_eq!(
        InternetDate(UNIX_EPOCH - Duration::from_secs(1)).to_string(),
        "1970-01-01T00:00:00.000000Z"
    );
}

proptest! {
    /// Nobody can forge a line or its parts.
    #[test]
    fn a_json_line_holds_any_text(agent: String, route: String) {
        let line = told(agent.as_str().into(), Some(&route)).json(SystemTime::now());
        let text = str::from_utf8(&line).unwrap();
        prop_assert_eq!(text.find('\n'), Some(text.len() - 1));
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        prop_assert_eq!(read["user_agent.original"].as_str(), Some(&*agent));
        prop_assert_eq!(read["http.route"].as_str(), Some(&*route));
        prop_assert_eq!(read["outcome"].as_str(), Some("complete"));
    }
}
