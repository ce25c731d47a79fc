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
use super::super::store::{Callers, Charge, Refund, SharedStore, StoreFailure, Taken, Taking};
use super::breaker::Breaker;
use super::link::{Errand, Link};
use super::local::Local;
use super::measure::{Level, Measure};
use super::outage::OnFailure;
use super::refused::Refused;
use super::unanswered::Unanswered;

/// For how long a refusal is remembered at most, in nanoseconds. Where requests are given back, in this process or another, it does not
/// hold until the time that the store said.
const TRUST: u64 = 1_000_000_000;

/// A server, how it is asked and how it fared: the same for all layers that were given one store.
pub(super) struct Server {
    pub(super) link: Box<dyn Link>,
    pub(super) prefix: Box<str>,
    pub(super) deadline: Duration,
    pub(super) breaker: Breaker,
}

/// The quotas of one layer in the store.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    server: Arc<Server>,
    callers: Callers,
    measures: Box<[Measure]>,
    refused: Refused,
    local: Option<Local>,
}

impl Ledger {
    pub(super) fn new(server: Arc<Server>, measures: Vec<Measure>, callers: Callers, max_keys: usize) -> Self {
        let paces = measures.iter().map(|measure| measure.pace);
        let local = match server.breaker.on_failure() {
            OnFailure::Local { processes } => Some(Local::new(paces, processes, max_keys)),
            OnFailure::Admit | OnFailure::Refuse => None,
        };
        let inner = Inner {
            server,
            callers,
            measures: measures.into(),
            refused: Refused::new(),
            local,
        };
        Self { inner: Arc::new(inner) }
    }
}

impl Inner {
    /// Nanoseconds of this process's clock.
    fn now(&self) -> u64 {
        self.server.breaker.now()
    }

    fn measure(&self, charge: &Charge) -> Result<&Measure, Unanswered> {
        self.measures.get(charge.quota).ok_or_else(unreadable)
    }

    /// What stands in braces decides the slot. The key of a caller and a quota is the same whatever else a request is counted by.
    fn key(&self, name: &str, charge: &Charge) -> String {
        let caller = URL_SAFE_NO_PAD.encode(charge.caller.to_be_bytes());
        let prefix = &self.server.prefix;
        match self.callers {
            Callers::Same => format!("{prefix}{{{caller}}}{name}"),
            Callers::Several => format!("{{{prefix}}}{name}:{caller}"),
        }
    }

    async fn ask(&self, errand: Errand, keys: Vec<String>, args: Vec<u64>) -> Result<Vec<u64>, Unanswered> {
        let deadline = self.server.deadline;
        let answer = timeout(deadline, self.server.link.run(errand, keys, args)).await;
        Ok(answer.map_err(|_| Unanswered::TimedOut(deadline))??)
    }

    async fn take(&self, charges: &[Charge], asked: u64) -> Result<Taken, Unanswered> {
        let mut keys = Vec::with_capacity(charges.len());
        let mut args = Vec::with_capacity(charges.len() * 3);
        for charge in charges {
            let measure = self.measure(charge)?;
            keys.push(self.key(&measure.name, charge));
            args.extend(measure.args(charge.weight));
        }
        let answer = self.ask(Errand::Take, keys, args).await?;
        let (by, numbers) = answer.split_first().ok_or_else(unreadable)?;
        let (pairs, _) = numbers.as_chunks();
        let mut levels = pairs.iter().map(|&[used, left]| Level { used, left });
        let Some(by) = usize::try_from(*by).unwrap_or(usize::MAX).checked_sub(1) else {
            if pairs.len() != charges.len() {
                return Err(unreadable());
            }
            let standings = charges
                .iter()
                .zip(levels)
                .map(|(charge, level)| Ok(self.measure(charge)?.standing(level)));
            return Ok(Taken::Admitted(standings.collect::<Result<_, Unanswered>>()?));
        };
        let charge = charges.get(by).ok_or_else(unreadable)?;
        let level = levels.next().ok_or_else(unreadable)?;
        let measure = self.measure(charge)?;
        // As of the question, which was before the answer: nobody is refused for longer than the server said.
        let account = measure.account(level, asked);
        let until = account.whole.min(asked.saturating_add(TRUST));
        self.refused.note(charge, account, until);
        Ok(Taken::Refused {
            by: charge.quota,
            standing: measure.standing(level),
        })
    }

    async fn give_back(&self, refunds: &[Refund]) -> Result<(), Unanswered> {
        let mut keys = Vec::with_capacity(refunds.len());
        let mut args = Vec::with_capacity(refunds.len() * 3);
        for refund in refunds {
            let measure = self.measure(&refund.charge)?;
            keys.push(self.key(&measure.name, &refund.charge));
            args.extend(measure.refund_args(refund));
        }
        self.ask(Errand::GiveBack, keys, args).await.map(drop)
    }

    /// What the builder chose for the time without a store.
    fn without(&self, charges: &[Charge], why: Unanswered) -> Result<Taken, StoreFailure> {
        match (self.server.breaker.on_failure(), &self.local) {
            (OnFailure::Admit, _) => Ok(Taken::Admitted(Vec::new())),
            (OnFailure::Local { .. }, Some(local)) => Ok(local.take(charges, self.now())),
            (OnFailure::Refuse | OnFailure::Local { .. }, _) => Err(StoreFailure(why.into())),
        }
    }

    fn refused(&self, charges: &[Charge], now: u64) -> Option<(usize, Standing)> {
        charges.iter().find_map(|charge| {
            let account = self.refused.recall(charge, now)?;
            let pace = self.measures.get(charge.quota)?.pace;
            let refuses = pace.take(account, charge.weight, now).is_none();
            refuses.then(|| (charge.quota, pace.standing(account, now)))
        })
    }
}

impl SharedStore for Ledger {
    fn take(&self, charges: Vec<Charge>) -> Taking {
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
                return inner.without(&charges, Unanswered::Suspended);
            };
            match inner.take(&charges, asked).await {
                Ok(taken) => {
                    inner.server.breaker.answered(attempt);
                    Ok(taken)
                }
                Err(why) => {
                    inner.server.breaker.failed(attempt, &why);
                    inner.without(&charges, why)
                }
            }
        })
    }

    fn give_back(&self, refunds: Vec<Refund>) {
        let inner = Arc::clone(&self.inner);
        for refund in &refunds {
            inner.refused.forget(&refund.charge);
        }
        let Some(attempt) = inner.server.breaker.attempt() else {
            if let Some(local) = &inner.local {
                local.give_back(&refunds, inner.now());
            }
            return;
        };
        // Outside a runtime there is no connection either.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                match inner.give_back(&refunds).await {
                    Ok(()) => inner.server.breaker.answered(attempt),
                    Err(why) => inner.server.breaker.failed(attempt, &why),
                }
            });
        }
    }

    fn refused(&self, charges: &[Charge]) -> Option<(usize, Standing)> {
        self.inner.refused(charges, self.inner.now())
    }
}

fn unreadable() -> Unanswered {
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
