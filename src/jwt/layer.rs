use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::builder::JwtLayerBuilder;
use super::challenge::Challenges;
use super::claims::Claims;
use super::policy::Policy;
use super::service::{Config, Jwt};

/// Verifies tokens. See the [module page](crate::jwt).
#[must_use = "layers do nothing until they wrap a service"]
pub struct JwtLayer<C = Claims> {
    config: Arc<Config<C>>,
}

impl JwtLayer {
    /// Tokens required, in `Authorization: Bearer` only, of at most 8 KiB; `iss`, `aud` and `exp` required; a leeway of 30 seconds;
    /// the claims as [`Claims`]. Keys, issuer and audience are yours to state.
    pub fn builder() -> JwtLayerBuilder {
        JwtLayerBuilder::default()
    }
}

impl<C> JwtLayer<C> {
    pub(super) fn new(policy: Policy<C>, challenges: Challenges) -> Self {
        let config = Arc::new(Config { policy, challenges });
        Self { config }
    }
}

impl<C> Clone for JwtLayer<C> {
    fn clone(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
        }
    }
}

impl<C> fmt::Debug for JwtLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtLayer").field("config", &self.config).finish()
    }
}

impl<S, C> Layer<S> for JwtLayer<C> {
    type Service = Jwt<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Jwt::new(inner, Arc::clone(&self.config))
    }
}
