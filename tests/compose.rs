//! All layers together, as one stack, over real sockets: on plain hyper and, with the feature, on axum.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use portcullis::Problem;
use portcullis::authorize::Policy;
use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, Key, SigningKey};
use portcullis::problem::Renderer;
use portcullis::rate_limit::{self, Quota, RateLimitLayer};
use portcullis::server::{self, RequestBody};
use portcullis::stack::{Stack, StackBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower::{Layer, Service, ServiceExt, service_fn};

use self::log::Log;

const SECRET: &[u8] = b"a secret of the tests, 32 bytes or more";
const ORIGIN: &str = "https://app.example.com";

fn jwt() -> portcullis::jwt::JwtLayerBuilder {
    JwtLayer::builder()
        .key(Key::hmac(Algorithm::HS256, SECRET))
        .issuer("https://id.example.com")
        .audience("shop")
        .optional()
}

fn token(role: &str) -> String {
    let issuer = Issuer::builder()
        .key(SigningKey::hmac(Algorithm::HS256, SECRET))
        .issuer("https://id.example.com")
        .audience("shop")
        .build()
        .unwrap();
    issuer.token("7").roles([role]).sign().unwrap()
}

fn policy() -> Policy {
    Policy::role("admin") | Policy::request("open", |request| request.uri().path() != "/admin")
}

fn limit(requests: u32) -> RateLimitLayer {
    RateLimitLayer::builder()
        .quota(Quota::new(requests, Duration::from_secs(15 * 60)))
        .build()
        .unwrap()
}

fn whole(requests: u32) -> StackBuilder {
    Stack::builder()
        .cors(CorsLayer::builder().origin(ORIGIN).credentials(true))
        .client_ip(ClientIpLayer::peer())
        .rate_limit(limit(requests))
        .csrf(CsrfLayer::builder().trust_origin(ORIGIN))
        .jwt(jwt())
        .authorize(policy())
        .renderer(Renderer::members(|problem, members| {
            members.insert("message".into(), problem.title().into());
        }))
}

async fn on_hyper(stack: Stack) -> SocketAddr {
    async fn answer(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (status, text) = match request.uri().path() {
            "/" | "/admin" => (StatusCode::OK, "hello"),
            "/panic" => panic!("as asked"),
            _ => (StatusCode::NOT_FOUND, ""),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        Ok(response)
    }
    let server = server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(stack.layer(service_fn(answer))));
    address
}

#[cfg(feature = "axum")]
async fn on_axum(stack: Stack) -> SocketAddr {
    use axum::Router;
    use axum::routing::{any, get};

    async fn fall() -> String {
        panic!("as asked")
    }
    let router = Router::new()
        .route("/", any(async || "hello"))
        .route("/admin", get(async || "hello"))
        .route("/panic", get(fall))
        .layer(stack);
    let server = server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(router));
    address
}

async fn send(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{head}\r\nhost: shop.example.com\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// One table for every kind of service: the gate is the same.
async fn every_answer(address: SocketAddr) {
    let check = async |head: &str, expect: &[&str]| {
        let answer = send(address, head).await;
        for part in expect {
            assert!(answer.contains(part), "{head} misses {part:?} in\n{answer}");
        }
        // On every answer, refusals and crashes included.
        for part in ["x-request-id: ", "x-content-type-options: nosniff"] {
            assert!(answer.contains(part), "{head} misses {part:?} in\n{answer}");
        }
        answer
    };
    let refused = "content-type: application/problem+json";
    let readable = "access-control-allow-origin: https://app.example.com";

    check("GET / HTTP/1.1", &["HTTP/1.1 200", "\r\n\r\nhello"]).await;
    check(
        "GET / HTTP/1.1\r\norigin: https://app.example.com",
        &["HTTP/1.1 200", readable],
    )
    .await;
    check(
        "GET /nowhere HTTP/1.1\r\norigin: https://app.example.com",
        &["HTTP/1.1 404", refused, readable, "\"message\":\"Not Found\""],
    )
    .await;
    check(
        "GET /panic HTTP/1.1\r\norigin: https://app.example.com",
        &[
            "HTTP/1.1 500",
            refused,
            readable,
            "\"message\":\"Internal Server Error\"",
        ],
    )
    .await;
    check(
        "GET /admin HTTP/1.1\r\norigin: https://app.example.com",
        &["HTTP/1.1 401", refused, readable, "www-authenticate: Bearer"],
    )
    .await;
    let bearer = |role: &str| format!("GET /admin HTTP/1.1\r\nauthorization: bearer {}", token(role));
    check(&bearer("reader"), &["HTTP/1.1 403", refused]).await;
    check(&bearer("admin"), &["HTTP/1.1 200", "\r\n\r\nhello"]).await;
    check(
        "GET / HTTP/1.1\r\nauthorization: Bearer forged\r\norigin: https://app.example.com",
        &["HTTP/1.1 401", refused, readable, "error=\"invalid_token\""],
    )
    .await;
    check(
        "POST / HTTP/1.1\r\nsec-fetch-site: cross-site\r\ncontent-length: 0",
        &["HTTP/1.1 403", refused],
    )
    .await;
    check(
        "POST / HTTP/1.1\r\nsec-fetch-site: cross-site\r\norigin: https://app.example.com\r\ncontent-length: 0",
        &["HTTP/1.1 200", readable],
    )
    .await;
    // A preflight ends before the token and the limit, and the disallowed one says nothing of what is allowed.
    let preflight = "access-control-request-method: PUT";
    check(
        &format!("OPTIONS /admin HTTP/1.1\r\norigin: https://app.example.com\r\n{preflight}"),
        &["HTTP/1.1 204", readable],
    )
    .await;
    let answer = check(
        &format!("OPTIONS /admin HTTP/1.1\r\norigin: https://evil.example\r\n{preflight}"),
        &["HTTP/1.1 403", refused],
    )
    .await;
    assert!(!answer.contains("access-control-allow"), "{answer}");
}

#[tokio::test]
async fn the_whole_gate_on_plain_hyper() {
    every_answer(on_hyper(whole(1000).build().unwrap()).await).await;
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_whole_gate_on_axum() {
    let address = on_axum(whole(1000).build().unwrap()).await;
    every_answer(address).await;
    let answer = send(address, "DELETE /admin HTTP/1.1\r\norigin: https://app.example.com").await;
    // Not same-origin, but trusted; not an admin, but the policy comes first.
    assert!(answer.contains("HTTP/1.1 401"), "{answer}");
    let admin = format!("DELETE /admin HTTP/1.1\r\nauthorization: Bearer {}", token("admin"));
    let answer = send(address, &admin).await;
    for part in ["HTTP/1.1 405", "allow: GET,HEAD", "application/problem+json"] {
        assert!(answer.contains(part), "{answer}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_limit_is_readable_and_preflights_are_not_counted() {
    let address = on_hyper(whole(2).build().unwrap()).await;
    let get = "GET / HTTP/1.1\r\norigin: https://app.example.com";
    let preflight = format!("OPTIONS / HTTP/1.1\r\norigin: {ORIGIN}\r\naccess-control-request-method: PUT");
    for _ in 0..5 {
        assert!(send(address, &preflight).await.contains("HTTP/1.1 204"));
    }
    // The limit stands before the token: guesses are counted.
    let guess = format!("{get}\r\nauthorization: Bearer forged");
    assert!(send(address, &guess).await.contains("HTTP/1.1 401"));
    assert!(send(address, get).await.contains("HTTP/1.1 200"));
    let answer = send(address, get).await;
    for part in [
        "HTTP/1.1 429",
        "access-control-allow-origin: https://app.example.com",
        "retry-after: ",
        "ratelimit: \"default\";r=0",
        "x-frame-options: SAMEORIGIN",
        "application/problem+json",
    ] {
        assert!(answer.contains(part), "no {part} in\n{answer}");
    }
}

/// The gate catches errors in two places; each error is caught, logged and rendered in one.
#[tokio::test]
async fn a_failure_is_logged_and_rendered_once() {
    type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    async fn answer(request: Request<()>) -> Result<Response<Body>, std::io::Error> {
        match request.uri().path() {
            "/panic" => panic!("as asked"),
            "/error" => Err(std::io::Error::other("disk on fire")),
            "/cause" => Ok(portcullis::Error::from("disk on fire").into_response()),
            "/problem" => Ok(Problem::new(StatusCode::CONFLICT).into_response()),
            _ => Ok(Response::new(Limited::new(Full::from("too long"), 3).boxed_unsync())),
        }
    }
    async fn check(path: &str, expect: (u16, usize, usize)) {
        let log = Log::default();
        let _listening = log.listen();
        let renderings = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&renderings);
        let renderer = Renderer::members(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let service = Stack::builder()
            .renderer(renderer)
            .build()
            .unwrap()
            .layer(service_fn(answer));
        let response = service.oneshot(Request::get(path).body(()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let _ = response.into_body().collect().await;
        let records = log.text();
        let caught = records.matches("portcullis::catch_error").count();
        assert_eq!(
            (status, caught, renderings.load(Ordering::Relaxed)),
            expect,
            "{path}: {records}"
        );
        assert_eq!(
            records.matches("portcullis::request_log").count(),
            1,
            "{path}: {records}"
        );
    }
    check("/panic", (500, 1, 1)).await;
    check("/error", (500, 1, 1)).await;
    check("/cause", (500, 1, 1)).await;
    check("/problem", (409, 0, 1)).await;
    check("/stream", (200, 1, 0)).await;
}

/// Panics where it is told to.
#[derive(Clone)]
struct Fragile(&'static str);

struct Breaking(&'static str);

impl Service<Request<()>> for Fragile {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Breaking;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        assert!(!self.0.contains("ready"), "in readiness");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Breaking {
        assert!(!self.0.contains("call"), "in the call");
        Breaking(self.0)
    }
}

impl Future for Breaking {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.0.contains("poll"), "in the future");
        if self.0.contains("wait") {
            return Poll::Pending;
        }
        Poll::Ready(Ok(Response::default()))
    }
}

impl Drop for Breaking {
    fn drop(&mut self) {
        assert!(!self.0.contains("drop"), "in its drop");
    }
}

/// Each panic is one record, wherever it is; all but the last of a future that was given up are answered, with every header.
#[tokio::test]
async fn a_panic_anywhere_is_logged_once_and_answered() {
    fn check(places: &'static str, expect: Option<u16>, panics: usize) {
        let log = Log::default();
        let _listening = log.listen();
        let mut service = Stack::builder().build().unwrap().layer(Fragile(places));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(service.poll_ready(cx).is_ready());
        let mut future = Box::pin(service.call(Request::new(())));
        let answer = match future.as_mut().poll(cx) {
            Poll::Ready(Ok(response)) => {
                assert!(response.headers().contains_key("x-content-type-options"), "{places}");
                Some(response.status().as_u16())
            }
            Poll::Ready(Err(error)) => match error {},
            Poll::Pending => None,
        };
        drop(future);
        let records = log.text();
        let caught = records.matches("portcullis::catch_error").count();
        assert_eq!((answer, caught), (expect, panics), "{places}: {records}");
        assert_eq!(
            records.matches("portcullis::request_log").count(),
            1,
            "{places}: {records}"
        );
        assert_eq!(records.matches("request panicked").count(), 1, "{places}: {records}");
    }
    check("ready", Some(500), 1);
    check("call", Some(500), 1);
    check("poll", Some(500), 1);
    check("poll, drop", Some(500), 2);
    check("drop", Some(200), 1);
    check("wait, drop", None, 1);
}

#[tokio::test]
async fn a_renderer_that_panics_takes_no_header_with_it() {
    let broken = whole(1000).renderer(Renderer::new(|_| panic!("bad template")));
    let address = on_hyper(broken.build().unwrap()).await;
    let answer = send(address, "GET /nowhere HTTP/1.1\r\norigin: https://app.example.com").await;
    for part in [
        "HTTP/1.1 500",
        "access-control-allow-origin: https://app.example.com",
        "x-content-type-options: nosniff",
        "content-type: application/problem+json",
        "\"status\":500",
    ] {
        assert!(answer.contains(part), "no {part} in\n{answer}");
    }
}

#[test]
fn the_order_of_calls_is_of_no_matter() {
    let backwards = Stack::builder()
        .authorize(policy())
        .jwt(jwt())
        .csrf(CsrfLayer::builder().trust_origin(ORIGIN))
        .rate_limit(limit(1000))
        .client_ip(ClientIpLayer::peer())
        .cors(CorsLayer::builder().origin(ORIGIN).credentials(true))
        .build()
        .unwrap();
    let forwards = whole(1000).build().unwrap();
    assert_eq!(backwards.explain(), forwards.explain());
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&forwards.explain().to_string()),
        "README shows another order"
    );
    assert_eq!(
        forwards.explain().to_string(),
        "\x201. request_id        everything below can name the request
 2. request_log       sees every answer, also refusals
 3. catch_error       nothing below can break the connection; renders problems
 4. shutdown          counts what is in flight
 5. security_headers  refusals carry them too
 6. cors              401 and 429 must be readable by the browser; preflights end here
 7. catch_error       the answer to a crash carries the headers too
 8. client_ip         who is calling, behind trusted proxies
 9. rate_limit        cheap, before any parsing
10. csrf              cheaper than a signature
11. jwt               who the caller is
12. authorize         needs the verified caller
13. not_found         the router's bare 404 and 405, in the same voice
left out: trace_context throttle timeout session rate_limit_user
"
    );
}

#[test]
fn the_faults_of_all_parts_are_listed_at_once() {
    fn check(builder: StackBuilder, expect: &[(&str, &str)]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error
            .faults()
            .iter()
            .map(|fault| (fault.layer(), fault.setting()))
            .collect();
        assert_eq!(found, expect, "{error}");
    }
    check(
        Stack::builder()
            .cors(CorsLayer::builder().any_origin().credentials(true))
            .csrf(CsrfLayer::builder().trust_origin("example.com"))
            .authorize(Policy::authenticated()),
        &[
            ("cors", "credentials"),
            ("csrf", "trust_origin"),
            ("stack", "authorize"),
        ],
    );
    let by_user = || RateLimitLayer::builder().key(rate_limit::Key::user());
    let quota = || Quota::new(1, Duration::from_secs(60));
    check(
        Stack::builder().rate_limit_user(by_user().quota(quota())),
        &[("stack", "rate_limit_user")],
    );
    // By address it would count everybody behind one address as one user.
    check(
        Stack::builder().jwt(jwt()).rate_limit_user(limit(1)),
        &[("stack", "rate_limit_user")],
    );
    // Two members of `RateLimit` under one name say nothing.
    check(
        Stack::builder()
            .jwt(jwt())
            .rate_limit(limit(1))
            .rate_limit_user(by_user().quota(quota())),
        &[("stack", "rate_limit_user")],
    );
    let both = Stack::builder()
        .jwt(jwt())
        .rate_limit(limit(1))
        .rate_limit_user(by_user().quota(quota().name("user")));
    assert!(both.build().is_ok());
    // A token layer with a fault of its own is not also said to be missing.
    check(
        Stack::builder()
            .authorize(Policy::authenticated())
            .jwt(jwt().leeway(Duration::from_secs(61))),
        &[("jwt", "leeway")],
    );
}
