use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};

use super::{Checkpoint, Entry, Moment, Room};
use crate::body::RejectBody;

/// Which of two a request waits at.
pub(crate) enum Either<L, R> {
    Outer(L),
    Inner(R),
}

/// Two in a row, the outer one first.
impl<L: Room, R: Room> Room for (L, R) {
    type Kept = (L::Kept, R::Kept);
    type Wait = Either<L::Wait, R::Wait>;
}

impl<L: Checkpoint, R: Checkpoint> Checkpoint for (L, R) {
    #[inline]
    fn enter<Q, A: RejectBody>(
        &self,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        moment: &Moment,
    ) -> Entry<Self::Wait, A> {
        let (outer, inner) = self;
        match outer.enter(request, &mut kept.0, moment) {
            Entry::Pass => inner.enter(request, &mut kept.1, moment).waiting_for(Either::Inner),
            other => other.waiting_for(Either::Outer),
        }
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Self::Wait,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Self::Wait, A>> {
        let (outer, inner) = self;
        let entry = match wait {
            Either::Outer(wait) => match ready!(outer.resume(wait, request, &mut kept.0, cx)) {
                Entry::Pass => inner
                    .enter(request, &mut kept.1, &Moment::default())
                    .waiting_for(Either::Inner),
                other => other.waiting_for(Either::Outer),
            },
            Either::Inner(wait) => {
                let entry = ready!(inner.resume(wait, request, &mut kept.1, cx));
                entry.waiting_for(Either::Inner)
            }
        };
        Poll::Ready(entry)
    }

    #[inline]
    fn leave<A>(&self, kept: &mut Self::Kept, response: &mut Response<A>) {
        self.1.leave(&mut kept.1, response);
        self.0.leave(&mut kept.0, response);
    }
}

/// One that may be left out.
impl<T: Room> Room for Option<T> {
    type Kept = T::Kept;
    type Wait = T::Wait;
}

impl<T: Checkpoint> Checkpoint for Option<T> {
    #[inline]
    fn enter<Q, A: RejectBody>(
        &self,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        moment: &Moment,
    ) -> Entry<Self::Wait, A> {
        match self {
            Some(checkpoint) => checkpoint.enter(request, kept, moment),
            None => Entry::Pass,
        }
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Self::Wait,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Self::Wait, A>> {
        match self {
            Some(checkpoint) => checkpoint.resume(wait, request, kept, cx),
            None => Poll::Ready(Entry::Pass),
        }
    }

    #[inline]
    fn leave<A>(&self, kept: &mut Self::Kept, response: &mut Response<A>) {
        if let Some(checkpoint) = self {
            checkpoint.leave(kept, response);
        }
    }
}

/// One that services share.
impl<T: Room> Room for Arc<T> {
    type Kept = T::Kept;
    type Wait = T::Wait;
}

impl<T: Checkpoint> Checkpoint for Arc<T> {
    #[inline]
    fn enter<Q, A: RejectBody>(
        &self,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        moment: &Moment,
    ) -> Entry<Self::Wait, A> {
        T::enter(self, request, kept, moment)
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Self::Wait,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Self::Wait, A>> {
        T::resume(self, wait, request, kept, cx)
    }

    #[inline]
    fn leave<A>(&self, kept: &mut Self::Kept, response: &mut Response<A>) {
        T::leave(self, kept, response);
    }

    fn fail(&self, kept: &mut Self::Kept) {
        T::fail(self, kept);
    }
}

/// One of a room that was not built.
#[cfg(not(feature = "session"))]
mod absent {
    use std::convert::Infallible;

    use super::{Checkpoint, Context, Entry, Moment, Poll, RejectBody, Request, Room};

    impl Room for Infallible {
        type Kept = ();
        type Wait = Self;
    }

    impl Checkpoint for Infallible {
        fn enter<Q, A: RejectBody>(&self, _: &mut Request<Q>, (): &mut (), _: &Moment) -> Entry<Self, A> {
            match *self {}
        }

        fn resume<Q, A: RejectBody>(
            &self,
            wait: &mut Self,
            _: &mut Request<Q>,
            (): &mut (),
            _: &mut Context<'_>,
        ) -> Poll<Entry<Self, A>> {
            match *wait {}
        }
    }
}
