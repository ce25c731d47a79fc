use std::time::Instant;

/// Nanoseconds since it was made.
#[derive(Debug)]
pub(super) struct Ticks {
    begun: Instant,
}

impl Ticks {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now() }
    }

    /// 584 years fit.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
