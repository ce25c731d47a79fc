use std::fmt;

/// Nanoseconds since it was made. Made once: making a clock costs more than any decision.
pub(super) struct Ticks {
    clock: quanta::Clock,
    begun: u64,
}

impl Ticks {
    pub(super) fn new(clock: quanta::Clock) -> Self {
        Self {
            begun: clock.raw(),
            clock,
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.delta_as_nanos(self.begun, self.clock.raw())
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticks").finish_non_exhaustive()
    }
}
