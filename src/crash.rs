//! Crashes that nobody awaits become records of the log.
//!
//! What it does:
//!
//! 1. [`spawn_logged`] runs a task as `tokio::spawn` does. A panic in it, or an error that it returns, is logged at `ERROR` with the
//!    task's name, also where its handle was dropped.
//! 2. [`log_panics`] makes every panic of the process a record with its place and its thread. While nobody listens to the log,
//!    panics are printed as before: none is ever silent.
//!
//! A task that a shutdown is to wait for is spawned by [`Handle::spawn`](crate::shutdown::Handle::spawn), which logs in the same way.
//! A handler's panic is [`catch_error`](crate::catch_error)'s, which knows its request; with both, there are two records, of where and
//! of what for.
//!
//! It costs one `catch_unwind` a poll.
//!
//! ```
//! use portcullis::crash::{log_panics, spawn_logged};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! log_panics();
//! let task = spawn_logged("mails", async {
//!     let text = String::from("not a number");
//!     text.parse::<u8>().map(drop)
//! });
//! assert!(task.await.is_ok()); // and one record: task="mails" "the task failed"
//! # }
//! ```

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind, set_hook, take_hook};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::JoinHandle;

use crate::problem::{Chain, OneLine};

type BoxError = Box<dyn StdError + Send + Sync>;

/// How a task ends: with nothing, or with a [`Result`] of nothing whose error is logged.
pub trait Outcome {
    /// The error to log.
    fn failure(self) -> Option<Box<dyn StdError + Send + Sync>>;
}

impl Outcome for () {
    fn failure(self) -> Option<BoxError> {
        None
    }
}

impl<E: Into<BoxError>> Outcome for Result<(), E> {
    fn failure(self) -> Option<BoxError> {
        self.err().map(Into::into)
    }
}

/// `tokio::spawn`, with a record of the task's panic or error. Its handle tells of a panic, as tokio's does.
///
/// # Panics
///
/// Outside of a runtime, as `tokio::spawn` does.
pub fn spawn_logged<F>(name: &'static str, future: F) -> JoinHandle<()>
where
    F: Future<Output: Outcome> + Send + 'static,
{
    tokio::spawn(Logged::new(name, future))
}

/// Makes every panic of this process a record. The second call does nothing.
pub fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if tracing::enabled!(target: "portcullis::crash", tracing::Level::ERROR) {
                record(panic);
            } else {
                before(panic);
            }
        }));
    });
}

fn record(panic: &PanicHookInfo<'_>) {
    // Only where the environment asks for one (`RUST_BACKTRACE`): it takes milliseconds.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| OneLine(backtrace).to_string());
    tracing::error!(
        target: "portcullis::crash",
        location = panic.location().map(ToString::to_string),
        thread = std::thread::current().name(),
        cause = %OneLine(message(panic.payload())),
        backtrace,
        "panicked",
    );
}

pin_project! {
    pub(crate) struct Logged<F> {
        #[pin]
        future: F,
        name: &'static str,
    }
}

impl<F> Logged<F> {
    pub(crate) fn new(name: &'static str, future: F) -> Self {
        Self { future, name }
    }
}

impl<F: Future<Output: Outcome>> Future for Logged<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // What the panic leaves half done is not polled again: it goes on unwinding.
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))) {
            Ok(poll) => poll.map(|outcome| {
                if let Some(error) = outcome.failure() {
                    tracing::error!(target: "portcullis::crash", task = this.name, cause = %Chain(&*error), "the task failed");
                }
            }),
            Err(payload) => {
                let cause = OneLine(message(&*payload));
                tracing::error!(target: "portcullis::crash", task = this.name, %cause, "the task panicked");
                resume_unwind(payload)
            }
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic whose payload is not text")
}
