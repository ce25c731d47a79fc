use std::fmt;
use std::sync::{LazyLock, OnceLock};

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};

use super::field::value;
use crate::problem::Problem;

/// Answers that are kept at most, of some 500 bytes each.
const KEPT: usize = 64;

/// The answers to requests too many, each made once: they differ by the seconds to wait.
pub(super) struct Refusals {
    quota: String,
    kept: [OnceLock<(u64, Problem)>; KEPT],
    too_heavy: Problem,
}

/// The answer where the store cannot count, and is not to admit.
pub(super) static UNCOUNTED: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
        .with_detail("requests cannot be counted just now")
        // A store that restarts, or fails over, is back in seconds.
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
});

/// The answer to a request without a key.
pub(super) static NO_KEY: LazyLock<Problem> = LazyLock::new(|| {
    Problem::new(StatusCode::BAD_REQUEST).with_detail("this request lacks what its quota is counted by")
});

impl Refusals {
    pub(super) fn new(quota: &str) -> Self {
        Self {
            quota: quota.to_owned(),
            kept: [const { OnceLock::new() }; KEPT],
            // No `429`: to wait and try again would change nothing.
            too_heavy: Problem::new(StatusCode::BAD_REQUEST)
                .with_detail("this request costs more than its quota ever holds")
                .with_member("quota", quota),
        }
    }

    pub(super) fn too_heavy(&self) -> Problem {
        self.too_heavy.clone()
    }

    /// Waits that are a multiple of [`KEPT`] seconds apart share a place; the later one is made anew each time.
    pub(super) fn problem(&self, seconds: u64) -> Problem {
        let place = usize::try_from(seconds).unwrap_or_default() % KEPT;
        let make = || (seconds, self.make(seconds));
        match self.kept.get(place).map(|kept| kept.get_or_init(make)) {
            Some((own, problem)) if *own == seconds => problem.clone(),
            _ => make().1,
        }
    }

    fn make(&self, seconds: u64) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS)
            .with_detail(format!("too many requests; try again in {seconds} s"))
            .with_member("quota", &self.quota)
            .with_member("retry_after", seconds)
            .with_header(RETRY_AFTER, value(format_args!("{seconds}")))
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}
