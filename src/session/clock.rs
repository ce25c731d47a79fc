//! Times are kept as milliseconds since 1970.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A time before 1970 is 1970.
pub(super) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn time(millis: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_millis(millis))
        .unwrap_or(UNIX_EPOCH)
}

pub(super) fn until(expires: u64, now: u64) -> Duration {
    Duration::from_millis(expires.saturating_sub(now))
}
