//! Where it is counted who has used what.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::memory::Memory;
use super::policy::{Pace, Standing};
use crate::caller::Fingerprint;

/// Quotas of a layer at most: what a request takes has room on the stack.
pub(super) const MOST_QUOTAS: usize = 8;

/// What a request takes from one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Charge {
    pub(super) caller: Fingerprint,
    /// The quota's place in the layer.
    pub(super) quota: usize,
    pub(super) weight: u32,
}

/// What is given back of what a request took from one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refund {
    pub(super) charge: Charge,
    /// Nanoseconds until the quota was to be whole again, as of the charge. What time has given back by now is not given twice.
    pub(super) left: u64,
}

/// What a request takes from all quotas that apply to it, in the order of the layer's.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Charges {
    list: [Charge; MOST_QUOTAS],
    length: usize,
}

/// The answer of a [`SharedStore`].
#[derive(Debug)]
#[cfg_attr(
    not(any(test, feature = "redis")),
    expect(dead_code, reason = "the store there is needs a feature")
)]
pub(super) enum Taken {
    /// Where the caller stands in each quota charged. Without any, the store admits what it could not count.
    Admitted(Vec<Standing>),
    /// By the quota at this place in the layer. Nothing was taken from any.
    Refused { by: usize, standing: Standing },
}

/// Why a store that processes share did not count, where that is to be a refusal.
#[derive(Debug)]
pub(super) struct StoreFailure(pub(super) Box<dyn StdError + Send + Sync>);

pub(super) type Taking = Pin<Box<dyn Future<Output = Result<Taken, StoreFailure>> + Send>>;

/// A store that processes share.
pub(super) trait SharedStore: Send + Sync + Debug {
    /// Takes everything or nothing.
    fn take(&self, charges: Vec<Charge>) -> Taking;

    /// Gives back what was taken. Nobody waits for it.
    fn give_back(&self, refunds: Vec<Refund>);

    /// The quota that refuses, where this is known without a question to the store. `take` looks itself; who asks here first spares
    /// an attacker's requests the allocations of a future.
    fn refused(&self, _charges: &[Charge]) -> Option<(usize, Standing)> {
        None
    }
}

/// What a layer counts in a shared store.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "redis"),
    expect(dead_code, reason = "the store there is needs a feature")
)]
pub(super) struct Terms {
    /// Names and paces, in the order of [`Charge::quota`].
    pub(super) quotas: Vec<(Cow<'static, str>, Pace)>,
    pub(super) callers: Callers,
    /// How many callers of each quota a memory of this process may hold.
    pub(super) max_keys: usize,
}

/// Whom the quotas of a layer count, on which it depends where in a cluster their counts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// All quotas count a request for the same caller. All that is kept of one caller lies in one slot, and callers in all slots.
    Same,
    /// Quotas have keys of their own. All counts lie in one slot, or no script could touch two of them.
    Several,
}

#[derive(Debug)]
pub(super) enum Store {
    Memory(Memory),
    Shared(Arc<dyn SharedStore>),
}

impl Refund {
    /// All that was taken, whenever that was.
    pub(super) fn whole(charge: Charge) -> Self {
        Self { charge, left: u64::MAX }
    }
}

impl Charges {
    /// More than a layer has quotas are never pushed.
    pub(super) fn push(&mut self, charge: Charge) {
        if let Some(place) = self.list.get_mut(self.length) {
            *place = charge;
            self.length += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[Charge] {
        self.list.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of rate limits did not count")
    }
}

impl StdError for StoreFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
