use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::keys::{Entrance, KeyPermit, Keys};
use crate::caller::{Fingerprint, MissingKey, Reports};
use crate::problem::Problem;
use crate::request_view::RequestView;

/// The name in faults and in the log.
pub(super) const LAYER: &str = "throttle";

pub(super) type Skip = Arc<dyn Fn(RequestView<'_>) -> bool + Send + Sync>;

/// What the builder settled and who is under way, shared by all clones of the layer and of its services.
pub(crate) struct Gate {
    pub(super) served: Arc<Semaphore>,
    /// One permit for each that may wait, whatever for.
    pub(super) queue: Arc<Semaphore>,
    pub(super) deadline: Duration,
    pub(super) keys: Option<Arc<Keys>>,
    pub(super) skip: Vec<Skip>,
    /// All are served that may be.
    pub(super) busy: Problem,
    /// All of one caller are served that may be.
    pub(super) too_many: Problem,
    pub(super) reports: Reports,
}

/// What a request is served by, until its answer has ended.
#[derive(Debug)]
pub(crate) struct Permits {
    _key: Option<KeyPermit>,
    _served: OwnedSemaphorePermit,
}

/// What becomes of a request.
pub(super) enum Verdict {
    /// It is not counted.
    Exempt,
    Serve(Permits),
    Wait(Waiting),
    Refuse(Problem),
}

/// A request in the queue, and what it is told if it stays there for too long.
pub(super) struct Waiting {
    pub(super) permits: Pin<Box<dyn Future<Output = Option<Permits>> + Send>>,
    pub(super) refusal: Problem,
    pub(super) deadline: Duration,
}

impl Gate {
    pub(super) fn judge(&self, request: RequestView<'_>) -> Verdict {
        if self.skip.iter().any(|skip| skip(request)) {
            return Verdict::Exempt;
        }
        let entrance = match &self.keys {
            None => None,
            Some(keys) => match self.caller(keys, &request) {
                Ok(caller) => caller.map(|caller| keys.enter(caller)),
                Err(problem) => return Verdict::Refuse(problem),
            },
        };
        match entrance {
            None => self.serve(None),
            Some(Entrance::Served(permit)) => self.serve(Some(permit)),
            Some(Entrance::Full) => Verdict::Refuse(self.too_many.clone()),
            Some(Entrance::Waits(place, semaphore)) => {
                let served = Arc::clone(&self.served);
                self.wait(&self.too_many, async move {
                    let key = place.wait(semaphore).await?;
                    Permits::wait(served, Some(key)).await
                })
            }
        }
    }

    fn serve(&self, key: Option<KeyPermit>) -> Verdict {
        // The semaphore is fair: while others wait, none of its permits is free.
        match Arc::clone(&self.served).try_acquire_owned() {
            Ok(served) => Verdict::Serve(Permits {
                _key: key,
                _served: served,
            }),
            Err(_) => self.wait(&self.busy, Permits::wait(Arc::clone(&self.served), key)),
        }
    }

    /// In the queue, if it has room.
    fn wait<F>(&self, refusal: &Problem, permits: F) -> Verdict
    where
        F: Future<Output = Option<Permits>> + Send + 'static,
    {
        let Ok(queued) = Arc::clone(&self.queue).try_acquire_owned() else {
            return Verdict::Refuse(refusal.clone());
        };
        Verdict::Wait(Waiting {
            permits: Box::pin(async move {
                let permits = permits.await;
                drop(queued);
                permits
            }),
            refusal: refusal.clone(),
            deadline: self.deadline,
        })
    }

    /// Whom to count the request for, or what to answer.
    fn caller(&self, keys: &Keys, request: &RequestView<'_>) -> Result<Option<Fingerprint>, Problem> {
        let caller = match (keys.key.caller(request, &keys.salt), keys.on_missing) {
            (Ok(None), MissingKey::Refuse) => {
                let problem = Problem::new(StatusCode::BAD_REQUEST);
                return Err(problem.with_detail("this request lacks what it would be counted by"));
            }
            (Ok(None), MissingKey::ByAddress) => keys.key.address(request, &keys.salt).map(Some),
            (other, _) => other,
        };
        caller.map_err(|missing| {
            self.reports.report(LAYER, missing);
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}

impl Permits {
    async fn wait(served: Arc<Semaphore>, key: Option<KeyPermit>) -> Option<Self> {
        Some(Self {
            _served: served.acquire_owned().await.ok()?,
            _key: key,
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("free", &self.served.available_permits())
            .field("free_in_queue", &self.queue.available_permits())
            .field("deadline", &self.deadline)
            .field("keys", &self.keys)
            .field("skip", &self.skip.len())
            .finish_non_exhaustive()
    }
}
