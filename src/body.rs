//! How a layer answers in the service's own body type.
//!
//! A layer that refuses a request must make a response, and the response's body must be of the type that the wrapped
//! service uses: nothing is boxed and no body type changes. [`RejectBody`] is the one method needed for that.
//!
//! It is implemented for `Full`, `BoxBody`, `UnsyncBoxBody` and `Either` of `http-body-util`, for axum's `Body` with the
//! feature `axum` and for tonic's with the feature `tonic`. For a body of your own:
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use portcullis::RejectBody;
//!
//! enum MyBody {
//!     Small(Full<Bytes>),
//!     Stream(/* … */),
//! }
//!
//! impl RejectBody for MyBody {
//!     fn reject(bytes: Bytes) -> Self {
//!         MyBody::Small(Full::new(bytes))
//!     }
//! }
//! # assert!(matches!(MyBody::reject(Bytes::new()), MyBody::Small(_)));
//! ```

use bytes::Bytes;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Either, Full};

/// A response body that a layer can make from the bytes of its refusal.
pub trait RejectBody: Sized {
    /// A body that holds exactly `bytes`, which may be empty.
    fn reject(bytes: Bytes) -> Self;
}

impl RejectBody for Full<Bytes> {
    fn reject(bytes: Bytes) -> Self {
        Full::new(bytes)
    }
}

impl<E> RejectBody for BoxBody<Bytes, E> {
    fn reject(bytes: Bytes) -> Self {
        Full::new(bytes).map_err(|never| match never {}).boxed()
    }
}

impl<E> RejectBody for UnsyncBoxBody<Bytes, E> {
    fn reject(bytes: Bytes) -> Self {
        Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
    }
}

impl<L: RejectBody, R> RejectBody for Either<L, R> {
    fn reject(bytes: Bytes) -> Self {
        Either::Left(L::reject(bytes))
    }
}

#[cfg(feature = "tonic")]
impl RejectBody for tonic::body::Body {
    fn reject(bytes: Bytes) -> Self {
        tonic::body::Body::new(Full::new(bytes))
    }
}
