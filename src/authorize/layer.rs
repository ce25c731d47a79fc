use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tower_layer::Layer;

use super::config::Config;
use super::policy::Policy;
use super::refusal::Refusals;
use super::service::Authorize;
use crate::config_error::ConfigError;

/// A handler that waits longer for leave than most take to answer is no use.
const DEADLINE: Duration = Duration::from_secs(1);

/// Lets through whom a [`Policy`] allows. See the [module page](crate::authorize).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct AuthorizeLayer {
    config: Arc<Config>,
}

impl AuthorizeLayer {
    /// Applies `policy`, with the challenge `Bearer`.
    pub fn new(policy: Policy) -> Self {
        Self {
            config: Arc::new(Config {
                refusals: Refusals::new(&policy, HeaderValue::from_static("Bearer")),
                policy,
                deadline: DEADLINE,
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
                let config = Arc::make_mut(&mut self.config);
                config.refusals = Refusals::new(&config.policy, challenge);
                return Ok(self);
            }
            Err(_) => format!("`{challenge}` cannot be a header's value"),
        };
        Err(ConfigError::collector().end_with("authorize", "challenge", reason))
    }

    /// How long a request may wait for all the async rules of its policy ([`Policy::ask`]) together; after that it is refused with a
    /// `503`. Default 1 s. With zero, what is not answered at once is refused.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        Arc::make_mut(&mut self.config).deadline = deadline;
        self
    }

    /// What decides, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// The policy, for an audit.
    pub fn policy(&self) -> &Policy {
        &self.config.policy
    }
}

/// With the challenge `Bearer` and a deadline of 1 s.
impl From<Policy> for AuthorizeLayer {
    fn from(policy: Policy) -> Self {
        Self::new(policy)
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorize::new(inner, self.checkpoint())
    }
}
