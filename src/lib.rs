//! Composable tower layers for the gate of a Rust service.
//!
//! | layer | what it does |
//! |---|---|
//! | [`request_log`] | one record per request, when its body has ended |
//! | [`catch_error`] | errors and panics, also in streams, become problems |
//! | [`shutdown`] | readiness, grace, drain with a deadline, abort, report |
//! | [`security_headers`] | helmet's headers, CSP nonces |
//! | [`cors`] | preflights and allowed origins |
//! | [`rate_limit`] | quotas per address, user, API key, route or closure, in memory or in Redis |
//! | [`throttle`] | so many requests at once, and a bounded queue |
//! | [`csrf`] | fetch metadata and WebSocket origins |
//! | [`timeout`] | a deadline for the head of the answer |
//! | [`jwt`] | verifies bearer tokens |
//! | `session` | refresh tokens, and tokens of ended sessions refused (with the feature) |
//! | [`authorize`] | roles, permissions, policies |
//! | [`not_found`] | 404 and 405 with `Allow` |
//!
//! Beside them stand [`client_ip`] behind trusted proxies, [`request_id`], [`problem`] (RFC 9457) in which every layer
//! refuses, [`fields`] for what a caller may see and set, [`trace_context`], [`crash`] for what fails in the background and, with
//! features, `server`, `lockout` of repeated failures to sign in, `password` and `request_metrics`. [`stack`] puts all of them into the
//! one right order.
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `aws-lc` | signatures by aws-lc | yes |
//! | `rust-crypto` | signatures by the RustCrypto crates, pure Rust; with both, aws-lc serves | |
//! | `axum` | extractors, `IntoResponse`, route templates and peer addresses from axum | |
//! | `server` | any tower service on hyper, HTTP/1.1 and HTTP/2, with deadlines for every silence | |
//! | `session` | refresh tokens, and tokens of ended sessions refused | |
//! | `lockout` | repeated failures to sign in | |
//! | `password` | argon2id | |
//! | `bcrypt` | verifies bcrypt hashes of an older system, once | |
//! | `key-sets` | keys of token issuers from a file or by a fetch of your own, kept up to date | |
//! | `jwks` | the same over HTTPS, OpenID Connect discovery | |
//! | `redis` | rate limits in Redis or Valkey; with their features sessions and lockouts too | |
//! | `metrics` | rate, errors and duration of requests through the `metrics` facade | |
//! | `tls` | TLS for `server`, with certificates that can be reloaded | |
//! | `tonic` | refusals in tonic's body | |

#![cfg_attr(docsrs, feature(doc_cfg))]
// What comes from outside may not make a layer panic; tests may.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

pub mod authorize;

#[cfg(feature = "axum")]
pub mod axum;
pub mod body;
mod caller;
pub mod catch_error;
mod checkpoint;
pub mod client_ip;
pub mod config_error;
pub mod cors;
pub mod crash;
pub mod csrf;
pub mod fields;
pub mod identity;
pub mod jwt;
#[cfg(feature = "lockout")]
pub mod lockout;
pub mod not_found;
mod origin;
#[cfg(feature = "password")]
pub mod password;
pub mod problem;
mod random;
pub mod rate_limit;
pub mod request_id;
pub mod request_log;
#[cfg(feature = "metrics")]
pub mod request_metrics;
mod request_view;
pub mod security_headers;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "session")]
pub mod session;
pub mod shutdown;
pub mod stack;
pub mod throttle;
pub mod timeout;
pub mod trace_context;
pub mod trail;
mod uuid;

pub use self::body::RejectBody;
pub use self::config_error::ConfigError;
pub use self::identity::Identity;
pub use self::problem::{Error, Problem, Result};
pub use self::request_id::RequestId;
pub use self::request_view::RequestView;
pub use self::trail::Trail;
