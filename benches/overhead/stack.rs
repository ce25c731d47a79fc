//! The whole gate.

use std::time::Duration;

use portcullis::ConfigError;
use portcullis::authorize::Policy;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Claims, TokenCache};
use portcullis::rate_limit::{Quota, RateLimitLayer};
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::stack::Stack;

use crate::measure::{Bare, Case};
use crate::model::{self, ORIGINS};

const HOUR: Duration = Duration::from_secs(3600);

fn stack(burst: u32, cached: bool) -> Result<Stack<Claims>, ConfigError> {
    let jwt = if cached {
        model::jwt().cache(TokenCache::new(1000, 16 << 20))
    } else {
        model::jwt()
    };
    Stack::builder()
        .security_headers(SecurityHeadersLayer::builder().hsts_always())
        .cors(CorsLayer::builder().origins(ORIGINS).credentials(true))
        .rate_limit(RateLimitLayer::builder().quota(Quota::new(burst, HOUR)))
        .csrf(CsrfLayer::builder().trust_origins(ORIGINS))
        .timeout(Duration::from_secs(30))
        .jwt(jwt)
        .authorize(Policy::role("editor"))
        .build()
}

pub(crate) fn cases() -> Result<Vec<Case>, ConfigError> {
    let [editor, reader, tampered] = model::tokens()?.map(|token| model::bearing(&token));
    let [generous, cached, spent] = [stack(u32::MAX, false)?, stack(u32::MAX, true)?, stack(1, false)?];
    let preflight = model::preflight(ORIGINS[1]);
    Ok(vec![
        Case::new("stack", "admits", &generous, &editor, 200),
        Case::new("stack", "admits, cached token", &cached, &editor, 200),
        Case::new("stack", "preflight", &generous, &preflight, 204),
        Case::new("stack", "429", &spent, &editor, 429),
        Case::new("stack", "403 of csrf", &generous, &model::forged(), 403),
        Case::new("stack", "401", &generous, &tampered, 401),
        Case::new("stack", "403", &generous, &reader, 403),
        Case::around(Bare::Nothing, ("stack", "404"), &generous, &editor, 404),
        Case::new("stack", "admits, JSON log", &generous, &editor, 200).listens(),
        Case::new("stack", "admits, cached token, JSON log", &cached, &editor, 200).listens(),
    ])
}
