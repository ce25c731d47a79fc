//! Bearer tokens (RFC 6750) that are JSON Web Tokens (RFC 7519): who is calling, verified.
//!
//! What it decides, in this order:
//!
//! 1. The token stands in `Authorization: Bearer`, or in a cookie that the builder names; query and form are never read. No
//!    token is a `401`, or with [`optional`](JwtLayerBuilder::optional) an anonymous caller. Two tokens, two `Authorization`
//!    lines and credentials that are no `token68` are a `400`. The credentials of another scheme count as none.
//! 2. The token is at most 8 KiB long and has three segments of canonical base64url. Its header is a JSON object of unique names.
//!    `crit` is refused, whatever it holds, and so is a `b64` that is not `true`.
//! 3. The issuer is the builder's. Of several that are [trusted](JwtLayerBuilder::trust) the token's `iss` chooses one, and is the only
//!    thing of the payload that is read before the signature. The `typ` is missing, `JWT` or `at+jwt`, or the one that the builder
//!    names.
//! 4. The key is one of the issuer's, and has one algorithm: that of the token's `alg`, or it is not the key. A `kid` names the
//!    key with that id; where no key has an id, it is ignored. Without a `kid` it is the key that has no id, or else the only
//!    key, of that algorithm. What a header brings along (`jwk`, `jku`, `x5u`, `x5c`) is ignored. A key that is not there may be
//!    fetched: see [key sets](#key-sets).
//! 5. The signature is right.
//! 6. The payload is a JSON object, in which no object has a name twice and nothing lies deeper than 32 levels. `iss`, `sub` and `jti`
//!    are strings, `aud` is a string or an array of strings, `exp`, `nbf` and `iat` are numbers between 1970 and the year 9999.
//! 7. `iss` is the issuer's, `aud` has one of those stated for it, and `exp` is there: each unless it was waived by name. The token has
//!    not expired, and if it has an `nbf`, that has passed; the leeway is 30 seconds.
//! 8. The claims are those of the application's type, and say who is calling: by default [`Claims`], which need a `sub`.
//!
//! The request goes on with an [`Identity`](crate::Identity) in its extensions, which bears the [`Verified`] claims, and the user is
//! noted on the [`Trail`](crate::Trail). A refusal is a [`Problem`](crate::Problem) with a challenge. The client learns whether a token of
//! ours has expired or is not valid yet, and of any other token only that it is not valid. The [`Refusal`] in the response's extensions
//! and the `debug` record with target `portcullis::jwt` say precisely why; neither ever has the token. Where the keys of the issuer
//! cannot be had the answer is a `503` with `Retry-After`: the token may be good, and the client should keep it.
//! The identity names its token ([`Token`](crate::identity::Token)), for `session` to end it; of claims of the app's
//! own type `jti` and `sid` must be texts, as RFC 7519 section 4.1.7 says, or the token is refused.
//!
//! What it does not see: a logout, or a role taken away. A token is good until it expires; keep its life short. `iat` is not judged,
//! and two tokens can differ in their signature alone (ECDSA has two for each): whoever revokes tokens goes by `jti`. Whether a point
//! lies on its curve is not found out by `build`: a key that does not verifies nothing.
//!
//! Shared caches know that an answer to `Authorization` is for one caller (RFC 9111 section 3.5), and do not know it of a cookie. Where
//! the token may come in a [`cookie`](JwtLayerBuilder::cookie), say so yourself on what differs from caller to caller:
//! `Cache-Control: private`, or `Vary: Cookie`.
//!
//! It costs one signature and, with `HS256` and [`Claims`], the allocations of the claims and 2 more: what shares them with the
//! identity, and its place in the extensions. A payload of more than 768 bytes, more than 16 members that nobody knows, claims of another
//! type and the other algorithms cost a few on top. The header that a key's tokens have is read once. No lock is taken. A token that is refused before its signature costs the answer alone. With
//! [the cache](#the-cache) a token that was seen before costs that place. The service must be `Clone`: a request that waits for a
//! key takes the one that was ready along.
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
//!     let tenant = Verified::<Account>::of(request.extensions()).map(|account| account.tenant);
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
//! # Key sets
//!
//! An issuer that publishes its keys is given as `Jwks`: by the URL of the set or by what the issuer says of itself (OpenID Connect
//! discovery), both with the feature `jwks`, or with `key-sets` from a file or by a fetch of your own.
//!
//! ```
//! # use std::convert::Infallible;
//! use portcullis::jwt::{Jwks, JwtLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let published = async || Ok::<_, Infallible>(r#"{"keys": []}"#);
//! // Or `Jwks::discover("https://id.example")`, `Jwks::url("https://id.example/jwks.json")`, `Jwks::file("jwks.json")`.
//! let keys = Jwks::fetch_with(published).build()?;
//! let layer = JwtLayer::builder().jwks(keys).issuer("https://id.example").audience("blog").build()?;
//! layer.preload().await?;
//! assert!(format!("{layer:?}").contains("https://id.example"));
//! # Ok(())
//! # }
//! ```
//!
//! 1. Requests read the keys without a lock. They are fetched again every 10 minutes, in a task of the runtime, whatever the
//!    server says of caching: a key that was withdrawn serves for so long at most, and nobody waits.
//! 2. A token whose `kid` is not in the set waits for a fetch, if it would be good otherwise: its issuer, audience and times are looked
//!    at first. So does one that names no key of the set and that none has signed, for the sake of issuers that change their keys
//!    and give them no ids. All who wait, wait for the same fetch. For 30 seconds after it there is no other, and an id that was not
//!    found rests for twice as long each time: a flood of invented ids is one request to the issuer.
//! 3. A fetch ends after 5 seconds and at 1 MiB, and follows no redirect. It goes by `https` with verified certificates, or by `http` to
//!    this machine; environment variables for proxies are not read.
//! 4. A key that cannot be used is passed over: one for encryption, of an unknown kind, with fewer than 2048 bits. So are secrets,
//!    since a set is public, two keys with the same id, and what comes after 100 keys. An RSA key without `alg` is for `RS256`.
//! 5. A set that cannot be fetched, or is none, leaves the last one as it is, for 24 hours. It is tried again after 1, 2, 4 and so on up
//!    to 30 seconds. Then, and where there never was one, tokens are answered with `503`. So is a token for whose `kid` or `alg` there
//!    is no key while the set cannot be fetched; one whose signature is not that of the key that is there is refused.
//! 6. Each change of state is one record with target `portcullis::jwt`: a new set with what was passed over, a source that fails, one
//!    that is well again.
//!
//! # The cache
//!
//! [`JwtLayerBuilder::cache`] keeps tokens that were verified, so that they cost a lookup and no signature. It is worth it for
//! `ES256` and `RS256`; with `HS256` the signature is the smaller part.
//!
//! What is compared is the whole token, and each layer has a cache of its own: what is good for one audience is never taken for
//! another. At each hit `exp` and `nbf` are judged, and a change of the key set ends what it had verified. Refusals are not kept.
//! Whoever revokes tokens stands further in, and is asked at each request. An entry lies behind one of up to 16 locks, so that no lock
//! is shared by all requests, and what was not used since the last round makes room. The tokens stand in memory as they are.
//!
//! # Backends
//!
//! The signatures are jsonwebtoken's, which computes them with aws-lc or with the `RustCrypto` crates, and panics at the first one where
//! it can choose neither or both. So `build` installs the backend of this crate's features for the whole process, aws-lc where both are
//! enabled. A `CryptoProvider` that the app has installed before is used instead. Where there is none at all, `build` says so.
//!
//! With its own backend the layer makes a secret of the `HS` algorithms ready once. Build the gate before anything else uses
//! jsonwebtoken: afterwards nobody can tell whose backend is installed, and the secret is made ready anew for each token, which takes a
//! third longer in all.

mod algorithm;
mod alphabet;
mod backend;
mod builder;
mod builder_trust;
mod cache;
mod challenge;
mod checkpoint;
mod claims;
mod claims_reading;
mod der;
mod draft;
mod error;
mod future;
mod issuer;
mod issuer_builder;
mod json;
mod jwk;
#[cfg(feature = "key-sets")]
mod jwks;
mod key;
mod key_source;
mod keys;
mod layer;
#[cfg(not(feature = "key-sets"))]
mod no_jwks;
mod outcome;
mod payload;
mod policy;
mod publish;
mod refusal;
mod secret;
mod seen;
mod service;
mod signing_key;
mod source;
#[cfg(test)]
mod tests;
mod token;
mod trust;
mod trusted;
mod verified;
mod verifier;

pub use self::algorithm::Algorithm;
pub use self::builder::JwtLayerBuilder;
pub use self::cache::TokenCache;
pub use self::claims::Claims;
pub use self::draft::TokenDraft;
pub use self::error::IssueError;
pub use self::future::ResponseFuture;
pub use self::issuer::Issuer;
pub use self::issuer_builder::IssuerBuilder;
#[cfg(feature = "key-sets")]
pub use self::jwks::{Jwks, JwksBuilder, JwksError};
pub use self::key::Key;
pub use self::layer::JwtLayer;
#[cfg(not(feature = "key-sets"))]
use self::no_jwks as jwks;
pub use self::publish::JwksRoute;
pub use self::refusal::{Refusal, TokenError};
pub use self::service::Jwt;
pub use self::signing_key::SigningKey;
pub use self::trusted::Trusted;
pub use self::verified::Verified;
pub(crate) use self::verifier::Verifier;
pub use crate::identity::TokenSource;
