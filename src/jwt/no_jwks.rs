//! Without the feature `key-sets` there are no key sets: what stands in for them is never made.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::keys::Keys;

pub(super) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug, Clone)]
pub(super) enum Jwks {}

#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "only a key set says so")]
pub(super) enum Absent {
    Unknown,
    Unavailable,
}

pub(super) type Current = Box<Snapshot>;

pub(super) struct Snapshot {
    pub(super) keys: Keys,
    pub(super) generation: u64,
}

impl Jwks {
    pub(super) fn issuer(&self) -> Option<&str> {
        match *self {}
    }

    pub(super) fn cooldown(&self) -> Duration {
        match *self {}
    }

    pub(super) fn keys(&self, _: Instant) -> Option<Current> {
        match *self {}
    }

    pub(super) fn missing(&self, _: Option<&str>, _: Instant) -> Result<Wait, Absent> {
        match *self {}
    }

    pub(super) fn still_missing(&self, _: Option<&str>, _: Instant) -> Absent {
        match *self {}
    }
}
