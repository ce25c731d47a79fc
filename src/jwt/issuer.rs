use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::draft::TokenDraft;
use super::issuer_builder::IssuerBuilder;
use super::key::Key;
use super::publish::JwksRoute;
use super::signing_key::SigningMaterial;

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
    pub(super) verifying: Vec<Key>,
    pub(super) published: Value,
}

impl Issuer {
    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Tokens of the type `at+jwt` that live for 15 minutes. Key, issuer and audience are yours to state.
    pub fn builder() -> IssuerBuilder {
        IssuerBuilder::default()
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
