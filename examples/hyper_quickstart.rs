//! The same gate around a plain hyper service.
//!
//! `cargo run --example hyper_quickstart --features server`, then `curl -i http://127.0.0.1:3000/`

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode};
use portcullis::authorize::Policy;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Algorithm, JwtLayer, Key};
use portcullis::rate_limit::RateLimitLayer;
use portcullis::server::{self, RequestBody};
use portcullis::{shutdown::Shutdown, stack::Stack};
use tower::{Layer, service_fn};

async fn service(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match request.uri().path() {
        "/" => (StatusCode::OK, "hello"),
        "/admin" => (StatusCode::OK, "hello, admin"),
        _ => (StatusCode::NOT_FOUND, ""),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let key = Key::hmac(Algorithm::HS256, b"32 bytes or more, from a secret store");
    let shutdown = Shutdown::builder().build()?;
    let gate = Stack::builder()
        .shutdown(shutdown.layer())
        .cors(CorsLayer::builder().origin("https://app.example.com").credentials(true))
        .rate_limit(RateLimitLayer::builder().quota("100 per 15 minutes".parse()?))
        .csrf(CsrfLayer::builder().trust_origin("https://app.example.com"))
        .jwt(
            JwtLayer::builder()
                .key(key)
                .issuer("https://id.example.com")
                .audience("shop")
                .optional(),
        )
        .authorize(Policy::role("admin") | Policy::request("open", |request| request.uri().path() != "/admin"))
        .build()?;
    let app = gate.layer(service_fn(service));
    let server = server::bind("127.0.0.1:3000")
        .await?
        .with_graceful_shutdown(shutdown.handle().stop_accepting());
    println!("{}", shutdown.run(server.serve(app)).await.0);
    Ok(())
}
