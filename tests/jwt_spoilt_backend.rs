//! jsonwebtoken, used before it could know its backend, is beyond repair; `build` says so and does not panic. In a process of its own.

#![cfg(all(feature = "aws-lc", feature = "rust-crypto"))]

use jsonwebtoken::{Algorithm as Name, EncodingKey};
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};

#[test]
fn building_says_that_the_backend_is_spoilt() {
    let early = std::panic::catch_unwind(|| {
        jsonwebtoken::crypto::sign(b"", &EncodingKey::from_secret(&[7; 32]), Name::HS256).is_ok()
    });
    assert!(
        early.is_err(),
        "jsonwebtoken no longer panics: the backend's care for it can go"
    );

    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let layer = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("joe")
        .audience("blog")
        .build();
    let issuer = Issuer::builder().key(key).issuer("joe").audience("blog").build();
    for error in [layer.expect_err("spoilt"), issuer.expect_err("spoilt")] {
        assert_eq!(error.faults().len(), 1, "{error}");
        assert!(error.to_string().contains("install_default"), "{error}");
    }
}
