use axum_helmet::{Helmet, HelmetLayer};
use http::{HeaderName, HeaderValue};
use portcullis::security_headers::SecurityHeadersLayer;
use tower::{Layer, ServiceBuilder};
use tower_http::set_header::SetResponseHeaderLayer;

use super::{Cases, HALF, Scale, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::Subject;
use crate::model::plain;

/// The twelve of helmet.
const NAMES: &[&str] = &[
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "origin-agent-cluster",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-xss-protection",
];

/// All twelve, whatever the scheme, as the rivals do.
pub(super) fn ours() -> Result<SecurityHeadersLayer, String> {
    let builder = SecurityHeadersLayer::builder().hsts_always();
    builder.build().map_err(told)
}

pub(super) fn axum_helmet() -> Result<HelmetLayer, String> {
    Helmet::default().into_layer().map_err(told)
}

fn tower_helmet() -> tower_helmet::HelmetLayer {
    let mut layer = tower_helmet::HelmetLayer::with_defaults();
    layer.remove("expect-ct").remove("cross-origin-embedder-policy");
    layer
}

/// One of the twelve layers: the header is set where the handler has not.
fn set(name: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    let value = match name {
        "x-content-type-options" => "nosniff",
        "x-frame-options" => "SAMEORIGIN",
        "x-xss-protection" => "0",
        "referrer-policy" => "no-referrer",
        _ => "same-origin",
    };
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

pub(super) fn cases(_: Scale) -> Cases {
    let model = plain();
    let twelve = ServiceBuilder::new()
        .layer(set(NAMES[0]))
        .layer(set(NAMES[1]))
        .layer(set(NAMES[2]))
        .layer(set(NAMES[3]))
        .layer(set(NAMES[4]))
        .layer(set(NAMES[5]))
        .layer(set(NAMES[6]))
        .layer(set(NAMES[7]))
        .layer(set(NAMES[8]))
        .layer(set(NAMES[9]))
        .layer(set(NAMES[10]))
        .layer(set(NAMES[11]))
        .service(Bare::OK);
    let ours = Subject::new("portcullis", ours()?.layer(Bare::OK), &model);
    let case = Case::new("security_headers", "helmet's twelve", &model, ours)
        .agreement(Agreement {
            status: &[200],
            equal: &[
                "content-type",
                "x-content-type-options",
                "referrer-policy",
                "x-frame-options",
            ],
            present: NAMES,
            lines: 0,
        })
        .rival(
            HALF,
            Subject::new("axum-helmet", axum_helmet()?.layer(Bare::OK), &model),
        )
        .rival(
            HALF,
            Subject::new("tower-helmet", tower_helmet().layer(Bare::OK), &model),
        )
        .rival(HALF, Subject::new("tower-http set-header, 12 layers", twelve, &model));
    Ok(vec![case])
}
