use portcullis::not_found::NotFoundLayer;
use tower::Layer;

use super::{Cases, HALF, Scale};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;

use axum::Router;
use axum::http::{StatusCode, header::CONTENT_TYPE};

async fn fallback() -> (StatusCode, [(http::HeaderName, &'static str); 1], &'static str) {
    let body = r#"{"title":"Not Found","status":404}"#;
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, super::PROBLEM)], body)
}

pub(super) fn cases(_: Scale) -> Cases {
    let model = plain();
    let ours = Subject::over(
        Bare::NOTHING,
        "portcullis",
        NotFoundLayer::new().layer(Bare::NOTHING),
        &model,
    );
    let router = Router::new().fallback(fallback);
    let case = Case::new("not_found", "404", &model, ours)
        .agreement(Agreement {
            status: &[404],
            equal: &["content-type"],
            ..Agreement::default()
        })
        .rival(
            HALF,
            Subject::over(Bare::NOTHING, "a Router with a fallback", router, &model),
        );
    Ok(vec![case])
}
