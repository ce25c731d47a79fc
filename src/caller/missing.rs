use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes of a request that has no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingKey {
    /// It is admitted and not counted.
    Admit,
    /// It is refused with a `400`.
    Refuse,
    /// It is counted by the client's address, apart from all that have a key.
    ByAddress,
}

/// The extension that a layer further out should have inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Address,
    Identity,
}

/// Each missing layer is reported once, not once a request.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    address: AtomicBool,
    identity: AtomicBool,
}

impl Reports {
    pub(crate) fn report(&self, layer: &str, missing: Missing) {
        let (reported, text) = match missing {
            Missing::Address => (
                &self.address,
                "the client's address is unknown: put the client_ip layer outside it, and serve with peer addresses as its \
                 page says",
            ),
            Missing::Identity => (
                &self.identity,
                "no Identity on the request: put the jwt layer, or another that inserts one, outside it",
            ),
        };
        // No `Once`: it holds all requests up while the log is written, and panics for good after a subscriber that did.
        if !reported.swap(true, Ordering::Relaxed) {
            tracing::error!(target: "portcullis::caller", layer, "{text}");
        }
    }
}
