use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::crash::{Logged, Outcome};

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
    /// The running tasks that were given a name. Touched when one begins and ends only.
    tasks: Mutex<Vec<&'static str>>,
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
                tasks: Mutex::default(),
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

    /// Spawns a background task that the drain waits for. It ends by itself when it hears [`Handle::stop_accepting`]; one that does not
    /// is dropped at the abort, and named by the [`Report`](super::Report).
    ///
    /// Its panic, or the error that it returns, is logged as by [`spawn_logged`](crate::crash::spawn_logged). A task that must outlive the requests, because they give it work, is ended by a hook
    /// instead.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, as `tokio::spawn` does.
    pub fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<()>
    where
        F: Future<Output: Outcome> + Send + 'static,
    {
        let task = Task::begin(self, name);
        let aborted = self.aborted();
        tokio::spawn(async move {
            let _task = task;
            tokio::select! {
                biased;
                () = Logged::new(name, future) => {}
                () = aborted => {}
            }
        })
    }

    /// The tasks that were spawned by [`Handle::spawn`] and run now.
    pub fn tasks(&self) -> Vec<&'static str> {
        self.lock_tasks().clone()
    }

    fn lock_tasks(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A task's name among those that run, and its guard.
struct Task {
    name: &'static str,
    guard: Guard,
}

impl Task {
    fn begin(handle: &Handle, name: &'static str) -> Self {
        handle.lock_tasks().push(name);
        Self {
            name,
            guard: handle.guard(),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut tasks = self.guard.handle.lock_tasks();
        if let Some(index) = tasks.iter().position(|name| *name == self.name) {
            tasks.remove(index);
        }
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
