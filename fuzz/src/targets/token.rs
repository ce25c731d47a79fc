use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Request};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use portcullis::jwt::{Algorithm, JwtLayer, SigningKey};
use serde_json::Value;
use signature::{Error, Verifier};

use crate::drive::call;

/// Takes every signature for a good one, so that what comes after it is reached.
struct Credulous(jsonwebtoken::Algorithm);

impl Verifier<Vec<u8>> for Credulous {
    fn verify(&self, _: &[u8], _: &Vec<u8>) -> Result<(), Error> {
        Ok(())
    }
}

impl JwtVerifier for Credulous {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.0
    }
}

static BACKEND: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(jsonwebtoken::errors::ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: |algorithm, _| Ok(Box::new(Credulous(*algorithm))),
    key_utils: KeyUtils::new_unimplemented(),
};

static LAYER: LazyLock<JwtLayer> = LazyLock::new(|| {
    let _ = BACKEND.install_default();
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]).verifying_key();
    JwtLayer::builder()
        .key(key)
        .issuer("joe")
        .audience("blog")
        .build()
        .expect("valid")
});

/// A line for the header of a token and one for its claims, or one that is the whole `Authorization`.
pub(super) fn run(data: &[u8]) {
    let authorization = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            let [header, claims] = [&data[..end], &data[end + 1..]].map(|part| URL_SAFE_NO_PAD.encode(part));
            HeaderValue::try_from(format!("Bearer {header}.{claims}.c2ln"))
        }
        None => HeaderValue::from_bytes(data).map_err(Into::into),
    };
    let Ok(authorization) = authorization else { return };
    let mut request = Request::new(());
    request.headers_mut().insert("authorization", authorization.clone());
    let (_, seen) = call(&*LAYER, request);
    assert!(seen.is_none() || is_ours(&authorization), "{authorization:?}");
}

/// A second reading of what the layer was told: RFC 7519 section 4.1, by another parser.
fn is_ours(authorization: &HeaderValue) -> bool {
    let text = authorization.to_str().expect("let through");
    let mut parts = text.split_once(' ').expect("a scheme").1.trim_start().split('.');
    let mut part = || -> Value {
        let decoded = URL_SAFE_NO_PAD
            .decode(parts.next().expect("a part"))
            .expect("base64url");
        serde_json::from_slice(&decoded).expect("JSON")
    };
    let (header, claims) = (part(), part());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64();
    let audience = match &claims["aud"] {
        Value::Array(many) => many.contains(&"blog".into()),
        one => one == "blog",
    };
    header["alg"] == "HS256"
        && header.get("crit").is_none()
        && claims["iss"] == "joe"
        && audience
        && claims["sub"].as_str().is_some_and(|subject| !subject.is_empty())
        // With the leeway of a minute.
        && claims["exp"].as_f64().is_some_and(|expiry| expiry > now - 61.0)
        && claims.get("nbf").is_none_or(|from| from.as_f64().is_some_and(|from| from < now + 61.0))
}
