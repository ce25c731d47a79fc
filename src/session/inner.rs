//! What all clones of the sessions share.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};
use std::time::Duration;

use super::check::StoreFailure;
use super::clock::Clock;
use super::memory::MemoryStore;
use super::store::SessionStore;

pub(super) struct Inner {
    pub(super) backend: Backend,
    pub(super) limits: Limits,
    pub(super) clock: Option<Clock>,
    /// Whether the store failed when it was asked last, so that the log has the change and not each failure.
    pub(super) down: AtomicBool,
    /// The missing identity layer is reported once, not once a request.
    pub(super) misplaced: Once,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) idle: u64,
    pub(super) absolute: u64,
    pub(super) grace: u64,
    pub(super) most: usize,
    pub(super) on_failure: StoreFailure,
    pub(super) check_deadline: Duration,
    pub(super) store_deadline: Duration,
}

pub(super) enum Backend {
    Memory(MemoryStore),
    Shared(Arc<dyn SessionStore>),
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(store) => store.fmt(f),
            Self::Shared(_) => f.write_str("SessionStore"),
        }
    }
}
