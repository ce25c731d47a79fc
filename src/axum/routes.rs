use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::IntoResponse;
use axum::routing::{self, MethodRouter, Route};
use http::Method;
use tower_layer::Layer;
use tower_service::Service;

use super::audit::{Audit, AuditedRoute};
use crate::authorize::AuthorizeLayer;

/// A router on which every route says who may use it: there is no way to add one that does not.
///
/// Each method takes a policy beside path and handler, [`Policy::anyone`](crate::authorize::Policy::anyone) where the route is for everyone, and guards the route with
/// it. An [`AuthorizeLayer`] in its place has a challenge or a deadline of its own. The policies stand in a table, which
/// [`audit`](Self::audit) returns: print it, and compare it in a test, so that no route opens unseen. What is added to the `Router`
/// that it becomes is neither guarded nor in the table.
///
/// Paths, nesting, merging and states are axum's, and so is the panic, when the app starts, about two routes that overlap or a path
/// that is none.
///
/// ```
/// use axum::Router;
/// use axum::body::Body;
/// use http::Request;
/// use portcullis::Identity;
/// use portcullis::authorize::Policy;
/// use portcullis::axum::Routes;
/// use tower::ServiceExt;
///
/// # async fn list() {}
/// # async fn create() {}
/// # async fn remove() {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let posts = Routes::new()
///     .get("/", Policy::anyone(), list)
///     .post("/", Policy::permission("posts:write"), create)
///     .delete("/{id}", Policy::role("admin"), remove);
/// let routes = Routes::new().nest("/posts", posts);
///
/// assert_eq!(
///     routes.audit().to_string(),
///     "GET     /posts       anyone\n\
///      POST    /posts       permission posts:write\n\
///      DELETE  /posts/{id}  role admin",
/// );
///
/// let app = Router::from(routes);
/// let mut request = Request::delete("/posts/7").body(Body::empty())?;
/// request.extensions_mut().insert(Identity::user("42"));
/// assert_eq!(app.oneshot(request).await?.status(), 403);
/// # Ok(())
/// # }
/// ```
///
/// A route without a policy does not compile:
///
/// ```compile_fail,E0061
/// # use portcullis::axum::Routes;
/// # async fn list() {}
/// let routes: Routes = Routes::new().get("/posts", list);
/// ```
#[must_use = "routes do nothing until they are made a router"]
pub struct Routes<S = ()> {
    router: Router<S>,
    table: Vec<AuditedRoute>,
    fallback: Option<AuditedRoute>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            table: Vec::new(),
            fallback: None,
        }
    }

    /// A route of `GET`, and of `HEAD` unless that has one of its own.
    #[track_caller]
    pub fn get<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::GET, path, policy.into(), routing::get(handler))
    }

    /// A route of `HEAD`.
    #[track_caller]
    pub fn head<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::HEAD, path, policy.into(), routing::head(handler))
    }

    /// A route of `POST`.
    #[track_caller]
    pub fn post<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::POST, path, policy.into(), routing::post(handler))
    }

    /// A route of `PUT`.
    #[track_caller]
    pub fn put<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::PUT, path, policy.into(), routing::put(handler))
    }

    /// A route of `PATCH`.
    #[track_caller]
    pub fn patch<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::PATCH, path, policy.into(), routing::patch(handler))
    }

    /// A route of `DELETE`.
    #[track_caller]
    pub fn delete<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::DELETE, path, policy.into(), routing::delete(handler))
    }

    /// A route of `OPTIONS`. Preflights never come this far where `cors` stands outside.
    #[track_caller]
    pub fn options<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.method(Method::OPTIONS, path, policy.into(), routing::options(handler))
    }

    /// A route of every method that has none of its own on this path.
    #[track_caller]
    pub fn any<H, T>(self, path: &str, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let policy = policy.into();
        let route = AuditedRoute::new(None, path, policy.policy().clone());
        // Not a route layer: to axum, what takes any method is a fallback for methods.
        self.add(route, routing::any(handler).layer(policy))
    }

    /// A service for everything below a path, such as a directory of files.
    #[track_caller]
    pub fn nest_service<T>(mut self, path: &str, policy: impl Into<AuthorizeLayer>, service: T) -> Self
    where
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let policy = policy.into();
        let mut route = AuditedRoute::new(None, "/{*rest}", policy.policy().clone());
        route.nest(path);
        // As a route, so that the guard answers in axum's body whatever the service's is.
        let guarded = routing::any_service(service).layer(policy);
        self.router = self.router.nest_service(path, guarded);
        self.table.push(route);
        self
    }

    /// What no other route takes. Without one, axum answers with a bare `404`.
    #[track_caller]
    pub fn fallback<H, T>(mut self, policy: impl Into<AuthorizeLayer>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let policy = policy.into();
        self.fallback = Some(AuditedRoute::new(None, "/{*fallback}", policy.policy().clone()));
        self.router = self.router.fallback(handler.layer(policy));
        self
    }

    /// Takes over the routes of another below a path, its fallback included.
    #[track_caller]
    pub fn nest(mut self, path: &str, routes: Self) -> Self {
        self.router = self.router.nest(path, routes.router);
        let nested = routes.table.into_iter().chain(routes.fallback);
        self.table.extend(nested.map(|mut route| {
            route.nest(path);
            route
        }));
        self
    }

    /// Takes over the routes of another, its fallback included.
    #[track_caller]
    pub fn merge(mut self, routes: Self) -> Self {
        self.router = self.router.merge(routes.router);
        self.table.extend(routes.table);
        self.fallback = self.fallback.or(routes.fallback);
        self
    }

    /// Asks of every route so far, fallbacks excepted, that the caller satisfies this policy too, and first.
    ///
    /// Routes that are added later are not covered. Where there are none so far, this panics as `Router::route_layer` does: it
    /// stands in the wrong place.
    #[track_caller]
    pub fn require(mut self, policy: impl Into<AuthorizeLayer>) -> Self {
        let policy = policy.into();
        for route in &mut self.table {
            route.narrow(policy.policy());
        }
        self.router = self.router.route_layer(policy);
        self
    }

    /// Puts a layer around every route so far, outside its guard, as `Router::layer` does.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Provides the state that the handlers ask for, as `Router::with_state` does.
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        Routes {
            router: self.router.with_state(state),
            table: self.table,
            fallback: self.fallback,
        }
    }

    #[track_caller]
    fn method(self, method: Method, path: &str, policy: AuthorizeLayer, endpoint: MethodRouter<S>) -> Self {
        let route = AuditedRoute::new(Some(method), path, policy.policy().clone());
        self.add(route, endpoint.route_layer(policy))
    }

    #[track_caller]
    fn add(mut self, route: AuditedRoute, endpoint: MethodRouter<S>) -> Self {
        self.router = self.router.route(route.path(), endpoint);
        self.table.push(route);
        self
    }
}

impl<S> Routes<S> {
    /// Every route so far, with its policy.
    pub fn audit(&self) -> Audit {
        Audit::new(self.table.iter().chain(&self.fallback).cloned().collect())
    }

    /// The routes as axum's router.
    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

impl<S> From<Routes<S>> for Router<S> {
    fn from(routes: Routes<S>) -> Self {
        routes.into_router()
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for Routes<S> {
    fn clone(&self) -> Self {
        Self {
            router: self.router.clone(),
            table: self.table.clone(),
            fallback: self.fallback.clone(),
        }
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Routes").field(&self.audit()).finish()
    }
}
