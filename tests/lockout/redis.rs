//! On a real Redis, where `TEST_REDIS_URL` says one is; and what happens when one dies, on one of the test's own.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::lockout::{Failures, Lockout, LockoutBuilder, Reason, StoreFailure};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::log::Log;
use super::{ip, login, sixty_four_at_once};

#[expect(
    clippy::explicit_write,
    reason = "the test harness swallows what a test prints that passes"
)]
fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap();
}

/// A connection to the Redis of `TEST_REDIS_URL`, and a prefix that nobody else has.
async fn shared() -> Option<(ConnectionManager, String)> {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        skipped("TEST_REDIS_URL is not set");
        return None;
    };
    let client = redis::Client::open(url).unwrap();
    let connection = ConnectionManager::new(client).await.expect("TEST_REDIS_URL answers");
    Some((connection, format!("portcullis-test:{}", uuid::Uuid::new_v4())))
}

async fn keys(connection: &mut ConnectionManager, prefix: &str) -> Vec<String> {
    let mut command = redis::cmd("KEYS");
    command.arg(format!("{{{prefix}}}*"));
    command.query_async(connection).await.unwrap()
}

/// Leaves nothing behind, and asserts on the way that nothing would have stayed for ever.
async fn clean(connection: &mut ConnectionManager, prefix: &str) {
    for key in keys(connection, prefix).await {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(connection).await.unwrap();
        assert!(left > 0, "{key} stays for ever");
        let _: () = redis::cmd("DEL").arg(&key).query_async(connection).await.unwrap();
    }
}

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
    let keys = keys(&mut connection, &prefix).await;
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

/// Counts what is written and waited for.
#[derive(Clone)]
struct Counting(ConnectionManager, Arc<AtomicUsize>);

impl ConnectionLike for Counting {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
}

#[tokio::test]
async fn a_failure_is_one_round_trip_and_a_success_two() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let trips = Arc::new(AtomicUsize::new(0));
    let lockout = patient(login(), &Counting(connection.clone(), Arc::clone(&trips)), &prefix);
    let here = ip("192.0.2.1");
    // The first run of a script may have to load it.
    lockout.begin("ada", here).await.unwrap().succeeded().await;

    let check = |what: &str, expect| assert_eq!(trips.swap(0, Ordering::Relaxed), expect, "{what}");
    trips.store(0, Ordering::Relaxed);
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

/// A Redis that belongs to one test and dies with it.
struct Private {
    port: u16,
    server: Child,
}

impl Private {
    fn start(more: &[&str]) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        match Self::spawn(port, more) {
            Ok(server) => Some(Self { port, server }),
            Err(error) => {
                skipped(&format!("redis-server cannot be started ({error})"));
                None
            }
        }
    }

    fn spawn(port: u16, more: &[&str]) -> std::io::Result<Child> {
        let port = port.to_string();
        Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
                &port,
            ])
            .args(more)
            .stdout(Stdio::null())
            .spawn()
    }

    fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    async fn connection(&self) -> ConnectionManager {
        // It comes back within the test, however often it was tried in vain.
        let often = ConnectionManagerConfig::new().set_max_delay(Duration::from_millis(50));
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap();
        ConnectionManager::new_with_config(client, often.set_number_of_retries(100))
            .await
            .unwrap()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A node of a cluster refuses whatever would need two slots.
#[tokio::test]
async fn all_keys_lie_in_one_slot() {
    let folder = std::env::temp_dir().join(format!("portcullis-lockout-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let alone = ["--cluster-enabled", "yes", "--dir", folder.to_str().unwrap()];
    let Some(server) = Private::start(&alone) else {
        return;
    };
    let mut connection = server.connection().await;
    for slots in 0..16 {
        let mut command = redis::cmd("CLUSTER");
        command
            .arg("ADDSLOTS")
            .arg((slots * 1024..(slots + 1) * 1024).collect::<Vec<_>>());
        let _: () = command.query_async(&mut connection).await.unwrap();
    }
    let state = async |connection: &mut ConnectionManager| -> String {
        redis::cmd("CLUSTER").arg("INFO").query_async(connection).await.unwrap()
    };
    while !state(&mut connection).await.contains("cluster_state:ok") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let lockout = patient(login(), &connection, "login");
    let here = ip("192.0.2.1");
    lockout.begin("ada", here).await.unwrap().succeeded().await;
    lockout.begin("ada", here).await.unwrap().withdraw().await;
    for _ in 0..5 {
        lockout.begin("ada", here).await.unwrap().failed();
    }
    lockout.begin("ada", here).await.unwrap_err();
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_redis_that_dies_pauses_and_comes_back() {
    let Some(mut server) = Private::start(&[]) else {
        return;
    };
    let log = Log::default();
    let _listening = log.listen();
    let connection = server.connection().await;
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
    let mut admin = server.connection().await;
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

    server.server = Private::spawn(server.port, &[]).unwrap();
    well_again().await;
    for lockout in [&counting, &refusing, &admitting] {
        assert_eq!(passed(lockout).await, 5);
    }
    let text = log.text();
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("the store of failures is down"), 3, "{text}");
    assert_eq!(count("the store of failures answers again"), 3, "{text}");
}
