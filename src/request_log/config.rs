use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lines::Lines;
use super::listening::may_be_heard;
use super::policy::{Policy, Verdict};
use super::query::Query;
use super::text::Text;
use crate::request_view::RequestView;

pub(super) type Filter = Arc<dyn Fn(RequestView<'_>) -> bool + Send + Sync>;

/// The settings of one layer, shared by its services and by the requests in flight.
#[derive(Default)]
pub(crate) struct Config {
    /// Whether requests go without a span.
    pub(super) spanless: bool,
    pub(super) policy: Policy,
    pub(super) query: Query,
    pub(super) filter: Option<Filter>,
    pub(super) text: Option<Text>,
    /// Where records go instead of to `tracing`.
    pub(super) json: Option<Lines>,
    /// Ordinary records so far, written or not.
    pub(super) ordinary: AtomicU64,
}

impl Config {
    /// Whether anybody may take a record, of whatever level: its own is known at the end only.
    pub(super) fn listens(&self) -> bool {
        self.text.is_some() || self.json.is_some() || may_be_heard()
    }

    /// A filter that panics has not left the request out. Nothing further out catches it.
    pub(super) fn wants(&self, request: RequestView<'_>) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|wants| catch_unwind(AssertUnwindSafe(|| wants(request))).unwrap_or(true))
    }

    /// Whether the record is left out, being one of many.
    pub(super) fn leaves_out(&self, verdict: Verdict) -> bool {
        self.policy.samples(verdict) && !self.policy.keeps(self.ordinary.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("policy", &self.policy)
            .field("query", &self.query)
            .field("filter", &self.filter.is_some())
            .field("text", &self.text)
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}
