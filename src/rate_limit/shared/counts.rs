use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redis::{ErrorKind, RedisError};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::super::policy::Standing;
use super::super::store::{Charge, SharedStore, TakeFuture, Taken};
use super::breaker::Breaker;
use super::error::StoreFailure;
use super::link::{Errand, Link};
use super::local::Local;
use super::outage::OnFailure;
use super::rule::{Level, Rule};
use super::table::Table;

/// Callers whose refusals are remembered.
const REMEMBERED: usize = 8192;

/// A server, how it is asked and how it fared: the same for all layers that were given one store.
pub(super) struct Server {
    pub(super) link: Box<dyn Link>,
    pub(super) prefix: Box<str>,
    pub(super) deadline: Duration,
    pub(super) breaker: Breaker,
}

/// Whom the quotas of a layer count, on which it depends where in a cluster its keys lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Callers {
    /// All quotas count a request for the same caller. All that is kept of one caller lies in one slot, and callers in all slots.
    Same,
    /// Each quota has a key of its own. All counts of the store's prefix lie in one slot, or no script could touch two of them.
    Several,
}

/// The quotas of one layer in the store.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: Arc<Server>,
    callers: Callers,
    rules: Box<[Rule]>,
    refusals: Table,
    /// For how long a refusal is remembered at most, in microseconds.
    trust: u64,
    local: Option<Local>,
}

impl Counts {
    pub(super) fn new(server: Arc<Server>, rules: Vec<Rule>, callers: Callers, trust: Duration, places: usize) -> Self {
        let local = match server.breaker.on_failure() {
            OnFailure::Local { processes } => Some(Local::new(&rules, processes, places)),
            OnFailure::Admit | OnFailure::Refuse => None,
        };
        let inner = Inner {
            server,
            callers,
            rules: rules.into(),
            refusals: Table::new(REMEMBERED),
            trust: u64::try_from(trust.as_micros()).unwrap_or(u64::MAX),
            local,
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Inner {
    /// Microseconds of this process's clock.
    fn now(&self) -> u64 {
        self.server.breaker.now() / 1_000
    }

    /// What stands in braces decides the slot. The key of a caller and a quota is the same whatever else a request is counted by.
    fn key(&self, rule: &Rule, charge: &Charge) -> String {
        let caller = URL_SAFE_NO_PAD.encode(charge.caller.to_be_bytes());
        let (prefix, name) = (&self.server.prefix, &rule.name);
        match self.callers {
            Callers::Same => format!("{prefix}{{{caller}}}{name}"),
            Callers::Several => format!("{{{prefix}}}{name}:{caller}"),
        }
    }

    async fn ask(&self, errand: Errand, charges: &[Charge]) -> Result<Vec<u64>, StoreFailure> {
        let mut keys = Vec::with_capacity(charges.len());
        let mut args = Vec::with_capacity(charges.len() * 3);
        for charge in charges {
            let rule = self.rules.get(charge.quota).ok_or_else(unreadable)?;
            keys.push(self.key(rule, charge));
            args.extend([rule.window, rule.most(), rule.cost(charge.weight)]);
        }
        let deadline = self.server.deadline;
        let answer = timeout(deadline, self.server.link.run(errand, keys, args)).await;
        Ok(answer.map_err(|_| StoreFailure::TimedOut(deadline))??)
    }

    async fn take(&self, charges: &[Charge], asked: u64) -> Result<Taken, StoreFailure> {
        let answer = self.ask(Errand::Take, charges).await?;
        let (first, numbers) = answer.split_first().ok_or_else(unreadable)?;
        let (pairs, _) = numbers.as_chunks();
        let mut levels = pairs.iter().map(|&[used, left]| Level { used, left });
        let Some(by) = usize::try_from(*first).unwrap_or(usize::MAX).checked_sub(1) else {
            if pairs.len() != charges.len() {
                return Err(unreadable());
            }
            let rules = charges.iter().filter_map(|charge| self.rules.get(charge.quota));
            let standings = rules.zip(levels).map(|(rule, level)| rule.admitted(level));
            return Ok(Taken::Admitted(standings.collect()));
        };
        let charge = charges.get(by).ok_or_else(unreadable)?;
        let rule = self.rules.get(charge.quota).ok_or_else(unreadable)?;
        let level = levels.next().ok_or_else(unreadable)?;
        self.refusals.put(charge, level, asked, level.left.min(self.trust));
        let standing = rule.refused(level, charge.weight);
        Ok(Taken::Refused { by, standing })
    }

    /// What the builder chose for the time without a store.
    fn without(&self, charges: &[Charge], failure: StoreFailure) -> Result<Taken, StoreFailure> {
        match (self.server.breaker.on_failure(), &self.local) {
            (OnFailure::Admit, _) => Ok(Taken::Admitted(Vec::new())),
            (OnFailure::Local { .. }, Some(local)) => local.take(charges, self.now()).ok_or(failure),
            (OnFailure::Refuse | OnFailure::Local { .. }, _) => Err(failure),
        }
    }

    fn refused(&self, charges: &[Charge], now: u64) -> Option<(usize, Standing)> {
        charges.iter().enumerate().find_map(|(by, charge)| {
            let rule = self.rules.get(charge.quota)?;
            let level = self.refusals.level(charge, rule, now);
            (!rule.admits(level, charge.weight)).then(|| (by, rule.refused(level, charge.weight)))
        })
    }
}

impl SharedStore for Counts {
    fn take(&self, charges: Vec<Charge>) -> TakeFuture {
        let inner = Arc::clone(&self.inner);
        let asked = inner.now();
        if let Some((by, standing)) = inner.refused(&charges, asked) {
            return Box::pin(ready(Ok(Taken::Refused { by, standing })));
        }
        if charges.is_empty() {
            return Box::pin(ready(Ok(Taken::Admitted(Vec::new()))));
        }
        Box::pin(async move {
            let Some(attempt) = inner.server.breaker.attempt() else {
                return inner.without(&charges, StoreFailure::Suspended);
            };
            match inner.take(&charges, asked).await {
                Ok(taken) => {
                    inner.server.breaker.answered(attempt);
                    Ok(taken)
                }
                Err(failure) => {
                    inner.server.breaker.failed(attempt, &failure);
                    inner.without(&charges, failure)
                }
            }
        })
    }

    fn give_back(&self, charges: Vec<Charge>) {
        let inner = Arc::clone(&self.inner);
        for charge in &charges {
            inner.refusals.put(charge, Level::WHOLE, 0, 0);
        }
        let Some(attempt) = inner.server.breaker.attempt() else {
            if let Some(local) = &inner.local {
                local.give_back(&charges, inner.now());
            }
            return;
        };
        // Outside a runtime there is no connection either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                match inner.ask(Errand::GiveBack, &charges).await {
                    Ok(_) => inner.server.breaker.answered(attempt),
                    Err(failure) => inner.server.breaker.failed(attempt, &failure),
                }
            });
        }
    }

    fn refused(&self, charges: &[Charge]) -> Option<(usize, Standing)> {
        self.inner.refused(charges, self.inner.now())
    }
}

fn unreadable() -> StoreFailure {
    RedisError::from((ErrorKind::Parse, "not what the scripts answer")).into()
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("prefix", &self.prefix)
            .field("deadline", &self.deadline)
            .field("on_failure", &self.breaker.on_failure())
            .finish_non_exhaustive()
    }
}
