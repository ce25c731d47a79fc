//! Keys that are fetched: rotation, failure, floods. Clocks are paused; what crosses a socket is in `jwks_network.rs`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use portcullis::jwt::{
    Algorithm, Issuer, Jwks, JwksBuilder, JwksError, JwtLayer, Key, Refusal, SigningKey, TokenError, Trusted,
};
use portcullis::{Identity, Problem};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{advance, sleep};
use tower::{Layer, ServiceExt, service_fn};

use self::log::Log;

const ISSUER: &str = "https://id.example";
const OTHER: &str = "https://other.example";
const MINUTE: Duration = Duration::from_secs(60);

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/jwt/", $name, ".pem"))
    };
}

fn ec(id: &str) -> SigningKey {
    SigningKey::ec_pem(Algorithm::ES256, fixture!("p256")).id(id)
}

fn ed(id: &str) -> SigningKey {
    SigningKey::ed_pem(fixture!("ed25519")).id(id)
}

fn issuing<const N: usize>(keys: [SigningKey; N]) -> Issuer {
    let builder = Issuer::builder().issuer(ISSUER).audience("blog");
    keys.into_iter()
        .fold(builder, portcullis::jwt::IssuerBuilder::key)
        .build()
        .unwrap()
}

fn set<const N: usize>(keys: [SigningKey; N]) -> String {
    issuing(keys).jwks().to_string()
}

fn token(key: SigningKey) -> String {
    issuing([key]).token("42").sign().unwrap()
}

/// A server of keys, without the server.
#[derive(Clone)]
struct Source {
    answer: Arc<Mutex<Result<String, &'static str>>>,
    fetches: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
}

impl Source {
    fn with(answer: String) -> Self {
        Self {
            answer: Arc::new(Mutex::new(Ok(answer))),
            fetches: Arc::default(),
            open: watch::Sender::new(true),
        }
    }

    fn answers(&self, answer: Result<String, &'static str>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn hangs(&self, hangs: bool) {
        self.open.send_replace(!hangs);
    }

    fn jwks(&self) -> JwksBuilder {
        let source = self.clone();
        Jwks::fetch_with(move || {
            let source = source.clone();
            async move {
                source.fetches.fetch_add(1, Ordering::Relaxed);
                let _ = source.open.subscribe().wait_for(|open| *open).await;
                source.answer.lock().unwrap().clone()
            }
        })
    }

    fn layer(&self) -> JwtLayer {
        layer(self.jwks().build().unwrap())
    }

    #[track_caller]
    fn was_asked(&self, times: usize) {
        assert_eq!(self.fetches.load(Ordering::Relaxed), times, "fetches");
    }
}

fn layer(jwks: Jwks) -> JwtLayer {
    JwtLayer::builder()
        .jwks(jwks)
        .issuer(ISSUER)
        .audience("blog")
        .build()
        .unwrap()
}

type Outcome = Result<String, Refusal>;

const UNKNOWN: Outcome = Err(Refusal::InvalidToken(TokenError::Key));

#[expect(clippy::unnecessary_wraps, reason = "what `send` returns")]
fn passes() -> Outcome {
    Ok("42".to_owned())
}

async fn ask(layer: &JwtLayer, token: &str) -> Response<Full<Bytes>> {
    let echo = async |request: Request<()>| {
        let subject = request
            .extensions()
            .get::<Identity>()
            .unwrap()
            .subject()
            .unwrap()
            .to_owned();
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(subject)))
    };
    let request = Request::get("/")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(())
        .unwrap();
    layer.layer(service_fn(echo)).oneshot(request).await.unwrap()
}

async fn send(layer: &JwtLayer, token: &str) -> Outcome {
    let response = ask(layer, token).await;
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        return Err(*refusal);
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// The outcome of the first poll.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn must_13_fifty_requests_wait_for_one_fetch() {
    let source = Source::with(set([ec("new")]));
    let layer = source.layer();
    source.hangs(true);
    let good = token(ec("new"));
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let (layer, good) = (layer.clone(), good.clone());
            tokio::spawn(async move { send(&layer, &good).await })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    assert!(requests.iter().all(|request| !request.is_finished()));
    source.hangs(false);
    for request in requests {
        assert_eq!(request.await.unwrap(), passes());
    }
    source.was_asked(1);

    // The same of a key that a loaded set does not have.
    source.hangs(true);
    let rotated = token(ed("newest"));
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let (layer, rotated) = (layer.clone(), rotated.clone());
            tokio::spawn(async move { send(&layer, &rotated).await })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    source.answers(Ok(set([ec("new"), ed("newest")])));
    source.hangs(false);
    for request in requests {
        assert_eq!(request.await.unwrap(), passes());
    }
    source.was_asked(2);
}

#[tokio::test(start_paused = true)]
async fn must_13_known_keys_never_wait() {
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    source.hangs(true);
    let (known, unknown) = (token(ec("a")), token(ed("b")));
    let searching = tokio::spawn({
        let layer = layer.clone();
        async move { send(&layer, &unknown).await }
    });
    sleep(Duration::from_secs(1)).await;
    source.was_asked(2);
    assert!(!searching.is_finished());
    assert_eq!(at_once(send(&layer, &known)), Some(passes()));
    // Nor while the set is refreshed of itself.
    sleep(10 * MINUTE).await;
    assert_eq!(at_once(send(&layer, &known)), Some(passes()));
}

#[tokio::test(start_paused = true)]
async fn must_13_an_unknown_key_is_looked_for_once_per_cooldown() {
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    source.was_asked(1);
    let (b, c) = (token(ed("b")), token(ed("c")));
    assert_eq!(send(&layer, &b).await, UNKNOWN);
    source.was_asked(2);
    // Neither this one nor another, and nobody waits.
    for token in [&b, &c, &b] {
        assert_eq!(at_once(send(&layer, token)), Some(UNKNOWN));
    }
    source.was_asked(2);
    source.answers(Ok(set([ec("a"), ed("c")])));
    advance(Duration::from_secs(29)).await;
    assert_eq!(at_once(send(&layer, &c)), Some(UNKNOWN));
    advance(Duration::from_secs(2)).await;
    assert_eq!(send(&layer, &c).await, passes());
    source.was_asked(3);

    // Who asks again and again with an old key is looked for ever more seldom: after 60 seconds, 120, 240.
    advance(Duration::from_secs(31)).await;
    assert_eq!(send(&layer, &b).await, UNKNOWN);
    source.was_asked(4);
    for (rest, asked) in [(31, 4), (30, 5), (61, 5), (60, 6), (121, 6), (120, 7)] {
        advance(Duration::from_secs(rest)).await;
        assert_eq!(send(&layer, &b).await, UNKNOWN);
        source.was_asked(asked);
    }
}

#[tokio::test(start_paused = true)]
async fn must_13_a_flood_of_invented_keys_is_one_fetch() {
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    for number in 0..500 {
        let invented = token(ed(&format!("{number}-{}", "x".repeat(1000))));
        assert_eq!(send(&layer, &invented).await, UNKNOWN);
    }
    source.was_asked(2);
    assert_eq!(send(&layer, &token(ec("a"))).await, passes());
}

fn unnamed(key: &[u8]) -> SigningKey {
    SigningKey::ec_pem(Algorithm::ES256, key)
}

const FORGED: Outcome = Err(Refusal::InvalidToken(TokenError::Signature));

#[tokio::test(start_paused = true)]
async fn must_13_keys_without_ids_are_changed_within_a_cooldown() {
    let (old, new) = (|| unnamed(fixture!("p256")), || unnamed(fixture!("p256_second")));
    // Neither the set nor the token has an id; the set has one and the token has none; the token has one and the set has none.
    let plain: fn(SigningKey) -> SigningKey = |key| key;
    let named: fn(SigningKey) -> SigningKey = |key| key.id("of no use");
    for (published, signing) in [(plain, plain), (named, plain), (plain, named)] {
        let source = Source::with(set([published(old())]));
        let layer = source.layer();
        let (before, after) = (token(signing(old())), token(signing(new())));
        assert_eq!(send(&layer, &before).await, passes());
        source.was_asked(1);
        source.answers(Ok(set([published(new())])));
        // Fifty come at once with the new key, and wait for one fetch.
        source.hangs(true);
        let requests: Vec<_> = (0..50)
            .map(|_| {
                let (layer, after) = (layer.clone(), after.clone());
                tokio::spawn(async move { send(&layer, &after).await })
            })
            .collect();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(
            at_once(send(&layer, &before)),
            Some(passes()),
            "a known key waits for nobody"
        );
        source.hangs(false);
        for request in requests {
            assert_eq!(request.await.unwrap(), passes());
        }
        source.was_asked(2);
        // The old key was withdrawn, and whoever still has a token of it makes a fetch each cooldown, not each request.
        for _ in 0..100 {
            assert_eq!(at_once(send(&layer, &before)), Some(FORGED));
        }
        source.was_asked(2);
        for asked in [3, 4, 5] {
            advance(Duration::from_secs(31)).await;
            assert_eq!(send(&layer, &before).await, FORGED);
            source.was_asked(asked);
            assert_eq!(at_once(send(&layer, &before)), Some(FORGED));
            source.was_asked(asked);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn must_13_a_key_of_another_algorithm_is_looked_for_without_an_id() {
    let source = Source::with(set([unnamed(fixture!("p256"))]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    let unnamed_ed = || SigningKey::ed_pem(fixture!("ed25519"));
    source.answers(Ok(set([unnamed_ed()])));
    assert_eq!(send(&layer, &token(unnamed_ed())).await, passes());
    source.was_asked(2);
}

#[tokio::test(start_paused = true)]
async fn must_09_what_would_not_be_good_with_any_key_makes_no_fetch_without_an_id_either() {
    let (ours, theirs) = (
        Source::with(set([unnamed(fixture!("p256"))])),
        Source::with(set([ed("b")])),
    );
    let single = ours.layer();
    let several = JwtLayer::builder()
        .trust(
            Trusted::issuer(ISSUER)
                .jwks(ours.jwks().build().unwrap())
                .audience("blog"),
        )
        .trust(
            Trusted::issuer(OTHER)
                .jwks(theirs.jwks().build().unwrap())
                .audience("blog"),
        )
        .build()
        .unwrap();
    single.preload().await.unwrap();
    several.preload().await.unwrap();
    let by_stranger = |issuer: &str, audience: &str| {
        let builder = Issuer::builder().key(unnamed(fixture!("p256_second")));
        builder.issuer(issuer).audience(audience).build().unwrap()
    };
    let named = issuing([SigningKey::ec_pem(Algorithm::ES256, fixture!("p256_second")).id("b")]);
    let sign = |issuer: Issuer| issuer.token("42").sign().unwrap();
    for (token, expect) in [
        (sign(by_stranger("https://evil.example", "blog")), TokenError::Issuer),
        (sign(by_stranger(ISSUER, "shop")), TokenError::Signature),
        (
            by_stranger(ISSUER, "blog")
                .token("42")
                .sign_at(std::time::UNIX_EPOCH)
                .unwrap(),
            TokenError::Signature,
        ),
        (sign(by_stranger(ISSUER, "blog")) + "=", TokenError::Form),
    ] {
        for layer in [&single, &several] {
            let refused = at_once(send(layer, &token)).unwrap();
            let malformed = Err(Refusal::MalformedCredentials);
            assert!(
                refused == Err(Refusal::InvalidToken(expect)) || refused == malformed,
                "{refused:?}"
            );
        }
    }
    // A key that is named and there is not looked for, whoever signs in its name.
    let source = Source::with(set([ec("b")]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    assert_eq!(at_once(send(&layer, &sign(named))), Some(FORGED));
    source.was_asked(1);
    ours.was_asked(2);
    theirs.was_asked(1);
}

#[tokio::test(start_paused = true)]
async fn while_the_source_is_down_a_forged_token_is_forged() {
    let source = Source::with(set([unnamed(fixture!("p256"))]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    source.answers(Err("connection refused"));
    let forged = token(unnamed(fixture!("p256_second")));
    // The first makes a fetch, which fails; the others do not wait for anything.
    for _ in 0..3 {
        assert_eq!(send(&layer, &forged).await, FORGED);
    }
    source.was_asked(2);
    // Of an algorithm that no key is for, nobody knows.
    let other = token(SigningKey::ed_pem(fixture!("ed25519")));
    assert_eq!(send(&layer, &other).await, Err(Refusal::KeysUnavailable));
}

#[tokio::test(start_paused = true)]
async fn must_13_removed_keys_stop_and_new_ones_begin_at_the_next_refresh() {
    let source = Source::with(set([ec("a"), ed("b")]));
    let layer = source.layer();
    let (a, b) = (token(ec("a")), token(ed("b")));
    assert_eq!(send(&layer, &a).await, passes());
    source.answers(Ok(set([ed("b")])));
    sleep(9 * MINUTE).await;
    assert_eq!(send(&layer, &a).await, passes());
    sleep(MINUTE + Duration::from_secs(1)).await;
    // Without a request in between: an idle server forgets it as well.
    source.was_asked(2);
    assert_eq!(send(&layer, &a).await, UNKNOWN);
    assert_eq!(send(&layer, &b).await, passes());
    // An empty set withdraws all.
    source.answers(Ok(json!({ "keys": [] }).to_string()));
    sleep(11 * MINUTE).await;
    assert_eq!(send(&layer, &b).await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn must_13_keys_outlive_their_source_for_a_day() {
    let log = Log::default();
    let _listening = log.listen();
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    let (a, b) = (token(ec("a")), token(ed("b")));
    assert_eq!(send(&layer, &a).await, passes());
    for failure in [
        Err("connection refused"),
        Ok("<html>".to_owned()),
        Ok("{}".to_owned()),
        Ok(r#"{"keys":{}}"#.to_owned()),
        Ok(r#"{"keys":[]} {}"#.to_owned()),
        Ok(" ".repeat(1024 * 1024 + 1)),
    ] {
        source.answers(failure);
        sleep(20 * MINUTE).await;
        assert_eq!(at_once(send(&layer, &a)), Some(passes()));
    }
    // Nobody knows whether this is a key.
    assert_eq!(send(&layer, &b).await, Err(Refusal::KeysUnavailable));
    sleep((22 * 60 - 1) * MINUTE).await;
    assert_eq!(at_once(send(&layer, &a)), Some(passes()));
    sleep(2 * MINUTE).await;
    assert_eq!(send(&layer, &a).await, Err(Refusal::KeysUnavailable));
    source.answers(Ok(set([ec("a")])));
    sleep(MINUTE).await;
    assert_eq!(send(&layer, &a).await, passes());

    // Thousands of attempts, and one record for each change.
    let text = log.text();
    let count = |part: &str| text.matches(part).count();
    assert_eq!(count("cannot be refreshed"), 1, "{text}");
    assert_eq!(count("connection refused"), 1, "{text}");
    assert_eq!(count("no keys"), 1, "{text}");
    assert_eq!(count("can be refreshed again"), 1, "{text}");
    assert_eq!(count("a new key set"), 1, "{text}");
}

#[tokio::test(start_paused = true)]
async fn must_12_without_any_keys_the_answer_is_503() {
    let log = Log::default();
    let _listening = log.listen();
    let source = Source::with(String::new());
    source.answers(Err("connection refused"));
    let layer = source.layer();
    let a = token(ec("a"));
    let response = ask(&layer, &a).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "30");
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    let problem = response.extensions().get::<Problem>().unwrap();
    assert_eq!(problem.detail(), Some("tokens cannot be verified at present"));
    // No request makes the source suffer.
    for _ in 0..100 {
        assert_eq!(at_once(send(&layer, &a)), Some(Err(Refusal::KeysUnavailable)));
    }
    source.was_asked(1);
    // What is no token of the issuer's is refused all the same.
    assert_eq!(
        at_once(send(&layer, "undefined")),
        Some(Err(Refusal::InvalidToken(TokenError::Form)))
    );
    // It is asked again after 1, 2, 4, 8, 16, 30, 30, ... seconds.
    for (seconds, asked) in [(2, 2), (2, 3), (4, 4), (8, 5), (16, 6), (30, 7), (30, 8)] {
        sleep(Duration::from_secs(seconds)).await;
        source.was_asked(asked);
    }
    source.answers(Ok(set([ec("a")])));
    sleep(Duration::from_secs(31)).await;
    assert_eq!(at_once(send(&layer, &a)), Some(passes()));
    assert_eq!(log.text().matches("no keys").count(), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn must_13_a_fetch_ends_with_its_timeout() {
    let source = Source::with(set([ec("a")]));
    source.hangs(true);
    let layer = layer(source.jwks().timeout(Duration::from_secs(3)).build().unwrap());
    let begun = tokio::time::Instant::now();
    assert_eq!(send(&layer, &token(ec("a"))).await, Err(Refusal::KeysUnavailable));
    assert!((Duration::from_secs(3)..Duration::from_secs(4)).contains(&begun.elapsed()));
    source.hangs(false);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(send(&layer, &token(ec("a"))).await, passes());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_is_one_that_failed() {
    let panics = Jwks::fetch_with(|| async {
        if true {
            std::panic::resume_unwind(Box::new("a bug"));
        }
        Ok::<_, Infallible>(Bytes::new())
    });
    let jwks = panics.build().unwrap();
    assert!(matches!(jwks.preload().await, Err(JwksError::Abandoned)));
    assert_eq!(send(&layer(jwks), &token(ec("a"))).await, Err(Refusal::KeysUnavailable));
}

#[test]
fn a_runtime_that_ends_takes_no_keys_along() {
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    assert_eq!(runtime().block_on(send(&layer, &token(ec("a")))), passes());
    source.answers(Ok(set([ed("b")])));
    // The task that refreshes is gone with the first runtime; the first request brings another about.
    let second = runtime();
    second.block_on(async {
        assert_eq!(send(&layer, &token(ec("a"))).await, passes());
        sleep(11 * MINUTE).await;
        assert_eq!(send(&layer, &token(ec("a"))).await, UNKNOWN);
    });
    source.hangs(true);
    let abandoned = layer.clone();
    second.spawn(async move { send(&abandoned, &token(ec("c"))).await });
    second.block_on(async { sleep(40 * MINUTE).await });
    drop(second);
    source.hangs(false);
    assert_eq!(runtime().block_on(send(&layer, &token(ed("b")))), passes());
}

#[tokio::test(start_paused = true)]
async fn the_task_that_refreshes_ends_with_the_last_clone() {
    let source = Source::with(set([ec("a")]));
    let layer = source.layer();
    layer.preload().await.unwrap();
    drop(layer);
    sleep(60 * MINUTE).await;
    source.was_asked(1);
    assert_eq!(Arc::strong_count(&source.fetches), 1);
}

#[tokio::test(start_paused = true)]
async fn must_06_bad_keys_of_a_set_are_passed_over_and_ambiguous_ones_refused() {
    let log = Log::default();
    let _listening = log.listen();
    let good = issuing([ec("good")]).jwks()["keys"][0].clone();
    let with = |members: Value| {
        let mut key = good.clone();
        for (name, value) in members.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    };
    let rsa = issuing([SigningKey::rsa_pem(Algorithm::RS256, fixture!("rsa")).id("rsa")]).jwks()["keys"][0].clone();
    let mut unnamed = rsa.clone();
    unnamed.as_object_mut().unwrap().remove("alg");
    let keys = json!({ "keys": [
        7, null, [], {}, "good",
        with(json!({ "kid": "enc", "use": "enc" })),
        with(json!({ "kid": "sign", "key_ops": ["sign"] })),
        with(json!({ "kid": "curve", "crv": "P-521" })),
        with(json!({ "kid": "private", "d": "AA" })),
        { "kty": "oct", "alg": "HS256", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "kid": "secret\n" },
        { "kty": "AKP", "alg": "ML-DSA-44", "kid": "future" },
        with(json!({ "kid": "twice" })), with(json!({ "kid": "twice" })),
        good, unnamed,
    ] });
    let source = Source::with(keys.to_string());
    let layer = source.layer();
    assert_eq!(send(&layer, &token(ec("good"))).await, passes());
    // OpenID Connect demands RS256, so that is what a key without `alg` is for.
    let by = |algorithm| token(SigningKey::rsa_pem(algorithm, fixture!("rsa")).id("rsa"));
    assert_eq!(send(&layer, &by(Algorithm::RS256)).await, passes());
    assert_eq!(send(&layer, &by(Algorithm::PS256)).await, UNKNOWN);
    for id in ["enc", "sign", "curve", "private", "twice"] {
        assert_eq!(send(&layer, &token(ec(id))).await, UNKNOWN, "{id}");
    }
    let secret = SigningKey::hmac(Algorithm::HS256, [0; 32]).id("secret\n");
    assert_eq!(send(&layer, &token(secret)).await, UNKNOWN);
    let text = log.text();
    for part in [
        "keys=2",
        "`enc` has another `use`",
        "`twice` occurs twice",
        "`secret\\n` is a secret",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(text.matches("a new key set").count(), 1, "{text}");

    let other = Source::with(json!({ "keys": [unnamed] }).to_string());
    let layer = self::layer(other.jwks().rsa_algorithm(Algorithm::PS256).build().unwrap());
    assert_eq!(send(&layer, &by(Algorithm::PS256)).await, passes());
    assert_eq!(send(&layer, &by(Algorithm::RS256)).await, UNKNOWN);
}

#[tokio::test(start_paused = true)]
async fn must_09_only_a_token_of_the_issuer_makes_a_fetch() {
    let source = Source::with(set([ec("a")]));
    let layer = JwtLayer::builder()
        .jwks(source.jwks().build().unwrap())
        .issuer(ISSUER)
        .audience("blog")
        .algorithms([Algorithm::ES256])
        .build()
        .unwrap();
    let from = |issuer: &str, audience: &str, key| {
        let builder = Issuer::builder().key(key).issuer(issuer).audience(audience);
        builder.build().unwrap()
    };
    let sign = |issuer: Issuer| issuer.token("42").sign().unwrap();
    let expired = || {
        from(ISSUER, "blog", ec("a"))
            .token("42")
            .sign_at(std::time::UNIX_EPOCH)
            .unwrap()
    };
    let of_another = || sign(from("https://evil.example", "blog", ec("b")));
    for (token, expect) in [
        (of_another(), TokenError::Issuer),
        (sign(from(ISSUER, "shop", ec("b"))), TokenError::Key),
        (sign(from(ISSUER, "blog", ed("b"))), TokenError::Algorithm),
        // Unsigned, so far: nobody is told that it has expired.
        (expired(), TokenError::Key),
    ] {
        assert_eq!(at_once(send(&layer, &token)), Some(Err(Refusal::InvalidToken(expect))));
    }
    // `preload` was not called, and `drive` has not run yet.
    source.was_asked(0);
    layer.preload().await.unwrap();
    for token in [
        of_another(),
        token(SigningKey::ec_pem(Algorithm::ES256, fixture!("p256"))),
        expired(),
    ] {
        assert!(at_once(send(&layer, &token)).is_some());
    }
    source.was_asked(1);
}

#[tokio::test(start_paused = true)]
async fn must_09_each_issuer_has_its_own_keys_audience_algorithms_and_type() {
    let (ours, theirs) = (Source::with(set([ec("a")])), Source::with(set([ed("a")])));
    let secret = || SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let layer = JwtLayer::builder()
        .jwks(ours.jwks().build().unwrap())
        .issuer(ISSUER)
        .audience("blog")
        .trust(
            Trusted::issuer(OTHER)
                .jwks(theirs.jwks().build().unwrap())
                .audience("shop")
                .algorithms([Algorithm::EdDSA])
                .token_type("application/other+jwt"),
        )
        .trust(
            Trusted::issuer("internal")
                .key(secret().verifying_key())
                .without_audience(),
        )
        .build()
        .unwrap();
    layer.preload().await.unwrap();
    let by = |issuer: &str, audience: &str, key, typ| {
        let issuer = Issuer::builder()
            .key(key)
            .issuer(issuer)
            .audience(audience)
            .token_type(typ);
        issuer.build().unwrap().token("42").sign().unwrap()
    };
    let check = async |issuer: &str, audience, key, typ, expect: Result<(), TokenError>| {
        let outcome = send(&layer, &by(issuer, audience, key, typ)).await.map(drop);
        assert_eq!(
            outcome,
            expect.map_err(Refusal::InvalidToken),
            "{issuer} {audience} {typ}"
        );
    };
    check(ISSUER, "blog", ec("a"), "at+jwt", Ok(())).await;
    check(OTHER, "shop", ed("a"), "other+jwt", Ok(())).await;
    check("internal", "any", secret(), "JWT", Ok(())).await;
    // What one may, another may not.
    check(ISSUER, "shop", ec("a"), "at+jwt", Err(TokenError::Audience)).await;
    check(OTHER, "blog", ed("a"), "other+jwt", Err(TokenError::Audience)).await;
    check(ISSUER, "blog", ec("a"), "other+jwt", Err(TokenError::Type)).await;
    check(OTHER, "shop", ed("a"), "at+jwt", Err(TokenError::Type)).await;
    check(OTHER, "shop", ec("a"), "other+jwt", Err(TokenError::Algorithm)).await;
    check(ISSUER, "blog", secret(), "JWT", Err(TokenError::Key)).await;
    check("internal", "any", ec("a"), "JWT", Err(TokenError::Key)).await;
    check("nobody", "blog", ec("a"), "JWT", Err(TokenError::Issuer)).await;
    ours.was_asked(1);
    theirs.was_asked(1);
    // An unknown key is looked for where its issuer has them.
    check(OTHER, "shop", ed("b"), "other+jwt", Err(TokenError::Key)).await;
    ours.was_asked(1);
    theirs.was_asked(2);
}

#[test]
fn issuers_and_key_sets_are_checked() {
    let settings = |built: Result<JwtLayer, portcullis::ConfigError>| {
        let error = built.unwrap_err();
        error
            .faults()
            .iter()
            .map(portcullis::config_error::Fault::setting)
            .collect::<Vec<_>>()
    };
    let secret = || Key::hmac(Algorithm::HS256, [7; 32]);
    let trusted = |issuer: &str| Trusted::issuer(issuer).key(secret()).audience("blog");
    let builder = JwtLayer::builder;
    assert!(builder().trust(trusted("a")).trust(trusted("b")).build().is_ok());
    assert_eq!(
        settings(builder().trust(trusted("a")).trust(trusted("a")).build()),
        ["trust"]
    );
    assert_eq!(
        settings(builder().trust(Trusted::issuer("a")).build()),
        ["audience", "key"]
    );
    assert_eq!(
        settings(builder().trust(trusted("a").without_audience()).build()),
        ["audience"]
    );
    assert_eq!(
        settings(builder().trust(trusted("a").token_type("")).build()),
        ["token_type"]
    );
    assert_eq!(
        settings(builder().trust(trusted("a").algorithms([])).build()),
        ["algorithms"]
    );
    let other = trusted("a").algorithms([Algorithm::ES256]);
    assert_eq!(settings(builder().trust(other).build()), ["algorithms"]);
    let jwks = || Source::with(String::new()).jwks().build().unwrap();
    assert_eq!(settings(builder().trust(trusted("a").jwks(jwks())).build()), ["jwks"]);
    let anybody = builder().jwks(jwks()).without_issuer().audience("blog");
    assert_eq!(settings(anybody.trust(trusted("a")).build()), ["trust"]);

    let jwks = Source::with(String::new()).jwks();
    let error = jwks
        .refresh_every(Duration::from_secs(2))
        .timeout(Duration::ZERO)
        .cooldown(Duration::ZERO)
        .max_stale(Duration::from_secs(1))
        .max_bytes(0)
        .rsa_algorithm(Algorithm::ES256)
        .build()
        .unwrap_err();
    let settings: Vec<_> = error
        .faults()
        .iter()
        .map(portcullis::config_error::Fault::setting)
        .collect();
    assert_eq!(
        settings,
        ["timeout", "cooldown", "max_bytes", "rsa_algorithm", "max_stale"]
    );
}

#[tokio::test]
async fn a_file_may_be_replaced() {
    let folder = std::env::temp_dir().join(format!("portcullis-jwks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("jwks.json");
    let jwks = || {
        Jwks::file(&path)
            .max_bytes(2000)
            .cooldown(Duration::from_secs(1))
            .build()
            .unwrap()
    };
    assert!(matches!(jwks().preload().await, Err(JwksError::Unreachable(_))));
    std::fs::write(&path, " ".repeat(2001)).unwrap();
    assert!(matches!(jwks().preload().await, Err(JwksError::TooLong(2000))));
    std::fs::write(&path, set([ec("a")])).unwrap();
    let layer = layer(jwks());
    layer.preload().await.unwrap();
    assert_eq!(send(&layer, &token(ec("a"))).await, passes());
    std::fs::write(&path, set([ed("b")])).unwrap();
    assert_eq!(send(&layer, &token(ed("b"))).await, passes());
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn keys_are_changed_without_logging_anybody_out() {
    let rsa = || SigningKey::rsa_pem(Algorithm::RS256, fixture!("rsa")).id("rsa");
    let before = issuing([rsa()]);
    let after = issuing([rsa(), ec("ec"), ed("ed")]);
    let old = before.token("42").sign().unwrap();
    let new = after.token("42").sign().unwrap();
    assert_eq!(jsonwebtoken::decode_header(&new).unwrap().kid.as_deref(), Some("ed"));
    let keys = after.verifying_keys();
    let own = JwtLayer::builder()
        .keys(keys)
        .issuer(ISSUER)
        .audience("blog")
        .build()
        .unwrap();
    let document = after.jwks().to_string();
    let fetched = layer(Source::with(document.clone()).jwks().build().unwrap());
    for layer in [own, fetched] {
        assert_eq!(send(&layer, &old).await, passes());
        assert_eq!(send(&layer, &new).await, passes());
    }

    for (name, length) in [("n", 342), ("e", 4), ("x", 43), ("y", 43)] {
        let found = after.jwks()["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|key| key.get(name)?.as_str());
        assert_eq!(found.unwrap().len(), length, "{name}");
    }
    assert!(!document.contains("\"d\"") && !document.contains("\"k\""), "{document}");
    let secrets = issuing([SigningKey::hmac(Algorithm::HS256, [7; 32]).id("s")]);
    assert_eq!(*secrets.jwks(), json!({ "keys": [] }));

    for (method, status, body) in [
        (Method::GET, 200, document.as_str()),
        (Method::HEAD, 200, ""),
        (Method::POST, 405, ""),
    ] {
        let request = Request::builder().method(&method).body(()).unwrap();
        let response = after.jwks_route::<Full<Bytes>>().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        if status == 405 {
            assert_eq!(response.headers()["allow"], "GET, HEAD");
            continue;
        }
        assert_eq!(response.headers()["content-type"], "application/jwk-set+json");
        assert_eq!(response.headers()["content-length"], document.len().to_string());
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            body.as_bytes()
        );
    }

    let builder = || Issuer::builder().issuer(ISSUER).audience("blog");
    let faults = |builder: portcullis::jwt::IssuerBuilder| builder.build().unwrap_err().to_string();
    assert!(faults(builder().key(ec("a")).key(ed("a"))).contains("`a` occurs twice"));
    let nameless = || SigningKey::hmac(Algorithm::HS256, [7; 32]);
    assert!(faults(builder().key(nameless()).key(nameless())).contains("give each an id"));
    let short = SigningKey::hmac(Algorithm::HS256, [7; 8]).id("short");
    assert!(faults(builder().key(short.clone()).key(ec("a"))).contains("8 bytes"));
    assert!(faults(builder().key(ec("a")).key(short)).contains("8 bytes"));
}
