use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response};
use tower::{Layer, ServiceExt, service_fn};

use super::builder::SecurityHeadersBuilder;
use super::csp::{Csp, CspNonce};
use super::layer::SecurityHeadersLayer;
use super::value::{CacheControl, EmbedderPolicy, Hsts, SecurityHeader};
use crate::request_view::Https;

async fn send(layer: SecurityHeadersLayer, request: Request<()>, own: &[(&'static str, &'static str)]) -> HeaderMap {
    let service = service_fn(|_: Request<()>| {
        let mut response = Response::new(());
        for (name, value) in own {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        async { Ok::<_, Infallible>(response) }
    });
    layer
        .layer(service)
        .oneshot(request)
        .await
        .unwrap()
        .into_parts()
        .0
        .headers
}

fn https() -> Request<()> {
    Request::get("https://example.com/").body(()).unwrap()
}

#[tokio::test]
async fn the_default_is_helmets() {
    let expect = [
        (
            "content-security-policy",
            "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';\
             img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';\
             style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-dns-prefetch-control", "off"),
        ("x-download-options", "noopen"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-permitted-cross-domain-policies", "none"),
        ("x-xss-protection", "0"),
    ];
    let headers = send(SecurityHeadersLayer::default(), https(), &[]).await;
    let mut found: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, expect);
}

#[tokio::test]
async fn the_handlers_headers_win_and_telling_ones_go() {
    let own = [
        ("x-frame-options", "DENY"),
        ("server", "portcullis"),
        ("x-powered-by", "Rust"),
    ];
    let headers = send(SecurityHeadersLayer::default(), https(), &own).await;
    let frame: Vec<_> = headers.get_all("x-frame-options").iter().collect();
    assert_eq!(frame, ["DENY"]);
    assert!(!headers.contains_key("server") && !headers.contains_key("x-powered-by"));
}

#[tokio::test]
async fn how_many_headers_an_answer_has_makes_no_difference() {
    async fn check(layer: &SecurityHeadersLayer, request: fn() -> Request<()>, own: &[(&'static str, &'static str)]) {
        let mut expect = HeaderMap::new();
        for (name, value) in own {
            expect.append(*name, HeaderValue::from_static(value));
        }
        expect.remove("server");
        expect.remove("x-powered-by");
        for (name, value) in send(layer.clone(), request(), &[]).await {
            expect.entry(name.unwrap()).or_insert(value);
        }
        assert_eq!(send(layer.clone(), request(), own).await, expect, "{own:?}");
    }
    let typed = SecurityHeadersLayer::builder().header("content-type", "text/plain");
    let named = SecurityHeadersLayer::builder().header("server", "nobody");
    let layers = [SecurityHeadersLayer::api_builder(), typed, named].map(|builder| builder.build().unwrap());
    let own = [
        ("content-type", "text/html"),
        ("x-frame-options", "DENY"),
        ("vary", "origin"),
        ("server", "portcullis"),
        ("strict-transport-security", "max-age=1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("x-powered-by", "Rust"),
    ];
    for layer in &layers {
        for request in [https, || Request::new(())] {
            for (first, last) in (0..=own.len()).flat_map(|last| (0..=last).map(move |first| (first, last))) {
                check(layer, request, &own[first..last]).await;
            }
        }
    }
}

#[tokio::test]
async fn hsts_goes_out_over_https_only() {
    async fn check(builder: SecurityHeadersBuilder, request: Request<()>, expect: bool) {
        let named = format!("{builder:?} {request:?}");
        let headers = send(builder.build().unwrap(), request, &[]).await;
        assert_eq!(headers.contains_key("strict-transport-security"), expect, "{named}");
    }
    let builder = SecurityHeadersLayer::builder;
    let plain = || Request::new(());
    let forwarded = |proto| Request::get("/").header("x-forwarded-proto", proto).body(()).unwrap();
    let mut marked = plain();
    marked.extensions_mut().insert(Https);

    check(builder(), plain(), false).await;
    check(builder(), Request::get("http://a/").body(()).unwrap(), false).await;
    check(builder(), https(), true).await;
    check(builder(), marked, true).await;
    check(builder(), forwarded("https"), false).await;
    check(builder().trust_forwarded_proto(), forwarded("https"), true).await;
    check(builder().trust_forwarded_proto(), forwarded("http, HTTPS"), true).await;
    check(builder().trust_forwarded_proto(), forwarded("https, http"), false).await;
    check(builder().trust_forwarded_proto(), plain(), false).await;
    check(builder().hsts_always(), plain(), true).await;
    check(
        builder().hsts_always().without(SecurityHeader::StrictTransportSecurity),
        https(),
        false,
    )
    .await;
}

#[test]
fn every_fault_is_listed() {
    fn check(builder: SecurityHeadersBuilder, expect: &[&str]) {
        let error = builder.build().unwrap_err();
        let found: Vec<_> = error.faults().iter().map(crate::config_error::Fault::reason).collect();
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (found, part) in found.iter().zip(expect) {
            assert!(found.contains(part), "{found} lacks {part}");
        }
    }
    let csp = |policy| SecurityHeadersLayer::builder().content_security_policy(policy);
    check(csp(Csp::new()), &["no directives"]);
    check(
        csp(Csp::new().directive("script-src", ["self", "a;b"])),
        &["needs quotes", "not a source"],
    );
    check(
        csp(Csp::new().directive("script-src", ["sha256-a7=", "nonce-a7", "'sha384-a7='"])),
        &["needs quotes", "needs quotes"],
    );
    check(
        csp(Csp::new().directive("Script Src", ["'self'"])),
        &["directive's name"],
    );
    check(
        csp(Csp::new().directive("img-src", ["'none'", "data:"])),
        &["cannot stand beside"],
    );
    check(
        csp(Csp::new().directive("script-src", ["'none'"]).nonce("script-src")),
        &["cannot stand beside"],
    );
    check(csp(Csp::new().directive("img-src", ["ä"])), &["not a source"]);
    let builder = SecurityHeadersLayer::builder;
    check(
        builder().header("a b", "c").header("x-a", "d\ne"),
        &["header's name", "header's value"],
    );
    check(
        builder().hsts(Hsts::new().max_age(Duration::from_secs(1)).preload()),
        &["preload"],
    );
    check(
        builder().hsts(Hsts::new().include_subdomains(false).preload()),
        &["preload"],
    );
    check(builder().permissions_policy([]), &["no feature"]);
    // The one would be ignored, the other sent over plain HTTP.
    check(
        builder()
            .header("content-security-policy", "default-src 'none'")
            .header("strict-transport-security", "max-age=1"),
        &["see `content_security_policy()`", "see `hsts()`"],
    );
    let raw = builder()
        .without(SecurityHeader::ContentSecurityPolicy)
        .header("content-security-policy", "default-src 'none'");
    assert!(raw.build().is_ok());
    check(
        builder().permissions_policy([("Camera", "()"), ("usb", "none")]),
        &["feature's name", "allow-list"],
    );
}

#[tokio::test]
async fn what_is_not_helmets_can_be_added() {
    let layer = SecurityHeadersLayer::builder()
        .permissions_policy([("camera", "()"), ("geolocation", "(self)")])
        .cross_origin_embedder_policy(EmbedderPolicy::RequireCorp)
        .cache_control(CacheControl::NoStore)
        .header("x-robots-tag", "noindex")
        .build()
        .unwrap();
    let headers = send(layer, https(), &[]).await;
    assert_eq!(headers["permissions-policy"], "camera=(), geolocation=(self)");
    assert_eq!(headers["cross-origin-embedder-policy"], "require-corp");
    assert_eq!(headers["cache-control"], "no-store, max-age=0");
    assert_eq!(headers["x-robots-tag"], "noindex");
    assert_eq!(headers.len(), 16);
}

#[tokio::test]
async fn an_api_allows_nothing() {
    let headers = send(SecurityHeadersLayer::api(), https(), &[("cache-control", "max-age=60")]).await;
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none';frame-ancestors 'none'"
    );
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["cache-control"], "max-age=60");
}

#[tokio::test]
async fn each_response_has_a_nonce_of_its_own() {
    let policy = Csp::helmet().nonce("script-src").nonce("style-src");
    let layer = SecurityHeadersLayer::builder()
        .content_security_policy(policy)
        .build()
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let service = service_fn(async |request: Request<()>| {
            let nonce = request.extensions().get::<CspNonce>().unwrap().clone();
            Ok::<_, Infallible>(Response::new(nonce))
        });
        let response = layer.layer(service).oneshot(Request::new(())).await.unwrap();
        let nonce = response.body().as_str().to_owned();
        assert_eq!(nonce.len(), 24);
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains(&format!("script-src 'self' 'nonce-{nonce}';")),
            "{policy}"
        );
        assert!(
            policy.contains(&format!("style-src 'self' https: 'unsafe-inline' 'nonce-{nonce}';")),
            "{policy}"
        );
        seen.push(nonce);
    }
    assert_ne!(seen[0], seen[1]);
}
