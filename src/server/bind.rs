use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

use super::listener::Listener;
use super::serve::Server;

/// How many connections may wait in the system's queue; the system may allow fewer.
#[cfg(unix)]
const BACKLOG: i32 = 1024;

/// Listens on an address such as `"0.0.0.0:3000"`; port 0 takes a free one.
pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
    TcpListener::bind(address).await.map(Server::from_listener)
}

/// Listens on an address with as many sockets, among which the system spreads connections (`SO_REUSEPORT`): one for each of
/// [`Server::workers`].
///
/// Any process of the same user may then listen on the port too. Connections that wait at a socket are reset when it is closed,
/// also where others go on listening: processes that follow each other share one socket instead, as with [`from_stdin`].
#[cfg(unix)]
pub async fn bind_reuse_port(address: impl ToSocketAddrs, sockets: usize) -> io::Result<Server> {
    let mut first: Option<SocketAddr> = None;
    let mut listeners = Vec::new();
    for _ in 0..sockets.max(1) {
        let listener = if let Some(address) = first {
            reuse_port(address)?
        } else {
            let mut bound = Err(io::ErrorKind::AddrNotAvailable.into());
            for address in lookup_host(&address).await? {
                bound = reuse_port(address);
                if bound.is_ok() {
                    break;
                }
            }
            bound?
        };
        // Port 0 is a free one only once.
        first = Some(listener.local_addr()?);
        listeners.push(Listener::tcp(listener));
    }
    Ok(Server::new(listeners))
}

#[cfg(unix)]
fn reuse_port(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Listens on a unix socket, whose file has this mode (such as `0o660`) from the moment it is there.
///
/// A socket that a killed process left is replaced; one that answers is an error. The file is removed with the server. As a peer's
/// address, requests carry `127.0.0.1:0`, so that a proxy on this machine is trusted as one.
#[cfg(unix)]
pub fn bind_unix(path: impl AsRef<std::path::Path>, mode: u32) -> io::Result<Server> {
    let socket = super::unix::UnixSocket::bind(path.as_ref(), mode)?;
    Ok(Server::new(vec![Listener::Unix(socket)]))
}

/// Listens on the sockets that systemd or another supervisor hands over (`LISTEN_FDS`): TCP and unix. `None` where there are none.
///
/// The supervisor holds them open, so that connections wait through a restart and none is lost. The second call finds none.
#[cfg(unix)]
pub fn inherited() -> io::Result<Option<Server>> {
    let mut handed = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed.len() {
        if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
            listeners.push(tcp(listener)?);
        } else if let Some(listener) = handed.take_unix_listener(index)? {
            listeners.push(Listener::Unix(super::unix::UnixSocket::inherited(listener)?));
        }
    }
    Ok((!listeners.is_empty()).then(|| Server::new(listeners)))
}

/// Listens on the TCP socket that is this process's standard input: of a parent that gave it to several children, or of systemd with
/// `StandardInput=socket`.
///
/// The parent holds it open, so that connections wait through a restart of a child and none is lost.
#[cfg(unix)]
pub fn from_stdin() -> io::Result<Server> {
    use std::os::fd::AsFd;

    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = std::net::TcpListener::from(socket);
    // Asked for here, where it is plain what is wrong.
    listener.local_addr()?;
    Ok(Server::new(vec![tcp(listener)?]))
}

#[cfg(unix)]
fn tcp(listener: std::net::TcpListener) -> io::Result<Listener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Listener::tcp)
}
