//! Content Security Policy (CSP level 3): directives, and a nonce for each response.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::random;

/// A content policy. A directive that is set again replaces what it said before.
///
/// ```
/// use portcullis::security_headers::{Csp, SecurityHeadersLayer};
///
/// let policy = Csp::helmet().directive("img-src", ["'self'", "https://images.example.com"]).without("upgrade-insecure-requests");
/// assert!(SecurityHeadersLayer::builder().content_security_policy(policy).build().is_ok());
///
/// // A keyword without its quotes would be the name of a host.
/// let typo = Csp::new().directive("script-src", ["self"]);
/// assert!(SecurityHeadersLayer::builder().content_security_policy(typo).build().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Csp {
    directives: Vec<Directive>,
    report_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Directive {
    name: String,
    sources: Vec<String>,
    nonce: bool,
}

impl Csp {
    /// A policy without directives, which allows everything.
    pub const fn new() -> Self {
        Self {
            directives: Vec::new(),
            report_only: false,
        }
    }

    /// Helmet's default: everything from the same origin, styles and fonts also from HTTPS, no plug-ins, no inline scripts.
    pub fn helmet() -> Self {
        Self::new()
            .directive("default-src", ["'self'"])
            .directive("base-uri", ["'self'"])
            .directive("font-src", ["'self'", "https:", "data:"])
            .directive("form-action", ["'self'"])
            .directive("frame-ancestors", ["'self'"])
            .directive("img-src", ["'self'", "data:"])
            .directive("object-src", ["'none'"])
            .directive("script-src", ["'self'"])
            .directive("script-src-attr", ["'none'"])
            .directive("style-src", ["'self'", "https:", "'unsafe-inline'"])
            .directive("upgrade-insecure-requests", [""; 0])
    }

    /// For answers that are no pages: nothing may be loaded, and nobody may frame them.
    pub fn nothing() -> Self {
        Self::new()
            .directive("default-src", ["'none'"])
            .directive("frame-ancestors", ["'none'"])
    }

    /// Sets a directive such as `img-src` with its sources; keywords keep their quotes, as in `'self'`.
    pub fn directive<I: IntoIterator<Item: Into<String>>>(mut self, name: &str, sources: I) -> Self {
        let sources = sources.into_iter().map(Into::into).collect();
        let directive = self.entry(name);
        directive.sources = sources;
        self
    }

    /// Lets a directive allow what bears the response's nonce; see [`CspNonce`].
    pub fn nonce(mut self, name: &str) -> Self {
        self.entry(name).nonce = true;
        self
    }

    /// Removes a directive.
    pub fn without(mut self, name: &str) -> Self {
        self.directives.retain(|directive| directive.name != name);
        self
    }

    /// Browsers report what the policy would have stopped, and stop nothing.
    pub fn report_only(mut self) -> Self {
        self.report_only = true;
        self
    }

    fn entry(&mut self, name: &str) -> &mut Directive {
        let position = self.directives.iter().position(|directive| directive.name == name);
        let position = position.unwrap_or_else(|| {
            self.directives.push(Directive {
                name: name.to_owned(),
                sources: Vec::new(),
                nonce: false,
            });
            self.directives.len() - 1
        });
        // The position was found or made above.
        #[expect(clippy::indexing_slicing, reason = "the position is that of an element")]
        &mut self.directives[position]
    }

    pub(super) fn is_report_only(&self) -> bool {
        self.report_only
    }

    /// What no browser would understand, a line each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.directives.is_empty() {
            faults.push("has no directives; leave the header out instead".to_owned());
        }
        for Directive { name, sources, nonce } in &self.directives {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                faults.push(format!("`{name}` is not a directive's name"));
            }
            if sources.iter().any(|source| source == "'none'") && (sources.len() > 1 || *nonce) {
                faults.push(format!("`'none'` of {name} cannot stand beside other sources"));
            }
            for source in sources {
                if KEYWORDS.contains(&source.as_str()) || HASHES.iter().any(|prefix| source.starts_with(prefix)) {
                    faults.push(format!("`{source}` of {name} needs quotes: `'{source}'`"));
                } else if source.is_empty()
                    || !source
                        .bytes()
                        .all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b','))
                {
                    faults.push(format!("`{source}` of {name} is not a source"));
                }
            }
        }
        faults
    }

    /// The policy as text, cut where a nonce goes.
    pub(super) fn render(&self) -> Template {
        let mut parts = vec![String::new()];
        for (i, directive) in self.directives.iter().enumerate() {
            let mut text = String::new();
            if i > 0 {
                text.push(';');
            }
            text.push_str(&directive.name);
            for source in &directive.sources {
                text.push(' ');
                text.push_str(source);
            }
            if let Some(last) = parts.last_mut() {
                last.push_str(&text);
            }
            if directive.nonce {
                parts.push(String::new());
            }
        }
        Template { parts }
    }
}

impl Default for Csp {
    fn default() -> Self {
        Self::helmet()
    }
}

const KEYWORDS: &[&str] = &[
    "self",
    "none",
    "unsafe-inline",
    "unsafe-eval",
    "strict-dynamic",
    "unsafe-hashes",
    "report-sample",
    "wasm-unsafe-eval",
];

/// What a hash or a nonce begins with, which is in quotes as well.
const HASHES: &[&str] = &["sha256-", "sha384-", "sha512-", "nonce-"];

/// A policy with gaps for the nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<String>,
}

impl Template {
    /// The value where there is no gap; `None` as well where it is no header's value.
    pub(super) fn fixed(&self) -> Option<HeaderValue> {
        match &*self.parts {
            [only] => HeaderValue::from_str(only).ok(),
            _ => None,
        }
    }

    pub(super) fn fill(&self, nonce: &CspNonce) -> Option<HeaderValue> {
        let gap = nonce.as_str().len() + " 'nonce-'".len();
        let length = self.parts.iter().map(|part| part.len() + gap).sum();
        let mut text = String::with_capacity(length);
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                text.push_str(" 'nonce-");
                text.push_str(nonce.as_str());
                text.push('\'');
            }
            text.push_str(part);
        }
        HeaderValue::try_from(text).ok()
    }
}

/// The nonce of one response, in the request's extensions: for `<script nonce="…">`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CspNonce(Arc<str>);

impl CspNonce {
    pub(super) fn generate() -> Self {
        // CSP asks for 128 bits at least; 144 need no padding. Without randomness it is empty, and `'nonce-'` lets nothing run.
        let mut text = [0; 24];
        let length = random::secret::<18>()
            .ok()
            .and_then(|bytes| STANDARD.encode_slice(bytes, &mut text).ok());
        let text = text
            .get(..length.unwrap_or(0))
            .and_then(|text| str::from_utf8(text).ok());
        Self(text.unwrap_or_default().into())
    }

    /// The nonce as text, in base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CspNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
