use std::sync::Arc;

use tower_layer::Layer;

use super::policy::{Policy, is_ambiguous};
use super::service::Csrf;
use crate::config_error::{ConfigError, Faults};
use crate::origin::Origin;
use crate::request_view::RequestView;

const LAYER: &str = "csrf";

/// Refuses what other sites make a browser send. See the [module page](crate::csrf).
#[derive(Debug, Clone, Default)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct CsrfLayer {
    policy: Arc<Policy>,
}

impl CsrfLayer {
    /// Only the own origin trusted, no route exempt. [`CsrfLayer::default`] is the same, built.
    pub fn builder() -> CsrfLayerBuilder {
        CsrfLayerBuilder {
            faults: ConfigError::collector(),
            policy: Policy::default(),
        }
    }
}

impl CsrfLayer {
    /// What judges, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }
}

impl<S> Layer<S> for CsrfLayer {
    type Service = Csrf<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Csrf::new(inner, self.checkpoint())
    }
}

/// Collects the settings of a [`CsrfLayer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct CsrfLayerBuilder {
    faults: Faults,
    policy: Policy,
}

impl CsrfLayerBuilder {
    /// Lets another origin of yours send anything: `https://app.example.com`, or a pattern such as `https://*.example.com`.
    pub fn trust_origin(mut self, origin: &str) -> Self {
        match Origin::parse(origin) {
            Ok(origin) => self.policy.trust(origin),
            Err(reason) => self.faults.add(LAYER, "trust_origin", reason),
        }
        self
    }

    /// Trusts each of these; see [`trust_origin`](Self::trust_origin).
    pub fn trust_origins<I: IntoIterator<Item: AsRef<str>>>(self, origins: I) -> Self {
        origins
            .into_iter()
            .fold(self, |builder, origin| builder.trust_origin(origin.as_ref()))
    }

    /// Exempts one path, compared byte for byte: for routes that know their senders by other means than cookies.
    pub fn exempt(mut self, path: &str) -> Self {
        if self.is_path(path, "exempt") {
            self.policy.paths.push(path.to_owned());
        }
        self
    }

    /// Exempts a path and all below it. A path with encoded characters or dots is never taken for one below.
    pub fn exempt_below(mut self, prefix: &str) -> Self {
        if is_ambiguous(prefix) {
            let reason = format!("nothing is ever below `{prefix}`: it has encoded characters or dots");
            self.faults.add(LAYER, "exempt_below", reason);
        } else if self.is_path(prefix, "exempt_below") {
            self.policy.prefixes.push(prefix.to_owned());
        }
        self
    }

    /// Exempts what the closure answers true for. Beware of paths that a router reads in another way than the closure.
    pub fn exempt_fn<F>(mut self, exempt: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        self.policy.closures.push(Arc::new(exempt));
        self
    }

    /// Warns in the log and lets pass, to see what would be refused. Default false.
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.policy.report_only = report_only;
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every origin that does not parse, and every path that does not begin with `/` or has a query, and every prefix
    /// below which no path is ever taken to be.
    pub fn build(self) -> Result<CsrfLayer, ConfigError> {
        self.faults.finish()?;
        Ok(CsrfLayer {
            policy: Arc::new(self.policy),
        })
    }

    fn is_path(&mut self, path: &str, setting: &'static str) -> bool {
        let fits = path.starts_with('/') && !path.contains(['?', '#']);
        if !fits {
            let reason = format!("`{path}` is not a path; it begins with `/` and has neither query nor fragment");
            self.faults.add(LAYER, setting, reason);
        }
        fits
    }
}
