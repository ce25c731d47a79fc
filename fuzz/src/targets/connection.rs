use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use portcullis::client_ip::PeerAddr;
use portcullis::server::{ProxyProtocol, RequestBody, bind_unix};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

struct Server {
    runtime: Runtime,
    socket: PathBuf,
}

/// Over a unix socket, whose peer is this machine, and trusted to speak for others.
static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let socket = std::env::temp_dir().join(format!("portcullis-fuzz-{}.sock", std::process::id()));
    let proxies = ProxyProtocol::optional(["127.0.0.1"]).expect("valid");
    runtime.block_on(async {
        let server = bind_unix(&socket, 0o600).expect("a socket").proxy_protocol(proxies);
        tokio::spawn(server.serve(Hello));
    });
    Mutex::new(Server { runtime, socket })
});

#[derive(Clone)]
struct Hello;

impl Service<Request<RequestBody>> for Hello {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let hosts = request.headers().get_all("host").iter().count();
        let named = hosts == 1 || request.uri().authority().is_some() || request.version() < Version::HTTP_11;
        assert!(hosts <= 1 && named, "{request:?}");
        assert!(PeerAddr::of(request.extensions()).is_some());
        ready(Ok(Response::new(Full::from("hello"))))
    }
}

/// All that a client sends, from its first byte.
pub(super) fn run(data: &[u8]) {
    let server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    server.runtime.block_on(async {
        let mut socket = UnixStream::connect(&server.socket).await.expect("the server lives");
        let _ = socket.write_all(data).await;
        let _ = socket.shutdown().await;
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
    });
}
