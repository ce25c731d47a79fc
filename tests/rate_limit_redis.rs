//! Quotas in Redis, seen from outside: on the one that `TEST_REDIS_URL` says there is, and on one of a test's own that dies.

#![cfg(feature = "redis")]
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod redis_server;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use portcullis::rate_limit::{Count, Key, Limit, OnFailure, RateLimitLayer, RateLimitLayerBuilder, RedisStore};
use portcullis::{Identity, client_ip::PeerAddr};
use redis::aio::ConnectionManager;
use tower::{Layer, ServiceExt, service_fn};

use self::redis_server::{Private, clean, eager, shared};

/// With a deadline that a busy machine keeps.
fn store(connection: &ConnectionManager, prefix: &str) -> RedisStore {
    RedisStore::builder(connection.clone(), prefix)
        .deadline(Duration::from_secs(30))
        .on_failure(OnFailure::Refuse)
        .build()
        .unwrap()
}

fn by_address(quota: &str, store: RedisStore) -> RateLimitLayerBuilder {
    RateLimitLayer::builder().quota(quota.parse().unwrap()).redis(store)
}

/// The answer to a request from this address for `/status`, which is the status that the service answers.
async fn ask(layer: &RateLimitLayer, address: &str, status: u16) -> Response<Full<Bytes>> {
    let service = service_fn(|request: Request<()>| async move {
        let mut response = Response::new(Full::<Bytes>::default());
        *response.status_mut() = request.uri().path()[1..].parse::<StatusCode>().unwrap();
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::get(format!("/{status}")).body(()).unwrap();
    let peer = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(PeerAddr(peer));
    request.extensions_mut().insert(Identity::user("42"));
    layer.layer(service).oneshot(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_together_admit_the_quota() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let (other, _) = shared().await.unwrap();
    let processes = [&connection, &other].map(|connection| {
        let store = store(connection, &prefix);
        Arc::new(by_address("40 per hour", store).build().unwrap())
    });
    let passed = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let (layer, passed) = (Arc::clone(&processes[task % 2]), Arc::clone(&passed));
            tokio::spawn(async move {
                let response = ask(&layer, "192.0.2.1", 200).await;
                if response.status() == 200 {
                    passed.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert_eq!(response.status(), 429);
                    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                    assert!((80..=90).contains(&seconds), "{seconds}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(passed.load(Ordering::Relaxed), 40);
    let another = ask(&processes[0], "192.0.2.2", 200).await;
    assert_eq!(another.headers()["ratelimit-policy"], "\"default\";q=40;w=3600");
    assert_eq!(another.headers()["ratelimit"], "\"default\";r=39;t=90");
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn quotas_by_different_keys_are_taken_together() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let user: portcullis::rate_limit::Quota = "3 per hour".parse().unwrap();
    let layer = by_address("2 per hour", store(&connection, &prefix))
        .limit(Limit::new(user.name("user")).key(Key::user()))
        .build()
        .unwrap();
    let statuses = async |address: &str| {
        let response = ask(&layer, address, 200).await;
        (
            response.status().as_u16(),
            response.headers()["ratelimit"].to_str().unwrap().to_owned(),
        )
    };
    assert_eq!(statuses("192.0.2.1").await.0, 200);
    assert_eq!(statuses("192.0.2.1").await.0, 200);
    assert_eq!(statuses("192.0.2.1").await.0, 429, "by the address");
    assert_eq!(
        statuses("192.0.2.2").await.0,
        200,
        "what was refused took nothing from the user"
    );
    let (status, told) = statuses("192.0.2.3").await;
    assert!(status == 429 && told.starts_with("\"user\";r=0"), "{told}");
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn answers_that_do_not_count_are_given_back() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let layer = by_address("2 per hour", store(&connection, &prefix))
        .count(Count::Failures)
        .build()
        .unwrap();
    // Giving back is something that nobody waits for; on one connection it comes before what is asked after.
    for _ in 0..10 {
        assert_eq!(ask(&layer, "192.0.2.1", 200).await.status(), 200);
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&layer, "192.0.2.1", 401).await.status(), 401);
    assert_eq!(ask(&layer, "192.0.2.1", 401).await.status(), 401);
    assert_eq!(ask(&layer, "192.0.2.1", 200).await.status(), 429);
    clean(&mut connection, &prefix).await;
}

#[tokio::test]
async fn quotas_that_one_store_cannot_tell_apart_are_faults() {
    let Some((connection, prefix)) = shared().await else {
        return;
    };
    let store = store(&connection, &prefix);
    for _ in 0..2 {
        let _one_quota = by_address("2 per hour", store.clone()).build().unwrap();
    }
    let clash = by_address("3 per hour", store).build().unwrap_err();
    assert_eq!(clash.faults().len(), 1);
    assert_eq!(clash.faults()[0].setting(), "store");
    assert!(clash.to_string().contains("`default`"), "{clash}");
}

#[tokio::test]
async fn while_redis_is_down_the_layer_does_what_it_was_told() {
    let Some(mut server) = Private::start() else {
        return;
    };
    let connection = server.connection(eager()).await;
    let build = |prefix: &str, choice| {
        let store = RedisStore::builder(connection.clone(), prefix).on_failure(choice);
        let store = store.deadline(Duration::from_millis(300)).build().unwrap();
        by_address("20 per hour", store).build().unwrap()
    };
    let refusing = build("refuse:", OnFailure::Refuse);
    let admitting = build("admit:", OnFailure::Admit);
    let local = build("local:", OnFailure::Local { processes: 10 });
    for layer in [&refusing, &admitting, &local] {
        let response = ask(layer, "192.0.2.1", 200).await;
        assert_eq!(response.headers()["ratelimit"], "\"default\";r=19;t=180");
    }
    server.kill();
    for round in 0..20 {
        let refused = ask(&refusing, "192.0.2.1", 200).await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after") && !refused.headers().contains_key("ratelimit"));
        let admitted = ask(&admitting, "192.0.2.1", 200).await;
        assert_eq!(admitted.status(), 200);
        assert!(!admitted.headers().contains_key("ratelimit"));
        let shared = ask(&local, "192.0.2.1", 200).await;
        assert_eq!(shared.status(), if round < 2 { 200 } else { 429 }, "a tenth of twenty");
    }
    server.restart();
    for layer in [&refusing, &admitting, &local] {
        // Nothing was persisted.
        while ask(layer, "192.0.2.9", 200)
            .await
            .headers()
            .get("ratelimit")
            .is_none_or(|told| {
                let told = told.to_str().unwrap();
                // What is left of a share is below what is left of the whole.
                !told.starts_with("\"default\";r=1")
            })
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
