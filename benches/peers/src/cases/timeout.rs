use std::time::Duration;

use http::StatusCode;
use portcullis::timeout::TimeoutLayer;
use tower::Layer;
use tower_http::timeout as tower_http_timeout;

use super::{Cases, HALF, Scale};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;

pub(super) const DEADLINE: Duration = Duration::from_secs(30);

fn ours() -> TimeoutLayer {
    TimeoutLayer::new(DEADLINE)
}

pub(super) fn theirs() -> tower_http_timeout::TimeoutLayer {
    tower_http_timeout::TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, DEADLINE)
}

pub(super) fn cases(_: Scale) -> Cases {
    let model = plain();
    let case = Case::new(
        "timeout",
        "in time",
        &model,
        Subject::new("portcullis", ours().layer(Bare::OK), &model),
    )
    .agreement(Agreement {
        status: &[200],
        equal: &["content-type"],
        ..Agreement::default()
    })
    .rival(HALF, Subject::new("tower-http", theirs().layer(Bare::OK), &model));
    Ok(vec![case])
}
