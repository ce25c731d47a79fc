//! Starts the blog: configuration, database, router, server, and the way back down.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;

use blog::app::{app, routes};
use blog::cli::{Cli, Command};
use blog::config::{Config, Stage};
use blog::database::{backup, migrate};
use blog::state::AppState;
use blog::{housekeeping, operations, seed, telemetry};
use clap::Parser;
use portcullis::crash;
use portcullis::server::Server;
use portcullis::shutdown::Shutdown;
use portcullis::stack::Stack;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("blog: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    match Cli::parse().command {
        None => return serve().await,
        Some(Command::Routes) => {
            let shutdown = Shutdown::builder().build()?;
            let explanation = Stack::builder().build()?.explain();
            say(routes(&shutdown.handle(), explanation)?.audit());
        }
        Some(Command::Healthcheck) => say(operations::healthcheck(&Config::from_env()?)?),
        Some(Command::Migrate { step, steps, yes }) => {
            telemetry::on_standard_error();
            let config = Config::from_env()?;
            if let Some(direction) = step.direction(steps) {
                if direction.loses_rows() && config.stage != Stage::Development && !yes {
                    return Err("this drops tables with all that is in them: say `--yes`".into());
                }
                migrate::run(&config.database, direction).await.map_err(told)?;
            }
            let status = migrate::status(&config.database).await.map_err(told)?;
            say(status.trim_end());
        }
        Some(Command::Seed(size)) => {
            telemetry::on_standard_error();
            let state = AppState::open(Config::from_env()?).await.map_err(told)?.0;
            let seeded = seed::fill(&state, size).await.map_err(told)?;
            state.close().await?;
            say(seeded);
        }
        Some(Command::Backup { to }) => {
            telemetry::on_standard_error();
            backup::write(&Config::from_env()?.database, &to).await.map_err(told)?;
            say(format_args!("copied to {}", to.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A reader that has read enough, such as `head`, is no failure.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: portcullis::Error) -> String {
    error.to_string()
}

async fn serve() -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    // Dropped last of all, so that the log has the last word of everybody.
    let telemetry = telemetry::init(&config)?;
    crash::log_panics();
    // Before the database: a second blog on the same port must not migrate the first one's file.
    let listener = listen(&config)?;
    let admin = operations::listen(&config)?;

    let (state, seeded) = AppState::open(config).await.map_err(told)?;
    let shutdown = Shutdown::builder()
        .hook("database", {
            let state = state.clone();
            move || state.close()
        })
        .build()?;
    let handle = shutdown.handle();
    state.metrics().install();
    let upkeep = crash::spawn_logged("metrics upkeep", state.metrics().clone().upkeep());
    handle.spawn("housekeeping", housekeeping::run(state.clone(), handle.clone()));
    let router = app(state.clone(), &handle)?;

    say(format_args!("blog: http://{}", listener.local_addr()?));
    let admin = match admin {
        Some(listener) => {
            say(format_args!("  admin http://{}", listener.local_addr()?));
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let router = operations::router(state, handle.clone(), telemetry.level().clone());
            // Not told to stop: probes are answered while the blog drains, or an orchestrator takes it for dead.
            Some(crash::spawn_logged(
                "admin",
                Server::from_listener(listener).serve(router),
            ))
        }
        None => None,
    };
    for account in &seeded {
        say(format_args!(
            "  {:<7} {:<20} {}",
            account.role, account.email, account.password
        ));
    }
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let server = Server::from_listener(listener).with_graceful_shutdown(handle.stop_accepting());
    let (report, _) = shutdown.run(server.serve(router)).await;
    say(format_args!("blog: {report}"));
    upkeep.abort();
    if let Some(admin) = admin {
        admin.abort();
    }
    Ok(report.exit_code())
}

fn listen(config: &Config) -> Result<TcpListener, String> {
    let listener = if config.listen_stdin {
        inherited().map_err(|error| format!("LISTEN_STDIN: standard input is no listening socket: {error}"))
    } else {
        TcpListener::bind((config.host, config.port))
            .map_err(|error| format!("cannot listen on {}:{}: {error}", config.host, config.port))
    }?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    Ok(listener)
}

#[cfg(unix)]
fn inherited() -> io::Result<TcpListener> {
    use std::os::fd::AsFd;

    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    listener.local_addr().map(|_| listener)
}

#[cfg(not(unix))]
fn inherited() -> io::Result<TcpListener> {
    Err(io::ErrorKind::Unsupported.into())
}
