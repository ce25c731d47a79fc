use serde_json::Value;

use crate::process::{Process, ask};
use crate::stand_in::StandIn;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// A field of a protobuf message that is bytes or a string.
fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2, u8::try_from(value.len()).unwrap()];
    field.extend(value);
    field
}

fn record(blog: &Process, agent: &str) -> Value {
    loop {
        let line: Value = serde_json::from_str(&format!("{{{}", blog.line("{"))).unwrap();
        if line["user_agent.original"] == agent {
            return line;
        }
    }
}

#[test]
fn a_request_is_a_span_of_its_callers_trace() {
    let collector = StandIn::start();
    let endpoint = format!("http://{}", collector.address);
    let mut blog = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let get = |path: &str, headers: &str| ask(blog.address, "GET", path, headers, "");

    get(
        "/api/v1/demo/error",
        &format!("user-agent: sampled\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n"),
    );
    let sampled = record(&blog, "sampled");
    assert_eq!(sampled["trace_id"], TRACE);
    let unsampled = TRACE.replace("4b", "4c");
    get(
        "/healthz",
        &format!("user-agent: unsampled\r\ntraceparent: 00-{unsampled}-{PARENT}-00\r\n"),
    );
    get("/api/v1/posts?size=1", "user-agent: first\r\n");
    let first = record(&blog, "first");
    assert!(blog.stop().success());

    let received = collector.received();
    assert!(
        !received.is_empty() && received.iter().all(|request| request.path == "/v1/traces"),
        "{received:?}"
    );
    let all: Vec<u8> = received.into_iter().flat_map(|request| request.body).collect();
    // Fields 1, 2, 4, 5 and 6 of the message `Span`; kind 2 is a server.
    let mut child = field(1, &bytes(TRACE));
    child.extend(field(2, &bytes(sampled["span_id"].as_str().unwrap())));
    assert!(contains(&all, &child), "the span has the ids of the log");
    let mut described = field(4, &bytes(PARENT));
    assert!(contains(&all, &described), "its parent is the caller's");
    described = field(5, b"GET /api/v1/demo/error");
    described.extend([6 << 3, 2]);
    assert!(contains(&all, &described), "it is named by its route");
    // The record of the request is an event of it; so is the error that nobody expected.
    assert!(
        contains(&all, b"secret-plans.txt") || contains(&all, b"No such file"),
        "the cause"
    );
    // Who decides that a trace is not recorded is the one who began it.
    assert!(!contains(&all, &bytes(&unsampled)));

    let mut root = field(1, &bytes(first["trace_id"].as_str().unwrap()));
    root.extend(field(2, &bytes(first["span_id"].as_str().unwrap())));
    assert!(contains(&all, &root), "a request without a trace begins one");
    assert!(contains(&all, &field(5, b"GET /api/v1/posts")));
    assert_eq!(
        all.windows(2).filter(|window| *window == [6 << 3, 2]).count().min(2),
        2,
        "each request is a span"
    );
}

#[test]
fn without_a_collector_requests_are_served_and_the_blog_ends() {
    // A port that nobody listens on.
    let endpoint = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", gone.local_addr().unwrap())
    };
    let mut blog = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let (head, _) = ask(blog.address, "GET", "/healthz", "", "");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(blog.stop().success());
}
