use std::sync::LazyLock;

use http::{HeaderValue, Method, Request};
use portcullis::cors::CorsLayer;

use crate::drive::{call, values};

static LAYER: LazyLock<CorsLayer> = LazyLock::new(|| {
    let builder = CorsLayer::builder()
        .origin("https://*.example.com")
        .origin("http://localhost:3000");
    builder
        .credentials(true)
        .methods([Method::PUT])
        .headers(["x-a"])
        .build()
        .expect("valid")
});

/// The first line is an `Origin`, further ones are what a preflight asks for.
pub(super) fn run(data: &[u8]) {
    let mut values = values(data);
    let Some(origin) = values.next() else { return };
    let mut request = Request::new(());
    request.headers_mut().insert("origin", origin.clone());
    if let Some(method) = values.next() {
        *request.method_mut() = Method::OPTIONS;
        request.headers_mut().insert("access-control-request-method", method);
    }
    for value in values {
        request.headers_mut().append("access-control-request-headers", value);
    }
    let (answer, _) = call(&*LAYER, request);
    if let Some(allowed) = answer.headers().get("access-control-allow-origin") {
        assert_eq!(allowed, &origin);
        assert!(is_ours(&origin), "{origin:?}");
    }
}

/// A second reading of what the layer was told.
fn is_ours(origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    origin == "http://localhost:3000"
        || origin
            .strip_prefix("https://")
            .and_then(|rest| rest.strip_suffix(".example.com"))
            .is_some_and(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            })
}
