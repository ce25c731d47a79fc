//! The pure decisions: when a connection has had its time, when an answer that its peer does not take, and when a request body.

use std::time::Duration;

/// The deadlines of every connection.
#[derive(Debug, Clone)]
pub(super) struct Deadlines {
    pub(super) header: Duration,
    pub(super) write: Duration,
    pub(super) keep_alive: Duration,
    pub(super) idle_grace: Duration,
}

/// How fast a request body must come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) timeout: Duration,
    /// Bytes a second; 0 asks for none.
    pub(super) min_rate: u32,
}

/// How long an answer over HTTP/2 may wait for its peer to take a piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) write: Duration,
    /// Bytes in which each answer of a connection has had its turn.
    pub(super) round: u64,
}

/// What was seen of a connection since an answer on it waits for its peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Untaken {
    /// Bytes that the system took for the peer.
    pub(super) passed: u64,
    /// Whether it takes none at the moment.
    pub(super) blocked: bool,
}

/// What was seen of a connection. All times are since it was accepted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Whether a request ever came.
    pub(super) asked: bool,
    pub(super) http2: bool,
    /// Requests whose answers have not been handed over.
    pub(super) in_flight: usize,
    /// Since when nothing has been in flight.
    pub(super) idle_since: Duration,
    /// When the first byte of a head came that is not yet whole.
    pub(super) head_since: Option<Duration>,
    /// Since when the system has taken no byte for the peer.
    pub(super) blocked_since: Option<Duration>,
    /// When the system last took a good piece of an answer for the peer.
    pub(super) last_taken: Duration,
    /// When the server was told to stop.
    pub(super) stopping_since: Option<Duration>,
    /// When the connection was told to end after the answers in flight.
    pub(super) closing_since: Option<Duration>,
}

/// What is to be done with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before this time.
    Wait(Duration),
    /// End it after the answers in flight (HTTP/2: `GOAWAY`).
    Close,
    /// End it at once.
    Cut(Cause),
}

/// Why a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Header,
    Write,
}

impl Deadlines {
    /// What is due at `now`, or when to look again.
    pub(super) fn judge(&self, seen: &Seen, now: Duration) -> Verdict {
        let idle = seen.in_flight == 0;
        let mut next = Duration::MAX;
        let mut due = |since: Duration, wait: Duration| {
            let at = since.saturating_add(wait);
            next = next.min(at.max(now));
            at <= now
        };
        let header = due_header(seen, idle);
        if header.is_some_and(|since| due(since, self.header)) {
            return Verdict::Cut(Cause::Header);
        }
        // What is over but for its last bytes, of which no body tells: they may be many, and the peer slow.
        let over = seen
            .closing_since
            .filter(|_| idle)
            .map(|since| since.max(seen.idle_since).max(seen.last_taken));
        for since in [seen.blocked_since, over].into_iter().flatten() {
            if due(since, self.write) {
                return Verdict::Cut(Cause::Write);
            }
        }
        if seen.closing_since.is_some() {
            return Verdict::Wait(next);
        }
        if let Some(since) = seen.stopping_since {
            // GOAWAY loses nothing that is on its way. HTTP/1 has only `Connection: close` on the next answer.
            // What has come of the first head may be a preface, after which nothing need come.
            let nothing_to_come = idle && (seen.head_since.is_none() || !seen.asked);
            if (seen.http2 && seen.asked) || (nothing_to_come && due(since.max(seen.idle_since), self.idle_grace)) {
                return Verdict::Close;
            }
        }
        if seen.asked && idle && (seen.http2 || seen.head_since.is_none()) && due(seen.idle_since, self.keep_alive) {
            return Verdict::Close;
        }
        Verdict::Wait(next)
    }
}

impl Patience {
    /// What is due for an answer that has waited so long, or how long it has to wait.
    pub(super) fn judge(self, seen: Untaken, waited: Duration) -> Verdict {
        if waited < self.write {
            return Verdict::Wait(self.write);
        }
        // On a narrow link answers wait for each other, and not for a window that is shut. That it moves at all is the
        // connection's to judge.
        if seen.blocked && seen.passed < self.round {
            return Verdict::Wait(waited.saturating_add(self.write));
        }
        Verdict::Cut(Cause::Write)
    }
}

/// Since when a head is awaited. Over HTTP/2 only the first: what comes between streams may be a ping.
fn due_header(seen: &Seen, idle: bool) -> Option<Duration> {
    match seen {
        Seen { asked: false, .. } => Some(Duration::ZERO),
        Seen { http2: false, .. } if idle => seen.head_since,
        _ => None,
    }
}

impl Pace {
    /// How long to wait for the next piece of a body of which `received` bytes came in `waited`, waiting for the client only.
    pub(super) fn patience(self, waited: Duration, received: u64) -> Duration {
        if self.min_rate == 0 {
            return self.timeout;
        }
        let earned = Duration::from_millis(received.saturating_mul(1000) / u64::from(self.min_rate));
        let left = self.timeout.saturating_add(earned).saturating_sub(waited);
        left.min(self.timeout)
    }
}
