//! Reload on save: the blog is rebuilt and restarted when a source file changes, on a socket that stays open throughout.
//!
//! The listener is handed to the blog as its standard input (`LISTEN_STDIN=1`): connections made while it rebuilds wait in the
//! socket's queue instead of being refused.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use crate::run::root;

const WATCHED: &[&str] = &["src", "examples/blog", "Cargo.toml"];
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn dev() -> Result<(), String> {
    let host = std::env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("{host}:{port}")).map_err(|error| format!("{host}:{port}: {error}"))?;
    let mut running: Option<Child> = None;
    let mut served = None;
    loop {
        let saved = WATCHED
            .iter()
            .filter_map(|name| latest(&Path::new(root()).join(name)))
            .max();
        if saved != served {
            served = saved;
            // The old one serves until the new one is built; a build that fails leaves it serving.
            if build()? {
                if let Some(old) = running.take() {
                    stop(old);
                }
                running = Some(start(&listener)?);
            }
        }
        if let Some(child) = &mut running
            && let Ok(Some(status)) = child.try_wait()
        {
            println!("== the blog ended ({status}); waiting for a change");
            running = None;
        }
        sleep(Duration::from_millis(300));
    }
}

fn build() -> Result<bool, String> {
    Command::new(env!("CARGO"))
        .args(["build", "--package", "blog"])
        .current_dir(root())
        .status()
        .map(|status| status.success())
        .map_err(|error| format!("cargo build: {error}"))
}

fn start(listener: &TcpListener) -> Result<Child, String> {
    let socket = OwnedFd::from(listener.try_clone().map_err(|error| error.to_string())?);
    Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "blog"])
        .env("LISTEN_STDIN", "1")
        .stdin(Stdio::from(socket))
        .spawn()
        .map_err(|error| format!("cargo run: {error}"))
}

/// Asks politely, so that requests in flight are answered, and insists after a while.
fn stop(mut child: Child) {
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Ok(Some(_)) = child.try_wait() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// When anything at or below `path` was saved last.
fn latest(path: &Path) -> Option<SystemTime> {
    // The blog writes its database there.
    if path.ends_with("data") {
        return None;
    }
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return metadata.modified().ok();
    }
    let entries = fs::read_dir(path).ok()?.flatten();
    entries.filter_map(|entry| latest(&entry.path())).max()
}
