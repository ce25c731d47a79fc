use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::handle::Inner;
use super::policy::{Next, Settlement};
use super::record::Charge;

/// One attempt to sign in. It counts as failed until [`succeeded`](Self::succeeded) says otherwise, also where it is dropped.
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt {
    inner: Arc<Inner>,
    keys: [u128; 3],
    charges: [Charge; 3],
    counted: Counted,
    next: Next,
    address: IpAddr,
    settled: bool,
}

/// Where it was charged, and has to be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// The store was down, and the builder said to go on.
    Nowhere,
    Here,
    Shared,
}

/// What holds after an attempt that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// How long the next has to wait. `None` where it may be made at once.
    pub retry_after: Option<Duration>,
    /// Whether the next needs a CAPTCHA, so that the page can show one.
    pub captcha: bool,
}

impl Attempt {
    pub(super) fn new(
        inner: Arc<Inner>,
        keys: [u128; 3],
        charges: [Charge; 3],
        next: Next,
        counted: Counted,
        address: IpAddr,
    ) -> Self {
        Self {
            inner,
            keys,
            charges,
            counted,
            next,
            address,
            settled: false,
        }
    }

    /// The password was right. The failures of the pair and of the account are forgotten; those of the address stay, so that nobody
    /// can wash an address clean with an account of one's own. From this address the account is known from now on.
    ///
    /// Where the store is down they stay: a login does not fail for that. Where it was too slow to count the attempt, it is told of the
    /// success all the same, without waiting for it.
    pub async fn succeeded(mut self) {
        let known_for = self.inner.known_for;
        self.settle(Some(known_for)).await;
    }

    /// The password was wrong, or there is no such account. Nothing is written, since it was counted when it began.
    #[expect(clippy::must_use_candidate, reason = "most apps tell nobody what comes next")]
    pub fn failed(self) -> Failed {
        Failed {
            retry_after: self.next.locked.map(|(_, wait)| Duration::from_millis(wait)),
            captcha: self.next.captcha,
        }
    }

    /// Nobody looked at the password, such as where the database is down: what was counted is given back. Not for a client that has
    /// gone, which may have learned what it wanted from the time it took.
    pub async fn withdraw(mut self) {
        self.settle(None).await;
    }

    /// A store that took too long may have counted the attempt as a failure, and would lock out who signs in all the same. Nobody
    /// waits for it.
    fn tell(&self, succeeded: Option<u64>) {
        // Outside a runtime no store can be asked.
        if let (Some(_), Some(store), Ok(runtime)) = (succeeded, &self.inner.store, Handle::try_current()) {
            let told = store.settle(Settlement {
                keys: self.keys,
                rules: self.inner.rules,
                charges: [Charge::default(); 3],
                succeeded,
            });
            let inner = Arc::clone(&self.inner);
            runtime.spawn(async move {
                // The log has had why.
                let _ = inner.answer(told).await;
            });
        }
    }

    async fn settle(&mut self, succeeded: Option<u64>) {
        self.settled = true;
        let settlement = Settlement {
            keys: self.keys,
            rules: self.inner.rules,
            charges: self.charges,
            succeeded,
        };
        match self.counted {
            Counted::Nowhere => self.tell(succeeded),
            Counted::Here => {
                self.inner.memory.settle(&settlement, self.inner.memory.now());
                self.tell(succeeded);
            }
            Counted::Shared => {
                if let Some(store) = &self.inner.store {
                    // The log has had why.
                    let _ = self.inner.answer(store.settle(settlement)).await;
                }
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let locked = self.next.locked.filter(|_| !self.settled);
        if let Some((subject, wait)) = locked {
            // Never the account: people type passwords there (OWASP Logging Cheat Sheet).
            tracing::warn!(
                target: "portcullis::lockout",
                subject = subject.name(),
                address = %self.address,
                milliseconds = wait,
                "too many attempts have failed",
            );
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("counted", &self.counted)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
