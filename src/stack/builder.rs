use std::time::Duration;

use super::layer::Stack;
use super::layers::Layers;
use super::part::Part;
use crate::authorize::AuthorizeLayer;
use crate::catch_error::CatchErrorLayer;
use crate::client_ip::ClientIpLayer;
use crate::config_error::{ConfigError, Faults};
use crate::cors::CorsLayer;
use crate::csrf::CsrfLayer;
use crate::jwt::{Claims, JwtLayer};
use crate::problem::Renderer;
use crate::rate_limit::RateLimitLayer;
use crate::request_id::RequestIdLayer;
use crate::request_log::RequestLogLayer;
use crate::security_headers::SecurityHeadersLayer;
#[cfg(feature = "session")]
use crate::session::SessionLayer;
use crate::shutdown::ShutdownLayer;
use crate::throttle::ThrottleLayer;
use crate::timeout::TimeoutLayer;
use crate::trace_context::TraceContextLayer;

const LAYER: &str = "stack";

/// Collects the layers of a [`Stack`], in any order.
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct StackBuilder<C = Claims> {
    faults: Faults,
    request_id: RequestIdLayer,
    trace_context: Option<TraceContextLayer>,
    request_log: RequestLogLayer,
    catch_error: CatchErrorLayer,
    shutdown: ShutdownLayer,
    security_headers: SecurityHeadersLayer,
    cors: Option<CorsLayer>,
    client_ip: Option<ClientIpLayer>,
    rate_limit: Option<RateLimitLayer>,
    throttle: Option<ThrottleLayer>,
    csrf: Option<CsrfLayer>,
    timeout: Option<TimeoutLayer>,
    jwt: Option<JwtLayer<C>>,
    #[cfg(feature = "session")]
    session: Option<SessionLayer>,
    rate_limit_user: Option<RateLimitLayer>,
    authorize: Option<AuthorizeLayer>,
    /// What was asked for, also where it could not be built.
    asked: Asked,
}

#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    jwt: bool,
    rate_limit_user: bool,
    authorize: bool,
}

impl StackBuilder {
    pub(super) fn new() -> Self {
        Self {
            faults: ConfigError::collector(),
            request_id: RequestIdLayer::new(),
            trace_context: None,
            request_log: RequestLogLayer::new(),
            catch_error: CatchErrorLayer::new(),
            shutdown: ShutdownLayer::default(),
            security_headers: SecurityHeadersLayer::default(),
            cors: None,
            client_ip: None,
            rate_limit: None,
            throttle: None,
            csrf: None,
            timeout: None,
            jwt: None,
            #[cfg(feature = "session")]
            session: None,
            rate_limit_user: None,
            authorize: None,
            asked: Asked::default(),
        }
    }
}

impl<C> StackBuilder<C> {
    /// Another header for ids, or trust in the one from outside. Default: made here, in `x-request-id`.
    pub fn request_id(mut self, layer: RequestIdLayer) -> Self {
        self.request_id = layer;
        self
    }

    /// Takes in the trace that a request belongs to, or begins one. Default: left out.
    pub fn trace_context(mut self, layer: TraceContextLayer) -> Self {
        self.trace_context = Some(layer);
        self
    }

    /// Another [`request_log`](crate::request_log). Default [`RequestLogLayer::new`].
    pub fn request_log(mut self, part: impl Part<RequestLogLayer>) -> Self {
        if let Some(layer) = self.faults.absorb(part.into_layer()) {
            self.request_log = layer;
        }
        self
    }

    /// How every problem looks, of these layers and of the app's handlers. Default: as problems render themselves.
    pub fn renderer(mut self, renderer: Renderer) -> Self {
        self.catch_error = CatchErrorLayer::new().renderer(renderer);
        self
    }

    /// Counts requests for this [`shutdown`](crate::shutdown). Default: they are counted for nobody.
    pub fn shutdown(mut self, layer: ShutdownLayer) -> Self {
        self.shutdown = layer;
        self
    }

    /// Other [`security_headers`](crate::security_headers). Default helmet's twelve.
    pub fn security_headers(mut self, part: impl Part<SecurityHeadersLayer>) -> Self {
        if let Some(layer) = self.faults.absorb(part.into_layer()) {
            self.security_headers = layer;
        }
        self
    }

    /// Lets pages of other origins read the answers. Default: left out, so none may.
    pub fn cors(mut self, part: impl Part<CorsLayer>) -> Self {
        self.cors = self.faults.absorb(part.into_layer());
        self
    }

    /// Which proxies are trusted about the client's address. Default: left out, so that the client is the peer for whoever asks
    /// [`ClientIp::of`](crate::client_ip::ClientIp::of), a limit by address too.
    pub fn client_ip(mut self, part: impl Part<ClientIpLayer>) -> Self {
        self.client_ip = self.faults.absorb(part.into_layer());
        self
    }

    /// A limit for each address, or by another key that needs no verified caller. Default: left out.
    pub fn rate_limit(mut self, part: impl Part<RateLimitLayer>) -> Self {
        self.rate_limit = self.faults.absorb(part.into_layer());
        self
    }

    /// How many requests are served at once, of all and of one caller. Default: left out, so as many as come.
    pub fn throttle(mut self, part: impl Part<ThrottleLayer>) -> Self {
        self.throttle = self.faults.absorb(part.into_layer());
        self
    }

    /// Refuses what other sites make a browser send. Default: left out. For apps with cookies; origins that
    /// [`cors`](Self::cors) lets write must be trusted here too.
    pub fn csrf(mut self, part: impl Part<CsrfLayer>) -> Self {
        self.csrf = self.faults.absorb(part.into_layer());
        self
    }

    /// How long the service may take for the head of its answer. Default: left out, so as long as it likes.
    pub fn timeout(mut self, deadline: Duration) -> Self {
        self.timeout = Some(TimeoutLayer::new(deadline));
        self
    }

    /// Verifies callers by their tokens. Default: left out.
    pub fn jwt<D>(mut self, part: impl Part<JwtLayer<D>>) -> StackBuilder<D> {
        let jwt = self.faults.absorb(part.into_layer());
        StackBuilder {
            faults: self.faults,
            request_id: self.request_id,
            trace_context: self.trace_context,
            request_log: self.request_log,
            catch_error: self.catch_error,
            shutdown: self.shutdown,
            security_headers: self.security_headers,
            cors: self.cors,
            client_ip: self.client_ip,
            rate_limit: self.rate_limit,
            throttle: self.throttle,
            csrf: self.csrf,
            timeout: self.timeout,
            jwt,
            #[cfg(feature = "session")]
            session: self.session,
            rate_limit_user: self.rate_limit_user,
            authorize: self.authorize,
            asked: Asked {
                jwt: true,
                ..self.asked
            },
        }
    }

    #[cfg(feature = "session")]
    /// Refuses tokens whose session has ended: `sessions.layer()` of [`session`](crate::session). Default: left out, so that a token
    /// counts until it expires.
    pub fn session(mut self, layer: SessionLayer) -> Self {
        self.session = Some(layer);
        self
    }

    /// A limit for each verified caller: with [`Key::user`](crate::rate_limit::Key::user) or a closure, and beside
    /// [`rate_limit`](Self::rate_limit) with a quota of another name. Default: left out.
    pub fn rate_limit_user(mut self, part: impl Part<RateLimitLayer>) -> Self {
        self.rate_limit_user = self.faults.absorb(part.into_layer());
        self.asked.rate_limit_user = true;
        self
    }

    /// A policy for every route. Default: left out; a policy for some routes goes on those.
    pub fn authorize(mut self, part: impl Part<AuthorizeLayer>) -> Self {
        self.authorize = self.faults.absorb(part.into_layer());
        self.asked.authorize = true;
        self
    }

    /// Checks all parts.
    ///
    /// # Errors
    /// Lists the faults of every part, a limit by user or a policy without `jwt`, and a limit by user that counts by address or
    /// has the other's name.
    pub fn build(mut self) -> Result<Stack<C>, ConfigError> {
        let Asked {
            jwt,
            rate_limit_user,
            authorize,
        } = self.asked;
        for (asked, setting) in [
            #[cfg(feature = "session")]
            (self.session.is_some(), "session"),
            (rate_limit_user, "rate_limit_user"),
            (authorize, "authorize"),
        ] {
            if asked && !jwt {
                self.faults.add(
                    LAYER,
                    setting,
                    "nothing says who the caller is: add `jwt`, or put this inside a layer of yours that inserts an Identity",
                );
            }
        }
        if let Some(by_user) = &self.rate_limit_user {
            if by_user.is_by_address() {
                self.faults.add(
                    LAYER,
                    "rate_limit_user",
                    "counts by address; say `key(Key::user())`, or set it as `rate_limit`",
                );
            }
            if let Some(by_address) = &self.rate_limit
                && let Some(name) = by_user.name_in_common(by_address)
            {
                let reason = format!("bears the name `{name}` as `rate_limit` does; give its quota another");
                self.faults.add(LAYER, "rate_limit_user", reason);
            }
        }
        self.faults.finish()?;
        let arrival = (
            self.client_ip.map(|layer| layer.checkpoint()),
            (
                self.rate_limit.map(|layer| layer.checkpoint()),
                (
                    self.throttle.map(|layer| layer.checkpoint()),
                    self.csrf.map(|layer| layer.checkpoint()),
                ),
            ),
        );
        #[cfg(feature = "session")]
        let session = self.session.map(|layer| layer.checkpoint());
        #[cfg(not(feature = "session"))]
        let session = None;
        let admission = (
            self.jwt.map(|layer| layer.checkpoint()),
            (
                session,
                (
                    self.rate_limit_user.map(|layer| layer.checkpoint()),
                    self.authorize.map(|layer| layer.checkpoint()),
                ),
            ),
        );
        Ok(Stack::new(Layers {
            request_id: self.request_id,
            trace_context: self.trace_context,
            request_log: self.request_log.config(),
            catch_error: self.catch_error,
            shutdown: self.shutdown.handle(),
            security_headers: self.security_headers.policy(),
            cors: self.cors.map(|layer| layer.policy()),
            checkpoints: (arrival, admission),
            timeout: self.timeout,
        }))
    }
}
