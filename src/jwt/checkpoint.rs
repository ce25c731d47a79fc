use std::task::{Context, Poll, ready};

use http::Request;

use super::jwks::Wait;
use super::verifier::Verifier;
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};

impl<C> Room for Verifier<C> {
    type Kept = ();
    /// For a key that is being fetched.
    type Wait = Wait;
}

impl<C: Send + Sync + 'static> Checkpoint for Verifier<C> {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, (): &mut (), moment: &Moment) -> Entry<Wait, A> {
        let Err(hold) = self.admit(request, moment) else {
            return Entry::Pass;
        };
        match self.wait(hold) {
            Ok(wait) => Entry::Wait(wait),
            Err(refusal) => Entry::Refuse(self.refuse(request, refusal)),
        }
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Wait,
        request: &mut Request<Q>,
        (): &mut (),
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Wait, A>> {
        ready!(wait.as_mut().poll(cx));
        Poll::Ready(match self.admit(request, &Moment::default()) {
            Ok(()) => Entry::Pass,
            Err(hold) => Entry::Refuse(self.refuse(request, self.after_the_wait(hold))),
        })
    }
}
