use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::HeaderValue;
use tower_layer::Layer;

use super::policy::Policy;
use super::service::Authorize;
use crate::config_error::ConfigError;

/// Lets through whom a [`Policy`] allows. See the [module page](crate::authorize).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct AuthorizeLayer {
    config: Arc<Config>,
}

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) policy: Policy,
    pub(super) challenge: HeaderValue,
    /// The missing identity layer is reported once, not once a request.
    pub(super) reported: Arc<AtomicBool>,
}

impl AuthorizeLayer {
    /// Applies `policy`, with the challenge `Bearer`.
    pub fn new(policy: Policy) -> Self {
        Self {
            config: Arc::new(Config {
                policy,
                challenge: HeaderValue::from_static("Bearer"),
                reported: Arc::default(),
            }),
        }
    }

    /// The `WWW-Authenticate` of a `401` (RFC 9110 section 11.6.1), such as `Bearer realm="blog"`. Default `Bearer`.
    ///
    /// # Errors
    /// A text that cannot be a header's value, or is empty: a `401` has a challenge.
    pub fn challenge(mut self, challenge: &str) -> Result<Self, ConfigError> {
        let reason = match HeaderValue::from_str(challenge) {
            Ok(_) if challenge.trim_ascii().is_empty() => "is empty".to_owned(),
            Ok(challenge) => {
                Arc::make_mut(&mut self.config).challenge = challenge;
                return Ok(self);
            }
            Err(_) => format!("`{challenge}` cannot be a header's value"),
        };
        Err(ConfigError::collector().end_with("authorize", "challenge", reason))
    }

    /// The policy, for an audit.
    pub fn policy(&self) -> &Policy {
        &self.config.policy
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize::new(inner, Arc::clone(&self.config))
    }
}
