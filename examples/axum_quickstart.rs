//! The whole gate around an axum router.
//!
//! `cargo run --example axum_quickstart --features axum,server`, then `curl -i http://127.0.0.1:3000/`

use axum::{Router, routing::get};
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Algorithm, JwtLayer, Key};
use portcullis::rate_limit::RateLimitLayer;
use portcullis::{server, shutdown::Shutdown, stack::Stack};

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
        .build()?;
    let admin = get(async || "hello, admin").layer(AuthorizeLayer::new(Policy::role("admin")));
    let app = Router::new()
        .route("/", get(async || "hello"))
        .route("/admin", admin)
        .layer(gate);
    let server = server::bind("127.0.0.1:3000")
        .await?
        .with_graceful_shutdown(shutdown.handle().stop_accepting());
    println!("{}", shutdown.run(server.serve(app)).await.0);
    Ok(())
}
