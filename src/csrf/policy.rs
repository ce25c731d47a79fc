//! The pure decision: did another site make a browser send this?
//!
//! The same as tower-http's `csrf`, which keeps its check to itself; the tests hold both side by side.

use std::fmt;
use std::sync::Arc;

use http::header::{HOST, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::origin::{Origin, Pattern};
use crate::request_view::RequestView;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

type Exempt = dyn Fn(RequestView<'_>) -> bool + Send + Sync;

/// What the builder settled, shared by all clones of the service.
#[derive(Default)]
pub(crate) struct Policy {
    pub(super) exact: Vec<HeaderValue>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) paths: Vec<String>,
    pub(super) prefixes: Vec<String>,
    pub(super) closures: Vec<Arc<Exempt>>,
    pub(super) report_only: bool,
}

/// Why a request was refused, in the extensions of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The browser says that another site or origin sent it.
    CrossOrigin,
    /// The browser does not say, and its `Origin` is not that of the request.
    CrossOriginFromOldBrowser,
}

impl Policy {
    pub(super) fn trust(&mut self, origin: Origin) {
        match origin {
            Origin::Exact(value) => self.exact.push(value),
            Origin::Pattern(pattern) => self.patterns.push(pattern),
        }
    }

    pub(super) fn check(&self, request: RequestView<'_>) -> Result<(), Refusal> {
        let headers = request.headers();
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if safe && !upgrades_to_websocket(headers) {
            return Ok(());
        }
        let origin = headers.get(ORIGIN).filter(|origin| !origin.is_empty());
        match headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
            Some(b"same-origin" | b"none") => return Ok(()),
            Some(site) if !site.is_empty() => {
                return if self.lets_through(request, origin) {
                    Ok(())
                } else {
                    Err(Refusal::CrossOrigin)
                };
            }
            _ => {}
        }
        let Some(origin) = origin else {
            return Ok(());
        };
        if is_own(origin, request.uri(), headers) || self.lets_through(request, Some(origin)) {
            Ok(())
        } else {
            Err(Refusal::CrossOriginFromOldBrowser)
        }
    }

    fn lets_through(&self, request: RequestView<'_>, origin: Option<&HeaderValue>) -> bool {
        let path = request.path();
        self.paths.iter().any(|own| own == path)
            || self.prefixes.iter().any(|own| is_below(path, own))
            || self.closures.iter().any(|exempt| exempt(request))
            || origin.is_some_and(|origin| self.trusts(origin))
    }

    fn trusts(&self, origin: &HeaderValue) -> bool {
        self.exact.contains(origin)
            || origin
                .to_str()
                .is_ok_and(|text| self.patterns.iter().any(|pattern| pattern.matches(text)))
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("exact", &self.exact)
            .field("patterns", &self.patterns)
            .field("paths", &self.paths)
            .field("prefixes", &self.prefixes)
            .field("closures", &self.closures.len())
            .field("report_only", &self.report_only)
            .finish()
    }
}

/// A cross-site WebSocket carries cookies, and no preflight or CORS header stops its messages.
fn upgrades_to_websocket(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).iter().any(|line| {
        line.as_bytes()
            .split(|byte| *byte == b',')
            .any(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    })
}

/// Whether host and port of the origin are those that the request was sent to; RFC 9110 section 7.2 says which those are.
fn is_own(origin: &HeaderValue, uri: &Uri, headers: &HeaderMap) -> bool {
    let origin = origin.as_bytes();
    let Some(sender) = origin
        .strip_prefix(b"https://")
        .or_else(|| origin.strip_prefix(b"http://"))
    else {
        return false;
    };
    let receiver = match uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes),
    };
    let is_authority = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\');
    !sender.is_empty() && sender == receiver && sender.iter().all(is_authority)
}

/// Below a prefix that ends with a segment: `/hooks` holds `/hooks` and `/hooks/a`, not `/hooks-of-mine`. A path that a router
/// could read in another way, with dots or encoded characters, is not taken for one below.
fn is_below(path: &str, prefix: &str) -> bool {
    let below = path
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'));
    below && !is_ambiguous(path)
}

pub(super) fn is_ambiguous(path: &str) -> bool {
    path.contains(['%', '\\']) || path.split('/').any(|segment| matches!(segment, "." | ".."))
}
