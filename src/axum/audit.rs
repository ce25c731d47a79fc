use std::cmp::Ordering;
use std::fmt;

use http::Method;

use crate::authorize::Policy;

/// Every route with its policy, by path; made by [`Routes::audit`](super::Routes::audit).
///
/// It prints itself as a table, a line a route.
#[derive(Debug, Clone)]
pub struct Audit {
    routes: Vec<AuditedRoute>,
}

/// One route of an [`Audit`].
#[derive(Debug, Clone)]
pub struct AuditedRoute {
    method: Option<Method>,
    path: String,
    policy: Policy,
}

impl Audit {
    pub(super) fn new(mut routes: Vec<AuditedRoute>) -> Self {
        routes.sort_by(AuditedRoute::order);
        Self { routes }
    }

    /// The routes, by path and then by method.
    pub fn routes(&self) -> &[AuditedRoute] {
        &self.routes
    }
}

impl AuditedRoute {
    pub(super) fn new(method: Option<Method>, path: &str, policy: Policy) -> Self {
        Self {
            method,
            path: path.to_owned(),
            policy,
        }
    }

    /// The route's method; `None` where it takes any. A route of `GET` also answers `HEAD`.
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// The template of its path, from the root of the routes that were audited, such as `/posts/{id}`. That of a fallback ends in
    /// `/{*fallback}`, that of a nested service in `/{*rest}`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The policy that a caller must satisfy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn narrow(&mut self, outer: &Policy) {
        self.policy = outer.clone().and(self.policy.clone());
    }

    /// As axum joins the paths of nested routers.
    pub(super) fn nest(&mut self, prefix: &str) {
        self.path = if prefix.ends_with('/') {
            format!("{prefix}{}", self.path.trim_start_matches('/'))
        } else if self.path == "/" {
            prefix.to_owned()
        } else {
            format!("{prefix}{}", self.path)
        };
    }

    fn word(&self) -> &str {
        self.method.as_ref().map_or("ANY", Method::as_str)
    }

    fn order(&self, other: &Self) -> Ordering {
        (&self.path, self.word()).cmp(&(&other.path, other.word()))
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&AuditedRoute) -> &str| {
            let lengths = self.routes.iter().map(|route| text(route).chars().count());
            lengths.max().unwrap_or_default()
        };
        let (methods, paths) = (width(AuditedRoute::word), width(AuditedRoute::path));
        for (i, route) in self.routes.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            let AuditedRoute { path, policy, .. } = route;
            write!(f, "{:methods$}  {path:paths$}  {policy}", route.word())?;
        }
        Ok(())
    }
}
