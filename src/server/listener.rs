use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Long enough not to spin while descriptors are short, short enough to serve as soon as they are not.
const PAUSE: Duration = Duration::from_millis(100);

/// The next connection, once the cap has room for it. Cancel safe.
pub(super) async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there is always a permit to come.
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(error) => {
                tracing::error!(target: "portcullis::server", %error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The client was gone before its turn came; the next one is not concerned (accept(2)).
fn is_of_the_client(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    #[test]
    fn only_a_lost_client_is_passed_over_without_a_pause() {
        fn check(error: &io::Error, expect: bool) {
            assert_eq!(super::is_of_the_client(error.kind()), expect, "{error}");
        }
        check(&io::ErrorKind::ConnectionAborted.into(), true);
        check(&io::ErrorKind::ConnectionReset.into(), true);
        check(&io::ErrorKind::OutOfMemory.into(), false);
        // EMFILE on Linux, the BSDs and macOS.
        check(&io::Error::from_raw_os_error(24), false);
    }
}
