//! The pure decision: which headers a response gets.

use std::mem::take;

use http::header::{Entry, HeaderName, HeaderValue, SERVER, STRICT_TRANSPORT_SECURITY};
use http::uri::Scheme;
use http::{Extensions, HeaderMap, Request};

use super::csp::{CspNonce, Template};
use super::prepared::Prepared;
use crate::request_view::Https;

const X_POWERED_BY: HeaderName = HeaderName::from_static("x-powered-by");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What the builder settled, shared by all clones of the service.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(super) fixed: Vec<(HeaderName, HeaderValue)>,
    /// A content policy that changes with each response.
    pub(super) varying: Option<(HeaderName, Template)>,
    pub(super) hsts: Option<HeaderValue>,
    pub(super) hsts_always: bool,
    pub(super) trust_forwarded_proto: bool,
    /// Those of an answer without HSTS, and of one with it; where all are known.
    pub(super) prepared: Option<[Prepared; 2]>,
}

/// What a request's answer is to bear beyond the fixed headers.
#[derive(Default)]
pub(crate) struct Promised {
    hsts: bool,
    nonce: Option<CspNonce>,
}

impl Policy {
    fn sends_hsts<B>(&self, request: &Request<B>) -> bool {
        self.hsts.is_some()
            && (self.hsts_always
                || request.uri().scheme() == Some(&Scheme::HTTPS)
                || is_marked(request.extensions())
                || (self.trust_forwarded_proto && says_https(request.headers())))
    }

    /// Leaves the nonce with the request, where there is one.
    pub(crate) fn enter<B>(&self, request: &mut Request<B>) -> Promised {
        let hsts = self.sends_hsts(request);
        let nonce = self.varying.is_some().then(CspNonce::generate);
        if let Some(nonce) = &nonce {
            request.extensions_mut().insert(nonce.clone());
        }
        Promised { hsts, nonce }
    }

    /// Marks the answer.
    pub(crate) fn leave(&self, Promised { hsts, nonce }: &Promised, headers: &mut HeaderMap) {
        if let Some([without, with]) = &self.prepared
            && Prepared::suits(headers)
        {
            let prepared = if *hsts { with } else { without };
            *headers = prepared.around(take(headers));
            return;
        }
        // A look at the few names costs less than to hash these.
        if headers.keys().any(tells_too_much) {
            headers.remove(X_POWERED_BY);
            headers.remove(SERVER);
        }
        // One growth at most.
        headers.reserve(self.fixed.len() + 2);
        for (name, value) in &self.fixed {
            fill_in(headers, name, || Some(value.clone()));
        }
        if let (Some((name, template)), Some(nonce)) = (&self.varying, nonce) {
            fill_in(headers, name, || template.fill(nonce));
        }
        if let Some(value) = self.hsts.as_ref().filter(|_| *hsts) {
            fill_in(headers, &STRICT_TRANSPORT_SECURITY, || Some(value.clone()));
        }
    }
}

/// What an answer is made by is nobody's business.
pub(super) fn tells_too_much(name: &HeaderName) -> bool {
    *name == SERVER || *name == X_POWERED_BY
}

/// Looks the name up once: hashing it costs more than the header.
fn fill_in(headers: &mut HeaderMap, name: &HeaderName, value: impl FnOnce() -> Option<HeaderValue>) {
    if let Entry::Vacant(place) = headers.entry(name)
        && let Some(value) = value()
    {
        place.insert(value);
    }
}

fn is_marked(extensions: &Extensions) -> bool {
    extensions.get::<Https>().is_some()
}

/// The last element is the nearest proxy's word.
fn says_https(headers: &HeaderMap) -> bool {
    let last = headers.get_all(X_FORWARDED_PROTO).iter().next_back();
    last.and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next())
        .is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}
