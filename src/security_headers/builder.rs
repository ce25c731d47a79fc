use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::csp::Csp;
use super::layer::SecurityHeadersLayer;
use super::policy::Policy;
use super::prepared::Prepared;
use super::value::{
    CacheControl, CrossDomainPolicies, EmbedderPolicy, FrameOptions, Hsts, OpenerPolicy, ReferrerPolicy,
    ResourcePolicy, SecurityHeader,
};
use crate::config_error::{ConfigError, Faults};

const LAYER: &str = "security_headers";
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Collects the settings of a [`SecurityHeadersLayer`].
#[derive(Debug)]
#[must_use = "call `build`"]
pub struct SecurityHeadersBuilder {
    faults: Faults,
    csp: Option<Csp>,
    hsts: Option<Hsts>,
    hsts_always: bool,
    trust_forwarded_proto: bool,
    values: Vec<(HeaderName, HeaderValue)>,
}

impl SecurityHeadersBuilder {
    pub(super) fn helmet() -> Self {
        let empty = Self {
            faults: ConfigError::collector(),
            csp: Some(Csp::helmet()),
            hsts: Some(Hsts::new()),
            hsts_always: false,
            trust_forwarded_proto: false,
            values: Vec::new(),
        };
        empty
            .cross_origin_opener_policy(OpenerPolicy::SameOrigin)
            .cross_origin_resource_policy(ResourcePolicy::SameOrigin)
            .set(SecurityHeader::OriginAgentCluster, "?1")
            .referrer_policy(ReferrerPolicy::NoReferrer)
            .set(SecurityHeader::ContentTypeOptions, "nosniff")
            .dns_prefetch_control(false)
            .set(SecurityHeader::DownloadOptions, "noopen")
            .frame_options(FrameOptions::SameOrigin)
            .permitted_cross_domain_policies(CrossDomainPolicies::None)
            .set(SecurityHeader::XssProtection, "0")
    }

    pub(super) fn api() -> Self {
        Self::helmet()
            .content_security_policy(Csp::nothing())
            .frame_options(FrameOptions::Deny)
            .cache_control(CacheControl::NoStore)
    }

    /// The content policy. Default [`Csp::helmet`].
    pub fn content_security_policy(mut self, policy: Csp) -> Self {
        for fault in policy.faults() {
            self.faults.add(LAYER, "content_security_policy", fault);
        }
        self.csp = Some(policy);
        self
    }

    /// Strict transport security. Default [`Hsts::new`]: one year with sub-domains.
    pub fn hsts(mut self, hsts: Hsts) -> Self {
        if hsts.preload && (hsts.max_age < YEAR || !hsts.include_subdomains) {
            self.faults.add(
                LAYER,
                "hsts",
                "preload needs a `max_age` of a year or more, and sub-domains",
            );
        }
        self.hsts = Some(hsts);
        self
    }

    /// Sends HSTS over plain HTTP too, for a proxy that terminates TLS and does not say so. Browsers ignore it over HTTP.
    pub fn hsts_always(mut self) -> Self {
        self.hsts_always = true;
        self
    }

    /// Believes the last `X-Forwarded-Proto`: for services that are only reached through a proxy that sets it. Default false.
    pub fn trust_forwarded_proto(mut self) -> Self {
        self.trust_forwarded_proto = true;
        self
    }

    /// Which windows may hold on to this one. Default [`OpenerPolicy::SameOrigin`].
    pub fn cross_origin_opener_policy(self, policy: OpenerPolicy) -> Self {
        self.set(SecurityHeader::CrossOriginOpenerPolicy, policy.as_str())
    }

    /// Which pages may load this. Default [`ResourcePolicy::SameOrigin`].
    pub fn cross_origin_resource_policy(self, policy: ResourcePolicy) -> Self {
        self.set(SecurityHeader::CrossOriginResourcePolicy, policy.as_str())
    }

    /// What this page may load. Default: not sent.
    pub fn cross_origin_embedder_policy(self, policy: EmbedderPolicy) -> Self {
        self.set(SecurityHeader::CrossOriginEmbedderPolicy, policy.as_str())
    }

    /// What a browser tells the next site. Default [`ReferrerPolicy::NoReferrer`].
    pub fn referrer_policy(self, policy: ReferrerPolicy) -> Self {
        self.set(SecurityHeader::ReferrerPolicy, policy.as_str())
    }

    /// Who may frame this page. Default [`FrameOptions::SameOrigin`].
    pub fn frame_options(self, options: FrameOptions) -> Self {
        self.set(SecurityHeader::FrameOptions, options.as_str())
    }

    /// Whether browsers look up the hosts of links ahead of time. Default false.
    pub fn dns_prefetch_control(self, allowed: bool) -> Self {
        self.set(SecurityHeader::DnsPrefetchControl, if allowed { "on" } else { "off" })
    }

    /// Policy files of Adobe's products. Default [`CrossDomainPolicies::None`].
    pub fn permitted_cross_domain_policies(self, policies: CrossDomainPolicies) -> Self {
        self.set(SecurityHeader::PermittedCrossDomainPolicies, policies.as_str())
    }

    /// Who keeps the answer. Default: not sent. A handler's own `Cache-Control` wins.
    pub fn cache_control(self, preset: CacheControl) -> Self {
        self.set(SecurityHeader::CacheControl, preset.as_str())
    }

    /// Which features of the browser pages may use, as pairs of a feature and its allow-list: `("camera", "()")` for nobody,
    /// `("geolocation", "(self)")` for this origin. Default: not sent.
    pub fn permissions_policy<'a, I: IntoIterator<Item = (&'a str, &'a str)>>(mut self, features: I) -> Self {
        const SETTING: &str = "permissions_policy";
        let mut text = String::new();
        for (feature, list) in features {
            if feature.is_empty() || !feature.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                self.faults
                    .add(LAYER, SETTING, format!("`{feature}` is not a feature's name"));
            }
            let bracketed = list.starts_with('(') && list.ends_with(')');
            if !(bracketed || matches!(list, "*" | "self")) || list.contains(',') {
                let reason = format!("`{list}` of {feature} is not an allow-list like `()`, `(self)` or `*`");
                self.faults.add(LAYER, SETTING, reason);
            }
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing to a string has no way to fail.
            let _ = write!(text, "{separator}{feature}={list}");
        }
        if text.is_empty() {
            self.faults.add(LAYER, SETTING, "names no feature");
        }
        match HeaderValue::try_from(text) {
            Ok(value) => self.put(SecurityHeader::PermissionsPolicy.name(), value),
            Err(_) => self.faults.add(LAYER, SETTING, "cannot be a header's value"),
        }
        self
    }

    /// Any other header with a fixed value. A content policy or HSTS in words of your own takes the place of one that was left
    /// out with [`without`](Self::without).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => self.put(name, value),
            (Err(_), _) => self
                .faults
                .add(LAYER, "header", format!("`{name}` is not a header's name")),
            (_, Err(_)) => {
                let reason = format!("`{}` of {name} cannot be a header's value", value.escape_debug());
                self.faults.add(LAYER, "header", reason);
            }
        }
        self
    }

    /// Leaves one of the headers out.
    pub fn without(mut self, header: SecurityHeader) -> Self {
        match header {
            SecurityHeader::ContentSecurityPolicy => self.csp = None,
            SecurityHeader::StrictTransportSecurity => self.hsts = None,
            other => {
                let name = other.name();
                self.values.retain(|(own, _)| *own != name);
            }
        }
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// Lists every directive, source, feature, name or value that no browser would understand, and a header that is set twice.
    pub fn build(mut self) -> Result<SecurityHeadersLayer, ConfigError> {
        let enforced = self.csp.as_ref().is_some_and(|csp| !csp.is_report_only());
        for (settled, header, setting) in [
            (
                enforced,
                SecurityHeader::ContentSecurityPolicy,
                "content_security_policy()",
            ),
            (self.hsts.is_some(), SecurityHeader::StrictTransportSecurity, "hsts()"),
        ] {
            let name = header.name();
            if settled && self.values.iter().any(|(own, _)| *own == name) {
                let reason = format!("{name} has a setting of its own; see `{setting}`");
                self.faults.add(LAYER, "header", reason);
            }
        }
        std::mem::take(&mut self.faults).finish()?;
        Ok(self.finish())
    }

    /// Without a check, for the presets.
    pub(super) fn finish(self) -> SecurityHeadersLayer {
        let mut fixed = Vec::with_capacity(self.values.len() + 1);
        let mut varying = None;
        if let Some(csp) = self.csp {
            let name = if csp.is_report_only() {
                http::header::CONTENT_SECURITY_POLICY_REPORT_ONLY
            } else {
                http::header::CONTENT_SECURITY_POLICY
            };
            let template = csp.render();
            match template.fixed() {
                Some(value) => fixed.push((name, value)),
                None => varying = Some((name, template)),
            }
        }
        fixed.extend(self.values);
        let hsts = self.hsts.and_then(hsts_value);
        let prepare = |hsts: Option<&HeaderValue>| Prepared::new(&fixed, hsts);
        SecurityHeadersLayer::new(Policy {
            prepared: varying.is_none().then(|| [prepare(None), prepare(hsts.as_ref())]),
            fixed,
            varying,
            hsts,
            hsts_always: self.hsts_always,
            trust_forwarded_proto: self.trust_forwarded_proto,
        })
    }

    fn set(mut self, header: SecurityHeader, value: &'static str) -> Self {
        self.put(header.name(), HeaderValue::from_static(value));
        self
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) {
        match self.values.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => *own = value,
            None => self.values.push((name, value)),
        }
    }
}

fn hsts_value(hsts: Hsts) -> Option<HeaderValue> {
    let mut text = format!("max-age={}", hsts.max_age.as_secs());
    if hsts.include_subdomains {
        text.push_str("; includeSubDomains");
    }
    if hsts.preload {
        text.push_str("; preload");
    }
    HeaderValue::try_from(text).ok()
}
