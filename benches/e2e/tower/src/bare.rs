//! Without a gate: what all others are measured against.

use std::convert::Infallible;

use e2e_contract::Settings;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Served;
use crate::routes::{answer, router};

pub(crate) async fn listener(settings: &Settings) -> std::io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", settings.port)).await
}

pub(crate) async fn hyper(settings: Settings) -> Served {
    let listener = listener(&settings).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(async |request| Ok::<_, Infallible>(answer(&request)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A client that goes away in the middle of something is no fault of ours.
        tokio::spawn(async { drop(connection.await) });
    }
}

pub(crate) async fn axum(settings: Settings) -> Served {
    let listener = listener(&settings).await?;
    Ok(axum::serve(listener, router()).await?)
}
