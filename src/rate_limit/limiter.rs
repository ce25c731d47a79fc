use std::fmt;
use std::sync::Arc;

use http::HeaderMap;

use super::allowance::Allowance;
use super::gcra::Gcra;
use super::headers::Stamp;
use super::policy::Standing;
use super::quota::Quota;
use super::refusals::Refusals;
use crate::caller::{Key, MissingKey, Reports, Salt};
use crate::request_view::RequestView;

/// The name in faults and in the log.
pub(super) const LAYER: &str = "rate_limit";

pub(super) type Skip = Arc<dyn Fn(RequestView<'_>) -> bool + Send + Sync>;

/// What the builder settled and what has been counted, shared by all clones of the layer and of its services.
pub(super) struct Limiter {
    pub(super) quota: Quota,
    pub(super) gcra: Gcra,
    pub(super) key: Key,
    pub(super) on_missing_key: MissingKey,
    pub(super) skip: Vec<Skip>,
    pub(super) stamp: Option<Stamp>,
    pub(super) refusals: Refusals,
    pub(super) expose_state: bool,
    pub(super) salt: Salt,
    pub(super) reports: Reports,
}

/// The outcome for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not counted.
    Exempt,
    Admit(Standing),
    Refuse(Standing),
    /// It lacks what it would be counted by.
    NoKey,
    /// No layer has said whom to count it for.
    Misplaced,
}

impl Limiter {
    pub(super) fn judge(&self, request: RequestView<'_>) -> Verdict {
        if self.skip.iter().any(|skip| skip(request)) {
            return Verdict::Exempt;
        }
        let caller = match (self.key.caller(request, &self.salt), self.on_missing_key) {
            (Ok(Some(hash)), _) => Ok(hash),
            (Ok(None), MissingKey::Admit) => return Verdict::Exempt,
            (Ok(None), MissingKey::Refuse) => return Verdict::NoKey,
            (Ok(None), MissingKey::ByAddress) => self.key.address(request, &self.salt),
            (Err(missing), _) => Err(missing),
        };
        match caller.map(|hash| self.gcra.take(hash as u64)) {
            Ok(Ok(standing)) => Verdict::Admit(standing),
            Ok(Err(standing)) => Verdict::Refuse(standing),
            Err(missing) => {
                self.reports.report(LAYER, missing);
                Verdict::Misplaced
            }
        }
    }

    /// Whether admitted responses carry headers.
    pub(super) fn tells(&self) -> bool {
        self.stamp.is_some()
    }

    pub(super) fn tell(&self, response: &mut HeaderMap, standing: Standing) {
        if let Some(stamp) = &self.stamp {
            stamp.write(response, standing);
        }
    }

    pub(super) fn allowance(&self, standing: Standing) -> Option<Allowance> {
        self.expose_state
            .then(|| Allowance::new(self.quota.name.clone(), self.gcra.pace(), standing))
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("quota", &self.quota)
            .field("key", &self.key)
            .field("on_missing_key", &self.on_missing_key)
            .field("skip", &self.skip.len())
            .finish_non_exhaustive()
    }
}
