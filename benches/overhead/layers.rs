//! Each layer alone, where it admits and where it refuses.

use std::time::Duration;

use portcullis::ConfigError;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::TokenCache;
use portcullis::not_found::NotFoundLayer;
use portcullis::rate_limit::{Headers, Quota, RateLimitLayer};
use portcullis::request_id::RequestIdLayer;
use portcullis::request_log::RequestLogLayer;
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::shutdown::Shutdown;
use portcullis::throttle::{Key, ThrottleLayer};
use portcullis::timeout::TimeoutLayer;
use portcullis::trace_context::TraceContextLayer;

use crate::by_hand::ByHand;
use crate::measure::{Bare, Case};
use crate::model::{self, ORIGINS};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn cases() -> Result<Vec<Case>, ConfigError> {
    let mut cases = outer()?;
    cases.extend(inner()?);
    Ok(cases)
}

/// What refuses nobody, and `cors`.
fn outer() -> Result<Vec<Case>, ConfigError> {
    let plain = model::plain();
    let cors = CorsLayer::builder().origins(ORIGINS).credentials(true).build()?;
    let page = model::from_page();
    let logs = RequestLogLayer::new();
    Ok(vec![
        Case::new("request_id", "made here", &RequestIdLayer::new(), &plain, 200),
        Case::new(
            "trace_context",
            "begins a trace",
            &TraceContextLayer::new(),
            &plain,
            200,
        ),
        Case::new("request_log", "nobody listens", &logs, &plain, 200),
        Case::new("request_log", "JSON to a sink", &logs, &plain, 200).listens(),
        Case::new("catch_error", "no panic", &CatchErrorLayer::new(), &plain, 200),
        Case::around(
            Bare::Panics,
            ("catch_error", "panic"),
            &CatchErrorLayer::new(),
            &plain,
            500,
        ),
        Case::new("shutdown", "serves", &Shutdown::builder().build()?.layer(), &plain, 200),
        Case::new(
            "security_headers",
            "helmet's twelve",
            &SecurityHeadersLayer::builder().hsts_always().build()?,
            &plain,
            200,
        ),
        Case::new("cors", "GET", &cors, &page, 200),
        Case::new("cors", "preflight", &cors, &model::preflight(ORIGINS[1]), 204),
        Case::new(
            "cors",
            "refuses a preflight",
            &cors,
            &model::preflight("https://evil.example"),
            403,
        ),
        Case::new("client_ip", "peer", &ClientIpLayer::peer(), &plain, 200),
        Case::new("timeout", "in time", &TimeoutLayer::new(HOUR), &plain, 200),
    ])
}

/// What admits and refuses.
fn inner() -> Result<Vec<Case>, ConfigError> {
    let plain = model::plain();
    let generous = || RateLimitLayer::builder().quota(Quota::new(u32::MAX, HOUR));
    let spent = RateLimitLayer::per_address(Quota::new(1, HOUR))?;
    let eight = (1..8_u32).fold(generous().headers(Headers::None), |limits, hours| {
        limits.quota(Quota::new(u32::MAX, HOUR * hours).name(format!("{hours}h")))
    });
    let eight = eight.build()?;
    let concurrent = || ThrottleLayer::builder().max_concurrent(512);
    let per_key = concurrent().per_key(Key::client_address(), 16).build()?;
    let [editor, _, tampered] = model::tokens()?.map(|token| model::bearing(&token));
    let jwt = model::jwt().build()?;
    let cached = model::jwt().cache(TokenCache::new(1000, 16 << 20)).build()?;
    let editors = AuthorizeLayer::new(Policy::role("editor"));
    let csrf = CsrfLayer::builder().trust_origins(ORIGINS).build()?;
    Ok(vec![
        Case::new(
            "rate_limit",
            "admits, no headers",
            &generous().headers(Headers::None).build()?,
            &plain,
            200,
        ),
        Case::new("rate_limit", "admits", &generous().build()?, &plain, 200),
        Case::new("rate_limit", "admits, eight quotas", &eight, &plain, 200),
        Case::new("rate_limit", "refuses", &spent, &plain, 429),
        Case::new("throttle", "serves", &concurrent().build()?, &plain, 200),
        Case::new("throttle", "serves, per address", &per_key, &plain, 200),
        Case::new("csrf", "admits", &csrf, &model::from_page(), 200),
        Case::new("csrf", "refuses", &csrf, &model::forged(), 403),
        Case::new("jwt", "HS256 by hand", &ByHand::new(model::SECRET), &editor, 200),
        Case::new("jwt", "HS256", &jwt, &editor, 200),
        Case::new("jwt", "HS256, from the cache", &cached, &editor, 200),
        Case::new("jwt", "refuses a signature", &jwt, &tampered, 401),
        Case::new("jwt", "refuses garbage", &jwt, &model::bearing("garbage"), 401),
        Case::new("jwt", "refuses nobody", &jwt, &plain, 401),
        Case::new("authorize", "admits", &editors, &model::known("editor"), 200),
        Case::new("authorize", "refuses", &editors, &model::known("reader"), 403),
        Case::new("not_found", "found", &NotFoundLayer::new(), &plain, 200),
        Case::around(Bare::Nothing, ("not_found", "404"), &NotFoundLayer::new(), &plain, 404),
    ])
}
