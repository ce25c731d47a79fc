//! SIGTERM and SIGINT lead the shutdown. A process of its own: a signal is for all of it.
#![cfg(unix)]

use std::process::Command;

use portcullis::shutdown::Shutdown;

#[tokio::test]
async fn sigterm_begins_and_sigint_aborts() {
    let shutdown = Shutdown::builder().build().unwrap();
    let handle = shutdown.handle();
    let _stalled = handle.guard();
    let running = tokio::spawn(shutdown.drained());
    // One turn of the scheduler, in which the task installs its listeners.
    tokio::task::yield_now().await;
    let kill = |signal: &str| {
        let status = Command::new("kill")
            .args([signal, &std::process::id().to_string()])
            .status();
        assert!(status.unwrap().success());
    };
    kill("-TERM");
    handle.stop_accepting().await;
    assert!(!handle.is_ready() && handle.is_draining());
    kill("-INT");
    assert_eq!(running.await.unwrap().aborted(), 1);
}
