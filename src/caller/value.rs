//! What of a request is part of a key.

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderName};

use crate::trail::Trail;

/// The value of a header that stands on one line: of several, others may read another than is counted here.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(only), None) if !only.is_empty() => Some(only.as_bytes()),
        _ => None,
    }
}

/// What stands after the scheme, on one line and not empty.
pub(super) fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a [u8]> {
    let value = single(headers, &AUTHORIZATION)?;
    let (own, rest) = value.split_at_checked(scheme.len())?;
    let key = rest.strip_prefix(b" ")?.trim_ascii();
    (own.eq_ignore_ascii_case(scheme.as_bytes()) && !key.is_empty()).then_some(key)
}

/// The template of the matched route, or `None` where there is no route.
pub(super) fn with_route<T>(request: &Extensions, hash: impl FnOnce(Option<&str>) -> T) -> T {
    #[cfg(feature = "axum")]
    if let Some(route) = request.get::<crate::axum::extensions::Route>() {
        return hash(Some(route.as_str()));
    }
    let noted = request.get::<Trail>().and_then(Trail::route);
    hash(noted.as_deref())
}
