//! One process, served by tokio's threads together or by workers of one thread each.
//!
//! `cargo run --release --example workers --features server -- threads 127.0.0.1:3000`, or `workers` in place of `threads`; then a load generator, such as
//! `wrk -c 100 http://127.0.0.1:3000/`, tells which is faster for a service.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use portcullis::server::{self, RequestBody};
use tower::service_fn;

async fn hello(_: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let how = arguments.next();
    let address = arguments.next().unwrap_or("127.0.0.1:3000".into());
    let count = std::thread::available_parallelism()?.get();
    match how.as_deref() {
        #[cfg(unix)]
        Some("workers") => {
            let server = server::bind_reuse_port(address, count).await?;
            server.workers(count).serve(|| service_fn(hello)).await?;
        }
        Some("shared") => {
            let server = server::bind(address).await?;
            server.workers(count).serve(|| service_fn(hello)).await?;
        }
        _ => server::bind(address).await?.serve(service_fn(hello)).await,
    }
    Ok(())
}
