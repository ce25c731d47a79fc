//! Reads a JSON Web Key Set (RFC 7517 section 5). A key that cannot be used is passed over, and the others serve.

use serde::Deserialize;
use serde_json::Value;

use super::error::JwksError;
use crate::jwt::algorithm::{Algorithm, Family};
use crate::jwt::jwk;
use crate::jwt::keys::Keys;

/// Issuers have a handful. A set of thousands is a mistake, for which every token would pay.
const MOST_KEYS: usize = 100;

#[derive(Deserialize)]
struct Members {
    keys: Vec<Value>,
}

/// What can be used of a set, and why the rest cannot.
pub(super) struct Set {
    pub(super) keys: Keys,
    pub(super) skipped: Vec<String>,
}

impl Set {
    /// `rsa` is the algorithm of RSA keys that name none.
    pub(super) fn read(json: &[u8], rsa: Algorithm) -> Result<Self, JwksError> {
        let Members { keys } = serde_json::from_slice(json).map_err(|_| JwksError::NotAKeySet)?;
        let many = keys.len().saturating_sub(MOST_KEYS);
        let mut skipped = Vec::new();
        let mut usable = Vec::new();
        for (place, key) in keys.into_iter().take(MOST_KEYS).enumerate() {
            let is_rsa = key.get("kty").and_then(Value::as_str) == Some("RSA");
            let named = key.get("alg").is_some();
            let known = (is_rsa && !named).then_some(rsa);
            let (id, material) = jwk::read_value(key, known);
            let name = id.clone().unwrap_or_else(|| format!("number {}", place + 1));
            match material {
                // A set is public, and whoever read the secret could sign (RFC 7518 section 3.2).
                Ok(material) if material.algorithm.family() == Family::Hmac => {
                    skipped.push(format!("`{name}` is a secret"));
                }
                Ok(material) => usable.push((id, material)),
                Err(reason) => skipped.push(format!("`{name}` {reason}")),
            }
        }
        if many > 0 {
            skipped.push(format!("{many} keys beyond the first {MOST_KEYS}"));
        }
        let (keys, ambiguous) = Keys::distinct(usable);
        skipped.extend(ambiguous);
        Ok(Self { keys, skipped })
    }
}
