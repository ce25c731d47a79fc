use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
#[cfg(feature = "tls")]
use std::task::ready;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

#[cfg(feature = "tls")]
use super::alpn::Agreed;
use super::proxy::{self, ProxyProtocol};
use super::settings::Settings;
use super::socket::Socket;

/// A connection that HTTP can be spoken on.
pub(super) enum Transport {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<Socket>>, Agreed),
}

/// Reads what comes before HTTP, within the deadline of a head. `None` for a connection that is to be closed.
pub(super) async fn open(
    socket: Socket,
    peer: SocketAddr,
    settings: &Settings,
    opened: Instant,
) -> Option<(Transport, SocketAddr)> {
    if settings.is_plain() {
        return Some((Transport::Plain(socket), peer));
    }
    let opening = negotiate(socket, peer, settings);
    let opened = match opened.checked_add(settings.deadlines.header) {
        Some(until) => timeout_at(until, opening)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        None => opening.await,
    };
    match opened {
        Ok(opened) => Some(opened),
        Err(error) => {
            tracing::debug!(target: "portcullis::server", %peer, %error, "connection not opened");
            None
        }
    }
}

impl Settings {
    fn is_plain(&self) -> bool {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return false;
        }
        self.proxy.is_none()
    }
}

async fn negotiate(
    mut socket: Socket,
    mut peer: SocketAddr,
    settings: &Settings,
) -> io::Result<(Transport, SocketAddr)> {
    if let Some(protocol) = &settings.proxy {
        peer = introduce(&mut socket, peer, protocol).await?;
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = &settings.tls {
        let stream = tls.acceptor().accept(socket).await?;
        let agreed = Agreed::upon(stream.get_ref().1.alpn_protocol());
        return Ok((Transport::Tls(Box::new(stream), agreed), peer));
    }
    Ok((Transport::Plain(socket), peer))
}

/// Whom a trusted proxy says the connection is from.
async fn introduce(socket: &mut Socket, peer: SocketAddr, protocol: &ProxyProtocol) -> io::Result<SocketAddr> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if !protocol.trusts(peer.ip()) {
        return if protocol.is_required() {
            refused("not from a trusted proxy")
        } else {
            Ok(peer)
        };
    }
    let mut bytes = Vec::new();
    loop {
        match proxy::parse(&bytes) {
            proxy::Header::Partial => {
                if socket.read_more(&mut bytes).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            proxy::Header::Absent if protocol.is_required() => return refused("no PROXY header from a trusted proxy"),
            proxy::Header::Absent => {
                socket.unread(bytes);
                return Ok(peer);
            }
            proxy::Header::Invalid => return refused("a PROXY header that is none"),
            proxy::Header::Whole { length, source } => {
                socket.unread(bytes.split_off(length));
                return Ok(source.unwrap_or(peer));
            }
        }
    }
}

macro_rules! each {
    ($transport:expr, $stream:ident => $do:expr) => {
        match $transport {
            Transport::Plain($stream) => $do,
            #[cfg(feature = "tls")]
            Transport::Tls($stream, _) => $do,
        }
    };
}

impl Transport {
    pub(super) fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl AsyncRead for Transport {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            #[cfg(feature = "tls")]
            Self::Tls(stream, agreed) => {
                let before = buf.filled().len();
                ready!(Pin::new(stream).poll_read(cx, buf))?;
                Poll::Ready(agreed.admit(buf.filled().get(before..).unwrap_or_default()))
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(&mut *self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut *self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut *self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(&mut *self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }
}
