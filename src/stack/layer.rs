use tower_layer::Layer;

use super::builder::StackBuilder;
use super::explain::{Explanation, Step};
use super::maybe::Maybe;
use super::slot::Slot;
use crate::authorize::{Authorize, AuthorizeLayer};
use crate::catch_error::{CatchEarly, CatchEarlyLayer, CatchError, CatchErrorLayer};
use crate::client_ip::{ClientIpLayer, ResolveClientIp};
use crate::cors::{Cors, CorsLayer};
use crate::csrf::{Csrf, CsrfLayer};
use crate::jwt::{Claims, Jwt, JwtLayer};
use crate::not_found::{ExplainNotFound, NotFoundLayer};
use crate::rate_limit::{RateLimit, RateLimitLayer};
use crate::request_id::{RequestIdLayer, SetRequestId};
use crate::request_log::{RequestLog, RequestLogLayer};
use crate::security_headers::{SecurityHeaders, SecurityHeadersLayer};
#[cfg(feature = "session")]
use crate::session::{CheckSession, SessionLayer};
use crate::shutdown::{InFlight, ShutdownLayer};
use crate::throttle::{Throttle, ThrottleLayer};
use crate::timeout::{Timeout, TimeoutLayer};
use crate::trace_context::{SetTraceContext, TraceContextLayer};

/// Every layer in the one right order. See the [module page](super).
///
/// `C` is the type of the claims that [`jwt`](StackBuilder::jwt) verifies.
#[derive(Debug)]
#[must_use = "layers do nothing until they wrap a service"]
pub struct Stack<C = Claims> {
    pub(super) request_id: RequestIdLayer,
    pub(super) trace_context: Slot<TraceContextLayer>,
    pub(super) request_log: RequestLogLayer,
    pub(super) catch_error: CatchErrorLayer,
    pub(super) shutdown: ShutdownLayer,
    pub(super) security_headers: SecurityHeadersLayer,
    pub(super) cors: Option<CorsLayer>,
    pub(super) client_ip: Slot<ClientIpLayer>,
    pub(super) rate_limit: Slot<RateLimitLayer>,
    pub(super) throttle: Slot<ThrottleLayer>,
    pub(super) csrf: Slot<CsrfLayer>,
    pub(super) timeout: Slot<TimeoutLayer>,
    pub(super) jwt: Option<JwtLayer<C>>,
    #[cfg(feature = "session")]
    pub(super) session: Option<SessionLayer>,
    pub(super) rate_limit_user: Slot<RateLimitLayer>,
    pub(super) authorize: Option<AuthorizeLayer>,
}

/// A service behind the stack: its layers from the outside in.
pub type Gate<S, C = Claims> = SetRequestId<SetTraceContext<Logged<S, C>>>;

type Logged<S, C> = RequestLog<CatchError<InFlight<SecurityHeaders<MaybeCors<S, C>>>>>;

type MaybeCors<S, C> = Maybe<Cors<Inside<S, C>>, Inside<S, C>>;
type Inside<S, C> = CatchEarly<ResolveClientIp<Limited<S, C>>>;
type Limited<S, C> = RateLimit<Throttle<Csrf<Timeout<MaybeJwt<S, C>>>>>;
type MaybeJwt<S, C> = Maybe<Jwt<MaybeSession<S>, C>, MaybeSession<S>>;
#[cfg(feature = "session")]
type MaybeSession<S> = Maybe<CheckSession<LimitedUser<S>>, LimitedUser<S>>;
#[cfg(not(feature = "session"))]
type MaybeSession<S> = LimitedUser<S>;
type LimitedUser<S> = RateLimit<MaybeAuthorize<S>>;
type MaybeAuthorize<S> = Maybe<Authorize<ExplainNotFound<S>>, ExplainNotFound<S>>;

impl Stack {
    /// What needs no policy; the rest is added by name.
    pub fn builder() -> StackBuilder {
        StackBuilder::new()
    }
}

impl<C> Stack<C> {
    /// The layers in their order, with the reason of each place.
    pub fn explain(&self) -> Explanation {
        let step = Step::new;
        Explanation::new(vec![
            step("request_id", "everything below can name the request", true),
            step(
                "trace_context",
                "the log names the trace",
                self.trace_context.is_in_use(),
            ),
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
                self.cors.is_some(),
            ),
            step("catch_error", "the answer to a crash carries the headers too", true),
            step(
                "client_ip",
                "who is calling, behind trusted proxies",
                self.client_ip.is_in_use(),
            ),
            step("rate_limit", "cheap, before any parsing", self.rate_limit.is_in_use()),
            step("throttle", "before anything costly", self.throttle.is_in_use()),
            step("csrf", "cheaper than a signature", self.csrf.is_in_use()),
            step("timeout", "the work within has a deadline", self.timeout.is_in_use()),
            step("jwt", "who the caller is", self.jwt.is_some()),
            #[cfg(feature = "session")]
            step("session", "whether the token still counts", self.session.is_some()),
            step(
                "rate_limit_user",
                "needs the verified caller",
                self.rate_limit_user.is_in_use(),
            ),
            step("authorize", "needs the verified caller", self.authorize.is_some()),
            step("not_found", "the router's bare 404 and 405, in the same voice", true),
        ])
    }
}

impl<C> Clone for Stack<C> {
    fn clone(&self) -> Self {
        Self {
            request_id: self.request_id.clone(),
            trace_context: self.trace_context.clone(),
            request_log: self.request_log.clone(),
            catch_error: self.catch_error.clone(),
            shutdown: self.shutdown.clone(),
            security_headers: self.security_headers.clone(),
            cors: self.cors.clone(),
            client_ip: self.client_ip.clone(),
            rate_limit: self.rate_limit.clone(),
            throttle: self.throttle.clone(),
            csrf: self.csrf.clone(),
            timeout: self.timeout.clone(),
            jwt: self.jwt.clone(),
            #[cfg(feature = "session")]
            session: self.session.clone(),
            rate_limit_user: self.rate_limit_user.clone(),
            authorize: self.authorize.clone(),
        }
    }
}

impl<S, C> Layer<S> for Stack<C> {
    type Service = Gate<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let inner = NotFoundLayer::new().layer(inner);
        let inner = Maybe::layer(self.authorize.as_ref(), inner);
        let inner = self.rate_limit_user.layer().layer(inner);
        #[cfg(feature = "session")]
        let inner = Maybe::layer(self.session.as_ref(), inner);
        let inner = Maybe::layer(self.jwt.as_ref(), inner);
        let inner = self.timeout.layer().layer(inner);
        let inner = self.csrf.layer().layer(inner);
        let inner = self.throttle.layer().layer(inner);
        let inner = self.rate_limit.layer().layer(inner);
        let inner = self.client_ip.layer().layer(inner);
        let inner = CatchEarlyLayer.layer(inner);
        let inner = Maybe::layer(self.cors.as_ref(), inner);
        let inner = self.security_headers.layer(inner);
        let inner = self.shutdown.layer(inner);
        let inner = self.catch_error.layer(inner);
        let inner = self.request_log.layer(inner);
        let inner = self.trace_context.layer().layer(inner);
        self.request_id.layer(inner)
    }
}
