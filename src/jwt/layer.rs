use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::builder::JwtLayerBuilder;
use super::claims::Claims;
#[cfg(feature = "key-sets")]
use super::jwks::JwksError;
use super::service::Jwt;
use super::verifier::Verifier;

/// Verifies tokens. See the [module page](crate::jwt).
#[must_use = "layers do nothing until they wrap a service"]
pub struct JwtLayer<C = Claims> {
    verifier: Arc<Verifier<C>>,
}

impl JwtLayer {
    /// Tokens required, in `Authorization: Bearer` only, of at most 8 KiB; `iss`, `aud` and `exp` required; a leeway of 30 seconds;
    /// the claims as [`Claims`]. Keys, issuer and audience are yours to state.
    pub fn builder() -> JwtLayerBuilder {
        JwtLayerBuilder::default()
    }
}

impl<C> JwtLayer<C> {
    pub(super) fn new(verifier: Verifier<C>) -> Self {
        let verifier = Arc::new(verifier);
        Self { verifier }
    }

    /// What verifies, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Verifier<C>> {
        Arc::clone(&self.verifier)
    }

    /// Fetches the keys of all issuers that publish them; see [`Jwks::preload`](super::Jwks::preload).
    ///
    /// # Errors
    /// The first issuer's whose keys could not be had; those of the others were fetched all the same.
    #[cfg(feature = "key-sets")]
    pub async fn preload(&self) -> Result<(), JwksError> {
        let mut failed = Ok(());
        for jwks in self.verifier.policy.jwks() {
            failed = failed.and(jwks.preload().await);
        }
        failed
    }
}

impl<C> Clone for JwtLayer<C> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
        }
    }
}

impl<C> fmt::Debug for JwtLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayer").field("verifier", &self.verifier).finish()
    }
}

impl<S, C> Layer<S> for JwtLayer<C> {
    type Service = Jwt<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Jwt::new(inner, self.checkpoint())
    }
}
