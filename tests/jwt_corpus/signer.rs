//! The keys of the issuer, in hands that sign anything.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use portcullis::jwt::{Algorithm, Issuer, SigningKey};
use serde_json::{Value, json};

use super::gate::{AUDIENCE, ISSUER};

macro_rules! pem {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/jwt/", $name, ".pem"))
    };
}

pub(crate) const SECRET: [u8; 32] = *b"a secret for tests, of 32 bytes.";

#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) name: &'static str,
    algorithm: jsonwebtoken::Algorithm,
    key: EncodingKey,
    /// The same kind of key, of which the gate knows nothing.
    stranger: EncodingKey,
    known: SigningKey,
}

/// One for each family that the gate takes.
pub(crate) fn signers() -> Vec<Signer> {
    let rsa = |pem: &[u8]| EncodingKey::from_rsa_der(&der(pem));
    let ec = |pem: &[u8]| EncodingKey::from_ec_der(&der(pem));
    let ed = |pem: &[u8]| EncodingKey::from_ed_der(&der(pem));
    let signers = vec![
        Signer {
            name: "HS256",
            algorithm: jsonwebtoken::Algorithm::HS256,
            key: EncodingKey::from_secret(&SECRET),
            stranger: EncodingKey::from_secret(&[0; 32]),
            known: SigningKey::hmac(Algorithm::HS256, SECRET),
        },
        Signer {
            name: "RS256",
            algorithm: jsonwebtoken::Algorithm::RS256,
            key: rsa(pem!("rsa_pkcs1")),
            stranger: rsa(pem!("rsa_second_pkcs1")),
            known: SigningKey::rsa_pem(Algorithm::RS256, pem!("rsa")),
        },
        Signer {
            name: "ES256",
            algorithm: jsonwebtoken::Algorithm::ES256,
            key: ec(pem!("p256")),
            stranger: ec(pem!("p256_second")),
            known: SigningKey::ec_pem(Algorithm::ES256, pem!("p256")),
        },
        Signer {
            name: "EdDSA",
            algorithm: jsonwebtoken::Algorithm::EdDSA,
            key: ed(pem!("ed25519")),
            stranger: ed(pem!("ed25519_second")),
            known: SigningKey::ed_pem(pem!("ed25519")),
        },
    ];
    // jsonwebtoken has its backend from then on.
    let _ = signers.first().map(Signer::published);
    signers
}

fn der(pem: &[u8]) -> Vec<u8> {
    let lines = str::from_utf8(pem).unwrap().lines();
    let base64: String = lines.filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(base64).unwrap()
}

impl Signer {
    pub(crate) fn is_hmac(&self) -> bool {
        self.name == "HS256"
    }

    /// In base64url.
    pub(crate) fn secret(&self) -> Option<String> {
        self.is_hmac().then(|| b64(SECRET))
    }

    /// The key of the stranger, as a token could bring it along.
    pub(crate) fn stranger(&self) -> Value {
        let key = match self.name {
            "RS256" => SigningKey::rsa_pem(Algorithm::RS256, pem!("rsa_second_pkcs1")),
            "ES256" => SigningKey::ec_pem(Algorithm::ES256, pem!("p256_second")),
            "EdDSA" => SigningKey::ed_pem(pem!("ed25519_second")),
            _ => return json!({ "kty": "oct", "k": b64([0; 32]), "alg": "HS256", "kid": "key" }),
        };
        let builder = Issuer::builder().issuer(ISSUER).audience(AUDIENCE).key(key.id("key"));
        builder.build().unwrap().jwks()["keys"][0].clone()
    }

    /// The set of the issuer: the key, and one of each other family.
    pub(crate) fn published(&self) -> String {
        let others = [
            SigningKey::ec_pem(Algorithm::ES384, pem!("p384")).id("other"),
            self.known.clone().id("key"),
        ];
        let mut builder = Issuer::builder().issuer(ISSUER).audience(AUDIENCE);
        for key in others {
            builder = builder.key(key);
        }
        builder.build().unwrap().jwks().to_string()
    }

    /// As it stands in most tokens.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.name, "kid": "key" })
    }

    /// The header with these members instead; `null` takes one away.
    pub(crate) fn header_with(&self, members: Value) -> String {
        with(self.header(), members)
    }

    /// What a header of text begins with: all but its last brace.
    pub(crate) fn open_header(&self) -> String {
        format!(r#"{{"alg":"{}","kid":"key""#, self.name)
    }

    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.sign_segments(&b64(header), &b64(payload))
    }

    pub(crate) fn sign_claims(&self, payload: impl AsRef<[u8]>) -> String {
        self.sign(self.header().to_string(), payload)
    }

    /// A good token.
    pub(crate) fn good(&self) -> String {
        self.sign_claims(claims().to_string())
    }

    pub(crate) fn sign_segments(&self, header: &str, payload: &str) -> String {
        seal(&format!("{header}.{payload}"), &self.key, self.algorithm)
    }

    pub(crate) fn sign_by_stranger(&self, header: impl AsRef<[u8]>) -> String {
        let signed = format!("{}.{}", b64(header), b64(claims().to_string()));
        seal(&signed, &self.stranger, self.algorithm)
    }
}

/// Signed by a key that the algorithm of the header need not be for.
pub(crate) fn sign_as(algorithm: jsonwebtoken::Algorithm, key: &EncodingKey, header: &str) -> String {
    let signed = format!("{}.{}", b64(header), b64(claims().to_string()));
    seal(&signed, key, algorithm)
}

fn seal(signed: &str, key: &EncodingKey, algorithm: jsonwebtoken::Algorithm) -> String {
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "42", "exp": now() + 600, "iat": now() })
}

/// Good claims with these members instead; `null` takes one away.
pub(crate) fn claims_with(members: Value) -> String {
    with(claims(), members)
}

/// A good payload with this text, which need not be JSON, before its last brace.
pub(crate) fn claims_and(text: &str) -> String {
    let good = claims().to_string();
    format!("{},{text}}}", good.strip_suffix('}').unwrap())
}

/// A payload whose `name` has this text for a value, which need not be JSON.
pub(crate) fn claims_of(name: &str, value: &str) -> String {
    let good = with(claims(), json!({ name: null }));
    format!("{},\"{name}\":{value}}}", good.strip_suffix('}').unwrap())
}

#[expect(clippy::needless_pass_by_value, reason = "it is written in place")]
fn with(mut object: Value, members: Value) -> String {
    let own = object.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            own.remove(name);
        } else {
            own.insert(name.clone(), value.clone());
        }
    }
    object.to_string()
}
