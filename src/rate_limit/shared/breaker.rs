use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::circuit::{Attempt, Change, Circuit};
use super::outage::OnFailure;
use super::unanswered::Unanswered;

/// The circuit of one store. While all is well no request writes, or locks, what all of them share.
#[derive(Debug)]
pub(super) struct Breaker {
    began: Instant,
    calm: AtomicBool,
    circuit: Mutex<Circuit>,
    on_failure: OnFailure,
}

impl Breaker {
    pub(super) fn new(on_failure: OnFailure) -> Self {
        Self {
            began: Instant::now(),
            calm: AtomicBool::new(true),
            circuit: Mutex::default(),
            on_failure,
        }
    }

    /// Nanoseconds since the store was built.
    pub(super) fn now(&self) -> u64 {
        // Five hundred years.
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    /// Whether the store may be asked.
    pub(super) fn attempt(&self) -> Option<Attempt> {
        if self.calm.load(Ordering::Acquire) {
            return Some(Attempt::Usual);
        }
        self.change(Circuit::attempt)
    }

    pub(super) fn answered(&self, attempt: Attempt) {
        if self.calm.load(Ordering::Acquire) {
            return;
        }
        match self.change(|circuit, now| circuit.answered(attempt, now)) {
            Some(Change::Closed(lasted)) => {
                let after = Duration::from_nanos(lasted);
                tracing::info!(target: "portcullis::rate_limit", ?after, "the store of rate limits answers again");
            }
            Some(Change::Stumbled(failures)) => tracing::warn!(
                target: "portcullis::rate_limit",
                failures,
                on_failure = ?self.on_failure,
                "the store of rate limits left single questions without an answer",
            ),
            _ => {}
        }
    }

    pub(super) fn failed(&self, attempt: Attempt, error: &Unanswered) {
        if self.change(|circuit, now| circuit.failed(attempt, now)) == Some(Change::Opened) {
            tracing::error!(
                target: "portcullis::rate_limit",
                error = error as &(dyn std::error::Error + 'static),
                on_failure = ?self.on_failure,
                "the store of rate limits is down",
            );
        }
    }

    /// What is logged is logged after, without the lock.
    fn change<T>(&self, change: impl FnOnce(&mut Circuit, u64) -> T) -> T {
        let mut circuit = self.circuit.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut circuit, self.now());
        self.calm.store(circuit.is_calm(), Ordering::Release);
        changed
    }
}
