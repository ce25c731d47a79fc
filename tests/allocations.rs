//! What each layer allocates beyond the bare service, counted exactly.
//!
//! Requests look as a server hands them over: their extension map exists and has room, and the response has a header, so that
//! neither map's first allocation is taken for the layer's; the buffers behind URI and headers are shared.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use tower::layer::util::Stack;
use tower::{Layer, Service};

use portcullis::Identity;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::{ClientIpLayer, PeerAddr};
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::fields::Fields;
use portcullis::identity::Token;
use portcullis::jwt::{Algorithm, Issuer, JwtLayer, JwtLayerBuilder, SigningKey, TokenCache};
use portcullis::lockout::Lockout;
use portcullis::not_found::NotFoundLayer;
use portcullis::rate_limit::{Count, Headers, Limit, Quota, RateLimitLayer, RateLimitLayerBuilder};
use portcullis::request_id::RequestIdLayer;
use portcullis::request_log::{CountRequestBodyLayer, RequestLogLayer, TextFormat};
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::session::Sessions;
use portcullis::shutdown::Shutdown;
use portcullis::throttle::{Key, ThrottleLayer};
use tracing::subscriber::with_default;
use tracing::{Event, Level, Metadata, Subscriber, span};

type Body = Full<Bytes>;

#[derive(Clone)]
struct Bare;

impl<B> Service<Request<B>> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Body::new(Bytes::from_static(b"hello")));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        ready(Ok(response))
    }
}

#[derive(Clone, Debug)]
struct Elsewhere<const N: u8>;

fn request(headers: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::post("/posts/7?draft=1").body(Body::default()).expect("valid");
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    // The fourth entry makes room for three more.
    request.extensions_mut().insert(Elsewhere::<0>);
    request.extensions_mut().insert(Elsewhere::<1>);
    request
        .extensions_mut()
        .insert(PeerAddr(([198, 51, 100, 7], 4711).into()));
    request
        .extensions_mut()
        .insert(Identity::user("42").with_roles(["editor"]));
    // A server's buffers are shared from the start; those made from literals become so at their first clone.
    drop((request.uri().clone(), request.headers().clone()));
    request
}

/// Allocations of one call, from readiness to the response's head, its body not yet polled.
fn count<S, R>(mut service: S, request: Request<Body>) -> u64
where
    S: Service<Request<Body>, Response = R>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut answer = None;
    let counted = allocation_counter::measure(|| {
        assert!(service.poll_ready(&mut cx).is_ready());
        let future = pin!(service.call(request));
        let Poll::Ready(response) = future.poll(&mut cx) else {
            panic!("the bare service is never pending");
        };
        answer = response.ok();
    });
    assert!(answer.is_some(), "the layer refused with an error");
    counted.count_total
}

/// What `layer` adds to the bare service. A first call warms up what lives once per process or thread.
fn check<L>(name: &str, layer: &L, headers: &[(&'static str, &'static str)], expect: u64)
where
    L: Layer<Bare>,
    L::Service: Service<Request<Body>> + Clone,
{
    let bare = count(Bare, request(headers));
    let service = layer.layer(Bare);
    count(service.clone(), request(headers));
    assert_eq!(count(service, request(headers)) - bare, expect, "{name}");
}

#[test]
fn cors_allocates_nothing() {
    let layer = CorsLayer::builder()
        .origins(["https://a.example", "https://b.example", "https://*.c.example"])
        .credentials(true)
        .build()
        .expect("valid");
    check("no origin", &layer, &[], 0);
    check("exact", &layer, &[("origin", "https://b.example")], 0);
    check("pattern", &layer, &[("origin", "https://x.c.example")], 0);
    check("disallowed", &layer, &[("origin", "https://evil.example")], 0);
}

#[test]
fn catch_error_allocates_nothing() {
    check("catch_error", &CatchErrorLayer::new(), &[], 0);
}

#[test]
fn a_caught_panic_leaves_nothing_behind() {
    let service = CatchErrorLayer::new().layer(tower::service_fn(
        |_: Request<Body>| -> Ready<Result<Response<Body>, Infallible>> {
            std::panic::resume_unwind(Box::new("what a client sent".repeat(1000)))
        },
    ));
    count(service.clone(), request(&[]));
    let memory = allocation_counter::measure(|| {
        count(service.clone(), request(&[]));
    });
    assert_eq!(memory.bytes_current, 0, "{memory:?}");
    // Three for the panic and its message, one to hand it on, and five for the answer.
    assert_eq!(count(service, request(&[])), 9);
}

#[test]
fn request_id_allocates_its_text_and_its_place() {
    check("made here", &RequestIdLayer::new(), &[], 2);
    let trusting = RequestIdLayer::new().trust_inbound();
    check("from outside", &trusting, &[("x-request-id", "id-7")], 1);
}

#[test]
fn security_headers_grow_the_header_map_once() {
    // One growth, or a copy, is two allocations: the map's entries and its index.
    check("helmet", &SecurityHeadersLayer::default(), &[], 2);
    check("api", &SecurityHeadersLayer::api(), &[], 2);
    check_answer("none", &[], 2);
    // Those that have no place in the copy make it grow.
    check_answer("two", &["etag"], 3);
    check_answer("four", &["etag", "vary", "age"], 3);
    check_answer("five", &["etag", "vary", "age", "via"], 2);
}

/// What the twelve headers cost beside these of an answer, which has its type too where it has any.
fn check_answer(name: &str, own: &'static [&'static str], expect: u64) {
    let service = tower::service_fn(move |_: Request<Body>| {
        let mut response = Response::new(Body::default());
        let headers = response.headers_mut();
        headers.reserve(1);
        for header in own.iter().chain((!own.is_empty()).then_some(&"content-type")) {
            headers.insert(*header, HeaderValue::from_static("1"));
        }
        ready(Ok::<_, Infallible>(response))
    });
    let bare = count(service, request(&[]));
    let layered = SecurityHeadersLayer::default().layer(service);
    assert_eq!(count(layered, request(&[])) - bare, expect, "{name}");
}

#[test]
fn not_found_allocates_the_answer_alone() {
    let nothing = tower::service_fn(|_: Request<Body>| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        ready(Ok::<_, Infallible>(response))
    });
    let service = NotFoundLayer::new().layer(nothing);
    count(service.clone(), request(&[]));
    // Two for the headers, two for the map of the extensions, and in it the problem.
    assert_eq!(count(service, request(&[])), 5);
}

#[test]
fn client_ip_allocates_its_place() {
    check("peer", &ClientIpLayer::peer(), &[], 1);
    let behind = ClientIpLayer::builder()
        .trust_networks(["198.51.100.0/24"])
        .build()
        .expect("valid");
    check("proxy", &behind, &[("x-forwarded-for", "203.0.113.9, 198.51.100.8")], 1);
}

#[test]
fn shutdown_csrf_authorize_and_not_found_allocate_nothing() {
    let shutdown = Shutdown::builder().build().expect("valid");
    check("shutdown", &shutdown.layer(), &[], 0);
    check("csrf", &CsrfLayer::default(), &[("sec-fetch-site", "same-origin")], 0);
    let policy = Policy::role("admin") | Policy::role("editor");
    check("authorize", &AuthorizeLayer::new(policy.clone()), &[], 0);
    let unasked = Policy::ask("owner", |_, _| std::future::pending());
    check("what need not be asked", &AuthorizeLayer::new(unasked | policy), &[], 0);
    check("not_found", &NotFoundLayer::new(), &[], 0);
}

/// What a refusal allocates, all of it: beside it stands what the bare service needs for an answer of its own.
fn check_refusal(name: &str, policy: Policy, identity: &Identity, expect: u64) {
    let service = AuthorizeLayer::new(policy).layer(Bare);
    let from = || {
        let mut request = request(&[]);
        request.extensions_mut().insert(identity.clone());
        request
    };
    count(service.clone(), from());
    assert_eq!(count(service, from()), expect, "{name}");
}

#[test]
fn authorize_allocates_the_answer_of_a_refusal_and_nothing_for_its_making() {
    // Two for the headers, two for the map of the extensions and the problem in it. Without an id to name, the body is shared.
    let reader = &Identity::user("42").with_roles(["reader"]);
    check_refusal("401", Policy::authenticated(), &Identity::anonymous(), 5);
    check_refusal("403", Policy::role("admin"), reader, 5);
    check_refusal("403 for a scope", Policy::scope("posts"), reader, 5);
    check_refusal(
        "403 for a scope of several",
        Policy::role("reader") & Policy::scope("posts"),
        reader,
        5,
    );
}

#[test]
fn an_async_rule_allocates_for_what_waits_its_future_and_its_answer() {
    let request = request(&[("user-agent", "curl/8")]);
    let copy = allocation_counter::measure(|| drop((request.headers().clone(), request.extensions().clone())));
    let ask = |answer| Policy::ask("owner", move |_, _| std::future::ready(Ok(answer)));
    let added = |policy| count(AuthorizeLayer::new(policy).layer(Bare), request.clone()) - count(Bare, request.clone());
    assert_eq!(added(ask(true)), copy.count_total + 3);
    // The list of answers has room for more.
    assert_eq!(added(ask(false) | ask(true)), 2 * copy.count_total + 4);
}

/// What a limit adds for the third caller of three, who is told what the others were told: values are made for the first and
/// shared from the second on.
fn check_limit(name: &str, settings: impl FnOnce(RateLimitLayerBuilder) -> RateLimitLayerBuilder, expect: (u64, u64)) {
    let from = |peer: &str| {
        let mut request = request(&[("x-api-key", "k")]);
        request
            .extensions_mut()
            .insert(PeerAddr(peer.parse().expect("an address")));
        request
    };
    let quota = Quota::new(1, Duration::from_secs(60));
    let layer = settings(RateLimitLayer::builder().quota(quota)).build().expect("valid");
    let mut added = (0, 0);
    for peer in ["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"] {
        let bare = count(Bare, from(peer));
        added.0 = count(layer.layer(Bare), from(peer)) - bare;
        added.1 = count(layer.layer(Bare), from(peer)) - bare;
    }
    assert_eq!(added, expect, "{name}: admitted, refused");
}

#[test]
fn rate_limit_allocates_nothing_for_the_admitted() {
    check_limit("no headers", |limit| limit.headers(Headers::None), (0, 3));
    check_limit("draft", |limit| limit, (0, 3));
    check_limit("legacy", |limit| limit.headers(Headers::Legacy), (2, 5));
    check_limit("state", RateLimitLayerBuilder::expose_state, (1, 3));
}

#[test]
fn eight_quotas_cost_the_admitted_no_more_than_one() {
    let eight = |limit: RateLimitLayerBuilder| {
        (1..8_u32).fold(limit, |limit, hours| {
            let quota = Quota::new(1, Duration::from_secs(3600) * hours).name(format!("{hours}h"));
            limit.limit(Limit::new(quota).weight(|_| 1).when(|_| true))
        })
    };
    check_limit("no headers", |limit| eight(limit).headers(Headers::None), (0, 3));
    // What is told of each is kept until the answer, whose header map grows for sixteen lines.
    check_limit("draft", eight, (4, 3));
}

#[test]
fn what_may_be_given_back_is_kept_in_one_allocation() {
    let failures = |limit: RateLimitLayerBuilder| limit.headers(Headers::None).count(Count::Successes);
    check_limit("successes", failures, (1, 3));
}

#[test]
fn of_a_large_quota_some_answers_are_made_anew() {
    // Numbered by what remains and the seconds to wait, answers that are 256 requests apart share a place.
    let quota = Quota::new(5000, Duration::from_secs(5000 * 3600));
    let layer = RateLimitLayer::per_address(quota).expect("valid");
    let from_one = || {
        let mut request = request(&[]);
        request
            .extensions_mut()
            .insert(PeerAddr("192.0.2.1:1".parse().expect("an address")));
        request
    };
    let bare = count(Bare, from_one());
    for _ in 0..256 {
        count(layer.layer(Bare), from_one());
    }
    assert_eq!(count(layer.layer(Bare), from_one()) - bare, 1);
}

#[test]
fn a_flood_of_addresses_takes_no_memory() {
    let mut built = None;
    let quota = Quota::new(100, Duration::from_secs(900));
    let layer = RateLimitLayer::builder().quota(quota).headers(Headers::None);
    let memory = allocation_counter::measure(|| built = layer.build().ok());
    // 18 bytes for each of 100 000 callers, and what a set has besides.
    assert!(memory.bytes_max < 1_850_000, "{memory:?}");
    let layer = built.expect("valid");
    for address in 0..10_000_u32 {
        let mut flood = request(&[]);
        let peer = (std::net::Ipv4Addr::from(address), 1).into();
        flood.extensions_mut().insert(PeerAddr(peer));
        let bare = flood.clone();
        assert_eq!(count(layer.layer(Bare), flood) - count(Bare, bare), 0, "{address}");
    }
}

/// Takes what is at most at this level, and does nothing with it.
struct Deaf(Option<Level>);

impl Subscriber for Deaf {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.is_some_and(|most| *metadata.level() <= most)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn request_log_allocates_nothing_where_nobody_listens() {
    let headers = &[("user-agent", "curl/8")];
    let layer = RequestLogLayer::new();
    check("no subscriber", &layer, headers, 0);
    with_default(Deaf(None), || check("all disabled", &layer, headers, 0));
}

#[test]
fn request_log_allocates_the_record_and_the_trail() {
    let headers = &[("user-agent", "curl/8")];
    let layer = RequestLogLayer::new();
    let counting = Stack::new(CountRequestBodyLayer::new(), RequestLogLayer::new());
    with_default(Deaf(Some(Level::TRACE)), || {
        check("spans and records", &layer, headers, 3);
        check("counting the request's body", &counting, headers, 3);
        let filtered = RequestLogLayer::builder().filter(|_| false).build().expect("valid");
        check("filtered", &filtered, headers, 0);
    });
    with_default(Deaf(Some(Level::ERROR)), || check("errors only", &layer, headers, 3));
}

#[test]
fn request_log_allocates_a_line_at_the_end() {
    fn check(layer: &RequestLogLayer, expect: u64) {
        let end = || {
            let future = pin!(layer.layer(Bare).call(request(&[("user-agent", "curl/8")])));
            let Poll::Ready(Ok(response)) = future.poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("the bare service is never pending");
            };
            allocation_counter::measure(|| drop(response)).count_total
        };
        end();
        assert_eq!(end(), expect);
    }
    let text = RequestLogLayer::builder()
        .text(TextFormat::Combined, std::io::sink)
        .build()
        .expect("valid");
    check(&text, 1);
    let json = RequestLogLayer::builder().json(std::io::sink).build().expect("valid");
    check(&json, 1);
    with_default(Deaf(Some(Level::TRACE)), || check(&RequestLogLayer::new(), 0));
}

/// A layer and a token for it.
fn jwt(settings: impl FnOnce(JwtLayerBuilder) -> JwtLayerBuilder) -> (JwtLayer, String) {
    let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
    let builder = JwtLayer::builder()
        .key(key.verifying_key())
        .issuer("https://blog.example")
        .audience("blog");
    let issuer = Issuer::builder()
        .key(key)
        .issuer("https://blog.example")
        .audience("blog")
        .build()
        .expect("valid");
    let token = issuer.token("42").sign().expect("valid");
    (settings(builder).build().expect("valid"), format!("Bearer {token}"))
}

#[test]
fn jwt_allocates_for_the_claims_and_their_places() {
    let (layer, bearer) = jwt(|builder| builder);
    // The claims: `sub`, `jti`, and `aud` with its list. The identity shares them, and has a place in the extensions.
    check("verified", &layer, &[("authorization", bearer.leak())], 4 + 2);
    let (layer, _) = jwt(JwtLayerBuilder::optional);
    check("no token, and an identity from outside", &layer, &[], 0);
}

#[test]
fn session_in_memory_allocates_nothing_for_the_admitted() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let sessions = Sessions::builder().build().expect("valid");
    let session = runtime.block_on(sessions.start("42", "a browser")).expect("memory");
    let token = Token::new().with_session(session.id.as_str()).with_id("jti");
    let identity = Identity::user("42").with_token(token.with_issued_at(1_764_000_000));
    let from = |identity: &Identity| {
        let mut request = request(&[]);
        request.extensions_mut().insert(identity.clone());
        request
    };
    let service = sessions.layer().layer(Bare);
    let bare = count(Bare, from(&identity));
    assert_eq!(count(service.clone(), from(&identity)), bare, "a live session");
    check("no token", &sessions.layer(), &[], 0);

    runtime.block_on(sessions.end_all("42")).expect("memory");
    count(service.clone(), from(&identity));
    // Two for the headers, two for the map of the extensions, and in it the problem and the reason.
    assert_eq!(count(service, from(&identity)), 6, "refused");
}

#[test]
fn throttle_allocates_nothing_for_those_served_at_once() {
    let limit = || ThrottleLayer::builder().max_concurrent(1);
    check("global", &limit().build().expect("valid"), &[], 0);
    // The place of a caller who has nothing else under way, in a table that has grown already.
    let per_key = limit().per_key(Key::client_address(), 1);
    check("per key", &per_key.build().expect("valid"), &[], 1);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let _entered = runtime.enter();
    let asked = |queued: usize| {
        let service = limit().max_queued(queued).build().expect("valid").layer(Bare);
        let mut cx = Context::from_waker(Waker::noop());
        let _held = pin!(service.clone().call(request(&[])));
        let mut once = |request| {
            let mut service = service.clone();
            let counted = allocation_counter::measure(|| {
                let future = pin!(service.call(request));
                assert_eq!(future.poll(&mut cx).is_pending(), queued > 0);
            });
            counted.count_total
        };
        once(request(&[]));
        once(request(&[]))
    };
    // Two for the headers, two for the map of the extensions, and in it the problem.
    assert_eq!(asked(0), 5, "refused");
    assert_eq!(
        asked(1),
        3,
        "waits: request and service, the future of its permit, and a timer"
    );
}

#[test]
fn lockout_in_memory_allocates_nothing_for_what_is_known() {
    let lockout = Lockout::builder().build().expect("valid");
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let mut cx = Context::from_waker(Waker::noop());
    let mut once = |succeeds| {
        let counted = allocation_counter::measure(|| {
            let Poll::Ready(Ok(attempt)) = pin!(lockout.begin("ada", address)).poll(&mut cx) else {
                panic!("memory answers at once, and there may be five");
            };
            if succeeds {
                assert!(pin!(attempt.succeeded()).poll(&mut cx).is_ready());
            } else {
                attempt.failed();
            }
        });
        counted.count_total
    };
    once(false);
    assert_eq!(once(false), 0, "failed");
    assert_eq!(once(true), 0, "succeeded");
}

#[test]
fn a_view_of_fields_allocates_nothing() {
    #[derive(Clone, serde::Serialize)]
    struct Post {
        id: u64,
        title: &'static str,
        authors: [Author; 2],
        counts: std::collections::BTreeMap<u8, u8>,
    }

    #[derive(Clone, serde::Serialize)]
    struct Author {
        name: &'static str,
        email: &'static str,
    }

    let author = Author {
        name: "A",
        email: "a@example.com",
    };
    let post = Post {
        id: 7,
        title: "Hi",
        authors: [author.clone(), author],
        counts: [(1, 2), (3, 4)].into(),
    };
    let fields = Fields::<Post>::deny_unlisted()
        .readable(["id", "authors[].name", "counts.3"])
        .readable_if(["authors[].email"], |caller, post| {
            post.id == 7 && caller.has_role("admin")
        })
        .build()
        .expect("valid");
    let caller = Identity::user("42").with_roles(["editor"]);
    let mut text = Vec::with_capacity(1024);
    let counted = allocation_counter::measure(|| {
        serde_json::to_writer(&mut text, &fields.views(std::slice::from_ref(&post), &caller)).expect("valid");
    });
    assert_eq!(
        text,
        br#"[{"id":7,"authors":[{"name":"A"},{"name":"A"}],"counts":{"3":4}}]"#
    );
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_token_from_the_cache_allocates_its_place_alone() {
    let (layer, bearer) = jwt(|builder| builder.cache(TokenCache::new(100, 1 << 20)));
    check("a hit", &layer, &[("authorization", bearer.leak())], 1);
}

#[test]
fn a_token_in_the_cache_weighs_no_more_than_it_says() {
    for roles in [0, 1, 20, 200] {
        let key = SigningKey::hmac(Algorithm::HS256, [7; 32]);
        let issuer = Issuer::builder().key(key.clone()).issuer("joe").audience("blog");
        let roles = (0..roles).map(|number: u8| char::from(b'a' + number % 26));
        let token = issuer.build().expect("valid").token("42").roles(roles).sign();
        let bearer: &'static str = format!("Bearer {}", token.expect("valid")).leak();
        let layer = JwtLayer::builder()
            .key(key.verifying_key())
            .issuer("joe")
            .audience("blog")
            .cache(TokenCache::new(64, 1 << 20))
            .build()
            .expect("valid");
        let kept = allocation_counter::measure(|| {
            count(layer.layer(Bare), request(&[("authorization", bearer)]));
        });
        let weight = i64::try_from(10 * bearer.len() + 1024).expect("short");
        assert!((1..=weight).contains(&kept.bytes_current), "{kept:?} of {weight}");
    }
}
