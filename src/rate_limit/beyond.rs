use std::time::Duration;

/// The longest that a request may be made to wait.
const LONGEST: Duration = Duration::from_secs(3600);

/// What becomes of a request beyond the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Beyond {
    /// It is refused with a `429`.
    #[default]
    Refuse,
    /// It is made to wait: the first one beyond the quota for `step`, the second twice as long, and so on up to `max`.
    ///
    /// A request that would have to wait longer than `max` is refused, so that no caller has more than `max` divided by `step`
    /// requests waiting at a time: each holds its memory and its connection while it waits. Whoever hangs up while waiting has
    /// used the quota all the same.
    Delay {
        /// By how much each further request waits longer.
        step: Duration,
        /// How long a request waits at most: up to an hour, and not less than `step`.
        max: Duration,
    },
}

impl Beyond {
    /// How many requests beyond the quota are admitted, each after a delay; or what is wrong.
    pub(super) fn extra(self) -> Result<u32, &'static str> {
        match self {
            Self::Refuse => Ok(0),
            Self::Delay { step, .. } if step.is_zero() => Err("the step of a delay must not be 0"),
            Self::Delay { max, .. } if max > LONGEST => Err("a delay must not exceed an hour"),
            Self::Delay { step, max } if max < step => Err("the longest delay must not be below its step"),
            Self::Delay { step, max } => {
                u32::try_from(max.as_nanos() / step.as_nanos()).map_err(|_| "the steps of the delay are too small")
            }
        }
    }

    pub(super) fn step(self) -> Duration {
        match self {
            Self::Refuse => Duration::ZERO,
            Self::Delay { step, .. } => step,
        }
    }
}
