//! Tokens of one hour.
//!
//! For now opaque and kept in memory; [`Tokens`] is the one place that changes when they become signed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portcullis::Identity;
use uuid::Uuid;

use crate::config::Secret;

/// How long a token is good for.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

/// Issues tokens and knows them again.
#[derive(Clone)]
pub(crate) struct Tokens {
    issued: Arc<Mutex<HashMap<String, (Instant, Identity)>>>,
}

impl Tokens {
    pub(crate) fn new(_secret: &Secret) -> Self {
        Self { issued: Arc::default() }
    }

    /// A token for this user.
    pub(crate) fn issue(&self, user: Uuid, role: &str) -> String {
        let token: String = (0..3).map(|_| Uuid::now_v7().simple().to_string()).collect();
        let identity = Identity::user(user.to_string()).with_roles([role]);
        let now = Instant::now();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, (until, _)| *until > now);
        issued.insert(token.clone(), (now + LIFETIME, identity));
        token
    }

    /// Whose token this is.
    pub(crate) fn identify(&self, token: &str) -> Option<Identity> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, identity) = issued.get(token)?;
        (*until > Instant::now()).then(|| identity.clone())
    }
}
