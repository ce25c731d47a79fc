use portcullis::request_log::RequestLogLayer;
use tower::Layer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, HttpMakeClassifier, TraceLayer};
use tracing::Level;

use super::{Cases, HALF, Scale, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;
use crate::sink::Sink;

/// One line for each request, at the level at which services log.
type Trace = TraceLayer<HttpMakeClassifier, DefaultMakeSpan, tower_http::trace::DefaultOnRequest, DefaultOnResponse>;

fn trace() -> Trace {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO))
}

pub(super) fn quiet(_: Scale) -> Cases {
    Ok(vec![case("nobody listens", &RequestLogLayer::new(), 0)])
}

pub(super) fn logged(_: Scale) -> Cases {
    let lines = RequestLogLayer::builder().json(|| Sink).build().map_err(told)?;
    Ok(vec![
        case("JSON to a sink", &RequestLogLayer::new(), 1),
        case("own lines of JSON to a sink", &lines, 1),
    ])
}

fn case(path: &'static str, layer: &RequestLogLayer, lines: usize) -> Case {
    let model = plain();
    let ours = Subject::new("portcullis", layer.layer(Bare::OK), &model);
    Case::new("request_log", path, &model, ours)
        .agreement(Agreement {
            status: &[200],
            equal: &["content-type"],
            present: &[],
            lines,
        })
        .rival(HALF, Subject::new("tower-http trace", trace().layer(Bare::OK), &model))
}
