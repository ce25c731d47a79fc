//! What a server makes of it, and what clients do.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use portcullis::request_log::{CountRequestBodyLayer, CountedBody, RequestLogLayer, TextFormat};
use portcullis::server::RequestBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tracing::Level;

use super::capture::{Answer, File, Log, Slow, built, status};

/// Serves on a socket of the system's choice, on this thread, where the log listens.
async fn serve<S, B>(service: S) -> SocketAddr
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let server = portcullis::server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(service));
    address
}

async fn exchange(address: SocketAddr, head: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Sends as long as anybody takes it.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))))
    }
}

#[tokio::test]
async fn over_a_socket_a_client_that_leaves_mid_body_aborts() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(async |_: Request<RequestBody>| Ok::<_, Infallible>(Response::new(Endless)));
    let address = serve(RequestLogLayer::new().layer(handler)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut some = [0; 4096];
    socket.read_exact(&mut some).await.unwrap();
    assert!(log.records().is_empty());
    drop(socket);
    log.wait_for(1).await;
    let record = log.only();
    assert_eq!((record.level, record.field("outcome")), (Level::INFO, Some("aborted")));
    assert_eq!(record.field("http.response.status_code"), Some("200"));
    assert_eq!(record.field("client.address"), Some("127.0.0.1"));
}

#[tokio::test]
async fn over_a_socket_a_client_that_leaves_before_the_headers_aborts() {
    let (log, _listening) = Log::listen();
    let called = Arc::new(Notify::new());
    let calling = Arc::clone(&called);
    let handler = service_fn(move |_: Request<RequestBody>| {
        calling.notify_one();
        pending::<Result<Answer, Infallible>>()
    });
    let address = serve(RequestLogLayer::new().layer(handler)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    called.notified().await;
    drop(socket);
    log.wait_for(1).await;
    assert_eq!(log.only().field("outcome"), Some("aborted"));
    assert_eq!(log.only().field("http.response.status_code"), None);
}

#[tokio::test]
async fn over_a_socket_a_body_of_known_length_is_complete_though_its_end_is_never_asked_for() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(async |request: Request<RequestBody>| {
        let frames = [Some("hello, "), Some("world")];
        let mut response = Response::new(Slow::new(&frames));
        if request.uri().path() == "/hint" {
            response = response.map(|body| body.of_length(12));
        } else {
            response
                .headers_mut()
                .insert("content-length", HeaderValue::from_static("12"));
        }
        Ok::<_, Infallible>(response)
    });
    let address = serve(RequestLogLayer::new().layer(handler)).await;
    for (at, target) in ["GET /hint", "GET /header", "HEAD /hint"].into_iter().enumerate() {
        let head = format!("{target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(address, head.as_bytes()).await;
        let sent = if at < 2 { "12" } else { "0" };
        assert_eq!(answer.ends_with("hello, world"), at < 2, "{answer}");
        let record = log.wait_for(at + 1).await.remove(at);
        assert_eq!(record.field("outcome"), Some("complete"), "{target}");
        assert_eq!(record.field("http.response.body.size"), Some(sent), "{target}");
    }
    assert_eq!(log.records().len(), 3);
}

#[tokio::test]
async fn over_a_socket_nobody_forges_a_record() {
    let (file, records) = (File::default(), File::default());
    let lines = file.clone();
    let _listening = records.listen();
    let layer = built(
        RequestLogLayer::builder()
            .query(true)
            .text(TextFormat::Combined, move || lines.clone()),
    );
    let handler = service_fn(async |_: Request<RequestBody>| Ok::<_, Infallible>(status(200)));
    let address = serve(layer.layer(handler)).await;
    let mut head = b"GET /a\"b\xc2\x85\xe2\x80\xa8{?c=\xc2\x9b HTTP/1.1\r\nhost: a\r\nconnection: close\r\n".to_vec();
    head.extend_from_slice(b"user-agent: x\" 200 0\t\xff\x9b31m\\\r\nreferer: \xe2\x80\xa8\"\r\n\r\n");
    let answer = exchange(address, &head).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let line = file.text();
    let (_, after) = line.split_once("] ").unwrap();
    assert_eq!(
        after,
        "\"GET /a\\\"b\\xc2\\x85\\xe2\\x80\\xa8{?c=\\xc2\\x9b HTTP/1.1\" 200 5 \
         \"\\xe2\\x80\\xa8\\\"\" \"x\\\" 200 0\\t\\xff\\x9b31m\\\\\"\n"
    );
    let text = records.text();
    let forged = |character: char| character.is_control() && character != '\n';
    assert!(!text.contains(forged) && !text.contains('\u{2028}'), "{text:?}");
    assert_eq!(text.lines().count(), 1, "{text:?}");
}

#[tokio::test]
async fn the_bytes_of_a_chunked_upload_are_those_that_were_read() {
    let (log, _listening) = Log::listen();
    let handler = service_fn(async |request: Request<_>| {
        let (head, body): (_, CountedBody<RequestBody>) = request.into_parts();
        if head.uri.path() == "/all" {
            body.collect().await.unwrap();
        }
        Ok::<_, Infallible>(status(200))
    });
    let service = ServiceBuilder::new()
        .layer(RequestLogLayer::new())
        .layer(CountRequestBodyLayer::new())
        .service(handler);
    let address = serve(service).await;
    for (at, (target, body, expect)) in [
        (
            "/all",
            "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            "5",
        ),
        ("/none", "content-length: 5\r\n\r\nabcde", "0"),
        ("/all", "content-length: 5\r\n\r\nabcde", "5"),
        ("/all", "\r\n", "0"),
    ]
    .into_iter()
    .enumerate()
    {
        let head = format!("POST {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{body}");
        exchange(address, head.as_bytes()).await;
        let record = log.wait_for(at + 1).await.remove(at);
        assert_eq!(
            record.field("http.request.body.size"),
            Some(expect),
            "{target} {body:?}"
        );
    }
}

#[tokio::test]
async fn counting_without_a_record_changes_nothing() {
    let service = CountRequestBodyLayer::new().layer(service_fn(async |request: Request<_>| {
        let body: CountedBody<Full<Bytes>> = request.into_body();
        assert_eq!(body.size_hint().exact(), Some(3));
        Ok::<_, Infallible>(body.collect().await.unwrap().to_bytes())
    }));
    let request = Request::new(Full::<Bytes>::from("abc"));
    assert_eq!(service.oneshot(request).await.unwrap(), "abc");
}
