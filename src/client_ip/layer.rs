use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::HeaderName;
use tower_layer::Layer;

use super::policy::{LONGEST_CHAIN, Policy, Source, Trust, parse_network};
use super::service::ResolveClientIp;
use crate::config_error::{ConfigError, Faults};

const LAYER: &str = "client_ip";

/// Resolves the client's address. See the [module page](crate::client_ip).
#[derive(Debug, Clone)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct ClientIpLayer {
    config: Arc<Config>,
}

#[derive(Debug)]
pub(crate) struct Config {
    pub(super) policy: Policy,
    /// The missing peer address is reported once, not once a request.
    pub(super) reported: AtomicBool,
}

impl Config {
    fn new(policy: Policy) -> Arc<Self> {
        Arc::new(Self {
            policy,
            reported: AtomicBool::new(false),
        })
    }
}

impl ClientIpLayer {
    /// The client is the peer: for services that clients reach directly.
    pub fn peer() -> Self {
        Self {
            config: Config::new(Policy {
                trust: Trust::Nobody,
                source: Source::List(HeaderName::from_static("x-forwarded-for")),
            }),
        }
    }

    /// What resolves, for a stack.
    pub(crate) fn checkpoint(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// For services behind proxies: say which are trusted, and which header they write.
    pub fn builder() -> ClientIpLayerBuilder {
        ClientIpLayerBuilder {
            faults: ConfigError::collector(),
            trust: None,
            source: None,
        }
    }
}

impl<S> Layer<S> for ClientIpLayer {
    type Service = ResolveClientIp<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResolveClientIp::new(inner, self.checkpoint())
    }
}

/// Collects the settings of a [`ClientIpLayer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct ClientIpLayerBuilder {
    faults: Faults,
    trust: Option<Trust>,
    source: Option<Source>,
}

impl ClientIpLayerBuilder {
    /// Trusts proxies in these networks, as CIDRs or single addresses; replaces what was said before.
    pub fn trust_networks<I: IntoIterator<Item: AsRef<str>>>(mut self, networks: I) -> Self {
        let mut parsed = Vec::new();
        for text in networks {
            let text = text.as_ref().trim();
            match parse_network(text) {
                Some(network) => parsed.push(network),
                None => self.faults.add(
                    LAYER,
                    "trust_networks",
                    format!("`{text}` is no network; write one like `10.0.0.0/8` or `::1`"),
                ),
            }
        }
        self.trust = Some(Trust::Networks(parsed));
        self
    }

    /// Trusts the last `count` hops, of which the peer is the first, whatever their addresses; replaces what was said before.
    /// Clients must then have no way to the service but through exactly that many proxies: with fewer, what a client wrote into
    /// the header is taken for a proxy's word. At most 32.
    pub fn trust_hops(mut self, count: usize) -> Self {
        if count == 0 {
            self.faults.add(
                LAYER,
                "trust_hops",
                "must be 1 or more; without proxies use `ClientIpLayer::peer()`",
            );
        }
        if count > LONGEST_CHAIN {
            let reason = format!("must not exceed {LONGEST_CHAIN}");
            self.faults.add(LAYER, "trust_hops", reason);
        }
        self.trust = Some(Trust::Hops(count));
        self
    }

    /// Reads `X-Forwarded-For`. This is the default.
    pub fn x_forwarded_for(self) -> Self {
        self.header("x-forwarded-for")
    }

    /// Reads `X-Real-IP`.
    pub fn x_real_ip(self) -> Self {
        self.header("x-real-ip")
    }

    /// Reads the `for` parameters of `Forwarded` (RFC 7239).
    pub fn forwarded(mut self) -> Self {
        self.source = Some(Source::Forwarded);
        self
    }

    /// Reads a header of your proxy, such as `cf-connecting-ip`: one address, or a list whose last was added last.
    pub fn header(mut self, name: &str) -> Self {
        match HeaderName::try_from(name) {
            Ok(name) => self.source = Some(Source::List(name)),
            Err(_) => self
                .faults
                .add(LAYER, "header", format!("`{name}` is not a header's name")),
        }
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every network and header name that does not parse, zero hops, and proxies that nobody said to trust.
    pub fn build(mut self) -> Result<ClientIpLayer, ConfigError> {
        match &self.trust {
            None => self.faults.add(
                LAYER,
                "trust_networks",
                "no proxy is trusted; name the networks or hops, or use `ClientIpLayer::peer()`",
            ),
            Some(Trust::Networks(networks)) if networks.is_empty() => {
                self.faults
                    .add(LAYER, "trust_networks", "must name at least one network");
            }
            Some(_) => {}
        }
        self.faults.finish()?;
        Ok(ClientIpLayer {
            config: Config::new(Policy {
                trust: self.trust.unwrap_or(Trust::Nobody),
                source: self
                    .source
                    .unwrap_or(Source::List(HeaderName::from_static("x-forwarded-for"))),
            }),
        })
    }
}
