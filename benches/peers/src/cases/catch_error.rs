use std::any::Any;

use axum::body::Body;
use http::{Response, StatusCode, header::CONTENT_TYPE};
use portcullis::catch_error::CatchErrorLayer;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;

use super::{Cases, HALF, PROBLEM, Scale};
use crate::bare::{Bare, Panics};
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;

/// The default handler's answer is plain text.
fn rendered(_: Box<dyn Any + Send>) -> Response<Body> {
    let mut response = Response::new(Body::from(r#"{"title":"Internal Server Error","status":500}"#));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let problem = http::HeaderValue::from_static(PROBLEM);
    response.headers_mut().insert(CONTENT_TYPE, problem);
    response
}

pub(super) fn cases(_: Scale) -> Cases {
    let model = plain();
    let layer = CatchErrorLayer::new();
    let ours = Subject::new("portcullis", layer.layer(Bare::OK), &model);
    let admit = Case::new("catch_error", "no panic", &model, ours)
        .agreement(Agreement {
            status: &[200],
            equal: &["content-type"],
            ..Agreement::default()
        })
        .rival(
            HALF,
            Subject::new("tower-http catch-panic", CatchPanicLayer::new().layer(Bare::OK), &model),
        );
    let ours = Subject::new("portcullis", layer.layer(Panics), &model);
    let theirs = CatchPanicLayer::custom(rendered).layer(Panics);
    let panic = Case::new("catch_error", "panic", &model, ours)
        .agreement(Agreement {
            status: &[500],
            equal: &["content-type"],
            ..Agreement::default()
        })
        // Nearly all of it is the unwinding.
        .rival(1.0, Subject::new("tower-http catch-panic", theirs, &model));
    Ok(vec![admit, panic])
}
