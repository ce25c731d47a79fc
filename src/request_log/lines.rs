use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

type WriteLine = dyn Fn(&[u8]) -> io::Result<()> + Send + Sync;

/// Where lines go.
pub(super) struct Lines {
    write: Box<WriteLine>,
    reported: AtomicBool,
}

impl Lines {
    pub(super) fn new<F, W>(make_writer: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: io::Write,
    {
        Self {
            write: Box::new(move |line| make_writer().write_all(line)),
            reported: AtomicBool::new(false),
        }
    }

    /// Writes a line in one piece. A full disk is no reason to fail a request: it is reported once. Nor is a writer that panics, and
    /// where the record is dropped by another panic it would end the process.
    pub(super) fn put(&self, line: &[u8]) {
        let write = AssertUnwindSafe(|| (self.write)(line));
        let written = catch_unwind(write).unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
        if let Err(error) = written
            && !self.reported.swap(true, Ordering::Relaxed)
        {
            tracing::error!(
                target: "portcullis::request_log",
                %error,
                "a line of the log could not be written; this is said once",
            );
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
