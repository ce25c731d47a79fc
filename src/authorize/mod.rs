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
//!
//! A policy is built of roles, permissions, scopes and closures with [`and`](Policy::and), [`or`](Policy::or) and
//! [`not`](Policy::negate), or the operators `&`, `|` and `!`. It prints itself, for an audit.
//!
//! It costs no allocation on a request that is allowed.
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
//! use portcullis::Identity;
//! use portcullis::authorize::{AuthorizeLayer, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let reading = Policy::check("reading", |_, request| request.method() == Method::GET);
//! let policy = Policy::role("admin") | (Policy::permission("posts:write") & !Policy::role("suspended")) | reading;
//! assert_eq!(
//!     policy.to_string(),
//!     "role admin or (permission posts:write and not role suspended) or check reading",
//! );
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let mut request = Request::post("/posts").body(())?;
//! request.extensions_mut().insert(Identity::user("42").with_permissions(["posts:write"]));
//! assert_eq!(AuthorizeLayer::new(policy).layer(hello).oneshot(request).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod policy;
mod service;
#[cfg(test)]
mod tests;

pub use self::future::ResponseFuture;
pub use self::layer::AuthorizeLayer;
pub use self::policy::Policy;
pub use self::service::Authorize;
