use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::handle::Handle;
use super::report::{HookOutcome, HookReport};
use crate::problem::Chain;

type BoxError = Box<dyn StdError + Send + Sync>;
type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Work for after the drain. Boxed: it runs once in the life of a process.
pub(super) struct Hook {
    name: &'static str,
    start: Box<dyn FnOnce() -> Running + Send + Sync>,
}

impl Hook {
    pub(super) fn new<F, Fut, E>(name: &'static str, work: F) -> Self
    where
        F: FnOnce() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self {
            name,
            start: Box::new(move || Box::pin(async move { work().await.map_err(Into::into) })),
        }
    }

    pub(super) async fn run(self, deadline: Duration, handle: &Handle) -> HookReport {
        let begun = Instant::now();
        // A task of its own, so that a panic ends this hook and not the shutdown.
        let mut task = tokio::spawn((self.start)());
        let outcome = tokio::select! {
            biased;
            () = handle.triggered(3) => HookOutcome::Skipped,
            ended = &mut task => match ended {
                Ok(Ok(())) => HookOutcome::Done,
                Ok(Err(error)) => HookOutcome::Failed(Chain(&*error).to_string()),
                Err(panic) => HookOutcome::Failed(panic.to_string()),
            },
            () = tokio::time::sleep(deadline) => HookOutcome::TimedOut,
        };
        task.abort();
        let duration = begun.elapsed();
        if outcome == HookOutcome::Done {
            tracing::info!(target: "portcullis::shutdown", hook = self.name, ?duration, "hook done");
        } else {
            tracing::error!(target: "portcullis::shutdown", hook = self.name, ?duration, %outcome, "hook not done");
        }
        HookReport {
            name: self.name,
            outcome,
            duration,
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.name).finish()
    }
}
