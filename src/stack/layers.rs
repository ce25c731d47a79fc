use std::sync::Arc;

use crate::catch_error::CatchErrorLayer;
use crate::jwt::Verifier;
use crate::rate_limit::Limiter;
use crate::request_id::RequestIdLayer;
#[cfg(feature = "session")]
use crate::session::Sessions;
use crate::shutdown::Handle;
use crate::timeout::TimeoutLayer;
use crate::trace_context::TraceContextLayer;
use crate::{authorize, client_ip, cors, csrf, request_log, security_headers, throttle};

/// What the builder settled, from the outside in and shared by all services of a stack.
pub(super) struct Layers<C> {
    pub(super) request_id: RequestIdLayer,
    pub(super) trace_context: Option<TraceContextLayer>,
    pub(super) request_log: Arc<request_log::Config>,
    pub(super) catch_error: CatchErrorLayer,
    pub(super) shutdown: Option<Handle>,
    pub(super) security_headers: Arc<security_headers::Policy>,
    pub(super) cors: Option<Arc<cors::Policy>>,
    /// What may refuse a request.
    pub(super) checkpoints: Checkpoints<C>,
    pub(super) timeout: Option<TimeoutLayer>,
}

/// On both sides of the timeout.
pub(super) type Checkpoints<C> = (Arrival, Admission<C>);

/// `client_ip`, `rate_limit`, `throttle`, `csrf`.
pub(super) type Arrival = (
    Option<Arc<client_ip::Config>>,
    (
        Option<Arc<Limiter>>,
        (Option<Arc<throttle::Gate>>, Option<Arc<csrf::Policy>>),
    ),
);

/// Never there.
#[cfg(not(feature = "session"))]
type Sessions = std::convert::Infallible;

/// `jwt`, `session`, `rate_limit` by user, `authorize`.
pub(super) type Admission<C> = (
    Option<Arc<Verifier<C>>>,
    (Option<Sessions>, (Option<Arc<Limiter>>, Option<Arc<authorize::Config>>)),
);
