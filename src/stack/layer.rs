use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::builder::StackBuilder;
use super::explain::{Explanation, Step};
use super::layers::Layers;
use super::service::Gate;
use crate::jwt::Claims;

/// Every layer in the one right order. See the [module page](super).
///
/// `C` is the type of the claims that [`jwt`](StackBuilder::jwt) verifies.
#[must_use = "layers do nothing until they wrap a service"]
pub struct Stack<C = Claims> {
    layers: Arc<Layers<C>>,
}

impl Stack {
    /// What needs no policy; the rest is added by name.
    pub fn builder() -> StackBuilder {
        StackBuilder::new()
    }
}

impl<C> Stack<C> {
    pub(super) fn new(layers: Layers<C>) -> Self {
        let layers = Arc::new(layers);
        Self { layers }
    }

    /// The layers in their order, with the reason of each place.
    pub fn explain(&self) -> Explanation {
        let step = Step::new;
        let Layers {
            trace_context,
            cors,
            checkpoints: ((client_ip, (rate_limit, (throttle, csrf))), (jwt, (session, (rate_limit_user, authorize)))),
            timeout,
            ..
        } = &*self.layers;
        Explanation::new(vec![
            step("request_id", "everything below can name the request", true),
            step("trace_context", "the log names the trace", trace_context.is_some()),
            step("request_log", "sees every answer, also refusals", true),
            step(
                "catch_error",
                "nothing below can break the connection; renders problems",
                true,
            ),
            step("shutdown", "counts what is in flight", true),
            step("security_headers", "refusals carry them too", true),
            step(
                "cors",
                "401 and 429 must be readable by the browser; preflights end here",
                cors.is_some(),
            ),
            step("catch_error", "the answer to a crash carries the headers too", true),
            step(
                "client_ip",
                "who is calling, behind trusted proxies",
                client_ip.is_some(),
            ),
            step("rate_limit", "cheap, before any parsing", rate_limit.is_some()),
            step("throttle", "before anything costly", throttle.is_some()),
            step("csrf", "cheaper than a signature", csrf.is_some()),
            step("timeout", "the work within has a deadline", timeout.is_some()),
            step("jwt", "who the caller is", jwt.is_some()),
            step("session", "whether the token still counts", session.is_some()),
            step(
                "rate_limit_user",
                "needs the verified caller",
                rate_limit_user.is_some(),
            ),
            step("authorize", "needs the verified caller", authorize.is_some()),
            step("not_found", "the router's bare 404 and 405, in the same voice", true),
        ])
    }
}

impl<C> Clone for Stack<C> {
    fn clone(&self) -> Self {
        Self {
            layers: Arc::clone(&self.layers),
        }
    }
}

impl<C> fmt::Debug for Stack<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("steps", &self.explain()).finish()
    }
}

impl<S, C> Layer<S> for Stack<C> {
    type Service = Gate<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate::new(inner, Arc::clone(&self.layers))
    }
}
