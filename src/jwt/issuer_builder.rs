use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderName;
use serde_json::json;

use super::backend;
use super::issuer::{Inner, Issuer};
use super::key::Key;
use super::signing_key::SigningKey;
use super::token::media_type;
use crate::config_error::{ConfigError, Faults};

const LAYER: &str = "jwt";
const LONGEST_LIFETIME: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Collects the settings of an [`Issuer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct IssuerBuilder {
    faults: Faults,
    keys: Vec<SigningKey>,
    issuer: String,
    audiences: Vec<String>,
    lifetime: Duration,
    typ: String,
}

impl Default for IssuerBuilder {
    fn default() -> Self {
        Self {
            faults: ConfigError::collector(),
            keys: Vec::new(),
            issuer: String::new(),
            audiences: Vec::new(),
            lifetime: Duration::from_secs(15 * 60),
            typ: "at+jwt".to_owned(),
        }
    }
}

impl IssuerBuilder {
    /// The key that signs. Of several the last one signs; those before it are [verified with](Issuer::verifying_keys) and
    /// [published](Issuer::jwks): the key of before, until its last token has expired, and the one to come, until all verifiers
    /// have it. Each of several needs an id.
    pub fn key(mut self, key: SigningKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The `iss` of every token.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// An `aud` of every token; of several the token has all.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How long tokens live, in whole seconds. Default 15 minutes; from a second to ten years. Whoever holds a token has it for so
    /// long, whatever happens to the account.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        if !(Duration::from_secs(1)..=LONGEST_LIFETIME).contains(&lifetime) {
            self.faults
                .add(LAYER, "lifetime", "lies between a second and ten years");
        }
        self.lifetime = lifetime;
        self
    }

    /// The `typ` of every token. Default `at+jwt` (RFC 9068). With another the token is no access token: only a layer with the same
    /// [`token_type`](super::JwtLayerBuilder::token_type) takes it.
    pub fn token_type(mut self, typ: &str) -> Self {
        let typ = media_type(typ);
        if HeaderName::from_bytes(typ.as_bytes()).is_err() {
            let reason = format!("`{typ}` is not the name of a type, such as `at+jwt`");
            self.faults.add(LAYER, "token_type", reason);
        }
        typ.clone_into(&mut self.typ);
        self
    }

    /// Checks all settings and signs once to see that the key does; see [backends](crate::jwt#backends).
    ///
    /// # Errors
    /// Lists a faulty or missing key, a missing issuer or audience, and every value outside its range.
    pub fn build(mut self) -> Result<Issuer, ConfigError> {
        let backend = backend::ready();
        if let Err(reason) = backend {
            self.faults.add(LAYER, "build", reason);
        }
        if self.issuer.is_empty() {
            self.faults.add(LAYER, "issuer", "is missing");
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            self.faults.add(LAYER, "audience", "is missing");
        }
        let verifying: Vec<Key> = self.keys.iter().map(SigningKey::verifying_key).collect();
        let mut earlier = Vec::new();
        let mut signing = None;
        for (id, material) in self.keys.into_iter().map(SigningKey::into_parts) {
            match &material {
                Ok(material) if backend.is_ok() && backend::sign(b"", &material.key, material.algorithm).is_none() => {
                    self.faults.add(LAYER, "key", "is refused by the backend");
                }
                _ => {}
            }
            if earlier.contains(&id) {
                self.faults.add(
                    LAYER,
                    "key",
                    match &id {
                        Some(id) => format!("`{id}` occurs twice"),
                        None => "is one of several without an id; give each an id".to_owned(),
                    },
                );
            }
            earlier.push(id.clone());
            // The fault of the last is the one that ends the collection.
            if let Some((_, Err(reason))) = signing.replace((id, material)) {
                self.faults.add(LAYER, "key", reason);
            }
        }
        let (id, material) = match signing {
            Some((id, Ok(material))) => (id, material),
            Some((_, Err(reason))) => return Err(self.faults.end_with(LAYER, "key", reason)),
            None => return Err(self.faults.end_with(LAYER, "key", "is missing")),
        };
        self.faults.finish()?;
        let mut header = json!({ "typ": self.typ, "alg": material.algorithm.name() });
        if let (Some(id), Some(header)) = (id, header.as_object_mut()) {
            header.insert("kid".to_owned(), id.into());
        }
        let inner = Inner {
            material,
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            issuer: self.issuer,
            audience: match <[String; 1]>::try_from(self.audiences) {
                Ok([only]) => only.into(),
                Err(several) => several.into(),
            },
            lifetime: self.lifetime,
            published: json!({ "keys": verifying.iter().filter_map(Key::public_jwk).collect::<Vec<_>>() }),
            verifying,
        };
        Ok(Issuer::new(inner))
    }
}
