use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use tokio::time::{Sleep, sleep};

use super::gate::{Gate, Permits, Verdict, Waiting};
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::request_view::RequestView;

/// A request in the queue.
pub(crate) struct Queued {
    waiting: Waiting,
    deadline: Pin<Box<Sleep>>,
}

impl Room for Gate {
    /// Until the answer's body has ended.
    type Kept = Option<Permits>;
    type Wait = Queued;
}

impl Checkpoint for Gate {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, kept: &mut Self::Kept, _: &Moment) -> Entry<Queued, A> {
        match self.judge(RequestView::of(request)) {
            Verdict::Exempt => Entry::Pass,
            Verdict::Serve(permits) => {
                *kept = Some(permits);
                Entry::Pass
            }
            Verdict::Wait(waiting) => Entry::Wait(Queued {
                deadline: Box::pin(sleep(waiting.deadline)),
                waiting,
            }),
            Verdict::Refuse(problem) => Entry::Refuse(problem.for_request(request.extensions()).into_response()),
        }
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Queued,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Queued, A>> {
        // The permits first: one that comes in the last moment is not wasted.
        *kept = match wait.waiting.permits.as_mut().poll(cx) {
            Poll::Ready(permits) => permits,
            Poll::Pending => {
                ready!(wait.deadline.as_mut().poll(cx));
                None
            }
        };
        if kept.is_some() {
            return Poll::Ready(Entry::Pass);
        }
        let refusal = wait.waiting.refusal.clone().for_request(request.extensions());
        Poll::Ready(Entry::Refuse(refusal.into_response()))
    }
}
