//! One of the servers of hyper and tower: `e2e-tower NAME`, see [`SERVERS`].
//!
//! All run on tokio's threads, as many as the process has cores, but the workers of portcullis, which are as many runtimes.

mod bare;
mod log;
mod portcullis;
mod rivals;
mod routes;

use std::env;
use std::error::Error;
use std::pin::Pin;

use e2e_contract::Settings;

type Served = Result<(), Box<dyn Error>>;
type Serving = Pin<Box<dyn Future<Output = Served>>>;

type Serve = fn(Settings) -> Serving;

const SERVERS: &[(&str, Serve)] = &[
    ("hyper", |settings| Box::pin(bare::hyper(settings))),
    ("axum", |settings| Box::pin(bare::axum(settings))),
    ("axum-headers", |settings| Box::pin(bare::axum_with_headers(settings))),
    ("portcullis-axum", |settings| Box::pin(portcullis::axum(settings))),
    ("portcullis-axum-cached", |settings| {
        Box::pin(portcullis::axum_cached(settings))
    }),
    ("portcullis-axum-server", |settings| {
        Box::pin(portcullis::axum_on_own_server(settings))
    }),
    ("portcullis-hyper", |settings| Box::pin(portcullis::hyper(settings))),
    ("portcullis-workers", |settings| Box::pin(portcullis::workers(settings))),
    ("axum-rivals", |settings| Box::pin(rivals::axum(settings))),
];

#[tokio::main]
async fn main() -> Served {
    let name = env::args().nth(1).unwrap_or_default();
    let Some((_, serve)) = SERVERS.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = SERVERS.iter().map(|(name, _)| *name).collect();
        return Err(format!("usage: e2e-tower {}", names.join(" | ")).into());
    };
    let settings = Settings::from_env()?;
    log::listen(&settings)?;
    serve(settings).await
}
