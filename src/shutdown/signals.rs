use std::future::pending;

/// Calls `signalled` at each SIGTERM and SIGINT; elsewhere than on Unix, at each Ctrl-C.
#[cfg(unix)]
pub(super) async fn listen(signalled: impl Fn()) {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return unheard(&error).await,
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => tracing::info!(target: "portcullis::shutdown", "SIGTERM"),
            _ = interrupt.recv() => tracing::info!(target: "portcullis::shutdown", "SIGINT"),
        }
        signalled();
    }
}

/// Calls `signalled` at each SIGTERM and SIGINT; elsewhere than on Unix, at each Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn listen(signalled: impl Fn()) {
    loop {
        if let Err(error) = tokio::signal::ctrl_c().await {
            return unheard(&error).await;
        }
        tracing::info!(target: "portcullis::shutdown", "Ctrl-C");
        signalled();
    }
}

async fn unheard(error: &std::io::Error) {
    tracing::error!(target: "portcullis::shutdown", %error, "cannot listen for signals: they end the process at once");
    pending::<()>().await;
}
