use std::sync::atomic::{AtomicU64, Ordering};

use http::Extensions;

use super::limiter::LAYER;
use crate::request_id::RequestId;

/// Nanoseconds between two lines about the same quota.
const PAUSE: u64 = 10_000_000_000;

/// What would have been refused by one quota, so far untold. A line a request would let anybody fill the disk.
#[derive(Debug, Default)]
pub(super) struct Tally {
    refused: AtomicU64,
    next: AtomicU64,
}

impl Tally {
    pub(super) fn refused(&self, quota: &str, reason: &str, request: &Extensions, now: u64) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let next = self.next.load(Ordering::Relaxed);
        let due = now >= next
            && self
                .next
                .compare_exchange(next, now + PAUSE, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if due {
            tracing::warn!(
                target: "portcullis::rate_limit",
                layer = LAYER,
                quota,
                requests = self.refused.swap(0, Ordering::Relaxed),
                request_id = request.get::<RequestId>().map(RequestId::as_str),
                "dry run: would refuse; {reason}",
            );
        }
    }
}
