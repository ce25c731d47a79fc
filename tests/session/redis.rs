//! The same rules on a real Redis, where `TEST_REDIS_URL` says one is; and what happens when one dies, on one of the test's own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::identity::Token;
use portcullis::session::{RefreshError, Sessions, SessionsBuilder, StoreError, StoreFailure};
use proptest::prelude::*;
use redis::aio::{ConnectionLike, ConnectionManager};

use super::layer::{refuses_what_is_over, send, with_token};
use super::log::Log;
use super::model::{Clock, follow, steps};
use super::redis_server::{Node, Private, RoundTrips, clean, eager, keys, shared};
use super::rules::{clocks_may_differ, exchanges_without_a_pause, fifty_clients_at_once, lasts_as_long_as_it_may};

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
    for key in keys(&mut connection, &format!("{prefix}*")).await {
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
    let keys = keys(&mut connection, &format!("{prefix}*")).await;
    assert_eq!(keys.len(), 2);
    let tag = format!("{{{}}}", session.id.user().as_str());
    assert!(
        keys.iter().all(|key| key.starts_with(&format!("{prefix}{tag}"))),
        "{keys:?}"
    );
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn every_operation_is_one_round_trip() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let trips = RoundTrips::of(&connection);
    let sessions = patient(&trips, &prefix).build().unwrap();
    // The first run of a script may have to load it.
    let warm = sessions.start("7", "").await.unwrap();
    sessions.refresh(warm.refresh_token.as_str()).await.unwrap();
    sessions.end_all("7").await.unwrap();

    let check = |what: &str| assert_eq!(trips.taken(), 1, "{what}");
    trips.taken();
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

/// A node of a cluster refuses whatever would need two slots.
#[tokio::test]
async fn every_operation_stays_within_a_slot() {
    let Some(node) = Node::start().await else {
        return;
    };
    let connection = node.connection().await;
    let clock = Clock::new();
    let sessions = clock.built(patient(&connection, "cluster:"));
    refuses_what_is_over(&clock, &sessions).await;
    exchanges_without_a_pause(&clock, &sessions).await;
}

#[tokio::test]
async fn a_redis_that_dies_pauses_and_comes_back() {
    let Some(mut server) = Private::start() else {
        return;
    };
    let log = Log::default();
    let _listening = log.listen();
    let connection = server.connection(eager()).await;
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
    let mut admin = server.connection(eager()).await;
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
    server.restart();
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
