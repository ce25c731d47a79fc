use std::fmt;
use std::sync::OnceLock;

use super::policy::Standing;
use crate::problem::Problem;

/// Answers that are kept at most, of some 500 bytes each.
const KEPT: usize = 64;

/// The answers to requests too many, each made once: they differ by the seconds to wait.
pub(super) struct Refusals {
    quota: String,
    kept: [OnceLock<(u64, Problem)>; KEPT],
}

impl Refusals {
    pub(super) fn new(quota: &str) -> Self {
        Self {
            quota: quota.to_owned(),
            kept: [const { OnceLock::new() }; KEPT],
        }
    }

    /// Waits that are a multiple of [`KEPT`] seconds apart share a place; the later one is made anew each time.
    pub(super) fn problem(&self, standing: Standing) -> Problem {
        let seconds = standing.more_in_seconds();
        let place = usize::try_from(seconds).unwrap_or_default() % KEPT;
        let make = || (seconds, standing.refusal(&self.quota));
        match self.kept.get(place).map(|kept| kept.get_or_init(make)) {
            Some((own, problem)) if *own == seconds => problem.clone(),
            _ => make().1,
        }
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}
