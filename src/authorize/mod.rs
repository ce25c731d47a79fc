//! Roles, permissions and policies: what a verified caller may do.
//!
//! What it decides:
//!
//! 1. A request that carries no [`Identity`](crate::Identity) at all has passed no layer that verifies callers: `500`, and the
//!    log says which layer is missing, once. The gate never opens because of a mistake in the order. [`Policy::anyone`] alone
//!    needs no identity.
//! 2. The policy allows: the request goes on.
//! 3. The policy denies an anonymous caller: `401` with a challenge, since credentials might help.
//! 4. The policy denies a known caller: `403`. Where all that is missing is a scope, the challenge names it
//!    (`insufficient_scope`, RFC 6750 section 3.1).
//! 5. An anonymous caller satisfies nothing but [`Policy::anyone`] and [`Policy::request`]: `not(role("banned"))` asks for a known
//!    caller who is not banned.
//! 6. What can be decided without asking is. Only where that leaves the answer open are async rules asked ([`Policy::ask`]), from
//!    left to right, each once, while the request and the service that is ready for it wait.
//! 7. An async rule that fails, or is not answered before the [deadline](AuthorizeLayer::deadline), allows nothing, and neither does
//!    its negation: `503`, unless the rest of the policy decides whatever it might have said. The log has the rule, the cause and the
//!    request's id. The same holds for a rule over [claims](Policy::claim) that are not there, with a `500`.
//!
//! A policy is built of roles, permissions, scopes, claims and closures with [`and`](Policy::and), [`or`](Policy::or) and
//! [`not`](Policy::negate), or the operators `&`, `|` and `!`. It prints itself, for an audit: with the feature `axum`, `axum::Routes` is
//! a router that takes no route without a policy, and lists them all. Which members of an answer a caller may see is said by
//! [`fields`](crate::fields).
//!
//! It costs no allocation on a request that is allowed, and those of the answer alone on one that is not: refusals are made once. Asking allocates three times, for all that waits, the question's future and
//! its answer, and copies headers and extensions for every question. It needs tokio's timer.
//!
//! It goes inside `jwt`, or inside a layer of yours that inserts an `Identity`: on a router, or on a single route.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::Identity;
//! use portcullis::authorize::{AuthorizeLayer, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = AuthorizeLayer::new(Policy::role("admin")).layer(hello);
//!
//! let mut request = Request::new(());
//! request.extensions_mut().insert(Identity::user("42").with_roles(["reader"]));
//! assert_eq!(service.clone().oneshot(request).await?.status(), 403);
//!
//! let mut request = Request::new(());
//! request.extensions_mut().insert(Identity::anonymous());
//! assert_eq!(service.oneshot(request).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! Customised:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Method, Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use std::time::Duration;
//!
//! use portcullis::Identity;
//! use portcullis::authorize::{AuthorizeLayer, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # async fn owner_of(_: &str) -> std::io::Result<String> { Ok("42".into()) }
//! let reading = Policy::check("reading", |_, request| request.method() == Method::GET);
//! let owner = Policy::ask("owner", async |identity, parts| {
//!     let owner = owner_of(parts.uri.path()).await?;
//!     Ok(identity.subject() == Some(owner.as_str()))
//! });
//! let policy = Policy::role("admin") | (Policy::permission("posts:write") & !Policy::role("suspended") & owner) | reading;
//! assert_eq!(
//!     policy.to_string(),
//!     "role admin or (permission posts:write and not role suspended and ask owner) or check reading",
//! );
//! let layer = AuthorizeLayer::new(policy).deadline(Duration::from_millis(300));
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let mut request = Request::post("/posts/7").body(())?;
//! request.extensions_mut().insert(Identity::user("42").with_permissions(["posts:write"]));
//! assert_eq!(layer.layer(hello).oneshot(request).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod config;
mod future;
mod layer;
mod policy;
mod question;
mod refusal;
mod rule;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use self::config::Config;
pub use self::future::ResponseFuture;
pub use self::layer::AuthorizeLayer;
pub use self::policy::Policy;
pub use self::service::Authorize;
