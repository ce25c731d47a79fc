//! What crosses threads can: a public type that loses `Send`, `Sync`, `Clone` or `Debug` breaks those who rely on it.
//!
//! A new room adds its lines to the one test; that it compiles is the assertion.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Ready;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service};

#[derive(Debug, Clone)]
struct Inner;

impl Service<Request<Full<Bytes>>> for Inner {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        std::future::ready(Ok(Response::default()))
    }
}

/// A layer, its service, and the body of the service's response. A future is polled by one thread at a time, so that it need
/// not be `Sync`.
fn layer<L, B>()
where
    L: Layer<Inner> + Clone + Debug + Send + Sync + 'static,
    L::Service: Clone + Debug + Send + Sync + 'static,
    L::Service: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    B: Debug + Send + Sync + 'static,
{
}

/// A service that stands by itself.
fn service<S>()
where
    S: Clone + Debug + Send + Sync + 'static,
    S: Service<Request<Full<Bytes>>, Error = Infallible, Future: Send + 'static>,
{
}

/// What is there once: builders, servers, errors.
fn owned<T: Debug + Send + Sync + 'static>() {}

/// What is handed on: handles, extensions, settings.
fn shared<T: Clone + Debug + Send + Sync + 'static>() {}

#[test]
#[allow(clippy::too_many_lines, reason = "a list, one line a type")]
fn public_types_are_as_free_as_they_promise() {
    type Plain = Full<Bytes>;
    type Caught<B> = portcullis::catch_error::ResponseBody<B>;
    type StackBody = Caught<portcullis::shutdown::ResponseBody<portcullis::throttle::ResponseBody<Plain>>>;

    owned::<portcullis::ConfigError>();
    owned::<portcullis::Error>();
    shared::<portcullis::Identity>();
    shared::<portcullis::Problem>();
    shared::<portcullis::RequestId>();
    shared::<portcullis::Trail>();
    shared::<portcullis::problem::Cause>();
    shared::<portcullis::problem::Renderer>();

    layer::<portcullis::authorize::AuthorizeLayer, Plain>();
    shared::<portcullis::authorize::Policy>();

    layer::<portcullis::catch_error::CatchErrorLayer, portcullis::catch_error::ResponseBody<Plain>>();
    owned::<portcullis::catch_error::BodyError>();

    layer::<portcullis::client_ip::ClientIpLayer, Plain>();
    owned::<portcullis::client_ip::ClientIpLayerBuilder>();
    shared::<portcullis::client_ip::ClientIp>();
    shared::<portcullis::client_ip::PeerAddr>();

    layer::<portcullis::cors::CorsLayer, Plain>();
    owned::<portcullis::cors::CorsLayerBuilder>();

    layer::<portcullis::csrf::CsrfLayer, Plain>();
    owned::<portcullis::csrf::CsrfLayerBuilder>();
    shared::<portcullis::csrf::Refusal>();

    // The rules are shared whatever they are about; views are as free as what they show.
    shared::<portcullis::fields::Fields<std::cell::Cell<u8>>>();
    owned::<portcullis::fields::FieldsBuilder<std::cell::Cell<u8>>>();
    shared::<portcullis::fields::Refusal>();
    shared::<portcullis::fields::View<u8>>();
    shared::<portcullis::fields::Views<u8>>();

    layer::<portcullis::jwt::JwtLayer, Plain>();
    owned::<portcullis::jwt::JwtLayerBuilder>();
    shared::<portcullis::jwt::Claims>();
    shared::<portcullis::jwt::Key>();
    shared::<portcullis::jwt::Issuer>();
    shared::<portcullis::jwt::Jwks>();
    owned::<portcullis::jwt::JwksBuilder>();
    shared::<portcullis::jwt::JwksError>();
    service::<portcullis::jwt::JwksRoute<Plain>>();
    shared::<portcullis::jwt::TokenCache>();
    shared::<portcullis::jwt::Trusted>();
    shared::<portcullis::jwt::Verified<portcullis::jwt::Claims>>();

    shared::<portcullis::lockout::Lockout>();
    owned::<portcullis::lockout::LockoutBuilder>();
    owned::<portcullis::lockout::Attempt>();
    owned::<portcullis::lockout::Refusal>();
    owned::<portcullis::lockout::StoreError>();
    shared::<portcullis::lockout::Failures>();
    shared::<portcullis::lockout::Question>();
    shared::<portcullis::lockout::Settlement>();

    layer::<portcullis::rate_limit::RateLimitLayer, Plain>();
    owned::<portcullis::rate_limit::RateLimitLayerBuilder>();
    shared::<portcullis::rate_limit::Allowance>();
    shared::<portcullis::rate_limit::Beyond>();
    shared::<portcullis::rate_limit::Count>();
    shared::<portcullis::rate_limit::Key>();
    shared::<portcullis::rate_limit::Limit>();
    shared::<portcullis::rate_limit::Quota>();

    layer::<portcullis::request_log::RequestLogLayer, portcullis::request_log::ResponseBody<Plain>>();
    owned::<portcullis::request_log::RequestLogLayerBuilder>();
    layer::<portcullis::stack::Stack, portcullis::request_log::ResponseBody<StackBody>>();
    owned::<portcullis::stack::StackBuilder>();
    layer::<portcullis::throttle::ThrottleLayer, portcullis::throttle::ResponseBody<Plain>>();
    owned::<portcullis::throttle::ThrottleLayerBuilder>();
    layer::<portcullis::timeout::TimeoutLayer, Plain>();

    layer::<portcullis::not_found::NotFoundLayer, Plain>();
    service::<portcullis::not_found::NotFound<Plain>>();
    service::<portcullis::not_found::MethodNotAllowed<Plain>>();

    layer::<portcullis::request_id::RequestIdLayer, Plain>();

    layer::<portcullis::security_headers::SecurityHeadersLayer, Plain>();
    owned::<portcullis::security_headers::SecurityHeadersBuilder>();
    shared::<portcullis::security_headers::Csp>();
    shared::<portcullis::security_headers::CspNonce>();

    owned::<portcullis::server::Server>();
    owned::<portcullis::server::Workers<std::future::Pending<()>>>();
    owned::<portcullis::server::RequestBody>();
    owned::<portcullis::server::RequestBodyError>();
    shared::<portcullis::server::ProxyProtocol>();
    #[cfg(feature = "tls")]
    {
        shared::<portcullis::server::TlsConfig>();
        shared::<portcullis::server::TlsReloader>();
        owned::<portcullis::server::TlsError>();
    }

    layer::<portcullis::session::SessionLayer, Plain>();
    owned::<portcullis::session::SessionsBuilder>();
    owned::<portcullis::session::StoreError>();
    owned::<portcullis::session::RefreshError>();
    shared::<portcullis::session::Sessions>();
    shared::<portcullis::session::Session>();
    shared::<portcullis::session::Renewed>();
    shared::<portcullis::session::SessionInfo>();
    shared::<portcullis::session::SessionId>();
    shared::<portcullis::session::RefreshToken>();
    shared::<portcullis::session::RefreshCookie>();
    shared::<portcullis::session::Refusal>();
    shared::<portcullis::session::Family>();

    layer::<portcullis::shutdown::ShutdownLayer, portcullis::shutdown::ResponseBody<Plain>>();
    service::<portcullis::shutdown::Readiness<Plain>>();
    owned::<portcullis::shutdown::Builder>();
    owned::<portcullis::shutdown::Guard>();
    owned::<portcullis::shutdown::Shutdown>();
    shared::<portcullis::shutdown::Handle>();
    shared::<portcullis::shutdown::Report>();
}

#[test]
fn what_sessions_answer_can_be_awaited_anywhere() {
    fn sent(_: impl Send + 'static) {}

    sent(async {
        let sessions = portcullis::session::Sessions::builder().build()?;
        let session = sessions.start("42", "").await?;
        let renewed = sessions.refresh(session.refresh_token.as_str()).await?;
        sessions.end("42", renewed.id.as_str()).await?;
        sessions.list("42").await?;
        sessions.end_before("42", std::time::SystemTime::now()).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    });
}

#[test]
fn what_a_lockout_answers_can_be_awaited_anywhere() {
    fn sent(_: impl Send + 'static) {}

    sent(async {
        let lockout = portcullis::lockout::Lockout::builder().build()?;
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        lockout.begin("ada", address).await?.withdraw().await;
        lockout.begin_with_captcha("ada", address).await?.succeeded().await;
        lockout.reset("ada", address).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    });
}

#[cfg(feature = "password")]
#[test]
fn passwords_are_as_free_as_they_promise() {
    fn sent(_: impl Send + 'static) {}

    owned::<portcullis::password::PasswordError>();
    owned::<portcullis::password::PasswordsBuilder>();
    shared::<portcullis::password::Passwords>();
    shared::<portcullis::password::Verdict>();
    sent(async {
        let passwords = portcullis::password::Passwords::builder().build()?;
        let stored = passwords.hash("secret").await?;
        let matches = passwords.verify("secret", Some(&stored)).await?.matches();
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(matches)
    });
}

#[cfg(feature = "axum")]
#[test]
fn extractors_are_as_free_as_what_they_hold() {
    shared::<portcullis::axum::Form<u8>>();
    shared::<portcullis::axum::Json<u8>>();
    shared::<portcullis::axum::Path<u8>>();
    shared::<portcullis::axum::Query<u8>>();
    shared::<portcullis::axum::Routes<u8>>();
    shared::<portcullis::axum::Audit>();
    shared::<portcullis::axum::AuditedRoute>();
}
