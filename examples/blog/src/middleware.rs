//! The gate around the whole blog, and the bounds inside it.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use blog_entity::Actor;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::problem::{Cause, Renderer};
use portcullis::rate_limit::{OnFailure, RateLimitLayer, RedisStore};
use portcullis::request_id::RequestId;
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::shutdown::Handle;
use portcullis::stack::Stack;
use portcullis::throttle::{Key, ThrottleLayer};
use portcullis::trace_context::TraceContextLayer;
use portcullis::{ConfigError, Identity, Problem};
use sea_orm::DbErr;
use tower::ServiceBuilder;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::Instrument;

use crate::config::Stage;
use crate::database::fault;
use crate::database::watch::Tally;
use crate::state::AppState;

/// Bytes of a request's body.
const BODY_LIMIT: usize = 1024 * 1024;

/// From the request's head to the head of its answer; a body may stream for longer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Every layer of the gate; the stack knows their order.
pub(crate) fn gate(state: &AppState, shutdown: &Handle) -> Result<Stack, ConfigError> {
    let config = state.config();
    let cors = CorsLayer::builder()
        .origins(&config.cors_origins)
        .credentials(true)
        .headers(["authorization", "content-type", "if-match", "if-none-match"])
        .expose([
            "etag",
            "location",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "x-request-id",
        ]);
    let mut limit = RateLimitLayer::builder()
        .quota(config.rate_limit.clone())
        // The page, its assets and the probes cost next to nothing.
        .skip(|request| !request.uri().path().starts_with("/api/"));
    if let Some(connection) = state.redis() {
        let shared = RedisStore::builder(connection.clone(), "blog:limit")
            // While Redis is down each of two processes admits its half.
            .on_failure(OnFailure::Local { processes: 2 });
        limit = limit.redis(shared.build()?);
    }
    let stack = Stack::builder()
        .renderer(renderer())
        .shutdown(shutdown.layer())
        .cors(cors)
        .rate_limit(limit)
        // What is beyond waits a little, and no one caller takes all places.
        .throttle(
            ThrottleLayer::builder()
                .max_concurrent(1000)
                .per_key(Key::client_address(), 100),
        )
        // The pages that may read may also write.
        .csrf(CsrfLayer::builder().trust_origins(&config.cors_origins))
        .timeout(DEADLINE)
        // Most routes are for everyone; those that are not say so themselves.
        .jwt(state.tokens().layer().clone())
        // A token of an ended session is refused at once, though it has not expired.
        .session(state.sessions().layer());
    let proxies = &config.trusted_proxies;
    if proxies.is_empty() {
        return stack.build();
    }
    stack
        .client_ip(ClientIpLayer::builder().trust_networks(proxies).x_forwarded_for())
        .security_headers(SecurityHeadersLayer::builder().trust_forwarded_proto())
        .build()
}

/// Adds the member `message`, a text that may be shown to a person.
fn renderer() -> Renderer {
    Renderer::members(|problem, members| {
        let message = match (problem.status(), problem.detail()) {
            (StatusCode::INTERNAL_SERVER_ERROR, _) => "Something went wrong!",
            (StatusCode::FORBIDDEN, _) => "Forbidden",
            // A resource that is missing has a detail; a route that is missing has none.
            (StatusCode::NOT_FOUND, None) => "Route not found",
            (_, Some(detail)) => detail,
            (_, None) => problem.title(),
        };
        members.insert("message".into(), message.into());
    })
}

/// What a request may cost, inside the gate.
pub(crate) fn bounded(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let bounds = ServiceBuilder::new()
        // A body that says it is too long is refused before a byte of it is read.
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(DefaultBodyLimit::disable());
    router
        .layer(from_fn_with_state(state.clone(), accounted))
        .layer(bounds)
        .layer(map_response(in_the_one_voice))
}

/// What watches the gate from outside: it sees also what the gate refuses.
pub(crate) fn observed(gated: Router<AppState>, state: &AppState) -> Router<AppState> {
    let watched = gated.layer(state.metrics().layer());
    #[cfg(feature = "sentry")]
    let watched = watched.layer(sentry::integrations::tower::NewSentryLayer::new_from_top());
    // Inside the layer that chooses the ids, which are those of the log.
    #[cfg(feature = "otel")]
    let watched = watched.layer(axum::middleware::from_fn(crate::telemetry::otel::server_span));
    watched.layer(TraceContextLayer::new())
}

/// Who saves rows, for which request; and what the request asks of the database.
async fn accounted(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (identity, id) = (
        request.extensions().get::<Identity>(),
        request.extensions().get::<RequestId>(),
    );
    let user = identity.and_then(|identity| identity.subject()?.parse().ok());
    let id = id.map(|id| id.as_str().to_owned());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let tally = Tally::new(route, id.clone());
    let context = state.context(user.map_or(Actor::Anonymous, Actor::User), id);
    let mut response = to_its_end(Arc::clone(&tally).scope(context.scope(next.run(request)))).await;
    if let Some(cause) = response.extensions().get::<Cause>()
        && let Some(problem) = database_away(cause)
    {
        response = problem.into_response();
    }
    if state.config().stage == Stage::Development {
        let millis = tally.elapsed().as_secs_f64() * 1000.0;
        let timing = format!("db;dur={millis:.2};desc=\"{} statements\"", tally.statements());
        if let Ok(timing) = timing.parse() {
            response.headers_mut().insert("server-timing", timing);
        }
    }
    response
}

/// Runs in a task of its own, which a client that goes away does not end.
///
/// The driver of `MariaDB` must not be cut short while it begins a transaction or prepares a statement: it would give its connection
/// to the next one with a transaction under way, or with an answer that is not for them.
async fn to_its_end(work: impl Future<Output = Response> + Send + 'static) -> Response {
    let work = work.in_current_span();
    #[cfg(feature = "sentry")]
    let work = sentry::SentryFutureExt::bind_hub(work, sentry::Hub::current());
    match tokio::spawn(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(response) => response,
        // For the layer that catches panics.
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => Problem::new(StatusCode::SERVICE_UNAVAILABLE).into_response(),
    }
}

/// `503` where the database is away, its pool is exhausted, or others were faster each time: the client did nothing wrong, and may
/// come again.
fn database_away(cause: &Cause) -> Option<Problem> {
    let error = cause.error();
    // Contention first: a lock of SQLite that is taken is both.
    let detail = if fault::is_transient(error) {
        tracing::error!(%error, "a transaction was overtaken each time");
        "others are changing the same; try again later"
    } else if error.downcast_ref::<DbErr>().is_some_and(fault::is_away) {
        tracing::error!(%error, "the database is away");
        "the database does not answer; try again later"
    } else {
        return None;
    };
    cause.take();
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_detail(detail);
    Some(problem.with_header(RETRY_AFTER, HeaderValue::from_static("5")))
}

/// The refusal of `tower_http` is plain text; this makes it a problem like all others.
async fn in_the_one_voice(response: Response) -> Response {
    let ours = response.extensions().get::<Problem>().is_some();
    match response.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE if !ours => Problem::new(status).into_response(),
        _ => response,
    }
}
