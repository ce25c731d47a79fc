//! What a layer that may refuse a request does with it, apart from how it is called.
//!
//! A [`Checkpoint`] looks at a request on its way in and at the answer on its way out. It knows neither the service nor its future:
//! alone it is run by a [`Passage`], several in a row are one checkpoint again, and [`Stack`](crate::stack::Stack) runs all of its own
//! around a single future.

mod chain;
mod future;
mod moment;
mod passage;

pub(crate) use self::chain::Either;
pub use self::future::ResponseFuture;
pub(crate) use self::moment::Moment;
pub(crate) use self::passage::Passage;

use std::task::{Context, Poll};

use http::{Request, Response};

use crate::body::RejectBody;

/// What a checkpoint needs room for in a future. A trait of its own, since futures are named without the bounds of [`Checkpoint`].
pub(crate) trait Room {
    /// What is kept of a request until its answer. As it is by default, the request never came so far.
    type Kept: Default;
    /// What a request waits for.
    type Wait;
}

/// One layer's part in a request.
pub(crate) trait Checkpoint: Room {
    /// Judges a request on its way in.
    fn enter<Q, A: RejectBody>(
        &self,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        moment: &Moment,
    ) -> Entry<Self::Wait, A>;

    /// Goes on with a request that had to wait.
    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Self::Wait,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Self::Wait, A>>;

    /// Marks the answer, also one that a checkpoint further in has refused with.
    fn leave<A>(&self, _: &mut Self::Kept, _: &mut Response<A>) {}

    /// There is no answer: the service has failed. Only of one alone, since a stack has made an answer of it by then.
    fn fail(&self, _: &mut Self::Kept) {}
}

/// What becomes of a request at a checkpoint.
pub(crate) enum Entry<W, A> {
    Pass,
    Refuse(Response<A>),
    Wait(W),
}

impl<W, A> Entry<W, A> {
    fn waiting_for<V>(self, wrap: impl FnOnce(W) -> V) -> Entry<V, A> {
        match self {
            Self::Pass => Entry::Pass,
            Self::Refuse(response) => Entry::Refuse(response),
            Self::Wait(wait) => Entry::Wait(wrap(wait)),
        }
    }
}
