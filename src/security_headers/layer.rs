use std::sync::Arc;

use tower_layer::Layer;

use super::builder::SecurityHeadersBuilder;
use super::policy::Policy;
use super::service::SecurityHeaders;

/// Sets the headers that make a browser careful. See the [module page](crate::security_headers).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct SecurityHeadersLayer {
    policy: Arc<Policy>,
}

impl SecurityHeadersLayer {
    /// For JSON: a content policy of nothing, no framing, no caching, HSTS, and helmet's others.
    pub fn api() -> Self {
        SecurityHeadersBuilder::api().finish()
    }

    /// Helmet's twelve, to be changed.
    pub fn builder() -> SecurityHeadersBuilder {
        SecurityHeadersBuilder::helmet()
    }

    /// The headers of [`api`](Self::api), to be changed.
    pub fn api_builder() -> SecurityHeadersBuilder {
        SecurityHeadersBuilder::api()
    }

    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
        }
    }

    /// What decides, for a stack.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }
}

impl Default for SecurityHeadersLayer {
    /// Helmet's twelve.
    fn default() -> Self {
        SecurityHeadersBuilder::helmet().finish()
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeaders<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SecurityHeaders::new(inner, self.policy())
    }
}
