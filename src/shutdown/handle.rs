use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};

/// How far a shutdown has come; phases only follow each other in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    Grace,
    Draining,
    Aborted,
}

struct Shared {
    phase: watch::Sender<Phase>,
    // The phase's one bit that every request reads; a `watch` takes a lock to be read.
    draining: AtomicBool,
    triggers: watch::Sender<usize>,
    in_flight: AtomicUsize,
    drained: AtomicUsize,
    idle: Notify,
}

/// What servers, tasks and handlers hold of a shutdown. Cloning costs one reference count.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                phase: watch::Sender::new(Phase::Serving),
                draining: AtomicBool::new(false),
                triggers: watch::Sender::new(0),
                in_flight: AtomicUsize::new(0),
                drained: AtomicUsize::new(0),
                idle: Notify::new(),
            }),
        }
    }

    /// Begins the shutdown, as a signal does. The second call skips to the abort, the third skips the hooks.
    pub fn trigger(&self) {
        self.shared
            .triggers
            .send_modify(|count| *count = count.saturating_add(1));
    }

    /// Whether new work is welcome: true until the shutdown begins.
    pub fn is_ready(&self) -> bool {
        *self.shared.phase.borrow() == Phase::Serving
    }

    /// Whether the server has stopped accepting, and open connections are being closed.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Relaxed)
    }

    /// Resolves when the shutdown begins and readiness turns false.
    pub fn unready(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.reached(Phase::Grace)
    }

    /// Resolves when the server is to stop accepting and tasks such as a WebSocket are to end.
    ///
    /// This is the future for axum's `with_graceful_shutdown`.
    pub fn stop_accepting(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.reached(Phase::Draining)
    }

    /// Resolves when the drain is over, and what has not ended is being cut.
    pub fn aborted(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.reached(Phase::Aborted)
    }

    /// The requests and guards that the drain would wait for now.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    /// Makes the drain wait for a task, such as a WebSocket, until the guard is dropped.
    pub fn guard(&self) -> Guard {
        self.shared.in_flight.fetch_add(1, Ordering::SeqCst);
        Guard { handle: self.clone() }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.shared.draining.store(phase >= Phase::Draining, Ordering::Relaxed);
        self.shared.phase.send_replace(phase);
    }

    pub(super) fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + 'static + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            // An error means that the sender is gone, and `shared` holds it.
            let _ = shared.phase.subscribe().wait_for(|now| *now >= phase).await;
        }
    }

    pub(super) async fn triggered(&self, times: usize) {
        let _ = self.shared.triggers.subscribe().wait_for(|count| *count >= times).await;
    }

    pub(super) async fn idle(&self) {
        loop {
            let mut idle = std::pin::pin!(self.shared.idle.notified());
            // Listen before looking, or the last guard may go unheard between the two.
            idle.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }

    pub(super) fn drained(&self) -> usize {
        self.shared.drained.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("phase", &*self.shared.phase.borrow())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

/// Something that the drain waits for; see [`Handle::guard`].
#[derive(Debug)]
#[must_use = "dropped at once, it guards nothing"]
pub struct Guard {
    handle: Handle,
}

impl Guard {
    pub(super) fn is_draining(&self) -> bool {
        self.handle.is_draining()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let shared = &self.handle.shared;
        if self.handle.is_draining() {
            shared.drained.fetch_add(1, Ordering::Relaxed);
        }
        if shared.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 {
            shared.idle.notify_waiters();
        }
    }
}
