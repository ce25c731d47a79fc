//! Quotas per caller: who asks too often is told when to come back.
//!
//! What it decides, in this order:
//!
//! 1. A request for which a [`skip`](RateLimitLayerBuilder::skip) closure answers true goes on, uncounted. Each [`Limit`] may say
//!    [`when`](Limit::when) it applies, and what a request [costs](RateLimitLayerBuilder::weight): 0 is uncounted.
//! 2. A [`Key`] tells callers apart: by the client's address (IPv6 by its first 64 bits), the verified user, an API key, a closure,
//!    and several of them together, with the route. A request without one is admitted, refused with a `400` or counted by its
//!    address, as [`MissingKey`] says. There is no quota that all such callers share.
//! 3. A request that should carry the key and does not, since the layer that inserts it is missing, gets a `500`, and the log
//!    says which layer that is and where to put it. One that costs more than its quota ever holds gets a `400`.
//! 4. Within all its quotas the request goes on and takes from each; where one of them refuses it takes from none. The response
//!    says what is left, as [`Headers`] chooses. Where only failures, or only successes, [count](Count), the answer gives the rest back.
//! 5. Beyond a quota the answer is a `429` [`Problem`](crate::Problem) with the members `quota` and `retry_after`, and the header
//!    `Retry-After`: seconds, rounded up, never 0. A refused request uses up nothing, so that a client which comes back at that
//!    time is admitted. With [`Beyond::Delay`] it has to wait first, and is refused where that would be too long.
//!
//! Clones of a layer, and all services it makes, count together, in this process. A quota is counted by GCRA, the *generic cell rate
//! algorithm*: a burst at once and then one more each interval. In no stretch of time does more pass than the burst and one each
//! interval, so there is no turn of a window at which two bursts pass together. [`Quota::fixed_window`] is for those who want the
//! plain count. Under any number of threads exactly the quota passes.
//!
//! **Memory.** For each quota [`max_keys`](RateLimitLayerBuilder::max_keys) callers are remembered and not one more, in a table that
//! never grows and needs no task to sweep it. Only a 64-bit hash of the key is kept, made with a secret of the layer's own, so that
//! nobody can aim at another's place; that two of 100 000 callers share a quota by accident happens in about one of four thousand
//! million tables. Each hash belongs to one set of 32 places. Where all of them are taken the new caller gets the place of one
//! who loses the least: first of those whose quota is whole already, who lose nothing, and then of the one who has used the least.
//! While callers whose quota is not whole fill half of the table, three in ten thousand find their set full.
//!
//! So a flood of fresh keys cannot lock newcomers out, since there is always a place. Nor can it make the table forget those who
//! have used much: the fresh ones have used one request each and push out one another. To push out a caller who has used fifty
//! requests takes about as many other callers as the table has places, all of whom have used fifty. What is lost in a flood is
//! the count of callers who have used hardly more than one request; they begin anew with a whole quota, which is no more than a
//! flood from so many addresses has anyway. A quota of a single request is therefore the one that such a flood can renew.
//!
//! **Redis.** With the feature `redis` and `RateLimitLayerBuilder::redis` the counts are in Redis or Valkey, and all processes count
//! together: one script and one round trip a request, by the server's clock. The page of `RedisStore` says what is kept there, and
//! what becomes of requests while it is slow or down, which the builder has no default for.
//!
//! It costs no allocation on a request that is admitted, by up to eight quotas, beyond the growth of the response's header map. With
//! [`Headers::Draft`] the values of up to 4096 different answers are kept, which is all of most quotas whose window is an hour or less;
//! of larger ones, and of fixed windows, some cost one allocation. [`Headers::Legacy`] and [`Headers::Draft6`] cost two,
//! [`expose_state`](RateLimitLayerBuilder::expose_state) one, and one what has to be remembered until the answer: several quotas that
//! are told of, or one that may be given back. A request that waits costs one, and its timer another. A refusal reads the same clock and the same
//! places in the tables; its `Problem` is made once for each number of seconds to wait, and sending it takes four allocations. Of waits
//! that are multiples of 64 seconds apart only one is kept, and the others take twelve more. No lock is shared by all requests: each set
//! of 32 places has its own. A quota takes 18 bytes for each caller that it can remember, 23 in fixed windows: 1.8 MB by default.
//!
//! It goes inside `cors`, so that a page can read the `429`, and inside `client_ip`. By address it goes outside everything that
//! costs more than itself; by user it goes inside `jwt`.
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::client_ip::PeerAddr;
//! use portcullis::rate_limit::RateLimitLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let service = RateLimitLayer::per_address("2 per 15 minutes".parse()?)?.layer(hello);
//! let from = |address: &str| {
//!     let mut request = Request::new(());
//!     request.extensions_mut().insert(PeerAddr(address.parse().unwrap()));
//!     request
//! };
//!
//! let response = service.clone().oneshot(from("192.0.2.1:4711")).await?;
//! assert_eq!(response.headers()["ratelimit-policy"], "\"default\";q=2;w=900");
//! assert_eq!(response.headers()["ratelimit"], "\"default\";r=1;t=450");
//!
//! service.clone().oneshot(from("192.0.2.1:4712")).await?;
//! let refused = service.clone().oneshot(from("192.0.2.1:4713")).await?;
//! assert_eq!(refused.status(), 429);
//! assert!(refused.headers().contains_key("retry-after"));
//!
//! assert_eq!(service.oneshot(from("192.0.2.2:4711")).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! Several quotas: against bursts, against patience, and for guesses at passwords, of which only the wrong ones count:
//!
//! ```
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use tower::{Layer, ServiceExt, service_fn};
//! use portcullis::Identity;
//! use portcullis::rate_limit::{Count, Key, Limit, Quota, RateLimitLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let quota = |text: &str| text.parse::<Quota>();
//! let guesses = Limit::new(quota("5 per hour")?.name("guesses"))
//!     .when(|request| request.path() == "/login")
//!     .count(Count::Failures);
//! let layer = RateLimitLayer::builder()
//!     .quota(quota("10 per second, burst 20")?.name("burst"))
//!     .quota(quota("1000 per hour, fixed")?.name("hour"))
//!     .limit(guesses)
//!     .key(Key::user())
//!     .skip(|request| request.path() == "/healthz")
//!     .build()?;
//!
//! # let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello"))));
//! let mut request = Request::get("/login").body(())?;
//! request.extensions_mut().insert(Identity::user("42"));
//! let response = layer.layer(hello).oneshot(request).await?;
//! let told: Vec<_> = response.headers().get_all("ratelimit").iter().collect();
//! assert_eq!(told[..2], ["\"burst\";r=19;t=1", "\"hour\";r=999;t=3600"]);
//! // It was right, and is not counted.
//! assert!(told[2].to_str()?.starts_with("\"guesses\";r=5;"));
//! # Ok(())
//! # }
//! ```

mod allowance;
mod beyond;
mod builder;
mod checkpoint;
mod clock;
mod count;
mod draft;
mod dry_run;
mod error;
mod field;
mod future;
mod headers;
mod layer;
mod limit;
mod limiter;
mod memory;
mod policy;
mod quota;
mod receipt;
mod refusals;
mod rule;
mod service;
mod settle;
#[cfg(feature = "redis")]
mod shared;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use self::allowance::Allowance;
pub use self::beyond::Beyond;
pub use self::builder::RateLimitLayerBuilder;
pub use self::count::Count;
pub use self::error::ParseQuotaError;
pub use self::future::ResponseFuture;
pub use self::headers::Headers;
pub use self::layer::RateLimitLayer;
pub use self::limit::Limit;
pub(crate) use self::limiter::Limiter;
pub use self::quota::Quota;
pub use self::service::RateLimit;
#[cfg(feature = "redis")]
pub use self::shared::{OnFailure, RedisStore, RedisStoreBuilder};
pub use crate::caller::{Key, MissingKey};
