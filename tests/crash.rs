//! No crash is silent. A process of its own: the panic hook is for all of it.

use std::future::pending;
use std::io;

use portcullis::crash::{log_panics, spawn_logged};

#[path = "log/mod.rs"]
mod log;

async fn fall(payload: impl Send + 'static) {
    tokio::task::yield_now().await;
    std::panic::panic_any(payload)
}

#[tokio::test]
async fn a_crash_in_a_task_that_nobody_awaits_is_a_record() {
    let log = log::Log::default();
    let listening = log.listen();
    drop(spawn_logged("mails", async {
        Err::<(), _>(io::Error::other("no route\nINFO forged"))
    }));
    drop(spawn_logged("index", fall("out of bounds")));
    drop(spawn_logged("odd", fall(7)));
    let fine = spawn_logged("fine", async {});
    let dropped = spawn_logged("dropped", pending::<()>());
    dropped.abort();
    fine.await.unwrap();
    // Those that fall were spawned before.
    spawn_logged("last", tokio::task::yield_now()).await.unwrap();
    assert!(dropped.await.unwrap_err().is_cancelled());
    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    for parts in [
        [
            "task=\"mails\"",
            "ERROR",
            "the task failed",
            "cause=no route\\nINFO forged",
        ],
        ["task=\"index\"", "ERROR", "the task panicked", "cause=out of bounds"],
        [
            "task=\"odd\"",
            "ERROR",
            "the task panicked",
            "cause=a panic whose payload is not text",
        ],
    ] {
        assert!(
            lines.iter().any(|line| parts.iter().all(|part| line.contains(part))),
            "{parts:?}: {text}"
        );
    }

    // From here on each panic has a record of its place.
    log_panics();
    log_panics();
    assert!(spawn_logged("placed", fall("as asked")).await.unwrap_err().is_panic());
    let text = log.text();
    let lines: Vec<_> = text.lines().skip(3).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].contains("location=\"tests/crash.rs:") && lines[0].contains("cause=as asked"),
        "{text}"
    );
    assert!(lines[1].contains("task=\"placed\""), "{text}");
    drop(listening);
}
