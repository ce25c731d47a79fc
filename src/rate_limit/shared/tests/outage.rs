//! A Redis that is killed, paused, out of memory, and back again.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::ConnectionManager;

use super::super::super::store::{SharedStore, StoreFailure, Taken};
use super::super::outage::OnFailure;
use super::super::store::RedisStore;
use super::super::unanswered::Unanswered;
use super::log::Log;
use super::server::{Private, unhurried};
use super::{SECOND, bound, charge, gcra};

const DOWN: &str = "the store of rate limits is down";
const BACK: &str = "the store of rate limits answers again";

fn counts(connection: &ConnectionManager, choice: OnFailure) -> Arc<dyn SharedStore> {
    let store = RedisStore::builder(connection.clone(), "private:")
        .deadline(Duration::from_millis(200))
        .on_failure(choice);
    bound(&store.build().unwrap(), &[("q", gcra(100, 3600 * SECOND))])
}

/// It accepts connections and answers no script. A pause of all commands could not be ended: that of what writes can.
async fn pause(admin: &mut ConnectionManager) {
    let mut command = redis::cmd("CLIENT");
    command.arg("PAUSE").arg(600_000).arg("WRITE");
    let _: () = command.query_async(admin).await.unwrap();
}

async fn unpause(admin: &mut ConnectionManager) {
    let _: () = redis::cmd("CLIENT").arg("UNPAUSE").query_async(admin).await.unwrap();
}

async fn remaining(counts: &dyn SharedStore, caller: &str) -> Result<Option<u32>, StoreFailure> {
    match counts.take(vec![charge(caller, 0)]).await? {
        Taken::Admitted(standings) => Ok(standings.first().map(|standing| standing.remaining)),
        Taken::Refused { .. } => Ok(Some(u32::MAX)),
    }
}

fn is_suspended(failure: &StoreFailure) -> bool {
    let cause = failure.source().and_then(|cause| cause.downcast_ref());
    matches!(cause, Some(Unanswered::Suspended))
}

struct Three {
    refusing: Arc<dyn SharedStore>,
    admitting: Arc<dyn SharedStore>,
    local: Arc<dyn SharedStore>,
}

impl Three {
    fn new(connection: &ConnectionManager) -> Self {
        Self {
            refusing: counts(connection, OnFailure::Refuse),
            admitting: counts(connection, OnFailure::Admit),
            local: counts(connection, OnFailure::Local { processes: 50 }),
        }
    }

    /// Each does what it was told to do, for a caller who has not been here.
    async fn are_without(&self, caller: &str) {
        // As many questions as open the circuit, and then some that do not wait.
        for round in 0..8 {
            let refused = remaining(&*self.refusing, caller).await.unwrap_err();
            let suspended = is_suspended(&refused);
            assert!(!suspended || round >= 5, "{refused:?} in round {round}");
            assert_eq!(remaining(&*self.admitting, caller).await.unwrap(), None);
            let local = remaining(&*self.local, caller).await.unwrap().unwrap();
            assert_eq!(
                local,
                [1, 0, u32::MAX][round.min(2)],
                "two of a hundred in each of fifty processes"
            );
        }
    }

    /// By themselves, with no more than requests.
    async fn are_well_again(&self) {
        for counts in [&self.refusing, &self.admitting, &self.local] {
            while !matches!(remaining(&**counts, "probe").await, Ok(Some(3..=99))) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_redis_that_dies_pauses_and_comes_back() {
    let Some(mut server) = Private::start() else {
        return;
    };
    let log = Log::default();
    let _listening = log.listen();
    let connection = server.connection(unhurried()).await;
    let three = Three::new(&connection);
    three.are_well_again().await;

    let mut admin = server.connection(unhurried()).await;
    pause(&mut admin).await;
    three.are_without("paused").await;
    unpause(&mut admin).await;
    three.are_well_again().await;

    server.kill();
    three.are_without("killed").await;
    server.restart();
    three.are_well_again().await;

    let text = log.text();
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count(DOWN), 6, "three stores, two outages: {text}");
    assert_eq!(count(BACK), 6, "{text}");
    let own = text.lines().filter(|line| line.contains("portcullis::rate_limit"));
    assert_eq!(own.count(), 12, "and nothing else: {text}");
}

#[tokio::test]
async fn a_dead_redis_does_not_cost_each_request_the_deadline() {
    let Some(server) = Private::start() else {
        return;
    };
    let connection = server.connection(unhurried()).await;
    let store = RedisStore::builder(connection, "private:")
        .deadline(Duration::from_millis(200))
        .on_failure(OnFailure::Refuse);
    // Two layers of one store notice it together.
    let store = store.build().unwrap();
    let (one, other) = (
        bound(&store, &[("q", gcra(9, SECOND))]),
        bound(&store, &[("r", gcra(9, SECOND))]),
    );
    remaining(&*one, "a").await.unwrap();
    pause(&mut server.connection(unhurried()).await).await;
    let mut waited = 0;
    for counts in [&one, &other].into_iter().cycle().take(10_000) {
        let failure = remaining(&**counts, "a").await.unwrap_err();
        waited += usize::from(!is_suspended(&failure));
    }
    // Five that open the circuit, and the probes: each waits for longer than the ten thousand others.
    assert!((5..15).contains(&waited), "{waited}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_an_outage_never_admits_more_than_was_chosen() {
    let Some(mut server) = Private::start() else {
        return;
    };
    let connection = server.connection(unhurried()).await;
    let store = |choice| {
        let store = RedisStore::builder(connection.clone(), "private:").deadline(Duration::from_millis(200));
        bound(
            &store.on_failure(choice).build().unwrap(),
            &[("q", gcra(40, 3600 * SECOND))],
        )
    };
    let load = async |counts: &Arc<dyn SharedStore>| {
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let counts = Arc::clone(counts);
                tokio::spawn(async move {
                    let mut passed = 0;
                    for _ in 0..50 {
                        passed += usize::from(matches!(remaining(&*counts, "a").await, Ok(Some(0..100))));
                    }
                    passed
                })
            })
            .collect();
        let mut passed = 0;
        for task in tasks {
            passed += task.await.unwrap();
        }
        passed
    };
    let refusing = store(OnFailure::Refuse);
    assert_eq!(load(&refusing).await, 40);
    server.kill();
    let (local, strict) = (store(OnFailure::Local { processes: 4 }), store(OnFailure::Refuse));
    assert_eq!(load(&strict).await, 0);
    assert_eq!(load(&local).await, 10, "its share, exactly");
}

#[tokio::test]
async fn a_server_without_memory_is_a_failure_like_any_other() {
    let Some(server) = Private::start() else {
        return;
    };
    let connection = server.connection(unhurried()).await;
    let refusing = counts(&connection, OnFailure::Refuse);
    remaining(&*refusing, "a").await.unwrap();
    let limit = async |bytes: u32| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        let _: () = command.query_async(&mut connection.clone()).await.unwrap();
    };
    limit(1).await;
    let failure = remaining(&*refusing, "a").await.unwrap_err();
    let cause = failure.source().and_then(Error::source).expect("what the server said");
    assert!(
        cause.is::<redis::RedisError>() && cause.to_string().contains("OOM"),
        "{cause}"
    );
    limit(0).await;
    remaining(&*refusing, "a").await.unwrap();
}
