use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::activity::Activity;
use super::transport::Transport;

/// How long a client may go on sending what will not be read.
const LINGER: Duration = Duration::from_secs(1);

/// A connection that is not closed upon a client which is still sending.
///
/// To close a socket with unread bytes in it is to reset it, and many clients then lose the answer they were sent, such as
/// the `431` for a head too large (RFC 9112 section 9.6). With nothing unread it closes at once.
///
/// It also notes when the peer sends and when it takes nothing.
pub(super) struct Linger {
    io: TokioIo<Transport>,
    activity: Arc<Activity>,
    until: Option<Pin<Box<Sleep>>>,
    // Held also by what the connection was upgraded to, which is a descriptor as before.
    _place: Option<OwnedSemaphorePermit>,
}

impl Linger {
    pub(super) fn new(stream: Transport, activity: Arc<Activity>, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            io: TokioIo::new(stream),
            activity,
            until: None,
            _place: place,
        }
    }

    fn noted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.activity.blocked(),
            Poll::Ready(bytes) => self.activity.wrote(*bytes.as_ref().unwrap_or(&0)),
        }
        written
    }
}

impl Read for Linger {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.activity.read();
        }
        read
    }
}

impl Write for Linger {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.noted(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        ready!(self.noted(flushed.map_ok(|()| 0)))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.until.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        let mut scratch = [0; 4096];
        loop {
            let mut unread = ReadBuf::new(&mut scratch);
            match Pin::new(this.io.inner_mut()).poll_read(cx, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {
                    let until = this.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
                    if until.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    return match &mut this.until {
                        Some(until) => until.as_mut().poll(cx).map(Ok),
                        None => Poll::Ready(Ok(())),
                    };
                }
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.noted(written)
    }
}
