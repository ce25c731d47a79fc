use crate::authorize::{AuthorizeLayer, Policy};
use crate::client_ip::{ClientIpLayer, ClientIpLayerBuilder};
use crate::config_error::ConfigError;
use crate::cors::{CorsLayer, CorsLayerBuilder};
use crate::csrf::{CsrfLayer, CsrfLayerBuilder};
use crate::jwt::{JwtLayer, JwtLayerBuilder};
use crate::rate_limit::{RateLimitLayer, RateLimitLayerBuilder};
use crate::request_log::{RequestLogLayer, RequestLogLayerBuilder};
use crate::security_headers::{SecurityHeadersBuilder, SecurityHeadersLayer};
use crate::throttle::{ThrottleLayer, ThrottleLayerBuilder};

/// What the stack's builder takes for a layer: the layer, its builder, or the outcome of building it; for `authorize` also
/// its policy.
pub trait Part<L> {
    /// The layer, or all faults of its settings.
    fn into_layer(self) -> Result<L, ConfigError>;
}

impl<L> Part<L> for L {
    fn into_layer(self) -> Result<L, ConfigError> {
        Ok(self)
    }
}

impl<L> Part<L> for Result<L, ConfigError> {
    fn into_layer(self) -> Result<L, ConfigError> {
        self
    }
}

impl Part<AuthorizeLayer> for Policy {
    fn into_layer(self) -> Result<AuthorizeLayer, ConfigError> {
        Ok(AuthorizeLayer::new(self))
    }
}

impl Part<ClientIpLayer> for ClientIpLayerBuilder {
    fn into_layer(self) -> Result<ClientIpLayer, ConfigError> {
        self.build()
    }
}

impl Part<CorsLayer> for CorsLayerBuilder {
    fn into_layer(self) -> Result<CorsLayer, ConfigError> {
        self.build()
    }
}

impl Part<CsrfLayer> for CsrfLayerBuilder {
    fn into_layer(self) -> Result<CsrfLayer, ConfigError> {
        self.build()
    }
}

impl<C> Part<JwtLayer<C>> for JwtLayerBuilder<C> {
    fn into_layer(self) -> Result<JwtLayer<C>, ConfigError> {
        self.build()
    }
}

impl Part<ThrottleLayer> for ThrottleLayerBuilder {
    fn into_layer(self) -> Result<ThrottleLayer, ConfigError> {
        self.build()
    }
}

impl Part<RateLimitLayer> for RateLimitLayerBuilder {
    fn into_layer(self) -> Result<RateLimitLayer, ConfigError> {
        self.build()
    }
}

impl Part<RequestLogLayer> for RequestLogLayerBuilder {
    fn into_layer(self) -> Result<RequestLogLayer, ConfigError> {
        self.build()
    }
}

impl Part<SecurityHeadersLayer> for SecurityHeadersBuilder {
    fn into_layer(self) -> Result<SecurityHeadersLayer, ConfigError> {
        self.build()
    }
}
