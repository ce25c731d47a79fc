//! The extractors of `portcullis::axum` in a real router, with the layers around it.

#![cfg(feature = "axum")]

mod log;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use portcullis::axum::{Form, Json, Path, Query, method_not_allowed, not_found};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::{ClientIp, ClientIpLayer, PeerAddr};
#[cfg(any(feature = "aws-lc", feature = "rust-crypto"))]
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};
use portcullis::jwt::{Claims, Verified};
use portcullis::not_found::{MethodNotAllowed, NotFound};
use portcullis::problem::Renderer;
use portcullis::request_id::RequestIdLayer;
use portcullis::security_headers::{Csp, CspNonce, SecurityHeadersLayer};
use portcullis::{Identity, Problem, RequestId};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

use self::log::Log;

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Author {
    name: String,
    age: u8,
}

#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
struct Post {
    title: String,
    author: Author,
}

#[derive(Debug, Deserialize)]
struct Page {
    page: u32,
    #[serde(default)]
    order: Order,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Asc,
    Desc,
}

#[derive(Debug, Deserialize)]
struct Id {
    number: u8,
}

async fn optional(body: Option<Json<Post>>) -> String {
    body.map_or_else(|| "none".into(), |Json(post)| post.title)
}

fn app() -> Router {
    Router::new()
        .route("/json", post(async |Json(post): Json<Post>| Json(post)))
        .route("/optional", post(optional))
        .route(
            "/form",
            get(async |form: Form<Page>| form.page.to_string()).post(async |form: Form<Page>| form.page.to_string()),
        )
        .route(
            "/query",
            get(async |Query(page): Query<Page>| format!("{} {:?}", page.page, page.order)),
        )
        .route("/posts/{id}", get(async |Path(id): Path<u32>| id.to_string()))
        .route(
            "/pair/{a}/{b}",
            get(async |Path((a, b)): Path<(u8, String)>| format!("{a} {b}")),
        )
        .route("/misfit/{a}/{b}", get(async |Path(a): Path<u8>| a.to_string()))
        .route(
            "/misnamed/{id}",
            get(async |Path(post): Path<Id>| post.number.to_string()),
        )
        .route("/without", get(async |Path(a): Path<u8>| a.to_string()))
        .route(
            "/maybe",
            get(async |a: Option<Path<u8>>| a.map_or_else(|| "none".into(), |Path(a)| a.to_string())),
        )
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(200))
        .layer(RequestIdLayer::new().trust_inbound())
}

struct Answer {
    response: http::response::Parts,
    body: String,
}

impl Answer {
    fn detail(&self) -> Option<&str> {
        self.response.extensions.get::<Problem>()?.detail()
    }
}

async fn ask(app: Router, request: Request<Body>) -> Answer {
    let (response, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { response, body }
}

/// Every refusal, whatever it is for, is a problem with the request's id, and says nothing of Rust.
fn assert_is_a_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.response.status, status, "{}", answer.body);
    assert_eq!(answer.response.headers[CONTENT_TYPE], "application/problem+json");
    assert!(answer.body.contains(r#""request_id":"id-7""#), "{}", answer.body);
    for word in ["struct", "Post", "Author", "Page", "u8", "u32", "axum", "deserialize"] {
        assert!(!answer.body.contains(word), "{word} in {}", answer.body);
    }
}

fn request(method: &str, uri: &str, content_type: Option<&'static str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("x-request-id", "id-7");
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(body.into()).unwrap()
}

type Content = (&'static str, Option<&'static str>);

const JSON: Content = ("/json", Some("application/json"));
const FORM: Content = ("/form", Some("application/x-www-form-urlencoded"));
const GOOD: &str = r#"{"title":"Hi","author":{"name":"Ada","age":36}}"#;

async fn check_body((path, content_type): Content, body: impl Into<Body>, (status, detail): (u16, Option<&str>)) {
    let answer = ask(app(), request("POST", path, content_type, body)).await;
    if status == 200 {
        assert_eq!((answer.response.status.as_u16(), &*answer.body), (200, detail.unwrap()));
        return;
    }
    assert_is_a_problem(&answer, status);
    assert_eq!(answer.detail(), detail);
    assert_eq!(answer.response.headers.contains_key(ACCEPT), status == 415);
    assert!(!answer.body.contains("SECRET"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_of_another_content_type_is_a_415() {
    check_body(JSON, GOOD, (200, Some(GOOD))).await;
    for content_type in ["application/json; charset=utf-8", "application/merge-patch+json"] {
        check_body(("/json", Some(content_type)), GOOD, (200, Some(GOOD))).await;
    }
    let json_only = (415, Some("the body must be sent as application/json"));
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("json"),
        Some("\u{e9}"),
    ] {
        check_body(("/json", content_type), GOOD, json_only).await;
    }
    let form_only = (415, Some("the body must be sent as application/x-www-form-urlencoded"));
    check_body(("/form", Some("application/json")), "page=1", form_only).await;
    check_body(("/optional", Some("text/plain")), GOOD, json_only).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_a_400() {
    let trailing = format!("{GOOD}SECRET");
    let deep = format!(r#"{{"ignored":{}"#, "[".repeat(180));
    for (body, why) in [
        (&b""[..], "EOF while parsing a value at line 1 column 0"),
        (b"{", "EOF while parsing an object at line 1 column 1"),
        (b"SECRET", "expected value at line 1 column 1"),
        (b"{\"title\": SECRET", "expected value at line 1 column 11"),
        (b"{'title'", "key must be a string at line 1 column 2"),
        (
            b"{\"title\":\"\xff\"}",
            "invalid unicode code point at line 1 column 11",
        ),
        (trailing.as_bytes(), "trailing characters at line 1 column 48"),
        (deep.as_bytes(), "EOF while parsing a list at line 1 column 191"),
    ] {
        let why = format!("the body is not JSON: {why}");
        check_body(JSON, body.to_vec(), (400, Some(&why))).await;
    }
}

#[tokio::test]
async fn json_that_does_not_fit_is_a_422() {
    for (body, detail) in [
        ("[1]", "[0]: invalid type: integer, expected a string"),
        ("\"SECRET\"", "invalid type: string, expected an object"),
        ("{}", "missing field `title`"),
        (
            r#"{"title":"Hi","author":{"name":"Ada"}}"#,
            "author: missing field `age`",
        ),
        (
            r#"{"title":"Hi","author":{"name":"Ada","age":"SECRET"}}"#,
            "author.age: invalid type: string, expected a whole number from 0 to 255",
        ),
        (
            r#"{"title":"Hi","author":{"name":"Ada","age":300}}"#,
            "author.age: invalid value: integer, expected a whole number from 0 to 255",
        ),
        (
            r#"{"title":null,"title":1}"#,
            "title: invalid type: null, expected a string",
        ),
        (r#"{"title":"Hi","title":"Hi"}"#, "duplicate field `title`"),
        (
            r#"{"title":"Hi","author":7}"#,
            "author: invalid type: integer, expected an object",
        ),
    ] {
        check_body(JSON, body, (422, Some(detail))).await;
    }
    check_body(("/optional", JSON.1), "{}", (422, Some("missing field `title`"))).await;
    check_body(("/optional", JSON.1), GOOD, (200, Some("Hi"))).await;
    check_body(("/optional", None), "", (200, Some("none"))).await;
}

#[tokio::test]
async fn a_form_that_does_not_fit_is_a_422() {
    check_body(FORM, "page=7", (200, Some("7"))).await;
    for (body, detail) in [
        ("page=SECRET", "page: not a whole number"),
        ("page=-1", "page: not a whole number"),
        ("page=", "page: not a whole number"),
        ("page=4294967296", "page: the number is too large"),
        ("", "missing field `page`"),
        ("page=1&page=2", "duplicate field `page`"),
        ("page=1&order=SECRET", "order: unknown value, expected `asc` or `desc`"),
    ] {
        check_body(FORM, body, (422, Some(detail))).await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_why() {
    let too_large = (413, Some("the body is too large"));
    check_body(JSON, "x".repeat(201), too_large).await;
    check_body(FORM, "x".repeat(201), too_large).await;
    let unread = (400, Some("the body could not be read"));
    check_body(JSON, Body::new(Broken), unread).await;
    check_body(FORM, Body::new(Broken), unread).await;
}

/// A body whose connection is lost at once.
struct Broken;

impl http_body::Body for Broken {
    type Data = bytes::Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("cable cut by SECRET"))))
    }
}

#[tokio::test]
async fn paths_and_queries_are_taken_or_refused_with_the_right_status() {
    async fn check(uri: &str, (status, text): (u16, Option<&str>)) {
        let answer = ask(app(), request("GET", uri, None, Body::empty())).await;
        if status == 200 {
            assert_eq!(
                (answer.response.status.as_u16(), &*answer.body),
                (200, text.unwrap()),
                "{uri}"
            );
            return;
        }
        assert_is_a_problem(&answer, status);
        assert_eq!(answer.detail(), text, "{uri}");
        assert!(!answer.body.contains("SECRET"), "{}", answer.body);
    }
    check("/query?page=7", (200, Some("7 Asc"))).await;
    check("/query?page=7&order=desc&more=1", (200, Some("7 Desc"))).await;
    check("/query", (400, Some("missing field `page`"))).await;
    check("/query?page=SECRET", (400, Some("page: not a whole number"))).await;
    check("/query?page=4294967296", (400, Some("page: the number is too large"))).await;
    check("/query?page=%ff", (400, Some("page: not a whole number"))).await;
    check(
        "/query?page=1&order=SECRET",
        (400, Some("order: unknown value, expected `asc` or `desc`")),
    )
    .await;
    check("/form?page=7", (200, Some("7"))).await;
    check("/form?page=x", (400, Some("page: not a whole number"))).await;

    check("/posts/7", (200, Some("7"))).await;
    for nothing in [
        "/posts/SECRET",
        "/posts/-1",
        "/posts/4294967296",
        "/posts/7%00",
        "/pair/300/x",
    ] {
        check(nothing, (404, None)).await;
    }
    check("/pair/3/a%20b", (200, Some("3 a b"))).await;
    check("/pair/3/%ff", (400, Some("the path is not UTF-8"))).await;
    check("/maybe", (200, Some("none"))).await;
}

#[tokio::test]
async fn a_path_that_does_not_fit_its_route_is_told_to_the_log_only() {
    for uri in ["/misfit/1/2", "/misnamed/7", "/without"] {
        let log = Log::default();
        let _listening = log.listen();
        let answer = ask(app(), request("GET", uri, None, Body::empty())).await;
        assert_is_a_problem(&answer, 500);
        assert_eq!(answer.detail(), None);
        let record = log.text();
        for part in ["ERROR", "portcullis::axum", "id-7", "Path"] {
            assert!(record.contains(part), "{part} in {record}");
        }
    }
}

#[tokio::test]
async fn no_request_writes_a_line_of_its_own_into_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let answer = ask(
        app(),
        request("GET", "/posts/7%0AERROR%20forged%1b[2J", None, Body::empty()),
    )
    .await;
    assert_is_a_problem(&answer, 404);
    let record = log.text();
    assert!(record.contains("no such path") && record.contains("forged"), "{record}");
    assert_eq!(record.trim_end().matches(char::is_control).count(), 0, "{record:?}");
}

#[tokio::test]
async fn extractors_can_be_used_as_what_they_hold() {
    let mut json = Json::from(Author {
        name: "Ada".into(),
        age: 36,
    });
    json.age += 1;
    assert_eq!((json.name.len(), json.age), (3, 37));
}

#[tokio::test]
async fn a_value_that_does_not_serialise_is_a_500_whose_cause_is_for_the_log() {
    struct Unwilling;

    impl Serialize for Unwilling {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("SECRET"))
        }
    }

    let log = Log::default();
    let _listening = log.listen();
    let app = Router::new()
        .route("/", get(async || Json(Unwilling)))
        .layer(CatchErrorLayer::new())
        .layer(RequestIdLayer::new().trust_inbound());
    let answer = ask(app, request("GET", "/", None, Body::empty())).await;
    assert_is_a_problem(&answer, 500);
    assert!(!answer.body.contains("SECRET"), "{}", answer.body);
    assert!(log.text().contains("SECRET"), "{}", log.text());
}

async fn handled() -> portcullis::Result<Json<u8>> {
    Ok(Json("not a number".parse()?))
}

async fn refused() -> portcullis::Result<Json<u8>> {
    Err(Problem::new(http::StatusCode::CONFLICT).with_detail("taken"))?
}

#[tokio::test]
async fn a_question_mark_works_on_any_error_and_the_renderer_speaks_for_all() {
    let log = Log::default();
    let _listening = log.listen();
    let renderer = Renderer::members(|problem, members| {
        members.insert("message".into(), problem.title().into());
    });
    let app = app()
        .route("/handled", get(handled))
        .route("/refused", get(refused))
        .layer(CatchErrorLayer::new().renderer(renderer))
        .layer(RequestIdLayer::new().trust_inbound());
    for (uri, status, message) in [
        ("/handled", 500, "Internal Server Error"),
        ("/refused", 409, "Conflict"),
        ("/query?page=x", 400, "Bad Request"),
        ("/nowhere", 404, "Not Found"),
    ] {
        let answer = ask(app.clone(), request("GET", uri, None, Body::empty())).await;
        assert_is_a_problem(&answer, status);
        let message = format!(r#""message":"{message}""#);
        assert!(answer.body.contains(&message), "{}", answer.body);
    }
    let record = log.text();
    assert_eq!(record.lines().count(), 1, "{record}");
    for part in ["invalid digit found in string", "id-7", "/handled"] {
        assert!(record.contains(part), "{part} in {record}");
    }
}

async fn who(identity: Identity) -> String {
    identity.subject().unwrap_or("nobody").to_owned()
}

async fn all(identity: Identity, client: ClientIp, id: RequestId, nonce: CspNonce) -> String {
    format!("{:?} {} {id} {}", identity.subject(), client.address(), nonce.as_str())
}

#[tokio::test]
async fn what_the_gate_knows_is_an_extractor() {
    let headers = SecurityHeadersLayer::builder()
        .content_security_policy(Csp::helmet().nonce("script-src"))
        .build()
        .unwrap();
    let app = Router::new()
        .route("/", get(all))
        .route("/who", get(who))
        .layer(axum::middleware::from_fn(identify))
        .layer(ClientIpLayer::peer())
        .layer(headers)
        .layer(RequestIdLayer::new().trust_inbound());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let answer = over_a_socket(address, "/?ada").await;
    let nonce = answer.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
    assert!(
        answer.ends_with(&format!("Some(\"ada\") 127.0.0.1 id-7 {nonce}")),
        "{answer}"
    );
    let answer = over_a_socket(address, "/who").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("nobody"),
        "{answer}"
    );
    server.abort();
}

/// Stands for a layer that verifies callers: the query is the name.
async fn identify(mut request: Request<Body>, next: axum::middleware::Next) -> Response {
    let identity = request.uri().query().map_or(Identity::anonymous(), Identity::user);
    request.extensions_mut().insert(identity);
    next.run(request).await
}

async fn over_a_socket(address: SocketAddr, uri: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("GET {uri} HTTP/1.1\r\nhost: a\r\nx-request-id: id-7\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[cfg(any(feature = "aws-lc", feature = "rust-crypto"))]
#[tokio::test]
async fn verified_claims_are_an_extractor() {
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let issuer = Issuer::builder().key(key.clone()).issuer("joe").audience("blog");
    let token = issuer.build().unwrap().token("42").claim("tenant", 7).sign().unwrap();
    let layer = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("joe")
        .audience("blog");
    let app = Router::new()
        .route(
            "/must",
            get(async |claims: Verified<Claims>| claims.rest["tenant"].to_string()),
        )
        .route(
            "/may",
            get(async |claims: Option<Verified<Claims>>| claims.is_some().to_string()),
        )
        .route("/other", get(async |_: Verified<u8>| ()))
        .layer(layer.optional().build().unwrap());
    for (path, signed, status, body) in [
        ("/must", true, 200, "7"),
        ("/must", false, 401, "Unauthorized"),
        ("/may", true, 200, "true"),
        ("/may", false, 200, "false"),
        // Claims of another type are the app's mistake.
        ("/other", true, 500, "Internal Server Error"),
        ("/other", false, 401, "Unauthorized"),
    ] {
        let mut request = Request::get(path);
        if signed {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&text).contains(body), "{path}: {text:?}");
    }
}

#[tokio::test]
async fn without_client_ip_the_client_is_the_peer() {
    let app = Router::new().route("/", get(async |client: ClientIp| client.address().to_string()));
    let mut request = request("GET", "/", None, Body::empty());
    request
        .headers_mut()
        .insert("x-forwarded-for", HeaderValue::from_static("192.0.2.9"));
    request
        .extensions_mut()
        .insert(PeerAddr(([198, 51, 100, 7], 4711).into()));
    assert_eq!(ask(app, request).await.body, "198.51.100.7");
}

#[tokio::test]
async fn a_missing_layer_is_a_500_and_named_in_the_log() {
    let app = Router::new()
        .route("/identity/{id}", get(async |_: Identity| ()))
        .route("/claims/{id}", get(async |_: Verified<Claims>| ()))
        .route("/maybe/{id}", get(async |_: Option<Verified<Claims>>| ()))
        .route("/client/{id}", get(async |_: ClientIp| ()))
        .route("/nonce/{id}", get(async |_: CspNonce| ()))
        // A policy without a nonce is a layer that makes none.
        .layer(SecurityHeadersLayer::default())
        .layer(RequestIdLayer::new().trust_inbound())
        // Outside the layer, and so without it.
        .route("/request-id/{id}", get(async |_: RequestId| ()));
    for (uri, route, kind, layer) in [
        ("/identity/7", "/identity/{id}", "Identity", "jwt"),
        ("/claims/7", "/claims/{id}", "Verified", "jwt"),
        ("/maybe/7", "/maybe/{id}", "Verified", "jwt"),
        ("/client/7", "/client/{id}", "ClientIp", "client_ip"),
        ("/nonce/7", "/nonce/{id}", "CspNonce", "security_headers"),
        ("/request-id/7", "/request-id/{id}", "RequestId", "request_id"),
    ] {
        let log = Log::default();
        let _listening = log.listen();
        let answer = ask(app.clone(), request("GET", uri, None, Body::empty())).await;
        assert_eq!(answer.response.status, 500);
        assert_eq!(answer.detail(), None);
        assert!(
            !answer.body.contains(layer) && !answer.body.contains(kind),
            "{}",
            answer.body
        );
        let record = log.text();
        for part in ["ERROR", "portcullis::axum", route, kind, layer] {
            assert!(record.contains(part), "{part} in {record}");
        }
        assert_eq!(record.contains("id-7"), kind != "RequestId", "{record}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    async fn check(app: Router, method: Method, uri: &str, (status, allow): (u16, Option<&str>)) {
        let answer = ask(app, request(method.as_str(), uri, None, Body::empty())).await;
        assert_eq!(answer.response.status, status, "{method} {uri}");
        let found = answer.response.headers.get(ALLOW).map(|allow| allow.to_str().unwrap());
        assert_eq!(found, allow, "{method} {uri}");
        if method != Method::HEAD {
            assert_is_a_problem(&answer, status);
        }
    }
    check(app(), Method::GET, "/nowhere", (404, None)).await;
    check(app(), Method::HEAD, "/nowhere", (404, None)).await;
    check(app(), Method::GET, "/json", (405, Some("POST"))).await;
    check(app(), Method::DELETE, "/form", (405, Some("GET,HEAD,POST"))).await;
    check(
        app(),
        Method::from_bytes(b"BREW").unwrap(),
        "/query",
        (405, Some("GET,HEAD")),
    )
    .await;

    let nested = || Router::new().nest("/api", app()).fallback(not_found);
    check(nested(), Method::GET, "/api/nowhere", (404, None)).await;
    check(nested(), Method::GET, "/api/json", (405, Some("POST"))).await;

    // The services do the same as the handlers.
    let services = || {
        Router::new()
            .route("/a", get(async || "a"))
            .route_service("/b", MethodNotAllowed::<Body>::allow([Method::PUT]).unwrap())
            .fallback_service(NotFound::<Body>::new())
            .layer(RequestIdLayer::new().trust_inbound())
    };
    check(services(), Method::GET, "/nowhere", (404, None)).await;
    check(services(), Method::GET, "/b", (405, Some("PUT"))).await;
}
