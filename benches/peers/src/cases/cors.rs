use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use portcullis::cors::{CorsLayer, CorsLayerBuilder};
use tower::Layer;
use tower_http::cors as tower_http_cors;

use super::{Cases, HALF, Scale, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::{ORIGINS, from_page, preflight};

const AGE: Duration = Duration::from_hours(1);
const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
const HEADERS: [&str; 2] = ["authorization", "content-type"];

pub(super) fn ours() -> CorsLayerBuilder {
    let builder = CorsLayer::builder().origins(ORIGINS).credentials(true);
    builder.methods(METHODS).headers(HEADERS).max_age(AGE)
}

pub(super) fn theirs() -> tower_http_cors::CorsLayer {
    tower_http_cors::CorsLayer::new()
        .allow_origin(ORIGINS.map(HeaderValue::from_static))
        .allow_credentials(true)
        .allow_methods(METHODS)
        .allow_headers(HEADERS.map(HeaderName::from_static))
        .max_age(AGE)
}

pub(super) fn cases(_: Scale) -> Cases {
    let layer = ours().build().map_err(told)?;
    let [page, preflight] = [from_page(), preflight()];
    let get = Case::new(
        "cors",
        "GET",
        &page,
        Subject::new("portcullis", layer.layer(Bare::OK), &page),
    )
    .agreement(Agreement {
        status: &[200],
        equal: &[
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "content-type",
        ],
        present: &["vary"],
        lines: 0,
    })
    .rival(HALF, Subject::new("tower-http", theirs().layer(Bare::OK), &page));
    let asked = Case::new(
        "cors",
        "preflight",
        &preflight,
        Subject::new("portcullis", layer.layer(Bare::OK), &preflight),
    )
    .agreement(Agreement {
        status: &[200, 204],
        equal: &[
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "access-control-allow-methods",
            "access-control-allow-headers",
            "access-control-max-age",
        ],
        present: &["vary"],
        lines: 0,
    })
    .rival(HALF, Subject::new("tower-http", theirs().layer(Bare::OK), &preflight))
    .admission(Subject::new("its own GET", layer.layer(Bare::OK), &page));
    Ok(vec![get, asked])
}
