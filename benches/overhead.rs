//! What each layer adds to a request: time and allocations, over the bare service in the same run.
//!
//! `cargo bench --bench overhead` prints a table; with `-- --test` every case runs once, so that it cannot rot.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

#[cfg(feature = "aws-lc")]
use base64::Engine;
#[cfg(feature = "aws-lc")]
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::{ClientIpLayer, PeerAddr};
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey, TokenCache};
use portcullis::not_found::NotFoundLayer;
use portcullis::rate_limit::{Headers, Quota, RateLimitLayer};
use portcullis::request_id::RequestIdLayer;
use portcullis::request_log::RequestLogLayer;
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::shutdown::Shutdown;
use portcullis::stack::Stack;
use portcullis::throttle::{Key, ThrottleLayer};
use portcullis::{ConfigError, Identity};
use tower::{Layer, Service};

/// Enough rounds for a median, each long enough for the clock.
const ROUNDS: usize = 31;
const CALLS: u32 = 2_000;

#[derive(Clone)]
struct Bare;

impl Service<Request<Full<Bytes>>> for Bare {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let mut response = Response::new(Full::new(Bytes::from_static(b"hello")));
        let plain = HeaderValue::from_static("text/plain");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        ready(Ok(response))
    }
}

/// A request as a browser sends it and a server hands it over.
fn request(headers: &[(&'static str, &'static str)], token: Option<&HeaderValue>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = http::Uri::from_static("/posts/7?draft=1");
    let browser = [
        ("host", "shop.example.com"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ),
        ("accept", "application/json"),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br"),
    ];
    for (name, value) in browser.iter().chain(headers) {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    if let Some(token) = token {
        request.headers_mut().insert(AUTHORIZATION, token.clone());
    }
    let peer = PeerAddr(([198, 51, 100, 7], 4711).into());
    request.extensions_mut().insert(peer);
    request
        .extensions_mut()
        .insert(Identity::user("42").with_roles(["editor"]));
    request
}

/// One call, with the clone of the service that axum and our server make for each request.
fn call<S: Service<Request<Full<Bytes>>> + Clone>(service: &S, request: Request<Full<Bytes>>) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut service = service.clone();
    assert!(service.poll_ready(&mut cx).is_ready());
    let future = pin!(service.call(request));
    assert!(black_box(future.poll(&mut cx)).is_ready());
}

fn nanoseconds<S: Service<Request<Full<Bytes>>> + Clone>(service: &S, model: &Request<Full<Bytes>>) -> f64 {
    let begun = Instant::now();
    for _ in 0..CALLS {
        call(service, model.clone());
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

/// What cannot be left out of a verification, and nothing else: the three segments, the HMAC by a key that is ready, and the claims.
#[cfg(feature = "aws-lc")]
mod by_hand {
    use super::{Engine, URL_SAFE_NO_PAD};

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "it is read for its cost")]
    struct Claims {
        sub: String,
        iss: String,
        aud: String,
        exp: u64,
        iat: u64,
        jti: String,
        roles: Vec<String>,
    }

    pub(super) fn verify(secret: &aws_lc_rs::hmac::Key, bearer: &str) -> Option<impl std::fmt::Debug + use<>> {
        let token = bearer.strip_prefix("Bearer ")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(signature).ok()?;
        aws_lc_rs::hmac::verify(secret, signed.as_bytes(), &tag).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        Some((header, claims))
    }
}

struct Table {
    once: bool,
}

impl Table {
    /// Verifies by hand and through the layer in turns, and says how many times longer the layer takes.
    #[cfg(feature = "aws-lc")]
    fn by_hand<L>(&self, layer: &L, model: &Request<Full<Bytes>>)
    where
        L: Layer<Bare>,
        L::Service: Service<Request<Full<Bytes>>> + Clone,
    {
        let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]);
        let bearer = model.headers()[AUTHORIZATION].to_str().unwrap_or_default();
        let work = || assert!(black_box(by_hand::verify(&secret, black_box(bearer))).is_some());
        let name = "HS256 by hand";
        work();
        if self.once {
            println!("{name}: ok");
            return;
        }
        let service = layer.layer(Bare);
        let mut hand = Vec::new();
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            (0..CALLS).for_each(|_| work());
            let by_hand = begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS);
            let added = nanoseconds(&service, model) - nanoseconds(&Bare, model);
            hand.push(by_hand);
            ratios.push(added / by_hand);
        }
        let [hand, ratios] = [hand, ratios].map(|mut values| {
            values.sort_by(f64::total_cmp);
            [ROUNDS / 10, ROUNDS / 2, ROUNDS * 9 / 10].map(|place| values[place])
        });
        let allocations = allocation_counter::measure(work).count_total;
        println!(
            "{name:<28} {:>8.0} {:>8.0} {:>8.0} {allocations:>6}",
            hand[1], hand[0], hand[2]
        );
        println!(
            "{:<28} {:>8.2} {:>8.2} {:>8.2}",
            "jwt over by hand, times", ratios[1], ratios[0], ratios[2]
        );
    }

    /// Rounds of bare and layered service alternate, so that both see the same machine.
    fn row<L>(&self, name: &str, layer: &L, model: &Request<Full<Bytes>>)
    where
        L: Layer<Bare>,
        L::Service: Service<Request<Full<Bytes>>> + Clone,
    {
        let service = layer.layer(Bare);
        call(&service, model.clone());
        if self.once {
            println!("{name}: ok");
            return;
        }
        let mut added: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let bare = nanoseconds(&Bare, model);
                nanoseconds(&service, model) - bare
            })
            .collect();
        added.sort_by(f64::total_cmp);
        let [low, median, high] = [ROUNDS / 10, ROUNDS / 2, ROUNDS * 9 / 10].map(|place| added[place]);
        let counted = |work: &dyn Fn()| allocation_counter::measure(work).count_total;
        let bare = counted(&|| call(&Bare, model.clone()));
        let allocations = counted(&|| call(&service, model.clone())) - bare;
        println!("{name:<28} {median:>8.0} {low:>8.0} {high:>8.0} {allocations:>6}");
    }
}

fn main() -> Result<(), ConfigError> {
    let table = Table {
        once: std::env::args().any(|argument| argument == "--test"),
    };
    if !table.once {
        println!(
            "{:<28} {:>8} {:>8} {:>8} {:>6}",
            "added per request", "ns", "p10", "p90", "alloc"
        );
    }
    let plain = request(&[], None);
    let origin = [("origin", "https://app.example.com"), ("sec-fetch-site", "same-origin")];
    let browser = request(&origin, None);
    let mut preflight = request(&[origin[0], ("access-control-request-method", "PUT")], None);
    *preflight.method_mut() = http::Method::OPTIONS;

    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let issuer = Issuer::builder()
        .key(key.clone())
        .issuer("https://id.example.com")
        .audience("shop");
    let token = issuer.build()?.token("42").roles(["editor"]).sign();
    let bearer = token
        .ok()
        .and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
    let signed = request(&origin, bearer.as_ref());
    let forged = request(&[("authorization", "Bearer forged")], None);

    let cors = || {
        let origins = [
            "https://app.example.com",
            "https://b.example.com",
            "https://c.example.com",
        ];
        CorsLayer::builder().origins(origins).credentials(true)
    };
    let jwt = || {
        let key = key.verifying_key();
        JwtLayer::builder()
            .key(key)
            .issuer("https://id.example.com")
            .audience("shop")
    };
    let generous = || RateLimitLayer::builder().quota(Quota::new(u32::MAX, std::time::Duration::from_secs(3600)));
    let eight = (1..8_u64).fold(generous(), |limits, hours| {
        let window = std::time::Duration::from_secs(3600 * hours);
        limits.quota(Quota::new(u32::MAX, window).name(format!("{hours}h")))
    });
    let spent = RateLimitLayer::per_address(Quota::new(1, std::time::Duration::from_secs(3600)))?;

    table.row("request_id", &RequestIdLayer::new(), &plain);
    table.row("request_log, nobody listens", &RequestLogLayer::new(), &plain);
    table.row("catch_error", &CatchErrorLayer::new(), &plain);
    table.row("shutdown", &Shutdown::builder().build()?.layer(), &plain);
    table.row("security_headers", &SecurityHeadersLayer::default(), &plain);
    table.row("cors", &cors().build()?, &browser);
    table.row("cors, preflight", &cors().build()?, &preflight);
    table.row("client_ip", &ClientIpLayer::peer(), &plain);
    table.row("rate_limit, admits", &generous().build()?, &plain);
    table.row(
        "rate_limit, eight quotas",
        &eight.headers(Headers::None).build()?,
        &plain,
    );
    table.row("rate_limit, refuses", &spent, &plain);
    let concurrent = || ThrottleLayer::builder().max_concurrent(512);
    table.row("throttle", &concurrent().build()?, &plain);
    let per_key = concurrent().per_key(Key::client_address(), 16).build()?;
    table.row("throttle, per address", &per_key, &plain);
    table.row("csrf", &CsrfLayer::default(), &browser);
    table.row("jwt, HS256", &jwt().build()?, &signed);
    #[cfg(feature = "aws-lc")]
    table.by_hand(&jwt().build()?, &signed);
    table.row(
        "jwt, from its cache",
        &jwt().cache(TokenCache::new(1000, 16 << 20)).build()?,
        &signed,
    );
    table.row("jwt, refuses", &jwt().build()?, &forged);
    table.row("authorize", &AuthorizeLayer::new(Policy::role("editor")), &plain);
    table.row(
        "authorize, refuses",
        &AuthorizeLayer::new(Policy::role("admin")),
        &plain,
    );
    table.row("not_found", &NotFoundLayer::new(), &plain);
    let stack = Stack::builder()
        .cors(cors())
        .rate_limit(generous())
        .csrf(CsrfLayer::builder())
        .jwt(jwt())
        .authorize(Policy::role("editor"));
    table.row("the whole stack", &stack.build()?, &signed);
    Ok(())
}
