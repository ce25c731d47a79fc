//! The lockout over its public interface, in memory and in Redis.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

#[path = "../log/mod.rs"]
mod log;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "redis")]
#[path = "../redis_server/mod.rs"]
mod redis_server;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::Full;
use portcullis::lockout::{
    Failures, Lockout, LockoutStore, Question, Settlement, StoreError, StoreFailure, StoreFuture, Subject, Verdict,
};
use tokio::sync::Barrier;

use self::log::Log;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Five of a pair, a hundred of an address and day.
fn login() -> portcullis::lockout::LockoutBuilder {
    let day = Duration::from_secs(24 * 60 * 60);
    Lockout::builder()
        .pair(Failures::new(5, Duration::from_secs(15 * 60)))
        .address(Failures::new(100, day))
}

/// How many of 64 attempts that are all made before any has ended may be made.
async fn passed(
    processes: [Lockout; 2],
    account: impl Fn(usize) -> String,
    address: impl Fn(usize) -> IpAddr,
) -> usize {
    let barrier = Arc::new(Barrier::new(64));
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (process, barrier) = (processes[task % 2].clone(), Arc::clone(&barrier));
            let (account, address) = (account(task), address(task));
            tokio::spawn(async move {
                barrier.wait().await;
                process.begin(&account, address).await
            })
        })
        .collect();
    let mut attempts = Vec::new();
    for task in tasks {
        attempts.extend(task.await.unwrap());
    }
    attempts.len()
}

/// On each of the three subjects exactly as many pass as may.
async fn sixty_four_at_once(processes: [Lockout; 2]) {
    let one = |_| ip("192.0.2.1");
    let many = |task: usize| ip(&format!("203.0.113.{task}"));
    let ada = |_| "ada".to_owned();
    assert_eq!(passed(processes.clone(), ada, one).await, 5);
    // Five of the hundred are used up.
    let strangers = |task: usize| format!("user {task}");
    assert_eq!(passed(processes.clone(), strangers, one).await, 64);
    let others = |task: usize| format!("other {task}");
    assert_eq!(passed(processes.clone(), others, one).await, 31);
    assert_eq!(passed(processes.clone(), |_| "bob".to_owned(), many).await, 64);
    let more = |task: usize| ip(&format!("198.51.100.{task}"));
    assert_eq!(passed(processes, |_| "bob".to_owned(), more).await, 36);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_in_memory() {
    let lockout = login().build().unwrap();
    sixty_four_at_once([lockout.clone(), lockout]).await;
}

#[tokio::test]
async fn the_answer_says_nothing_of_the_account() {
    let lockout = login()
        .address(Failures::new(11, Duration::from_secs(60)))
        .build()
        .unwrap();
    let here = ip("192.0.2.1");
    let answer = async |account: &str| {
        let refusal = lockout.begin(account, here).await.unwrap_err();
        let response = portcullis::Error::from(refusal).into_response::<Full<bytes::Bytes>>();
        let retry_after = response.headers()["retry-after"].clone();
        (response.status(), retry_after, response.into_body())
    };
    for account in ["known", "unknown"] {
        for _ in 0..5 {
            drop(lockout.begin(account, here).await.unwrap());
        }
    }
    let (known, unknown) = (answer("known").await, answer("unknown").await);
    assert_eq!(known.0, 429);
    assert_eq!(known.0, unknown.0);
    // Seconds may pass between the two; the rest is the same text.
    let text = |body: Full<bytes::Bytes>| format!("{body:?}").split("retry_after").next().unwrap().to_owned();
    assert_eq!(text(known.2), text(unknown.2));
    drop(lockout.begin("third", here).await.unwrap());
    assert_eq!(answer("fourth").await.0, 429, "whatever is locked");
}

/// Fails, or never answers.
struct Broken(bool);

impl Broken {
    fn answer<T: Send + 'static>(&self) -> StoreFuture<T> {
        if self.0 {
            Box::pin(std::future::pending())
        } else {
            Box::pin(async { Err(StoreError::Failed("no route to host".into())) })
        }
    }
}

impl LockoutStore for Broken {
    fn begin(&self, _: Question) -> StoreFuture<Verdict> {
        self.answer()
    }

    fn settle(&self, _: Settlement) -> StoreFuture<()> {
        self.answer()
    }
}

/// Counts, but answers too late; and notes what it is told of the ends of attempts.
#[derive(Default)]
struct Late(Arc<AtomicUsize>);

impl LockoutStore for Late {
    fn begin(&self, _: Question) -> StoreFuture<Verdict> {
        Box::pin(std::future::pending())
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        let successes = Arc::clone(&self.0);
        Box::pin(async move {
            successes.fetch_add(usize::from(settlement.succeeded.is_some()), Ordering::Relaxed);
            Ok(())
        })
    }
}

/// Or five good passwords, each counted as a failure by a store that was slow, would lock their owner out once it is well again.
#[tokio::test(start_paused = true)]
async fn a_success_is_told_to_a_store_that_may_have_counted_a_failure() {
    let store = Late::default();
    let successes = Arc::clone(&store.0);
    let lockout = login().store(store).build().unwrap();
    let here = ip("192.0.2.1");
    lockout.begin("ada", here).await.unwrap().succeeded().await;
    lockout.begin("ada", here).await.unwrap().failed();
    lockout.begin("ada", here).await.unwrap().withdraw().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(successes.load(Ordering::Relaxed), 1);
}

/// Every second question fails: a server that drowns, or one node of a cluster.
#[derive(Default)]
struct Flapping(AtomicBool);

impl LockoutStore for Flapping {
    fn begin(&self, _: Question) -> StoreFuture<Verdict> {
        let fails = self.0.fetch_xor(true, Ordering::Relaxed);
        Box::pin(async move {
            if fails {
                return Err(StoreError::Failed("no route to host".into()));
            }
            Ok(Verdict::Captcha { subject: Subject::Pair })
        })
    }

    fn settle(&self, _: Settlement) -> StoreFuture<()> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_does_not_fill_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let lockout = login().store(Flapping::default()).build().unwrap();
    for _ in 0..100 {
        let _ = lockout.begin("ada", ip("192.0.2.1")).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let text = log.text();
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("the store of failures is down"), 2, "{text}");
    assert_eq!(count("the store of failures answers again"), 2, "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_as_the_builder_says() {
    async fn check(choice: StoreFailure, silent: bool, expect: usize) {
        let log = Log::default();
        let _listening = log.listen();
        let lockout = login().store(Broken(silent)).on_store_failure(choice).build().unwrap();
        let mut passed = 0;
        for _ in 0..8 {
            passed += usize::from(lockout.begin("ada", ip("192.0.2.1")).await.is_ok());
        }
        assert_eq!(passed, expect, "{choice:?}");
        let text = log.text();
        assert_eq!(text.matches("the store of failures is down").count(), 1, "{text}");
        assert_eq!(text.contains("no route to host"), !silent, "{text}");
    }
    for silent in [false, true] {
        check(StoreFailure::CountHere, silent, 5).await;
        check(StoreFailure::Refuse, silent, 0).await;
        check(StoreFailure::Admit, silent, 8).await;
    }
    let lockout = login()
        .store(Broken(false))
        .on_store_failure(StoreFailure::Refuse)
        .build()
        .unwrap();
    let refusal = lockout.begin("ada", ip("192.0.2.1")).await.unwrap_err();
    assert_eq!(refusal.problem().status(), 503);
    assert_eq!(refusal.problem().headers()["retry-after"], "1");
    // What was counted here is given back here.
    let lockout = login().store(Broken(false)).build().unwrap();
    for _ in 0..20 {
        lockout.begin("ada", ip("192.0.2.1")).await.unwrap().succeeded().await;
    }
}

#[tokio::test]
async fn the_log_has_each_lock_once_and_never_the_account() {
    let log = Log::default();
    let _listening = log.listen();
    let lockout = login().build().unwrap();
    for _ in 0..8 {
        if let Ok(attempt) = lockout.begin("hunter2", ip("::ffff:192.0.2.1")).await {
            attempt.failed();
        }
    }
    // One that would have locked, and succeeded.
    for last in [false, false, false, false, true] {
        let attempt = lockout.begin("ada", ip("192.0.2.9")).await.unwrap();
        if last {
            attempt.succeeded().await;
        }
    }
    let text = log.text();
    assert_eq!(text.matches("too many attempts have failed").count(), 1, "{text}");
    assert!(text.contains("address=192.0.2.1"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
