use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::socket::Socket;
#[cfg(unix)]
use super::unix::UnixSocket;

/// Long enough not to spin while descriptors are short, short enough to serve as soon as they are not.
const PAUSE: Duration = Duration::from_millis(100);
/// Who is at the other end of a unix socket is on this machine.
#[cfg(unix)]
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where connections come from.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

/// A listener outside of any runtime, to be put into that of a worker.
#[derive(Debug)]
pub(super) enum Detached {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(Arc<super::unix::Detached>),
}

/// A connection and its place among those that are open at once.
pub(super) type Accepted = (Socket, SocketAddr, Option<OwnedSemaphorePermit>);

/// A peer that is gone without a word is found by the system after 2 minutes, also where nothing is sent to it: what waits for an event
/// may wait for ever. Linux gives the option to each connection of the listener.
fn probes() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
}

impl Listener {
    pub(super) fn tcp(listener: TcpListener) -> Self {
        let _ = SockRef::from(&listener).set_tcp_keepalive(&probes());
        Self::Tcp(listener)
    }

    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    fn poll_accept(&self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<(Socket, SocketAddr)>> {
        match self {
            Self::Tcp(listener) => listener
                .poll_accept(cx)
                .map_ok(|(stream, peer)| (Socket::tcp(stream), peer)),
            #[cfg(unix)]
            Self::Unix(listener) => listener.poll_accept(cx).map_ok(|stream| (Socket::unix(stream), LOCAL)),
        }
    }

    pub(super) fn detach(self) -> io::Result<Detached> {
        match self {
            Self::Tcp(listener) => listener.into_std().map(Detached::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => listener.detach().map(Arc::new).map(Detached::Unix),
        }
    }
}

impl Detached {
    /// The same socket once more, in the runtime that this is called in.
    pub(super) fn attach(&self) -> io::Result<Listener> {
        match self {
            Self::Tcp(listener) => TcpListener::from_std(listener.try_clone()?).map(Listener::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => UnixSocket::attach(listener).map(Listener::Unix),
        }
    }

    fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok((Socket::tcp(TcpStream::from_std(stream)?), peer))
            }
            #[cfg(unix)]
            Self::Unix(listener) => listener.accept().map(|stream| (Socket::unix(stream), LOCAL)),
        }
    }
}

/// The next connection of any listener, once the cap has room for it. Cancel safe.
pub(super) async fn accept(listeners: &[Listener], room: &Arc<Semaphore>, turn: &mut usize) -> Accepted {
    // The semaphore is never closed, so there is always a permit to come.
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        // In turn, so that a busy listener does not shut out the next.
        let first = *turn;
        *turn = turn.wrapping_add(1);
        let accepted = poll_fn(|cx| {
            let (later, sooner) = listeners.split_at(first % listeners.len().max(1));
            for listener in sooner.iter().chain(later) {
                if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        });
        match accepted.await {
            Ok((socket, peer)) => return (socket, peer, permit),
            Err(error) if is_of_the_client(error.kind()) => {}
            Err(error) => {
                tracing::error!(target: "portcullis::server", %error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// What waits in the system's queue, which the system resets when the last listener of its socket is closed.
pub(super) fn waiting(listeners: Vec<Listener>, room: &Arc<Semaphore>) -> Vec<Accepted> {
    let mut waiting = Vec::new();
    for listener in listeners.into_iter().filter_map(|listener| listener.detach().ok()) {
        while let Ok(permit) = Arc::clone(room).try_acquire_owned()
            && let Ok((socket, peer)) = listener.accept()
        {
            waiting.push((socket, peer, Some(permit)));
        }
    }
    waiting
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
