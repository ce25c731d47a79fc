//! A server whose socket systemd, or another supervisor that sets `LISTEN_FDS`, holds open: what connects while it is restarted waits.
//!
//! `cargo build --example socket_activation --features server`, then without a unit of systemd's own
//! `systemd-socket-activate -l 3000 target/debug/examples/socket_activation`, and `curl http://127.0.0.1:3000/`. Of a unit, the part
//! that matters is `[Socket] ListenStream=3000`.

#[cfg(unix)]
#[tokio::main]
async fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;
    use portcullis::server::{self, RequestBody};
    use portcullis::shutdown::Shutdown;
    use tower::{Layer, service_fn};

    let shutdown = Shutdown::builder().build()?;
    let service = shutdown.layer().layer(service_fn(async |_: Request<RequestBody>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{}\n", std::process::id()))))
    }));
    let server = match server::inherited()? {
        Some(server) => server,
        // Begun by hand.
        None => server::bind("127.0.0.1:3000").await?,
    };
    let stop = shutdown.handle().stop_accepting();
    let (report, _) = shutdown.run(server.with_graceful_shutdown(stop).serve(service)).await;
    Ok(report.exit_code())
}

#[cfg(not(unix))]
fn main() {
    eprintln!("sockets are handed over on unix only");
}
