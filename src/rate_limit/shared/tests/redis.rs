//! What one process, or several, may take from a real Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::super::super::store::{Callers, Charge, Refund, Taken, Terms};
use super::super::outage::OnFailure;
use super::super::store::RedisStore;
use super::server::{Private, RoundTrips, clean, keys, shared, unhurried};
use super::{SECOND, bound, charge, gcra, outcome, patient, refusal, take, terms, window};
use crate::config_error::Fault;

const HOUR: u64 = 3600 * SECOND;

#[tokio::test]
async fn takes_from_all_quotas_or_from_none_and_says_which_refused() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let quotas = [("burst", gcra(3, HOUR)), ("total", window(5, HOUR))];
    let counts = bound(&patient(&connection, &prefix), &quotas);
    let both = [charge("a", 0), charge("a", 1)];
    assert_eq!(outcome(&*counts, &both).await, Ok(vec![2, 4]));
    assert_eq!(outcome(&*counts, &both).await, Ok(vec![1, 3]));
    assert_eq!(outcome(&*counts, &both).await, Ok(vec![0, 2]));
    for _ in 0..3 {
        assert_eq!(outcome(&*counts, &both).await, Err(0));
    }
    assert_eq!(
        outcome(&*counts, &both[1..]).await,
        Ok(vec![1]),
        "refusals took nothing"
    );
    assert_eq!(outcome(&*counts, &both[1..]).await, Ok(vec![0]));
    let first = bound(&patient(&connection, &prefix), &quotas);
    assert_eq!(
        outcome(&*first, &[both[1], both[0]]).await,
        Err(1),
        "of two that refuse the first"
    );
    assert_eq!(
        outcome(&*counts, &[both[1], both[0]]).await,
        Err(0),
        "the one that this process knows of"
    );
    assert_eq!(
        outcome(&*counts, &[charge("b", 0), charge("b", 1)]).await,
        Ok(vec![2, 4])
    );
    assert_eq!(outcome(&*counts, &[]).await, Ok(vec![]));
    assert!(counts.take(vec![charge("a", 2)]).await.is_err());
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn weights_count() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let counts = bound(&patient(&connection, &prefix), &[("q", gcra(10, HOUR))]);
    let weighing = |weight| Charge {
        weight,
        ..charge("a", 0)
    };
    assert_eq!(outcome(&*counts, &[weighing(0)]).await, Ok(vec![10]));
    assert_eq!(outcome(&*counts, &[weighing(7)]).await, Ok(vec![3]));
    assert_eq!(outcome(&*counts, &[weighing(4)]).await, Err(0));
    assert_eq!(outcome(&*counts, &[weighing(u32::MAX)]).await, Err(0));
    // A heavy one that was refused does not keep out a light one.
    assert_eq!(outcome(&*counts, &[weighing(3)]).await, Ok(vec![0]));
    let wait = gcra(10, HOUR).wait(refusal(&take(&*counts, &[weighing(2)]).await), 2);
    assert!(wait > HOUR && wait <= 2 * HOUR, "{wait}");
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn what_was_given_back_can_be_taken_again() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let store = patient(&connection, &prefix);
    for (name, pace) in [("paced", gcra(2, HOUR)), ("windowed", window(2, HOUR))] {
        let counts = bound(&store, &[(name, pace)]);
        let one = [charge("a", 0)];
        assert_eq!(outcome(&*counts, &one).await, Ok(vec![1]));
        assert_eq!(outcome(&*counts, &one).await, Ok(vec![0]));
        assert_eq!(outcome(&*counts, &one).await, Err(0));
        counts.give_back(one.map(Refund::whole).to_vec());
        // It happens some time soon, and this process has forgotten the refusal.
        while outcome(&*counts, &one).await == Err(0) {
            counts.give_back(vec![Refund::whole(Charge { weight: 0, ..one[0] })]);
            tokio::task::yield_now().await;
        }
        assert_eq!(outcome(&*counts, &one).await, Err(0), "once");
        // More than was taken makes nobody richer than the quota.
        counts.give_back(vec![Refund::whole(Charge { weight: 9, ..one[0] })]);
        while outcome(&*counts, &one).await == Err(0) {
            counts.give_back(vec![Refund::whole(Charge { weight: 0, ..one[0] })]);
            tokio::task::yield_now().await;
        }
        assert_eq!(outcome(&*counts, &one).await, Ok(vec![0]));
        assert_eq!(outcome(&*counts, &one).await, Err(0));
    }
    clean(&mut connection, &prefix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixty_four_tasks_exactly_the_quota_passes() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let (other, _) = shared().await.unwrap();
    let quotas = [("paced", gcra(50, HOUR)), ("windowed", window(70, HOUR))];
    let processes = [&connection, &other].map(|connection| bound(&patient(connection, &prefix), &quotas));
    let passed = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (counts, passed) = (Arc::clone(&processes[task % 2]), Arc::clone(&passed));
            tokio::spawn(async move {
                for _ in 0..5 {
                    if outcome(&*counts, &[charge("a", 0), charge("a", 1)]).await.is_ok() {
                        passed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(passed.load(Ordering::Relaxed), 50);
    // What the first quota refused has taken nothing from the second.
    let counts = &processes[0];
    assert_eq!(outcome(&**counts, &[charge("a", 1)]).await, Ok(vec![19]));
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn a_refused_one_is_admitted_at_the_time_it_was_told_and_not_before() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let store = patient(&connection, &prefix);
    for (name, pace) in [("paced", gcra(2, SECOND / 10)), ("windowed", window(2, SECOND / 5))] {
        let counts = bound(&store, &[(name, pace)]);
        let one = [charge("a", 0)];
        for _ in 0..5 {
            let standing = loop {
                if let Taken::Refused { standing, .. } = take(&*counts, &one).await {
                    break standing;
                }
            };
            assert!(standing.remaining == 0 && standing.more_in > 0 && standing.more_in <= standing.whole_in);
            tokio::time::sleep(Duration::from_nanos(standing.more_in)).await;
            assert!(outcome(&*counts, &one).await.is_ok(), "{standing:?}");
        }
    }
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn a_request_is_one_round_trip_and_an_attacker_is_none() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let trips = RoundTrips::of(&connection);
    let quotas = [("paced", gcra(2, HOUR)), ("windowed", window(10, HOUR))];
    let counts = bound(&patient(&trips, &prefix), &quotas);
    let both = |caller: &str| [charge(caller, 0), charge(caller, 1)];
    // The first run of a script may have to load it.
    outcome(&*counts, &both("warm")).await.unwrap();
    let check = |what: &str, most: usize| assert_eq!(trips.taken(), most, "{what}");
    trips.taken();
    assert_eq!(outcome(&*counts, &both("a")).await, Ok(vec![1, 9]));
    check("two quotas", 1);
    outcome(&*counts, &both("a")).await.unwrap();
    check("again", 1);
    assert_eq!(outcome(&*counts, &both("a")).await, Err(0));
    check("the first refusal", 1);
    let began = std::time::Instant::now();
    for _ in 0..1000 {
        assert_eq!(outcome(&*counts, &both("a")).await, Err(0));
    }
    let trips_since = trips.taken();
    assert!(
        trips_since as u64 <= began.elapsed().as_secs(),
        "one a second: {trips_since}"
    );
    assert_eq!(counts.refused(&both("b")), None);
    assert_eq!(outcome(&*counts, &both("b")).await, Ok(vec![1, 9]));
    check("another caller", 1);
    let known = both("a");
    loop {
        assert_eq!(outcome(&*counts, &known).await, Err(0));
        let mut refused = None;
        let asked = allocation_counter::measure(|| refused = counts.refused(&known));
        assert_eq!(asked.count_total, 0, "a refusal that is remembered allocates nothing");
        // A second may just have passed.
        if let Some((by, standing)) = refused {
            assert!(by == 0 && standing.more_in > HOUR / 2 && standing.more_in <= HOUR);
            break;
        }
    }
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn a_server_that_has_forgotten_the_scripts_is_told_them_again() {
    let Some(server) = Private::start() else {
        return;
    };
    let connection = server.connection(unhurried()).await;
    let counts = bound(&patient(&connection, "private:"), &[("q", gcra(9, HOUR))]);
    for left in [8, 7, 6] {
        assert_eq!(outcome(&*counts, &[charge("a", 0)]).await, Ok(vec![left]));
        let mut flush = redis::cmd("SCRIPT");
        let _: () = flush.arg("FLUSH").query_async(&mut connection.clone()).await.unwrap();
    }
}

/// A slow request of which half has come back by itself.
#[tokio::test]
async fn what_time_has_given_back_is_not_given_twice() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let counts = bound(&patient(&connection, &prefix), &[("q", gcra(3, HOUR))]);
    let one = [charge("a", 0)];
    while outcome(&*counts, &one).await.is_ok() {}
    counts.give_back(vec![Refund {
        charge: one[0],
        left: HOUR / 2,
    }]);
    let look = [Charge { weight: 0, ..one[0] }];
    let mut standing;
    loop {
        let Taken::Admitted(standings) = take(&*counts, &look).await else {
            panic!("nothing was asked for");
        };
        standing = standings[0];
        if standing.whole_in < 5 * HOUR / 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(standing.whole_in > 2 * HOUR, "{standing:?}");
    assert_eq!(standing.remaining, 0);
    clean(&mut connection, &prefix).await;
}

/// Another process may give a request back.
#[tokio::test]
async fn a_refusal_is_remembered_for_a_second_only() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let bind = || bound(&patient(&connection, &prefix), &[("q", gcra(1, HOUR))]);
    let (here, there) = (bind(), bind());
    let one = [charge("a", 0)];
    outcome(&*here, &one).await.unwrap();
    assert_eq!(outcome(&*here, &one).await, Err(0));
    there.give_back(one.map(Refund::whole).to_vec());
    let again = async {
        while outcome(&*here, &one).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let soon = tokio::time::timeout(Duration::from_secs(600), again).await;
    soon.expect("long before the hour that the store said");
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn the_keys_of_a_caller_lie_in_one_slot_and_lapse() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let store = patient(&connection, &prefix);
    let quotas = [("paced", gcra(5, HOUR)), ("windowed", window(5, HOUR))];
    let same = bound(&store, &quotas);
    for caller in ["a", "b"] {
        outcome(&*same, &[charge(caller, 0), charge(caller, 1)]).await.unwrap();
    }
    let kept = keys(&mut connection, &format!("{prefix}*")).await;
    assert_eq!(kept.len(), 4, "{kept:?}");
    let mut slots = Vec::new();
    for key in &kept {
        let slot: u16 = redis::cmd("CLUSTER")
            .arg("KEYSLOT")
            .arg(key)
            .query_async(&mut connection)
            .await
            .unwrap_or_default();
        slots.push(slot);
        let left: u64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
        assert!(
            left > 3_500_000 && left <= 3_600_001,
            "{key} lapses when nothing is used: {left}"
        );
        let bytes: u64 = redis::cmd("MEMORY")
            .arg("USAGE")
            .arg(key)
            .query_async(&mut connection)
            .await
            .unwrap();
        println!("{key}: {bytes} bytes");
    }
    let several = Terms {
        callers: Callers::Several,
        ..terms(&quotas)
    };
    let several = patient(&connection, &prefix).bind(several).unwrap();
    outcome(&*several, &[charge("a", 0), charge("b", 1)]).await.unwrap();
    let apart = keys(&mut connection, &format!("{{{prefix}}}*")).await;
    assert_eq!(apart.len(), 2, "one hash tag: {apart:?}");
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn wrong_settings_are_all_listed() {
    #[derive(Clone)]
    struct Nowhere;
    impl ConnectionLike for Nowhere {
        fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
            unreachable!()
        }
        fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> RedisFuture<'a, Vec<Value>> {
            unreachable!()
        }
        fn get_db(&self) -> i64 {
            0
        }
    }
    let wrong = RedisStore::builder(Nowhere, "a{b}").deadline(Duration::ZERO).build();
    let faults: Vec<_> = wrong.unwrap_err().faults().iter().map(Fault::setting).collect();
    assert_eq!(faults, ["on_failure", "deadline", "prefix"]);
    let local = RedisStore::builder(Nowhere, "a").on_failure(OnFailure::Local { processes: 0 });
    assert_eq!(local.build().unwrap_err().faults()[0].setting(), "on_failure");

    let store = patient(&Nowhere, "a");
    bound(&store, &[("q", gcra(1, HOUR))]);
    bound(&store, &[("q", gcra(1, HOUR)), ("r", gcra(2, HOUR))]);
    let clash = store
        .bind(terms(&[("q", gcra(2, HOUR)), ("s", gcra(1, 1))]))
        .unwrap_err();
    assert!(clash[0].contains("`q`") && clash[1].contains("`s`"), "{clash:?}");
    let apart = Terms {
        callers: Callers::Several,
        ..terms(&[("q", gcra(1, HOUR))])
    };
    let clash = store.bind(apart).unwrap_err();
    assert!(clash[0].contains("counted apart"), "{clash:?}");
}

/// Not an assertion: `cargo test --release --all-features --lib -- --ignored --nocapture measure`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn measure() {
    const ROUNDS: u32 = 20_000;
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let quotas = [("second", gcra(u32::MAX, 1_000_000)), ("hour", window(u32::MAX, HOUR))];
    let counts = bound(&patient(&connection, &prefix), &quotas);
    for (what, both) in [("one quota", false), ("two quotas", true)] {
        for tasks in [1, 64] {
            let began = std::time::Instant::now();
            let running: Vec<_> = (0..tasks)
                .map(|task: u32| {
                    let counts = Arc::clone(&counts);
                    tokio::spawn(async move {
                        for round in 0..ROUNDS / tasks {
                            let caller = format!("{task} {}", round % 100);
                            let charges = [charge(&caller, 0), charge(&caller, 1)];
                            let charges = if both { &charges[..] } else { &charges[..1] };
                            assert!(outcome(&*counts, charges).await.is_ok());
                        }
                    })
                })
                .collect();
            for task in running {
                task.await.unwrap();
            }
            let each = began.elapsed() / (ROUNDS / tasks);
            let rate = f64::from(ROUNDS) / began.elapsed().as_secs_f64();
            println!("{what}, {tasks} tasks: {rate:.0} takes a second, {each:?} a take");
        }
    }
    let refusing = bound(&patient(&connection, &prefix), &[("one", gcra(1, HOUR))]);
    let one = [charge("a", 0)];
    while outcome(&*refusing, &one).await.is_ok() {}
    let began = std::time::Instant::now();
    for _ in 0..1_000_000 {
        std::hint::black_box(refusing.refused(&one));
    }
    println!("a remembered refusal: {:?}", began.elapsed() / 1_000_000);
    clean(&mut connection, &prefix).await;
}
