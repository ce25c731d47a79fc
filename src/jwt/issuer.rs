use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderName;
use serde_json::{Value, json};

use super::backend;
use super::draft::TokenDraft;
use super::key::Key;
use super::publish::JwksRoute;
use super::signing_key::{SigningKey, SigningMaterial};
use super::token::media_type;
use crate::config_error::{ConfigError, Faults};

const LAYER: &str = "jwt";
const LONGEST_LIFETIME: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Issues access tokens that a [`JwtLayer`](super::JwtLayer) takes. Cloning costs one reference count.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::jwt::{Algorithm, Issuer, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = Issuer::builder()
///     .key(SigningKey::hmac(Algorithm::HS256, b"thirty-two bytes are the minimum"))
///     .issuer("https://blog.example")
///     .audience("blog")
///     .lifetime(Duration::from_secs(3600))
///     .build()?;
/// let token = issuer.token("42").roles(["admin"]).claim("tenant", 7).sign()?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok(())
/// # }
/// ```
///
/// Keys are changed without anybody being logged out when each is published before it signs and verified with after: give all of
/// them to the issuer, the one that signs last.
///
/// ```
/// use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = |month: u8| SigningKey::hmac(Algorithm::HS256, [month; 32]).id(format!("2026-{month}"));
/// let issuer = Issuer::builder().key(secret(10)).key(secret(11)).issuer("https://blog.example").audience("blog").build()?;
/// let layer = JwtLayer::builder()
///     .keys(issuer.verifying_keys())
///     .issuer("https://blog.example")
///     .audience("blog")
///     .build()?;
/// assert!(issuer.jwks()["keys"].as_array().is_some_and(Vec::is_empty), "secrets are not published");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) material: SigningMaterial,
    /// In base64url, the same for every token.
    pub(super) header: String,
    pub(super) issuer: String,
    pub(super) audience: Value,
    pub(super) lifetime: Duration,
    verifying: Vec<Key>,
    published: Value,
}

impl Issuer {
    /// Tokens of the type `at+jwt` that live for 15 minutes. Key, issuer and audience are yours to state.
    pub fn builder() -> IssuerBuilder {
        IssuerBuilder {
            faults: ConfigError::collector(),
            keys: Vec::new(),
            issuer: String::new(),
            audiences: Vec::new(),
            lifetime: Duration::from_secs(15 * 60),
            typ: "at+jwt".to_owned(),
        }
    }

    /// Begins a token for the caller with this id.
    pub fn token(&self, subject: impl Into<String>) -> TokenDraft<'_> {
        TokenDraft::new(&self.inner, subject.into())
    }

    /// The keys that verify what this issuer signs, and has signed by earlier keys: for
    /// [`JwtLayerBuilder::keys`](super::JwtLayerBuilder::keys).
    pub fn verifying_keys(&self) -> Vec<Key> {
        self.inner.verifying.clone()
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 section 5). Secrets are left out: whoever could verify with one could sign.
    pub fn jwks(&self) -> &Value {
        &self.inner.published
    }

    /// A service that answers with [`jwks`](Self::jwks), for the route that other services fetch the keys from.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use http::Request;
    /// # use http_body_util::Full;
    /// # use tower::ServiceExt;
    /// # use portcullis::jwt::{Algorithm, Issuer, SigningKey};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    /// # let issuer = Issuer::builder().key(key).issuer("https://blog.example").audience("blog").build()?;
    /// let response = issuer.jwks_route::<Full<Bytes>>().oneshot(Request::new(())).await?;
    /// assert_eq!(response.headers()["content-type"], "application/jwk-set+json");
    /// # Ok(())
    /// # }
    /// ```
    pub fn jwks_route<B>(&self) -> JwksRoute<B> {
        JwksRoute::new(Bytes::from(self.inner.published.to_string()))
    }

    /// How long tokens live, as the `expires_in` of an answer (RFC 6749 section 5.1) says it.
    pub fn lifetime(&self) -> Duration {
        self.inner.lifetime
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("algorithm", &self.inner.material.algorithm)
            .field("issuer", &self.inner.issuer)
            .field("audience", &self.inner.audience)
            .field("lifetime", &self.inner.lifetime)
            .finish_non_exhaustive()
    }
}

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
        Ok(Issuer { inner: Arc::new(inner) })
    }
}
