//! The examples of processes that share a port, or follow each other on one, under load.
#![cfg(unix)]

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::*;

/// Beside this test's own binary; `cargo test --test server` alone does not build it.
fn example(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let path = own.parent()?.parent()?.join("examples").join(name);
    if !path.exists() {
        eprintln!(
            "SKIPPED: {} is not built; run `cargo build --example {name}`",
            path.display()
        );
        return None;
    }
    Some(path)
}

async fn cluster(path: PathBuf) -> (Child, SocketAddr, Lines<BufReader<ChildStdout>>) {
    let mut parent = Command::new(path)
        .args(["127.0.0.1:0", "2"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("http://").unwrap().parse().unwrap();
    (parent, address, lines)
}

async fn kill(signal: &str, process: u32) {
    let mut command = Command::new("kill");
    assert!(
        command
            .args([signal, &process.to_string()])
            .status()
            .await
            .unwrap()
            .success()
    );
}

/// One request on a connection that may be kept; whether it may be used again.
async fn request(socket: &mut TcpStream, bytes: &[u8]) -> std::io::Result<bool> {
    socket.write_all(bytes).await?;
    let mut answer = String::new();
    loop {
        let mut chunk = [0; 1024];
        let read = socket.read(&mut chunk).await?;
        if read == 0 {
            return Err(std::io::Error::other(format!("closed after {answer:?}")));
        }
        answer.push_str(&String::from_utf8_lossy(&chunk[..read]));
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return Ok(!head.contains("connection: close"));
            }
        }
    }
}

async fn load(address: SocketAddr, keep: bool, done: Arc<AtomicBool>, served: Arc<AtomicUsize>) -> Vec<String> {
    let mut failed = Vec::new();
    let mut kept: Option<TcpStream> = None;
    while !done.load(Ordering::Relaxed) {
        let one = async {
            let mut socket = match kept.take() {
                Some(socket) => socket,
                None => TcpStream::connect(address).await?,
            };
            if request(&mut socket, if keep { GET } else { LAST }).await? {
                kept = Some(socket);
            }
            Ok::<_, std::io::Error>(())
        };
        match one.await {
            Ok(()) => _ = served.fetch_add(1, Ordering::Relaxed),
            Err(error) => failed.push(error.to_string()),
        }
    }
    failed
}

/// `ROLLING_RESTARTS` says how many; 3 where it does not.
#[tokio::test]
async fn rolling_restarts_under_load_fail_no_request() {
    let Some(path) = example("cluster") else { return };
    let rounds = std::env::var("ROLLING_RESTARTS").map_or(3, |rounds| rounds.parse().unwrap());
    let (mut parent, address, mut lines) = cluster(path).await;
    let (done, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|number| tokio::spawn(load(address, number % 2 == 0, Arc::clone(&done), Arc::clone(&served))))
        .collect();
    for _ in 0..rounds {
        kill("-HUP", parent.id().unwrap()).await;
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "renewed");
    }
    done.store(true, Ordering::Relaxed);
    let mut failed = Vec::new();
    for client in clients {
        failed.extend(client.await.unwrap());
    }
    println!(
        "{} served, {} failed in {rounds} rolling restarts",
        served.load(Ordering::Relaxed),
        failed.len()
    );
    assert!(failed.is_empty(), "{failed:?}");
    kill("-TERM", parent.id().unwrap()).await;
    assert!(parent.wait().await.unwrap().success());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_killed_child_is_begun_anew() {
    let Some(path) = example("cluster") else { return };
    let (mut parent, address, _lines) = cluster(path).await;
    let whose = async || {
        exchange(address, LAST)
            .await
            .split("\r\n\r\n")
            .nth(1)
            .and_then(|id| id.trim().parse::<u32>().ok())
    };
    let mut killed = Vec::new();
    while killed.len() < 2 {
        if let Some(child) = whose().await.filter(|child| !killed.contains(child)) {
            kill("-KILL", child).await;
            killed.push(child);
        }
    }
    // Both are gone, and what connects waits for the next.
    while whose().await.is_none_or(|child| killed.contains(&child)) {}
    kill("-TERM", parent.id().unwrap()).await;
    assert!(parent.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_child_that_does_not_begin_costs_none_that_serves() {
    let Some(path) = example("cluster") else { return };
    let copy = std::env::temp_dir().join(format!("cluster-{}", std::process::id()));
    std::fs::copy(path, &copy).unwrap();
    let (mut parent, address, mut lines) = cluster(copy.clone()).await;
    let first = exchange(address, LAST).await;
    assert!(first.starts_with("HTTP/1.1 200"), "{first:?}");
    std::fs::remove_file(copy).unwrap();
    for _ in 0..2 {
        kill("-HUP", parent.id().unwrap()).await;
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("not renewed"));
        let answer = exchange(address, LAST).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
    kill("-TERM", parent.id().unwrap()).await;
    assert!(parent.wait().await.unwrap().success());
}

#[tokio::test]
async fn children_end_with_a_parent_that_was_killed() {
    let Some(path) = example("cluster") else { return };
    let (mut parent, address, _lines) = cluster(path).await;
    assert!(exchange(address, LAST).await.starts_with("HTTP/1.1 200"));
    kill("-KILL", parent.id().unwrap()).await;
    parent.wait().await.unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_connects_between_two_activated_processes_waits() {
    let Some(path) = example("socket_activation") else {
        return;
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // As systemd does: the socket is descriptor 3, and the variables name the process itself.
    let activate = || {
        Command::new("sh")
            .args(["-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" 3<&0 </dev/null"])
            .arg(&path)
            .stdin(std::os::fd::OwnedFd::from(listener.try_clone().unwrap()))
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    };
    let mut before = None;
    for _ in 0..3 {
        // Before anybody accepts.
        let mut waiting = TcpStream::connect(address).await.unwrap();
        waiting.write_all(LAST).await.unwrap();
        let mut process = activate();
        let own = Some(process.id().unwrap().to_string());
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).await.unwrap();
        let answered = answer.lines().last().map(str::to_owned);
        assert_eq!(answered, own, "{answer:?}");
        assert_ne!(answered, before);
        before = own;
        kill("-TERM", process.id().unwrap()).await;
        assert!(process.wait().await.unwrap().success());
    }
}
