//! The headers and the values that a browser understands.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// `Clear-Site-Data` for the response to a logout: cache, cookies and storage of this origin.
pub const CLEAR_SITE_DATA: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
);

/// A header of this layer, to leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityHeader {
    /// `Content-Security-Policy`, or its report-only form.
    ContentSecurityPolicy,
    /// `Cross-Origin-Opener-Policy`.
    CrossOriginOpenerPolicy,
    /// `Cross-Origin-Resource-Policy`.
    CrossOriginResourcePolicy,
    /// `Cross-Origin-Embedder-Policy`.
    CrossOriginEmbedderPolicy,
    /// `Origin-Agent-Cluster`.
    OriginAgentCluster,
    /// `Referrer-Policy`.
    ReferrerPolicy,
    /// `Strict-Transport-Security`.
    StrictTransportSecurity,
    /// `X-Content-Type-Options`.
    ContentTypeOptions,
    /// `X-DNS-Prefetch-Control`.
    DnsPrefetchControl,
    /// `X-Download-Options`.
    DownloadOptions,
    /// `X-Frame-Options`.
    FrameOptions,
    /// `X-Permitted-Cross-Domain-Policies`.
    PermittedCrossDomainPolicies,
    /// `X-XSS-Protection`.
    XssProtection,
    /// `Permissions-Policy`.
    PermissionsPolicy,
    /// `Cache-Control`.
    CacheControl,
}

impl SecurityHeader {
    pub(super) fn name(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::ContentSecurityPolicy => "content-security-policy",
            Self::CrossOriginOpenerPolicy => "cross-origin-opener-policy",
            Self::CrossOriginResourcePolicy => "cross-origin-resource-policy",
            Self::CrossOriginEmbedderPolicy => "cross-origin-embedder-policy",
            Self::OriginAgentCluster => "origin-agent-cluster",
            Self::ReferrerPolicy => "referrer-policy",
            Self::StrictTransportSecurity => "strict-transport-security",
            Self::ContentTypeOptions => "x-content-type-options",
            Self::DnsPrefetchControl => "x-dns-prefetch-control",
            Self::DownloadOptions => "x-download-options",
            Self::FrameOptions => "x-frame-options",
            Self::PermittedCrossDomainPolicies => "x-permitted-cross-domain-policies",
            Self::XssProtection => "x-xss-protection",
            Self::PermissionsPolicy => "permissions-policy",
            Self::CacheControl => "cache-control",
        })
    }
}

/// `Strict-Transport-Security` (RFC 6797).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Hsts {
    pub(super) max_age: Duration,
    pub(super) include_subdomains: bool,
    pub(super) preload: bool,
}

impl Hsts {
    /// One year, with sub-domains: helmet's default.
    pub const fn new() -> Self {
        Self {
            max_age: Duration::from_secs(365 * 24 * 3600),
            include_subdomains: true,
            preload: false,
        }
    }

    /// How long browsers insist on HTTPS, in whole seconds. Default 365 days; zero makes them forget.
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Whether sub-domains are included. Default true.
    pub const fn include_subdomains(mut self, include: bool) -> Self {
        self.include_subdomains = include;
        self
    }

    /// Asks for the browsers' built-in lists, which is hard to take back. Needs a year or more, with sub-domains. Default false.
    pub const fn preload(mut self) -> Self {
        self.preload = true;
        self
    }
}

impl Default for Hsts {
    fn default() -> Self {
        Self::new()
    }
}

/// `X-Frame-Options` (RFC 7034); `frame-ancestors` of the content policy says it better to newer browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameOptions {
    /// No page may frame this one.
    Deny,
    /// Pages of the same origin may: helmet's default.
    SameOrigin,
}

impl FrameOptions {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "DENY",
            Self::SameOrigin => "SAMEORIGIN",
        }
    }
}

/// `Referrer-Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferrerPolicy {
    /// Nothing, to nobody: helmet's default.
    NoReferrer,
    /// The whole URL, but not from HTTPS to HTTP.
    NoReferrerWhenDowngrade,
    /// The origin only.
    Origin,
    /// The whole URL to the same origin, the origin to others.
    OriginWhenCrossOrigin,
    /// The whole URL to the same origin, nothing to others.
    SameOrigin,
    /// The origin, but not from HTTPS to HTTP.
    StrictOrigin,
    /// The whole URL to the same origin, the origin to others, nothing from HTTPS to HTTP.
    StrictOriginWhenCrossOrigin,
}

impl ReferrerPolicy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoReferrer => "no-referrer",
            Self::NoReferrerWhenDowngrade => "no-referrer-when-downgrade",
            Self::Origin => "origin",
            Self::OriginWhenCrossOrigin => "origin-when-cross-origin",
            Self::SameOrigin => "same-origin",
            Self::StrictOrigin => "strict-origin",
            Self::StrictOriginWhenCrossOrigin => "strict-origin-when-cross-origin",
        }
    }
}

/// `Cross-Origin-Opener-Policy`: which windows may hold on to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenerPolicy {
    /// Those of the same origin: helmet's default.
    SameOrigin,
    /// Those of the same origin, and pop-ups that this page opens.
    SameOriginAllowPopups,
    /// Any.
    UnsafeNone,
}

impl OpenerPolicy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameOriginAllowPopups => "same-origin-allow-popups",
            Self::UnsafeNone => "unsafe-none",
        }
    }
}

/// `Cross-Origin-Resource-Policy`: which pages may load this as an image, script or the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourcePolicy {
    /// Those of the same origin: helmet's default.
    SameOrigin,
    /// Those of the same site.
    SameSite,
    /// Any.
    CrossOrigin,
}

impl ResourcePolicy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossOrigin => "cross-origin",
        }
    }
}

/// `Cross-Origin-Embedder-Policy`: what this page may load. Not sent by default, as in helmet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbedderPolicy {
    /// Only what says that it may be loaded.
    RequireCorp,
    /// Anything, but without credentials.
    Credentialless,
    /// Anything.
    UnsafeNone,
}

impl EmbedderPolicy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RequireCorp => "require-corp",
            Self::Credentialless => "credentialless",
            Self::UnsafeNone => "unsafe-none",
        }
    }
}

/// `X-Permitted-Cross-Domain-Policies`, for Adobe's products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossDomainPolicies {
    /// No policy files: helmet's default.
    None,
    /// Only the master file.
    MasterOnly,
    /// Those of the right content type.
    ByContentType,
    /// All.
    All,
}

impl CrossDomainPolicies {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::MasterOnly => "master-only",
            Self::ByContentType => "by-content-type",
            Self::All => "all",
        }
    }
}

/// `Cache-Control` presets (RFC 9111). Not sent by default; a handler's own value wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheControl {
    /// `no-store, max-age=0`: nobody keeps it, as OWASP advises for answers about persons.
    NoStore,
    /// `private, no-cache`: the browser keeps it and asks each time.
    PrivateRevalidate,
}

impl CacheControl {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoStore => "no-store, max-age=0",
            Self::PrivateRevalidate => "private, no-cache",
        }
    }
}
