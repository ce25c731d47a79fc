//! What a record says, and which are written.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::client_ip::PeerAddr;
use portcullis::request_log::{RequestLogLayer, RequestLogLayerBuilder, TextFormat};
use portcullis::{Problem, RequestId, Trail};
use tower::{Layer, ServiceExt, service_fn};
use tracing::Level;

use super::capture::{File, Log, Slow, answering, built, request, send, status};

#[tokio::test(start_paused = true)]
async fn all_that_is_known_stands_in_one_record() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(async |request: Request<Full<Bytes>>| {
        let trail = request.extensions().get::<Trail>().unwrap();
        trail.note_client_ip("2001:db8::7".parse().unwrap());
        trail.note_user("ada".into());
        trail.note_route("/posts/{id}".into());
        tokio::time::sleep(Duration::from_millis(250)).await;
        let mut response = Response::new(Slow::new(&[Some("hello, "), Some("world")]));
        *response.status_mut() = StatusCode::CREATED;
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::post("/posts/7?token=secret")
        .version(http::Version::HTTP_2)
        .header("user-agent", "curl/8")
        .header("content-length", "3")
        .body(Full::from("abc"))
        .unwrap();
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    request
        .extensions_mut()
        .insert(PeerAddr("192.0.2.1:99".parse().unwrap()));

    let response = RequestLogLayer::new().layer(handler).oneshot(request).await.unwrap();
    let mut body = response.into_body();
    while body.frame().await.is_some() {
        assert!(log.records().is_empty());
    }

    log.only().check(
        Level::INFO,
        &[
            ("message", "request complete"),
            ("outcome", "complete"),
            ("http.request.method", "POST"),
            ("url.path", "/posts/7"),
            ("http.route", "/posts/{id}"),
            ("http.response.status_code", "201"),
            ("http.request.body.size", "3"),
            ("http.response.body.size", "12"),
            ("network.protocol.version", "2"),
            ("client.address", "2001:db8::7"),
            ("user_agent.original", "curl/8"),
            ("request_id", "id-7"),
            ("enduser.id", "ada"),
            ("headers_ms", "250.0"),
            ("latency_ms", "550.0"),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_absent() {
    let (log, _listening) = Log::listen();
    let mut bare = request("/?");
    bare.headers_mut().insert("user-agent", HeaderValue::from_static(""));
    bare.headers_mut()
        .insert("content-length", HeaderValue::from_static("x"));
    send(
        built(RequestLogLayer::builder().query(true)).layer(answering(|| status(200))),
        bare,
    )
    .await;
    log.only().check(
        Level::INFO,
        &[
            ("message", "request complete"),
            ("outcome", "complete"),
            ("http.request.method", "GET"),
            ("url.path", "/"),
            ("http.response.status_code", "200"),
            ("http.response.body.size", "5"),
            ("network.protocol.version", "1.1"),
            ("headers_ms", "0.0"),
            ("latency_ms", "0.0"),
        ],
    );
}

#[tokio::test]
async fn without_a_note_the_peer_is_the_client() {
    let (log, _listening) = Log::listen();
    let mut direct = request("/");
    direct
        .extensions_mut()
        .insert(PeerAddr("[::ffff:192.0.2.1]:99".parse().unwrap()));
    send(RequestLogLayer::new().layer(answering(|| status(200))), direct).await;
    assert_eq!(log.only().field("client.address"), Some("192.0.2.1"));
}

#[tokio::test]
async fn a_trail_that_is_there_is_kept() {
    let (log, _listening) = Log::listen();
    let outer = Trail::default();
    outer.note_user("from outside".into());
    let mut request = request("/");
    request.extensions_mut().insert(outer);
    send(RequestLogLayer::new().layer(answering(|| status(200))), request).await;
    assert_eq!(log.only().field("enduser.id"), Some("from outside"));
}

#[tokio::test]
async fn refusals_are_recorded_with_the_level_of_their_status() {
    async fn check(code: StatusCode, level: Level) {
        let (log, _listening) = Log::listen();
        let refusing = answering(move || Problem::new(code).into_response::<Full<Bytes>>());
        send(RequestLogLayer::new().layer(refusing), request("/")).await;
        let record = log.only();
        assert_eq!(record.level, level, "{code}");
        assert_eq!(record.field("http.response.status_code"), Some(code.as_str()));
        assert_eq!(record.field("outcome"), Some("complete"));
    }
    check(StatusCode::FORBIDDEN, Level::INFO).await;
    check(StatusCode::TOO_MANY_REQUESTS, Level::INFO).await;
    check(StatusCode::SERVICE_UNAVAILABLE, Level::ERROR).await;
}

#[tokio::test(start_paused = true)]
async fn what_handlers_and_bodies_log_carries_the_request() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(|_: Request<Full<Bytes>>| {
        tracing::info!(target: "handler", "in the call");
        async {
            tracing::info!(target: "handler", "in the future");
            Ok::<_, Infallible>(Response::new(Slow::new(&[])))
        }
    });
    let mut request = request("/posts?token=secret");
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    // What is left out of the records is not left out of the spans.
    let layer = built(RequestLogLayer::builder().filter(|_| false));
    send(layer.layer(handler), request).await;

    let events = log.of("handler");
    assert_eq!(events.len(), 4, "{events:#?}");
    for event in events {
        let fields: Vec<_> = event.spans[0]
            .1
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(event.spans[0].0, "request");
        assert_eq!(
            fields,
            [
                ("http.request.method", "GET"),
                ("request_id", "id-7"),
                ("url.path", "/posts")
            ]
        );
    }
    assert!(log.records().is_empty());
}

#[tokio::test]
async fn a_log_without_spans_opens_none() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(async |_: Request<Full<Bytes>>| {
        tracing::info!(target: "handler", "served");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let layer = built(RequestLogLayer::builder().span(false));
    send(layer.layer(handler), request("/")).await;
    assert!(log.of("handler")[0].spans.is_empty());
    assert_eq!(log.records().len(), 1);
}

#[tokio::test]
async fn the_record_belongs_to_the_span_around_the_layer() {
    let (log, _listening) = Log::listen();
    let service = RequestLogLayer::new().layer(answering(|| status(200)));
    let around = tracing::info_span!("connection");
    let future = around.in_scope(|| service.oneshot(request("/")));
    let response = tracing::Instrument::instrument(future, around).await.unwrap();
    response.into_body().collect().await.unwrap();
    let spans: Vec<_> = log.only().spans.into_iter().map(|(name, _)| name).collect();
    assert_eq!(spans, ["connection"]);
}

#[tokio::test]
async fn a_filter_sees_the_request_and_decides() {
    let (log, _listening) = Log::listen();
    let layer = built(RequestLogLayer::builder().filter(|request| {
        request.method() == Method::GET && request.path() != "/healthz" && !request.headers().contains_key("x-probe")
    }));
    let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
        let recorded = request.extensions().get::<Trail>().is_some();
        assert_eq!(recorded, request.uri().path() == "/posts");
        Ok::<_, Infallible>(status(500))
    }));
    let mut probe = request("/posts");
    probe.headers_mut().insert("x-probe", HeaderValue::from_static("1"));
    *probe.uri_mut() = "/other".parse().unwrap();
    for request in [request("/healthz"), probe, request("/posts")] {
        send(service.clone(), request).await;
    }
    assert_eq!(log.only().field("url.path"), Some("/posts"));
}

#[tokio::test(start_paused = true)]
async fn sampling_leaves_out_neither_failures_nor_slow_requests() {
    let (log, _listening) = Log::listen();
    let layer = built(
        RequestLogLayer::builder()
            .sample(10)
            .slow_threshold(Duration::from_millis(50)),
    );
    let service = layer.layer(service_fn(async |request: Request<Full<Bytes>>| {
        match request.uri().path() {
            "/error" => Err(io::Error::other("disk on fire")),
            "/500" => Ok(status(500)),
            "/slow" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(status(200))
            }
            _ => Ok(status(404)),
        }
    }));
    for _ in 0..200 {
        for path in ["/error", "/500", "/slow", "/ordinary"] {
            if let Ok(response) = service.clone().oneshot(request(path)).await {
                response.into_body().collect().await.unwrap();
            }
        }
    }
    let records = log.records();
    let of = |path| {
        records
            .iter()
            .filter(move |record| record.field("url.path") == Some(path))
    };
    for path in ["/error", "/500", "/slow"] {
        assert_eq!(of(path).count(), 200, "{path}");
        assert!(of(path).all(|record| record.field("sample_rate").is_none()));
    }
    let kept = of("/ordinary").count();
    assert!((10..=30).contains(&kept), "{kept} of 200");
    assert!(of("/ordinary").all(|record| record.field("sample_rate") == Some("10")));
}

#[tokio::test(start_paused = true)]
async fn slow_is_the_wait_for_the_head_not_the_pace_of_the_body() {
    async fn check(wait: u64, expect: (Level, Option<&str>)) {
        let (log, _listening) = Log::listen();
        let layer = built(RequestLogLayer::builder().slow_threshold(Duration::from_millis(200)));
        let service = layer.layer(service_fn(move |_: Request<Full<Bytes>>| async move {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            Ok::<_, Infallible>(Response::new(Slow::new(&[Some("a"), Some("b"), Some("c")])))
        }));
        send(service, request("/")).await;
        let record = log.only();
        assert_eq!((record.level, record.field("slow")), expect);
    }
    check(199, (Level::INFO, None)).await;
    check(200, (Level::WARN, Some("true"))).await;
}

#[tokio::test]
async fn the_query_is_shown_only_when_asked_and_without_secrets() {
    async fn check(builder: RequestLogLayerBuilder, expect: Option<&str>) {
        let (log, _listening) = Log::listen();
        let service = built(builder).layer(answering(|| status(200)));
        send(service, request("/?page=2&token=secret&session=7f")).await;
        assert_eq!(log.only().field("url.query"), expect);
    }
    let builder = RequestLogLayer::builder;
    check(builder(), None).await;
    check(builder().redact(["session"]), None).await;
    check(builder().query(true), Some("page=2&token=REDACTED&session=7f")).await;
    check(
        builder().query(true).redact(["Session"]),
        Some("page=2&token=REDACTED&session=REDACTED"),
    )
    .await;
}

#[tokio::test]
async fn text_lines_need_no_subscriber_and_follow_the_same_rules() {
    async fn check(builder: RequestLogLayerBuilder, format: TextFormat, expect: &str) {
        let file = File::default();
        let writer = file.clone();
        let service = built(builder.text(format, move || writer.clone())).layer(service_fn(
            async |request: Request<Full<Bytes>>| {
                if let Some(trail) = request.extensions().get::<Trail>() {
                    trail.note_user("ada".into());
                }
                Ok::<_, Infallible>(status(200))
            },
        ));
        let mut request = request("/posts?page=2&token=secret");
        request
            .extensions_mut()
            .insert(PeerAddr("192.0.2.1:99".parse().unwrap()));
        let headers = request.headers_mut();
        headers.insert("referer", HeaderValue::from_static("https://a/?token=b"));
        headers.insert("user-agent", HeaderValue::from_static("curl/8"));
        send(service, request).await;
        let line = file.text();
        let (before, rest) = line.split_once('[').unwrap();
        let (date, after) = rest.split_once("] ").unwrap();
        assert_eq!(format!("{before}{after}"), format!("{expect}\n"));
        assert_eq!(date.len(), "25/Nov/2026:02:05:00 +0000".len());
    }
    let builder = RequestLogLayer::builder;
    check(
        builder(),
        TextFormat::Common,
        r#"192.0.2.1 - ada "GET /posts HTTP/1.1" 200 5"#,
    )
    .await;
    check(
        builder(),
        TextFormat::Combined,
        r#"192.0.2.1 - ada "GET /posts HTTP/1.1" 200 5 "https://a/" "curl/8""#,
    )
    .await;
    check(
        builder().query(true),
        TextFormat::Combined,
        r#"192.0.2.1 - ada "GET /posts?page=2&token=REDACTED HTTP/1.1" 200 5 "https://a/?token=REDACTED" "curl/8""#,
    )
    .await;
}

#[tokio::test]
async fn a_line_of_json_takes_the_place_of_the_event_and_needs_no_subscriber() {
    async fn line() -> String {
        let file = File::default();
        let writer = file.clone();
        let service = built(RequestLogLayer::builder().json(move || writer.clone())).layer(answering(|| status(200)));
        let mut request = request("/posts?token=secret");
        request
            .headers_mut()
            .insert("user-agent", HeaderValue::from_bytes(b"curl/8 \xff").unwrap());
        request
            .extensions_mut()
            .insert(PeerAddr("192.0.2.1:99".parse().unwrap()));
        send(service, request).await;
        file.text()
    }
    let unheard = line().await;
    let (log, _listening) = Log::listen();
    let heard = line().await;
    assert_eq!(log.records().len(), 0);
    for line in [unheard, heard] {
        for part in [
            r#""level":"INFO""#,
            r#""outcome":"complete""#,
            r#""url.path":"/posts""#,
            r#""http.response.status_code":200"#,
            r#""client.address":"192.0.2.1""#,
            "\"user_agent.original\":\"curl/8 \u{fffd}\"",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert!(
            line.starts_with("{\"timestamp\":\"20") && line.ends_with("}\n"),
            "{line}"
        );
        assert!(!line.contains("secret"), "{line}");
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn on_an_axum_router_the_template_is_the_route() {
    use axum::Router;
    use axum::routing::{get, post};
    use portcullis::request_log::CountRequestBodyLayer;

    let (log, _listening) = Log::listen();
    let app = Router::new()
        .route("/posts/{id}", get(async || "hello"))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
        .layer(CountRequestBodyLayer::new())
        .layer(RequestLogLayer::new());
    for request in [
        Request::get("/posts/7").body(axum::body::Body::empty()).unwrap(),
        Request::post("/upload").body(axum::body::Body::from("abcd")).unwrap(),
        Request::get("/nowhere").body(axum::body::Body::empty()).unwrap(),
    ] {
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let found: Vec<_> = log
        .records()
        .iter()
        .map(|record| {
            let own = |name| record.field(name).map(str::to_owned);
            (
                own("http.route"),
                own("http.response.status_code"),
                own("http.request.body.size"),
            )
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            (some("/posts/{id}"), some("200"), some("0")),
            (some("/upload"), some("200"), some("4")),
            (None, some("404"), some("0")),
        ]
    );
}
