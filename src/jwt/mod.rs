//! Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519): who is calling, verified.
//!
//! What it decides, in this order:
//!
//! 1. The token stands in `Authorization: Bearer`, or in a cookie that the builder names; query and form are never read. No
//!    token is a `401`, or with [`optional`](JwtLayerBuilder::optional) an anonymous caller. Two tokens, two `Authorization`
//!    lines and credentials that are no `token68` are a `400`. The credentials of another scheme count as none.
//! 2. The token is at most 8 KiB long and has three segments of canonical base64url. Its header is a JSON object of unique names.
//!    `crit` is refused, whatever it holds. Its `typ` is missing, `JWT` or `at+jwt`, or the one that the builder names.
//! 3. The key is one of the builder's, and has one algorithm: that of the token's `alg`, or it is not the key. A `kid` names the
//!    key with that id; where no key has an id, it is ignored. Without a `kid` it is the key that has no id, or else the only
//!    key, of that algorithm. What a header brings along (`jwk`, `jku`, `x5u`, `x5c`) is ignored.
//! 4. The signature is right. Before that, nothing of the payload is read.
//! 5. The payload is a JSON object, in which no object has a name twice and nothing lies deeper than 32 levels. `iss`, `sub` and `jti`
//!    are strings, `aud` is a string or an array of strings, `exp`, `nbf` and `iat` are numbers between 1970 and the year 9999.
//! 6. `iss` is the builder's, `aud` has one of the builder's, and `exp` is there: each unless it was waived by name. The token has
//!    not expired, and if it has an `nbf`, that has passed; the leeway is 30 seconds.
//! 7. The claims are those of the application's type, and say who is calling: by default [`Claims`], which need a `sub`.
//!
//! The request goes on with an [`Identity`](crate::Identity) and with [`Verified`] claims in its extensions, and the user is noted on
//! the [`Trail`](crate::Trail). A refusal is a [`Problem`](crate::Problem) with a challenge. The client learns whether a token of
//! ours has expired or is not valid yet, and of any other token only that it is not valid. The [`Refusal`] in the response's extensions
//! and the `debug` record with target `portcullis::jwt` say precisely why; neither ever has the token.
//!
//! What it does not see: a logout, or a role taken away. A token is good until it expires; keep its life short. `iat` is not judged,
//! and two tokens can differ in their signature alone (ECDSA has two for each): whoever revokes tokens goes by `jti`.
//!
//! It costs one signature and, with `HS256` and [`Claims`], the allocations of the claims and 11 more: the decoded segments, the lists
//! in which repeated names are found (longer ones for more than eight members), what the backend needs, the identity, and the places in
//! the extensions. No lock is taken. A token that is refused before its signature costs 2 and the problem.
//!
//! It goes inside `csrf`, since a signature is dear, and inside `cors`, so that a preflight never gets here and a `401` can be read
//! by the page; outside `authorize` and the limit by user, which read the identity.
//!
//! ```
//! # use std::convert::Infallible;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::Identity;
//! use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::hmac(Algorithm::HS256, b"from the environment, 32 bytes or more");
//! let layer = JwtLayer::builder()
//!     .key(key.verifying_key())
//!     .issuer("https://blog.example")
//!     .audience("blog")
//!     .build()?;
//! let whoami = service_fn(async |request: Request<()>| {
//!     let caller = request.extensions().get::<Identity>().and_then(Identity::shared_subject);
//!     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(caller.unwrap_or_default().to_string())))
//! });
//! let service = layer.layer(whoami);
//!
//! let response = service.clone().oneshot(Request::new(())).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["www-authenticate"], "Bearer");
//!
//! let issuer = Issuer::builder().key(key).issuer("https://blog.example").audience("blog").build()?;
//! let token = issuer.token("42").roles(["admin"]).sign()?;
//! let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(format!("{:?}", response.body()), format!("{:?}", Full::<Bytes>::from("42")));
//! # Ok(())
//! # }
//! ```
//!
//! Claims of your own, from a cookie, and pages that anybody may see:
//!
//! ```
//! # use std::convert::Infallible;
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::Identity;
//! use portcullis::jwt::{Algorithm, Issuer, JwtLayer, SigningKey, Verified};
//!
//! #[derive(serde::Deserialize)]
//! struct Account {
//!     sub: String,
//!     tenant: u32,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = SigningKey::hmac(Algorithm::HS256, b"from the environment, 32 bytes or more").id("2026-11");
//! let layer = JwtLayer::builder()
//!     .key(key.verifying_key())
//!     .issuer("https://blog.example")
//!     .audience("blog")
//!     .cookie("__Host-token")
//!     .optional()
//!     .claims::<Account>()
//!     .identity(|account| Identity::user(account.sub.as_str()))
//!     .build()?;
//!
//! # let issuer = Issuer::builder().key(key).issuer("https://blog.example").audience("blog").build()?;
//! let tenant = service_fn(async |request: Request<()>| {
//!     let tenant = request.extensions().get::<Verified<Account>>().map(|account| account.tenant);
//!     Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{tenant:?}"))))
//! });
//! let token = issuer.token("42").claim("tenant", 7).sign()?;
//! let request = Request::get("/").header("cookie", format!("theme=dark; __Host-token={token}")).body(())?;
//! let response = layer.layer(tenant).oneshot(request).await?;
//! assert_eq!(format!("{:?}", response.body()), format!("{:?}", Full::<Bytes>::from("Some(7)")));
//! # Ok(())
//! # }
//! ```
//!
//! # Backends
//!
//! The signatures are jsonwebtoken's, which computes them with aws-lc or with the `RustCrypto` crates, and panics at the first one where
//! it can choose neither or both. So `build` installs the backend of this crate's features for the whole process, aws-lc where both are
//! enabled. A `CryptoProvider` that the app has installed before is used instead. Where there is none at all, `build` says so.

mod algorithm;
mod backend;
mod builder;
mod challenge;
mod claims;
mod der;
mod draft;
mod error;
mod future;
mod issuer;
mod json;
mod jwk;
mod key;
mod keys;
mod layer;
mod policy;
mod refusal;
mod service;
mod signing_key;
mod source;
#[cfg(test)]
mod tests;
mod token;

pub use self::algorithm::Algorithm;
pub use self::builder::JwtLayerBuilder;
pub use self::claims::{Claims, Verified};
pub use self::draft::TokenDraft;
pub use self::error::IssueError;
pub use self::future::ResponseFuture;
pub use self::issuer::{Issuer, IssuerBuilder};
pub use self::key::Key;
pub use self::layer::JwtLayer;
pub use self::refusal::{Refusal, TokenError};
pub use self::service::Jwt;
pub use self::signing_key::SigningKey;
pub use self::source::TokenSource;
