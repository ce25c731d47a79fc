//! Quotas seen from outside: through oneshot calls, a mock service and a real socket.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis::client_ip::{ClientIp, ClientIpLayer, PeerAddr};
use portcullis::rate_limit::{Allowance, Headers, Key, MissingKey, Quota, RateLimitLayer};
use portcullis::{Identity, Problem, RequestId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use self::log::Log;

type Answer = Response<Full<Bytes>>;

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

fn from(peer: &str) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
    request
}

fn with_key(key: &'static str) -> Request<()> {
    Request::get("/").header("x-api-key", key).body(()).unwrap()
}

async fn hello(_: Request<()>) -> Result<Answer, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

async fn send(layer: &RateLimitLayer, request: Request<()>) -> Answer {
    layer.layer(service_fn(hello)).oneshot(request).await.unwrap()
}

/// The value of a header, of which all lines are joined; empty where there is none.
fn line(response: &Answer, name: &str) -> String {
    let lines = response.headers().get_all(name).iter();
    lines.map(|line| line.to_str().unwrap()).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn the_hundred_and_first_is_told_when_to_come_back() {
    let layer = RateLimitLayer::per_address(quota("100 per 15 minutes")).unwrap();
    let first = send(&layer, from("192.0.2.1:1")).await;
    assert_eq!(line(&first, "ratelimit-policy"), "\"default\";q=100;w=900");
    assert_eq!(line(&first, "ratelimit"), "\"default\";r=99;t=9");
    assert_eq!(line(&first, "retry-after"), "");
    for _ in 1..100 {
        assert_eq!(send(&layer, from("192.0.2.1:1")).await.status(), 200);
    }

    let mut request = from("192.0.2.1:1");
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    let refused = send(&layer, request).await;
    assert_eq!(refused.status(), 429);
    let seconds: u64 = line(&refused, "retry-after").parse().unwrap();
    assert!((1..=9).contains(&seconds), "{seconds}");
    assert_eq!(line(&refused, "ratelimit-policy"), "\"default\";q=100;w=900");
    assert_eq!(line(&refused, "ratelimit"), format!("\"default\";r=0;t={seconds}"));
    assert_eq!(line(&refused, "content-type"), "application/problem+json");
    assert_eq!(refused.extensions().get::<Problem>().unwrap().status(), 429);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "detail": format!("too many requests; try again in {seconds} s"),
            "request_id": "id-7",
            "quota": "default",
            "retry_after": seconds,
        })
    );
    assert_eq!(send(&layer, from("192.0.2.2:1")).await.status(), 200);
}

#[tokio::test]
async fn an_address_is_what_a_subscriber_holds() {
    async fn check(first: &str, second: &str, expect: u16) {
        let layer = RateLimitLayer::per_address(quota("1 per hour")).unwrap();
        assert_eq!(send(&layer, from(first)).await.status(), 200);
        assert_eq!(
            send(&layer, from(second)).await.status(),
            expect,
            "{first} then {second}"
        );
    }
    check("192.0.2.1:1", "192.0.2.1:2", 429).await;
    check("192.0.2.1:1", "192.0.2.2:1", 200).await;
    check("[2001:db8::1]:1", "[2001:db8::aaaa:bbbb:cccc:dddd]:1", 429).await;
    check("[2001:db8::1]:1", "[2001:db8:0:1::1]:1", 200).await;
    // A dual-stack listener reports IPv4 peers as mapped, all within one /64.
    check("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", 200).await;
    check("[::ffff:192.0.2.1]:1", "192.0.2.1:1", 429).await;
}

#[tokio::test]
async fn the_resolved_client_counts_and_not_the_proxy() {
    let proxies = ClientIpLayer::builder().trust_networks(["10.0.0.0/8"]).build().unwrap();
    let limit = RateLimitLayer::per_address(quota("1 per hour")).unwrap();
    let service = ServiceBuilder::new().layer(proxies).layer(limit).service_fn(hello);
    for (client, expect) in [("203.0.113.1", 200), ("203.0.113.2", 200), ("203.0.113.1", 429)] {
        let mut request = from("10.0.0.1:1");
        request
            .headers_mut()
            .insert("x-forwarded-for", HeaderValue::from_static(client));
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), expect);
    }
}

#[tokio::test]
async fn clones_and_services_count_together_and_layers_apart() {
    let layer = RateLimitLayer::per_address(quota("2 per hour")).unwrap();
    let twin = layer.clone();
    let service = twin.layer(service_fn(hello));
    assert_eq!(send(&layer, from("192.0.2.1:1")).await.status(), 200);
    let answer = service.clone().oneshot(from("192.0.2.1:1")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(service.oneshot(from("192.0.2.1:1")).await.unwrap().status(), 429);
    let other = RateLimitLayer::per_address(quota("2 per hour")).unwrap();
    assert_eq!(send(&other, from("192.0.2.1:1")).await.status(), 200);
}

#[tokio::test]
async fn a_missing_key_is_dealt_with_as_chosen() {
    async fn check(key: Key, choice: Option<MissingKey>, first: Request<()>, again: Request<()>, expect: [u16; 2]) {
        let named = format!("{key:?} {choice:?}");
        let mut builder = RateLimitLayer::builder().quota(quota("1 per hour")).key(key);
        if let Some(choice) = choice {
            builder = builder.on_missing_key(choice);
        }
        let layer = builder.build().unwrap();
        let statuses = [send(&layer, first).await, send(&layer, again).await].map(|answer| answer.status().as_u16());
        assert_eq!(statuses, expect, "{named}");
    }
    let anonymous = |peer| {
        let mut request = from(peer);
        request.extensions_mut().insert(Identity::anonymous());
        request
    };
    let header = || Key::header("x-api-key");
    let nobody = || Key::from_fn(|_| None::<u8>);
    let (one, two) = ("192.0.2.1:1", "192.0.2.2:1");

    check(header(), None, with_key("a"), with_key("a"), [200, 429]).await;
    check(header(), None, with_key("a"), with_key("b"), [200, 200]).await;
    check(header(), None, from(one), from(one), [200, 429]).await;
    check(header(), None, from(one), from(two), [200, 200]).await;
    check(header(), None, Request::new(()), Request::new(()), [500, 500]).await;
    check(header(), Some(MissingKey::Admit), from(one), from(one), [200, 200]).await;
    check(header(), Some(MissingKey::Refuse), from(one), with_key("a"), [400, 200]).await;
    check(nobody(), None, from(one), from(one), [200, 429]).await;
    check(
        nobody(),
        Some(MissingKey::Admit),
        Request::new(()),
        from(one),
        [200, 200],
    )
    .await;
    check(Key::user(), None, anonymous(one), anonymous(one), [200, 200]).await;
    check(
        Key::user(),
        Some(MissingKey::ByAddress),
        anonymous(one),
        anonymous(one),
        [200, 429],
    )
    .await;
    check(
        Key::user(),
        Some(MissingKey::ByAddress),
        anonymous(one),
        anonymous(two),
        [200, 200],
    )
    .await;
    check(
        Key::user(),
        Some(MissingKey::Refuse),
        anonymous(one),
        anonymous(one),
        [400, 400],
    )
    .await;
    check(Key::user(), Some(MissingKey::Admit), from(one), from(one), [500, 500]).await;
}

#[tokio::test]
async fn a_key_that_callers_write_is_never_the_quota_of_an_address() {
    let claimed = Key::from_fn(|request| {
        let text = request.headers().get("x-claimed")?.to_str().ok()?;
        text.parse::<IpAddr>().ok()
    });
    let layer = RateLimitLayer::builder()
        .quota(quota("1 per hour"))
        .key(claimed)
        .build()
        .unwrap();
    let mut attacker = from("192.0.2.2:1");
    attacker
        .headers_mut()
        .insert("x-claimed", HeaderValue::from_static("192.0.2.1"));
    assert_eq!(send(&layer, attacker).await.status(), 200);
    assert_eq!(send(&layer, from("192.0.2.1:1")).await.status(), 200);
}

#[tokio::test]
async fn misplacement_is_a_500_and_one_line_in_the_log() {
    async fn check(key: Key, missing: &str) {
        let log = Log::default();
        let _listening = log.listen();
        let layer = RateLimitLayer::builder()
            .quota(quota("1 per hour"))
            .key(key)
            .build()
            .unwrap();
        for _ in 0..3 {
            let answer = send(&layer, Request::new(())).await;
            assert_eq!(answer.status(), 500);
            assert!(answer.extensions().get::<Problem>().unwrap().detail().is_none());
        }
        let record = log.text();
        assert_eq!(record.lines().count(), 1, "{record}");
        for part in ["ERROR", "rate_limit", missing, "outside it"] {
            assert!(record.contains(part), "{part} in {record}");
        }
    }
    check(Key::client_address(), "client_ip").await;
    check(Key::user(), "jwt").await;
}

#[tokio::test]
async fn skipped_requests_are_neither_counted_nor_told() {
    let layer = RateLimitLayer::builder()
        .quota(quota("1 per hour"))
        .skip(|request| request.uri().path() == "/healthz")
        .skip(|request| request.method() == http::Method::OPTIONS)
        .build()
        .unwrap();
    for _ in 0..3 {
        // Not even an address is needed.
        let health = Request::get("/healthz").body(()).unwrap();
        let answer = send(&layer, health).await;
        assert_eq!(
            (answer.status().as_u16(), line(&answer, "ratelimit")),
            (200, String::new())
        );
        let options = Request::options("/").body(()).unwrap();
        assert_eq!(send(&layer, options).await.status(), 200);
    }
    assert_eq!(send(&layer, from("192.0.2.1:1")).await.status(), 200);
    assert_eq!(send(&layer, from("192.0.2.1:1")).await.status(), 429);
}

#[tokio::test]
async fn legacy_headers_and_none() {
    let layer = |headers| {
        RateLimitLayer::builder()
            .quota(quota("2 per hour"))
            .headers(headers)
            .build()
            .unwrap()
    };
    let unix = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let legacy = layer(Headers::Legacy);
    let before = unix();
    for (status, remaining, whole_in) in [(200, "1", 1800), (200, "0", 3600), (429, "0", 3600)] {
        let answer = send(&legacy, from("192.0.2.1:1")).await;
        assert_eq!(answer.status(), status);
        assert_eq!(line(&answer, "x-ratelimit-limit"), "2");
        assert_eq!(line(&answer, "x-ratelimit-remaining"), remaining);
        let reset: u64 = line(&answer, "x-ratelimit-reset").parse().unwrap();
        // Seconds of Unix time tick while the test runs.
        assert!((before + whole_in..=unix() + whole_in + 1).contains(&reset), "{reset}");
        assert_eq!(line(&answer, "ratelimit"), "");
    }

    let none = layer(Headers::None);
    for expect in [200, 200, 429] {
        let answer = send(&none, from("192.0.2.1:1")).await;
        assert_eq!(answer.status(), expect);
        assert!(answer.headers().keys().all(|name| !name.as_str().contains("ratelimit")));
        assert_eq!(answer.headers().contains_key("retry-after"), expect == 429);
    }
}

#[tokio::test]
async fn of_two_layers_each_has_its_say() {
    let by_address = RateLimitLayer::per_address(quota("10 per hour").name("address")).unwrap();
    let by_user = RateLimitLayer::builder()
        .quota(quota("1 per minute").name("user"))
        .key(Key::user())
        .build()
        .unwrap();
    let service = ServiceBuilder::new().layer(by_address).layer(by_user).service_fn(hello);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let mut request = from("192.0.2.1:1");
        request.extensions_mut().insert(Identity::user("7"));
        answers.push(service.clone().oneshot(request).await.unwrap());
    }
    assert_eq!(answers[0].status(), 200);
    assert_eq!(
        line(&answers[0], "ratelimit"),
        "\"user\";r=0;t=60, \"address\";r=9;t=360"
    );
    assert_eq!(
        line(&answers[0], "ratelimit-policy"),
        "\"user\";q=1;w=60, \"address\";q=10;w=3600"
    );
    // The inner refusal passes the outer layer, which had admitted it.
    assert_eq!(answers[1].status(), 429);
    assert!(line(&answers[1], "ratelimit").contains("\"address\";r=8;"));
    let problem = answers[1].extensions().get::<Problem>().unwrap();
    assert_eq!(problem.members()["quota"], "user");
}

#[tokio::test]
async fn the_handler_sees_what_is_left_where_that_is_asked_for() {
    let seen = service_fn(async |request: Request<()>| {
        let left = request.extensions().get::<Allowance>().map(|left| {
            assert_eq!(left.whole_in().as_secs(), 60);
            assert_eq!(left.more_in().as_secs(), 60);
            format!("{} {} of {}", left.quota(), left.remaining(), left.limit())
        });
        Ok::<Answer, Infallible>(Response::new(Full::from(left.unwrap_or_default())))
    });
    for (expose, expect) in [(true, "default 59 of 60"), (false, "")] {
        let builder = RateLimitLayer::builder().quota(quota("60 per hour"));
        let builder = if expose { builder.expose_state() } else { builder };
        let answer = builder
            .build()
            .unwrap()
            .layer(seen)
            .oneshot(from("192.0.2.1:1"))
            .await
            .unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), expect);
    }
}

#[tokio::test]
async fn a_refusal_never_reaches_the_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = {
        let calls = Arc::clone(&calls);
        service_fn(move |request| {
            calls.fetch_add(1, Ordering::Relaxed);
            hello(request)
        })
    };
    let layer = RateLimitLayer::per_address(quota("3 per hour")).unwrap();
    for _ in 0..10 {
        layer.layer(counted.clone()).oneshot(from("192.0.2.1:1")).await.unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_ready_service_is_the_one_called_and_its_error_stays() {
    let layer = RateLimitLayer::per_address(quota("2 per hour")).unwrap();
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(layer);
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let answer = service.call(from("192.0.2.1:1"));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_response(Response::new(Full::from("hello")));
    assert_eq!(answer.await.unwrap().status(), 200);

    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let answer = service.call(from("192.0.2.1:1"));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error(io::Error::other("pool is closed"));
    assert!(answer.await.unwrap_err().to_string().contains("pool is closed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_services_pass_exactly_the_quota() {
    let layer = RateLimitLayer::per_address(quota("100 per 10 hours")).unwrap();
    let start = Arc::new(tokio::sync::Barrier::new(8));
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (layer, start) = (layer.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                let mut passed = 0;
                for _ in 0..50 {
                    passed += usize::from(send(&layer, from("192.0.2.1:1")).await.status() == 200);
                }
                passed
            })
        })
        .collect();
    let mut passed = 0;
    for racer in racers {
        passed += racer.await.unwrap();
    }
    assert_eq!(passed, 100);
}

#[tokio::test]
async fn over_a_socket_the_connection_lives_on() {
    let layer = RateLimitLayer::per_address(quota("2 per hour")).unwrap();
    let handler = service_fn(async |request: Request<portcullis::server::RequestBody>| {
        assert!(ClientIp::of(request.extensions()).is_some());
        Ok::<Answer, Infallible>(Response::new(Full::from("hello")))
    });
    let server = portcullis::server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(layer.layer(handler)));

    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    for (expect, ending) in [(200, "hello"), (200, "hello"), (429, "}"), (429, "}")] {
        socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with(ending) {
            let mut chunk = [0; 1024];
            let read = socket.read(&mut chunk).await.unwrap();
            assert!(read > 0, "closed after {answer:?}");
            answer.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
        }
        assert!(answer.starts_with(&format!("HTTP/1.1 {expect}")), "{answer}");
        assert_eq!(answer.contains("retry-after: "), expect == 429, "{answer}");
    }
}

/// Any error and any body, without bounds of the layer's own.
#[expect(dead_code, reason = "it need only compile")]
fn the_types_of_the_service_stay<S>(layer: &RateLimitLayer, service: S)
where
    S: Service<Request<()>, Response = Response<http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>>> + Clone,
{
    fn same<A, B>(_: &B)
    where
        A: Service<Request<()>>,
        B: Service<Request<()>, Response = A::Response, Error = A::Error>,
    {
    }
    same::<S, _>(&layer.layer(service));
}
