use std::sync::Arc;

use http::Request;
use tower_layer::Layer;

use super::builder::RateLimitLayerBuilder;
use super::limiter::Limiter;
use super::quota::Quota;
use super::service::RateLimit;
use crate::config_error::ConfigError;
use crate::request_view::RequestView;

/// Refuses callers who have used up their quota. See the [module page](crate::rate_limit).
///
/// Clones of the layer, and all services that it makes, count together.
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct RateLimitLayer {
    pub(super) limiter: Arc<Limiter>,
}

impl RateLimitLayer {
    /// No quota yet; by the client's address, with the draft's headers, 100 000 callers at most.
    pub fn builder() -> RateLimitLayerBuilder {
        RateLimitLayerBuilder::new()
    }

    /// This quota for each client address, and otherwise the defaults.
    ///
    /// # Errors
    /// Lists what is wrong with the quota.
    pub fn per_address(quota: Quota) -> Result<Self, ConfigError> {
        Self::builder().quota(quota).build()
    }

    /// Lets a caller begin anew, with whole quotas: after a proof that clears the caller, or at an administrator's word.
    ///
    /// The caller is the one for whom this request would be counted, and the quotas are those that would be. In a handler it is the
    /// request itself; elsewhere one that is made up, with the address, the [`Identity`](crate::Identity) or the header by
    /// which callers are told apart. False where no quota would be counted.
    ///
    /// ```
    /// use portcullis::client_ip::PeerAddr;
    /// use portcullis::rate_limit::RateLimitLayer;
    ///
    /// let layer = RateLimitLayer::per_address("100 per 15 minutes".parse()?)?;
    /// let mut request = http::Request::new(());
    /// request.extensions_mut().insert(PeerAddr(([192, 0, 2, 1], 0).into()));
    /// assert!(layer.forget(&request));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget<B>(&self, request: &Request<B>) -> bool {
        self.limiter.forget(RequestView::of(request))
    }

    /// Whether callers are told apart by address and by nothing else.
    pub(crate) fn is_by_address(&self) -> bool {
        self.limiter.rules.iter().all(|rule| rule.key.is_address())
    }

    /// A name that a quota of each bears.
    pub(crate) fn name_in_common(&self, other: &Self) -> Option<&str> {
        self.limiter
            .names()
            .find(|name| other.limiter.names().any(|other| other == *name))
    }

    /// What counts, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Limiter> {
        Arc::clone(&self.limiter)
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit::new(inner, self.checkpoint())
    }
}
