use std::error::Error as StdError;
use std::fmt::Display;

use http::uri::PathAndQuery;
use http::{Method, Request};

use super::fault::Fault;
use crate::problem::{Chain, OneLine, Problem};
use crate::request_id::RequestId;
use crate::trail::{Failure, Trail};

/// What a record says of the request, kept while the request is away in the inner service. All of it is shared, and it is small:
/// it travels with the response through every layer outside.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    method: Method,
    path: Option<PathAndQuery>,
    id: Option<RequestId>,
    trail: Option<Trail>,
    #[cfg(feature = "axum")]
    route: Option<crate::axum::extensions::Route>,
}

impl Context {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            id: request.extensions().get().cloned(),
            trail: request.extensions().get().cloned(),
            #[cfg(feature = "axum")]
            route: request.extensions().get().cloned(),
        }
    }

    pub(crate) fn id(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }

    pub(crate) fn trail(&self) -> Option<&Trail> {
        self.trail.as_ref()
    }

    pub(crate) fn report(&self, fault: &Fault) {
        match fault {
            Fault::Panicked(message) => self.panicked("the service", message),
            // A problem sent as an error is an answer, not an accident.
            Fault::Error(error) | Fault::Unready(error) if Problem::behind(&**error).is_some() => {}
            Fault::Error(error) => self.failed("the service", &**error),
            Fault::Unready(error) => self.failed("readiness", &**error),
        }
    }

    pub(crate) fn panicked(&self, place: &'static str, message: &str) {
        self.note(Failure::Panicked);
        self.record(place, &OneLine(message), "panicked");
    }

    pub(crate) fn failed(&self, place: &'static str, error: &(dyn StdError + 'static)) {
        self.note(Failure::Error);
        self.record(place, &Chain(error), "failed");
    }

    fn note(&self, failure: Failure) {
        if let Some(trail) = &self.trail {
            trail.note_failure(failure);
        }
    }

    fn record(&self, place: &'static str, cause: &dyn Display, what: &'static str) {
        let trail_route = self.trail.as_ref().and_then(Trail::route);
        let route = trail_route.as_deref();
        #[cfg(feature = "axum")]
        let route = self
            .route
            .as_ref()
            .map(crate::axum::extensions::Route::as_str)
            .or(route);
        tracing::error!(
            target: "portcullis::catch_error",
            request_id = self.id.as_ref().map(RequestId::as_str),
            method = self.method.as_str(),
            path = self.path.as_ref().map_or("", PathAndQuery::path),
            route,
            place,
            cause = %cause,
            "{what}",
        );
    }
}
