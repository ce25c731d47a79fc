use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Counter, SECOND, hash, pace};
use crate::rate_limit::memory::{Memory, WAYS};
use crate::rate_limit::store::Charge;

#[test]
fn a_flood_of_fresh_keys_changes_nothing_for_others() {
    fn check(text: &str, keys: usize, fresh: u64, requests: u32) {
        let gcra = Counter::new(pace(text), keys);
        let heavy = hash(u64::MAX);
        while gcra.take(heavy).is_ok() {}
        for caller in 0..fresh {
            for used in 1..=requests {
                let taken = gcra.take(hash(caller)).map(|standing| standing.remaining);
                assert_eq!(taken, Ok(100 - used), "newcomer {caller}");
            }
            if caller % 1000 == 0 {
                gcra.advance(Duration::from_millis(1));
                assert!(gcra.take(heavy).is_err(), "forgotten after {caller}");
            }
        }
        assert_eq!(gcra.memory.taken(), keys);
    }
    check("100 per 15 minutes", 10_000, 1_000_000, 1);
    check("100 per 15 minutes", 1_000, 20_000, 50);
    check("100 per 15 minutes, fixed", 10_000, 300_000, 1);
    check("100 per 15 minutes, fixed", 1_000, 20_000, 50);
}

#[test]
fn the_bound_is_exact_whatever_it_is() {
    for keys in [32, 33, 63, 100, 1001] {
        let gcra = Counter::new(pace("5 per minute"), keys);
        for caller in 0..100 * keys as u64 {
            assert!(gcra.take(hash(caller)).is_ok());
        }
        assert_eq!(gcra.memory.taken(), keys);
    }
}

#[test]
fn a_full_set_gives_up_the_whole_first_and_then_the_least_used() {
    let gcra = Counter::new(pace("10 per 10 seconds"), WAYS);
    assert!(gcra.take(0).is_ok());
    gcra.advance(Duration::from_secs(2));
    // The first caller's quota is whole by now; these use one to five each.
    for caller in 1..WAYS as u64 {
        for _ in 0..=(caller % 5) {
            assert!(gcra.take(caller << 32).is_ok());
        }
    }
    let remaining = |caller: u64| gcra.take(caller << 32).unwrap().remaining;
    assert_eq!(remaining(1000), 9);
    // Nobody but the first has lost anything, so each has one less than before.
    for caller in 1..WAYS as u64 {
        assert_eq!(u64::from(remaining(caller)), 10 - (caller % 5) - 2, "{caller}");
    }
    // All are live now. The stranger has used one and is the first to go; those who have used more stay.
    assert_eq!(remaining(1001), 9);
    assert_eq!(remaining(4), 10 - 4 - 3);
    assert_eq!(remaining(1000), 9, "forgotten, so it begins anew");
}

async fn race(text: &str) -> usize {
    let gcra = Arc::new(Counter::new(pace(text), 32));
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let racers: Vec<_> = (0..64)
        .map(|_| {
            let (gcra, start) = (Arc::clone(&gcra), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                (0..200).filter(|_| gcra.take(7).is_ok()).count()
            })
        })
        .collect();
    let mut passed = 0;
    for racer in racers {
        passed += racer.await.unwrap();
    }
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_racing_for_the_last_exactly_the_quota_passes() {
    assert_eq!(race("1000 per 100 hours").await, 1000);
    assert_eq!(race("1000 per hour, fixed").await, 1000);
}

#[test]
fn of_a_full_set_of_windows_those_over_go_first_and_then_the_least_used() {
    let windows = Counter::new(pace("10 per 10 seconds, fixed"), WAYS);
    for caller in 0..WAYS as u64 {
        windows.weigh(caller << 32, if caller == 5 { 2 } else { 3 }).unwrap();
    }
    let remaining = |caller: u64| windows.take(caller << 32).unwrap().remaining;
    // The newcomer ends later than all, and takes the place of the least used.
    assert_eq!(remaining(1000), 9);
    assert_eq!(remaining(5), 9, "forgotten, so it begins anew in the newcomer's place");
    assert_eq!(remaining(6), 6);
    windows.advance(Duration::from_secs(10));
    assert!(windows.weigh(7 << 32, 10).is_ok());
    for caller in 2000..2000 + 100 {
        assert_eq!(remaining(caller), 9);
    }
    assert!(windows.take(7 << 32).is_err());
}

/// Two quotas, and what each takes of a request by this caller.
fn both(caller: u64, weights: [u32; 2]) -> [Charge; 2] {
    [0, 1].map(|quota| Charge {
        caller: hash(caller).into(),
        quota,
        weight: weights[quota],
    })
}

#[test]
fn quotas_are_taken_from_together_or_not_at_all() {
    let memory = Memory::new([pace("10 per hour"), pace("3 per hour")], 32);
    let remaining = |weights| {
        memory
            .take(&both(1, weights), 0)
            .map(|standings| [0, 1].map(|quota: usize| standings[quota].remaining))
    };
    assert_eq!(remaining([1, 1]), Ok([9, 2]));
    // The first would do, the second not: nothing is taken.
    for _ in 0..5 {
        let (by, standing) = remaining([1, 3]).unwrap_err();
        assert_eq!((by, standing.remaining), (1, 2));
    }
    assert_eq!(remaining([8, 2]), Ok([1, 0]));
    // Both refuse, and the first says so.
    assert_eq!(remaining([2, 1]).unwrap_err().0, 0);
    // A quota that does not apply is left alone.
    assert!(memory.take(&both(1, [1, 1])[..1], 0).is_ok());
    assert_eq!(memory.take(&both(1, [1, 1])[1..], 0).unwrap_err().0, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_for_two_quotas_at_once_spoils_nothing() {
    let memory = Arc::new(Memory::new(
        [pace("1000 per 100 hours"), pace("700 per hour, fixed")],
        32,
    ));
    let start = Arc::new(tokio::sync::Barrier::new(64));
    let passed = Arc::new(AtomicU32::new(0));
    let racers: Vec<_> = (0..64)
        .map(|racer| {
            let (memory, start, passed) = (Arc::clone(&memory), Arc::clone(&start), Arc::clone(&passed));
            tokio::spawn(async move {
                start.wait().await;
                for round in 0..100_u32 {
                    let weight = 1 + (racer + round) % 3;
                    if memory.take(&both(7, [weight, weight]), 0).is_ok() {
                        passed.fetch_add(weight, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap();
    }
    assert_eq!(passed.load(Ordering::Relaxed), 700);
    // What the second refused is still there in the first.
    assert!(memory.take(&both(7, [300, 1])[..1], 0).is_ok());
    assert!(memory.take(&both(7, [1, 1])[..1], 0).is_err());
}

#[test]
fn who_is_forgotten_begins_anew() {
    for text in ["2 per hour", "2 per hour, fixed"] {
        let counter = Counter::new(pace(text), 32);
        counter.weigh(1, 2).unwrap();
        counter.weigh(2, 2).unwrap();
        counter.memory.forget(0, 1);
        counter.memory.forget(0, 3);
        assert_eq!(counter.take(1).unwrap().remaining, 1, "{text}");
        assert!(counter.take(2).is_err(), "{text}");
    }
}

/// As the counter of a processor may, where a machine wakes up or moves to another host.
#[test]
fn a_clock_that_went_back_locks_nobody_out_for_longer_than_the_quota() {
    for text in ["2 per hour", "2 per hour, fixed"] {
        let counter = Counter::new(pace(text), 32);
        counter.advance(Duration::from_secs(1_000_000));
        counter.weigh(1, 2).unwrap();
        counter.now.store(0, Ordering::Relaxed);
        let refused = counter.take(1).unwrap_err();
        assert!(refused.whole_in <= 3600 * SECOND, "{text}");
        counter.advance(Duration::from_nanos(refused.more_in));
        assert!(counter.take(1).is_ok(), "{text}");
    }
}

/// A thread that was held up between the clock and the lock is some time behind the others.
#[test]
fn a_thread_that_comes_late_gives_nothing_away() {
    for text in ["10 per 10 seconds", "10 per 10 seconds, fixed"] {
        let counter = Counter::new(pace(text), 32);
        counter.advance(Duration::from_secs(5));
        counter.weigh(1, 10).unwrap();
        counter.now.store(0, Ordering::Relaxed);
        assert!(counter.take(1).is_err(), "{text}");
        counter.advance(Duration::from_secs(5));
        assert!(counter.take(1).is_err(), "{text}");
    }
}

/// In a release build: `cargo test --release -p portcullis --lib ten_million -- --ignored --nocapture`.
#[test]
#[ignore = "takes seconds, and measures"]
fn ten_million_callers_pass_through_a_hundred_thousand_places() {
    let counter = Counter::new(pace("100 per 15 minutes"), 100_000);
    let heavy = hash(u64::MAX);
    counter.weigh(heavy, 100).unwrap();
    for round in 0..10 {
        let begun = std::time::Instant::now();
        for caller in 0..1_000_000 {
            assert_eq!(counter.take(hash(round * 1_000_000 + caller)).unwrap().remaining, 99);
        }
        println!(
            "{} ns a newcomer in million {round}",
            begun.elapsed().as_nanos() / 1_000_000
        );
        assert!(counter.take(heavy).is_err());
        assert!(counter.memory.taken() <= 100_000);
    }
    assert_eq!(counter.memory.taken(), 100_000);
}
