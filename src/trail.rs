//! What inner layers tell the request log.
//!
//! `request_log` stands outermost and writes its record last, but the client's address, the user and the reason of a
//! failure become known further in, and a client that goes away leaves no response to carry them out. So the log puts a
//! [`Trail`] into the request's extensions when it is going to write a record, and whoever learns something notes it there.
//!
//! ```
//! use portcullis::Trail;
//!
//! let trail = Trail::default();
//! trail.note_user("42".into());
//! assert_eq!(trail.user().as_deref(), Some("42"));
//!
//! assert_eq!(trail.request_bytes(), None);
//! trail.add_request_bytes(5);
//! trail.add_request_bytes(7);
//! assert_eq!(trail.request_bytes(), Some(12));
//! ```

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Notes on one request, shared by the layers it passes. The first note of each kind stands; bytes add up.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    notes: Arc<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    client_ip: OnceLock<IpAddr>,
    user: OnceLock<Arc<str>>,
    route: OnceLock<Arc<str>>,
    failure: OnceLock<Failure>,
    request_bytes: OnceLock<AtomicU64>,
}

/// What went wrong inside a request, beyond what its status says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A panic was caught in the call, the future or the body.
    Panicked,
    /// An inner service or body returned an error.
    Error,
    /// A deadline passed.
    TimedOut,
}

impl Trail {
    /// Notes the client's address, resolved through trusted proxies.
    pub fn note_client_ip(&self, address: IpAddr) {
        let _ = self.notes.client_ip.set(address);
    }

    /// Notes the verified caller's id.
    pub fn note_user(&self, subject: Arc<str>) {
        let _ = self.notes.user.set(subject);
    }

    /// Notes the template of the matched route, such as `/posts/{id}`.
    pub fn note_route(&self, template: Arc<str>) {
        let _ = self.notes.route.set(template);
    }

    /// Notes that the request failed, and how.
    pub fn note_failure(&self, failure: Failure) {
        let _ = self.notes.failure.set(failure);
    }

    /// Adds to the bytes of the request body that were really read; with 0 says that they are counted.
    pub fn add_request_bytes(&self, bytes: u64) {
        let counted = self.notes.request_bytes.get_or_init(AtomicU64::default);
        counted.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The client's address, where a layer resolved it.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.notes.client_ip.get().copied()
    }

    /// The verified caller's id.
    pub fn user(&self) -> Option<Arc<str>> {
        self.notes.user.get().cloned()
    }

    /// The template of the matched route.
    pub fn route(&self) -> Option<Arc<str>> {
        self.notes.route.get().cloned()
    }

    /// How the request failed.
    pub fn failure(&self) -> Option<Failure> {
        self.notes.failure.get().cloned()
    }

    /// The bytes of the request body that were really read, where a layer counts them.
    pub fn request_bytes(&self) -> Option<u64> {
        let counted = self.notes.request_bytes.get()?;
        Some(counted.load(Ordering::Relaxed))
    }
}
