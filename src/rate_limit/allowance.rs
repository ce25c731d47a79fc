use std::borrow::Cow;
use std::time::Duration;

use super::policy::Standing;

/// What the caller has left, in the request's extensions where
/// [`expose_state`](super::RateLimitLayerBuilder::expose_state) asks for it. Of several quotas it is the one that has the least left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    quota: Cow<'static, str>,
    limit: u32,
    standing: Standing,
}

impl Allowance {
    pub(super) fn new(quota: Cow<'static, str>, limit: u32, standing: Standing) -> Self {
        Self { quota, limit, standing }
    }

    /// The quota's name.
    pub fn quota(&self) -> &str {
        &self.quota
    }

    /// How many requests may come at once.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// How many more may come now, after this one.
    pub fn remaining(&self) -> u32 {
        self.standing.remaining
    }

    /// The time until it is one more.
    pub fn more_in(&self) -> Duration {
        Duration::from_nanos(self.standing.more_in)
    }

    /// The time until the whole quota is back.
    pub fn whole_in(&self) -> Duration {
        Duration::from_nanos(self.standing.whole_in)
    }
}
