use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// How much of an answer over HTTP/2 is handed over at once: a frame as large as every peer takes (RFC 9113 section 4.2). What is
/// handed over can be taken back only until its end is, too.
pub(super) const PIECE: usize = 16 * 1024;

/// The service's own buffer, or a part of one.
#[derive(Debug)]
pub(super) enum Piece<D> {
    Whole(D),
    Part(Bytes),
}

/// The next piece of a buffer, and what is left of it.
pub(super) fn cut<D: Buf>(mut data: D) -> (Piece<D>, Option<D>) {
    if data.remaining() <= PIECE {
        return (Piece::Whole(data), None);
    }
    // No copy where the buffer is a `Bytes`.
    (Piece::Part(data.copy_to_bytes(PIECE)), Some(data))
}

macro_rules! each {
    ($piece:expr, $buf:ident => $do:expr) => {
        match $piece {
            Piece::Whole($buf) => $do,
            Piece::Part($buf) => $do,
        }
    };
}

impl<D: Buf> Buf for Piece<D> {
    fn remaining(&self) -> usize {
        each!(self, buf => buf.remaining())
    }

    fn chunk(&self) -> &[u8] {
        each!(self, buf => buf.chunk())
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        each!(self, buf => buf.chunks_vectored(slices))
    }

    fn advance(&mut self, count: usize) {
        each!(self, buf => buf.advance(count));
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        each!(self, buf => buf.copy_to_bytes(length))
    }
}
