use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// What was accepted, and what was read of it before its turn.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
    read_ahead: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

macro_rules! each {
    ($socket:expr, $stream:ident => $do:expr) => {
        match $socket {
            Stream::Tcp($stream) => $do,
            #[cfg(unix)]
            Stream::Unix($stream) => $do,
        }
    };
}

impl Socket {
    pub(super) fn tcp(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self {
            stream: Stream::Tcp(stream),
            read_ahead: Vec::new(),
        }
    }

    #[cfg(unix)]
    pub(super) fn unix(stream: UnixStream) -> Self {
        Self {
            stream: Stream::Unix(stream),
            read_ahead: Vec::new(),
        }
    }

    /// Reads what has come, at the end of `buffer`; nothing at the end of the stream.
    pub(super) async fn read_more(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut chunk = [0; 512];
        loop {
            each!(&self.stream, stream => stream.readable().await)?;
            match each!(&self.stream, stream => stream.try_read(&mut chunk)) {
                Ok(read) => {
                    buffer.extend(chunk.iter().take(read));
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives back what was read too far.
    pub(super) fn unread(&mut self, bytes: Vec<u8>) {
        self.read_ahead = bytes;
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.read_ahead.is_empty() {
            let length = this.read_ahead.len().min(buf.remaining());
            let rest = this.read_ahead.split_off(length);
            buf.put_slice(&this.read_ahead);
            this.read_ahead = rest;
            return Poll::Ready(Ok(()));
        }
        each!(&mut this.stream, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(&mut self.stream, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.stream, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.stream, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn is_write_vectored(&self) -> bool {
        each!(&self.stream, stream => stream.is_write_vectored())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(&mut self.stream, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }
}
