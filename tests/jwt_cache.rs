//! Tokens that are verified once: who was asked, counted from outside.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use portcullis::Identity;
use portcullis::jwt::{
    Algorithm, Claims, Issuer, Jwks, JwtLayer, JwtLayerBuilder, Refusal, SigningKey, TokenCache, TokenError,
    TokenSource, Verified,
};
use tokio::time::sleep;
use tower::{Layer, ServiceExt, service_fn};

const MINUTE: Duration = Duration::from_secs(60);

fn ec(id: &str) -> SigningKey {
    SigningKey::ec_pem(Algorithm::ES256, include_bytes!("fixtures/jwt/p256.pem")).id(id)
}

fn issuing(key: SigningKey) -> Issuer {
    let builder = Issuer::builder().key(key).issuer("joe").audience("blog");
    builder.lifetime(7 * 24 * 60 * MINUTE).build().unwrap()
}

/// Who the caller is, is asked once for each token that is really verified.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl Asked {
    fn by(&self, builder: JwtLayerBuilder) -> JwtLayer {
        let asked = self.clone();
        let identify = move |claims: &Claims| {
            asked.0.fetch_add(1, Ordering::Relaxed);
            Identity::user(claims.sub.as_deref().unwrap_or_default())
        };
        builder
            .issuer("joe")
            .cookie("token")
            .identity(identify)
            .cache(TokenCache::new(100, 1 << 20))
            .build()
            .unwrap()
    }

    #[track_caller]
    fn so_often(&self, times: usize) {
        assert_eq!(self.0.load(Ordering::Relaxed), times);
    }
}

async fn send_in(layer: &JwtLayer, header: HeaderName, value: String) -> Result<TokenSource, Refusal> {
    let echo = async |request: Request<()>| {
        let mut response = Response::new(Full::<Bytes>::default());
        *response.extensions_mut() = request.extensions().clone();
        Ok::<_, Infallible>(response)
    };
    let request = Request::get("/").header(header, value).body(()).unwrap();
    let response = layer.layer(service_fn(echo)).oneshot(request).await.unwrap();
    if let Some(refusal) = response.extensions().get::<Refusal>() {
        return Err(*refusal);
    }
    assert_eq!(response.extensions().get::<Identity>().unwrap().subject(), Some("42"));
    Ok(Verified::source(
        &Verified::<Claims>::of(response.extensions()).unwrap(),
    ))
}

async fn send(layer: &JwtLayer, token: &str) -> Result<(), Refusal> {
    send_in(layer, AUTHORIZATION, format!("Bearer {token}")).await.map(drop)
}

fn refused(error: TokenError) -> Result<(), Refusal> {
    Err(Refusal::InvalidToken(error))
}

#[tokio::test]
async fn a_token_is_verified_once_and_only_as_it_is() {
    let asked = Asked::default();
    let layer = asked.by(JwtLayer::builder().key(ec("a").verifying_key()).audience("blog"));
    let token = issuing(ec("a")).token("42").sign().unwrap();
    for _ in 0..10 {
        assert_eq!(send(&layer, &token).await, Ok(()));
        let cookie = send_in(&layer, COOKIE, format!("token={token}")).await;
        assert_eq!(cookie, Ok(TokenSource::Cookie), "the source is that of the request");
    }
    asked.so_often(1);
    // Another is another.
    let second = issuing(ec("a")).token("42").sign().unwrap();
    assert_eq!(send(&layer, &second).await, Ok(()));
    asked.so_often(2);
    // Signed again it is the same caller, and yet another token.
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = second.rsplit_once('.').unwrap();
    let mixed = send(&layer, &format!("{signed}.{signature}")).await;
    assert_eq!(mixed, refused(TokenError::Signature));
    let cut = send(&layer, &token[..token.len() - 1]).await;
    assert!(cut.is_err());
}

#[tokio::test]
async fn what_is_refused_is_not_kept() {
    let asked = Asked::default();
    let layer = asked.by(JwtLayer::builder().key(ec("a").verifying_key()).audience("blog"));
    let expired = issuing(ec("a")).token("42").sign_at(SystemTime::UNIX_EPOCH).unwrap();
    for _ in 0..2 {
        assert_eq!(send(&layer, &expired).await, refused(TokenError::Expired));
        assert_eq!(send(&layer, "a.b.c").await, refused(TokenError::Form));
    }
    asked.so_often(0);
}

#[tokio::test]
async fn one_layer_is_not_served_from_the_cache_of_another() {
    let asked = Asked::default();
    let keys = || JwtLayer::builder().key(ec("a").verifying_key());
    let blog = asked.by(keys().audience("blog"));
    let shop = asked.by(keys().audience("shop"));
    let typed = asked.by(keys().audience("blog").token_type("other+jwt"));
    let token = issuing(ec("a")).token("42").sign().unwrap();
    for _ in 0..2 {
        assert_eq!(send(&blog, &token).await, Ok(()));
        assert_eq!(send(&shop, &token).await, refused(TokenError::Audience));
        assert_eq!(send(&typed, &token).await, refused(TokenError::Type));
    }
    asked.so_often(1);
    // Clones of a layer, and all its services, have one.
    assert_eq!(send(&blog.clone(), &token).await, Ok(()));
    asked.so_often(1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_withdrawn_takes_its_tokens_along() {
    let document = Arc::new(Mutex::new(Ok(issuing(ec("a")).jwks().to_string())));
    let answer = Arc::clone(&document);
    let jwks = Jwks::fetch_with(move || {
        let answer = answer.lock().unwrap().clone();
        async { answer }
    });
    let asked = Asked::default();
    let layer = asked.by(JwtLayer::builder().jwks(jwks.build().unwrap()).audience("blog"));
    let token = issuing(ec("a")).token("42").sign().unwrap();
    for _ in 0..2 {
        assert_eq!(send(&layer, &token).await, Ok(()));
        // The same set again changes nothing.
        sleep(11 * MINUTE).await;
    }
    asked.so_often(1);

    let both = Issuer::builder()
        .key(ec("a"))
        .key(ec("b"))
        .issuer("joe")
        .audience("blog");
    *document.lock().unwrap() = Ok(both.build().unwrap().jwks().to_string());
    sleep(11 * MINUTE).await;
    assert_eq!(send(&layer, &token).await, Ok(()));
    asked.so_often(2);

    // Keys that are too old serve nobody, verified before or not.
    *document.lock().unwrap() = Err("connection refused");
    sleep((24 * 60 - 12) * MINUTE).await;
    assert_eq!(send(&layer, &token).await, Ok(()));
    asked.so_often(2);
    sleep(12 * MINUTE).await;
    assert_eq!(send(&layer, &token).await, Err(Refusal::KeysUnavailable));

    *document.lock().unwrap() = Ok(issuing(ec("b")).jwks().to_string());
    sleep(MINUTE).await;
    assert_eq!(send(&layer, &token).await, refused(TokenError::Key));
    asked.so_often(2);
}

#[test]
fn a_cache_too_small_for_a_token_is_a_fault() {
    let build = |entries, bytes| {
        let builder = JwtLayer::builder()
            .key(ec("a").verifying_key())
            .issuer("joe")
            .audience("blog");
        builder.cache(TokenCache::new(entries, bytes)).build()
    };
    assert!(build(1, 20_000).is_ok());
    for (entries, bytes) in [(0, 20_000), (1, 10_000), (10_000, 20_000)] {
        let error = build(entries, bytes).unwrap_err();
        assert_eq!(error.faults()[0].setting(), "cache");
    }
}
