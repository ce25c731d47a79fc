//! The gate that an axum user puts together from the usual crates, as their documentation has it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum_helmet::Helmet;
use e2e_contract::{Claims, HOUR, ORIGIN, ROLE, SECRET, Settings, validation};
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use jsonwebtoken::{DecodingKey, Validation};
use tower::ServiceBuilder;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use crate::Served;
use crate::bare::listener;
use crate::routes::router;

const PROBLEM: &str = "application/problem+json";

type Verifier = Arc<(DecodingKey, Validation)>;

pub(crate) async fn axum(settings: Settings) -> Served {
    let quota = GovernorConfigBuilder::default()
        .period(HOUR / settings.quota)
        .burst_size(settings.quota)
        .use_headers()
        .finish()
        .ok_or("tower_governor takes no such quota")?;
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static(ORIGIN)])
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .max_age(HOUR);
    let trace = TraceLayer::new_for_http()
        .make_span_with(span)
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    let verifier: Verifier = Arc::new((DecodingKey::from_secret(SECRET), validation()));
    let gate = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(trace)
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CatchPanicLayer::new())
        .layer(Helmet::default().into_layer()?)
        .layer(cors)
        .layer(GovernorLayer::new(quota))
        .layer(from_fn_with_state(verifier, verify))
        .layer(from_fn(editors_only));
    let app = router().fallback(not_found).layer(gate);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener(&settings).await?, service).await?)
}

fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id)
}

async fn verify(State(verifier): State<Verifier>, mut request: Request, next: Next) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let claims = token.and_then(|token| jsonwebtoken::decode::<Claims>(token, &verifier.0, &verifier.1).ok());
    let Some(data) = claims else {
        let headers = [(WWW_AUTHENTICATE, "Bearer"), (CONTENT_TYPE, PROBLEM)];
        let body = r#"{"title":"Unauthorized","status":401}"#;
        return (StatusCode::UNAUTHORIZED, headers, body).into_response();
    };
    request.extensions_mut().insert(Arc::new(data.claims));
    next.run(request).await
}

async fn editors_only(request: Request, next: Next) -> Response {
    let claims = request.extensions().get::<Arc<Claims>>();
    if claims.is_some_and(|claims| claims.roles.iter().any(|role| role == ROLE)) {
        return next.run(request).await;
    }
    let body = r#"{"title":"Forbidden","status":403}"#;
    (StatusCode::FORBIDDEN, [(CONTENT_TYPE, PROBLEM)], body).into_response()
}

async fn not_found() -> Response {
    let body = r#"{"title":"Not Found","status":404}"#;
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, PROBLEM)], body).into_response()
}
