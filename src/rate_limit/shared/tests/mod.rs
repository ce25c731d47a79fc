//! Pure tests, and tests on a real Redis, where `TEST_REDIS_URL` says one is; and what happens when one dies, on one of the test's
//! own.

mod circuit;
mod cluster;
mod log;
mod measure;
mod outage;
mod process;
mod redis;
mod script;
mod server;

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;

use super::super::policy::{Pace, Standing};
use super::super::store::{Callers, Charge, SharedStore, Taken, Terms};
use super::outage::OnFailure;
use super::store::RedisStore;
use crate::caller::Salt;

const SECOND: u64 = 1_000_000_000;

fn gcra(burst: u32, interval: u64) -> Pace {
    Pace::gcra(interval, burst).unwrap()
}

fn window(requests: u32, length: u64) -> Pace {
    Pace::fixed(length, requests).unwrap()
}

/// A store with a deadline that a busy machine keeps.
fn patient<C>(connection: &C, prefix: &str) -> RedisStore
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    RedisStore::builder(connection.clone(), prefix)
        .deadline(Duration::from_secs(30))
        .on_failure(OnFailure::Refuse)
        .build()
        .unwrap()
}

fn terms(quotas: &[(&'static str, Pace)]) -> Terms {
    Terms {
        quotas: quotas.iter().map(|(name, pace)| ((*name).into(), *pace)).collect(),
        callers: Callers::Same,
        max_keys: 1000,
    }
}

fn bound(store: &RedisStore, quotas: &[(&'static str, Pace)]) -> Arc<dyn SharedStore> {
    store.bind(terms(quotas)).unwrap()
}

fn charge(caller: &str, quota: usize) -> Charge {
    Charge {
        caller: Salt::Shared.fingerprint(caller),
        quota,
        weight: 1,
    }
}

async fn take(counts: &dyn SharedStore, charges: &[Charge]) -> Taken {
    counts.take(charges.to_vec()).await.unwrap()
}

/// The remaining of each quota, or which refused.
async fn outcome(counts: &dyn SharedStore, charges: &[Charge]) -> Result<Vec<u32>, usize> {
    match take(counts, charges).await {
        Taken::Admitted(standings) => Ok(standings.iter().map(|standing| standing.remaining).collect()),
        Taken::Refused { by, .. } => Err(by),
    }
}

fn refusal(taken: &Taken) -> Standing {
    match *taken {
        Taken::Refused { standing, .. } => standing,
        Taken::Admitted(_) => panic!("admitted"),
    }
}
