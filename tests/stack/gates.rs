//! The same configuration twice: as a stack, and by hand in the order that the stack's page tells.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis::RequestView;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::client_ip::ClientIpLayer;
use portcullis::cors::CorsLayer;
use portcullis::csrf::CsrfLayer;
use portcullis::jwt::JwtLayer;
use portcullis::not_found::NotFoundLayer;
use portcullis::problem::Renderer;
use portcullis::rate_limit::{self, Beyond, Quota, RateLimitLayer};
use portcullis::request_id::RequestIdLayer;
use portcullis::request_log::RequestLogLayer;
use portcullis::security_headers::SecurityHeadersLayer;
use portcullis::session::{
    Exchange, Exchanged, Family, Fingerprint, Question, SessionId, SessionLayer, SessionStore, Sessions, Standing,
    StoreFuture,
};
use portcullis::shutdown::ShutdownLayer;
use portcullis::stack::Stack;
use portcullis::throttle::ThrottleLayer;
use portcullis::timeout::TimeoutLayer;
use tokio::time::sleep;
use tower::util::BoxCloneService;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use super::keys::jwt;
use super::service::{Answer, AnyBody, BoxError, answer};

pub(crate) type Gate = BoxCloneService<Request<Full<Bytes>>, Answer, Infallible>;

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Where a request says that a closure of the app's is to panic.
pub(crate) const BREAK: &str = "x-break";
pub(crate) const CLOSURES: [&str; 7] = ["skip", "key", "weight", "throttle", "exempt", "user", "check"];

pub(crate) fn breaks(request: &RequestView<'_>, place: &str) {
    let here = request.headers().get(BREAK).is_some_and(|asked| asked == place);
    assert!(!here, "in the closure {place}");
}

pub(crate) struct Parts {
    request_id: RequestIdLayer,
    request_log: RequestLogLayer,
    renderer: Renderer,
    shutdown: ShutdownLayer,
    security_headers: SecurityHeadersLayer,
    cors: CorsLayer,
    client_ip: ClientIpLayer,
    rate_limit: RateLimitLayer,
    throttle: ThrottleLayer,
    csrf: CsrfLayer,
    jwt: JwtLayer,
    session: SessionLayer,
    rate_limit_user: RateLimitLayer,
    authorize: AuthorizeLayer,
}

impl Parts {
    pub(crate) fn new<W: io::Write>(records: impl Fn() -> W + Send + Sync + 'static, shutdown: ShutdownLayer) -> Self {
        Self {
            request_id: RequestIdLayer::new().trust_inbound(),
            request_log: RequestLogLayer::builder().json(records).build().unwrap(),
            renderer: Renderer::members(|problem, members| {
                members.insert("message".into(), problem.title().into());
            }),
            shutdown,
            security_headers: SecurityHeadersLayer::default(),
            cors: cors(),
            client_ip: ClientIpLayer::peer(),
            rate_limit: rate_limit(),
            throttle: ThrottleLayer::builder()
                .max_concurrent(100)
                .skip(|request| {
                    breaks(&request, "throttle");
                    false
                })
                .build()
                .unwrap(),
            csrf: CsrfLayer::builder()
                .exempt_fn(|request| {
                    breaks(&request, "exempt");
                    false
                })
                .trust_origin("https://app.example.com")
                .build()
                .unwrap(),
            jwt: jwt(),
            session: Sessions::builder()
                .store(Slow)
                .check_deadline(Duration::from_secs(1))
                .build()
                .unwrap()
                .layer(),
            rate_limit_user: rate_limit_user(),
            authorize: AuthorizeLayer::new(policy()).deadline(2 * DEADLINE),
        }
    }

    pub(crate) fn stacked(self) -> Gate {
        let stack = Stack::builder()
            .request_id(self.request_id)
            .request_log(self.request_log)
            .renderer(self.renderer)
            .shutdown(self.shutdown)
            .security_headers(self.security_headers)
            .cors(self.cors)
            .client_ip(self.client_ip)
            .rate_limit(self.rate_limit)
            .throttle(self.throttle)
            .csrf(self.csrf)
            .timeout(DEADLINE)
            .jwt(self.jwt)
            .session(self.session)
            .rate_limit_user(self.rate_limit_user)
            .authorize(self.authorize)
            .build()
            .unwrap();
        stack.layer(service_fn(answer)).map_response(boxed).boxed_clone()
    }

    pub(crate) fn by_hand(self) -> Gate {
        ServiceBuilder::new()
            .map_response(boxed)
            .layer(self.request_id)
            .layer(self.request_log)
            .layer(CatchErrorLayer::new().renderer(self.renderer))
            .layer(self.shutdown)
            .layer(self.security_headers)
            .layer(self.cors)
            .layer(CatchErrorLayer::new())
            .layer(self.client_ip)
            .layer(self.rate_limit)
            .layer(self.throttle)
            .layer(self.csrf)
            .layer(TimeoutLayer::new(DEADLINE))
            .layer(self.jwt)
            .layer(self.session)
            .layer(self.rate_limit_user)
            .layer(self.authorize)
            .layer(NotFoundLayer::new())
            .service(service_fn(answer))
            .boxed_clone()
    }
}

fn boxed<B>(response: Response<B>) -> Answer
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    response.map(|body| AnyBody::new(body.map_err(Into::into)))
}

fn cors() -> CorsLayer {
    CorsLayer::builder()
        .origin("https://app.example.com")
        .origin_async(|origin| {
            let origin = origin.to_owned();
            async move {
                match &*origin {
                    "https://asked.example.com" => tokio::task::yield_now().await,
                    "https://later.example.com" => sleep(Duration::from_secs(3)).await,
                    "https://never.example.com" => pending().await,
                    _ => {}
                }
                !origin.contains("evil")
            }
        })
        .credentials(true)
        .expose(["ratelimit"])
        .build()
        .unwrap()
}

/// Of three at once the third waits, and the fourth is refused.
fn rate_limit() -> RateLimitLayer {
    let key = rate_limit::Key::from_fn(|request| {
        breaks(&request, "key");
        request
            .headers()
            .get("x-caller")
            .map(|caller| caller.as_bytes().to_vec())
    });
    RateLimitLayer::builder()
        .quota(Quota::new(2, Duration::from_secs(24 * 3600)))
        .beyond(Beyond::Delay {
            step: Duration::from_secs(40),
            max: Duration::from_secs(40),
        })
        .key(key)
        .skip(|request| {
            breaks(&request, "skip");
            false
        })
        .weight(|request| {
            breaks(&request, "weight");
            1
        })
        .build()
        .unwrap()
}

/// Teapots do not count.
fn rate_limit_user() -> RateLimitLayer {
    RateLimitLayer::builder()
        .quota(Quota::new(2, Duration::from_secs(24 * 3600)).name("user"))
        .key(rate_limit::Key::user())
        .on_missing_key(rate_limit::MissingKey::Admit)
        .skip(|request| {
            breaks(&request, "user");
            false
        })
        .count_if(|status| {
            assert!(status != 410, "in the closure count");
            status != 418
        })
        .build()
        .unwrap()
}

fn policy() -> Policy {
    let open = Policy::request("open", |request| {
        breaks(&request, "check");
        !request.headers().contains_key("x-closed")
    });
    let owner = Policy::ask("owner", |identity, parts| async move {
        let closed = parts.headers.get("x-closed").map(|asked| asked.as_bytes().to_vec());
        sleep(Duration::from_secs(1)).await;
        match closed.as_deref() {
            Some(b"never") => pending().await,
            Some(b"fails") => return Err(io::Error::other("the pool is closed").into()),
            Some(b"panics") => panic!("in the question"),
            _ => {}
        }
        Ok(identity.subject() == Some("7"))
    });
    open | owner
}

/// Knows every session, after a while.
struct Slow;

fn told<T: Send + 'static>(answer: T) -> StoreFuture<T> {
    Box::pin(async move {
        sleep(Duration::from_millis(100)).await;
        Ok(answer)
    })
}

impl SessionStore for Slow {
    fn start(&self, _: SessionId, _: Family, _: usize) -> StoreFuture<()> {
        told(())
    }

    fn exchange(&self, _: Exchange) -> StoreFuture<Exchanged> {
        told(Exchanged::Unknown)
    }

    fn standing(&self, question: Question) -> StoreFuture<Standing> {
        told(Standing {
            session: Some((question.now, question.now + 1)),
            ..Standing::default()
        })
    }

    fn end(&self, _: SessionId) -> StoreFuture<bool> {
        told(true)
    }

    fn end_all(&self, _: Fingerprint) -> StoreFuture<usize> {
        told(0)
    }

    fn list(&self, _: Fingerprint, _: u64) -> StoreFuture<Vec<(SessionId, Family)>> {
        told(Vec::new())
    }

    fn revoke_token(&self, _: Fingerprint, _: Fingerprint, _: u64, _: u64) -> StoreFuture<()> {
        told(())
    }

    fn end_before(&self, _: Fingerprint, _: u64, _: u64, _: u64) -> StoreFuture<()> {
        told(())
    }
}
