use portcullis::request_id::RequestIdLayer;
use tower::{Layer, ServiceBuilder};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

use super::{Cases, HALF, Scale};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;

pub(super) fn cases(_: Scale) -> Cases {
    let model = plain();
    let theirs = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id())
        .service(Bare::OK);
    let ours = Subject::new("portcullis", RequestIdLayer::new().layer(Bare::OK), &model);
    let case = Case::new("request_id", "made here", &model, ours)
        .agreement(Agreement {
            status: &[200],
            equal: &["content-type"],
            present: &["x-request-id"],
            lines: 0,
        })
        .rival(HALF, Subject::new("tower-http set and propagate", theirs, &model));
    Ok(vec![case])
}
