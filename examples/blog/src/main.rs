//! Starts the blog: configuration, database, router, server, and the way back down.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use blog::app::app;
use blog::config::Config;
use blog::state::AppState;
use blog::telemetry;
use portcullis::shutdown::Shutdown;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("blog: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    telemetry::init(&config);

    let (state, seeded) = AppState::open(config).await.map_err(|error| error.to_string())?;
    let address = (state.config().host, state.config().port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {}:{}: {error}", address.0, address.1))?;

    println!("blog: http://{}", listener.local_addr()?);
    for account in &seeded {
        println!("  {:<7} {:<20} {}", account.role, account.email, account.password);
    }

    let shutdown = Shutdown::builder()
        .hook("database", {
            let state = state.clone();
            move || state.close()
        })
        .build()?;
    let router = app(state, &shutdown.handle())?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(shutdown.handle().stop_accepting());
    let (report, ended) = shutdown.run(server.into_future()).await;
    println!("blog: {report}");
    ended.transpose()?;
    Ok(())
}
