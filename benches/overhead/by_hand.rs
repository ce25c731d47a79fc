//! What cannot be left out of a verification, and nothing else: the three segments, the HMAC by a key that is ready, and the claims.

use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use tower::{Layer, Service};

use crate::measure::Model;

/// A layer that verifies as somebody would who trusts all tokens to be well made.
pub(crate) struct ByHand {
    secret: Arc<aws_lc_rs::hmac::Key>,
}

#[derive(Clone)]
pub(crate) struct Verify<S> {
    inner: S,
    secret: Arc<aws_lc_rs::hmac::Key>,
}

#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "it is read for its cost")]
struct Claims {
    sub: String,
    iss: String,
    aud: String,
    exp: u64,
    iat: u64,
    jti: String,
    roles: Vec<String>,
}

impl ByHand {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
        Self {
            secret: Arc::new(secret),
        }
    }
}

impl<S> Layer<S> for ByHand {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify {
            inner,
            secret: Arc::clone(&self.secret),
        }
    }
}

impl<S: Service<Model>> Service<Model> for Verify<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Model) -> S::Future {
        let bearer = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        assert!(black_box(bearer.and_then(|bearer| verify(&self.secret, bearer))).is_some());
        self.inner.call(request)
    }
}

fn verify(secret: &aws_lc_rs::hmac::Key, bearer: &str) -> Option<(Vec<u8>, Claims)> {
    let token = bearer.strip_prefix("Bearer ")?;
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(signature).ok()?;
    aws_lc_rs::hmac::verify(secret, signed.as_bytes(), &tag).ok()?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some((header, serde_json::from_slice(&payload).ok()?))
}
