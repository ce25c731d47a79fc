//! The whole gate: ours from one builder, theirs from the rivals' layers in one `ServiceBuilder`, as their documentation has it.

use std::time::Duration;

use axum::middleware::{from_fn, from_fn_with_state};
use portcullis::csrf::CsrfLayer;
use portcullis::rate_limit::{Quota, RateLimitLayer};
use portcullis::request_log::RequestLogLayer;
use portcullis::stack::Stack;
use tower::{Layer, ServiceBuilder};
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use super::{Cases, HALF, Scale, cors, jwt, roles, security_headers, timeout, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::{Model, Request, Subject};
use crate::model::{ORIGINS, preflight, signed, signed_by_reader, tampered};
use crate::sink::Sink;

const HOUR: Duration = Duration::from_hours(1);
const FIFTH: f64 = 0.2;
const QUARTER: f64 = 0.25;

/// The same names as in our records.
fn span(request: &Request) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id)
}

/// The service within the gate, and the one that the gate's cost is counted over.
#[derive(Clone, Copy)]
struct Inner {
    bare: Bare,
    ours: Bare,
    theirs: Bare,
}

const OK: Inner = Inner {
    bare: Bare::OK,
    ours: Bare::OK,
    theirs: Bare::OK,
};

/// Our stack renders the empty 404 of a router; theirs needs a fallback that does.
const NOTHING: Inner = Inner {
    bare: Bare::NOTHING,
    ours: Bare::NOTHING,
    theirs: Bare::FALLBACK,
};

/// A quota that nobody uses up.
const GENEROUS: u32 = u32::MAX;

fn ours(name: &'static str, inner: Inner, cached: bool, burst: u32, model: &Model) -> Result<Subject, String> {
    stacked(name, inner, cached, burst, RequestLogLayer::new(), model)
}

fn stacked(
    name: &'static str,
    inner: Inner,
    cached: bool,
    burst: u32,
    log: RequestLogLayer,
    model: &Model,
) -> Result<Subject, String> {
    let jwt = if cached {
        jwt::ours().cache(jwt::cache())
    } else {
        jwt::ours()
    };
    let stack = Stack::builder()
        .request_log(log)
        .security_headers(security_headers::ours()?)
        .cors(cors::ours())
        .rate_limit(RateLimitLayer::builder().quota(Quota::new(burst, HOUR)))
        .csrf(CsrfLayer::builder().trust_origins(ORIGINS))
        .timeout(timeout::DEADLINE)
        .jwt(jwt)
        .authorize(roles::ours())
        .build()
        .map_err(told)?;
    // As it is in service, where good tokens come too and their header is known.
    Subject::over(inner.bare, "a good token", stack.layer(inner.ours), &signed()?).answer();
    Ok(Subject::over(inner.bare, name, stack.layer(inner.ours), model))
}

fn theirs(inner: Inner, burst: u32, model: &Model) -> Result<Subject, String> {
    let limit = GovernorConfigBuilder::default()
        .period(HOUR / burst)
        .burst_size(burst)
        .use_headers()
        .finish()
        .ok_or("tower_governor takes no such quota")?;
    let mut csrf = tower_http::csrf::CsrfLayer::new();
    for origin in ORIGINS {
        csrf = csrf.add_trusted_origin(origin).map_err(told)?;
    }
    let service = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CatchPanicLayer::new())
        .layer(security_headers::axum_helmet()?)
        .layer(cors::theirs())
        .layer(GovernorLayer::new(limit))
        .layer(csrf)
        .layer(timeout::theirs())
        .layer(from_fn_with_state(jwt::verifier(), jwt::verify))
        .layer(from_fn(roles::editors_only))
        .service(inner.theirs);
    Ok(Subject::over(inner.bare, "axum's usual crates", service, model))
}

pub(super) fn quiet(_: Scale) -> Cases {
    let mut cases = vec![
        admits("admits, log off", false, FIFTH, 0)?,
        admits("admits, log off, cached token", true, FIFTH, 0)?,
    ];
    let [signed, reader, tampered, preflight] = [signed()?, signed_by_reader()?, tampered()?, preflight()];
    for (path, status, inner, burst, model) in [
        ("preflight, log off", &[200, 204][..], OK, GENEROUS, &preflight),
        ("429, log off", &[429], OK, 1, &signed),
        ("401, log off", &[401], OK, GENEROUS, &tampered),
        ("403, log off", &[403], OK, GENEROUS, &reader),
        ("404, log off", &[404], NOTHING, GENEROUS, &signed),
    ] {
        let agreement = Agreement {
            status,
            equal: &["access-control-allow-origin", "x-content-type-options"],
            present: &["x-request-id", "content-security-policy"],
            lines: 0,
        };
        cases.push(
            Case::new("stack", path, model, ours("portcullis", inner, false, burst, model)?)
                .agreement(agreement)
                .rival(HALF, theirs(inner, burst, model)?)
                .admission(ours("its own admission", OK, false, GENEROUS, &signed)?),
        );
    }
    Ok(cases)
}

pub(super) fn logged(_: Scale) -> Cases {
    Ok(vec![
        admits("admits, JSON log", false, QUARTER, 1)?,
        admits("admits, JSON log, cached token", true, QUARTER, 1)?,
        admits_with_lines("admits, own lines of JSON, cached token", true)?,
        admits_with_lines("admits, own lines of JSON without a span, cached token", false)?,
    ])
}

/// Our own lines instead of the subscriber's, which still hears of the span where there is one.
fn admits_with_lines(path: &'static str, span: bool) -> Result<Case, String> {
    let model = signed()?;
    let log = RequestLogLayer::builder().json(|| Sink).span(span);
    let log = log.build().map_err(told)?;
    let ours = stacked("portcullis", OK, true, GENEROUS, log, &model)?;
    admission(path, ours, QUARTER, 1, &model)
}

fn admits(path: &'static str, cached: bool, goal: f64, lines: usize) -> Result<Case, String> {
    let model = signed()?;
    let ours = ours("portcullis", OK, cached, GENEROUS, &model)?;
    admission(path, ours, goal, lines, &model)
}

fn admission(path: &'static str, ours: Subject, goal: f64, lines: usize, model: &Model) -> Result<Case, String> {
    let case = Case::new("stack", path, model, ours).agreement(Agreement {
        status: &[200],
        equal: &[
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "content-type",
            "x-content-type-options",
        ],
        present: &[
            "x-request-id",
            "content-security-policy",
            "strict-transport-security",
            "vary",
        ],
        lines,
    });
    Ok(case.rival(goal, theirs(OK, GENEROUS, model)?))
}
