//! A backend that the app has installed before is used, whatever the features say. In a process of its own, since that is for good.

#![cfg(any(feature = "aws-lc", feature = "rust-crypto"))]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};
use tower::{Layer, ServiceExt, service_fn};

#[cfg(feature = "aws-lc")]
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
#[cfg(not(feature = "aws-lc"))]
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;

static SIGNED: AtomicUsize = AtomicUsize::new(0);
static VERIFIED: AtomicUsize = AtomicUsize::new(0);

static OWN: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        SIGNED.fetch_add(1, Ordering::Relaxed);
        (DEFAULT_PROVIDER.signer_factory)(algorithm, key)
    },
    verifier_factory: |algorithm, key| {
        VERIFIED.fetch_add(1, Ordering::Relaxed);
        (DEFAULT_PROVIDER.verifier_factory)(algorithm, key)
    },
    key_utils: KeyUtils::new_unimplemented(),
};

#[tokio::test]
async fn the_apps_backend_signs_and_verifies() {
    OWN.install_default().expect("nothing is installed yet");
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let layer = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("joe")
        .audience("blog")
        .build()
        .expect("valid");
    let issuer = Issuer::builder()
        .key(key)
        .issuer("joe")
        .audience("blog")
        .build()
        .expect("valid");
    let before = SIGNED.load(Ordering::Relaxed);
    let token = issuer.token("42").sign().expect("signed");
    assert_eq!(SIGNED.load(Ordering::Relaxed), before + 1);

    let before = VERIFIED.load(Ordering::Relaxed);
    let answer = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let response = layer.layer(answer).oneshot(request.body(()).expect("valid")).await;
    assert_eq!(response.expect("infallible").status(), 200);
    assert_eq!(VERIFIED.load(Ordering::Relaxed), before + 1);

    // It cannot tell public halves, and panics when asked.
    let key = SigningKey::ed_pem(include_bytes!("fixtures/jwt/ed25519.pem")).verifying_key();
    let error = JwtLayer::builder()
        .key(key)
        .issuer("joe")
        .audience("blog")
        .build()
        .expect_err("no public half");
    assert!(error.to_string().contains("public half"), "{error}");
}
