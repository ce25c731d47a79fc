use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Request, Response};
use serde::de::DeserializeOwned;
use tower_service::Service;

use super::challenge::Challenges;
use super::claims::Claims;
use super::future::ResponseFuture;
use super::policy::Policy;
use super::refusal::Refusal;
use crate::body::RejectBody;
use crate::identity::Identity;
use crate::request_id::RequestId;
use crate::trail::Trail;

/// What the builder settled, shared by all clones of the service.
pub(super) struct Config<C> {
    pub(super) policy: Policy<C>,
    pub(super) challenges: Challenges,
}

impl<C> fmt::Debug for Config<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("policy", &self.policy)
            .field("challenges", &self.challenges)
            .finish()
    }
}

/// The service made by [`JwtLayer`](super::JwtLayer). See the [module page](crate::jwt).
pub struct Jwt<S, C = Claims> {
    inner: S,
    config: Arc<Config<C>>,
}

impl<S, C> Jwt<S, C> {
    pub(super) fn new(inner: S, config: Arc<Config<C>>) -> Self {
        Self { inner, config }
    }
}

impl<S: Clone, C> Clone for Jwt<S, C> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.config))
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Jwt<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("inner", &self.inner)
            .field("config", &self.config)
            .finish()
    }
}

impl<S, C> Jwt<S, C>
where
    C: DeserializeOwned + Send + Sync + 'static,
{
    /// Leaves who is calling in the request's extensions.
    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        let Some((claims, identity)) = self.config.policy.judge(request.headers(), now())? else {
            // Another layer may have verified the caller by other means.
            request.extensions_mut().get_or_insert_with(Identity::anonymous);
            return Ok(());
        };
        if let (Some(trail), Some(subject)) = (request.extensions().get::<Trail>(), identity.shared_subject()) {
            trail.note_user(subject);
        }
        request.extensions_mut().insert(claims);
        request.extensions_mut().insert(identity);
        Ok(())
    }
}

impl<S, C, ReqB, ResB> Service<Request<ReqB>> for Jwt<S, C>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    C: DeserializeOwned + Send + Sync + 'static,
    ResB: RejectBody,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqB>) -> Self::Future {
        let Err(refusal) = self.admit(&mut request) else {
            return ResponseFuture::pass(self.inner.call(request));
        };
        tracing::debug!(
            target: "portcullis::jwt",
            request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
            reason = %refusal,
            "refused",
        );
        let problem = self.config.challenges.problem(refusal);
        let mut response = problem.for_request(request.extensions()).into_response();
        response.extensions_mut().insert(refusal);
        ResponseFuture::refuse(response)
    }
}

/// By a clock that stands before 1970 everything has expired.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX)
}
