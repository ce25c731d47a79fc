//! The pure decision: who may read, what a preflight is told.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::origin::{Origin, Pattern};

pub(super) type Allows = Arc<dyn Fn(&str) -> bool + Send + Sync>;
pub(super) type Ask = Arc<dyn Fn(&str) -> Asking + Send + Sync>;
pub(super) type Asking = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Mirrored header lists are bounded: a flood of commas is not handed back (CVE-2025-47908).
const LONGEST_MIRRORED_LIST: usize = 1024;

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const VARY_PREFLIGHT: HeaderValue =
    HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers");

/// What the builder settled, shared by all clones of the service.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(super) origins: Origins,
    pub(super) credentials: bool,
    pub(super) methods: List,
    pub(super) headers: List,
    pub(super) expose: Option<HeaderValue>,
    pub(super) max_age: Option<HeaderValue>,
}

/// Allowed origins, cheapest test first.
#[derive(Default)]
pub(super) struct Origins {
    pub(super) any: bool,
    pub(super) exact: Vec<HeaderValue>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) closures: Vec<Allows>,
    pub(super) asked: Option<Ask>,
}

/// A list that a preflight is told.
#[derive(Debug)]
pub(super) enum List {
    /// Rendered once.
    Fixed(HeaderValue),
    /// Whatever the preflight asks for is repeated to it.
    Mirrored,
}

/// What is known of an origin before the service has answered.
pub(crate) enum Verdict {
    Refused,
    /// The value of `Access-Control-Allow-Origin`.
    Allowed(HeaderValue),
    /// An async closure decides on this value.
    Asked(Asking, HeaderValue),
}

impl Verdict {
    /// Asks on where an async closure has not answered.
    #[inline]
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>) {
        if let Self::Asked(asking, origin) = self
            && let Poll::Ready(allowed) = asking.as_mut().poll(cx)
        {
            *self = if allowed {
                Self::Allowed(origin.clone())
            } else {
                Self::Refused
            };
        }
    }

    /// Hands over the value of `Access-Control-Allow-Origin`, or `None` for a refusal; pending while an async closure has not answered.
    #[inline]
    pub(crate) fn allowed(&mut self) -> Poll<Option<HeaderValue>> {
        if let Self::Asked(..) = self {
            return Poll::Pending;
        }
        match mem::replace(self, Self::Refused) {
            Self::Allowed(origin) => Poll::Ready(Some(origin)),
            Self::Refused | Self::Asked(..) => Poll::Ready(None),
        }
    }
}

impl Origins {
    pub(super) fn add(&mut self, origin: Origin) {
        match origin {
            Origin::Exact(value) => self.exact.push(value),
            Origin::Pattern(pattern) => self.patterns.push(pattern),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.any
            && self.exact.is_empty()
            && self.patterns.is_empty()
            && self.closures.is_empty()
            && self.asked.is_none()
    }
}

impl Policy {
    /// Judges the `Origin` of a request. Several lines are no origin that a browser sends.
    pub(crate) fn judge(&self, headers: &HeaderMap) -> Verdict {
        // Also without an `Origin`: an answer that were marked for some requests only would have to vary.
        if self.origins.any {
            return Verdict::Allowed(ANY);
        }
        let mut lines = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (lines.next(), lines.next()) else {
            return Verdict::Refused;
        };
        // The configured value is shared already; a clone of the request's might have to become so.
        if let Some(own) = self.origins.exact.iter().find(|own| *own == origin) {
            return Verdict::Allowed(own.clone());
        }
        let Ok(text) = origin.to_str() else {
            return Verdict::Refused;
        };
        if text == "null" {
            return Verdict::Refused;
        }
        if self.origins.patterns.iter().any(|pattern| pattern.matches(text))
            || self.origins.closures.iter().any(|allows| allows(text))
        {
            return Verdict::Allowed(origin.clone());
        }
        match &self.origins.asked {
            Some(ask) => Verdict::Asked(ask(text), origin.clone()),
            None => Verdict::Refused,
        }
    }

    /// Marks the response to a request that was no preflight.
    pub(crate) fn decorate(&self, response: &mut HeaderMap, allowed: Option<HeaderValue>) {
        if let Some(origin) = allowed {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if self.credentials {
                response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            }
            if let Some(expose) = &self.expose {
                response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
            }
        }
        if !self.origins.any {
            vary_by_origin(response);
        }
    }

    /// What an allowed preflight is told. Names that are not allowed are left out: the browser draws the conclusion.
    pub(super) fn preflight_headers(&self, asked: Preflight, origin: HeaderValue) -> HeaderMap {
        let mut told = HeaderMap::with_capacity(6);
        told.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            told.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        match &self.methods {
            List::Fixed(list) => told.insert(ACCESS_CONTROL_ALLOW_METHODS, list.clone()),
            List::Mirrored => told.insert(ACCESS_CONTROL_ALLOW_METHODS, asked.method),
        };
        match (&self.headers, asked.headers) {
            (List::Fixed(list), _) if list.is_empty() => {}
            (List::Fixed(list), _) => {
                told.insert(ACCESS_CONTROL_ALLOW_HEADERS, list.clone());
            }
            (List::Mirrored, Some(list)) if list.len() <= LONGEST_MIRRORED_LIST => {
                told.insert(ACCESS_CONTROL_ALLOW_HEADERS, list);
            }
            (List::Mirrored, _) => {}
        }
        if let Some(max_age) = &self.max_age {
            told.insert(ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        told.insert(VARY, VARY_PREFLIGHT);
        told
    }

    /// `Vary` of a refused preflight: a cache must not give it to an allowed origin.
    pub(super) fn refused_preflight_vary() -> HeaderValue {
        VARY_PREFLIGHT
    }
}

/// What a preflight asks for.
pub(crate) struct Preflight {
    method: HeaderValue,
    headers: Option<HeaderValue>,
}

impl Preflight {
    /// Recognises a preflight (Fetch standard section 4.8): any other `OPTIONS` belongs to the service.
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        if method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
            return None;
        }
        Some(Self {
            method: headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.clone(),
            headers: headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
        })
    }
}

fn vary_by_origin(headers: &mut HeaderMap) {
    let names_origin = |line: &HeaderValue| {
        line.to_str().is_ok_and(|line| {
            line.split(',')
                .any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case("origin"))
        })
    };
    if headers.get_all(VARY).iter().any(names_origin) {
        return;
    }
    let Some(first) = headers.get_mut(VARY) else {
        headers.insert(VARY, VARY_ORIGIN);
        return;
    };
    let mut merged = first.as_bytes().to_vec();
    merged.extend_from_slice(b", origin");
    if let Ok(merged) = HeaderValue::from_maybe_shared(bytes::Bytes::from(merged)) {
        *first = merged;
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins")
            .field("any", &self.any)
            .field("exact", &self.exact)
            .field("patterns", &self.patterns)
            .field("closures", &self.closures.len())
            .field("asked", &self.asked.is_some())
            .finish()
    }
}
