//! On a real Redis, where `TEST_REDIS_URL` says one is; and what happens when one dies, on one of the test's own.

use std::time::Duration;

use portcullis::lockout::{Failures, Lockout, LockoutBuilder, Reason, StoreFailure};
use redis::aio::{ConnectionLike, ConnectionManager};

use super::log::Log;
use super::redis_server::{Node, Private, RoundTrips, clean, eager, keys, shared};
use super::{ip, login, sixty_four_at_once};

/// With a deadline that a busy machine keeps, and without a way around the store.
fn patient<C>(builder: LockoutBuilder, connection: &C, prefix: &str) -> Lockout
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    let builder = builder
        .redis(connection.clone(), prefix)
        .on_store_failure(StoreFailure::Refuse);
    builder.store_deadline(Duration::from_secs(30)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_of_two_processes() {
    let Some((mut one, prefix)) = shared().await else {
        return;
    };
    let (other, _) = shared().await.unwrap();
    sixty_four_at_once([patient(login(), &one, &prefix), patient(login(), &other, &prefix)]).await;
    clean(&mut one, &prefix).await;
}

#[tokio::test]
async fn two_processes_see_each_others_failures_and_successes() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let (second, _) = shared().await.unwrap();
    let build = || {
        let hour = Duration::from_secs(3600);
        let account = Failures::new(6, hour).delays(hour / 4, 2, hour);
        login().account(account)
    };
    let (here, there) = (
        patient(build(), &connection, &prefix),
        patient(build(), &second, &prefix),
    );
    let home = ip("192.0.2.1");
    for process in [&here, &there, &here, &there, &here] {
        drop(process.begin("ada", home).await.unwrap());
    }
    let refusal = there.begin("ada", home).await.unwrap_err();
    let Reason::Locked { retry_after, .. } = refusal.reason() else {
        panic!("{refusal:?}");
    };
    assert!(*retry_after <= Duration::from_secs(900), "{retry_after:?}");
    assert!(*retry_after > Duration::from_secs(800), "{retry_after:?}");
    there.reset("ada", home).await.unwrap();

    // From home, where somebody has signed in, all that strangers do is of no account.
    here.begin("ada", home).await.unwrap().succeeded().await;
    for last in 1..=6 {
        drop(there.begin("ada", ip(&format!("203.0.113.{last}"))).await.unwrap());
    }
    assert!(here.begin("ada", ip("203.0.113.7")).await.is_err());
    there.begin("ada", home).await.unwrap().withdraw().await;
    there.begin("ada", home).await.unwrap().succeeded().await;
    assert!(here.begin("ada", ip("203.0.113.7")).await.is_ok());
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn no_name_and_no_address_is_kept() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let lockout = patient(login(), &connection, &prefix);
    drop(lockout.begin("ada@example.com", ip("192.0.2.77")).await.unwrap());
    lockout.begin("bob", ip("192.0.2.77")).await.unwrap().succeeded().await;
    let keys = keys(&mut connection, &format!("{{{prefix}}}*")).await;
    assert_eq!(keys.len(), 4, "two pairs, an address, an account: {keys:?}");
    for key in &keys {
        let value: String = redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
        let hash = key.rsplit(':').next().unwrap();
        assert!(
            hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{key}"
        );
        assert!(
            value.bytes().all(|byte| byte.is_ascii_digit() || byte == b' '),
            "{value}"
        );
    }
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn a_failure_is_one_round_trip_and_a_success_two() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let trips = RoundTrips::of(&connection);
    let lockout = patient(login(), &trips, &prefix);
    let here = ip("192.0.2.1");
    // The first run of a script may have to load it.
    lockout.begin("ada", here).await.unwrap().succeeded().await;

    let check = |what: &str, expect| assert_eq!(trips.taken(), expect, "{what}");
    trips.taken();
    lockout.begin("ada", here).await.unwrap().failed();
    check("failed", 1);
    drop(lockout.begin("ada", here).await.unwrap());
    check("dropped", 1);
    lockout.begin("ada", here).await.unwrap().withdraw().await;
    check("withdrawn", 2);
    for _ in 0..3 {
        drop(lockout.begin("ada", here).await.unwrap());
    }
    check("failed", 3);
    lockout.begin("ada", here).await.unwrap_err();
    check("refused", 1);
    lockout.reset("ada", here).await.unwrap();
    check("reset", 1);
    lockout.begin("ada", here).await.unwrap().succeeded().await;
    check("succeeded", 2);
    clean(&mut connection, &prefix).await;
}

/// A node of a cluster refuses whatever would need two slots.
#[tokio::test]
async fn all_keys_lie_in_one_slot() {
    let Some(node) = Node::start().await else {
        return;
    };
    let connection = node.connection().await;
    let lockout = patient(login(), &connection, "login");
    let here = ip("192.0.2.1");
    lockout.begin("ada", here).await.unwrap().succeeded().await;
    lockout.begin("ada", here).await.unwrap().withdraw().await;
    for _ in 0..5 {
        lockout.begin("ada", here).await.unwrap().failed();
    }
    lockout.begin("ada", here).await.unwrap_err();
}

#[tokio::test]
async fn a_redis_that_dies_pauses_and_comes_back() {
    let Some(mut server) = Private::start() else {
        return;
    };
    let log = Log::default();
    let _listening = log.listen();
    let connection = server.connection(eager()).await;
    let build = |choice, prefix: &str| {
        let builder = login().redis(connection.clone(), prefix).on_store_failure(choice);
        builder.store_deadline(Duration::from_millis(200)).build().unwrap()
    };
    let counting = build(StoreFailure::CountHere, "counting");
    let refusing = build(StoreFailure::Refuse, "refusing");
    let admitting = build(StoreFailure::Admit, "admitting");
    let here = ip("192.0.2.1");
    let passed = async |lockout: &Lockout| {
        let mut passed = 0;
        for _ in 0..7 {
            passed += usize::from(lockout.begin("ada", here).await.is_ok());
        }
        passed
    };
    let well_again = async || {
        for lockout in [&counting, &refusing, &admitting] {
            while lockout.reset("ada", here).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    for lockout in [&counting, &refusing, &admitting] {
        assert_eq!(passed(lockout).await, 5);
    }
    well_again().await;

    // It accepts connections and answers none, until the pause ends.
    let mut admin = server.connection(eager()).await;
    let pause = async |admin: &mut ConnectionManager| {
        let mut command = redis::cmd("CLIENT");
        command.arg("PAUSE").arg(60_000);
        let _: () = command.query_async(admin).await.unwrap();
    };
    pause(&mut admin).await;
    assert_eq!(passed(&counting).await, 5);
    assert_eq!(passed(&refusing).await, 0);
    assert_eq!(passed(&admitting).await, 7);

    server.kill();
    assert!(counting.reset("ada", here).await.is_err());
    assert_eq!(passed(&counting).await, 5);
    assert_eq!(passed(&refusing).await, 0);
    assert_eq!(passed(&admitting).await, 7);

    server.restart();
    well_again().await;
    for lockout in [&counting, &refusing, &admitting] {
        assert_eq!(passed(lockout).await, 5);
    }
    let text = log.text();
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("the store of failures is down"), 3, "{text}");
    assert_eq!(count("the store of failures answers again"), 3, "{text}");
}
