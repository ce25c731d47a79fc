//! Rules beside the plain quota: several at once, weights, what stays counted, dry runs, delays.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis::Identity;
use portcullis::client_ip::PeerAddr;
use portcullis::rate_limit::{
    Beyond, Count, Headers, Key, Limit, MissingKey, Quota, RateLimitLayer, RateLimitLayerBuilder,
};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt, service_fn};

use self::log::Log;

type Answer = Response<Full<Bytes>>;

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

fn from(peer: &str) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
    request
}

fn one() -> Request<()> {
    from("192.0.2.1:1")
}

/// A request that says how it is to be answered, and what it costs.
fn asking(status: u16, weight: u32) -> Request<()> {
    let mut request = one();
    request.headers_mut().insert("x-status", status.into());
    request.headers_mut().insert("x-weight", weight.into());
    request
}

fn number(headers: &http::HeaderMap, name: &str) -> Option<u32> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

async fn as_asked(request: Request<()>) -> Result<Answer, Infallible> {
    let mut response = Response::new(Full::default());
    if let Some(status) = number(request.headers(), "x-status") {
        *response.status_mut() = u16::try_from(status).unwrap().try_into().unwrap();
    }
    Ok(response)
}

async fn send(layer: &RateLimitLayer, request: Request<()>) -> Answer {
    layer.layer(service_fn(as_asked)).oneshot(request).await.unwrap()
}

async fn status(layer: &RateLimitLayer, request: Request<()>) -> u16 {
    send(layer, request).await.status().as_u16()
}

fn build(settings: impl FnOnce(RateLimitLayerBuilder) -> RateLimitLayerBuilder) -> RateLimitLayer {
    settings(RateLimitLayer::builder()).build().unwrap()
}

fn line(response: &Answer, name: &str) -> String {
    let lines = response.headers().get_all(name).iter();
    lines.map(|line| line.to_str().unwrap()).collect::<Vec<_>>().join(", ")
}

async fn refusing_quota(response: Answer) -> String {
    assert_eq!(response.status(), 429);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    body["quota"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn of_several_quotas_the_first_that_refuses_is_named_and_none_is_used() {
    let layer = build(|limit| {
        limit
            .quota(quota("3 per minute").name("burst"))
            .quota(quota("5 per hour, fixed").name("hour"))
    });
    let first = send(&layer, one()).await;
    assert_eq!(line(&first, "ratelimit"), "\"burst\";r=2;t=20, \"hour\";r=4;t=3600");
    assert_eq!(
        line(&first, "ratelimit-policy"),
        "\"burst\";q=3;w=60, \"hour\";q=5;w=3600"
    );
    for _ in 0..2 {
        assert_eq!(status(&layer, one()).await, 200);
    }
    for _ in 0..5 {
        let refused = send(&layer, one()).await;
        assert_eq!(line(&refused, "retry-after"), "20");
        assert_eq!(line(&refused, "ratelimit"), "\"burst\";r=0;t=20");
        assert_eq!(refusing_quota(refused).await, "burst");
    }
    // Three of the hour's five are used, and not one more.
    layer.forget(&one());
    for _ in 0..3 {
        assert_eq!(status(&layer, one()).await, 200);
    }

    let twice = build(|limit| {
        limit
            .quota(quota("5 per minute").name("wide"))
            .quota(quota("1 per hour").name("narrow"))
    });
    assert_eq!(status(&twice, one()).await, 200);
    for _ in 0..9 {
        assert_eq!(refusing_quota(send(&twice, one()).await).await, "narrow");
    }
}

#[tokio::test]
async fn the_header_of_old_tells_of_the_quota_with_the_least_left() {
    async fn check(headers: Headers, expect: &[(&str, &str)]) {
        let layer = build(|limit| {
            limit
                .quota(quota("10 per minute").name("a"))
                .quota(quota("3 per hour, fixed").name("b"))
                .quota(quota("7 per hour").name("c"))
                .headers(headers)
        });
        let response = send(&layer, one()).await;
        for (name, value) in expect {
            assert_eq!(line(&response, name), *value, "{name}");
        }
    }
    check(
        Headers::Legacy,
        &[
            ("x-ratelimit-limit", "3"),
            ("x-ratelimit-remaining", "2"),
            ("ratelimit", ""),
        ],
    )
    .await;
    check(
        Headers::Draft6,
        &[
            ("ratelimit-limit", "3"),
            ("ratelimit-remaining", "2"),
            ("ratelimit-reset", "3600"),
            ("ratelimit-policy", "10;w=60, 3;w=3600, 7;w=3600"),
            ("ratelimit", ""),
            ("x-ratelimit-limit", ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_limit_of_its_own_is_by_method_by_user_and_by_what_a_user_pays() {
    let paid = |request: portcullis::RequestView<'_>| {
        let identity = request.extensions().get::<Identity>();
        identity.is_some_and(|identity| identity.has_role("paid"))
    };
    let layer = build(|limit| {
        limit
            .quota(quota("100 per hour").name("address"))
            .limit(Limit::new(quota("1 per hour").name("writes")).when(|request| request.method() == Method::POST))
            .limit(
                Limit::new(quota("2 per hour").name("free"))
                    .key(Key::user())
                    .when(move |request| !paid(request)),
            )
            .limit(Limit::new(quota("4 per hour").name("paid")).key(Key::user()).when(paid))
    });
    let by = |identity: Identity, method: Method| {
        let mut request = one();
        request.extensions_mut().insert(identity);
        *request.method_mut() = method;
        request
    };
    let (get, post) = (Method::GET, Method::POST);
    let free = || Identity::user("f");
    let payer = || Identity::user("p").with_roles(["paid"]);
    let answer = send(&layer, by(free(), get.clone())).await;
    assert_eq!(line(&answer, "ratelimit"), "\"address\";r=99;t=36, \"free\";r=1;t=1800");
    let answer = send(&layer, by(payer(), post.clone())).await;
    assert_eq!(
        line(&answer, "ratelimit"),
        "\"address\";r=98;t=36, \"writes\";r=0;t=3600, \"paid\";r=3;t=900"
    );
    // By address, since it has no key of its own.
    assert_eq!(refusing_quota(send(&layer, by(free(), post)).await).await, "writes");
    assert_eq!(status(&layer, by(free(), get.clone())).await, 200);
    assert_eq!(
        refusing_quota(send(&layer, by(free(), get.clone())).await).await,
        "free"
    );
    for _ in 0..3 {
        assert_eq!(status(&layer, by(payer(), get.clone())).await, 200);
    }
    assert_eq!(
        refusing_quota(send(&layer, by(payer(), get.clone())).await).await,
        "paid"
    );
    // The anonymous have no key for the second, and are counted by the first.
    let anonymous = send(&layer, by(Identity::anonymous(), get)).await;
    assert_eq!(line(&anonymous, "ratelimit").matches(';').count(), 2);
}

#[tokio::test]
async fn each_limit_says_what_becomes_of_a_missing_key() {
    let layer = |own: Limit| {
        build(|limit| {
            limit
                .quota(quota("100 per hour"))
                .on_missing_key(MissingKey::Admit)
                .limit(own.key(Key::header("x-api-key")))
        })
    };
    let own = || Limit::new(quota("1 per hour").name("key"));
    let by_address = layer(own());
    assert_eq!(
        [status(&by_address, one()).await, status(&by_address, one()).await],
        [200, 429]
    );
    let refuse = layer(own().on_missing_key(MissingKey::Refuse));
    assert_eq!(status(&refuse, one()).await, 400);
    let admit = layer(own().on_missing_key(MissingKey::Admit));
    assert_eq!([status(&admit, one()).await, status(&admit, one()).await], [200, 200]);
}

fn weighed(text: &str) -> RateLimitLayer {
    build(|limit| {
        limit
            .quota(quota(text))
            .weight(|request| number(request.headers(), "x-weight").unwrap_or(1))
    })
}

#[tokio::test]
async fn a_request_costs_what_it_weighs() {
    let layer = weighed("10 per 10 hours");
    let remaining = |answer: &Answer| line(answer, "ratelimit");
    assert_eq!(remaining(&send(&layer, asking(200, 4)).await), "\"default\";r=6;t=3600");
    let refused = send(&layer, asking(200, 7)).await;
    assert_eq!(
        (refused.status().as_u16(), &*line(&refused, "retry-after")),
        (429, "3600")
    );
    assert_eq!(remaining(&refused), "\"default\";r=6;t=3600");
    let refused = send(&layer, asking(200, 9)).await;
    assert_eq!(line(&refused, "retry-after"), (3 * 3600).to_string());
    // What costs nothing is not counted, nor told.
    assert_eq!(remaining(&send(&layer, asking(200, 0)).await), "");
    assert_eq!(status(&layer, asking(200, 6)).await, 200);
    assert_eq!(status(&layer, asking(200, 0)).await, 200);
    assert_eq!(status(&layer, asking(200, 1)).await, 429);
}

#[tokio::test]
async fn what_costs_more_than_the_quota_is_told_that_waiting_is_no_use() {
    for text in ["10 per hour", "10 per hour, fixed"] {
        let layer = weighed(text);
        let refused = send(&layer, asking(200, 11)).await;
        assert_eq!(refused.status(), 400);
        assert!(!refused.headers().contains_key("retry-after"));
        let body = refused.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["quota"], "default");
        assert_eq!(status(&layer, asking(200, u32::MAX)).await, 400);
        // It has used nothing.
        assert_eq!(status(&layer, asking(200, 10)).await, 200);
    }
}

#[tokio::test]
async fn what_is_not_to_count_is_given_back_with_the_answer() {
    async fn check(count: impl Fn(RateLimitLayerBuilder) -> RateLimitLayerBuilder, counted: &[u16], free: &[u16]) {
        for text in ["2 per hour", "2 per hour, fixed"] {
            let layer = || build(|limit| count(limit.quota(quota(text))));
            for status in free {
                let layer = layer();
                for _ in 0..5 {
                    let answer = send(&layer, asking(*status, 1)).await;
                    assert_eq!(answer.status(), *status, "{text}");
                    assert!(line(&answer, "ratelimit").starts_with("\"default\";r=2;"), "{text}");
                }
            }
            for status in counted {
                let layer = layer();
                let mut statuses = Vec::new();
                for _ in 0..3 {
                    statuses.push(send(&layer, asking(*status, 1)).await.status().as_u16());
                }
                assert_eq!(statuses, [*status, *status, 429], "{text}");
            }
        }
    }
    check(|limit| limit.count(Count::Failures), &[400, 401, 500], &[200, 204, 302]).await;
    check(
        |limit| limit.count(Count::Successes),
        &[200, 204, 302],
        &[400, 401, 500],
    )
    .await;
    check(
        |limit| limit.count_if(|status| status == StatusCode::UNAUTHORIZED),
        &[401],
        &[200, 400, 500],
    )
    .await;
    check(|limit| limit.count(Count::All), &[200, 401], &[]).await;
}

#[tokio::test]
async fn only_the_limits_that_say_so_give_back() {
    let layer = build(|limit| {
        limit
            .quota(quota("3 per hour").name("all"))
            .limit(Limit::new(quota("1 per hour").name("failures")).count(Count::Failures))
    });
    let answer = send(&layer, asking(200, 1)).await;
    assert!(line(&answer, "ratelimit").starts_with("\"all\";r=2;t=1200, \"failures\";r=1;"));
    assert_eq!(status(&layer, asking(401, 1)).await, 401);
    assert_eq!(refusing_quota(send(&layer, asking(200, 1)).await).await, "failures");
}

#[tokio::test]
async fn no_more_than_the_quota_is_under_way_even_if_none_will_count() {
    let layer = build(|limit| limit.quota(quota("2 per hour")).count(Count::Failures));
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(layer);
    handle.allow(4);
    let mut waiting = Vec::new();
    for _ in 0..2 {
        assert!(service.poll_ready().is_ready());
        let answer = tokio::spawn(service.call(one()));
        waiting.push((answer, handle.next_request().await.unwrap().1));
    }
    assert!(service.poll_ready().is_ready());
    assert_eq!(service.call(one()).await.unwrap().status(), 429);
    let (answer, respond) = waiting.pop().unwrap();
    respond.send_response(Response::default());
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    assert!(service.poll_ready().is_ready());
    drop(service.call(one()));
    // It was admitted, and left before its answer: that counts.
    assert!(service.poll_ready().is_ready());
    assert_eq!(service.call(one()).await.unwrap().status(), 429);
}

#[tokio::test]
async fn an_error_of_the_service_is_a_failure() {
    for (count, expect) in [(Count::Failures, 429), (Count::Successes, 200)] {
        let layer = build(|limit| limit.quota(quota("1 per hour")).count(count));
        let broken = service_fn(async |_: Request<()>| Err::<Answer, _>(std::io::Error::other("broken")));
        layer.layer(broken).oneshot(one()).await.unwrap_err();
        assert_eq!(status(&layer, one()).await, expect, "{count:?}");
    }
}

#[tokio::test]
async fn a_dry_run_only_writes_to_the_log() {
    let log = Log::default();
    let _listening = log.listen();
    let layer = build(|limit| {
        limit
            .quota(quota("1 per hour").name("tried"))
            .weight(|request| number(request.headers(), "x-weight").unwrap_or(1))
            .beyond(Beyond::Delay {
                step: Duration::from_secs(1),
                max: Duration::from_secs(1),
            })
            .dry_run()
    });
    for request in [one(), one(), one(), one(), asking(200, 9), Request::new(())] {
        // The second would have to wait, and does not: there is no timer in this test that could fire.
        let answer = send(&layer, request).await;
        assert_eq!((answer.status().as_u16(), answer.headers().len()), (200, 0));
    }
    let record = log.text();
    let dry: Vec<_> = record.lines().filter(|line| line.contains("dry run")).collect();
    assert_eq!(dry.len(), 1, "{record}");
    for part in ["WARN", "tried", "requests=1", "over the quota"] {
        assert!(dry[0].contains(part), "{part} in {record}");
    }
}

#[tokio::test(start_paused = true)]
async fn beyond_its_quota_a_request_waits_longer_each_time_and_is_then_refused() {
    for text in ["2 per hour", "2 per hour, fixed"] {
        let layer = build(|limit| {
            limit.quota(quota(text)).beyond(Beyond::Delay {
                step: Duration::from_millis(500),
                max: Duration::from_millis(1700),
            })
        });
        let mut waits = Vec::new();
        for remaining in [1, 0, 0, 0, 0] {
            let begun = Instant::now();
            let answer = send(&layer, one()).await;
            assert_eq!(answer.status(), 200);
            let told = line(&answer, "ratelimit");
            assert!(told.starts_with(&format!("\"default\";r={remaining};")), "{told}");
            waits.push(begun.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 500, 1000, 1500], "{text}");
        let begun = Instant::now();
        let refused = send(&layer, one()).await;
        assert_eq!(refused.status(), 429);
        assert_eq!(line(&refused, "ratelimit-policy"), "\"default\";q=2;w=3600");
        assert!(begun.elapsed().is_zero());
        // To come back without delay is to wait for those who went before: three beyond, and one more.
        let expect = if text.ends_with("fixed") { 3600 } else { 4 * 1800 };
        assert_eq!(line(&refused, "retry-after"), expect.to_string());
        assert_eq!(line(&refused, "ratelimit"), format!("\"default\";r=0;t={expect}"));
        assert_eq!(status(&layer, from("192.0.2.2:1")).await, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_that_was_ready_is_called_after_the_delay() {
    let layer = build(|limit| {
        limit.quota(quota("1 per hour")).beyond(Beyond::Delay {
            step: Duration::from_secs(1),
            max: Duration::from_secs(9),
        })
    });
    assert_eq!(status(&layer, one()).await, 200);
    let (mut service, mut handle) = tower_test::mock::spawn_layer::<Request<()>, Answer, _>(layer);
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let begun = Instant::now();
    let answer = tokio::spawn(service.call(one()));
    // It waits with the request; the mock panics where another is called, which was not asked whether it is ready.
    let (_, respond) = handle.next_request().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1);
    respond.send_response(Response::default());
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);

    // Who leaves while waiting has used the quota.
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    drop(service.call(one()));
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let begun = Instant::now();
    let _answer = tokio::spawn(service.call(one()));
    handle.next_request().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn who_is_forgotten_begins_anew_and_nobody_else() {
    let layer = build(|limit| {
        limit
            .quota(quota("1 per hour"))
            .limit(Limit::new(quota("1 per hour").name("key")).key(Key::header("x-api-key").and(Key::client_address())))
    });
    let keyed = |peer, key| {
        let mut request = from(peer);
        request.headers_mut().insert("x-api-key", HeaderValue::from_static(key));
        request
    };
    for peer in ["192.0.2.1:1", "192.0.2.2:1"] {
        assert_eq!(status(&layer, keyed(peer, "k")).await, 200);
        assert_eq!(status(&layer, keyed(peer, "k")).await, 429);
    }
    assert!(layer.forget(&keyed("192.0.2.1:9", "k")));
    assert!(!layer.forget(&Request::new(())));
    assert_eq!(status(&layer, keyed("192.0.2.1:1", "k")).await, 200);
    assert_eq!(status(&layer, keyed("192.0.2.2:1", "k")).await, 429);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn within_axum_each_route_has_its_quota() {
    let layer = build(|limit| {
        limit
            .quota(quota("1 per hour"))
            .key(Key::client_address().and(Key::route()))
    });
    let hello = axum::routing::get(async || "hello");
    let mut app = axum::Router::<()>::new()
        .route("/posts/{id}", hello.clone())
        .route("/", hello)
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(layer);
    let mut status = async |path: &str| {
        let mut request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        request
            .extensions_mut()
            .insert(PeerAddr("192.0.2.1:1".parse().unwrap()));
        let service: &mut axum::routing::RouterAsService<'_, axum::body::Body, ()> = &mut app.as_service();
        service
            .ready()
            .await
            .unwrap()
            .call(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status("/posts/1").await, 200);
    assert_eq!(status("/posts/2").await, 429);
    assert_eq!(status("/").await, 200);
    assert_eq!(status("/nowhere").await, 404);
    assert_eq!(status("/elsewhere").await, 429);
}
