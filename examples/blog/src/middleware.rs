//! The gate: every layer and its place, outermost first.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use http::StatusCode;
use http::header::AUTHORIZATION;
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;
use portcullis::not_found::NotFoundLayer;
use portcullis::problem::Renderer;
use portcullis::request_id::RequestIdLayer;
use portcullis::shutdown::Handle;
use portcullis::{ConfigError, Identity, Problem};
use tower::ServiceBuilder;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::error;
use crate::state::AppState;

/// Bytes of a request's body.
const BODY_LIMIT: usize = 1024 * 1024;

/// From the whole request to the head of its answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Around everything, unknown routes included.
pub(crate) fn whole(
    router: Router<AppState>,
    state: &AppState,
    shutdown: &Handle,
) -> Result<Router<AppState>, ConfigError> {
    let cors = CorsLayer::builder()
        .origins(&state.config().cors_origins)
        .credentials(true)
        .headers(["authorization", "content-type", "if-match", "if-none-match"])
        .expose([
            "etag",
            "location",
            "retry-after",
            "ratelimit",
            "ratelimit-policy",
            "x-request-id",
        ])
        .build()?;
    let proxies = &state.config().trusted_proxies;
    let client_ip = if proxies.is_empty() {
        ClientIpLayer::peer()
    } else {
        ClientIpLayer::builder()
            .trust_networks(proxies)
            .x_forwarded_for()
            .build()?
    };
    let layers = ServiceBuilder::new()
        // Everything below can name the request.
        .layer(RequestIdLayer::new())
        // Nothing below can break a connection, and every problem is rendered once, here.
        .layer(CatchErrorLayer::new().renderer(renderer()))
        // Counts what is in flight until its last byte, refusals too.
        .layer(shutdown.layer())
        // Pages of other origins must be able to read a 401 and a 429; their preflights end here.
        .layer(cors)
        // Who is calling, for the limits below.
        .layer(client_ip)
        // axum's own bare 404 and 405 in the voice of all other refusals.
        .layer(NotFoundLayer::new());
    Ok(router.layer(layers))
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

/// Around `/api`.
#[expect(clippy::unnecessary_wraps, reason = "the layers to come are checked when built")]
pub(crate) fn api(router: Router<AppState>, state: &AppState) -> Result<Router<AppState>, ConfigError> {
    // Who asks; from here on every request has an identity, if only the anonymous one.
    let known = router.layer(from_fn_with_state(state.clone(), identify));
    let bounded = ServiceBuilder::new()
        // A handler has this long for its answer's head; a body may stream for longer.
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            DEADLINE,
        ))
        // A body that says it is too long is refused before a byte of it is read, whoever sends it.
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(DefaultBodyLimit::disable());
    Ok(known.layer(bounded).layer(map_response(in_the_one_voice)))
}

/// Refusals of `tower_http` are plain text; this makes them problems like all others.
async fn in_the_one_voice(response: Response) -> Response {
    let ours = response.extensions().get::<Problem>().is_some();
    match response.status() {
        status @ (StatusCode::PAYLOAD_TOO_LARGE | StatusCode::SERVICE_UNAVAILABLE) if !ours => {
            Problem::new(status).into_response()
        }
        _ => response,
    }
}

/// Around `/api/v1/admin`.
#[expect(clippy::unnecessary_wraps, reason = "the layers to come are checked when built")]
pub(crate) fn admin_only(router: Router<AppState>) -> Result<Router<AppState>, ConfigError> {
    Ok(router.layer(from_fn(require_admin)))
}

async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let identity = match request.headers().get(AUTHORIZATION) {
        None => Identity::anonymous(),
        Some(value) => {
            let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
            match token.and_then(|token| state.tokens().identify(token.trim())) {
                Some(identity) => identity,
                None => return error::unauthorized("the token is not valid").into_response::<axum::body::Body>(),
            }
        }
    };
    request.extensions_mut().insert(identity);
    next.run(request).await
}

async fn require_admin(request: Request, next: Next) -> Response {
    match request.extensions().get::<Identity>() {
        Some(identity) if identity.has_role("admin") => next.run(request).await,
        Some(identity) if !identity.is_anonymous() => error::forbidden("this needs the role admin").into_response(),
        _ => error::unauthorized("sign in first").into_response(),
    }
}
