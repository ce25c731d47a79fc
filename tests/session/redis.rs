//! The same rules on a real Redis, where `TEST_REDIS_URL` says one is; and what happens when one dies, on one of the test's own.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::identity::Token;
use portcullis::session::{RefreshError, Sessions, SessionsBuilder, StoreError, StoreFailure};
use proptest::prelude::*;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::layer::{refuses_what_is_over, send, with_token};
use super::log::Log;
use super::model::{Clock, follow, steps};
use super::rules::{clocks_may_differ, exchanges_without_a_pause, fifty_clients_at_once, lasts_as_long_as_it_may};

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
    // As unlikely to be met again as a session's id, which is where it is from.
    let random = Sessions::builder().build().unwrap().start("", "").await.unwrap().id;
    Some((connection, format!("portcullis-test:{random}:")))
}

async fn keys(connection: &mut ConnectionManager, prefix: &str) -> Vec<String> {
    let mut command = redis::cmd("KEYS");
    command.arg(format!("{prefix}*"));
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

#[test]
fn redis_does_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let Some((connection, prefix)) = runtime.block_on(shared()) else {
        return;
    };
    let cases = AtomicUsize::new(0);
    proptest!(ProptestConfig::with_cases(200), |((grace, steps) in steps())| {
        let prefix = format!("{prefix}{}:", cases.fetch_add(1, Ordering::Relaxed));
        let builder = Sessions::builder().redis(connection.clone(), &prefix);
        runtime.block_on(follow(builder, grace, &steps));
    });
    runtime.block_on(clean(&mut connection.clone(), &prefix));
}

#[tokio::test]
async fn redis_refuses_what_is_over() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let clock = Clock::new();
    refuses_what_is_over(&clock, &clock.built(patient(&connection, &prefix))).await;
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn exchanges_without_a_pause_in_redis() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let clock = Clock::new();
    exchanges_without_a_pause(&clock, &clock.built(patient(&connection, &prefix))).await;
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn a_session_in_redis_lasts_as_long_as_it_may() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let clock = Clock::new();
    lasts_as_long_as_it_may(&clock, &clock.built(patient(&connection, &prefix))).await;
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn clocks_may_differ_in_redis() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let clock = Clock::new();
    clocks_may_differ(&clock, &clock.built(patient(&connection, &prefix))).await;
    clean(&mut connection, &prefix).await;
}

/// Deadlines that a busy machine keeps.
fn patient<C>(connection: &C, prefix: &str) -> SessionsBuilder
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    let long = Duration::from_secs(30);
    let builder = Sessions::builder().redis(connection.clone(), prefix);
    builder.check_deadline(long).store_deadline(long)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_clients_of_two_processes_nobody_is_signed_out() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let (one, _) = shared().await.unwrap();
    let process = |connection: &ConnectionManager| patient(connection, &prefix).build().unwrap();
    fifty_clients_at_once([process(&connection), process(&one)]).await;
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn two_processes_see_each_others_endings_at_once() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let (second, _) = shared().await.unwrap();
    let here = patient(&connection, &prefix).build().unwrap();
    let there = patient(&second, &prefix).build().unwrap();
    let session = here.start("42", "here").await.unwrap();
    let other = there.start("42", "there").await.unwrap();
    let token = |id: &str| with_token("42", Token::new().with_session(id));
    assert_eq!(here.list("42").await.unwrap(), there.list("42").await.unwrap());
    assert_eq!(send(&there, token(session.id.as_str())).await.status(), 200);

    assert!(here.end("42", session.id.as_str()).await.unwrap());
    assert_eq!(send(&there, token(session.id.as_str())).await.status(), 401);
    let ended = there.refresh(session.refresh_token.as_str()).await;
    assert!(matches!(ended, Err(RefreshError::Invalid)), "{ended:?}");
    assert_eq!(send(&there, token(other.id.as_str())).await.status(), 200);

    let renewed = here.refresh(other.refresh_token.as_str()).await.unwrap();
    let again = there.refresh(other.refresh_token.as_str()).await.unwrap();
    assert_eq!(again.refresh_token, renewed.refresh_token);
    assert_eq!(&*again.user, "42");

    assert_eq!(there.end_all("42").await.unwrap(), 1);
    assert_eq!(send(&here, token(other.id.as_str())).await.status(), 401);
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn nothing_is_kept_from_which_a_token_could_be_made() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let sessions = patient(&connection, &prefix).build().unwrap();
    let first = sessions.start("42", "").await.unwrap().refresh_token;
    let second = sessions.refresh(first.as_str()).await.unwrap().refresh_token;
    let mut kept = String::new();
    for key in keys(&mut connection, &prefix).await {
        let fields: Vec<String> = redis::cmd("HGETALL")
            .arg(key)
            .query_async(&mut connection)
            .await
            .unwrap();
        kept.push_str(&fields.join("\n"));
    }
    assert!(kept.contains(&first.as_str()[..44]), "{kept}");
    for token in [first, second] {
        let (family, secret) = token.as_str()[44..].split_at(24);
        assert!(!kept.contains(family) && !kept.contains(secret), "{kept}");
    }
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn all_keys_of_a_user_lie_in_one_slot() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let sessions = patient(&connection, &prefix).build().unwrap();
    let session = sessions.start("42", "").await.unwrap();
    let expires = std::time::SystemTime::now() + Duration::from_secs(900);
    sessions.revoke_token("42", "jti", expires).await.unwrap();
    let keys = keys(&mut connection, &prefix).await;
    assert_eq!(keys.len(), 2);
    let tag = format!("{{{}}}", session.id.user().as_str());
    assert!(
        keys.iter().all(|key| key.starts_with(&format!("{prefix}{tag}"))),
        "{keys:?}"
    );
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
async fn every_operation_is_one_round_trip() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let trips = Arc::new(AtomicUsize::new(0));
    let counting = Counting(connection.clone(), Arc::clone(&trips));
    let sessions = patient(&counting, &prefix).build().unwrap();
    // The first run of a script may have to load it.
    let warm = sessions.start("7", "").await.unwrap();
    sessions.refresh(warm.refresh_token.as_str()).await.unwrap();
    sessions.end_all("7").await.unwrap();

    let check = |what: &str| assert_eq!(trips.swap(0, Ordering::Relaxed), 1, "{what}");
    trips.store(0, Ordering::Relaxed);
    let session = sessions.start("42", "").await.unwrap();
    check("start");
    sessions.refresh(session.refresh_token.as_str()).await.unwrap();
    check("refresh");
    sessions.list("42").await.unwrap();
    check("list");
    let now = std::time::SystemTime::now();
    sessions.revoke_token("42", "jti", now).await.unwrap();
    check("revoke_token");
    let token = Token::new().with_session(session.id.as_str()).with_id("other");
    assert_eq!(
        send(&sessions, with_token("42", token.with_issued_at(u64::MAX)))
            .await
            .status(),
        200
    );
    check("layer");
    sessions.end("42", session.id.as_str()).await.unwrap();
    check("end");
    sessions.end_before("42", now).await.unwrap();
    check("end_before");
    sessions.end_all("42").await.unwrap();
    check("end_all");
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
        Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
                &port.to_string(),
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
async fn every_operation_stays_within_a_slot() {
    let folder = std::env::temp_dir().join(format!("portcullis-{}", std::process::id()));
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
    let clock = Clock::new();
    let sessions = clock.built(patient(&connection, "cluster:"));
    refuses_what_is_over(&clock, &sessions).await;
    exchanges_without_a_pause(&clock, &sessions).await;
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
    let build = |choice| {
        let builder = Sessions::builder()
            .redis(connection.clone(), "private:")
            .on_store_failure(choice);
        let deadline = Duration::from_millis(200);
        builder
            .check_deadline(deadline)
            .store_deadline(deadline)
            .build()
            .unwrap()
    };
    let (refusing, admitting) = (build(StoreFailure::Refuse), build(StoreFailure::Admit));
    let session = refusing.start("42", "").await.unwrap();
    let identity = with_token("42", Token::new().with_session(session.id.as_str()));
    let check = async |refusing_says: u16, admitting_says: u16| {
        for _ in 0..2 {
            assert_eq!(send(&refusing, identity.clone()).await.status(), refusing_says);
            assert_eq!(send(&admitting, identity.clone()).await.status(), admitting_says);
        }
    };
    let well_again = async || {
        while refusing.list("42").await.is_err() || admitting.list("42").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    check(200, 200).await;

    // It accepts connections and answers none. The pause outlasts what is asked meanwhile, and is then taken back by its end.
    let mut admin = server.connection().await;
    let _: () = redis::cmd("CLIENT")
        .arg("PAUSE")
        .arg(5_000)
        .query_async(&mut admin)
        .await
        .unwrap();
    check(503, 200).await;
    let token = session.refresh_token.as_str();
    let lost = refusing.refresh(token).await;
    assert!(
        matches!(lost, Err(RefreshError::Store(StoreError::TimedOut))),
        "{lost:?}"
    );
    well_again().await;
    check(200, 200).await;
    // Whether or not the one that timed out has happened, the client goes on with the token that it has.
    refusing.refresh(token).await.expect("within the grace");

    server.kill();
    check(503, 200).await;
    assert!(matches!(refusing.refresh(token).await, Err(RefreshError::Store(_))));
    assert!(refusing.start("42", "").await.is_err());

    // Nothing was persisted: all are signed out, and can sign in.
    server.server = Private::spawn(server.port, &[]).unwrap();
    well_again().await;
    check(401, 401).await;
    assert!(matches!(refusing.refresh(token).await, Err(RefreshError::Invalid)));
    let again = refusing.start("42", "").await.unwrap();
    refusing.refresh(again.refresh_token.as_str()).await.unwrap();

    let text = log.text();
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!(
        count("the store of sessions is down"),
        4,
        "two gates, two failures: {text}"
    );
    assert_eq!(count("the store of sessions answers again"), 4, "{text}");
    assert!(!text.contains(&token[44..]), "{text}");
}
