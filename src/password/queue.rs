use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::error::PasswordError;

/// Lets so many jobs run at once, on threads that may block, and so many others wait for their turn.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    concurrency: usize,
    places: usize,
    running: Arc<Semaphore>,
    /// Those that run and those that wait.
    admitted: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new(concurrency: usize, waiting: usize) -> Self {
        let places = concurrency + waiting;
        Self {
            concurrency,
            places,
            running: Arc::new(Semaphore::new(concurrency)),
            admitted: Arc::new(Semaphore::new(places)),
        }
    }

    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(super) fn running(&self) -> usize {
        self.concurrency - self.running.available_permits()
    }

    pub(super) fn waiting(&self) -> usize {
        let admitted = self.places - self.admitted.available_permits();
        admitted.saturating_sub(self.running())
    }

    /// Dropped while it waits, it gives up its place. Dropped while the job runs, the job runs to its end and keeps its place
    /// until then, since nothing can stop it: no more than so many run at once, whoever still wants their outcome.
    pub(super) async fn run<T, F>(&self, job: F) -> Result<T, PasswordError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(PasswordError::Busy);
        };
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|closed| PasswordError::Internal(closed.into()))?;
        spawn_blocking(move || {
            let _places = (running, admitted);
            job()
        })
        .await
        .map_err(|lost| PasswordError::Internal(lost.into()))
    }
}
