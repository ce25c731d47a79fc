use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::policy::Seen;
use super::stream;

const NEVER: u64 = u64::MAX;
/// Pings and answers to them go out also where the peer's windows are shut: they are not what it asked for.
const MORE_THAN_A_PING: usize = 512;

/// What goes on in a connection, noted by its socket, its requests and its answers, which for HTTP/2 are tasks of their own.
///
/// Notes, not locks: each is read again whenever something moves, so none needs an order among the others.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    asked: AtomicBool,
    http2: AtomicBool,
    in_flight: AtomicUsize,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    blocked_since: AtomicU64,
    last_taken: AtomicU64,
    taken: AtomicU64,
}

impl Activity {
    /// Of a connection that was accepted at `opened`.
    pub(super) fn new(opened: Instant) -> Self {
        Self {
            opened,
            asked: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(NEVER),
            blocked_since: AtomicU64::new(NEVER),
            last_taken: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.opened.elapsed()
    }

    /// The instant of a time of the policy's; `None` for one that never comes.
    pub(super) fn instant(&self, at: Duration) -> Option<Instant> {
        self.opened.checked_add(at)
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.now().as_millis()).unwrap_or(NEVER)
    }

    pub(super) fn read(&self) {
        if self.in_flight.load(Relaxed) == 0 && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(self.millis(), Relaxed);
        }
    }

    pub(super) fn blocked(&self) {
        if !self.is_blocked() {
            self.blocked_since.store(self.millis(), Relaxed);
        }
    }

    pub(super) fn wrote(&self, bytes: usize) {
        if bytes >= MORE_THAN_A_PING {
            self.last_taken.store(self.millis(), Relaxed);
        }
        self.taken.fetch_add(bytes as u64, Relaxed);
        if self.is_blocked() {
            self.blocked_since.store(NEVER, Relaxed);
        }
    }

    /// Whether the system takes no byte for the peer.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_since.load(Relaxed) != NEVER
    }

    /// How many bytes the system has taken for the peer.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    pub(super) fn seen(&self, stopping_since: Option<Duration>, closing_since: Option<Duration>) -> Seen {
        let time = |noted: &AtomicU64| match noted.load(Relaxed) {
            NEVER => None,
            millis => Some(Duration::from_millis(millis)),
        };
        Seen {
            asked: self.asked.load(Relaxed),
            http2: self.http2.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            idle_since: time(&self.idle_since).unwrap_or_default(),
            head_since: time(&self.head_since),
            blocked_since: time(&self.blocked_since),
            last_taken: time(&self.last_taken).unwrap_or_default(),
            stopping_since,
            closing_since,
        }
    }
}

/// A request in flight, until its answer's body is over.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    http2: bool,
}

impl InFlight {
    pub(super) fn begin(activity: Arc<Activity>, http2: bool) -> Self {
        activity.in_flight.fetch_add(1, Relaxed);
        activity.head_since.store(NEVER, Relaxed);
        activity.http2.store(http2, Relaxed);
        activity.asked.store(true, Relaxed);
        Self { activity, http2 }
    }

    /// Whether it is a stream of its own, beside which others go on.
    pub(super) fn is_stream(&self) -> bool {
        self.http2
    }

    pub(super) fn handed_over(&self) {
        if self.http2 {
            stream::handed_over(&self.activity);
        }
    }

    pub(super) fn asked_on(&self) {
        if self.http2 {
            stream::asked_on();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.activity.idle_since.store(self.activity.millis(), Relaxed);
        self.activity.in_flight.fetch_sub(1, Relaxed);
    }
}
